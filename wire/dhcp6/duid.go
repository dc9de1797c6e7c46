package dhcp6

import "encoding/binary"

// DUID names a client or a server for good (RFC 8415 §11): a kind of two bytes, then what the kind says. Nil is none.
type DUID []byte

// The kinds of DUID.
const (
	linkLayerTime = 1
	enterprise    = 2
	linkLayer     = 3
	uuid          = 4 // RFC 6355
)

// Kind is the kind as the standard abbreviates it: LLT, EN, LL, UUID; empty for another.
func (d DUID) Kind() string {
	if len(d) < 2 {
		return ""
	}
	switch binary.BigEndian.Uint16(d) {
	case linkLayerTime:
		return "LLT"
	case enterprise:
		return "EN"
	case linkLayer:
		return "LL"
	case uuid:
		return "UUID"
	}
	return ""
}

// Hardware is the link address of an interface that the device has or had when the DUID was made; nil where it holds none.
func (d DUID) Hardware() []byte {
	switch {
	case d.Kind() == "LLT" && len(d) > 8:
		return d[8:]
	case d.Kind() == "LL" && len(d) > 4:
		return d[4:]
	}
	return nil
}

// Enterprise is the IANA number of the maker that gave the device its DUID; 0 where it does not tell.
func (d DUID) Enterprise() uint32 {
	if d.Kind() == "EN" && len(d) >= 6 {
		return binary.BigEndian.Uint32(d[2:])
	}
	return 0
}

// plausibleDUID reports whether b is a DUID of a kind in use with a length that is allowed (RFC 8415 §11.1).
func plausibleDUID(b []byte) bool {
	return len(b) >= 3 && len(b) <= 130 && DUID(b).Kind() != ""
}
