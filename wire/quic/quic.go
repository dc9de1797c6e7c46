// Package quic reads what QUIC says before it hides behind keys that only its two ends have (RFC 9000, RFC 9001,
// RFC 9369, the drafts that were deployed, and Google's own QUIC before them).
//
// A datagram holds one or more packets. Those of the handshake have a long header:
//
//	+-------+---------+-----+--------+-----+--------+-------+--------+---------------
//	| first | version | len | dest   | len | source | token | length | number, frames    Initial: token and length
//	+-------+---------+-----+--------+-----+--------+-------+--------+---------------
//
// An Initial is encrypted with keys that are derived from the connection id which the client chose first (RFC 9001
// §5.2): whoever sees it can read it. Its CRYPTO frames are pieces of a stream in which the hellos of TLS stand, not
// always in order, over as many packets and datagrams as the sender likes. Behind the two hellos everything is
// encrypted with keys that cannot be derived, and [Conversation.Done] says so.
//
// A server may ask the client to come again (Retry: the keys change) or to speak another version (Version
// Negotiation). Google's versions up to Q049 say their hello, CHLO, in the clear; Q050 encrypts it as an Initial.
package quic

import (
	"encoding/binary"
	"fmt"
	"strconv"

	"bulwark/wire"
)

var (
	// ErrHeader means that a datagram does not begin with a packet that is read here.
	ErrHeader = fmt.Errorf("quic: no packet of a handshake: %w", wire.ErrMalformed)
	// ErrDecrypt means that an Initial does not open with the keys of its connection.
	ErrDecrypt = fmt.Errorf("quic: packet does not decrypt: %w", wire.ErrMalformed)
	// ErrFrames means that the frames of a packet break off or are none.
	ErrFrames = fmt.Errorf("quic: malformed frames: %w", wire.ErrMalformed)
	// ErrLong means that a hello is longer than is put together.
	ErrLong = fmt.Errorf("quic: hello too long: %w", wire.ErrMalformed)
)

// Version is a version of QUIC as the wire numbers it. Zero stands for Version Negotiation.
type Version uint32

// The versions that are told apart by name; see [Version.Known] for all that are read.
const (
	Version1 Version = 1
	Version2 Version = 0x6b3343cf // RFC 9369

	draft       Version = 0xff000000 // and the number of the draft in the lowest byte
	version2Old Version = 0x709a50c4 // the drafts of version 2
	mvfst       Version = 0xfaceb000 // Facebook's
)

// String names a version as Suricata's EVE does: Google's by its letters, others in hexadecimal.
func (v Version) String() string { return string(v.Append(nil)) }

// Append appends the name of a version to b.
func (v Version) Append(b []byte) []byte {
	if v.Google() {
		return binary.BigEndian.AppendUint32(b, uint32(v))
	}
	return strconv.AppendUint(b, uint64(v), 16)
}

// Google tells whether v is a version of Google's QUIC: a letter and three digits.
func (v Version) Google() bool {
	letter := byte(v >> 24)
	return (letter == 'Q' || letter == 'T') && digit(byte(v>>16)) && digit(byte(v>>8)) && digit(byte(v))
}

// number is the number of one of Google's versions: 46 of Q046.
func (v Version) number() int {
	return int(v>>16&15)*100 + int(v>>8&15)*10 + int(v&15)
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

// clear tells whether the hello of v is not encrypted.
func (v Version) clear() bool { return v.Google() && v>>24 == 'Q' && v.number() < 50 }

// Reserved tells whether v exists only so that servers do not choke on what they do not know (RFC 9000 §15).
func (v Version) Reserved() bool { return v&0x0f0f0f0f == 0x0a0a0a0a }

// oldest is the first of Google's versions that is read.
const oldest = 24

// Known tells whether the packets of v can be read.
func (v Version) Known() bool { return v.clear() && v.number() >= oldest || v.salt() != "" }

// second tells whether v numbers its packets and labels its keys as version 2 does.
func (v Version) second() bool { return v == Version2 || v == version2Old }

// draftNumber is the number of the draft that v is based on; 0 when it is none.
func (v Version) draftNumber() int {
	switch {
	case v&0xffffff00 == draft:
		return int(v & 0xff)
	case v == mvfst|1:
		return 22
	case v == mvfst|2 || v == mvfst|0xe:
		return 27
	}
	return 0
}

// salt is what the keys of an Initial are derived with (RFC 9001 §5.2, RFC 9369 §3.3.1, and the drafts); empty
// for a version that is not known.
func (v Version) salt() string {
	n := v.draftNumber()
	switch {
	case v == Version1 || n == 33 || n == 34:
		return "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a"
	case v == Version2:
		return "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9"
	case v == version2Old:
		return "\xa7\x07\xc2\x03\xa5\x9b\x47\x18\x4a\x1d\x62\xca\x57\x04\x06\xea\x7a\xe3\xe5\xd3"
	case n >= 29 && n <= 32:
		return "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99"
	case n >= 23 && n <= 28:
		return "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02"
	case n == 21 || n == 22:
		return "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a"
	case v == 0x51303530: // Q050
		return "\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45"
	case v == 0x54303530: // T050
		return "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10"
	case v == 0x54303531: // T051
		return "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d"
	}
	return ""
}
