package containment

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// What the database says is compared with what the ledger says of it when the program starts, and with what is known while it runs: a
// row that somebody else wrote or took away stops automation.

// mark is the last that the ledger says of a lease.
type mark struct {
	sum  string
	over bool
}

// compare compares what was taken up with the ledger. A row that is not the one that the ledger knows ends: nobody said yes to what
// stands there. Of one that is gone nothing is left to drive: its enforcement point lets go of it.
func (c *Containment) compare(ctx context.Context) error {
	marks, err := c.marks(ctx)
	if errors.Is(err, ledger.ErrUnread) { // the last good state stays
		c.forged = append(c.forged, err.Error())
		return nil
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(marks)) {
		c.last = max(c.last, id)
		if c.leases[id] == nil && !marks[id].over {
			if err := c.gone(ctx, id); err != nil {
				return err
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(c.leases)) {
		l := c.leases[id]
		m, known := marks[id]
		if l.State.Over() && !known {
			continue // it was over long ago
		}
		if err := c.check1(ctx, l, m, known); err != nil {
			return err
		}
	}
	return nil
}

// check1 ends a lease that is not the one that the ledger knows. The lock is held.
func (c *Containment) check1(ctx context.Context, l *Lease, m mark, known bool) error {
	sum, err := l.sum()
	switch {
	case err != nil || known && m.sum == sum:
		return err
	case !known:
		return c.forge(ctx, l, "the ledger does not know it: it was ended", true)
	case m.over && l.State.Over():
		return c.forge(ctx, l, "it is not what the ledger knows: it is over", false)
	}
	return c.forge(ctx, l, "it is not what the ledger knows: it was ended", true)
}

// forge says that somebody else wrote a lease, and ends it where it is to. The lock is held.
func (c *Containment) forge(ctx context.Context, l *Lease, why string, end bool) error {
	_, err := c.change(ctx, l, word{by: program(), what: "tampered", reason: why, outcome: ledger.Refused}, func(l *Lease) error {
		if end {
			l.Point = c.pointOf(l.Act, l.Point)
			l.end(Refused, why)
		}
		return nil
	})
	c.suspect(l.ID, why)
	return err
}

// gone says that a lease was taken away. The lock is held.
func (c *Containment) gone(ctx context.Context, id uint64) error {
	const why = "it is gone from the database: its enforcement point lets go of it"
	l := Lease{ID: id}
	_, err := c.needs.Ledger.Record(ctx, ledger.Entry{Actor: program(), Act: "containment.tampered", Object: l.object(), Outcome: ledger.Refused,
		Detail: map[string]string{"state": string(Refused), "reason": why}})
	c.suspect(id, why)
	return err
}

// suspect warns of a lease, and has automation stopped as soon as it can be.
func (c *Containment) suspect(id uint64, why string) {
	if c.needs.Health != nil {
		c.needs.Health.Set(&tampered, health.Args{"lease": fmt.Sprint(id), "why": why})
	}
	c.forged = append(c.forged, fmt.Sprintf("lease %d: %s", id, why))
}

// alarm tells what was found.
func (c *Containment) alarm(ctx context.Context) {
	c.mu.Lock()
	all := c.forged
	c.forged = nil
	c.mu.Unlock()
	for _, why := range all {
		c.needs.Log.Error("a containment was changed behind the program's back", "what", why)
		if c.needs.Alarm != nil {
			c.needs.Alarm(ctx, why)
		}
	}
}

// marks are the last that the ledger says of each lease that can be live, or was of late.
func (c *Containment) marks(ctx context.Context) (map[uint64]mark, error) {
	out := map[uint64]mark{}
	q := ledger.Query{Act: "containment.", Since: c.needs.Clock.Now().Add(-c.needs.Config.Longest - mostWaiting - 24*time.Hour), Limit: 1000}
	for {
		page, err := c.needs.Ledger.List(ctx, q)
		if err != nil {
			return nil, err
		}
		c.mark(out, page.Entries)
		if q.Before = page.Next; q.Before == nil {
			break
		}
	}
	q.Since, q.Before, q.Limit = time.Time{}, nil, 1
	for id, l := range c.leases { // one that could not be taken back for longer
		if _, ok := out[id]; ok || l.State.Over() {
			continue
		}
		q.Object = l.object()
		page, err := c.needs.Ledger.List(ctx, q)
		if err != nil {
			return nil, err
		}
		c.mark(out, page.Entries)
	}
	return out, nil
}

// mark takes in entries, the newest first.
func (c *Containment) mark(out map[uint64]mark, entries []ledger.Entry) {
	for _, e := range entries {
		text, ok := strings.CutPrefix(e.Object, "containment/")
		id, err := strconv.ParseUint(text, 10, 63)
		if _, there := out[id]; !ok || err != nil || there || e.Detail["state"] == "" {
			continue
		}
		out[id] = mark{e.Detail["row"], State(e.Detail["state"]).Over()}
	}
}

// lookEvery is how often what is kept is compared with what is known.
const lookEvery = 10 * time.Second

// guard compares the rows of what is live with what is known, and puts back what somebody else wrote or took away: the last good
// state stays.
func (c *Containment) guard(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	live := map[uint64]string{}
	for id, l := range c.leases {
		if l.State.Over() {
			continue
		}
		doc, err := json.Marshal(l)
		if err != nil {
			return err
		}
		live[id] = string(doc)
	}
	if len(live) == 0 {
		return nil
	}
	var rows []leaseRow
	if err := c.needs.DB.Read().NewSelect().Model(&rows).Where("id IN (?)", bun.List(slices.Collect(maps.Keys(live)))).Scan(ctx); err != nil {
		return err
	}
	for _, row := range rows {
		if live[uint64(row.ID)] == row.Doc {
			delete(live, uint64(row.ID))
		}
	}
	for _, id := range slices.Sorted(maps.Keys(live)) {
		if err := c.forge(ctx, c.leases[id], "what stood in the database was not what is known: that was put back", false); err != nil {
			return err
		}
	}
	return nil
}
