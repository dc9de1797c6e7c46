// Package ntlm reads NTLMSSP messages ([MS-NLMP]), the challenge and response by which Windows signs on where
// Kerberos is not used.
//
// Three messages make a sign-on. The client says what it can (NEGOTIATE), the server sends a random number and says
// who it is and in which domain (CHALLENGE), the client says who wants in and proves it by a keyed hash of the number
// (AUTHENTICATE). They travel inside SMB, HTTP, LDAP, RDP, DCE/RPC and SMTP, bare or in a SPNEGO token.
//
// The proofs themselves are what an attacker cracks at leisure: they are looked at (how long they are tells the
// scheme) and never kept.
package ntlm

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"bulwark/wire"
)

var (
	// ErrSignature means that the bytes do not begin with "NTLMSSP\0".
	ErrSignature = errors.New("ntlm: not NTLMSSP")
	// ErrShort means that the fixed part of the message is not all there.
	ErrShort = fmt.Errorf("ntlm: message cut short: %w", wire.ErrMalformed)
	// ErrKind means a message that is none of the three.
	ErrKind = fmt.Errorf("ntlm: no such message type: %w", wire.ErrMalformed)
)

// MaxName is how many bytes of a name as sent are read.
const MaxName = 1024

// Signature begins every message.
const Signature = "NTLMSSP\x00"

// Kind is the message type ([MS-NLMP] 2.2.1). The zero value is none.
type Kind uint8

// The three messages.
const (
	Negotiate    Kind = 1
	Challenge    Kind = 2
	Authenticate Kind = 3
)

func (k Kind) String() string {
	switch k {
	case Negotiate:
		return "negotiate"
	case Challenge:
		return "challenge"
	case Authenticate:
		return "authenticate"
	}
	return "unknown"
}

// Flags are the negotiated options ([MS-NLMP] 2.2.2.5).
type Flags uint32

// The flags that are asked about here.
const (
	Unicode         Flags = 0x00000001
	Sign            Flags = 0x00000010
	Seal            Flags = 0x00000020
	Anonymous       Flags = 0x00000800
	DomainTarget    Flags = 0x00010000 // the server is a domain's
	ServerTarget    Flags = 0x00020000 // the server is its own
	ExtendedSession Flags = 0x00080000
	TargetInfo      Flags = 0x00800000
	HasVersion      Flags = 0x02000000
)

// Version is the operating system's ([MS-NLMP] 2.2.2.10). The zero value was not sent.
type Version struct {
	Major, Minor uint8
	Build        uint16
	Revision     uint8 // of NTLMSSP: 15 in all living systems
}

// Append appends "10.0 build 10586 rev 15" to dst, as EVE writes it.
func (v Version) Append(dst []byte) []byte {
	dst = strconv.AppendUint(dst, uint64(v.Major), 10)
	dst = append(dst, '.')
	dst = strconv.AppendUint(dst, uint64(v.Minor), 10)
	dst = append(dst, " build "...)
	dst = strconv.AppendUint(dst, uint64(v.Build), 10)
	dst = append(dst, " rev "...)
	return strconv.AppendUint(dst, uint64(v.Revision), 10)
}

func (v Version) String() string { return string(v.Append(nil)) }

// Scheme is how an AUTHENTICATE message proves who sent it. The zero value proves nothing.
type Scheme uint8

// The schemes, from the worst to the best ([MS-NLMP] 3.3).
const (
	NoProof      Scheme = iota // anonymous
	LM                         // broken since 1998
	NTLMv1                     // cracked in a day whatever the password
	NTLM2Session               // NTLMv1 with a client challenge: cracked as well
	NTLMv2
)

func (s Scheme) String() string {
	switch s {
	case LM:
		return "LM"
	case NTLMv1:
		return "NTLMv1"
	case NTLM2Session:
		return "NTLMv1 with session security"
	case NTLMv2:
		return "NTLMv2"
	}
	return "anonymous"
}

// Message is one of the three. Names are UTF-8, empty when not said, and live in the message's own buffer until the
// next [Parse] into it: nothing points into the packet.
type Message struct {
	Kind    Kind
	Flags   Flags
	Version Version

	// Domain, User and Workstation are what the client says of itself (NEGOTIATE, AUTHENTICATE).
	Domain, User, Workstation []byte
	// Target is the domain or server that the CHALLENGE signs on to.
	Target []byte
	// Server is who the server says it is (CHALLENGE); the client repeats it in an NTLMv2 AUTHENTICATE.
	Server Server
	// SPN is the service that the client believes it talks to (NTLMv2 AUTHENTICATE), as in "cifs/files01".
	SPN []byte
	// Scheme is how the proof is made (AUTHENTICATE).
	Scheme Scheme
	// MIC says that the three messages are protected against change on their way (AUTHENTICATE).
	MIC bool

	text []byte
}

// Server holds the names of a server and its domain ([MS-NLMP] 2.2.2.1).
type Server struct {
	NetBIOSComputer, NetBIOSDomain    []byte
	DNSComputer, DNSDomain, DNSForest []byte
}

// Probe says whether p begins an NTLMSSP message.
func Probe(p []byte) bool { return len(p) >= 12 && string(p[:8]) == Signature }

// Find is the part of p that begins with an NTLMSSP message, nil when there is none: a way to it where what wraps it
// is broken or unknown.
func Find(p []byte) []byte {
	if i := bytes.Index(p, []byte(Signature)); i >= 0 {
		return p[i:]
	}
	return nil
}

// Parse reads one message. A name that lies outside p is left empty.
func Parse(p []byte, m *Message) error {
	*m = Message{text: m.text[:0]}
	if len(p) < 8 || string(p[:8]) != Signature {
		return ErrSignature
	}
	if len(p) < 12 {
		return ErrShort
	}
	switch kind := binary.LittleEndian.Uint32(p[8:]); kind {
	case 1:
		return m.negotiate(p)
	case 2:
		return m.challenge(p)
	case 3:
		return m.authenticate(p)
	}
	return ErrKind
}

// negotiate reads [MS-NLMP] 2.2.1.1.
func (m *Message) negotiate(p []byte) error {
	if len(p) < 16 {
		return ErrShort
	}
	m.Kind = Negotiate
	m.Flags = Flags(binary.LittleEndian.Uint32(p[12:]))
	m.version(p, 32)
	// 2.2.1.1: both names are in the OEM character set, whatever the flags say.
	m.Domain = m.name(field(p, 16), false)
	m.Workstation = m.name(field(p, 24), false)
	return nil
}

// challenge reads [MS-NLMP] 2.2.1.2.
func (m *Message) challenge(p []byte) error {
	if len(p) < 32 {
		return ErrShort
	}
	m.Kind = Challenge
	m.Flags = Flags(binary.LittleEndian.Uint32(p[20:]))
	m.version(p, 48)
	m.Target = m.name(field(p, 12), m.Flags&Unicode != 0)
	m.pairs(field(p, 40))
	return nil
}

// authenticate reads [MS-NLMP] 2.2.1.3.
func (m *Message) authenticate(p []byte) error {
	if len(p) < 52 {
		return ErrShort
	}
	m.Kind = Authenticate
	m.Flags = Unicode // what a message that is too short for flags is in
	if len(p) >= 64 && payload(p) >= 64 {
		m.Flags = Flags(binary.LittleEndian.Uint32(p[60:]))
		m.version(p, 64)
	}
	unicode := m.Flags&Unicode != 0
	m.Domain = m.name(field(p, 28), unicode)
	m.User = m.name(field(p, 36), unicode)
	m.Workstation = m.name(field(p, 44), unicode)
	nt := field(p, 20)
	m.Scheme = scheme(field(p, 12), nt)
	if m.Scheme == NTLMv2 {
		// 2.2.2.7, 2.2.2.8: proof, then versions, time, client challenge, then what the server said, added to.
		m.pairs(nt[min(len(nt), 16+28):])
	}
	return nil
}

// payload is where the first of the six fields of an AUTHENTICATE message lies: behind the fixed part, which old
// systems send without flags and version.
func payload(p []byte) int {
	first := len(p)
	for at := 12; at < 60; at += 8 {
		if length := binary.LittleEndian.Uint16(p[at:]); length > 0 {
			first = min(first, int(binary.LittleEndian.Uint32(p[at+4:])))
		}
	}
	return first
}

// scheme tells how the proof was made by the lengths of its parts (3.3.1, 3.3.2) and looks at no more of them.
func scheme(lm, nt []byte) Scheme {
	switch {
	case len(nt) > 24:
		return NTLMv2
	case len(nt) == 24 && len(lm) == 24 && isZero(lm[8:]):
		return NTLM2Session
	case len(nt) == 24:
		return NTLMv1
	case len(lm) == 24:
		return LM
	}
	return NoProof
}

func isZero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}

// version reads the version at p[at:], which is there when the flags say so (2.2.2.10).
func (m *Message) version(p []byte, at int) {
	if m.Flags&HasVersion == 0 || len(p) < at+8 {
		return
	}
	m.Version = Version{Major: p[at], Minor: p[at+1], Build: binary.LittleEndian.Uint16(p[at+2:]), Revision: p[at+7]}
}

// field is what the length and offset at p[at:] point at (2.2.1.1: length, room, offset), empty when outside of p.
func field(p []byte, at int) []byte {
	if len(p) < at+8 {
		return nil
	}
	length := uint64(binary.LittleEndian.Uint16(p[at:]))
	offset := uint64(binary.LittleEndian.Uint32(p[at+4:]))
	if offset+length > uint64(len(p)) {
		return nil
	}
	return p[offset : offset+length]
}

// name keeps a name as UTF-8.
func (m *Message) name(p []byte, unicode bool) []byte {
	p = p[:min(len(p), MaxName)]
	start := len(m.text)
	if unicode {
		m.text = AppendUTF16(m.text, p)
	} else {
		m.text = appendLatin1(m.text, p)
	}
	return m.text[start:len(m.text):len(m.text)]
}

// pairs reads AV pairs (2.2.2.1) up to their end mark or their end.
func (m *Message) pairs(p []byte) {
	for len(p) >= 4 {
		id, length := binary.LittleEndian.Uint16(p), int(binary.LittleEndian.Uint16(p[2:]))
		if id == 0 || len(p) < 4+length {
			return
		}
		m.pair(id, p[4:4+length])
		p = p[4+length:]
	}
}

func (m *Message) pair(id uint16, value []byte) {
	var into *[]byte
	switch id {
	case 1:
		into = &m.Server.NetBIOSComputer
	case 2:
		into = &m.Server.NetBIOSDomain
	case 3:
		into = &m.Server.DNSComputer
	case 4:
		into = &m.Server.DNSDomain
	case 5:
		into = &m.Server.DNSForest
	case 6: // MsvAvFlags: bit 1 says that a MIC is there
		m.MIC = len(value) >= 4 && value[0]&2 != 0
		return
	case 9:
		into = &m.SPN
	default:
		return
	}
	if len(*into) == 0 { // said once; repeats could make the text grow
		*into = m.name(value, true)
	}
}
