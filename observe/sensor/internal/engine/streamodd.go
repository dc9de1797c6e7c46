package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/packet"
)

// streamOddity is something about a TCP connection that breaks RFC 9293, or hides something from a watcher. Names are
// those of Suricata's stream events.
type streamOddity uint8

const (
	synOtherNumber streamOddity = iota
	synToClient
	synAckWrongAck
	synAckOtherAck
	synAckOtherNumber
	synAckToServer
	handshakeWrongSeqAck
	handshakeWrongAck
	establishedSyn
	establishedSynOther
	establishedSynToClient
	establishedSynAck
	establishedSynAckToServer
	ackWithoutFlag
	invalidAck
	establishedInvalidAck
	outOfWindow
	oldStamp
	resetInvalidAck
	resetSuspected
	finOutOfWindow
	finWithoutSession
	resetWithoutSession
	sentAgain
	overlapDiffers
	sequenceGap
	streamOddities
)

var streamNames = [streamOddities]string{
	synOtherNumber:            "stream.3whs_syn_resend_diff_seq_on_syn_recv",
	synToClient:               "stream.3whs_syn_toclient_on_syn_recv",
	synAckWrongAck:            "stream.3whs_synack_with_wrong_ack",
	synAckOtherAck:            "stream.3whs_synack_resend_with_different_ack",
	synAckOtherNumber:         "stream.3whs_synack_resend_with_diff_seq",
	synAckToServer:            "stream.3whs_synack_in_wrong_direction",
	handshakeWrongSeqAck:      "stream.3whs_wrong_seq_wrong_ack",
	handshakeWrongAck:         "stream.3whs_right_seq_wrong_ack_evasion",
	establishedSyn:            "stream.est_syn_resend",
	establishedSynOther:       "stream.est_syn_resend_diff_seq",
	establishedSynToClient:    "stream.est_syn_toclient",
	establishedSynAck:         "stream.est_synack_resend",
	establishedSynAckToServer: "stream.est_synack_toserver",
	ackWithoutFlag:            "stream.pkt_broken_ack",
	invalidAck:                "stream.pkt_invalid_ack",
	establishedInvalidAck:     "stream.est_invalid_ack",
	outOfWindow:               "stream.est_packet_out_of_window",
	oldStamp:                  "stream.pkt_invalid_timestamp",
	resetInvalidAck:           "stream.rst_invalid_ack",
	resetSuspected:            "stream.suspected_rst_inject",
	finOutOfWindow:            "stream.fin_out_of_window",
	finWithoutSession:         "stream.fin_but_no_session",
	resetWithoutSession:       "stream.rst_but_no_session",
	sentAgain:                 "stream.pkt_spurious_retransmission",
	overlapDiffers:            "stream.reassembly_overlap_different_data",
	sequenceGap:               "stream.reassembly_seq_gap",
}

func (w *Worker) streamOdd(f *flow, o streamOddity) {
	if w.opt.EVE {
		w.full.tally.streams[o]++
	}
	if !w.may(packet.Oddities + int(o)) {
		return
	}
	w.header(f)
	w.out.anomaly = event.Anomaly{Type: "stream", Event: streamNames[o], App: f.app.String()}
	w.showRecord(f, &w.out.anomaly)
	w.opt.Sink.Event(&w.head, &w.out.anomaly)
}

// judge looks at a segment of f before it changes what is known of the connection.
func (w *Worker) judge(f *flow, dir wire.Dir, p *packet.Packet) {
	flags := p.Flags & (packet.SYN | packet.ACK | packet.RST | packet.FIN)
	if p.Ack != 0 && flags&packet.ACK == 0 && flags&packet.RST == 0 {
		w.streamOdd(f, ackWithoutFlag)
	}
	if f.marks&markMid != 0 { // what came before is not known
		if w.opt.EVE && f.packets[0]+f.packets[1] == 1 {
			w.judgeLone(f, flags)
		}
		return
	}
	both := isn(0) | isn(1)
	switch {
	case flags&packet.RST != 0:
		if flags&packet.ACK != 0 && f.marks&both == both && beyond(f, dir.Other(), p.Ack) {
			w.streamOdd(f, resetInvalidAck)
		}
	case flags&packet.SYN != 0:
		w.judgeSyn(f, dir, p)
	case f.doubt&(1<<dir) != 0, f.state == stateClosed && f.flags[dir]&packet.RST != 0: // who has reset it goes on: another one has
		f.doubt &^= 1 << dir
		w.streamOdd(f, resetSuspected)
	case f.state == stateNew && flags&packet.ACK != 0 && dir == wire.ToServer && f.marks&both == both:
		w.judgeThird(f, p)
	case f.state == stateEstablished:
		w.judgeData(f, dir, p)
	}
}

// judgeLone looks at the first segment of a connection whose beginning was not seen. Only EVE tells what every network
// has many of.
func (w *Worker) judgeLone(f *flow, flags uint8) {
	switch {
	case flags&packet.RST != 0:
		w.streamOdd(f, resetWithoutSession)
	case flags&packet.FIN != 0:
		w.streamOdd(f, finWithoutSession)
	}
}

func (w *Worker) judgeSyn(f *flow, dir wire.Dir, p *packet.Packet) {
	known := f.marks&isn(dir) != 0
	other := known && p.Seq+1 != f.next[dir]
	answer := p.Flags&packet.ACK != 0
	wrongAck := answer && f.marks&isn(wire.ToServer) != 0 && p.Ack != f.next[wire.ToServer]
	switch {
	case f.state == stateEstablished && answer && dir == wire.ToServer:
		w.streamOdd(f, establishedSynAckToServer)
	case f.state == stateEstablished && answer:
		if other {
			w.streamOdd(f, establishedSynAck)
		}
	case f.state == stateEstablished && dir == wire.ToClient:
		w.streamOdd(f, establishedSynToClient)
	case f.state == stateEstablished && other:
		w.streamOdd(f, establishedSynOther)
	case f.state == stateEstablished:
		w.streamOdd(f, establishedSyn)
	case answer && dir == wire.ToServer && f.flags[0]&packet.SYN != 0:
		w.streamOdd(f, synAckToServer)
	case wrongAck && known:
		w.streamOdd(f, synAckOtherAck)
	case answer && other:
		w.streamOdd(f, synAckOtherNumber)
	case wrongAck:
		w.streamOdd(f, synAckWrongAck)
	case !answer && dir == wire.ToClient && f.flags[0]&packet.SYN != 0 && f.flags[1]&packet.SYN != 0:
		w.streamOdd(f, synToClient)
	case !answer && other && f.flags[1]&packet.SYN != 0:
		w.streamOdd(f, synOtherNumber)
	}
}

// judgeThird looks at the segment that completes the handshake.
func (w *Worker) judgeThird(f *flow, p *packet.Packet) {
	if p.Ack == f.next[wire.ToClient] || !beyond(f, wire.ToClient, p.Ack) && int32(p.Ack-f.next[wire.ToClient]) > -1 {
		return
	}
	if p.Seq == f.next[wire.ToServer] {
		w.streamOdd(f, handshakeWrongAck)
	} else {
		w.streamOdd(f, handshakeWrongSeqAck)
	}
}

// beyond reports whether ack confirms bytes of dir that nobody can have sent yet, as far as was seen.
func beyond(f *flow, dir wire.Dir, ack uint32) bool {
	return int32(ack-f.next[dir]) > int32(f.window(dir)) && f.window(dir) > 0
}

// judgeData looks at a segment of an established connection.
func (w *Worker) judgeData(f *flow, dir wire.Dir, p *packet.Packet) {
	back := dir.Other()
	if p.Flags&packet.ACK != 0 && f.marks&isn(back) != 0 && beyond(f, back, p.Ack) {
		w.streamOdd(f, establishedInvalidAck)
		w.streamOdd(f, invalidAck)
	}
	if p.Stamped && f.stamped&(1<<dir) != 0 && int32(p.Stamp-f.stamp[dir]) < 0 && len(p.Payload) > 0 &&
		int32(p.Seq-f.next[dir]) >= 0 { // RFC 7323 §5.3: older, though the bytes are new
		w.streamOdd(f, oldStamp)
	}
	n, fin := len(p.Payload), p.Flags&packet.FIN != 0
	if (n > 0 || fin) && f.marks&isn(dir) != 0 {
		ahead := int32(p.Seq - f.next[dir])
		out := f.window(dir) > 0 && ahead > 0 && uint32(ahead) > f.window(dir)
		switch {
		case out && fin:
			w.streamOdd(f, finOutOfWindow)
		case out:
			w.streamOdd(f, outOfWindow)
		case w.opt.EVE && n > 0 && int(ahead)+n <= 0 && ahead < -1 && w.confirmed(f, dir, p.Seq+uint32(n)):
			w.streamOdd(f, sentAgain)
		}
	}
}

// confirmed reports whether the receiver of dir has said that it has everything before seq.
func (w *Worker) confirmed(f *flow, dir wire.Dir, seq uint32) bool {
	if f.conv == 0 {
		return false
	}
	h := &w.conv(f).half[dir]
	return h.hasAck && int32(h.acked-seq) >= 0
}
