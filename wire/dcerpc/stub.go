package dcerpc

import "bulwark/wire"

// Side is one side of a call, of which all fragments have come.
type Side struct {
	Call   *Call
	Dir    wire.Dir // of the request or of the answer
	Stub   []byte   // arguments or results; nil where they are encrypted or were not kept
	Little bool     // numbers in it are little-endian
}

const (
	maxKept  = 256 << 10 // bytes of arguments or results that are kept of one side of a call
	keptStub = 4 << 10   // bytes of buffers that wait for the next call
)

// trim gives long buffers up.
func (x *Call) trim() {
	for i, b := range x.stubs {
		if cap(b) > keptStub {
			x.stubs[i] = nil
		}
	}
}

// turn keeps what a fragment of a call brings, from a place on, and tells of the side that it ends.
func (c *Conversation) turn(x *Call, m *message, at int, h Handler) {
	if !c.Stubs {
		return
	}
	dir, part := wire.ToServer, &x.Request
	if m.kind != Request {
		dir, part = wire.ToClient, &x.Response
	}
	end := m.length
	if m.auth > 0 {
		end -= m.auth + 8
	}
	if end = min(end, len(m.p)); at < end && len(x.stubs[dir]) < maxKept {
		x.stubs[dir] = append(x.stubs[dir], m.p[at:end]...)
	}
	if part.whole || m.kind == FaultType {
		x.Context = c.context(x.ContextID)
		c.side = Side{Call: x, Dir: dir, Stub: x.stubs[dir], Little: m.order == littleEndian}
		h.Record(&c.side)
	}
}

// turn tells of a side of a call over UDP, of which a datagram brings a part, numbers in the order o.
func (d *Datagrams) turn(x *Call, dir wire.Dir, o order, body []byte, whole bool, h Handler) {
	if !d.Stubs {
		return
	}
	if len(x.stubs[dir]) < maxKept {
		x.stubs[dir] = append(x.stubs[dir], body...)
	}
	if whole {
		x.Context = &x.Unbound
		d.side = Side{Call: x, Dir: dir, Stub: x.stubs[dir], Little: o == littleEndian}
		h.Record(&d.side)
	}
}
