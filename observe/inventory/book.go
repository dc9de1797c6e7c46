package inventory

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/observe/inventory/internal/evidence"
	"bulwark/observe/inventory/internal/links"
	"bulwark/observe/inventory/internal/register"
	"bulwark/observe/inventory/internal/rhythm"
)

// book is the inventory as it stands in memory: what the events have told. It is not safe for concurrent use.
type book struct {
	register *register.Register
	links    *links.Table
	rhythms  *rhythm.Table
	networks []netip.Prefix // whose addresses are the hospital's

	reader   evidence.Reader
	gateways map[string]int64 // link addresses that those outside are behind, and the quarter in which that was told
	fresh    [][4]sighted     // of a slot each; slots begin where lines of the processor's cache do
	gists    [][4]uint64      // of the flows at the same places
	flows    [][4]heard
	tellers  tellers
	quarter  int64 // in which the event in hand happened
	events   uint64
	now      int64 // when the last event happened; unix nanoseconds
	event    event.Event
	batch    event.Reader
}

// sighted is what was told in a quarter of an hour, and need not be told again in it: a fact, or all facts of an event.
type sighted struct {
	sum     uint64
	quarter int64 // since 1970
}

// quarter is how long what was told need not be told again. Each begins at a quarter by the clock, for everything at once: an event
// that says nothing new is known by one look then, and not as often as its facts were told at different times.
const quarter = int64(15 * time.Minute)

// lately reports whether what was told in a quarter need not be told again in another. That of the quarter before comes late, and is
// no news either.
func lately(in, now int64) bool { return in == now || in == now+1 }

// heard is a flow of which all that it says was told lately: nothing but that its ends were there, and what they exchanged, is
// new about another like it.
type heard struct {
	quarter  int64           // in which it was told
	from, to *register.Trace // what is at its ends; nil for somebody outside
	counts   bool            // one uses something of the other
	use      links.Ref
	sides    [2]*rhythm.Side // of who uses and of who serves; nil until one of them counts
}

const (
	freshSlots = 1 << 16 // of four each: what 20,000 devices say over and over
	flowSlots  = 1 << 15 // likewise
)

func newBook(networks []netip.Prefix, zone *time.Location) *book {
	b := &book{register: register.New(), links: links.New(), rhythms: rhythm.New(zone), networks: networks, gateways: map[string]int64{},
		fresh: make([][4]sighted, freshSlots), gists: make([][4]uint64, flowSlots), flows: make([][4]heard, flowSlots), tellers: make(tellers, tellerSlots)}
	b.reader.See = b.see
	b.register.Folded = b.fold
	return b
}

// ours reports whether an address can be a device of the hospital.
func (b *book) ours(a netip.Addr) bool {
	if !a.IsValid() || evidence.ToMany(a) || a.IsUnspecified() || a.IsLoopback() {
		return false
	}
	if a.IsPrivate() || a.IsLinkLocalUnicast() {
		return true
	}
	for _, p := range b.networks {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// read takes the events of a batch.
func (b *book) read(batch []byte) error {
	if err := b.batch.Open(batch); err != nil {
		return err
	}
	for b.batch.Next(&b.event) {
		b.take(&b.event)
	}
	return b.batch.Err()
}

// take takes one event.
func (b *book) take(e *event.Event) {
	b.events++
	if e.Time > b.now || e.Time < b.now-int64(time.Hour) { // a clock that was set wrong is believed again when it is right
		b.now = e.Time
	}
	if f, ok := e.Payload.(*event.Flow); ok {
		if last := int64(f.Start + f.Duration); last > 0 { // it may be told long after, when its time is up
			e.Time = min(e.Time, last)
		}
		b.quarter = e.Time / quarter
		b.flow(e, f)
		return
	}
	b.quarter = e.Time / quarter
	if sum, ok := b.reader.Sum(e); ok && b.again(sum) {
		return
	}
	b.reader.Read(e)
}

// flow takes what a flow says, unless all of it was told lately, and counts what one end uses of the other. What several tell is
// counted once.
func (b *book) flow(e *event.Event, f *event.Flow) {
	if f.Exporter != "" && !b.tellers.counts(e, f, b.quarter) {
		return
	}
	gist := b.reader.Gist(&e.Header, f)
	k, known := b.heard(gist)
	known = known && k.from.Here() && k.to.Here()
	if !known || !lately(k.quarter, b.quarter) {
		b.reader.Read(e)
		if !known || !k.from.Here() || !k.to.Here() { // or what it says shows that something else is there now
			*k = heard{from: b.traceAt(e.Src, e.Time), to: b.traceAt(e.Dst, e.Time)}
			k.counts = (k.from != nil || k.to != nil) && !evidence.ToMany(e.Dst) && (f.BytesIn != 0 || f.TotalBytesIn != 0) // somebody answered
		}
		b.wayOuts(k, e, f)
		k.quarter = b.quarter
		if f.Exporter == "" {
			b.tellers.counts(e, f, b.quarter)
		}
	}
	k.from.Seen(e.Time)
	k.to.Seen(e.Time)
	if !k.counts {
		return
	}
	if !b.links.Again(k.use, e.Time, ended(f), f.BytesOut, f.BytesIn) {
		k.use = b.links.Count(keyOf(k.from, k.to, e, f), e.Time, ended(f), f.BytesOut, f.BytesIn)
	}
	b.beat(k, e, f)
}

// heard is where a flow of that gist has its place, and whether one had it before; else the one told longest ago makes room.
func (b *book) heard(gist uint64) (k *heard, known bool) {
	slot := gist & (flowSlots - 1)
	gists, flows := &b.gists[slot], &b.flows[slot]
	if n := slices.Index(gists[:], gist); n >= 0 {
		return &flows[n], true
	}
	oldest := 0
	for n := range flows {
		if flows[n].quarter < flows[oldest].quarter {
			oldest = n
		}
	}
	gists[oldest] = gist
	return &flows[oldest], false
}

// wayOuts notes the link addresses of the ends that are outside.
func (b *book) wayOuts(k *heard, e *event.Event, f *event.Flow) {
	switch {
	case f.SrcMAC == f.DstMAC:
	case k.from != nil && k.to == nil && !evidence.ToMany(e.Dst):
		b.wayOut(f.DstMAC, e.Time)
	case k.from == nil && k.to != nil:
		b.wayOut(f.SrcMAC, e.Time)
	}
}

// beat counts a conversation that ended in the weeks of its ends.
func (b *book) beat(k *heard, e *event.Event, f *event.Flow) {
	if !ended(f) || signal(app(e, f)) {
		return
	}
	for n, t := range [...]*register.Trace{k.from, k.to} {
		if t == nil || k.sides[n] != nil && b.rhythms.Again(k.sides[n], e.Time) {
			continue
		}
		k.sides[n] = b.rhythms.Side(rhythm.Key{Trace: t.ID, Serves: n == 1})
		b.rhythms.Again(k.sides[n], e.Time)
	}
}

// fold gives what a trace did to another, which takes its place.
func (b *book) fold(from, into register.TraceID) {
	b.links.Fold(from, into)
	b.rhythms.Fold(from, into)
}

// forget forgets what traces did that are no more.
func (b *book) forget() {
	gone := func(id register.TraceID) bool { return id != 0 && b.register.Trace(id) == nil }
	b.links.Forget(gone)
	b.rhythms.Forget(gone)
}

func ended(f *event.Flow) bool { return f.Activity == "Close" }

// app is what is spoken in a flow.
func app(e *event.Event, f *event.Flow) string {
	if f.App == "" {
		return event.ProtoName(e.Proto)
	}
	return f.App
}

// keyOf is what a flow uses. Its text may point into the event.
func keyOf(from, to *register.Trace, e *event.Event, f *event.Flow) links.Key {
	k := links.Key{App: app(e, f)}
	if from != nil {
		k.From = from.ID
	}
	if to != nil {
		k.To = to.ID
	}
	return k
}

// wayOut notes that frames of somebody outside bear a link address: who has it for its own joins networks. It is who answers for
// it by ARP; where nobody was heard to, and one device alone shows it, that may as well be behind the router.
func (b *book) wayOut(mac string, now int64) {
	if mac == "" {
		return
	}
	if in, ok := b.gateways[mac]; ok && lately(in, b.quarter) {
		return
	}
	if len(b.gateways) >= maxGateways {
		clear(b.gateways)
	}
	b.gateways[strings.Clone(mac)] = b.quarter
	showing := b.register.Showing(register.MAC, mac)
	s := register.Sighting{Time: now, Field: register.Role, Value: "router to the outside", Source: "flow", Sure: register.Likely}
	sure := false
	for _, t := range showing {
		if _, certain := t.Says(register.MAC, mac); certain {
			s.At, sure = t.Addr, true
			b.register.See(&s)
		}
	}
	if !sure && len(showing) == 1 {
		s.At, s.Value, s.Sure = showing[0].Addr, "at the link address of the way out", register.Possible
		b.register.See(&s)
	}
}

const maxGateways = 1024

// traceAt is what is at an address of the hospital; nil for one outside.
func (b *book) traceAt(a netip.Addr, at int64) *register.Trace {
	if !b.ours(a) {
		return nil
	}
	return b.register.InUse(a, at)
}

// see takes a sighting, unless the same was told lately.
func (b *book) see(s *register.Sighting) {
	if !b.ours(s.At) {
		return
	}
	if !b.again(evidence.Sum(0).Addr(s.At).Text(string(s.Field)).Text(s.Value).Text(s.Source).Number()) {
		b.register.See(s)
	}
}

// again reports whether what has a sum was told in this quarter, and notes that it is told now.
func (b *book) again(sum uint64) bool {
	slot := &b.fresh[sum&(freshSlots-1)]
	known := &slot[0]
	for i := range slot {
		k := &slot[i]
		if k.sum == sum && lately(k.quarter, b.quarter) {
			return true
		}
		if k.sum == sum || k.quarter < known.quarter && known.sum != sum {
			known = k // the same, or else the oldest, makes room
		}
	}
	*known = sighted{sum, b.quarter}
	return false
}
