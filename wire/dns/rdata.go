package dns

import (
	"encoding/binary"
	"iter"
	"net/netip"
)

// Addr is the address of an A or AAAA record; the zero Addr when the data is not one.
func (r *Record) Addr() netip.Addr {
	switch {
	case r.Type == TypeA && len(r.Data) == 4:
		return netip.AddrFrom4([4]byte(r.Data))
	case r.Type == TypeAAAA && len(r.Data) == 16:
		return netip.AddrFrom16([16]byte(r.Data))
	}
	return netip.Addr{}
}

// Preference is the first number of MX (RFC 1035 §3.3.9), SRV (RFC 2782), SVCB and HTTPS (RFC 9460 §2.2): lower
// comes first. 0 for other types.
func (r *Record) Preference() uint16 {
	switch r.Type {
	case TypeMX, TypeSRV, TypeSVCB, TypeHTTPS:
		return u16(r.Data, 0)
	}
	return 0
}

// SRV is where a service runs (RFC 2782). Its host is in Target.
type SRV struct{ Priority, Weight, Port uint16 }

// SRV reads the numbers of an SRV record.
func (r *Record) SRV() (s SRV, ok bool) {
	if r.Type != TypeSRV || len(r.Data) < 7 {
		return SRV{}, false
	}
	return SRV{Priority: u16(r.Data, 0), Weight: u16(r.Data, 2), Port: u16(r.Data, 4)}, true
}

// SOA is the start of a zone (RFC 1035 §3.3.13). Its two names are in Target and Mailbox. All but Serial are seconds.
type SOA struct{ Serial, Refresh, Retry, Expire, Minimum uint32 }

// SOA reads the numbers of an SOA record: the last 20 bytes.
func (r *Record) SOA() (s SOA, ok bool) {
	if r.Type != TypeSOA || len(r.Data) < 22 {
		return SOA{}, false
	}
	b := r.Data[len(r.Data)-20:]
	return SOA{
		Serial: u32(b, 0), Refresh: u32(b, 4), Retry: u32(b, 8), Expire: u32(b, 12), Minimum: u32(b, 16),
	}, true
}

// Text yields the character strings of a TXT, SPF or HINFO record (RFC 1035 §3.3.14). A string that reaches behind
// the data is cut there.
func (r *Record) Text() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		switch r.Type {
		case TypeTXT, TypeSPF, TypeHINFO:
		default:
			return
		}
		for b := r.Data; len(b) > 0; {
			n := min(1+int(b[0]), len(b))
			if !yield(b[1:n]) {
				return
			}
			b = b[n:]
		}
	}
}

// CAA is who may issue certificates (RFC 8659 §4.1).
type CAA struct {
	Flags      uint8
	Tag, Value []byte
}

// CAA reads a CAA record.
func (r *Record) CAA() (c CAA, ok bool) {
	if r.Type != TypeCAA || len(r.Data) < 2 || 2+int(r.Data[1]) > len(r.Data) {
		return CAA{}, false
	}
	end := 2 + int(r.Data[1])
	return CAA{Flags: r.Data[0], Tag: r.Data[2:end], Value: r.Data[end:]}, true
}

// NAPTR is a rule that rewrites a name (RFC 3403 §4.1). Its replacement is in Target.
type NAPTR struct {
	Order, Preference       uint16
	Flags, Services, Regexp []byte
}

// NAPTR reads a NAPTR record.
func (r *Record) NAPTR() (n NAPTR, ok bool) {
	if r.Type != TypeNAPTR || len(r.Data) < 4 {
		return NAPTR{}, false
	}
	n.Order, n.Preference = u16(r.Data, 0), u16(r.Data, 2)
	b := r.Data[4:]
	for _, s := range []*[]byte{&n.Flags, &n.Services, &n.Regexp} {
		if len(b) == 0 || 1+int(b[0]) > len(b) {
			return NAPTR{}, false
		}
		*s, b = b[1:1+int(b[0])], b[1+int(b[0]):]
	}
	return n, true
}

// naptrTarget is where the replacement begins: behind two numbers and three character strings.
func naptrTarget(data []byte) (int, bool) {
	at := 4
	for range 3 {
		if at >= len(data) {
			return 0, false
		}
		at += 1 + int(data[at])
	}
	return at, at < len(data)
}

// DS is the digest of a key of a child zone (RFC 4034 §5.1).
type DS struct {
	KeyTag     uint16
	Algorithm  uint8
	DigestType uint8
	Digest     []byte
}

// DS reads a DS or CDS record.
func (r *Record) DS() (d DS, ok bool) {
	if (r.Type != TypeDS && r.Type != TypeCDS) || len(r.Data) < 4 {
		return DS{}, false
	}
	return DS{KeyTag: u16(r.Data, 0), Algorithm: r.Data[2], DigestType: r.Data[3], Digest: r.Data[4:]}, true
}

// DNSKEY is a key of a zone (RFC 4034 §2.1).
type DNSKEY struct {
	Flags     uint16
	Protocol  uint8
	Algorithm uint8
	Key       []byte
}

// DNSKEY reads a DNSKEY or CDNSKEY record.
func (r *Record) DNSKEY() (k DNSKEY, ok bool) {
	if (r.Type != TypeDNSKEY && r.Type != TypeCDNSKEY) || len(r.Data) < 4 {
		return DNSKEY{}, false
	}
	return DNSKEY{Flags: u16(r.Data, 0), Protocol: r.Data[2], Algorithm: r.Data[3], Key: r.Data[4:]}, true
}

// RRSIG is a signature over a set of records (RFC 4034 §3.1). The name of the signer is in Target.
type RRSIG struct {
	Covered               Type
	Algorithm, Labels     uint8
	OriginalTTL           uint32 // seconds
	Expiration, Inception uint32 // seconds since 1970, modulo 2^32
	KeyTag                uint16
}

// RRSIG reads what precedes the signer's name.
func (r *Record) RRSIG() (s RRSIG, ok bool) {
	if r.Type != TypeRRSIG || len(r.Data) < 18 {
		return RRSIG{}, false
	}
	return RRSIG{
		Covered: Type(u16(r.Data, 0)), Algorithm: r.Data[2], Labels: r.Data[3],
		OriginalTTL: u32(r.Data, 4), Expiration: u32(r.Data, 8), Inception: u32(r.Data, 12), KeyTag: u16(r.Data, 16),
	}, true
}

// SSHFP is the fingerprint of an SSH host key (RFC 4255 §3.1).
type SSHFP struct {
	Algorithm, HashType uint8
	Fingerprint         []byte
}

// SSHFP reads an SSHFP record.
func (r *Record) SSHFP() (s SSHFP, ok bool) {
	if r.Type != TypeSSHFP || len(r.Data) < 3 {
		return SSHFP{}, false
	}
	return SSHFP{Algorithm: r.Data[0], HashType: r.Data[1], Fingerprint: r.Data[2:]}, true
}

// SvcParamKey names a parameter of SVCB and HTTPS (RFC 9460 §14.3.2).
type SvcParamKey uint16

// The parameters that tell where and how a service is reached.
const (
	SvcMandatory SvcParamKey = 0
	SvcALPN      SvcParamKey = 1
	SvcNoDefault SvcParamKey = 2
	SvcPort      SvcParamKey = 3
	SvcIPv4Hint  SvcParamKey = 4
	SvcECH       SvcParamKey = 5
	SvcIPv6Hint  SvcParamKey = 6
)

// SvcParams yields the parameters of an SVCB or HTTPS record (RFC 9460 §2.2) in the order sent. It stops where
// the data ends early.
func (r *Record) SvcParams() iter.Seq2[SvcParamKey, []byte] {
	return func(yield func(SvcParamKey, []byte) bool) {
		if r.Type != TypeSVCB && r.Type != TypeHTTPS {
			return
		}
		at := skipName(r.Data, 2) // RFC 9460 §2.2: the target is never compressed
		for at >= 0 && at+4 <= len(r.Data) {
			end := at + 4 + int(u16(r.Data, at+2))
			if end > len(r.Data) || !yield(SvcParamKey(u16(r.Data, at)), r.Data[at+4:end]) {
				return
			}
			at = end
		}
	}
}

// skipName is the offset behind the name at off; -1 when it does not end in b.
func skipName(b []byte, off int) int {
	for off < len(b) {
		switch n := int(b[off]); {
		case n == 0:
			return off + 1
		case n >= 0xc0:
			if off+2 > len(b) {
				return -1
			}
			return off + 2
		case n > maxLabel:
			return -1
		default:
			off += 1 + n
		}
	}
	return -1
}

func u16(b []byte, off int) uint16 {
	if off+2 > len(b) {
		return 0
	}
	return binary.BigEndian.Uint16(b[off:])
}

func u32(b []byte, off int) uint32 { return binary.BigEndian.Uint32(b[off:]) }
