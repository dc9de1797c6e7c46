package dns

import (
	"iter"
	"net/netip"
)

// EDNS is the OPT pseudo-record (RFC 6891 §6.1). Its zero value means that the message has none.
type EDNS struct {
	Present       bool
	UDPSize       uint16 // the largest datagram the sender takes, in bytes
	ExtendedRcode uint8  // the upper eight bits of the response code
	Version       uint8
	DNSSEC        bool // DO: send the signatures too (RFC 3225)
	data          []byte
}

// read takes the OPT record apart. RFC 6891 §6.1.1 allows one in a message; the first counts.
func (e *EDNS) read(r *Record) {
	if e.Present {
		return
	}
	*e = EDNS{
		Present:       true,
		UDPSize:       uint16(r.Class),
		ExtendedRcode: uint8(r.TTL >> 24),
		Version:       uint8(r.TTL >> 16),
		DNSSEC:        r.TTL&0x8000 != 0,
		data:          r.Data,
	}
}

// OptionCode names an option of EDNS (IANA registry "DNS EDNS0 Option Codes").
type OptionCode uint16

// The options a defender asks for.
const (
	OptionNSID         OptionCode = 3  // RFC 5001
	OptionClientSubnet OptionCode = 8  // RFC 7871
	OptionCookie       OptionCode = 10 // RFC 7873
	OptionPadding      OptionCode = 12 // RFC 7830
	OptionError        OptionCode = 15 // RFC 8914
)

// Options yields the options in the order sent (RFC 6891 §6.1.2). It stops where the data ends early.
func (e *EDNS) Options() iter.Seq2[OptionCode, []byte] { return Options(e.data) }

// Options yields the options that stand in the data of an OPT record, as [EDNS.Options] does.
func Options(data []byte) iter.Seq2[OptionCode, []byte] {
	return func(yield func(OptionCode, []byte) bool) {
		for b := data; len(b) >= 4; {
			end := 4 + int(u16(b, 2))
			if end > len(b) || !yield(OptionCode(u16(b, 0)), b[4:end]) {
				return
			}
			b = b[end:]
		}
	}
}

// ClientSubnet is the network that a resolver asks for (RFC 7871 §6); the zero Prefix when it does not tell.
func (e *EDNS) ClientSubnet() netip.Prefix {
	for code, v := range e.Options() {
		if code != OptionClientSubnet || len(v) < 4 {
			continue
		}
		var a [16]byte
		bits := int(v[2])
		copy(a[:], v[4:])
		switch u16(v, 0) { // IANA "Address Family Numbers"
		case 1:
			p, _ := netip.AddrFrom4([4]byte(a[:4])).Prefix(bits)
			return p
		case 2:
			p, _ := netip.AddrFrom16(a).Prefix(bits)
			return p
		}
	}
	return netip.Prefix{}
}
