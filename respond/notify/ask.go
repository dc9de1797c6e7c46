package notify

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

// View is whom to reach and how, and who is on call now.
type View struct {
	Channels []ChannelView `json:"channels"`
	Contacts []*Contact    `json:"contacts"`
	Rotas    []RotaView    `json:"rotas"`
	Policies []*Policy     `json:"policies"`
}

// ChannelView is a channel without its secrets, and how it is.
type ChannelView struct {
	Name    string    `json:"name"`
	Type    string    `json:"type"`
	Tried   time.Time `json:"tried,omitzero"`    // when it was last given a message; zero: not since the program began
	Problem string    `json:"problem,omitempty"` // why it did not take it; empty: it did
	Waiting int64     `json:"waiting"`           // messages that wait for it
}

// RotaView is a rota with who is on call.
type RotaView struct {
	*Rota
	Now  string `json:"now,omitempty"`  // id of the contact; empty: nobody
	Next []Turn `json:"next,omitempty"` // the turns of the next four weeks
}

// Turn is when somebody is on call.
type Turn struct {
	Contact string    `json:"contact"` // empty: nobody
	From    time.Time `json:"from"`
	To      time.Time `json:"to"`
}

// ahead is how far the turns of a rota are shown, and in what steps they are looked for.
const (
	ahead    = 28 * 24 * time.Hour
	turnStep = 30 * time.Minute
)

// View is the whole of it.
func (n *Notify) View(ctx context.Context) (v View, err error) {
	b, err := readBook(ctx, n.needs.DB.Read())
	if err != nil {
		return v, err
	}
	v = View{Channels: []ChannelView{}, Contacts: ordered(b.contacts), Rotas: []RotaView{}, Policies: ordered(b.policies)}
	for _, c := range n.needs.Config.Channels {
		x := n.tried.of(c.Name)
		x.Name, x.Type = c.Name, c.Type
		if x.Waiting, err = n.needs.DB.Read().NewSelect().Model((*messageRow)(nil)).Where("state = ?", waiting).Where("channel = ?", c.Name).Count(ctx); err != nil {
			return v, err
		}
		v.Channels = append(v.Channels, x)
	}
	now := n.needs.Clock.Now()
	for _, r := range ordered(b.rotas) {
		v.Rotas = append(v.Rotas, RotaView{Rota: r, Now: r.OnCall(now), Next: r.turns(now, now.Add(ahead))})
	}
	return v, nil
}

// ordered are the values of a map in the order of their keys.
func ordered[T any](m map[string]*T) []*T {
	all := make([]*T, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, m[k])
	}
	return all
}

// turns are those from now on, to the half hour.
func (r *Rota) turns(now, until time.Time) []Turn {
	all := []Turn{{Contact: r.OnCall(now), From: now}}
	for at := now.Truncate(turnStep).Add(turnStep); at.Before(until); at = at.Add(turnStep) {
		if who := r.OnCall(at); who != all[len(all)-1].Contact {
			all[len(all)-1].To = at
			all = append(all, Turn{Contact: who, From: at})
		}
	}
	all[len(all)-1].To = until
	return all
}

// mostKept is how many contacts there are at most, and how many rotas.
const mostKept = 1000

// change changes whom to reach, with its entry in the ledger.
func (n *Notify) change(ctx context.Context, actor, act, object string, do func(ctx context.Context, tx bun.Tx, b *book) error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		b, err := readBook(ctx, tx)
		if err != nil {
			return err
		}
		if err := do(ctx, tx, &b); err != nil {
			return err
		}
		return n.record(ctx, tx, actor, act, object, nil)
	})
}

func (n *Notify) record(ctx context.Context, tx bun.Tx, actor, act, object string, detail map[string]string) error {
	_, err := n.needs.Ledger.Append(ctx, tx, ledger.Entry{Actor: actor, Act: act, Object: object, Outcome: ledger.Done, Detail: detail})
	return err
}

// PutContact keeps a contact.
func (n *Notify) PutContact(ctx context.Context, actor string, c *Contact) error {
	if err := c.check(n.types); err != nil {
		return err
	}
	return n.change(ctx, actor, "notify.contact", "contact:"+c.ID, func(ctx context.Context, tx bun.Tx, b *book) error {
		if b.contacts[c.ID] == nil && len(b.contacts) >= mostKept {
			return refuse("there are %d contacts already", mostKept)
		}
		doc, err := json.Marshal(c)
		if err != nil {
			return err
		}
		return db.Put(ctx, tx, []contactRow{{ID: c.ID, Doc: doc}}, "id", "doc")
	})
}

// PutRota keeps a rota.
func (n *Notify) PutRota(ctx context.Context, actor string, r *Rota) error {
	if err := r.check(); err != nil {
		return err
	}
	return n.change(ctx, actor, "notify.rota", "rota:"+r.Name, func(ctx context.Context, tx bun.Tx, b *book) error {
		if b.rotas[r.Name] == nil && len(b.rotas) >= mostKept {
			return refuse("there are %d rotas already", mostKept)
		}
		who := slices.Clone(r.Turns)
		for _, s := range r.Swaps {
			who = append(who, s.Contact)
		}
		for _, id := range who {
			if b.contacts[id] == nil {
				return refuse("there is no contact %q", id)
			}
		}
		doc, err := json.Marshal(r)
		if err != nil {
			return err
		}
		return db.Put(ctx, tx, []rotaRow{{ID: r.Name, Doc: doc}}, "id", "doc")
	})
}

// PutPolicy keeps a policy.
func (n *Notify) PutPolicy(ctx context.Context, actor string, p *Policy) error {
	if err := p.check(); err != nil {
		return err
	}
	return n.change(ctx, actor, "notify.policy", "policy:"+p.Name, func(ctx context.Context, tx bun.Tx, b *book) error {
		if err := b.checkNames(p); err != nil {
			return err
		}
		doc, err := json.Marshal(p)
		if err != nil {
			return err
		}
		return db.Put(ctx, tx, []policyRow{{ID: p.Name, Doc: doc}}, "id", "doc")
	})
}

// Remove forgets a contact, a rota or a policy that nothing names any more.
func (n *Notify) Remove(ctx context.Context, actor, kind, id string) error {
	models := map[string]any{"contact": (*contactRow)(nil), "rota": (*rotaRow)(nil), "policy": (*policyRow)(nil)}
	model, ok := models[kind]
	if !ok {
		return refuse("%q is none of contact, rota, policy", kind)
	}
	return n.change(ctx, actor, "notify.remove", kind+":"+id, func(ctx context.Context, tx bun.Tx, b *book) error {
		if by := b.uses(kind, id); by != "" {
			return refuse("%s %s is named by %s", kind, id, by)
		}
		gone, err := tx.NewDelete().Model(model).Where("id = ?", id).Exec(ctx)
		if err != nil {
			return err
		}
		if rows, err := gone.RowsAffected(); err != nil || rows == 0 {
			return fmt.Errorf("%w: %s", cmp.Or(err, ErrNoContact), id)
		}
		return nil
	})
}

// mostListed is how many notices are listed at once.
const mostListed = 500

// Notices are the newest ones, at most so many, below a number; state chooses, empty: all.
func (n *Notify) Notices(ctx context.Context, state State, below int64, most int) ([]*Notice, error) {
	var rows []noticeRow
	q := n.needs.DB.Read().NewSelect().Model(&rows).Order("id DESC").Limit(int64(min(max(most, 1), mostListed)))
	if state != "" {
		q = q.Where("state = ?", state)
	}
	if below > 0 {
		q = q.Where("id < ?", below)
	}
	if err := q.Scan(ctx); err != nil {
		return nil, err
	}
	all := make([]*Notice, 0, len(rows))
	for k := range rows {
		x, err := read[Notice](rows[k].Doc)
		if err != nil {
			return nil, err
		}
		all = append(all, x)
	}
	return all, nil
}

// Notice is one with its messages.
func (n *Notify) Notice(ctx context.Context, id int64) (*Notice, error) {
	x, err := notice(ctx, n.needs.DB.Read(), id)
	if err != nil {
		return nil, err
	}
	var rows []messageRow
	if err := n.needs.DB.Read().NewSelect().Model(&rows).Where("notice = ?", id).Order("id DESC").Limit(500).Scan(ctx); err != nil {
		return nil, err
	}
	x.Messages = make([]Sent, 0, len(rows))
	for k := range rows {
		e, err := read[errand](rows[k].Doc)
		if err != nil {
			return nil, err
		}
		x.Messages = append(x.Messages, Sent{Contact: rows[k].Contact, Channel: rows[k].Channel, State: rows[k].State, Made: time.UnixMilli(rows[k].Made).UTC(), At: e.At, Tries: e.Tries, Error: e.Error})
	}
	return x, nil
}

// Test sends a contact a message in all of its ways at once, and says what became of each.
func (n *Notify) Test(ctx context.Context, actor, id string) ([]Sent, error) {
	b, err := readBook(ctx, n.needs.DB.Read())
	if err != nil {
		return nil, err
	}
	c := b.contacts[id]
	if c == nil {
		return nil, ErrNoContact
	}
	now := n.needs.Clock.Now()
	x := &Notice{About: "test", Kind: "test", Severity: "informational", Made: now, Title: Text{EN: "Test message", FR: "Message d'essai"},
		Text: Text{EN: "Bulwark reaches you here. Nothing is to be done.", FR: "Bulwark vous joint ici. Il n'y a rien à faire."}}
	var all []Sent
	for k, w := range c.Ways {
		s := Sent{Contact: id, Channel: w.Channel, State: failed, Made: now, Tries: 1}
		if out := n.senders[w.Channel]; out == nil {
			s.Error = "the configuration has no such channel"
		} else {
			m := n.message(x, &messageRow{Made: now.UnixMilli()}, &errand{To: w.To, Language: c.Language})
			m.ID, m.Ack, m.Short = fmt.Sprintf("test-%d-%d", now.UnixNano(), k), "", m.Title
			err := out.send(ctx, m)
			n.outcome(w.Channel, err)
			if err != nil {
				s.Error = said(err)
			} else {
				s.State, s.At = sent, n.needs.Clock.Now()
			}
		}
		all = append(all, s)
	}
	_, err = n.needs.Ledger.Record(ctx, ledger.Entry{Actor: actor, Act: "notify.test", Object: "contact:" + id, Outcome: ledger.Done})
	return all, err
}
