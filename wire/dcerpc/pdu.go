package dcerpc

import (
	"encoding/binary"

	"bulwark/wire"
)

// headerSize is the length of the header of a message over TCP or a pipe ([C706] 12.6.3.1).
const headerSize = 16

// The flags of a header ([C706] 12.6.3.1).
const (
	firstFragment = 0x01
	lastFragment  = 0x02
	hasObject     = 0x80
)

// header is that of a message over TCP or a pipe.
type header struct {
	minor  uint8
	kind   Type
	flags  uint8
	order  order
	length int // of the message
	auth   int // bytes of the token or signature at its end
	call   uint32
}

// parseHeader reads a header and says whether it is one.
func parseHeader(p []byte) (h header, ok bool) {
	if p[0] != 5 || p[1] > 1 || Type(p[2]) >= typeEnd || !plausible(p[4:8]) {
		return h, false
	}
	h = header{minor: p[1], kind: Type(p[2]), flags: p[3], order: byteOrder(p[4])}
	h.length = int(h.order.u16(p[8:]))
	h.auth = int(h.order.u16(p[10:]))
	h.call = h.order.u32(p[12:])
	return h, h.length >= headerSize && h.auth < h.length
}

// plausible asks of a data representation ([C706] 14.1) for the values that are given out.
func plausible(drep []byte) bool { return drep[0]&0xee == 0 && drep[1] <= 3 && drep[2] == 0 }

// order is how numbers are written. The zero value is big-endian.
type order uint8

const littleEndian order = 0x10

func byteOrder(drep byte) order { return order(drep) & littleEndian }

func (o order) u16(p []byte) uint16 {
	if o == littleEndian {
		return binary.LittleEndian.Uint16(p)
	}
	return binary.BigEndian.Uint16(p)
}

func (o order) u32(p []byte) uint32 {
	if o == littleEndian {
		return binary.LittleEndian.Uint32(p)
	}
	return binary.BigEndian.Uint32(p)
}

func (o order) u64(p []byte) uint64 {
	if o == littleEndian {
		return binary.LittleEndian.Uint64(p)
	}
	return binary.BigEndian.Uint64(p)
}

// wanted is how many bytes of a message must be there to read it; what is behind is skipped.
func (h *header) wanted() int {
	const binding = 32 << 10 // a Kerberos ticket with a large PAC may go on behind it
	switch h.kind {
	case BindType, BindAck, AlterContext, AlterContextResponse, Auth3:
		return min(h.length, binding)
	case Request:
		return min(h.length, headerSize+24+maxStub)
	}
	return min(h.length, headerSize+16)
}

// message is a message, or the beginning of one.
type message struct {
	header
	p []byte
}

func (m *message) u16(at int) uint16 {
	if at+2 > len(m.p) {
		return 0
	}
	return m.order.u16(m.p[at:])
}

func (m *message) u32(at int) uint32 {
	if at+4 > len(m.p) {
		return 0
	}
	return m.order.u32(m.p[at:])
}

func (m *message) u8(at int) uint8 {
	if at >= len(m.p) {
		return 0
	}
	return m.p[at]
}

func (m *message) uuid(at int) (u UUID) {
	if at+16 <= len(m.p) {
		u = readUUID(m.p[at:], m.order)
	}
	return u
}

// readUUID turns the first three parts of a UUID, which are numbers ([C706] A.1), into the order they are read out.
func readUUID(p []byte, o order) (u UUID) {
	binary.BigEndian.PutUint32(u[0:], o.u32(p))
	binary.BigEndian.PutUint16(u[4:], o.u16(p[4:]))
	binary.BigEndian.PutUint16(u[6:], o.u16(p[6:]))
	copy(u[8:], p[8:16])
	return u
}

// verifier is the security trailer at the end of a message ([MS-RPCE] 2.2.2.11).
func (m *message) verifier() (s Security, l Level, token []byte) {
	const trailer = 8
	at := m.length - m.auth - trailer
	if m.auth == 0 || at < headerSize || at+trailer > len(m.p) {
		return 0, 0, nil
	}
	return Security(m.p[at]), Level(m.p[at+1]), m.p[at+trailer:]
}

// ndr64 is the transfer syntax of 64-bit NDR ([MS-RPCE] 2.2.4.12): 71710533-beba-4937-8319-b5dbef9ccc36.
func isNDR64(u UUID) bool { return u[0] == 0x71 && u[1] == 0x71 && u[2] == 0x05 && u[3] == 0x33 }

// asked reads the contexts of a BIND or an ALTER_CONTEXT ([C706] 12.6.4.3).
func (m *message) asked(list []Context, rows *wire.Rows[Context]) []Context {
	at := headerSize + 12
	for range m.u8(headerSize + 8) {
		if at+24 > len(m.p) || len(list) == MaxContexts {
			break
		}
		list = rows.Add(list, Context{ID: m.u16(at), Interface: m.uuid(at + 4), Major: m.u16(at + 20), Minor: m.u16(at + 22)})
		at += 24 + 20*int(m.p[at+2])
	}
	return list
}

// answered reads the results of a BIND_ACK or an ALTER_CONTEXT_RESP ([C706] 12.6.4.4), which stand in the order of the
// contexts, behind the name of a port.
func (m *message) answered(list []Context) {
	at := headerSize + 8
	at += 2 + int(m.u16(at))
	at = (at + 3) &^ 3
	n := int(m.u8(at))
	at += 4
	for i := 0; i < n && i < len(list) && at+4 <= len(m.p); i++ {
		c := &list[i]
		c.Answered, c.Result, c.Reason, c.wide = true, m.u16(at), m.u16(at+2), isNDR64(m.uuid(at+4))
		at += 24
	}
}
