package notify

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/clock"
)

// How often it is looked what is due, and how many messages one contact is sent at most.
const (
	lookEvery   = time.Second
	mostAtATime = 100
	holdWindow  = 10 * time.Minute
	mostInTime  = 20 // messages to one contact in holdWindow; further ones are held back and counted
)

// tellOften tells whoever is next, of all that is due.
func (n *Notify) tellOften(ctx context.Context) {
	for ctx.Err() == nil {
		if err := n.tellDue(ctx); err != nil && ctx.Err() == nil {
			n.needs.Log.ErrorContext(ctx, "people could not be told", "error", err)
		}
		clock.Pause(ctx, lookEvery)
	}
}

// tellDue makes the messages of the steps that are due, and keeps them with the notices.
func (n *Notify) tellDue(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.needs.Clock.Now()
	if due, err := n.needs.DB.Read().NewSelect().Model((*noticeRow)(nil)).Where("state = ?", Telling).Where("due <= ?", now.UnixMilli()).Exists(ctx); err != nil || !due {
		return err
	}
	var ends []*Notice
	err := n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		ends = ends[:0]
		b, err := readBook(ctx, tx)
		if err != nil {
			return err
		}
		var rows []noticeRow
		if err := tx.NewSelect().Model(&rows).Where("state = ?", Telling).Where("due <= ?", now.UnixMilli()).Order("due", "id").Limit(mostAtATime).Scan(ctx); err != nil {
			return err
		}
		for k := range rows {
			next, err := read[Notice](rows[k].Doc)
			if err != nil {
				return err
			}
			if err := n.tellStep(ctx, tx, &b, next, now); err != nil {
				return err
			}
			if next.State == Unanswered {
				ends = append(ends, next)
			}
		}
		return forget(ctx, tx)
	})
	if err != nil {
		return err
	}
	for _, e := range ends {
		n.sayUnanswered(e)
	}
	return nil
}

// tellStep makes the messages of a notice's step, and goes on to the next one. Where nobody can be told it goes on at once.
func (n *Notify) tellStep(ctx context.Context, tx bun.Tx, b *book, x *Notice, now time.Time) error {
	p := b.policies[x.Kind]
	for x.State == Telling && !x.Due.After(now) {
		if p == nil || x.Step >= len(p.Steps) { // the policy was changed meanwhile
			x.begin(p, now)
			if x.State == Telling {
				continue
			}
			break
		}
		made, held, err := n.messages(ctx, tx, b.who(p.Steps[x.Step], now), x, false)
		if err != nil {
			return err
		}
		x.Held += held
		if made+held == 0 {
			x.Missed++
		}
		x.next(p, now)
		if made+held == 0 && x.State == Telling {
			x.Due = now
		}
	}
	return putNotice(ctx, tx, x)
}

// messages makes those of a notice to contacts, in all of their ways that it is grave enough for.
func (n *Notify) messages(ctx context.Context, tx bun.Tx, to []*Contact, x *Notice, over bool) (made, held int, err error) {
	var rows []messageRow
	now := n.needs.Clock.Now()
	for _, c := range to {
		before, err := tx.NewSelect().Model((*messageRow)(nil)).Where("contact = ?", c.ID).Where("made > ?", now.Add(-holdWindow).UnixMilli()).Count(ctx)
		if err != nil {
			return 0, 0, err
		}
		for _, w := range c.Ways {
			if n.senders[w.Channel] == nil || rank(x.Severity) < rank(w.Least) {
				continue
			}
			if before++; before > mostInTime {
				held++
				n.count.held.Inc()
				continue
			}
			doc, err := json.Marshal(errand{To: w.To, Language: c.Language, Over: over})
			if err != nil {
				return 0, 0, err
			}
			rows = append(rows, messageRow{Notice: x.ID, Contact: c.ID, Channel: w.Channel, State: waiting, Due: now.UnixMilli(), Made: now.UnixMilli(), Doc: doc})
		}
	}
	if len(rows) == 0 {
		return 0, held, nil
	}
	return len(rows), held, putMessages(ctx, tx, rows)
}

// tellEnd tells those who were told of a notice that it is over, and drops what is still on its way.
func (n *Notify) tellEnd(ctx context.Context, tx bun.Tx, b *book, x *Notice) error {
	var rows []messageRow
	if err := tx.NewSelect().Model(&rows).Where("notice = ?", x.ID).Scan(ctx); err != nil {
		return err
	}
	var to []*Contact
	for k := range rows {
		switch r := &rows[k]; r.State {
		case waiting:
			r.State = dropped
		case sent:
			if c := b.contacts[r.Contact]; c != nil && !slices.Contains(to, c) {
				to = append(to, c)
			}
		}
	}
	if len(rows) > 0 {
		if err := putMessages(ctx, tx, rows); err != nil {
			return err
		}
	}
	_, held, err := n.messages(ctx, tx, to, x, true)
	if err != nil || held == 0 {
		return err
	}
	x.Held += held
	return putNotice(ctx, tx, x)
}

// Answer notes that somebody takes care of a notice: nobody else is told. by is who, as the ledger has it; name what people read.
func (n *Notify) Answer(ctx context.Context, id int64, by, name string) (*Notice, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	var x *Notice
	err := n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) (err error) {
		if x, err = notice(ctx, tx, id); err != nil || x.State == Answered || x.State == Over {
			return err
		}
		x.State, x.By, x.Ended, x.Due = Answered, name, n.needs.Clock.Now(), time.Time{}
		if err := n.record(ctx, tx, by, "notify.answer", x.About, nil); err != nil {
			return err
		}
		return putNotice(ctx, tx, x)
	})
	if err != nil {
		return nil, err
	}
	n.needs.Health.Clear(&unanswered, x.About)
	return x, nil
}
