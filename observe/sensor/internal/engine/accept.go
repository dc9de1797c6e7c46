package engine

import (
	"bulwark/wire"
	"bulwark/wire/packet"
)

// refused reports whether a segment of a connection that is being opened is none of it: its receiver drops it, or, where
// EVE is written, Suricata does not follow the connection. It is not told what it changes.
func (w *Worker) refused(f *flow, dir wire.Dir, p *packet.Packet) bool {
	if f.apart {
		w.judgeLone(f, p.Flags)
		return true
	}
	if f.flags[wire.ToServer]&packet.SYN == 0 || f.flags[wire.ToClient]&packet.SYN != 0 { // not between SYN and its answer
		return false
	}
	switch {
	case dir == wire.ToClient && w.wrongEcho(f, p):
		w.streamOdd(f, oldStamp)
		return true
	case p.Flags&packet.RST != 0:
		return dir == wire.ToServer && (p.Seq+1 != f.next[dir] || p.Window != 0 || p.Ack != f.next[dir])
	case p.Flags&packet.SYN != 0:
		return false
	}
	return w.opt.Records.Answered || dir == wire.ToClient && p.Flags&packet.FIN != 0 && len(p.Payload) == 0
}

// wrongEcho reports whether the answer to a SYN returns a time stamp that the SYN did not have (RFC 7323 section 3.2). Where
// it was sent several times it may be that of an earlier one.
func (w *Worker) wrongEcho(f *flow, p *packet.Packet) bool {
	if !p.Stamped || p.Echo == 0 || f.packets[wire.ToServer] > 1 {
		return false
	}
	return f.stamped&(1<<wire.ToServer) == 0 || f.stamp[wire.ToServer] != 0 && p.Echo != f.stamp[wire.ToServer]
}

// apart reports whether a connection whose first segment has these flags is not followed, as the settings of EVE ask for.
func (w *Worker) apart(flags uint8) bool {
	r := &w.opt.Records
	switch {
	case flags&(packet.SYN|packet.ACK|packet.RST) == packet.SYN:
		return false
	case flags&(packet.SYN|packet.ACK|packet.RST) == packet.SYN|packet.ACK:
		return r.Begun && r.Answered
	}
	return r.Begun
}

// underWay reports whether a connection that was met in its middle, or of which one side is seen, is as good as
// established.
func (w *Worker) underWay(f *flow) bool {
	ack := (f.flags[0] | f.flags[1]) & packet.ACK
	switch {
	case f.marks&markMid != 0:
		return ack != 0
	case f.flags[wire.ToServer]&packet.SYN == 0: // the answer came first
		return f.packets[0]+f.packets[1] > 1
	}
	return f.flags[wire.ToServer]&packet.ACK != 0 && f.packets[wire.ToClient] == 0
}
