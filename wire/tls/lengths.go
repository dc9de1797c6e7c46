package tls

import (
	"encoding/binary"
	"strings"

	"bulwark/wire"
)

// Lengths are the lengths of the records of data behind a handshake: all that can be seen of a protocol inside TLS. They
// are gathered by a [Conversation] whose field Lengths is set before its handshake is over, and only as long as it is.
type Lengths struct {
	// Request is the client's first record of data, Answer the server's last one before the client's second; 0 where they
	// were not seen. The tickets that a server sends behind the handshake of TLS 1.3 stand before the answer.
	Request, Answer int
	Last            [2]int // of each side, alerts left out
	Records         [2]int // of each side, behind the handshake

	finished bool // TLS 1.3: the client's Finished was seen
}

// The lengths of a client's Finished in TLS 1.3: four bytes of header, the hash, the type and the tag (RFC 8446 §4.4.4, §5.2).
const (
	finished256 = 4 + 32 + 1 + 16
	finished384 = 4 + 48 + 1 + 16
)

// note takes a record of n bytes, its header left out.
func (l *Lengths) note(dir wire.Dir, n int, is13 bool) {
	if is13 {
		switch {
		case n == encryptedAlert:
			return
		case dir == wire.ToServer && !l.finished:
			l.finished = n == finished256 || n == finished384
			return
		case !l.finished:
			return
		}
	}
	l.Last[dir] = n
	l.Records[dir]++
	switch {
	case dir == wire.ToServer && l.Records[dir] == 1:
		l.Request = n
	case dir == wire.ToClient && l.Records[wire.ToServer] == 1:
		l.Answer = n
	}
}

// follow reads the headers of the records behind the handshake in p[done:], and passes over what they hold.
func (c *Conversation) follow(dir wire.Dir, p []byte, done int) (int, int, error) {
	for len(p)-done >= recordHeader {
		r := p[done:]
		if !plausible(r) {
			return rest, 0, nil
		}
		n := int(binary.BigEndian.Uint16(r[3:]))
		if r[0] == recordData {
			c.Lengths.note(dir, n, c.session.Version().is13())
		}
		done += recordHeader + n
	}
	if done < len(p) {
		return done, recordHeader, nil
	}
	return done, 0, nil
}

// SealedLength is how long a record of n bytes of data is with this version and cipher suite, its header left out; 0 for
// one that is not known.
func SealedLength(n int, v Version, suite CipherSuite) int {
	if v.is13() {
		return n + 1 + 16 // RFC 8446 §5.2: type and tag
	}
	name := suite.String()
	switch {
	case strings.Contains(name, "CHACHA20"):
		return n + 16 // RFC 7905 §2
	case strings.Contains(name, "CCM_8"):
		return 8 + n + 8 // RFC 6655 §6
	case strings.Contains(name, "GCM"), strings.Contains(name, "CCM"):
		return 8 + n + 16 // RFC 5288 §3: explicit nonce and tag
	case strings.HasSuffix(name, "CBC_SHA"):
		return sealedCBC(n, 20)
	case strings.HasSuffix(name, "CBC_SHA256"):
		return sealedCBC(n, 32)
	case strings.HasSuffix(name, "CBC_SHA384"):
		return sealedCBC(n, 48)
	}
	return 0
}

// sealedCBC is RFC 5246 §6.2.3.2 with AES: an explicit IV, the data, the MAC and at least one byte of padding.
func sealedCBC(n, mac int) int { return 16 + (n+mac+16)/16*16 }
