package containment

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/ledger"
)

type leaseRow struct {
	bun.BaseModel `bun:"table:containment_lease,alias:l"`
	ID            int64  `bun:"id,pk"`
	Doc           string `bun:"doc"`
}

type lineRow struct {
	bun.BaseModel `bun:"table:containment_history,alias:h"`
	Lease         int64  `bun:"lease,pk"`
	N             int64  `bun:"n,pk"`
	Doc           string `bun:"doc"`
}

type stateRow struct {
	bun.BaseModel `bun:"table:containment_state,alias:t"`
	Name          string `bun:"name,pk"`
	Value         int64  `bun:"value"`
}

// word is who changes a lease, and why.
type word struct {
	by, what, reason string
	outcome          ledger.Outcome
}

// change lets fn change a copy of a lease, and writes it with its line and its entry in the ledger: all of it, or nothing. Where
// fn returns an error nothing happens. The lock is held.
func (c *Containment) change(ctx context.Context, l *Lease, w word, fn func(*Lease) error) (*Lease, error) {
	next := l.copy()
	if err := fn(next); err != nil {
		return l, err
	}
	if err := c.write(ctx, next, w); err != nil {
		return l, err
	}
	c.leases[next.ID] = next
	c.tell(next)
	return next, nil
}

// write writes a lease in one transaction. The lock is held.
func (c *Containment) write(ctx context.Context, l *Lease, w word) error {
	now := c.needs.Clock.Now()
	l.Lines++
	undo := c.out.Begin()
	h, e := l.event(w.by)
	h.Time = now.UnixNano()
	c.out.Put(h, e)
	post := c.out.Pack()
	c.needs.Step("before " + w.what)
	err := c.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error {
		entry, err := l.entry(w)
		if err != nil {
			return err
		}
		if err := c.put(ctx, tx, l, Line{At: db.Time(now), By: w.by, What: w.what, State: l.State, Reason: w.reason}); err != nil {
			return err
		}
		if err := db.Put(ctx, tx, []stateRow{{Name: "lease", Value: int64(max(c.last, l.ID))}, {Name: "told", Value: int64(post.Last)}}, "name", "value"); err != nil {
			return err
		}
		if err := post.Write(ctx, tx); err != nil {
			return err
		}
		_, err = c.needs.Ledger.Append(ctx, tx, entry)
		return err
	})
	if err != nil {
		undo()
		return fmt.Errorf("writing lease %d: %w", l.ID, err)
	}
	c.needs.Step("after " + w.what)
	c.out.Kept(post)
	clock.Wake(c.dirty)
	return nil
}

func (c *Containment) put(ctx context.Context, tx bun.Tx, l *Lease, line Line) error {
	doc, err := json.Marshal(l)
	if err != nil {
		return err
	}
	if err := db.Put(ctx, tx, []leaseRow{{ID: int64(l.ID), Doc: string(doc)}}, "id", "doc"); err != nil {
		return err
	}
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	return db.Put(ctx, tx, []lineRow{{Lease: int64(l.ID), N: int64(l.Lines), Doc: string(text)}}, "lease, n", "doc")
}

// entry is what the ledger has of a change. The sum is that of the row: a row that somebody else changed is known by it.
func (l *Lease) entry(w word) (ledger.Entry, error) {
	sum, err := l.sum()
	if err != nil {
		return ledger.Entry{}, err
	}
	outcome := w.outcome
	if outcome == "" {
		outcome = ledger.Done
	}
	d := map[string]string{"state": string(l.State), "act": l.Act, "effect": l.Effect, "target": l.Target, "row": sum}
	for key, value := range map[string]string{"reason": w.reason, "scope": l.Scope, "incident": l.Incident, "playbook": l.Playbook, "problem": clip(l.Problem), "point": l.Point} {
		if value != "" {
			d[key] = value
		}
	}
	if slices.Contains([]string{"prolong", "approve", "decline"}, w.what) {
		l.Longer.detail(d)
	}
	if !l.Until.IsZero() {
		d["until"] = l.Until.Format(time.RFC3339)
	}
	if len(l.Verdict.Missing) == 0 && l.State == Approved {
		for i, a := range l.Approvals {
			d["approval_"+strconv.Itoa(i+1)] = a.By
		}
	}
	return ledger.Entry{Actor: w.by, Act: "containment." + w.what, Object: l.object(), Outcome: outcome, Detail: d}, nil
}

// clip keeps a text short.
func clip(s string) string {
	if r := []rune(s); len(r) > maxReason {
		return string(r[:maxReason])
	}
	return s
}

// keepSent forgets batches that the bus has.
func (c *Containment) keepSent(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	post := c.out.Pack()
	if post.Empty() {
		return nil
	}
	if err := c.needs.DB.Write(ctx, func(ctx context.Context, tx bun.Tx) error { return post.Write(ctx, tx) }); err != nil {
		return err
	}
	c.out.Kept(post)
	return nil
}

// load takes up what was kept. A row that is not the one that the ledger knows ends: nobody said yes to what stands there.
func (c *Containment) load(ctx context.Context) error {
	var rows []leaseRow
	var states []stateRow
	err := c.needs.DB.Snapshot(ctx, func(ctx context.Context, tx bun.Tx) error {
		if err := tx.NewSelect().Model(&states).Scan(ctx); err != nil {
			return err
		}
		state := map[string]uint64{}
		for _, s := range states {
			state[s.Name] = uint64(s.Value)
		}
		c.last = state["lease"]
		if err := c.out.Load(ctx, tx, state["told"]); err != nil {
			return err
		}
		return tx.NewSelect().Model(&rows).Order("id").Scan(ctx)
	})
	if err != nil {
		return err
	}
	for _, row := range rows {
		l := &Lease{}
		if err := json.Unmarshal([]byte(row.Doc), l); err != nil {
			return fmt.Errorf("lease %d: %w", row.ID, err)
		}
		l.ID = uint64(row.ID)
		c.last = max(c.last, l.ID)
		c.leases[l.ID] = l
	}
	return c.compare(ctx)
}
