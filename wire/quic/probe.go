package quic

import "encoding/binary"

// minInitial is how long a datagram with a client's Initial must be (RFC 9000 §14.1), in bytes.
const minInitial = 1200

// Looks tells whether the datagram p holds a packet of a QUIC handshake, whatever port it came from: a long header of
// a version that is known, of one that is reserved for greasing, or an offer of versions; of Google's older versions
// the public header with a version in it. Packets behind the handshake have nothing to be known by.
func Looks(p []byte) bool {
	if len(p) < 20 {
		return false
	}
	if p[0]&0x80 == 0 {
		return looksPublic(p)
	}
	v := Version(binary.BigEndian.Uint32(p[1:]))
	switch {
	case v.clear():
		return v.Known() && v.number() > 43
	case v == 0:
		return looksNegotiation(p)
	case v.salt() == "" && !v.Reserved(), p[0]&0x40 == 0:
		return false
	}
	var h Header
	if h.parse(p) != nil || len(h.DestID) > maxID || len(h.SourceID) > maxID {
		return false
	}
	// RFC 9000 §7.2: the id that a client chooses first has at least eight bytes.
	return !v.Reserved() || h.Kind == Initial && len(p) >= minInitial && len(h.DestID) >= 8
}

func looksPublic(p []byte) bool {
	if p[0]&(publicVersion|publicReset|0x40) != publicVersion {
		return false
	}
	v := Version(binary.BigEndian.Uint32(p[1+publicIDLength(p[0]):]))
	return v.clear() && v.Known() && v.number() <= 43
}

// looksNegotiation judges a Version Negotiation packet (RFC 9000 §17.2.1): one of the versions is known, and nothing
// but versions stands behind the connection ids.
func looksNegotiation(p []byte) bool {
	var h Header
	if h.parse(p) != nil || len(h.DestID) > maxID || len(h.SourceID) > maxID {
		return false
	}
	if n := 7 + len(h.DestID) + len(h.SourceID); (len(p)-n)%4 != 0 {
		return false
	}
	for v := range h.Offers {
		if v.Known() {
			return true
		}
	}
	return false
}
