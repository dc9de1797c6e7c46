// Package tftp reads the messages of the Trivial File Transfer Protocol (RFC 1350) and its options (RFC 2347): by it
// telephones, network boots and many devices fetch their configuration and their firmware, unencrypted and from whoever
// answers.
//
//	1, 2 read, write request:  | op | file 0 | mode 0 | option 0 value 0 ...
//	3 data:                    | op | block | bytes
//	4 acknowledgement:         | op | block |
//	5 error:                   | op | code | message 0
//	6 options accepted:        | op | option 0 value 0 ...
//
// The request goes to port 69; the answer comes from another port, with which the transfer goes on. [Transfer] follows one.
package tftp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strconv"

	"bulwark/wire"
)

var (
	// ErrShort means that a message ends early.
	ErrShort = fmt.Errorf("tftp: message ends early: %w", wire.ErrMalformed)
	// ErrOp means an operation that is none.
	ErrOp = fmt.Errorf("tftp: unknown operation: %w", wire.ErrMalformed)
)

// Op is what a message is.
type Op uint16

// The operations.
const (
	Read Op = iota + 1
	Write
	Data
	Ack
	Error
	OptionAck
)

const (
	maxName    = 512 // bytes of a file's name
	maxOptions = 16
	// defaultBlock is how many bytes a block has where nothing else is agreed on (RFC 1350 §2).
	defaultBlock = 512
)

// Option is an option with its value (RFC 2347).
type Option struct{ Name, Value []byte }

// Message is one message. Its slices point into what was parsed, until the next Parse.
type Message struct {
	Op      Op
	File    []byte // of a request
	Mode    []byte // of a request: netascii, octet or mail, in any case
	Options []Option
	Block   uint16 // of data and of an acknowledgement
	Data    []byte
	Code    uint16 // of an error
	Text    []byte // of an error
}

// Looks tells whether the datagram p is a request, whatever port it goes to: a name, a mode in use, and options that end
// where the datagram ends. Messages of a transfer say too little by themselves.
func Looks(p []byte) bool {
	if len(p) < 9 || p[0] != 0 || p[1] != byte(Read) && p[1] != byte(Write) || p[len(p)-1] != 0 {
		return false
	}
	name, rest, ok := bytes.Cut(p[2:], []byte{0})
	if !ok || len(name) == 0 || len(name) > maxName || !printable(name) {
		return false
	}
	mode, rest, ok := bytes.Cut(rest, []byte{0})
	return ok && modeInUse(mode) && bytes.Count(rest, []byte{0})%2 == 0
}

func printable(b []byte) bool {
	for _, c := range b {
		if c < ' ' || c == 0x7f {
			return false
		}
	}
	return true
}

func modeInUse(mode []byte) bool {
	return bytes.EqualFold(mode, []byte("octet")) || bytes.EqualFold(mode, []byte("netascii")) || bytes.EqualFold(mode, []byte("mail"))
}

// Parse reads one message. After an error m holds what came before.
func Parse(p []byte, m *Message) error {
	*m = Message{Options: m.Options[:0]}
	if len(p) < 2 {
		return ErrShort
	}
	m.Op = Op(binary.BigEndian.Uint16(p))
	rest := p[2:]
	switch m.Op {
	case Read, Write:
		return m.request(rest)
	case OptionAck:
		m.options(rest)
		return nil
	case Data, Ack, Error:
		if len(rest) < 2 {
			return ErrShort
		}
		m.Block = binary.BigEndian.Uint16(rest)
		switch m.Op {
		case Data:
			m.Data = rest[2:]
		case Error:
			m.Code, m.Block = m.Block, 0
			m.Text, _, _ = bytes.Cut(rest[2:], []byte{0})
		}
		return nil
	}
	return ErrOp
}

func (m *Message) request(rest []byte) error {
	var ok bool
	if m.File, rest, ok = bytes.Cut(rest, []byte{0}); !ok {
		return ErrShort
	}
	m.File = m.File[:min(len(m.File), maxName)]
	if m.Mode, rest, ok = bytes.Cut(rest, []byte{0}); !ok {
		return ErrShort
	}
	m.options(rest)
	return nil
}

func (m *Message) options(rest []byte) {
	for len(rest) > 0 && len(m.Options) < maxOptions {
		name, more, ok := bytes.Cut(rest, []byte{0})
		value, more, more2 := bytes.Cut(more, []byte{0})
		if !ok || !more2 {
			return
		}
		m.Options = append(m.Options, Option{name, value})
		rest = more
	}
}

// number is the value of an option that is a number; 0 where it is none.
func (m *Message) number(name string) uint64 {
	for _, o := range m.Options {
		if bytes.EqualFold(o.Name, []byte(name)) {
			n, err := strconv.ParseUint(string(o.Value), 10, 63)
			if err == nil {
				return n
			}
		}
	}
	return 0
}

// Size is the size of the file in bytes as the option tsize tells it (RFC 2349); 0 where it does not.
func (m *Message) Size() uint64 { return m.number("tsize") }

// errorNames are the codes of errors (RFC 1350 §5, RFC 2347).
var errorNames = [...]string{"", "file not found", "access violation", "disk full", "illegal operation", "unknown transfer",
	"file exists", "no such user", "options refused"}

// ErrorName is what an error is by its code; empty for 0 and for codes without a name.
func (m *Message) ErrorName() string {
	if m.Op == Error && int(m.Code) < len(errorNames) {
		return errorNames[m.Code]
	}
	return ""
}
