package finding

import (
	"context"
	"slices"
	"strconv"
	"time"

	"bulwark/content/attack"
	"bulwark/event"
	"bulwark/platform/clock"
)

// tell tells of a finding: those who look, and the bus. The lock is held.
func (f *Findings) tell(it *item, c change, activity string) {
	f.mark(it, c)
	if f.needs.Publisher == nil {
		return
	}
	h := event.Header{Time: it.Last, Flow: it.Flow, Src: it.Source.Addr, Dst: it.Target.Addr, Proto: it.Proto, Ports: event.Ports{Dst: it.Port}}
	if it.Answer {
		h.Ports = event.Ports{Src: it.Port}
	}
	e := &event.Finding{Title: it.rule.Title, UID: strconv.FormatUint(it.ID, 10), Severity: it.Severity.String(), Confidence: it.rule.Confidence.Score(),
		Rule: it.Rule, Source: it.rule.Source, Activity: activity, Status: string(it.Word.Status), Verdict: string(it.Word.Verdict),
		Category: it.rule.Category, Count: it.Count, First: uint64(it.First), Last: uint64(it.Last), App: it.App}
	for _, t := range it.rule.techniques {
		e.Attack = attack.Version
		e.Techniques = append(e.Techniques, t.ID)
	}
	for _, x := range it.rule.tactics {
		e.Attack = attack.Version
		e.Tactics = append(e.Tactics, x.ID)
	}
	e.Entities = it.observables()
	if it.fresh != nil {
		for _, w := range it.fresh.evidence {
			if w.place != 0 {
				e.Evidence = append(e.Evidence, string(w.uid))
			}
		}
	}
	plain := it.bare()
	e.Reason = plain.Why.EN
	f.out.Put(h, e)
}

// observables are whom a finding is about, in one word each.
func (it *item) observables() (all []string) {
	for _, e := range [...]*end{&it.Source, &it.Target} {
		if e.Device != 0 && !e.Many {
			all = append(all, "device:"+strconv.FormatUint(e.Device, 10))
		}
		if e.Addr.IsValid() && !e.Many {
			all = append(all, "address:"+e.Addr.String())
		}
		if e.Host != "" {
			all = append(all, "host:"+e.Host)
		}
	}
	for _, o := range it.Others {
		all = append(all, o.Kind+":"+o.Value)
	}
	return all
}

// send puts on the bus what is kept.
func (f *Findings) send(ctx context.Context) error {
	n, err := f.out.Send(ctx)
	if n > 0 {
		clock.Wake(f.dirty) // that it was sent is kept, too
	}
	return err
}

// live is what those who look are shown.
type live struct {
	Changed []changed `json:"changed"`
	LeftOff int       `json:"left_off"` // further ones: they ask again
}

type changed struct {
	Change  string  `json:"change"`
	Finding Finding `json:"finding"`
}

// mostShown is how many findings one message holds.
const mostShown = 50

// show shows what changed since it last did, the most telling first.
func (f *Findings) show() {
	if f.needs.Live == nil {
		return
	}
	f.mu.Lock()
	if len(f.told) == 0 && f.leftOff == 0 {
		f.mu.Unlock()
		return
	}
	type one struct {
		id uint64
		c  change
	}
	var all []one
	for id, c := range f.told {
		all = append(all, one{id, c})
	}
	slices.SortFunc(all, func(a, b one) int {
		if a.c != b.c {
			return int(b.c) - int(a.c)
		}
		return int(int64(b.id) - int64(a.id))
	})
	m := live{LeftOff: f.leftOff + len(all) - min(len(all), mostShown)}
	all = all[:min(len(all), mostShown)]
	items := make([]item, 0, len(all))
	for _, o := range all {
		items = append(items, f.items[o.id].copy())
	}
	clear(f.told)
	f.leftOff = 0
	f.mu.Unlock()
	for n := range items {
		m.Changed = append(m.Changed, changed{all[n].c.String(), f.view(&items[n])})
	}
	f.needs.Live("finding", m)
}

// copy is an item as it is now; its lists are its own.
func (it *item) copy() item {
	c := *it
	c.Others = slices.Clone(it.Others)
	c.Source.Some, c.Target.Some = slices.Clone(it.Source.Some), slices.Clone(it.Target.Some)
	c.fresh = nil
	return c
}

func utc(ns int64) time.Time { return time.Unix(0, ns).UTC() }
