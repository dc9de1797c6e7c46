package kerberos

import (
	"encoding/binary"

	"bulwark/wire"
	"bulwark/wire/ber"
)

// passwordHeader is what stands before the AP-REQ of a message that changes a password (RFC 3244 §2): the length of
// all, a version, the length of the AP-REQ. Behind that lies a KRB-PRIV, which nobody but the two can read.
const passwordHeader = 6

// The versions: of one's own password, and of anybody's.
const (
	changePassword = 1
	setPassword    = 0xff80
)

// unwrap takes the AP-REQ, AP-REP or KRB-ERROR out of a message that changes a password, and says of what version
// that is. Any other message it gives back as it is, with version 0.
func unwrap(p []byte) (inner []byte, version uint16) {
	if match, _ := probePassword(p); match != wire.Yes {
		return p, 0
	}
	inner = p[passwordHeader:]
	if n := int(binary.BigEndian.Uint16(p[4:])); n > 0 { // none: a KRB-ERROR follows
		inner = inner[:min(n, len(inner))]
	}
	return inner, binary.BigEndian.Uint16(p[2:])
}

// probePassword says whether p begins a message that changes a password, and how long that is.
func probePassword(p []byte) (match wire.Match, length int) {
	if len(p) >= 4 {
		if v := binary.BigEndian.Uint16(p[2:]); v != changePassword && v != setPassword {
			return wire.No, 0
		}
	}
	if len(p) < passwordHeader+1 {
		return wire.Unsure, 0
	}
	length = int(binary.BigEndian.Uint16(p))
	ticket := int(binary.BigEndian.Uint16(p[4:]))
	if passwordHeader+ticket > length {
		return wire.No, 0
	}
	switch t := messageType(ber.Tag(p[passwordHeader])); {
	case ticket > 0 && (t == APReq || t == APRep), ticket == 0 && t == Error:
		return wire.Yes, length
	}
	return wire.No, 0
}
