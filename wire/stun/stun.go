// Package stun recognises STUN and TURN (RFC 8489, RFC 8656), by which two ends find a way to each other through
// translators of addresses, and finds what a relay carries for them.
//
//	+----+--------+--------------+----------------+----------------
//	| 00 | type   | length (16)  | cookie (32)    | transaction (96), attributes: type, length, value
//	+----+--------+--------------+----------------+----------------
package stun

import "encoding/binary"

const (
	header = 20
	cookie = 0x2112a442 // RFC 8489 §5

	typeSend = 0x0016 // RFC 8656 §11: a Send indication
	typeData = 0x0017 // a Data indication
	attrData = 0x0013
)

// Looks tells whether the datagram p is a message of STUN.
func Looks(p []byte) bool {
	return len(p) >= header && p[0]&0xc0 == 0 && binary.BigEndian.Uint32(p[4:]) == cookie &&
		p[3]&3 == 0 && int(binary.BigEndian.Uint16(p[2:])) == len(p)-header
}

// Carried is the datagram that p carries by way of a relay, as ChannelData (RFC 8656 §12.4) or in an indication; nil where
// it carries none. It points into p.
func Carried(p []byte) []byte {
	if len(p) < 4 {
		return nil
	}
	if p[0]&0xf0 == 0x40 {
		if n := int(binary.BigEndian.Uint16(p[2:])); n > 0 && n <= len(p)-4 && len(p)-4-n < 4 { // padded to four bytes at most
			return p[4 : 4+n]
		}
		return nil
	}
	if kind := binary.BigEndian.Uint16(p); kind != typeSend && kind != typeData || !Looks(p) {
		return nil
	}
	for p = p[header:]; len(p) >= 4; {
		n := int(binary.BigEndian.Uint16(p[2:]))
		if n > len(p)-4 {
			return nil
		}
		if binary.BigEndian.Uint16(p) == attrData {
			return p[4 : 4+n]
		}
		p = p[min(4+(n+3)&^3, len(p)):]
	}
	return nil
}
