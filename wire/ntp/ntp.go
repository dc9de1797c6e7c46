// Package ntp reads the messages of the Network Time Protocol, versions 1 to 4 (RFC 5905), with those by which servers are
// asked about themselves: control messages (RFC 9327) and the private ones of ntpd, whose answers can be a hundred times as
// long as the question and are misused to flood others.
//
//	| leap, version, mode | stratum | poll | precision | root delay | root dispersion | reference | four times of 8 bytes |
package ntp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"time"

	"bulwark/wire"
)

// ErrShort means that a message ends early.
var ErrShort = fmt.Errorf("ntp: message ends early: %w", wire.ErrMalformed)

// Mode is who speaks to whom (RFC 5905 §3).
type Mode uint8

// The modes.
const (
	SymmetricActive Mode = iota + 1
	SymmetricPassive
	Client
	Server
	Broadcast
	Control
	Private
)

var modeNames = [...]string{"", "symmetric active", "symmetric passive", "client", "server", "broadcast", "control", "private"}

func (m Mode) String() string { return modeNames[m&7] }

const (
	headerLen  = 48
	controlLen = 12
	privateLen = 8
)

// Message is one message. Its slices point into what was parsed, until the next Parse.
type Message struct {
	Leap           uint8 // 3: the clock is not synchronised
	Version        uint8
	Mode           Mode
	Stratum        uint8 // 1: has a clock of its own, 2 to 15: takes the time from another; 0: says nothing, or why not
	Poll           int8  // 2^Poll seconds between two messages
	Precision      int8  // 2^Precision seconds
	RootDelay      time.Duration
	RootDispersion time.Duration
	Reference      [4]byte // what the time comes from; see [Message.Source]
	Transmitted    Stamp   // when it was sent, by the sender's clock
	Received       Stamp   // when the question came
	KeyID          uint32  // of the key that authenticates the message
	Authenticated  bool    // a code stands at its end

	// Of the modes Control and Private.
	Answer bool
	Op     uint8  // what is asked for: an opcode, or a request code
	Data   []byte // of a control message: variables as text
}

// Stamp is a time: seconds since 1900 and their 2^32th parts.
type Stamp uint64

// Unix is the time in unix nanoseconds; 0 for none. Seconds of less than half the range are of the era that begins in
// 2036 (RFC 5905 §6).
func (s Stamp) Unix() int64 {
	if s == 0 {
		return 0
	}
	const from1900 = 2208988800
	sec := int64(s >> 32)
	if sec < 1<<31 {
		sec += 1 << 32
	}
	return (sec-from1900)*1e9 + int64(s&0xffffffff)*1e9>>32
}

// LooksAtPort tells whether a datagram of port 123 is a message.
func LooksAtPort(p []byte) bool {
	if len(p) < privateLen || p[0]>>3&7 == 0 || p[0]>>3&7 > 4 {
		return false
	}
	switch Mode(p[0] & 7) {
	case 0:
		return p[0]>>3&7 == 1 && len(p) == headerLen // RFC 1059 §3.2: version 1 has no modes
	case Control:
		return len(p) >= controlLen && p[1]&0x1f != 0
	case Private:
		return true
	}
	return len(p) >= headerLen && p[1] <= 16
}

// Looks tells whether the datagram p is the answer of a time server, whatever port it came from: times in their order, the
// answer sent within two seconds, a clock of a sane precision. Other messages say too little.
func Looks(p []byte) bool {
	if len(p) != headerLen || Mode(p[0]&7) != Server || p[0]>>3&7 < 3 || p[0]>>3&7 > 4 || p[1] == 0 || p[1] > 15 {
		return false
	}
	precision := int8(p[3])
	reference, received, sent := stamp(p[16:]), stamp(p[32:]), stamp(p[40:])
	return precision < -4 && precision > -32 && received>>32 > 3<<30 && sent >= received && sent-received < 2<<32 && reference <= sent
}

func stamp(b []byte) Stamp { return Stamp(binary.BigEndian.Uint64(b)) }

// Parse reads one message.
func Parse(p []byte, m *Message) error {
	*m = Message{}
	if len(p) < privateLen {
		return ErrShort
	}
	m.Leap, m.Version, m.Mode = p[0]>>6, p[0]>>3&7, Mode(p[0]&7)
	switch m.Mode {
	case Control: // RFC 9327 §2: R E M and an opcode, then sequence, status, association, offset, count
		if len(p) < controlLen {
			return ErrShort
		}
		m.Leap, m.Answer, m.Op = 0, p[1]&0x80 != 0, p[1]&0x1f
		n := int(binary.BigEndian.Uint16(p[10:]))
		m.Data = p[controlLen:min(controlLen+n, len(p))]
		return nil
	case Private: // ntp_request.h of ntpd: R M, then authentication and sequence, implementation, request code
		m.Leap, m.Answer, m.Op = 0, p[0]&0x80 != 0, p[3]
		return nil
	}
	if len(p) < headerLen {
		return ErrShort
	}
	m.Stratum, m.Poll, m.Precision = p[1], int8(p[2]), int8(p[3])
	m.RootDelay, m.RootDispersion = short(p[4:]), short(p[8:])
	m.Reference = [4]byte(p[12:])
	m.Received, m.Transmitted = stamp(p[32:]), stamp(p[40:])
	if n := len(p); n == headerLen+20 || n == headerLen+24 { // RFC 5905 §7.3: a key and a digest of MD5 or SHA-1
		m.Authenticated, m.KeyID = true, binary.BigEndian.Uint32(p[headerLen:])
	}
	return nil
}

// short is a time of 16 bits of seconds and 16 of their parts.
func short(b []byte) time.Duration {
	return time.Duration(uint64(binary.BigEndian.Uint32(b)) * uint64(time.Second) >> 16)
}

// Source is what the time comes from as text: of stratum 1 the kind of clock, GPS, of others of IPv4 the address of the
// server above, of stratum 0 in an answer why there is none, RATE (RFC 5905 §7.3, §7.4); empty where nothing is said.
func (m *Message) Source(dst []byte) []byte {
	text := bytes.TrimRight(m.Reference[:], "\x00")
	switch {
	case len(text) == 0 || m.Mode >= Control:
	case m.Stratum <= 1:
		for _, c := range text {
			if c <= ' ' || c > '~' {
				return dst
			}
		}
		return append(dst, text...)
	case m.Stratum < 16:
		return netip.AddrFrom4(m.Reference).AppendTo(dst)
	}
	return dst
}

// Kiss reports whether the message is a kiss-o'-death: a server that refuses (RFC 5905 §7.4).
func (m *Message) Kiss() bool { return m.Mode == Server && m.Stratum == 0 && m.Reference[0] != 0 }

// Operation is what a control or private message asks for; empty for another.
func (m *Message) Operation() string {
	switch m.Mode {
	case Control:
		if int(m.Op) < len(controlOps) {
			return controlOps[m.Op]
		}
	case Private:
		switch m.Op {
		case 0:
			return "peer list"
		case 1:
			return "peer list summary"
		case 4:
			return "system information"
		case 20, 42:
			return "monitor list" // up to 600 addresses for one question
		case 16:
			return "restrictions"
		}
		return "private request"
	}
	return ""
}

var controlOps = [...]string{"", "read status", "read variables", "write variables", "read clock", "write clock", "set trap", "trap",
	"configure", "save configuration", "read list", "read ordered list", "request nonce"}

// Variable is the value of a variable of a control message, without quotes; nil where it has none.
func (m *Message) Variable(name string) []byte {
	if m.Mode != Control {
		return nil
	}
	for rest := m.Data; len(rest) > 0; {
		var item []byte
		item, rest = cut(rest)
		key, value, ok := bytes.Cut(bytes.TrimSpace(item), []byte{'='})
		if ok && string(key) == name {
			return bytes.Trim(value, `"`)
		}
	}
	return nil
}

// cut takes the first item of a list with commas; commas in quotes do not count.
func cut(b []byte) (item, rest []byte) {
	quoted := false
	for i, c := range b {
		switch {
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			return b[:i], b[i+1:]
		}
	}
	return b, nil
}
