package quic

import (
	"encoding/binary"

	"bulwark/wire/internal/octets"
)

// Kind is the type of a packet.
type Kind uint8

// The types of packets (RFC 9000 §17).
const (
	Initial Kind = iota
	ZeroRTT
	Handshake
	Retry
	VersionNegotiation
	Short // the header of all packets behind the handshake
)

func (k Kind) String() string {
	return [...]string{"initial", "0-rtt", "handshake", "retry", "version_negotiation", "1-rtt"}[k]
}

// maxID is how long a connection id is in the versions that are read here (RFC 9000 §17.2), in bytes.
const maxID = 20

// Header is what a packet shows of itself. Its fields point into the datagram.
type Header struct {
	Kind     Kind
	Version  Version
	DestID   []byte
	SourceID []byte
	Token    []byte // of an Initial
	Offered  []byte // versions of Version Negotiation, four bytes each

	number int // where the packet number stands in an Initial; of an unencrypted one where its frames begin
	end    int // where the packet ends
}

// parse reads the header of the packet that p begins with.
func (h *Header) parse(p []byte) error {
	*h = Header{Kind: Short, end: len(p)}
	switch {
	case len(p) == 0:
		return ErrHeader
	case p[0]&0x80 != 0:
		return h.long(p)
	case p[0]&0x40 == 0:
		return h.public(p)
	}
	return nil
}

// long reads a long header (RFC 9000 §17.2; its first part is the same in all versions: RFC 8999 §5.1).
func (h *Header) long(p []byte) error {
	c := cursor{octets.Of(p[1:])}
	h.Version = Version(c.U32())
	switch {
	case h.Version.clear():
		h.Kind = googleKind(h.Version, p[0])
		lengths := c.U8()
		h.DestID, h.SourceID = c.Take(nibbleLength(lengths>>4)), c.Take(nibbleLength(lengths&15))
	default:
		h.Kind = kindOf(h.Version, p[0])
		h.DestID = c.Take(int(c.U8()))
		h.SourceID = c.Take(int(c.U8()))
	}
	if c.Short || h.Version.Known() && (len(h.DestID) > maxID || len(h.SourceID) > maxID) {
		return ErrHeader
	}
	switch {
	case h.Kind == VersionNegotiation:
		h.Offered = c.Rest[:len(c.Rest)&^3]
	case h.Version.clear():
		if h.Kind == Initial {
			c.Take(googleNumber(h.Version, p[0]))
			c.Take(messageHash)
			h.number = len(p) - len(c.Rest)
		}
	case h.Kind == Initial:
		h.Token = c.Take(c.length())
		fallthrough
	case h.Kind == ZeroRTT || h.Kind == Handshake:
		n := c.length()
		h.number = len(p) - len(c.Rest)
		h.end = h.number + n
	}
	if c.Short || h.end > len(p) {
		return ErrHeader
	}
	return nil
}

// kindOf is the type in the first byte of a long header (RFC 9000 §17.2, RFC 9369 §3.2).
func kindOf(v Version, first byte) Kind {
	k := first >> 4 & 3
	switch {
	case v == 0:
		return VersionNegotiation
	case v.second():
		k = (k + 3) & 3
	}
	return Kind(k)
}

// Offers yields the versions that a Version Negotiation packet lists, at most 16 of them.
func (h *Header) Offers(yield func(Version) bool) {
	for i := 0; i+4 <= len(h.Offered) && i < 64; i += 4 {
		if !yield(Version(binary.BigEndian.Uint32(h.Offered[i:]))) {
			return
		}
	}
}

// cursor takes the fields of a packet.
type cursor struct{ octets.Reader }

// varint is a whole number of 1, 2, 4 or 8 bytes (RFC 9000 §16).
func (c *cursor) varint() uint64 {
	if len(c.Rest) == 0 {
		c.Short = true
		return 0
	}
	n := 1 << (c.Rest[0] >> 6)
	b := c.Take(n)
	if b == nil {
		return 0
	}
	v := uint64(b[0] & 0x3f)
	for _, x := range b[1:] {
		v = v<<8 | uint64(x)
	}
	return v
}

// length is a varint that counts bytes; -1, which no take grants, where it is more than any datagram has.
func (c *cursor) length() int {
	if v := c.varint(); v <= 1<<16 {
		return int(v)
	}
	return -1
}
