package frames

import "encoding/binary"

const enipHead = 24

// enipSize reads the header of EtherNet/IP (The CIP Networks Library, volume 2, §2-3.1).
func enipSize(_ *Cutter, p []byte) int {
	if len(p) < enipHead {
		return 0
	}
	return enipHead + int(binary.LittleEndian.Uint16(p[2:]))
}

func enipParts(c *Cutter, p []byte, size int) {
	c.part("enip.hdr", p, 0, enipHead)
	c.part("enip.data", p, enipHead, size)
	c.part("enip.pdu", p, 0, size)
	at := enipHead
	switch command := binary.LittleEndian.Uint16(p); command {
	case 0x6f, 0x70: // SendRRData, SendUnitData: interface and time-out stand first
		at += 6
	case 0x04, 0x63, 0x64:
	default:
		return
	}
	if len(p) < at+2 {
		return
	}
	items := min(int(binary.LittleEndian.Uint16(p[at:])), 16)
	at += 2
	for ; items > 0 && len(p) >= at+4; items-- {
		kind, n := binary.LittleEndian.Uint16(p[at:]), int(binary.LittleEndian.Uint16(p[at+2:]))
		c.part("enip.enip.item", p, at, at+4+n)
		at += 4
		switch {
		case at+n > len(p):
			return
		case kind == 0xb1 && n > 2: // connected: a sequence number stands first
			c.cip(p, at+2, at+n)
		case kind == 0xb2:
			c.cip(p, at, at+n)
		}
		at += n
	}
}

// cip shows a message of CIP, and those in it where it is a Multiple Service Packet (volume 1, § ).
func (c *Cutter) cip(p []byte, from, to int) {
	c.part("enip.cip", p, from, to)
	m := p[from:to]
	if len(m) < 2 || m[0]&0x7f != 0x0a {
		return
	}
	list := 2 + 2*int(m[1])
	if m[0]&0x80 != 0 && len(m) >= 4 { // a reply: status, and words that add to it
		list = 4 + 2*int(m[3])
	}
	if len(m) < list+2 {
		return
	}
	n := int(binary.LittleEndian.Uint16(m[list:]))
	for i := range n {
		at := list + 2 + 2*i
		if len(m) < at+2 || i >= 64 {
			return
		}
		begin, end := list+int(binary.LittleEndian.Uint16(m[at:])), len(m)
		if i+1 < n && len(m) >= at+4 {
			end = list + int(binary.LittleEndian.Uint16(m[at+2:]))
		}
		if begin < end && end <= len(m) {
			c.part("enip.cip", p, from+begin, from+end)
		}
	}
}
