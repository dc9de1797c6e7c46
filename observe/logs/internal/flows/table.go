package flows

import (
	"net/netip"
	"slices"

	"bulwark/event"
)

// Bounds of what waits.
const (
	maxWaiting = 1 << 16
	hold       = 5_000_000_000 // nanoseconds that a conversation waits for what else is told of it
)

// key is a conversation as one exporter tells it, whichever way its packets go: the lesser end first.
type key struct {
	exporter netip.Addr
	a, b     netip.AddrPort
	proto    uint8
}

// waiting is what was told of a conversation: to a, and to b.
type waiting struct {
	key
	since      int64 // receipt, unix nanoseconds
	start, end int64
	packets    [2]uint64 // from a, from b
	bytes      [2]uint64
	flags      [2]uint8
	began      [2]int64 // when each side was first told to send; 0: never
	vlan       uint16
	sampling   uint64
	closed     bool
}

// told is one record of an exporter, in one direction or both.
type told struct {
	exporter               netip.Addr
	src, dst               netip.AddrPort
	proto                  uint8
	packets, bytes         uint64
	packetsBack, bytesBack uint64
	flags, flagsBack       uint8
	both                   bool
	start, end             int64
	vlan                   uint16
	sampling               uint64
	closed                 bool
}

// table joins what exporters tell of the two directions of a conversation, and of its packets one by one, to conversations like those
// of the sensor. It is of one goroutine.
type table struct {
	all   map[key]*waiting
	order []*waiting // the oldest first
	// Early counts conversations that made room before their time.
	early uint64
}

// add takes a record.
func (t *table) add(r *told, now int64) {
	if t.all == nil {
		t.all = map[key]*waiting{}
	}
	k := key{r.exporter, r.src, r.dst, r.proto}
	side := 0
	if r.dst.Compare(r.src) < 0 {
		k.a, k.b, side = r.dst, r.src, 1
	}
	w := t.all[k]
	if w == nil {
		w = &waiting{key: k, since: now, start: r.start, end: r.end}
		t.all[k] = w
		t.order = append(t.order, w)
	}
	w.join(r, side)
}

func (w *waiting) join(r *told, side int) {
	n := max(r.sampling, 1)
	w.start, w.end = min(w.start, r.start), max(w.end, r.end)
	w.packets[side] += r.packets * n
	w.bytes[side] += r.bytes * n
	w.flags[side] |= r.flags
	if w.began[side] == 0 || r.start < w.began[side] {
		w.began[side] = r.start
	}
	if r.both {
		w.packets[1-side] += r.packetsBack * n
		w.bytes[1-side] += r.bytesBack * n
		w.flags[1-side] |= r.flagsBack
		w.began[1-side] = max(w.began[1-side], r.start+1) // who is told as the source began it
	}
	w.vlan, w.sampling, w.closed = max(w.vlan, r.vlan), max(w.sampling, r.sampling), w.closed || r.closed
}

// ripe takes out the conversations that have waited long enough, or for which there is no room any more.
func (t *table) ripe(now int64) []*waiting {
	n := 0
	for n < len(t.order) && (now-t.order[n].since >= hold || now < t.order[n].since || len(t.order)-n > maxWaiting) {
		if now-t.order[n].since < hold {
			t.early++
		}
		delete(t.all, t.order[n].key)
		n++
	}
	out := slices.Clone(t.order[:n])
	clear(t.order[:n])
	t.order = append(t.order[:0], t.order[n:]...)
	return out
}

// client is the side that began: the one whose flags ask without an answer, the one that was told to send first, or else the one with
// the greater port.
func (w *waiting) client() int {
	const syn, ack = 0x02, 0x10
	switch a, b := w.began[0], w.began[1]; {
	case w.proto == 6 && w.flags[0]&(syn|ack) == syn && w.flags[1]&ack != 0:
		return 0
	case w.proto == 6 && w.flags[1]&(syn|ack) == syn && w.flags[0]&ack != 0:
		return 1
	case a != 0 && b != 0 && a != b && w.sampling <= 1: // of packets that were picked the first says nothing
		if a < b {
			return 0
		}
		return 1
	case w.proto != 1 && w.proto != 58 && w.a.Port() != w.b.Port():
		if w.a.Port() > w.b.Port() {
			return 0
		}
		return 1
	case a != 0:
		return 0
	}
	return 1
}

// event is the conversation as the sensor would tell it, with who told it.
func (w *waiting) event() *event.Event {
	c := w.client()
	s := 1 - c
	ends := [2]netip.AddrPort{w.a, w.b}
	f := &event.Flow{Activity: "Traffic", Start: uint64(w.start), Duration: uint64(max(w.end-w.start, 0)), PacketsOut: w.packets[c], PacketsIn: w.packets[s],
		BytesOut: w.bytes[c], BytesIn: w.bytes[s], FlagsOut: uint64(w.flags[c]), FlagsIn: uint64(w.flags[s]),
		OneSided: w.packets[s] == 0 && w.proto == 6, Exporter: w.exporter.String(), Sampling: max(w.sampling, 1)}
	if w.closed {
		f.Activity, f.State = "Close", "closed"
	}
	src, dst := ends[c], ends[s]
	f.CommunityID = string(event.AppendCommunityID(nil, src.Addr(), dst.Addr(), src.Port(), dst.Port(), w.proto))
	h := event.Header{Time: w.end, Src: src.Addr(), Dst: dst.Addr(), Ports: event.Ports{Src: src.Port(), Dst: dst.Port()}, Proto: w.proto, VLAN: w.vlan}
	return &event.Event{Header: h, Payload: f}
}
