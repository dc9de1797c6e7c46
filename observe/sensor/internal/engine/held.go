package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/packet"
)

// held is what is read now of events that wait until the other side has acknowledged the bytes they were read from:
// Suricata reads bytes only then, so its records bear the time and the number of that packet. Only when EVE is written.
type held struct {
	dir    wire.Dir      // of the bytes that are being read
	on     bool          // bytes are being read
	ending bool          // the connection ends with what dir sends: what is told of it waits until that is acknowledged
	final  bool          // the flow is over: what is told of it is told by no packet
	free   []*heldEvent  // that may wait for another acknowledgement
	reader event.Reader  // scratch
	spare  event.Encoded // scratch
}

// holds reports whether what is told of f now waits.
func (w *Worker) holds(f *flow) bool {
	h := &w.full.held
	return w.opt.EVE && f.key.proto == packet.TCP && (h.final || !w.opt.Records.Inline && h.on && (f.conv != 0 || h.ending))
}

type heldEvent struct {
	head    event.Header
	payload event.Encoded
	dir     wire.Dir
	seq     uint32 // the sequence number behind the bytes
	alert   bool   // it waits also for a packet of its own direction
	acked   bool
	back    bool // alert: which goes to who began the flow
	about   embedded
}

// maxWaiting is how many events of a flow wait; more are told at once.
const maxWaiting = 4096

// hold keeps an event back and reports whether it did.
func (w *Worker) hold(f *flow, p event.Payload) bool {
	h := &w.full.held
	if !w.holds(f) {
		return false
	}
	seq := f.next[h.dir]
	if h.ending || h.final {
		seq++ // FIN takes one sequence number
	} else if half := &w.conv(f).half[h.dir]; half.hasAck && int32(half.acked-seq) >= 0 {
		return false
	}
	x := w.extra(f)
	if len(x.events) >= maxWaiting {
		return false
	}
	e := h.wait(x)
	e.head, e.dir, e.seq = w.head, h.dir, seq
	e.alert, e.acked, e.about = false, false, embedded{}
	e.payload.Encode(p)
	return true
}

// wait is one more event that waits. Its memory may have served another.
func (h *held) wait(x *extra) *heldEvent {
	var e *heldEvent
	if n := len(h.free); n > 0 {
		e, h.free = h.free[n-1], h.free[:n-1]
	} else {
		e = new(heldEvent)
	}
	x.events = append(x.events, e)
	return e
}

// done takes back an event that was told. Little of its memory waits for the next.
func (h *held) done(e *heldEvent) {
	if len(h.free) < maxIdleEvents && e.payload.Size() <= maxIdlePayload {
		h.free = append(h.free, e)
	}
}

// What events that were told leave to the next: so many, of so many bytes.
const (
	maxIdleEvents  = 4096
	maxIdlePayload = 16 << 10
)

// release tells what waited for ack of bytes of dir; all of the flow where it has ended.
func (w *Worker) release(f *flow, dir wire.Dir, ack uint32, ended bool) {
	if f.extra == 0 {
		return
	}
	x := w.extra(f)
	kept := 0
	for _, e := range x.events {
		if ended || e.due(dir, ack, w.back) {
			w.tellHeld(f, x, e)
			w.full.held.done(e)
			continue
		}
		x.events[kept] = e
		kept++
	}
	clear(x.events[kept:])
	x.events = x.events[:kept]
}

// tellHeld tells an event that waited, as of the packet in hand.
func (w *Worker) tellHeld(f *flow, x *extra, e *heldEvent) {
	h := &e.head
	h.Time, h.Packet, h.Back, h.Notes = w.clock, w.full.packet, w.back, w.notesOf(f)
	if !e.alert {
		w.opt.Sink.Event(h, &e.payload)
		return
	}
	x.alerts--
	if a, ok := w.full.held.reader.Decode(&e.payload).(*event.Alert); ok {
		w.renew(f, a)
		w.again(f, a, &e.about, w.knownOf(f))
		w.opt.Sink.Event(h, a)
	}
}

// refresh puts what is about to be told into the alerts about it that wait.
func (w *Worker) refresh(f *flow, p event.Payload) {
	if f.extra == 0 || w.extra(f).alerts == 0 {
		return
	}
	h := &w.full.held
	for _, e := range w.extra(f).events {
		if !e.alert || !e.about.is(p) {
			continue
		}
		if a, ok := h.reader.Decode(&e.payload).(*event.Alert); ok {
			w.again(f, a, &e.about, p)
			h.spare.Encode(a) // what a shows lies in what it was decoded of
			h.spare, e.payload = e.payload, h.spare
		}
	}
}

// due reports whether an event is to be told now that ack of the bytes of dir has come; back is the direction of the packet
// in hand. Suricata asks the rules about what a side has said when it was acknowledged, and that side sends again.
func (e *heldEvent) due(dir wire.Dir, ack uint32, back bool) bool {
	if e.dir == dir && int32(ack-e.seq) >= 0 {
		e.acked = true
	}
	return e.acked && (!e.alert || e.back == back)
}

// holdAlert keeps an alert back and reports whether it did.
func (w *Worker) holdAlert(f *flow, a *event.Alert) bool {
	h := &w.full.held
	if !w.holds(f) {
		return false
	}
	seq, acked := f.next[h.dir], false
	if h.ending || h.final {
		seq++ // FIN takes one sequence number
	} else if half := &w.conv(f).half[h.dir]; half.hasAck && int32(half.acked-seq) >= 0 {
		if acked = true; a.FromServer == w.back {
			return false
		}
	}
	x := w.extra(f)
	if len(x.events) >= maxWaiting {
		return false
	}
	e := h.wait(x)
	e.head, e.dir, e.seq = w.head, h.dir, seq
	e.alert, e.acked, e.back, e.about = true, acked, a.FromServer, w.look.scribe.message
	e.payload.Encode(a)
	x.alerts++
	return true
}

// unheard is what gave the protocol of a flow away, and was not acknowledged yet.
type unheard struct {
	on  bool
	dir wire.Dir
	seq uint32 // the sequence number behind it
}

// unheard notes that rules about packets must not know the protocol of f before what dir said is acknowledged: Suricata
// reads it only then.
func (w *Worker) unheard(f *flow, dir wire.Dir, h *half) {
	if w.opt.Records.Inline || f.key.proto != packet.TCP || h.hasAck && int32(h.acked-f.next[dir]) >= 0 {
		return
	}
	w.extra(f).unheard = unheard{true, dir, f.next[dir]}
}

// hear notes that the bytes of dir before ack were acknowledged.
func (w *Worker) hear(f *flow, dir wire.Dir, ack uint32) {
	if !w.early(f) {
		return
	}
	if u := &w.extra(f).unheard; u.dir == dir && int32(ack-u.seq) >= 0 {
		u.on = false
		w.look.was = Unknown // it is as good as recognised at this packet
	}
}

// early reports whether rules about packets must not know the protocol of f yet.
func (w *Worker) early(f *flow) bool { return f.extra != 0 && w.extra(f).unheard.on }
