package inventory

import (
	"net/netip"
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
	gateways map[string]int64 // link addresses that those outside are behind, and when that was told
	fresh    [freshSlots]sighted
	events   uint64
	now      int64 // when the last event happened; unix nanoseconds
	event    event.Event
	batch    event.Reader
}

// sighted is a fact that was told lately, and need not be told again within the quarter of an hour.
type sighted struct {
	sum uint64
	at  int64
}

const (
	freshSlots = 1 << 15
	freshLife  = int64(15 * 60e9)
)

func newBook(networks []netip.Prefix, zone *time.Location) *book {
	b := &book{register: register.New(), links: links.New(), rhythms: rhythm.New(zone), networks: networks, gateways: map[string]int64{}}
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
	b.reader.Read(e)
	if f, ok := e.Payload.(*event.Flow); ok {
		b.use(e, f)
	}
}

// use counts what one end of a conversation uses of the other.
func (b *book) use(e *event.Event, f *event.Flow) {
	from, to := b.traceAt(e.Src, e.Time), b.traceAt(e.Dst, e.Time)
	many := evidence.ToMany(e.Dst)
	switch {
	case from != 0 && to == 0 && !many && f.SrcMAC != f.DstMAC:
		b.wayOut(f.DstMAC, e.Time)
	case from == 0 && to != 0 && f.SrcMAC != f.DstMAC:
		b.wayOut(f.SrcMAC, e.Time)
	}
	if from == 0 && to == 0 || many {
		return
	}
	if f.BytesIn == 0 && f.TotalBytesIn == 0 {
		return // nobody answered
	}
	app := f.App
	if app == "" {
		app = event.ProtoName(e.Proto)
	}
	ended := f.Activity == "Close"
	b.links.Count(links.Key{From: from, To: to, App: app}, e.Time, ended, f.BytesOut, f.BytesIn)
	if ended && !signal(app) {
		b.rhythms.Count(rhythm.Key{Trace: from}, e.Time)
		b.rhythms.Count(rhythm.Key{Trace: to, Serves: true}, e.Time)
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

// wayOut notes that frames of somebody outside bear a link address: who has it for its own joins networks. It is who answers for
// it by ARP; where nobody was heard to, and one device alone shows it, that may as well be behind the router.
func (b *book) wayOut(mac string, now int64) {
	if mac == "" || now < b.gateways[mac]+freshLife {
		return
	}
	if len(b.gateways) >= maxGateways {
		clear(b.gateways)
	}
	b.gateways[strings.Clone(mac)] = now
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

// traceAt is what is at an address of the hospital; 0 for one outside.
func (b *book) traceAt(a netip.Addr, at int64) register.TraceID {
	if !b.ours(a) {
		return 0
	}
	return b.register.See(&register.Sighting{At: a, Time: at}).ID
}

// see takes a sighting, unless the same was told lately.
func (b *book) see(s *register.Sighting) {
	if !b.ours(s.At) {
		return
	}
	sum := hash(s)
	known := &b.fresh[sum&(freshSlots-1)]
	if known.sum == sum && s.Time < known.at+freshLife && s.Time >= known.at {
		return
	}
	*known = sighted{sum, s.Time}
	b.register.See(s)
}

// hash is FNV-1a of what a sighting says, apart from its time.
func hash(s *register.Sighting) uint64 {
	h := uint64(0xcbf29ce484222325)
	a := s.At.As16()
	for _, c := range a {
		h = (h ^ uint64(c)) * 0x100000001b3
	}
	for _, x := range [...]string{string(s.Field), s.Value, s.Source} {
		for i := range len(x) {
			h = (h ^ uint64(x[i])) * 0x100000001b3
		}
		h *= 0x100000001b3
	}
	return h ^ h>>29
}
