package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/packet"
)

// held are the events of a TCP flow that wait until the other side has acknowledged the bytes they were read from:
// Suricata reads bytes only then, so its records bear the time and the number of that packet. Only when EVE is written.
type held struct {
	events map[uint64][]heldEvent // by flow
	dir    wire.Dir               // of the bytes that are being read
	on     bool                   // bytes are being read
	ending bool                   // the connection ends with what dir sends: what is told of it waits until that is acknowledged
	final  bool                   // the flow is over: what is told of it is told by no packet
}

// holds reports whether what is told of f now waits.
func (w *Worker) holds(f *flow) bool {
	h := &w.full.held
	return w.opt.EVE && f.key.proto == packet.TCP && (h.final || !w.opt.Records.Inline && h.on && (f.conv != 0 || h.ending))
}

type heldEvent struct {
	head  event.Header
	dir   wire.Dir
	seq   uint32 // the sequence number behind the bytes
	alert bool   // it waits also for a packet of its own direction
	acked bool
	back  bool // alert: which goes to who began the flow
	about embedded
	batch event.Batch
}

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
	x := heldEvent{head: w.head, dir: h.dir, seq: seq}
	x.batch.Reset("", "", 0)
	x.batch.Add(&w.head, p)
	h.add(f, x)
	return true
}

func (h *held) add(f *flow, x heldEvent) {
	if h.events == nil {
		h.events = map[uint64][]heldEvent{}
	}
	h.events[f.id] = append(h.events[f.id], x)
}

// release tells what waited for ack of bytes of dir; all of the flow where it has ended.
func (w *Worker) release(f *flow, dir wire.Dir, ack uint32, ended bool) {
	all := w.full.held.events[f.id]
	if len(all) == 0 {
		return
	}
	kept := all[:0]
	for i := range all {
		e := &all[i]
		if !ended && !e.due(dir, ack, w.back) {
			kept = append(kept, *e)
			continue
		}
		var r event.Reader
		var x event.Event
		if r.Open(e.batch.Bytes()) == nil && r.Next(&x) {
			x.Time, x.Packet, x.Back, x.Notes = w.clock, w.full.packet, w.back, w.notesOf(f)
			if a, ok := x.Payload.(*event.Alert); ok {
				w.renew(f, a)
				w.again(f, a, &e.about, w.knownOf(f))
			}
			w.opt.Sink.Event(&x.Header, x.Payload)
		}
	}
	clear(all[len(kept):])
	if w.full.held.events[f.id] = kept; len(kept) == 0 {
		delete(w.full.held.events, f.id)
	}
}

// refresh puts what is about to be told into the alerts about it that wait.
func (w *Worker) refresh(f *flow, p event.Payload) {
	all := w.full.held.events[f.id]
	for i := range all {
		e := &all[i]
		if !e.alert || !e.about.is(p) {
			continue
		}
		var r event.Reader
		var x event.Event
		if r.Open(e.batch.Bytes()) != nil || !r.Next(&x) {
			continue
		}
		a, ok := x.Payload.(*event.Alert)
		if !ok {
			continue
		}
		w.again(f, a, &e.about, p)
		var b event.Batch
		b.Reset("", "", 0)
		b.Add(&x.Header, a)
		e.batch = b
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
	x := heldEvent{head: w.head, dir: h.dir, seq: f.next[h.dir], alert: true, back: a.FromServer, about: w.look.scribe.message}
	if h.ending || h.final {
		x.seq++ // FIN takes one sequence number
	} else if half := &w.conv(f).half[h.dir]; half.hasAck && int32(half.acked-x.seq) >= 0 {
		if x.acked = true; a.FromServer == w.back {
			return false
		}
	}
	x.batch.Reset("", "", 0)
	x.batch.Add(&w.head, a)
	h.add(f, x)
	return true
}

// unheard is what gave the protocol of a flow away, and was not acknowledged yet.
type unheard struct {
	dir wire.Dir
	seq uint32 // the sequence number behind it
}

// unheard notes that rules about packets must not know the protocol of f before what dir said is acknowledged: Suricata
// reads it only then.
func (w *Worker) unheard(f *flow, dir wire.Dir, h *half) {
	if w.opt.Records.Inline || f.key.proto != packet.TCP || h.hasAck && int32(h.acked-f.next[dir]) >= 0 {
		return
	}
	if w.full.unheard == nil {
		w.full.unheard = map[uint64]unheard{}
	}
	w.full.unheard[f.id] = unheard{dir, f.next[dir]}
}

// hear notes that the bytes of dir before ack were acknowledged.
func (w *Worker) hear(f *flow, dir wire.Dir, ack uint32) {
	if u, ok := w.full.unheard[f.id]; ok && u.dir == dir && int32(ack-u.seq) >= 0 {
		delete(w.full.unheard, f.id)
		w.look.was = Unknown // it is as good as recognised at this packet
	}
}

// early reports whether rules about packets must not know the protocol of f yet.
func (w *Worker) early(f *flow) bool {
	_, ok := w.full.unheard[f.id]
	return ok
}
