package eve

import (
	"net/netip"

	"bulwark/event"
)

// community is the community id of a flow: a flow has several records, and the digest takes longer than the rest of a record's head.
type community struct {
	flow     uint64
	src, dst netip.Addr
	ports    event.Ports
	proto    uint8
	size     uint8
	id       [40]byte
}

// maxFlows is how many flows have their community ids kept; it is a power of two.
const maxFlows = 4096

// community writes the community id of what went between two ends.
func (w *Writer) community(e *event.Event, from, to netip.Addr) {
	if p, ok := e.Payload.(*event.Flow); ok && w.Seed == 0 && len(p.CommunityID) == len("1:")+28 {
		w.j.str("community_id", p.CommunityID)
		return
	}
	w.j.key("community_id")
	w.j.buf = append(w.appendCommunity(append(w.j.buf, '"'), e, from, to), '"')
}

func (w *Writer) appendCommunity(dst []byte, e *event.Event, from, to netip.Addr) []byte {
	if e.Flow == 0 || e.Proto != tcp && e.Proto != udp {
		return event.AppendSeededCommunityID(dst, w.Seed, from, to, e.Ports.Src, e.Ports.Dst, e.Proto)
	}
	if w.flows == nil {
		w.flows = make([]community, maxFlows)
	}
	c := &w.flows[e.Flow%maxFlows]
	if c.size == 0 || c.flow != e.Flow || c.proto != e.Proto || c.ports != e.Ports || c.src != e.Src || c.dst != e.Dst {
		id := event.AppendSeededCommunityID(c.id[:0], w.Seed, from, to, e.Ports.Src, e.Ports.Dst, e.Proto)
		c.flow, c.src, c.dst, c.ports, c.proto, c.size = e.Flow, e.Src, e.Dst, e.Ports, e.Proto, uint8(len(id))
	}
	return append(dst, c.id[:c.size]...)
}
