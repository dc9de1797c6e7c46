// Package rfb reads how a VNC session begins: the Remote Framebuffer protocol (RFC 6143) up to the first picture.
//
// The two sides speak in turn:
//
//	server  RFB 003.008\n             client  RFB 003.008\n
//	server  count, security types     client  the type it chose      (before 3.7 the server chooses)
//	server  challenge, 16 bytes       client  response, 16 bytes     (VNC authentication)
//	server  result; a reason          client  whether it shares the screen
//	server  width, height, pixel format, name
//
// The pictures, keys and clipboards that follow are not read. Challenge and response would let anybody try passwords, so they
// are passed over.
package rfb

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

var (
	// ErrTLS means that TLS follows.
	ErrTLS = fmt.Errorf("rfb: TLS follows")
	// ErrTurn means bytes that stand where the protocol has none.
	ErrTurn = fmt.Errorf("rfb: bytes out of turn: %w", wire.ErrMalformed)
)

// Security is a security type (RFC 6143 §7.1.2 and its registry).
type Security uint32

// The security types that are known here.
const (
	Invalid  Security = 0
	None     Security = 1
	VNC      Security = 2
	Tight    Security = 16
	TLS      Security = 18
	VeNCrypt Security = 19
	Apple    Security = 30
)

func (s Security) String() string {
	switch s {
	case Invalid:
		return "invalid"
	case None:
		return "none"
	case VNC:
		return "vnc"
	case 5:
		return "ra2"
	case 6:
		return "ra2ne"
	case Tight:
		return "tight"
	case 17:
		return "ultra"
	case TLS:
		return "tls"
	case VeNCrypt:
		return "vencrypt"
	case 20:
		return "sasl"
	case 21:
		return "md5"
	case Apple:
		return "apple"
	case 129:
		return "ra2_256"
	}
	return fmt.Sprintf("type_%d", uint32(s))
}

// Result is the outcome of an authentication.
type Result uint8

// The outcomes. NoResult means that none was seen.
const (
	NoResult Result = iota
	OK
	Failed
	TooMany
	Unknown
)

// Session is what was seen of a session's beginning. Its slices point into memory of the conversation.
type Session struct {
	Server, Client [8]byte    // "003.008": major and minor behind one another; zero where not seen
	Offered        []Security // by the server
	Chosen         Security
	HasChosen      bool
	Subtype        uint32 // of VeNCrypt
	Challenged     bool   // VNC authentication was asked for
	Answered       bool   // a password was sent, or proven
	Clear          bool   // in clear
	User           []byte // whose it is
	Result         Result
	Code           uint32 // of a result that is not known
	Reason         []byte // why the server refuses
	HasShared      bool
	Shared         bool
	HasScreen      bool
	Width, Height  uint16
	Format         PixelFormat
	Name           []byte // of the desktop
}

// PixelFormat is how the server draws (RFC 6143 §7.4).
type PixelFormat struct {
	BitsPerPixel, Depth             uint8
	BigEndian, TrueColour           bool
	RedMax, GreenMax, BlueMax       uint16
	RedShift, GreenShift, BlueShift uint8
}

// Major and Minor are the parts of a version: "003", "008".
func Major(v *[8]byte) []byte { return v[:3] }

// Minor is the part of a version behind the point.
func Minor(v *[8]byte) []byte { return v[4:7] }

// Handler takes what a conversation learns.
type Handler interface {
	// Session is called once: when the session has begun or was refused, or when no more can be read. unknown says that the
	// security type is one that is not read.
	Session(s *Session, unknown bool)
}

const versionLen = 12

// Probe tells whether p are the first bytes of a session. Both sides begin alike; the server speaks first.
func Probe(p []byte) (wire.Match, wire.Dir) {
	const begin = "RFB 00"
	n := min(len(p), len(begin))
	if string(p[:n]) != begin[:n] {
		return wire.No, wire.Either
	}
	if len(p) < versionLen {
		return wire.Unsure, wire.Either
	}
	if isVersion(p) {
		return wire.Yes, wire.Either
	}
	return wire.No, wire.Either
}

func isVersion(p []byte) bool {
	if string(p[:4]) != "RFB " || p[7] != '.' || p[11] != '\n' {
		return false
	}
	for _, i := range [...]int{4, 5, 6, 8, 9, 10} {
		if p[i] < '0' || p[i] > '9' {
			return false
		}
	}
	return true
}

// chooses and explains tell what changed between versions: from 3.7 on the client chooses the security type, from 3.8 on a
// refusal has a reason.
func (s *Session) chooses() bool  { return s.minor() >= 7 }
func (s *Session) explains() bool { return s.minor() >= 8 }
func (s *Session) minor() (n int) {
	for _, b := range s.Client[4:7] {
		n = n*10 + int(b-'0')
	}
	if string(s.Client[:3]) > "003" {
		return 8
	}
	return n
}

func (s *Session) format(p []byte) {
	s.Format = PixelFormat{BitsPerPixel: p[0], Depth: p[1], BigEndian: p[2] != 0, TrueColour: p[3] != 0,
		RedMax: binary.BigEndian.Uint16(p[4:]), GreenMax: binary.BigEndian.Uint16(p[6:]), BlueMax: binary.BigEndian.Uint16(p[8:]),
		RedShift: p[10], GreenShift: p[11], BlueShift: p[12]}
}

// text is p without what cannot be shown at its end.
func text(p []byte) []byte { return bytes.TrimRight(p, "\x00") }
