package register

import (
	"cmp"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Anybody can call himself by the name, the title or the link address of another. Such a claim joins two devices only when the
// one that is known has left, or when something else shows that they are one; until that is known it waits. Where both are
// there the claim is barred: the one that was known keeps what it is known by, and the other does not have it.

const (
	dispute   = pause / 2                 // who is known by an identifier for that long after another claimed it is there still
	absence   = int64(24 * time.Hour)     // a silence of more is an absence, however silent a device usually is
	renaming  = int64(7 * 24 * time.Hour) // until another name at a network card is the new one of the same machine
	mostWaits = 4096
	mostTitle = 4 // claims to one title until it is nobody's
	mostNames = 8 // likewise of a name
)

// waiting is a join that is put off.
type waiting struct {
	id    ident
	trace TraceID
}

// ruling is what is made of a claim.
type ruling uint8

const (
	granted ruling = iota
	later
	refused
	worthNothing // to anybody
)

// claimed reports whether a value of a field can be had by saying so.
func claimed(f Field) bool { return f == Hostname || f == AE || f == MAC }

// rule says whether an identifier that o shows too joins the device of t with that of o.
func (r *Register) rule(e *edge, id ident, o, t *Trace, now int64) (ruling, string) {
	if !claimed(id.field) {
		return granted, ""
	}
	known, claim := earlier(id, o, t)
	since, _ := claim.span(id)
	if id.field == MAC {
		if v, why := renamed(names(r.of(known.Device)), names(r.of(claim.Device)), now); v != granted {
			return v, why
		}
		if near(known.Addr, claim.Addr) && (certain(known, id) && certain(claim, id) || !r.passes(e, now)) {
			return granted, ""
		}
	}
	if r.agree(known, claim, id) {
		return granted, ""
	}
	last, silence, here := r.lastSeen(known.Device)
	if id.field == MAC && !(certain(known, id) && certain(claim, id)) { // it may be that of the way
		if r.passes(e, now) || here && now-last < absence/2 {
			return later, ""
		}
		return granted, ""
	}
	switch {
	case !here || now-last >= silence:
		return granted, ""
	case r.shown(known.Device) >= since+dispute || last >= since+6*pause:
		return refused, fmt.Sprintf("%s has it, and is there still", known.Addr)
	}
	return later, ""
}

// renamed rules on a network card that shows names which differ: those of two machines that take turns at a docking station,
// that are behind a router, or the old and the new one of the same machine. Only names from the same source are compared, for
// a machine may have one by NetBIOS and another by multicast DNS.
func renamed(a, b []*Fact, now int64) (ruling, string) {
	verdict, why := granted, ""
	for _, x := range a {
		for _, y := range b {
			switch {
			case x.Source != y.Source:
				continue
			case same(Hostname, x.Value, y.Value):
				return granted, ""
			case x.Last >= y.First && y.Last >= x.First:
				verdict, why = worthNothing, fmt.Sprintf("%s and %s take turns behind it", x.Value, y.Value)
			case verdict == granted && now-max(x.First, y.First) < renaming:
				verdict = later
			}
		}
	}
	return verdict, why
}

// names are the host names that traces are likely to have.
func names(traces []*Trace) []*Fact {
	var all []*Fact
	for _, t := range traces {
		for i := range t.Facts {
			if f := &t.Facts[i]; f.Field == Hostname && f.Sure >= Likely && t.Crowd == "" && !worthless(Hostname, f.Value) {
				all = append(all, f)
			}
		}
	}
	return all
}

// doubt takes a trace out of a device to which nothing but a network card joins it, when its name shows that it is another.
func (r *Register) doubt(t *Trace, now int64) {
	d := t.Device
	if len(r.of(d)) == 1 || !slices.ContainsFunc(names(r.of(d)), func(f *Fact) bool { return !t.shows(ident{Hostname, f.Value}) }) {
		return
	}
	group := r.component(t, func(id ident) bool { return id.field == MAC })
	rest := without(r.of(d), group)
	if len(rest) == 0 {
		return
	}
	if v, _ := renamed(names(rest), names(group), now); v == granted {
		return
	}
	if slices.MinFunc(group, byID).ID < slices.MinFunc(rest, byID).ID {
		group = rest
	}
	name, _ := t.Has(Hostname)
	r.detach(group, Change{Kind: Split, Time: now, Device: d, Field: Hostname, Value: name, Addr: t.Addr, Why: "another name is at its network card"})
	for _, x := range group {
		for _, v := range x.showing(MAC) {
			if e := r.edges[ident{MAC, v}]; e != nil && e.shared == "" {
				r.joinBy(e, ident{MAC, v}, x, now)
			}
		}
	}
}

// showing are the values of a field.
func (t *Trace) showing(f Field) (all []string) {
	for i := range t.Facts {
		if v := t.Facts[i].Value; t.Facts[i].Field == f && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

func without(all, some []*Trace) []*Trace {
	return slices.DeleteFunc(slices.Clone(all), func(t *Trace) bool { return slices.Contains(some, t) })
}

// detach makes a device of its own of traces, and tells it. Some must stay.
func (r *Register) detach(group []*Trace, c Change) {
	r.put(c.Device, without(r.of(c.Device), group))
	c.Other = r.found(group)
	r.tell(c)
	r.reopenAll(c.Time, c.Device, c.Other)
}

func (r *Register) reopenAll(now int64, devices ...DeviceID) {
	for _, d := range devices {
		for _, t := range r.of(d) {
			r.reopen(t, now)
		}
	}
}

// found makes a device of traces.
func (r *Register) found(group []*Trace) DeviceID {
	r.lastD++
	slices.SortFunc(group, byID)
	r.put(r.lastD, group)
	for _, t := range group {
		t.Device = r.lastD
		r.news[t.ID] = true
	}
	return r.lastD
}

// near reports whether two addresses may be in one network: as far as their numbers tell, or because they are of two families.
func near(a, b netip.Addr) bool {
	return a.Is4() != b.Is4() || a.IsLinkLocalUnicast() || b.IsLinkLocalUnicast() || network(a).Contains(b)
}

func certain(t *Trace, id ident) bool {
	_, sure := t.Says(id.field, id.value)
	return sure
}

// passes reports whether frames from several networks bear a link address these hours: then it is that of a way between them.
func (r *Register) passes(e *edge, now int64) bool {
	var first netip.Addr
	for _, t := range e.traces {
		a := t.Addr
		switch {
		case !a.Is4() || a.IsLinkLocalUnicast() || t.Last < now-absence/2:
		case !first.IsValid():
			first = a
		case !near(first, a):
			return true
		}
	}
	return false
}

// agree reports whether something else than a claim shows that two are one: a link address with a name or a title, a name with
// cards that were made one after the other, or that both lead out of their networks.
func (r *Register) agree(a, b *Trace, by ident) bool {
	if by.field == MAC {
		return r.both(a.Device, b.Device, Hostname) || r.both(a.Device, b.Device, AE) || r.leads(a.Device) && r.leads(b.Device)
	}
	if r.both(a.Device, b.Device, MAC) {
		return true
	}
	return by.field == Hostname && r.adjacent(a, b)
}

// adjacent reports whether two have cards that were made one after the other.
func (r *Register) adjacent(a, b *Trace) bool {
	x, y := r.cards(a), r.cards(b)
	return slices.ContainsFunc(x, func(p string) bool { return slices.ContainsFunc(y, func(q string) bool { return neighbours(p, q) }) })
}

// both reports whether two devices show the same value of an identifier.
func (r *Register) both(a, b DeviceID, f Field) bool {
	x, y := r.values(a, f), r.values(b, f)
	return slices.ContainsFunc(x, func(v string) bool { return slices.ContainsFunc(y, func(w string) bool { return same(f, v, w) }) })
}

// leads reports whether a device is a router by what it does.
func (r *Register) leads(d DeviceID) bool {
	for _, t := range r.of(d) {
		for i := range t.Facts {
			if f := &t.Facts[i]; f.Field == Role && (f.Value == "default router" || f.Value == "routing protocol" || f.Value == "router to the outside") {
				return true
			}
		}
	}
	return false
}

// neighbours reports whether two link addresses are of one maker and close to each other, as those of a board are.
func neighbours(a, b string) bool {
	if a == b || len(a) != 17 || len(b) != 17 || a[:8] != b[:8] {
		return false
	}
	x, err := strconv.ParseInt(strings.ReplaceAll(a[9:], ":", ""), 16, 64)
	y, err2 := strconv.ParseInt(strings.ReplaceAll(b[9:], ":", ""), 16, 64)
	return err == nil && err2 == nil && max(x-y, y-x) <= 8
}

// lastSeen is when a device was last seen, and after what silence it is taken to have left; here is false when it is at none of
// its addresses any more.
func (r *Register) lastSeen(d DeviceID) (last, silence int64, here bool) {
	silence = pause
	for _, t := range r.of(d) {
		last = max(last, t.Last)
		if !t.Over {
			here, silence = true, max(silence, t.Gap)
		}
	}
	return last, min(silence, absence), here
}

// shown is when a device last showed any of what it is known by.
func (r *Register) shown(d DeviceID) (last int64) {
	for _, t := range r.of(d) {
		for i := range t.Facts {
			if f := &t.Facts[i]; f.Field.joins() && f.Field != byPerson {
				last = max(last, f.Last)
			}
		}
	}
	return last
}

// refuse bars a claim, and tells that an identifier is shown by two. What flows alone say of a link address is told to nobody:
// it may be that of the way.
func (r *Register) refuse(e *edge, id ident, o, t *Trace, now int64, why string) {
	known, claim := earlier(id, o, t)
	r.bar(id, claim, why)
	if id.field != MAC || certain(claim, id) {
		r.tell(Change{Kind: Twice, Time: now, Device: known.Device, Other: claim.Device, Field: id.field, Value: id.value, Addr: claim.Addr, Why: why})
	}
	if n := len(r.bars[id]); id.field == AE && n >= mostTitle || id.field == Hostname && n >= mostNames {
		r.share(e, id, now, fmt.Sprintf("%d devices show it", n+1))
	}
}

// earlier orders two traces by when they began to show an identifier.
func earlier(id ident, a, b *Trace) (known, claim *Trace) {
	from, _ := a.span(id)
	if since, _ := b.span(id); since < from || since == from && b.ID < a.ID {
		return b, a
	}
	return a, b
}

// putOff notes that the join of a claim is to be looked at again.
func (r *Register) putOff(id ident, claim *Trace, now int64) {
	if len(r.waits) >= mostWaits {
		return // it is looked at when it is next shown
	}
	from, _ := claim.span(id)
	due := from + nextLook(now-from)
	if _, known := r.waits[waiting{id, claim.ID}]; !known {
		r.touch(claim.Device)
	}
	r.waits[waiting{id, claim.ID}] = due
	r.due = min(r.due, due)
}

// nextLook is when a join that was put off for so long is looked at again: after one, two, four... minutes, and then each hour.
// It depends on nothing else, so that a restart changes nothing.
func nextLook(waited int64) int64 {
	for step := int64(time.Minute); step < int64(time.Hour); step *= 2 {
		if waited < step {
			return step
		}
	}
	return (max(waited, 0)/int64(time.Hour) + 1) * int64(time.Hour)
}

// look looks at the joins that were put off until now.
func (r *Register) look(now int64) {
	if now < r.due {
		return
	}
	var all []waiting
	r.due = math.MaxInt64
	r.work += uint64(len(r.waits))
	for w, due := range r.waits {
		if due <= now {
			all = append(all, w)
		} else {
			r.due = min(r.due, due)
		}
	}
	slices.SortFunc(all, func(a, b waiting) int {
		return cmp.Or(cmp.Compare(a.trace, b.trace), cmp.Compare(a.id.field, b.id.field), cmp.Compare(a.id.value, b.id.value))
	})
	for _, w := range all {
		delete(r.waits, w)
		if t := r.traces[w.trace]; t != nil {
			r.touch(t.Device)
		}
		if t, e := r.traces[w.trace], r.edges[w.id]; t != nil && e != nil && e.shared == "" && slices.Contains(e.traces, t) {
			r.joinBy(e, w.id, t, now)
		}
	}
}

// waiting is why a name or a title is not taken for a device's own yet; empty when it is.
func (r *Register) waiting(id ident, d DeviceID) string {
	if len(r.waits) == 0 || id.field != Hostname && id.field != AE {
		return ""
	}
	for _, t := range r.of(d) {
		if _, waits := r.waits[waiting{id, t.ID}]; waits {
			return "another has it; whether the two are one will show"
		}
	}
	return ""
}

// claimants is how many devices show a name or a title.
func (r *Register) claimants(e *edge, id ident) int {
	if id.field != Hostname && id.field != AE || len(e.traces) <= mostNames {
		return 0
	}
	devices := map[DeviceID]bool{}
	for _, t := range e.traces {
		devices[t.Device] = true
	}
	return len(devices)
}

// wait puts off again, after a restart, what was put off.
func (r *Register) wait() {
	var now int64
	for _, t := range r.traces {
		now = max(now, t.Last)
	}
	for _, t := range r.traces {
		r.reopen(t, now)
	}
}

// reopen puts off what a trace could be joined by, and is not.
func (r *Register) reopen(t *Trace, now int64) {
	for i := range t.Facts {
		f := &t.Facts[i]
		id := ident{f.Field, f.Value}
		if !claimed(f.Field) || !r.carries(t, id) {
			continue
		}
		e := r.edges[id]
		if e == nil || e.shared != "" {
			continue
		}
		for _, o := range e.traces {
			if o.Device != t.Device && r.carries(o, id) {
				_, claim := earlier(id, o, t)
				r.putOff(id, claim, now)
			}
		}
	}
}

// awake takes apart what a name or a title has joined while one of the two was silent, when both are there again and show it. One
// that is now at the one, now at the other, as a laptop that is docked, stays one.
func (r *Register) awake(e *edge, id ident, t *Trace, now int64) {
	if len(r.of(t.Device)) == 1 || t.Over || !r.carries(t, id) {
		return
	}
	for _, o := range slices.SortedFunc(slices.Values(e.traces), byID) {
		if o == t || !r.awakeWith(o, t, id, now) {
			continue
		}
		if e.both == 0 || now < e.both+pause {
			e.both = cmp.Or(e.both, now)
			return
		}
		known, claim := earlier(id, o, t)
		why := fmt.Sprintf("%s has it, and is there still", known.Addr)
		e.both = 0
		r.detach(r.component(claim, func(x ident) bool { return x == id }), Change{Kind: Split, Time: now, Device: known.Device, Field: id.field, Value: id.value, Addr: claim.Addr, Why: why})
		r.refuse(e, id, o, t, now, why)
		return
	}
	e.both = 0
}

// awakeWith reports whether two of a device, which nothing but a name or a title holds together, are both there and show it.
func (r *Register) awakeWith(o, t *Trace, id ident, now int64) bool {
	if o.Over || o.Device != t.Device || o.Last < now-dispute || id.field == Hostname && r.adjacent(o, t) {
		return false
	}
	from, to := t.span(id)
	first, last := o.span(id)
	if late := max(from, first) + dispute; to < late || last < late {
		return false
	}
	known, claim := earlier(id, o, t)
	return !slices.Contains(r.component(claim, func(x ident) bool { return x == id }), known)
}
