package tls

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

// ErrFragment means a ClientHello over DTLS that was cut into several datagrams, which is not put together.
var ErrFragment = fmt.Errorf("tls: fragment of a DTLS hello: %w", wire.ErrMalformed)

const (
	dtlsRecordHeader    = 13
	dtlsHandshakeHeader = 12
)

// ProbeDTLS tells whether the datagram p begins with a ClientHello over DTLS (RFC 6347 §4).
func ProbeDTLS(p []byte) bool {
	if len(p) < dtlsRecordHeader+dtlsHandshakeHeader+34 || p[0] != recordHandshake || p[dtlsRecordHeader] != messageClientHello {
		return false
	}
	version := Version(binary.BigEndian.Uint16(p[1:]))
	epoch := binary.BigEndian.Uint16(p[3:])
	return (version == VersionDTLS10 || version == VersionDTLS12) && epoch == 0 &&
		int(binary.BigEndian.Uint16(p[11:])) <= len(p)-dtlsRecordHeader
}

// ParseDTLS reads the ClientHello that the datagram p begins with (RFC 6347 §4.2.2). Its fingerprint is
// h.JA4(OverDTLS).
func ParseDTLS(p []byte, h *ClientHello) error {
	h.reset()
	if !ProbeDTLS(p) {
		return ErrHello
	}
	c := octets.Of(p[dtlsRecordHeader+1:])
	length := c.U24()
	c.U16() // the number of the message
	if offset := c.U24(); offset != 0 || c.U24() != length {
		return ErrFragment
	}
	c = octets.Of(c.Take(length))
	h.Version = Version(c.U16())
	h.Random = c.Take(32)
	h.SessionID = c.Take(int(c.U8()))
	c.Take(int(c.U8())) // the cookie
	return h.offers(&c)
}
