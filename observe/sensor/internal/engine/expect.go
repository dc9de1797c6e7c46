package engine

import (
	"net/netip"

	"bulwark/wire/packet"
)

// expected is a connection that the ends of another have agreed on. It begins with the protocol that they agreed on
// too, and its decoder is handed a note.
type expected struct {
	app   App
	peer  [16]byte // who will connect
	until int64    // nanoseconds
	note  note
	slot  int // its place in the order in which they came
}

// place is where a connection is expected.
type place struct {
	addr  [16]byte
	port  uint16
	proto uint8
	v6    bool
	vlan  uint16
	inner uint16
}

// expectations are the connections that a worker expects. Workers share nothing: all connections between two addresses
// come to the same worker.
type expectations struct {
	at    map[place]expected
	order [maxExpected]place
	next  int
}

const (
	maxExpected  = 4096         // connections that are expected at a time; the oldest give way
	expectedLife = 120 * second // how long one is waited for
)

// note is what was agreed on of a connection.
type note interface {
	// forgone is called when the connection did not come.
	forgone(w *Worker)
}

// guest is a decoder that is told of what was agreed on before its first bytes.
type guest interface{ expected(n note) }

// expect says that the ends of f have agreed on a connection to port at one of them, which the other will make.
func (w *Worker) expect(f *flow, at end, port uint16, app App, n note) {
	e := &w.expectations
	if e.at == nil {
		e.at = make(map[place]expected, 64)
	}
	p := place{port: port, proto: f.key.proto, v6: f.key.v6, vlan: f.key.vlan, inner: f.key.inner}
	x := expected{app: app, until: w.now + expectedLife, note: n}
	if at == low {
		p.addr, x.peer = f.key.lo, f.key.hi
	} else {
		p.addr, x.peer = f.key.hi, f.key.lo
	}
	if was, ok := e.at[e.order[e.next]]; ok && was.slot == e.next {
		delete(e.at, e.order[e.next])
		was.note.forgone(w)
	}
	if was, ok := e.at[p]; ok { // agreed on anew
		was.note.forgone(w)
	}
	x.slot = e.next
	e.order[e.next], e.at[p] = p, x
	e.next = (e.next + 1) % maxExpected
}

// meet begins the decoder of a flow that was expected.
func (w *Worker) meet(f *flow) {
	e := &w.expectations
	if len(e.at) == 0 || f.key.proto != packet.TCP && f.key.proto != packet.UDP {
		return
	}
	p := place{addr: f.key.lo, port: uint16(f.key.ports), proto: f.key.proto, v6: f.key.v6, vlan: f.key.vlan, inner: f.key.inner}
	peer, server := f.key.hi, low
	x, ok := e.at[p]
	if !ok || x.peer != peer {
		p.addr, p.port = f.key.hi, uint16(f.key.ports>>16)
		peer, server = f.key.lo, high
		if x, ok = e.at[p]; !ok || x.peer != peer {
			return
		}
	}
	delete(e.at, p)
	var c *conversation
	if w.now <= x.until {
		c = w.conversation(f)
	}
	if c == nil {
		x.note.forgone(w)
		return
	}
	// Of a connection the listener serves. Of datagrams it is who asked: TFTP's server answers from another port.
	if (f.origin == server) == (f.key.proto == packet.TCP) {
		w.swap(f)
	}
	f.app = x.app
	w.apps[f.app].Flows++
	c.app = w.application(w.place(x.app))
	c.half[0].heard, c.half[1].heard = true, true // nobody's greeting
	c.app.(guest).expected(x.note)
}

// place is the number of the stream protocol of an application.
func (w *Worker) place(app App) int {
	for i := range w.protocols {
		if w.protocols[i].app == app {
			return i
		}
	}
	panic("engine: an application that is no stream protocol is expected")
}

// endAt is the end of f that has an address; ok is false when neither has.
func (f *flow) endAt(a netip.Addr) (e end, ok bool) {
	switch a {
	case packet.Addr(&f.key.lo, f.key.v6):
		return low, true
	case packet.Addr(&f.key.hi, f.key.v6):
		return high, true
	}
	return 0, false
}
