package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/uptrace/bun"

	"bulwark/platform/clock"
	"bulwark/platform/db"
)

// The states of a message.
const (
	waiting = "waiting"
	sent    = "sent"
	failed  = "failed"
	dropped = "dropped" // what it says was over before it was sent
)

// Tries of a message: the pause doubles from firstPause up to longestPause.
const (
	mostTries    = 8
	firstPause   = 5 * time.Second
	longestPause = 5 * time.Minute
	mostSends    = 20 // messages of a channel at one look
)

// Say sends a text by a channel at once, to an address or a number that is no contact's. It is not tried again, and not kept.
func (n *Notify) Say(ctx context.Context, channel, to, title, text string) error {
	s := n.senders[channel]
	if s == nil || n.types[channel] != "sms" && n.types[channel] != "mail" {
		return fmt.Errorf("%w: there is no channel %q of text messages or mail", errChannel, channel)
	}
	return s.send(ctx, &Message{ID: uuid.NewString(), To: to, Title: title, Text: text, Short: text, Made: n.needs.Clock.Now()})
}

// sendOften sends what waits for a channel.
func (n *Notify) sendOften(ctx context.Context, channel string) {
	for ctx.Err() == nil {
		more, err := n.sendDue(ctx, channel)
		if err != nil && ctx.Err() == nil {
			n.needs.Log.ErrorContext(ctx, "messages could not be sent", "channel", channel, "error", err)
		}
		if !more {
			clock.Pause(ctx, lookEvery)
		}
	}
}

// sendDue sends the messages of a channel that are due, and keeps what became of each; more says that there are others.
func (n *Notify) sendDue(ctx context.Context, channel string) (more bool, err error) {
	var rows []messageRow
	err = n.needs.DB.Read().NewSelect().Model(&rows).Where("state = ?", waiting).Where("channel = ?", channel).
		Where("due <= ?", n.needs.Clock.Now().UnixMilli()).Order("due", "id").Limit(mostSends).Scan(ctx)
	if err != nil {
		return false, err
	}
	for k := range rows {
		if err := n.sendOne(ctx, &rows[k]); err != nil {
			return false, err
		}
	}
	return len(rows) == mostSends, nil
}

// sendOne sends a message, unless somebody has answered meanwhile.
func (n *Notify) sendOne(ctx context.Context, row *messageRow) error {
	e, err := read[errand](row.Doc)
	if err != nil {
		return err
	}
	x, err := notice(ctx, n.needs.DB.Read(), row.Notice)
	if err != nil {
		return err
	}
	if !e.Over && (x.State == Answered || x.State == Over) {
		row.State = dropped
		return n.keepSent(ctx, row, e, false)
	}
	limit, cancel := context.WithTimeout(ctx, sendLimit)
	defer cancel()
	problem := n.senders[row.Channel].send(limit, n.message(x, row, e))
	if ctx.Err() != nil {
		return ctx.Err() // the program ends: it is tried again when it begins
	}
	e.Tries++
	n.outcome(row.Channel, problem)
	if problem == nil {
		row.State, e.At, e.Error = sent, n.needs.Clock.Now(), ""
		n.count.sent.Inc()
		return n.keepSent(ctx, row, e, true)
	}
	e.Error = said(problem)
	n.needs.Log.WarnContext(ctx, "a message was not taken", "channel", row.Channel, "tries", e.Tries, "error", e.Error)
	row.Due = n.needs.Clock.Now().Add(pause(e.Tries)).UnixMilli()
	if e.Tries >= mostTries {
		row.State = failed
		n.count.failed.Inc()
	}
	return n.keepSent(ctx, row, e, false)
}

// pause is how long is waited after so many tries.
func pause(tries int) time.Duration { return min(firstPause<<min(tries-1, 20), longestPause) }

// said is an error of a channel, for people.
func said(err error) string {
	return clip(strings.TrimPrefix(err.Error(), errChannel.Error()+": "), 300)
}

func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// keepSent keeps what became of a message; the notice counts those that were taken.
func (n *Notify) keepSent(ctx context.Context, row *messageRow, e *errand, taken bool) (err error) {
	if row.Doc, err = json.Marshal(e); err != nil {
		return err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := db.Put(ctx, tx, []messageRow{*row}, "id", "state", "due", "doc"); err != nil || !taken {
			return err
		}
		x, err := notice(ctx, tx, row.Notice)
		if err != nil {
			return err
		}
		x.Sent++
		return putNotice(ctx, tx, x)
	})
}

// message is what is sent, in the language of the contact.
func (n *Notify) message(x *Notice, row *messageRow, e *errand) *Message {
	w := words(e.Language)
	place := n.needs.Hospital
	if place == "" {
		place = "Bulwark"
	}
	m := &Message{ID: "notice-" + strconv.FormatInt(row.Notice, 10) + "-" + strconv.FormatInt(row.ID, 10), To: e.To, Severity: x.Severity, Kind: x.Kind,
		About: x.About, Made: time.UnixMilli(row.Made), AckText: w.ack, Text: x.Text.in(e.Language)}
	m.Title = fmt.Sprintf("[%s] %s: %s", place, w.severity[x.Severity], x.Title.in(e.Language))
	if e.Over {
		m.Title = fmt.Sprintf("[%s] %s: %s", place, w.over, x.Title.in(e.Language))
	}
	base := strings.TrimSuffix(n.needs.URL(), "/")
	if base != "" && x.Path != "" {
		m.Link = base + x.Path
	}
	if base != "" && !e.Over {
		m.Ack = base + "/answer/" + n.ticket(row.ID)
	}
	m.Short = clip(m.Title, 200)
	if m.Ack != "" {
		m.Short += " " + m.Ack
	}
	return m
}

// ticket names a message so that only whoever was sent it can: its number, and 96 bits of what only this program can make of it.
func (n *Notify) ticket(message int64) string {
	mac := hmac.New(sha256.New, n.needs.Key[:])
	fmt.Fprintf(mac, "answer %d", message)
	return strconv.FormatInt(message, 36) + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil)[:12])
}

// ticketed is the message that a ticket names.
func (n *Notify) ticketed(ticket string) (int64, bool) {
	number, _, ok := strings.Cut(ticket, ".")
	id, err := strconv.ParseInt(number, 36, 64)
	return id, ok && err == nil && hmac.Equal([]byte(n.ticket(id)), []byte(ticket))
}
