package engine

import (
	"slices"
	"strconv"

	"bulwark/wire"
	"bulwark/wire/packet"
)

// full is what a worker remembers only when captures are read and all is told.
type full struct {
	packet     uint64 // number of the packet in hand
	held       held
	tally      *tally   // what the stats record tells; nil where none is written
	began      int64    // when the first packet was seen
	extras     []*extra // of flows, by flow.extra
	freeExtras []uint32
	ttl        [2][2]string // scratch
}

// extra is what is remembered of a flow besides. It serves one flow after the other.
type extra struct {
	messages uint64       // that have a place in it
	counted  uint64       // its transactions, as the stats record counts them
	events   []*heldEvent // that wait, in their order
	alerts   int          // among them
	unheard  unheard      // whether rules may not know its protocol yet
	macs     [2][]mac     // its link addresses after the first ones
}

// extra is what is remembered of f besides, made where there is none.
func (w *Worker) extra(f *flow) *extra {
	u := &w.full
	if f.extra == 0 {
		if n := len(u.freeExtras); n > 0 {
			f.extra, u.freeExtras = u.freeExtras[n-1], u.freeExtras[:n-1]
		} else {
			u.extras = append(u.extras, new(extra))
			f.extra = uint32(len(u.extras))
		}
	}
	return u.extras[f.extra-1]
}

// maxIdleRoom is for how many events a flow that is over leaves room to the next.
const maxIdleRoom = 16

// forget forgets what is remembered of f besides.
func (u *full) forget(f *flow) {
	if f.extra == 0 {
		return
	}
	x := u.extras[f.extra-1]
	if cap(x.events) > maxIdleRoom {
		x.events = nil
	}
	*x = extra{events: x.events[:0], macs: [2][]mac{x.macs[0][:0], x.macs[1][:0]}}
	u.freeExtras = append(u.freeExtras, f.extra)
	f.extra = 0
}

// mac is a link address.
type mac = [6]byte

// maxMACs is how many link addresses of one end of a flow are told.
const maxMACs = 10

// notice remembers of a packet of f, which was counted, what only EVE tells.
func (w *Worker) notice(f *flow, dir wire.Dir, p *packet.Packet) {
	t := &f.ttl[dir]
	if f.packets[dir] == 1 {
		*t = [2]uint8{p.TTL, p.TTL}
	} else {
		t[0], t[1] = min(t[0], p.TTL), max(t[1], p.TTL)
	}
	if p.MAC == nil {
		return
	}
	src, dst := mac(p.MAC[6:12]), mac(p.MAC[:6])
	if dir == wire.ToClient {
		src, dst = dst, src
	}
	if src != f.mac[0] {
		w.moreMAC(f, 0, src)
	}
	if dst != f.mac[1] {
		w.moreMAC(f, 1, dst)
	}
}

func (w *Worker) moreMAC(f *flow, end int, a mac) {
	m := &w.extra(f).macs
	if len(m[end]) < maxMACs && !slices.Contains(m[end], a) {
		m[end] = append(m[end], a)
	}
}

// tellMore adds to the flow event what only EVE tells.
func (w *Worker) tellMore(f *flow) {
	p := &w.out.flow
	for dir, to := range [2]*[]string{&p.TTLOut, &p.TTLIn} {
		if f.packets[dir] > 0 {
			s := &w.full.ttl[dir]
			s[0], s[1] = strconv.Itoa(int(f.ttl[dir][0])), strconv.Itoa(int(f.ttl[dir][1]))
			*to = s[:]
		}
	}
	p.Midstream = p.Midstream || f.key.proto == packet.TCP && f.flags[0]&packet.SYN == 0
	if f.extra == 0 {
		return
	}
	x := w.extra(f)
	p.Transactions = x.counted
	m := &x.macs
	if len(m[0])+len(m[1]) == 0 {
		return
	}
	for end, to := range [2]*[]string{&p.SrcMACs, &p.DstMACs} {
		_, first := appendMAC(nil, f.mac[end])
		*to = []string{first}
		for _, a := range m[end] {
			_, s := appendMAC(nil, a)
			*to = append(*to, s)
		}
	}
}

// transaction is the place of a message in its conversation, from 1; 0 when that is not told.
func (w *Worker) transaction(f *flow) uint64 {
	if !w.opt.Full {
		return 0
	}
	x := w.extra(f)
	x.messages++
	return x.messages
}

// The states of a TCP connection, as Suricata numbers what it sees of both ends.
const (
	tcpNone uint8 = iota
	tcpSynSent
	tcpSynRecv
	tcpEstablished
	tcpFinWait1
	tcpFinWait2
	tcpTimeWait
	tcpLastAck
	tcpCloseWait
	tcpClosing
	tcpClosed
)

var tcpStates = [...]string{"none", "syn_sent", "syn_recv", "established", "fin_wait1", "fin_wait2", "time_wait", "last_ack",
	"close_wait", "closing", "closed"}

// tcpPhase is the state behind a segment. A FIN of the client leads to close_wait, one of the server to fin_wait1.
func tcpPhase(was uint8, dir wire.Dir, flags uint8) uint8 {
	syn, fin, ack := flags&packet.SYN != 0, flags&packet.FIN != 0, flags&packet.ACK != 0
	switch {
	case flags&packet.RST != 0:
		return tcpClosed
	case syn && !ack:
		return max(was, tcpSynSent)
	case syn:
		return max(was, tcpSynRecv)
	}
	switch was {
	case tcpNone, tcpSynSent, tcpSynRecv, tcpEstablished:
		switch {
		case fin && dir == wire.ToServer:
			return tcpCloseWait
		case fin:
			return tcpFinWait1
		case ack && was != tcpSynSent:
			return tcpEstablished
		}
	case tcpCloseWait:
		if fin && dir == wire.ToClient {
			return tcpLastAck
		}
	case tcpFinWait1, tcpFinWait2:
		switch {
		case fin && dir == wire.ToServer:
			return tcpTimeWait
		case ack && dir == wire.ToServer:
			return tcpFinWait2
		}
	case tcpLastAck:
		if ack && dir == wire.ToServer {
			return tcpClosed
		}
	case tcpTimeWait:
		if ack && dir == wire.ToClient {
			return tcpClosed
		}
	}
	return was
}
