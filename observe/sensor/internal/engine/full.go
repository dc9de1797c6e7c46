package engine

import (
	"bulwark/wire"
	"bulwark/wire/packet"
)

// full is what a worker remembers only when captures are read and all is told.
type full struct {
	packet       uint64            // number of the packet in hand
	transactions map[uint64]uint64 // messages told of a flow, by its id
	held         held
}

// transaction is the place of a message in its conversation, from 1; 0 when that is not told.
func (w *Worker) transaction(f *flow) uint64 {
	if !w.opt.Full {
		return 0
	}
	if w.full.transactions == nil {
		w.full.transactions = map[uint64]uint64{}
	}
	w.full.transactions[f.id]++
	return w.full.transactions[f.id]
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
