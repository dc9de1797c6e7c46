package register

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ident is a value of an identifier.
type ident struct {
	field Field
	value string
}

// edge is an identifier with the traces that show it.
type edge struct {
	traces []*Trace
	shared string // why it joins nothing; empty while it does
	both   int64  // since when two of one device are known to show it at the same time; 0 while none are
	twins  int64  // since when two machines of one network show it; 0 while none are known to
}

// Change is something that happened to a device's identity.
type Change struct {
	Kind   ChangeKind
	Time   int64
	Device DeviceID
	Other  DeviceID // of a join the device that is no more; of a split the one that is new
	Field  Field    // the identifier that it rests on
	Value  string
	Addr   netip.Addr
	Why    string
}

// ChangeKind is what happened.
type ChangeKind string

// What can happen to an identity.
const (
	Appeared ChangeKind = "appeared"  // a device that was never seen
	Joined   ChangeKind = "joined"    // two devices turned out to be one
	Split    ChangeKind = "split"     // one device turned out to be two
	Moved    ChangeKind = "moved"     // a device is at another address
	Changed  ChangeKind = "changed"   // an address has another device
	Twice    ChangeKind = "duplicate" // an identifier of one device is used by several
	Crowded  ChangeKind = "crowd"     // several devices speak behind one address
	Dropped  ChangeKind = "dropped"   // a device was forgotten to make room
)

// Register holds the traces and the devices that they make. It is not safe for concurrent use. Given the same sightings in
// the same order it comes to the same devices.
type Register struct {
	// Tell is called for each change; nil tells nobody.
	Tell func(Change)
	// Learnt is called for each fact of a trace that was not known from any source; nil tells nobody.
	Learnt func(*Trace, *Fact)
	// Folded is called when a trace of a device gives what is known of it to a later one, and goes; nil tells nobody.
	Folded func(from, into TraceID)
	// Keep says whether a device must stay when room is needed: a person has confirmed it. Nil keeps none.
	Keep func(DeviceID) bool
	// Generic says of a host name, in lower case, that it tells no device from another; nil says so of none. It must be there
	// before the first fact.
	Generic func(name string) bool
	// Most is how many traces are held; 0 means 65,536.
	Most int

	traces  map[TraceID]*Trace
	current map[netip.Addr]*Trace
	members map[DeviceID]*group
	edges   map[ident]*edge
	lastT   TraceID
	lastD   DeviceID
	dropped uint64
	round   uint64              // of looking what holds together
	news    map[TraceID]bool    // traces that changed otherwise than by being seen again; false: they are gone
	shares  bool                // what is shared changed
	rev     uint64              // of the last change of a device
	waits   map[waiting]int64   // joins that are put off, and when to look at them again
	due     int64               // when to look at the first of them
	bars    map[ident][]TraceID // traces that have a bar
	room    int                 // how many traces there may be until it is made; less than Most: as many as that
	work    uint64              // how many traces and joins were looked at, for tests
}

// group are the traces of a device.
type group struct {
	traces []*Trace // in the order in which they were joined; never none
	rev    uint64   // another with each change of what is known of the device, but for when it was seen
}

// New is an empty register.
func New() *Register {
	return &Register{traces: map[TraceID]*Trace{}, current: map[netip.Addr]*Trace{}, members: map[DeviceID]*group{}, edges: map[ident]*edge{},
		news: map[TraceID]bool{}, waits: map[waiting]int64{}, bars: map[ident][]TraceID{}}
}

// Dropped is how many devices were forgotten to make room.
func (r *Register) Dropped() uint64 { return r.dropped }

// Devices is how many devices there are.
func (r *Register) Devices() int { return len(r.members) }

// At is the device that is at an address now; 0 for none.
func (r *Register) At(a netip.Addr) DeviceID {
	if t := r.current[a]; t != nil {
		return t.Device
	}
	return 0
}

// Current is what is at an address now; nil for nothing. It belongs to the register.
func (r *Register) Current(a netip.Addr) *Trace { return r.current[a] }

// Trace is the trace of that number; nil when it is no more. It belongs to the register.
func (r *Register) Trace(id TraceID) *Trace { return r.traces[id] }

// Each calls fn with each device, in no order. Its traces belong to the register, and stand in the order in which they were
// joined.
func (r *Register) Each(fn func(d DeviceID, traces []*Trace)) {
	for d, g := range r.members {
		fn(d, g.traces)
	}
}

// Span is when the first of traces was first seen, and the last of them last.
func Span(traces []*Trace) (first, last int64) {
	first = traces[0].First
	for _, t := range traces {
		first, last = min(first, t.First), max(last, t.Last)
	}
	return first, last
}

// Version is another whenever something else is known of a device than before, but for when it was seen; 0 for no device.
func (r *Register) Version(d DeviceID) uint64 {
	if g := r.members[d]; g != nil {
		return g.rev
	}
	return 0
}

// touch notes that something else is known of a device.
func (r *Register) touch(d DeviceID) {
	r.rev++
	r.members[d].rev = r.rev
}

// put makes traces a device.
func (r *Register) put(d DeviceID, traces []*Trace) {
	r.rev++
	r.members[d] = &group{traces, r.rev}
}

// of are the traces of a device.
func (r *Register) of(d DeviceID) []*Trace {
	if g := r.members[d]; g != nil {
		return g.traces
	}
	return nil
}

// Traces are the traces of a device, the oldest first. They belong to the register.
func (r *Register) Traces(d DeviceID) []*Trace {
	all := slices.Clone(r.of(d))
	if len(all) > 1 {
		slices.SortFunc(all, compare)
	}
	return all
}

func compare(a, b *Trace) int { return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(a.ID, b.ID)) }

// InUse notes that an address was in use, and returns what is there. It belongs to the register.
func (r *Register) InUse(a netip.Addr, at int64) *Trace {
	t := r.current[a]
	if t == nil {
		t = r.trace(&Sighting{At: a, Time: at})
	}
	t.seen(at)
	return t
}

// See takes a sighting, and returns the trace that it is about.
func (r *Register) See(s *Sighting) *Trace {
	r.look(s.Time)
	t := r.trace(s)
	if t.Heir && s.Time < t.First {
		return t // it is of who was there before
	}
	t.seen(s.Time)
	if s.Field == "" || s.Value == "" {
		return t
	}
	if len(s.Value) > maxValue {
		s.Value = s.Value[:maxValue]
	}
	if r.handsOver(t, s) {
		t.Over = true
		r.news[t.ID] = true
		old := t.Device
		r.touch(old)
		delete(r.current, s.At)
		t = r.trace(s)
		t.Heir = true
		r.tell(Change{Kind: Changed, Time: s.Time, Device: t.Device, Other: old, Field: s.Field, Value: strings.Clone(s.Value), Addr: s.At})
	}
	before := r.foremost(t.Device, s.Field)
	f, fresh, out := t.add(s)
	if !fresh && before != r.foremost(t.Device, s.Field) {
		r.touch(t.Device) // it is shown as another than it was
	}
	if fresh {
		r.touch(t.Device)
		r.news[t.ID] = true
		if r.Learnt != nil && !r.known(t, f) {
			r.Learnt(t, f)
		}
	}
	if out.Field.joins() {
		r.unlink(t, ident{out.Field, out.Value}, s.Time)
	}
	if !s.Field.joins() || r.worthless(s.Field, s.Value) {
		return t
	}
	if fresh && r.known(t, f) {
		fresh = false // by another protocol
	}
	r.link(t, ident{f.Field, f.Value}, s.Time, fresh)
	if fresh && s.Field == Hostname {
		r.doubt(t, s.Time)
	}
	r.count(t, s)
	return t
}

// seen notes that something is at the address.
func (t *Trace) seen(now int64) {
	if now > t.Last {
		t.Gap, t.Last = max(t.Gap, now-t.Last), now
	} else if now < t.First && !t.Heir {
		t.First = now
	}
}

// foremost is the value of a field of which one is shown, as it is shown: the surest, and of those the one seen last. Empty for
// other fields.
func (r *Register) foremost(d DeviceID, field Field) string {
	switch field {
	case Vendor, Model, Serial, Software:
	default:
		return ""
	}
	var best *Fact
	for _, t := range r.of(d) {
		for i := range t.Facts {
			if x := &t.Facts[i]; x.Field == field && (best == nil || cmp.Or(cmp.Compare(x.Sure, best.Sure), cmp.Compare(x.Last, best.Last), cmp.Compare(x.Value, best.Value)) > 0) {
				best = x
			}
		}
	}
	if best == nil {
		return ""
	}
	return best.Value
}

// known reports whether the same value was already known of the trace from another source.
func (r *Register) known(t *Trace, f *Fact) bool {
	n := 0
	for i := range t.Facts {
		if t.Facts[i].Field == f.Field && t.Facts[i].Value == f.Value {
			n++
		}
	}
	return n > 1
}

// trace is what is at the address of a sighting; a new one where nothing was.
func (r *Register) trace(s *Sighting) *Trace {
	if t := r.current[s.At]; t != nil {
		return t
	}
	if most := cmp.Or(r.Most, 1<<16); len(r.traces) >= max(most, r.room) {
		r.makeRoom(most)
	}
	r.lastT++
	r.lastD++
	t := &Trace{ID: r.lastT, Addr: s.At, Device: r.lastD, First: s.Time, Last: s.Time}
	r.traces[t.ID], r.current[s.At] = t, t
	r.put(t.Device, []*Trace{t})
	r.news[t.ID] = true
	r.tell(Change{Kind: Appeared, Time: s.Time, Device: t.Device, Addr: s.At})
	return t
}

// handsOver reports whether a sighting shows that its address belongs to another device now.
func (r *Register) handsOver(t *Trace, s *Sighting) bool {
	if t.Crowd != "" || s.Sure < Likely || r.worthless(s.Field, s.Value) {
		return false
	}
	rule, ok := ruleOf(s.Field)
	if !ok || s.Field != MAC && !rule.single {
		return false
	}
	if r.sharedBy(s.Field, s.Value) {
		return false
	}
	if leasedTo(t, s) {
		return true
	}
	other := false
	for i := range t.Facts {
		f := &t.Facts[i]
		if f.Field != s.Field || f.Sure < Likely || r.worthless(f.Field, f.Value) || r.sharedBy(f.Field, f.Value) {
			continue
		}
		if same(s.Field, f.Value, s.Value) {
			return false
		}
		if s.Field == MAC && s.Sure == Certain && f.Sure == Certain && s.Time > f.Last {
			other = true // an answer to ARP, or a lease
			continue
		}
		if s.Time < f.Last+pause {
			return false // both at once: not one after the other
		}
		other = true
	}
	return other
}

// leasedTo reports whether a lease names another host than the last lease of the address.
func leasedTo(t *Trace, s *Sighting) bool {
	if s.Field != Hostname || s.Source != "dhcp" || s.Sure != Certain {
		return false
	}
	other := false
	for i := range t.Facts {
		if f := &t.Facts[i]; f.Field == Hostname && same(Hostname, f.Value, s.Value) {
			return false
		} else if f.Field == Hostname && f.Source == s.Source && f.Sure == Certain && s.Time > f.Last {
			other = true
		}
	}
	return other
}

// Showing are the traces that show an identifier and are at their address still. They belong to the register.
func (r *Register) Showing(f Field, v string) []*Trace {
	e := r.edges[ident{f, v}]
	if e == nil {
		return nil
	}
	var all []*Trace
	for _, t := range e.traces {
		if !t.Over {
			all = append(all, t)
		}
	}
	return all
}

// Shared is why an identifier is not taken for a device's own; empty while it is.
func (r *Register) Shared(d DeviceID, f Field, v string) string {
	if e := r.edges[ident{f, v}]; e != nil && e.shared != "" {
		return e.shared
	}
	if why := r.barred(ident{f, v}, d); why != "" {
		return why
	}
	return r.waiting(ident{f, v}, d)
}

// DeviceOf is the device of a trace; 0 when it is no more.
func (r *Register) DeviceOf(id TraceID) DeviceID {
	if t := r.traces[id]; t != nil {
		return t.Device
	}
	return 0
}

func (r *Register) sharedBy(f Field, v string) bool {
	e := r.edges[ident{f, v}]
	return e != nil && e.shared != ""
}

// same reports whether two values of a field are one. NetBIOS cuts names to 15 characters (RFC 1001 §14).
func same(f Field, a, b string) bool {
	if f == Hostname && a != b {
		if len(a) > len(b) {
			a, b = b, a
		}
		return len(a) == 15 && b[:15] == a
	}
	return a == b
}

// count notes when several devices speak behind one address: a translator, a proxy, a gateway of serial devices.
func (r *Register) count(t *Trace, s *Sighting) {
	rule, _ := ruleOf(s.Field)
	if rule.crowd == 0 || t.Crowd != "" {
		return
	}
	var values []string
	for i := range t.Facts {
		f := &t.Facts[i]
		if f.Field != s.Field || f.Last < s.Time-6*pause || r.worthless(f.Field, f.Value) {
			continue
		}
		if !slices.ContainsFunc(values, func(v string) bool { return same(f.Field, v, f.Value) }) {
			values = append(values, f.Value)
		}
	}
	if len(values) < rule.crowd {
		return
	}
	t.Crowd = s.Field
	r.touch(t.Device)
	r.news[t.ID] = true
	r.tell(Change{Kind: Crowded, Time: s.Time, Device: t.Device, Field: s.Field, Addr: t.Addr,
		Why: fmt.Sprintf("%d values of %s within an hour", len(values), s.Field)})
	r.resplit(t.Device, s.Time, s.Field, "", "several devices speak behind "+t.Addr.String())
}

// link notes that a trace shows an identifier, and joins its device with those that show it too.
func (r *Register) link(t *Trace, id ident, now int64, fresh bool) {
	e := r.edge(id)
	if !slices.Contains(e.traces, t) {
		if len(e.traces) >= maxSharers {
			if e.shared != "" {
				return
			}
			r.share(e, id, now, fmt.Sprintf("more than %d addresses show it", maxSharers))
			return
		}
		e.traces = append(e.traces, t)
		fresh = true
	}
	if e.shared != "" || len(e.traces) == 1 {
		return
	}
	if id.field == Hostname || id.field == AE {
		r.awake(e, id, t, now)
	}
	if n, most := r.atOnce(e, id, t), mostAtOnce(id); n > most {
		r.share(e, id, now, fmt.Sprintf("%d addresses show it at the same time", n))
		return
	}
	if id.field == Hostname {
		if why := r.twins(e, id, t, now); why != "" {
			r.share(e, id, now, why)
			return
		}
	}
	if fresh {
		r.joinBy(e, id, t, now)
	}
}

// twins is why a name is not taken for one machine's: three network cards show it, or two of one network at the same time.
// A machine may have two cards in two networks, or another card when it is docked; a name that somebody takes from another
// is at both.
func (r *Register) twins(e *edge, id ident, t *Trace, now int64) string {
	mine := r.cards(t)
	if len(mine) == 0 {
		return ""
	}
	from, to := t.span(id)
	others := [][]string{mine}
	near := false
	for _, o := range e.traces {
		cards := r.cards(o)
		a, b := o.span(id)
		if o == t || o.Over || o.Device != t.Device || o.Crowd != "" || len(cards) == 0 || a > to || b < from-pause {
			continue
		}
		if slices.ContainsFunc(others, func(x []string) bool { return overlap(x, cards) }) {
			continue
		}
		others = append(others, cards)
		if o.Addr.Is4() == t.Addr.Is4() && network(o.Addr).Contains(t.Addr) && o.Last >= now-pause/2 {
			near = true
			if min(o.Last, t.Last)-max(o.First, t.First) >= pause && o.Device != t.Device {
				return "two network cards of one network show it at the same time"
			}
		}
	}
	switch {
	case len(others) > 2:
		return fmt.Sprintf("%d network cards show it at the same time", len(others))
	case !near:
		e.twins = 0
	case e.twins == 0:
		e.twins = now
	case now-e.twins >= pause:
		return "two network cards of one network show it at the same time"
	}
	return ""
}

// cards are the link addresses of a trace that its device alone has, and has not made up.
func (r *Register) cards(t *Trace) []string {
	var all []string
	for i := range t.Facts {
		if f := &t.Facts[i]; f.Field == MAC && !random(f.Value) && !r.worthless(MAC, f.Value) && !r.sharedBy(MAC, f.Value) {
			all = append(all, f.Value)
		}
	}
	return all
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// network is the network that an address is taken to be in.
func network(a netip.Addr) netip.Prefix {
	bits := 64
	if a.Is4() {
		bits = 24
	}
	p, _ := a.Prefix(bits) // both fit
	return p
}

func mostAtOnce(id ident) int {
	rule, _ := ruleOf(id.field)
	return rule.atOnce
}

// atOnce is at how many addresses of the family of t an identifier is shown while t shows it, t's own among them.
// Addresses that other identifiers hold together count as one where the identifier is one that may only be shown once.
func (r *Register) atOnce(e *edge, id ident, t *Trace) int {
	from, to := t.span(id)
	n := 0
	var apart [][]*Trace
	for _, o := range e.traces {
		if o.Addr.Is4() != t.Addr.Is4() || id.field != MAC && claimed(id.field) && o.Device != t.Device {
			continue
		}
		if a, b := o.span(id); a > to || b < from {
			continue
		}
		if mostAtOnce(id) == 1 {
			if slices.ContainsFunc(apart, func(group []*Trace) bool { return slices.Contains(group, o) }) {
				continue
			}
			apart = append(apart, r.component(o, func(x ident) bool { return x == id }))
		}
		n++
	}
	return n
}

// span is from when to when a trace has shown an identifier.
func (t *Trace) span(id ident) (from, to int64) {
	for i := range t.Facts {
		if f := &t.Facts[i]; f.Field == id.field && f.Value == id.value {
			if from == 0 || f.First < from {
				from = f.First
			}
			to = max(to, f.Last)
		}
	}
	return from, to
}

// joinBy joins the devices that show an identifier, where nothing speaks against it.
func (r *Register) joinBy(e *edge, id ident, t *Trace, now int64) {
	if !r.carries(t, id) {
		return
	}
	if n := r.claimants(e, id); n > mostNames {
		r.share(e, id, now, fmt.Sprintf("%d devices show it", n))
		return
	}
	for _, o := range slices.SortedFunc(slices.Values(e.traces), byID) {
		if r.traces[o.ID] == nil || o.Device == t.Device || !r.carries(o, id) {
			continue
		}
		if why := r.parted(o.Device, t.Device); why != "" && id.field != byPerson {
			r.bar(id, o, why)
			r.bar(id, t, why)
			return
		}
		switch v, why := r.rule(e, id, o, t, now); v {
		case later:
			_, claim := earlier(id, o, t)
			r.putOff(id, claim, now)
			continue
		case refused:
			r.refuse(e, id, o, t, now, why)
			if !r.carries(t, id) || e.shared != "" {
				return
			}
			continue
		case worthNothing:
			r.share(e, id, now, why)
			return
		}
		if why := r.against(o.Device, t.Device, id); why != "" {
			r.share(e, id, now, why)
			return
		}
		if r.present(o.Device)+r.present(t.Device) > maxPresent {
			r.share(e, id, now, fmt.Sprintf("it would make one device at more than %d addresses", maxPresent))
			return
		}
		r.join(o.Device, t.Device, Change{Kind: Joined, Time: now, Field: id.field, Value: id.value, Addr: t.Addr})
	}
}

// carries reports whether an identifier of a trace is that of the thing at its address: where several speak behind it,
// only its link address is.
func (r *Register) carries(t *Trace, id ident) bool {
	if r.barred(id, t.Device) != "" {
		return false
	}
	return t.Crowd == "" || id.field == MAC || id.field == byPerson
}

// against is what speaks against two devices being one: different values of an identifier of which a device has one.
func (r *Register) against(a, b DeviceID, by ident) string {
	if by.field == byPerson {
		return ""
	}
	for _, f := range [...]Field{Serial, Engine, Hostname} {
		if f == by.field || f == Hostname && (by.field == Serial || by.field == MAC && !random(by.value)) {
			continue // a name can be changed: it does not outweigh the machine's own identity; but see renamed
		}
		va, vb := r.values(a, f), r.values(b, f)
		if len(va) == 0 || len(vb) == 0 {
			continue
		}
		if !slices.ContainsFunc(va, func(x string) bool { return slices.ContainsFunc(vb, func(y string) bool { return same(f, x, y) }) }) {
			return fmt.Sprintf("%s %s and %s %s show it", f, va[0], f, vb[0])
		}
	}
	return ""
}

// values are the values of an identifier that a device is sure to have.
func (r *Register) values(d DeviceID, field Field) []string {
	var all []string
	for _, t := range r.of(d) {
		if t.Crowd != "" {
			continue
		}
		for i := range t.Facts {
			f := &t.Facts[i]
			if f.Field == field && f.Sure >= Likely && !r.worthless(field, f.Value) && !r.sharedBy(field, f.Value) && !slices.Contains(all, f.Value) {
				all = append(all, f.Value)
			}
		}
	}
	return all
}

// join makes one device of two: the one that is known longer stays.
func (r *Register) join(a, b DeviceID, c Change) {
	if b < a {
		a, b = b, a
	}
	if t := r.of(b); len(t) == 1 && t[0].First > c.Time-pause {
		c.Kind = Moved // it has just come to that address
	}
	reopen := r.reconcile(a, b)
	for _, t := range r.of(b) {
		t.Device = a
		r.news[t.ID] = true
	}
	r.members[a].traces = slices.SortedFunc(slices.Values(append(r.of(a), r.of(b)...)), byID) // as after a restart
	r.touch(a)
	delete(r.members, b)
	c.Device, c.Other = a, b
	r.tell(c)
	if reopen {
		r.reopenAll(c.Time, a)
	}
	r.condense(a)
}

// present is at how many addresses a device is.
func (r *Register) present(d DeviceID) (n int) {
	for _, t := range r.of(d) {
		if !t.Over {
			n++
		}
	}
	return n
}

// condense folds the oldest traces of a device into the next, when there are many: what they told is kept.
func (r *Register) condense(d DeviceID) {
	for len(r.of(d)) > maxTraces {
		past := r.Traces(d)
		i := slices.IndexFunc(past, func(t *Trace) bool { return t.Over })
		if i < 0 {
			return
		}
		t, heir := past[i], past[(i+1)%len(past)]
		for _, f := range t.Facts {
			if !f.Field.joins() || len(heir.Facts) == maxFacts || heir.shows(ident{f.Field, f.Value}) {
				continue
			}
			heir.Facts = append(heir.Facts, f)
			r.news[heir.ID] = true
			if e := r.edges[ident{f.Field, f.Value}]; e != nil { // the heir takes its place
				e.traces = append(e.traces, heir)
			}
		}
		for _, b := range t.Bars {
			r.bar(ident{b.Field, b.Value}, heir, b.Why)
		}
		if r.Folded != nil {
			r.Folded(t.ID, heir.ID)
		}
		r.drop(t)
	}
}

// share takes an identifier's worth: what it joined alone falls apart.
func (r *Register) share(e *edge, id ident, now int64, why string) {
	e.shared = why
	r.unbar(id)
	r.shares = true
	var devices []DeviceID
	for _, t := range slices.SortedFunc(slices.Values(e.traces), byID) {
		if !slices.Contains(devices, t.Device) {
			devices = append(devices, t.Device)
			r.touch(t.Device)
		}
	}
	told := Change{Kind: Twice, Time: now, Device: devices[0], Field: id.field, Value: id.value, Why: why}
	if len(devices) > 1 {
		told.Other = devices[1]
	}
	r.tell(told)
	for _, d := range devices {
		r.resplit(d, now, id.field, id.value, why)
	}
}

// resplit looks which traces of a device still hold together. Those with its oldest trace stay the device.
func (r *Register) resplit(d DeviceID, now int64, field Field, value, why string) {
	if all := r.of(d); len(all) > 1 {
		r.fallApart(d, slices.MinFunc(all, byID), now, field, value, why)
	}
}

func byID(a, b *Trace) int { return cmp.Compare(a.ID, b.ID) }

func (r *Register) fallApart(d DeviceID, stays *Trace, now int64, field Field, value, why string) {
	left := slices.SortedFunc(slices.Values(r.of(d)), byID)
	next, apart := stays, []DeviceID{d}
	for first := true; len(left) > 0; first = false {
		if !first {
			next = left[0]
		}
		group := r.component(next, nil)
		group = slices.DeleteFunc(group, func(t *Trace) bool { return !slices.Contains(left, t) })
		left = slices.DeleteFunc(left, func(t *Trace) bool { return slices.Contains(group, t) })
		if first {
			slices.SortFunc(group, byID)
			r.put(d, group)
			continue
		}
		apart = append(apart, r.found(group))
		r.tell(Change{Kind: Split, Time: now, Device: d, Other: r.lastD, Field: field, Value: value, Addr: group[0].Addr, Why: why})
	}
	if len(apart) > 1 {
		r.reopenAll(now, apart...)
	}
}

// component are the traces of a device that hold together with one, without some identifiers where that is given.
func (r *Register) component(from *Trace, without func(ident) bool) []*Trace {
	r.round++
	all := []*Trace{from}
	from.round = r.round
	for i := 0; i < len(all); i++ {
		t := all[i]
		for j := range t.Facts {
			if !t.Facts[j].Field.joins() {
				continue
			}
			id := ident{t.Facts[j].Field, t.Facts[j].Value}
			e := r.edges[id]
			if e == nil || e.shared != "" || len(e.traces) == 1 || without != nil && without(id) || !r.carries(t, id) {
				continue
			}
			for _, o := range e.traces {
				if o.round != r.round && o.Device == t.Device && r.carries(o, id) {
					o.round = r.round
					all = append(all, o)
				}
			}
		}
	}
	return all
}

func (r *Register) tell(c Change) {
	if r.Tell != nil {
		r.Tell(c)
	}
}
