package notify

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"bulwark/platform/health"
)

// Warnables are the warnings of this package.
func Warnables() []*health.Warnable { return []*health.Warnable{&unsent, &unanswered} }

var unsent = health.Warnable{
	ID: "notify.unsent", Severity: health.Degraded, Per: "channel",
	Title: health.Text{EN: "Messages do not get through", FR: "Des messages ne passent pas"},
	Text: health.Text{EN: "The channel {channel} does not take messages: {error}.",
		FR: "Le canal {channel} ne prend pas les messages : {error}."},
	NextStep: health.Text{EN: "Check the channel in the configuration and its server, then send a test message.",
		FR: "Vérifiez le canal dans la configuration et son serveur, puis envoyez un message d'essai."},
}

var unanswered = health.Warnable{
	ID: "notify.unanswered", Severity: health.Unprotected, Per: "about",
	Title: health.Text{EN: "Nobody answered", FR: "Personne n'a répondu"},
	Text: health.Text{EN: "Everybody on the list was told of {about}, and nobody answered. Messages that were sent: {sent}.",
		FR: "Toute la liste a été prévenue de {about} et personne n'a répondu. Messages envoyés : {sent}."},
	NextStep: health.Text{EN: "Look after it now, and check who is on call.",
		FR: "Occupez-vous-en maintenant, et vérifiez qui est d'astreinte."},
}

// outcomes are how channels took the last message that each was given, by their names. It is safe for concurrent use.
type outcomes struct {
	mu   sync.Mutex
	last map[string]ChannelView
}

func (o *outcomes) of(channel string) ChannelView {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.last[channel]
}

// outcome keeps whether a channel took a message, and warns while it does not.
func (n *Notify) outcome(channel string, problem error) {
	v := ChannelView{Tried: n.needs.Clock.Now()}
	if problem == nil {
		n.needs.Health.Clear(&unsent, channel)
	} else {
		v.Problem = said(problem)
		n.needs.Health.Set(&unsent, health.Args{"channel": channel, "error": v.Problem})
	}
	n.tried.mu.Lock()
	defer n.tried.mu.Unlock()
	n.tried.last[channel] = v
}

// sayUnanswered says that a notice went round in vain.
func (n *Notify) sayUnanswered(x *Notice) {
	n.needs.Health.Set(&unanswered, health.Args{"about": x.About, "sent": fmt.Sprint(x.Sent)})
}

// settle is how long after a start a warning that stood before it is not taken for over: what it is about begins too.
const settle = 2 * time.Minute

// watchHealth tells people of what leaves the hospital unprotected, and when it is over.
func (n *Notify) watchHealth(ctx context.Context) {
	changed, end := n.needs.Health.Subscribe()
	defer end()
	told, err := n.toldOfHealth(ctx)
	if err != nil {
		n.needs.Log.ErrorContext(ctx, "the warnings that people were told of could not be read", "error", err)
	}
	began, tick := n.needs.Clock.Now(), time.NewTicker(settle)
	defer tick.Stop()
	for {
		if err := n.raise(ctx, n.healthNews(told, n.needs.Clock.Now().Sub(began) >= settle)); err != nil && ctx.Err() == nil {
			n.needs.Log.ErrorContext(ctx, "people could not be told of a warning", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		case <-tick.C:
		}
	}
}

// toldOfHealth are the warnings that people were told of and that were not over.
func (n *Notify) toldOfHealth(ctx context.Context) (map[string]Happening, error) {
	told := map[string]Happening{}
	var rows []noticeRow
	err := n.needs.DB.Read().NewSelect().Model(&rows).Where("about LIKE 'warning:%'").Where("state <> ?", Over).Scan(ctx)
	for k := range rows {
		x, err := read[Notice](rows[k].Doc)
		if err != nil {
			return told, err
		}
		told[strings.TrimPrefix(x.About, "warning:")] = Happening{About: x.About, Kind: x.Kind, Severity: x.Severity, Title: x.Title, Text: x.Text}
	}
	return told, err
}

// healthNews are the grave warnings that began or ended; told are those that stood. settled says that those which
// do not stand now are over.
func (n *Notify) healthNews(told map[string]Happening, settled bool) (news []Happening) {
	now := n.needs.Clock.Now()
	standing := map[string]bool{}
	for _, w := range n.needs.Health.Warnings() {
		if w.Severity != health.Unprotected || w.ID == unanswered.ID {
			continue
		}
		standing[w.Key] = true
		if _, ok := told[w.Key]; ok {
			continue
		}
		h := Happening{About: "warning:" + w.Key, Kind: "health", Severity: "high", Title: text(w.Title), At: now,
			Text: Text{EN: w.Text.EN + " " + w.NextStep.EN, FR: w.Text.FR + " " + w.NextStep.FR}}
		told[w.Key] = h
		news = append(news, h)
	}
	for key, h := range told {
		if settled && !standing[key] {
			delete(told, key)
			h.Over, h.At = true, now
			news = append(news, h)
		}
	}
	return news
}

func text(t health.Text) Text { return Text{EN: t.EN, FR: t.FR} }
