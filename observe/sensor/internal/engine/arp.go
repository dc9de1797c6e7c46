package engine

import (
	"encoding/binary"
	"net/netip"

	"bulwark/event"
	"bulwark/wire/arp"
	"bulwark/wire/packet"
)

// neighbours remembers who claimed which address, and what of ARP was told. It is made when the first message comes.
// What another took the place of is forgotten: its next message is told again.
type neighbours struct {
	claims [neighbourSlots]claim
	told   [neighbourSlots]fact
}

// claim is that an address is at a link address.
type claim struct {
	addr uint32
	vlan uint16
	mac  arp.MAC
	at   int64 // nanoseconds; 0: a free slot
	told int64 // when it was told last that the address moved
}

const (
	neighbourSlots = 1 << 13
	neighbourLife  = 3600 * second
	movedLife      = 60 * second // between two events that tell of one address that it moved
)

// arp takes a message of ARP, which belongs to no flow.
func (w *Worker) arp(p *packet.Packet) {
	m, err := arp.Parse(p.Network)
	if err != nil {
		return
	}
	if w.neighbours == nil {
		w.neighbours = new(neighbours)
	}
	w.head = event.Header{Time: w.clock, Src: m.Sender, Dst: m.Target, VLAN: p.VLAN, Inner: p.Second, Third: p.Third,
		Packet: w.full.packet}
	t := texts{buf: w.out.text[:0]}
	e := &w.out.arp
	*e = event.ARP{Operation: m.Operation.String(), SrcMAC: t.mac(m.SenderMAC[:]), DstMAC: t.mac(m.TargetMAC[:]),
		Gratuitous: m.Gratuitous(), Probe: m.Probe()}
	if p.MAC != nil && arp.MAC(p.MAC[6:12]) != m.SenderMAC {
		e.FrameMAC = t.mac(p.MAC[6:12])
	}
	if m.Claims() {
		if other, moved := w.neighbours.claim(w, p.VLAN, &m); moved {
			e.OtherMAC = t.mac(other[:])
		}
	}
	w.out.text = t.buf
	w.showLoose(p)
	if w.neighbours.fresh(w, p.VLAN, &m) || e.OtherMAC != "" || w.opt.EVE {
		w.opt.Sink.Event(&w.head, e)
	}
	if m.Claims() {
		w.out.asset = event.Asset{MAC: e.SrcMAC, Source: "arp"}
		w.tellNeighbour(m.Sender, &w.out.asset)
	}
}

// claim notes where the sender's address is, and reports the link address that claimed it before, if that is another,
// once a minute.
func (n *neighbours) claim(w *Worker, vlan uint16, m *arp.Message) (before arp.MAC, moved bool) {
	addr := m.Sender.As4()
	now := claim{addr: binary.BigEndian.Uint32(addr[:]), vlan: vlan, mac: m.SenderMAC, at: w.now}
	c := &n.claims[mum(uint64(now.addr)<<16^uint64(vlan)^w.opt.Seed, 0xa0761d6478bd642f)&(neighbourSlots-1)]
	before = c.mac
	if c.at != 0 && c.addr == now.addr && c.vlan == vlan && w.now < c.at+neighbourLife {
		now.told = c.told
		moved = c.mac != now.mac && (w.opt.EVE || c.told == 0 || w.now >= c.told+movedLife)
	}
	if moved {
		now.told = w.now
	}
	*c = now
	return before, moved
}

// fresh reports whether a message says what none has said lately.
func (n *neighbours) fresh(w *Worker, vlan uint16, m *arp.Message) bool {
	from, to := m.Sender.As4(), m.Target.As4()
	var macs [16]byte
	copy(macs[:], m.SenderMAC[:])
	copy(macs[6:], m.TargetMAC[:])
	sum := mum(be64(macs[:8])^w.opt.Seed, be64(macs[8:])^0xa0761d6478bd642f)
	sum = mum(sum^uint64(binary.BigEndian.Uint32(from[:]))<<32^uint64(binary.BigEndian.Uint32(to[:])), uint64(m.Operation)<<16^uint64(vlan)^0xe7037ed1a0b428db)
	known := &n.told[sum&(neighbourSlots-1)]
	if known.sum == sum && w.now < known.at+neighbourLife {
		return false
	}
	*known = fact{sum, w.now}
	return true
}

// tellNeighbour reports a fact about the device at an address, of which a message beside all flows tells.
func (w *Worker) tellNeighbour(at netip.Addr, e *event.Asset) {
	if w.factIsFresh(at, e) {
		w.head.Src, w.head.Dst = at, netip.Addr{}
		w.opt.Sink.Event(&w.head, e)
	}
}
