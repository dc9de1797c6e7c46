package quic

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"bulwark/wire/internal/octets"
)

// messageHash is the length of the check sum before the frames of Google's unencrypted packets, in bytes.
const messageHash = 12

// nibbleLength is how long a connection id is in Q044 to Q049, where half a byte tells it.
func nibbleLength(n uint8) int {
	if n == 0 {
		return 0
	}
	return int(n&15) + 3
}

// googleKind is the type in the first byte of a long header of Q044 to Q049.
func googleKind(v Version, first byte) Kind {
	if v.number() >= 46 {
		return Kind(first >> 4 & 3)
	}
	switch first & 0x7f {
	case 0x7f:
		return Initial
	case 0x7e:
		return Retry
	case 0x7c:
		return ZeroRTT
	}
	return Handshake
}

// googleNumber is how long the packet number of an Initial is.
func googleNumber(v Version, first byte) int {
	if v.number() >= 46 {
		return int(first&3) + 1
	}
	return maxNumber
}

// Bits of the first byte up to Q043: the public header of Google's QUIC.
const (
	publicVersion = 0x01
	publicReset   = 0x02
	publicID      = 0x08 // a connection id of eight bytes follows
)

// publicIDLength is how long the connection id is behind the first byte of a public header.
func publicIDLength(first byte) int { return int(first & publicID) }

// public reads the header that versions up to Q043 have. Only what a client sends before it knows the server's answer
// has a version in it.
func (h *Header) public(p []byte) error {
	c := cursor{octets.Of(p[1:])}
	h.DestID = c.Take(publicIDLength(p[0]))
	if p[0]&publicVersion == 0 || p[0]&publicReset != 0 {
		if c.Short {
			return ErrHeader
		}
		return nil
	}
	h.Kind, h.Version = Initial, Version(c.U32())
	c.Take([4]int{1, 2, 4, 6}[p[0]>>4&3])
	c.Take(messageHash)
	if h.Version.number() < 34 {
		c.U8() // private flags
	}
	h.number = len(p) - len(c.Rest)
	if c.Short || !h.Version.clear() || h.Version.number() > 43 {
		return ErrHeader
	}
	return nil
}

const (
	tagCHLO = "CHLO"
	tagSNI  = "SNI\x00"
	tagUAID = "UAID"

	// maxTags is how many entries of a hello are read.
	maxTags = 128
)

// Greeting is the hello of Google's QUIC before it took over TLS: a list of tags with their values. Its fields point
// into the bytes that were parsed.
type Greeting struct {
	Version    Version
	ServerName []byte
	UserAgent  []byte

	entries []byte // a tag and where its value ends, eight bytes each
}

// parse reads a message: its tag, the number of entries, the entries, their values.
func (g *Greeting) parse(v Version, p []byte) bool {
	*g = Greeting{Version: v}
	c := cursor{octets.Of(p)}
	if string(c.Take(4)) != tagCHLO {
		return false
	}
	head := c.Take(4)
	if c.Short {
		return false
	}
	g.entries = c.Take(8 * min(int(binary.LittleEndian.Uint16(head)), maxTags))
	if c.Short {
		return false
	}
	values, from := c.Rest, 0
	for e := g.entries; len(e) > 0; e = e[8:] {
		to := int(min(binary.LittleEndian.Uint32(e[4:]), 1<<16))
		if to < from || to > len(values) {
			return true // the tags stand, the values beyond are not there
		}
		switch string(e[:4]) {
		case tagSNI:
			g.ServerName = values[from:to]
		case tagUAID:
			g.UserAgent = values[from:to]
		}
		from = to
	}
	return true
}

// AppendCYU appends the text of the fingerprint CYU: the version and the tags in their order
// (https://engineering.salesforce.com/gquic-protocol-analysis-and-fingerprinting-in-zeek-a4178855d75f).
func (g *Greeting) AppendCYU(dst []byte) []byte {
	dst = strconv.AppendInt(dst, int64(g.Version.number()), 10)
	sep := byte(',')
	for e := g.entries; len(e) > 0; e = e[8:] {
		dst = append(dst, sep)
		sep = '-'
		for _, c := range e[:4] {
			switch {
			case c >= ' ' && c < 0x7f:
				dst = append(dst, c)
			case c != 0:
				dst = append(dst, '?')
			}
		}
	}
	return dst
}

// CYU is the MD5 of the text of the fingerprint, in hexadecimal.
func (g *Greeting) CYU() (out [32]byte) {
	var text [5 * maxTags]byte
	sum := md5.Sum(g.AppendCYU(text[:0]))
	hex.Encode(out[:], sum[:])
	return out
}

// find looks for a hello in the frames of an unencrypted packet. Only STREAM, PADDING and PING frames stand before it.
func (g *Greeting) find(v Version, p []byte) bool {
	c := cursor{octets.Of(p)}
	for len(c.Rest) > 0 {
		kind := c.U8()
		switch {
		case kind&0x80 != 0:
			if g.parse(v, c.streamFrame(v, kind)) {
				return true
			}
		case kind == framePadding:
			c.padding()
		case kind == 0x07: // PING
		default:
			return false
		}
		if c.Short {
			return false
		}
	}
	return false
}

// streamFrame is the data of a STREAM frame, whose type is 1fdooossB: FIN, whether a length stands there, how long the
// offset and the stream id are.
func (c *cursor) streamFrame(v Version, kind byte) []byte {
	c.Take(int(kind&3) + 1)
	if n := int(kind >> 2 & 7); n > 0 {
		c.Take(n + 1)
	}
	if kind&0x20 == 0 {
		return c.Take(len(c.Rest))
	}
	n := c.U16()
	if v.number() < 39 {
		n = n<<8 | n>>8 // numbers were little-endian
	}
	return c.Take(int(n))
}
