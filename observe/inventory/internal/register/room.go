package register

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
)

// unlink forgets that a trace showed an identifier.
func (r *Register) unlink(t *Trace, id ident, now int64) {
	e := r.edges[id]
	if e == nil || t.shows(id) {
		return
	}
	e.traces = slices.DeleteFunc(e.traces, func(x *Trace) bool { return x == t })
	if len(e.traces) == 0 {
		delete(r.edges, id)
		return
	}
	if e.shared == "" && len(r.of(t.Device)) > 1 {
		r.resplit(t.Device, now, id.field, id.value, "it is no longer known")
	}
}

// makeRoom forgets devices that were not seen for the longest time, a sixteenth of them at once, and none that must be kept.
// First go traces of addresses that are another's now.
func (r *Register) makeRoom(most int) {
	var old []*Trace
	r.work += uint64(len(r.traces))
	for _, t := range r.traces {
		if r.Keep == nil || !r.Keep(t.Device) {
			old = append(old, t)
		}
	}
	slices.SortFunc(old, func(a, b *Trace) int {
		switch {
		case a.Over != b.Over && a.Over, a.Over == b.Over && a.Last < b.Last, a.Over == b.Over && a.Last == b.Last && a.ID < b.ID:
			return -1
		}
		return 1
	})
	for _, t := range old[:min(len(old), max(1, most/16))] {
		r.drop(t)
	}
	r.room = max(most, len(r.traces)+len(r.traces)/16) // where people have confirmed nearly all, it is not looked for with each sighting
}

// drop forgets a trace, and its device with the last one.
func (r *Register) drop(t *Trace) {
	for i := range t.Facts {
		id := ident{t.Facts[i].Field, t.Facts[i].Value}
		if e := r.edges[id]; e != nil {
			if e.traces = slices.DeleteFunc(e.traces, func(x *Trace) bool { return x == t }); len(e.traces) == 0 {
				delete(r.edges, id)
			}
		}
	}
	for _, b := range slices.Clone(t.Bars) {
		r.unbarOne(ident{b.Field, b.Value}, t)
	}
	delete(r.traces, t.ID)
	r.news[t.ID] = false
	t.Over = true
	if r.current[t.Addr] == t {
		delete(r.current, t.Addr)
	}
	g := r.members[t.Device]
	if g.traces = slices.DeleteFunc(g.traces, func(x *Trace) bool { return x == t }); len(g.traces) > 0 {
		r.touch(t.Device)
		return
	}
	delete(r.members, t.Device)
	r.dropped++
	r.tell(Change{Kind: Dropped, Time: t.Last, Device: t.Device, Addr: t.Addr, Why: "room was needed"})
}

// Errors of what a person asks for.
var (
	ErrNoDevice = errors.New("register: there is no such device")
	ErrNoSplit  = errors.New("register: these addresses cannot be taken out of the device")
)

// Merge joins two devices because a person says so. It holds until they are split again.
func (r *Register) Merge(a, b DeviceID, who string, now int64) error {
	if a == b || len(r.of(a)) == 0 || len(r.of(b)) == 0 {
		return fmt.Errorf("%w: %d, %d", ErrNoDevice, a, b)
	}
	r.tie([]*Trace{r.of(a)[0], r.of(b)[0]}, who, now)
	return nil
}

// Split takes traces out of a device because a person says so: what joins them to the rest joins nothing any more.
// It returns the new device.
func (r *Register) Split(d DeviceID, out []TraceID, who string, now int64) (DeviceID, error) {
	all := r.of(d)
	if len(all) == 0 {
		return 0, fmt.Errorf("%w: %d", ErrNoDevice, d)
	}
	for _, id := range out {
		if !slices.ContainsFunc(all, func(t *Trace) bool { return t.ID == id }) {
			return 0, fmt.Errorf("%w: %d has no trace %d", ErrNoSplit, d, id)
		}
	}
	if len(out) == 0 || len(out) == len(all) {
		return 0, fmt.Errorf("%w: some must stay and some must go", ErrNoSplit)
	}
	var rest, leave []*Trace
	for _, t := range all {
		if slices.Contains(out, t.ID) {
			leave = append(leave, t)
		} else {
			rest = append(rest, t)
		}
	}
	for _, group := range [...][]*Trace{rest, leave} { // each stays one, whatever loses its worth
		r.tie(group, who, now)
	}
	both := r.between(rest, leave)
	for _, id := range both { // they join others still, but none of these
		for _, t := range all {
			if t.shows(id) {
				r.bar(id, t, splitBy+who)
			}
		}
	}
	r.fallApart(d, slices.MinFunc(rest, byID), now, byPerson, "", splitBy+who)
	for _, id := range both {
		r.tell(Change{Kind: Twice, Time: now, Device: d, Other: leave[0].Device, Field: id.field, Value: id.value, Why: splitBy + who})
	}
	return leave[0].Device, nil
}

// tie joins traces by a person's word.
func (r *Register) tie(traces []*Trace, who string, now int64) {
	if len(traces) < 2 {
		return
	}
	r.lastT++ // no two words are one
	id := ident{byPerson, strconv.FormatUint(uint64(r.lastT), 10)}
	for _, t := range traces {
		r.news[t.ID] = true
		r.touch(t.Device)
		_, _, gone := t.add(&Sighting{At: t.Addr, Time: now, Field: id.field, Value: id.value, Source: who, Sure: Certain})
		if gone.Field.joins() {
			r.unlink(t, ident{gone.Field, gone.Value}, now)
		}
		r.link(t, id, now, true)
	}
}

// between are the identifiers that join traces of two sets, in their order.
func (r *Register) between(a, b []*Trace) []ident {
	var all []ident
	for _, x := range a {
		for _, f := range x.Facts {
			id := ident{f.Field, f.Value}
			e := r.edges[id]
			if e == nil || e.shared != "" || slices.Contains(all, id) {
				continue
			}
			if slices.ContainsFunc(e.traces, func(t *Trace) bool { return slices.Contains(b, t) }) {
				all = append(all, id)
			}
		}
	}
	return all
}
