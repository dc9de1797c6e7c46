package tls

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"iter"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

// ErrHello means that a hello ends early or that its lengths contradict each other.
var ErrHello = fmt.Errorf("tls: hello cut short: %w", wire.ErrMalformed)

// Numbers are 16-bit numbers as they came: big-endian, side by side.
type Numbers []byte

// Len is how many there are.
func (n Numbers) Len() int { return len(n) / 2 }

// At is the number at place i.
func (n Numbers) At(i int) uint16 { return binary.BigEndian.Uint16(n[2*i:]) }

// Names are protocol names as they came, each with its length before it (RFC 7301 §3.1).
type Names []byte

// All yields the names in the order sent. It stops where the bytes end early.
func (n Names) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for b := n; len(b) > 0; {
			end := 1 + int(b[0])
			if end > len(b) || !yield(b[1:end]) {
				return
			}
			b = b[end:]
		}
	}
}

// First is the first name, nil when there is none.
func (n Names) First() []byte {
	for name := range n.All() {
		return name
	}
	return nil
}

// The extensions that are read (IANA registry "TLS ExtensionType Values").
const (
	extServerName          = 0
	extGroups              = 10
	extPointFormats        = 11
	extSignatureAlgorithms = 13
	extALPN                = 16
	extSessionTicket       = 35
	extPreSharedKey        = 41
	extEarlyData           = 42
	extSupportedVersions   = 43
	extECH                 = 0xfe0d
)

// ClientHello is what a client offers (RFC 8446 §4.1.2). Its fields point into the bytes that were parsed.
type ClientHello struct {
	Version      Version // the field of that name; TLS 1.3 tells its own in SupportedVersions
	Random       []byte  // 32 bytes
	SessionID    []byte
	CipherSuites Numbers
	Compressions []byte
	// Extensions are the types in the order sent, GREASE (RFC 8701) among them.
	Extensions []uint16

	ServerName          []byte // SNI (RFC 6066 §3), as sent
	Protocols           Names  // ALPN (RFC 7301)
	SupportedVersions   Numbers
	Groups              Numbers
	PointFormats        []byte
	SignatureAlgorithms Numbers

	HasServerName bool // the extension is there, be it empty
	Ticket        bool // a session ticket is shown (RFC 5077 §3.2)
	PreSharedKey  bool // TLS 1.3 resumption is offered
	EarlyData     bool // TLS 1.3 data follow before the server has answered
	ECH           bool // the real hello is encrypted within (draft-ietf-tls-esni)

	room [24]uint16 // of Extensions, as long as it is enough
}

// Best is the highest version offered, GREASE and what is unknown left out.
func (h *ClientHello) Best() Version {
	best := h.Version
	for i := range h.SupportedVersions.Len() {
		v := Version(h.SupportedVersions.At(i))
		if higher := v > best; !grease(uint16(v)) && v.isDTLS() == best.isDTLS() && higher != best.isDTLS() {
			best = v
		}
	}
	return best
}

// Parse reads the body of a ClientHello, behind the four bytes of the handshake header. After an error h holds
// what came before it.
func (h *ClientHello) Parse(body []byte) error {
	h.reset()
	c := octets.Of(body)
	h.Version = Version(c.U16())
	h.Random = c.Take(32)
	h.SessionID = c.Take(int(c.U8()))
	return h.offers(&c)
}

// ParseDTLS reads the body of a ClientHello of DTLS, which has a cookie in it (RFC 6347 §4.2.1).
func (h *ClientHello) ParseDTLS(body []byte) error {
	h.reset()
	c := octets.Of(body)
	h.Version = Version(c.U16())
	h.Random = c.Take(32)
	h.SessionID = c.Take(int(c.U8()))
	c.Take(int(c.U8()))
	return h.offers(&c)
}

func (h *ClientHello) reset() {
	extensions := h.Extensions[:0]
	if cap(extensions) == 0 {
		extensions = h.room[:0]
	}
	*h = ClientHello{Extensions: extensions}
}

// offers reads what DTLS and TLS have alike, from the cipher suites.
func (h *ClientHello) offers(c *octets.Reader) error {
	h.CipherSuites = c.Take(int(c.U16()) &^ 1)
	h.Compressions = c.Take(int(c.U8()))
	if c.Short {
		return ErrHello
	}
	return h.extensions(c)
}

func (h *ClientHello) extensions(c *octets.Reader) error {
	if len(c.Rest) < 2 {
		return nil // RFC 5246 §7.4.1.2: a hello may end here
	}
	e := octets.Of(c.Take(int(c.U16())))
	if c.Short {
		return ErrHello
	}
	for len(e.Rest) > 0 {
		kind := e.U16()
		data := e.Take(int(e.U16()))
		if e.Short {
			return ErrHello
		}
		h.Extensions = append(h.Extensions, kind)
		h.extension(kind, data)
	}
	return nil
}

// extension reads one. An inner length that lies leaves its field empty: the hello as a whole is still told.
func (h *ClientHello) extension(kind uint16, data []byte) {
	c := octets.Of(data)
	switch kind {
	case extServerName:
		h.HasServerName = true
		list := octets.Of(c.Take(int(c.U16())))
		for len(list.Rest) > 3 && len(h.ServerName) == 0 {
			hostName := list.U8() == 0
			if name := list.Take(int(list.U16())); hostName {
				h.ServerName = name
			}
		}
	case extGroups:
		h.Groups = c.Take(int(c.U16()) &^ 1)
	case extPointFormats:
		h.PointFormats = c.Take(int(c.U8()))
	case extSignatureAlgorithms:
		h.SignatureAlgorithms = c.Take(int(c.U16()) &^ 1)
	case extALPN:
		h.Protocols = c.Take(int(c.U16()))
	case extSessionTicket:
		h.Ticket = len(data) > 0
	case extPreSharedKey:
		h.PreSharedKey = true
	case extEarlyData:
		h.EarlyData = true
	case extSupportedVersions:
		h.SupportedVersions = c.Take(int(c.U8()) &^ 1)
	case extECH:
		h.ECH = true
	}
}

// ServerHello is what a server chose (RFC 8446 §4.1.3). Its fields point into the bytes that were parsed.
type ServerHello struct {
	Version     Version // chosen, be it told in the field of that name or in the extension
	Random      []byte  // 32 bytes
	SessionID   []byte
	CipherSuite CipherSuite
	Compression uint8
	Extensions  []uint16 // the types in the order sent
	Protocol    []byte   // ALPN; TLS 1.3 hides it
	Retry       bool     // HelloRetryRequest: the client shall ask again
	Resumes     bool     // a pre-shared key was taken

	legacy Version

	room [8]uint16 // of Extensions, as long as it is enough
}

// retryRandom is what a HelloRetryRequest has in place of a random number: the SHA-256 of its name (RFC 8446 §4.1.3).
var retryRandom = []byte{
	0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
	0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
}

// Parse reads the body of a ServerHello, behind the four bytes of the handshake header.
func (h *ServerHello) Parse(body []byte) error {
	h.reset()
	c := octets.Of(body)
	h.legacy = Version(c.U16())
	h.Version = h.legacy
	h.Random = c.Take(32)
	// The drafts of TLS 1.3 before 22 have neither a session id nor a compression method. Those before 16 name
	// the final version here, where RFC 8446 never does.
	draft := h.legacy>>8 == 0x7f || h.legacy == VersionTLS13
	if h.legacy == VersionTLS13 {
		h.Version = versionOldDraft
	}
	if !draft {
		h.SessionID = c.Take(int(c.U8()))
	}
	h.CipherSuite = CipherSuite(c.U16())
	if !draft {
		h.Compression = c.U8()
	}
	if c.Short {
		return ErrHello
	}
	h.Retry = bytes.Equal(h.Random, retryRandom)
	return h.extensions(&c)
}

func (h *ServerHello) reset() { *h = ServerHello{Extensions: h.Extensions[:0]} }

func (h *ServerHello) extensions(c *octets.Reader) error {
	if len(c.Rest) < 2 {
		return nil
	}
	e := octets.Of(c.Take(int(c.U16())))
	if c.Short {
		return ErrHello
	}
	for len(e.Rest) > 0 {
		kind := e.U16()
		data := octets.Of(e.Take(int(e.U16())))
		if e.Short {
			return ErrHello
		}
		if cap(h.Extensions) == 0 {
			h.Extensions = h.room[:0]
		}
		h.Extensions = append(h.Extensions, kind)
		switch kind {
		case extALPN:
			h.Protocol = Names(data.Take(int(data.U16()))).First()
		case extSupportedVersions:
			h.Version = Version(data.U16())
		case extPreSharedKey:
			h.Resumes = true
		}
	}
	return nil
}
