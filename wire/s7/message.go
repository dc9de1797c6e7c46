// Package s7 reads what the controllers of Siemens are programmed and asked by: S7comm of the S7-300 and S7-400, and
// of S7comm-plus of the S7-1200 and S7-1500 what is in clear. Neither is published; the forms here are those that
// the dissectors of Wireshark and the Snap7 library know.
//
//	| TPKT, COTP | 32 | kind | 0, 2 | reference, 2 | length of parameters, 2 | length of data, 2 | error, 2 | ... |
//	| TPKT, COTP | 72 | version | length, 2 | 31 or 32 | 0, 2 | function, 2 | ... |
//
// A station sets up a connection, then reads and writes areas of memory, lists of the state of the system (SZL), loads
// blocks of program up and down, and starts and stops the controller.
package s7

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

// ErrMalformed means bytes that are not of the protocol.
var ErrMalformed = fmt.Errorf("s7: malformed message: %w", wire.ErrMalformed)

// Kind is the kind of a message of S7comm.
type Kind uint8

// The kinds.
const (
	Job      Kind = 1
	Ack      Kind = 2
	AckData  Kind = 3
	UserData Kind = 7
)

const (
	protocolS7   = 0x32
	protocolPlus = 0x72
	// maxItems is how many items of one message are kept.
	maxItems = 20
)

// Function is what a job asks for.
type Function uint8

// The functions.
const (
	Setup           Function = 0xf0
	Read            Function = 0x04
	Write           Function = 0x05
	RequestDownload Function = 0x1a
	Download        Function = 0x1b
	DownloadEnded   Function = 0x1c
	StartUpload     Function = 0x1d
	Upload          Function = 0x1e
	EndUpload       Function = 0x1f
	Control         Function = 0x28
	Stop            Function = 0x29
)

// Item is an address that is read or written.
type Item struct {
	Area   uint8 // 0x81 inputs, 0x82 outputs, 0x83 flags, 0x84 data block...
	Block  uint16
	Bit    uint32 // address in bits
	Length uint16
	Type   uint8 // of transport: 1 bit, 2 byte...
}

// Message is one message. Its slices point into what was parsed.
type Message struct {
	Plus      bool // of S7comm-plus
	Kind      Kind
	Reference uint16
	Function  Function
	ErrorCode uint16 // class and code of an acknowledgement; 0: none

	Items   []Item
	Service []byte // of Control: the name of what is to be done
	Block   []byte // of a download or an upload: the name of the block; of Control its argument

	// Of UserData.
	Group, Sub uint8
	Reply      bool
	List       uint16 // SZL id
	Index      uint16 // and index
	Records    []byte // records of the list
	RecordSize int

	// Of S7comm-plus.
	Version uint8
	Opcode  uint8 // 0x31 request, 0x32 response, 0x33 notification
	Order   []byte
	Release []byte
}

// The groups of UserData that are told apart.
const (
	GroupBlocks   = 3
	GroupCPU      = 4
	GroupSecurity = 5
	GroupTime     = 7
)

// Parse reads one message, as it is carried.
func Parse(b []byte, m *Message) error {
	*m = Message{Items: m.Items[:0]}
	switch {
	case len(b) >= 10 && b[0] == protocolS7:
		return m.classic(b)
	case len(b) >= 4 && b[0] == protocolPlus:
		return m.plus(b)
	}
	return ErrMalformed
}

func (m *Message) classic(b []byte) error {
	m.Kind, m.Reference = Kind(b[1]), binary.BigEndian.Uint16(b[4:])
	parameters, data := int(binary.BigEndian.Uint16(b[6:])), int(binary.BigEndian.Uint16(b[8:]))
	at := 10
	switch m.Kind {
	case Job, UserData:
	case Ack, AckData:
		if at = 12; len(b) < at {
			return ErrMalformed
		}
		m.ErrorCode = binary.BigEndian.Uint16(b[10:])
	default:
		return ErrMalformed
	}
	if len(b) < at+parameters || parameters > 0 && len(b) < at+1 {
		return ErrMalformed
	}
	p := b[at : at+parameters]
	d := b[at+parameters:]
	if data < len(d) {
		d = d[:data]
	}
	switch {
	case len(p) == 0:
	case m.Kind == UserData:
		m.user(p, d)
	default:
		m.Function = Function(p[0])
		if m.Kind == Job {
			m.job(p)
		}
	}
	return nil
}

// job reads the parameters of a job.
func (m *Message) job(p []byte) {
	switch m.Function {
	case Read, Write:
		if len(p) >= 2 {
			m.items(p[2:], int(p[1]))
		}
	case RequestDownload, Download, DownloadEnded, StartUpload:
		if len(p) > 8 { // function, status, seven bytes, then a length and the name of the block
			n := int(p[8])
			m.Block = p[9:min(9+n, len(p))]
		}
	case Stop:
		if len(p) > 6 {
			m.Service = p[7:min(7+int(p[6]), len(p))]
		}
	case Control:
		m.control(p)
	}
}

// control reads a program invocation: seven bytes, the length and bytes of an argument, the length and bytes of a name.
func (m *Message) control(p []byte) {
	if len(p) < 10 {
		return
	}
	n := int(binary.BigEndian.Uint16(p[8:]))
	if 10+n >= len(p) {
		return
	}
	m.Block = p[10 : 10+n]
	rest := p[10+n:]
	m.Service = rest[1:min(1+int(rest[0]), len(rest))]
}

// items reads addresses of the form S7ANY: 12 | 0a | 10 | type | length, 2 | block, 2 | area | address, 3.
func (m *Message) items(b []byte, n int) {
	for ; n > 0 && len(b) >= 2 && len(m.Items) < maxItems; n-- {
		size := 2 + int(b[1])
		if b[0] != 0x12 || size > len(b) {
			return
		}
		if size == 12 && b[2] == 0x10 {
			m.Items = append(m.Items, Item{Type: b[3], Length: binary.BigEndian.Uint16(b[4:]), Block: binary.BigEndian.Uint16(b[6:]),
				Area: b[8], Bit: uint32(b[9])<<16 | uint32(b[10])<<8 | uint32(b[11])})
		}
		b = b[size:]
	}
}

// user reads the parameters and the data of UserData: 00 01 12 | length | method | type and group | sub-function | ...
func (m *Message) user(p, d []byte) {
	if len(p) < 8 || p[0] != 0 || p[1] != 1 || p[2] != 0x12 {
		return
	}
	m.Reply, m.Group, m.Sub = p[5]>>4 == 8, p[5]&15, p[6]
	if m.Reply && len(p) >= 12 {
		m.ErrorCode = binary.BigEndian.Uint16(p[10:])
	}
	if m.Group != GroupCPU || m.Sub != 1 || len(d) < 8 { // a return code, a type, a length, the list
		return
	}
	m.List, m.Index = binary.BigEndian.Uint16(d[4:]), binary.BigEndian.Uint16(d[6:])
	if m.Reply && len(d) >= 12 {
		m.RecordSize, m.Records = int(binary.BigEndian.Uint16(d[8:])), d[12:]
	}
}

// Record is the record of a list with that index; nil when it has none. Each record begins with its index.
func (m *Message) Record(index uint16) []byte {
	size := m.RecordSize
	if size < 3 {
		return nil
	}
	for b := m.Records; len(b) >= size; b = b[size:] {
		if binary.BigEndian.Uint16(b) == index {
			return b[2:size]
		}
	}
	return nil
}

// ListNumber is the number of a list without the kind of extract that is asked for.
func (m *Message) ListNumber() uint16 { return m.List & 0xff }
