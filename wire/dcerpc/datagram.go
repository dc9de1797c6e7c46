package dcerpc

import (
	"fmt"
	"slices"

	"bulwark/wire"
)

// datagramSize is the length of a header over UDP ([C706] 12.5.1).
const datagramSize = 80

// The flags of a header over UDP ([C706] 12.5.2.2).
const (
	lastOfMany = 0x02
	fragment   = 0x04
)

// Looks says whether p may be a datagram of version 4, and from which side.
func Looks(p []byte) (ok bool, dir wire.Dir) {
	if len(p) < datagramSize || p[0] != 4 || Type(p[1]) > CancelAck || p[3]&0xfc != 0 || !plausible([]byte{p[4], p[5], p[6], 0}) {
		return false, wire.Either
	}
	if int(byteOrder(p[4]).u16(p[74:])) > len(p)-datagramSize {
		return false, wire.Either
	}
	if Type(p[1]).asks() {
		return true, wire.ToServer
	}
	return true, wire.ToClient
}

// Datagrams joins the calls of one flow over UDP with their answers. The zero value is ready. It lies in the memory of a
// Conversation, for a flow is over TCP or over UDP: who may meet both needs room for one.
type Datagrams Conversation

// Datagram reads one datagram.
func (d *Datagrams) Datagram(p []byte, h Handler) error {
	if ok, _ := Looks(p); !ok {
		return fmt.Errorf("%w: dcerpc: no datagram of version 4", wire.ErrMalformed)
	}
	o := byteOrder(p[4])
	kind := Type(p[1])
	switch kind {
	case Request, Response, FaultType, Reject:
	default: // nothing is asked or answered
		return nil
	}
	x := d.call(p, o, h)
	length := int(o.u16(p[74:]))
	whole := p[2]&fragment == 0 || p[2]&lastOfMany != 0
	if kind == Request {
		x.Asked, x.Op = true, o.u16(p[68:])
		x.Request.Fragments++
		x.Request.Bytes += uint64(length)
		if x.Request.Fragments == 1 && p[78] == 0 { // no authentication
			body := message{header: header{order: o, length: datagramSize + length}, p: p[:datagramSize+length]}
			x.read(&x.Unbound, &body, datagramSize)
		}
		d.turn(x, wire.ToServer, o, p[datagramSize:datagramSize+length], whole, h)
		return nil
	}
	x.Answered, x.Type = true, kind
	x.Response.Fragments++
	x.Response.Bytes += uint64(length)
	if kind != Response && length >= 4 {
		x.Fault = Fault(o.u32(p[datagramSize:]))
	}
	d.turn(x, wire.ToClient, o, p[datagramSize:datagramSize+length], whole || kind != Response, h)
	if whole || kind != Response {
		d.tell(x, h)
	}
	return nil
}

// call is the call that a datagram belongs to.
func (d *Datagrams) call(p []byte, o order, h Handler) *Call {
	activity, sequence := readUUID(p[40:], littleEndian), o.u32(p[64:]) // whatever its order: it means nothing
	for i := range d.waiting {
		if x := &d.waiting[i]; x.Activity == activity && x.Sequence == sequence {
			return x
		}
	}
	if len(d.waiting) >= MaxWaiting {
		d.tell(&d.waiting[0], h)
	}
	x := (*Conversation)(d).add()
	x.Version4, x.Activity, x.Sequence, x.Object = true, activity, sequence, readUUID(p[8:], o)
	x.Unbound = Context{Interface: readUUID(p[24:], o), Major: o.u16(p[60:]), Minor: o.u16(p[62:])}
	if o != littleEndian {
		x.Unbound.Major, x.Unbound.Minor = x.Unbound.Minor, x.Unbound.Major
	}
	return x
}

// tell reports a call and takes it out.
func (d *Datagrams) tell(x *Call, h Handler) {
	list := d.waiting
	for i := range list {
		if &list[i] == x {
			x.Context = &x.Unbound
			h.Record(x)
			gone := *x
			gone.trim()
			d.waiting = append(slices.Delete(list, i, i+1), gone)[:len(list)-1]
			return
		}
	}
}

// Close reports the calls that nobody has answered.
func (d *Datagrams) Close(h Handler) {
	for len(d.waiting) > 0 {
		d.tell(&d.waiting[0], h)
	}
}

// Reset makes d ready for another flow.
func (d *Datagrams) Reset() { (*Conversation)(d).Reset() }
