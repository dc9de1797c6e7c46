// Package modbus reads Modbus/TCP (Modbus Application Protocol V1.1b3, Modbus Messaging on TCP/IP V1.0b).
//
// A message is a header of seven bytes, a function code and what the function asks for or gives:
//
//	| transaction, 2 | protocol 0, 2 | length of what follows, 2 | unit | function | data ... |
//
// A client asks a unit to read or write coils and registers; the answer repeats the transaction and the function, with
// its highest bit set where the unit refuses. Nothing is authenticated: whoever reaches the port may write.
package modbus

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

var (
	// ErrProtocol means that the protocol field is not 0.
	ErrProtocol = fmt.Errorf("modbus: not the protocol 0: %w", wire.ErrMalformed)
	// ErrLength means a length that no message has.
	ErrLength = fmt.Errorf("modbus: bad length: %w", wire.ErrMalformed)
)

const (
	headerSize = 7
	minLength  = 2   // unit and function
	maxLength  = 254 // unit and a PDU of 253 bytes (§4.1)
	refused    = 0x80
)

// Function is a function code, without the bit of a refusal.
type Function uint8

// The functions of V1.1b3 that have a form of their own here.
const (
	ReadCoils            Function = 1
	ReadDiscreteInputs   Function = 2
	ReadHoldingRegisters Function = 3
	ReadInputRegisters   Function = 4
	WriteSingleCoil      Function = 5
	WriteSingleRegister  Function = 6
	ReadExceptionStatus  Function = 7
	Diagnostic           Function = 8
	GetCommEventCounter  Function = 11
	GetCommEventLog      Function = 12
	WriteMultipleCoils   Function = 15
	WriteMultiple        Function = 16
	ReportServerID       Function = 17
	ReadFileRecord       Function = 20
	WriteFileRecord      Function = 21
	MaskWriteRegister    Function = 22
	ReadWriteMultiple    Function = 23
	ReadFIFOQueue        Function = 24
	Encapsulated         Function = 43
)

// Access says what a function does to what.
type Access uint8

// The bits of an access.
const (
	Read Access = 1 << iota
	Write
	Discretes
	Coils
	Input
	Holding
	Single
	Multiple
)

// Access is what a function does; 0 for one that does none of it.
func (f Function) Access() Access {
	switch f {
	case ReadCoils:
		return Read | Coils
	case ReadDiscreteInputs:
		return Read | Discretes
	case ReadHoldingRegisters:
		return Read | Holding
	case ReadInputRegisters:
		return Read | Input
	case WriteSingleCoil:
		return Write | Coils | Single
	case WriteSingleRegister:
		return Write | Holding | Single
	case WriteMultipleCoils:
		return Write | Coils | Multiple
	case WriteMultiple:
		return Write | Holding | Multiple
	case MaskWriteRegister:
		return Write | Holding
	case ReadWriteMultiple:
		return Read | Write | Holding | Multiple
	}
	return 0
}

// Errors are what is wrong with a message that was read all the same.
type Errors uint8

// The bits of errors.
const (
	BadValue Errors = 1 << iota
	BadLength
	BadException
	BadFunction
	BadProtocol
)

// Part is what a message says of one access.
type Part struct {
	Set      bool
	Address  uint16
	Quantity uint16 // or the value of a single write
	Data     []byte
	And, Or  uint16 // of a mask
}

// Message is one message. Its slices point into what was parsed.
type Message struct {
	Reply       bool
	Transaction uint16
	Protocol    uint16
	Length      uint16
	Unit        uint8
	Raw         uint8 // the function code as sent
	Function    Function
	Refused     bool   // the unit refuses; Exception says why
	Exception   uint8  // §7
	Sub         uint16 // of a diagnostic its sub-function, of an encapsulated interface its type
	Read        Part
	Write       Part
	Data        []byte // of all other functions, what follows the function code or the sub-function
	Errors      Errors
}

// Parse reads a whole message. reply says which side sent it: requests and replies differ.
func Parse(b []byte, reply bool, m *Message) error {
	if len(b) < headerSize+1 {
		return ErrLength
	}
	*m = Message{Reply: reply, Transaction: binary.BigEndian.Uint16(b), Protocol: binary.BigEndian.Uint16(b[2:]),
		Length: binary.BigEndian.Uint16(b[4:]), Unit: b[6], Raw: b[7], Function: Function(b[7] &^ refused)}
	if m.Protocol != 0 {
		return ErrProtocol
	}
	if m.Length < minLength || m.Length > maxLength || len(b) < 6+int(m.Length) {
		return ErrLength
	}
	d := b[8 : 6+m.Length]
	switch {
	case m.Raw&refused != 0 && reply:
		m.refusal(d)
	case m.Raw == 0 || m.Raw&refused != 0:
		m.Errors |= BadFunction
		m.Data = d
	case m.Function == Diagnostic && len(d) >= 2:
		m.Sub, m.Data = binary.BigEndian.Uint16(d), d[2:]
		m.diagnostic()
	case m.Function == Encapsulated && len(d) >= 1:
		m.Sub, m.Data = uint16(d[0]), d[1:]
	case m.Function.Access() != 0 && reply:
		m.answer(d)
	case m.Function.Access() != 0:
		m.ask(d)
	default:
		m.Data = d
		m.expect(fixed(m.Function, reply))
	}
	return nil
}

// fixed is how much data a function without an access of its own has; -1 where that varies.
func fixed(f Function, reply bool) int {
	switch {
	case f == ReadExceptionStatus && reply:
		return 1
	case f == GetCommEventCounter && reply:
		return 4
	case reply:
		return -1
	case f == ReadExceptionStatus, f == GetCommEventCounter, f == GetCommEventLog, f == ReportServerID:
		return 0
	case f == ReadFIFOQueue:
		return 2
	}
	return -1
}

func (m *Message) expect(n int) {
	if n >= 0 && len(m.Data) != n {
		m.Errors |= BadLength
	}
}

// refusal reads an exception (§7), and notes one that the function cannot have.
func (m *Message) refusal(d []byte) {
	m.Refused = true
	if len(d) != 1 {
		m.Errors |= BadLength
	}
	if len(d) == 0 {
		return
	}
	m.Exception = d[0]
	f := m.Function
	switch {
	case m.Exception == 3 && f == Diagnostic,
		m.Exception == 2 && (f > 6 && f < 15 || f > 16 && f < 22),
		m.Exception == 8 && f != ReadFileRecord && f != WriteFileRecord:
		m.Errors |= BadException
	}
}

// diagnostic holds a request against what its sub-function may say (§6.8.1).
func (m *Message) diagnostic() {
	if m.Reply {
		return
	}
	if len(m.Data) != 2 {
		m.Errors |= BadLength
		return
	}
	v := binary.BigEndian.Uint16(m.Data)
	ok := v == 0
	switch {
	case m.Sub == 0, m.Sub == 4, m.Sub > 4 && m.Sub < 10, m.Sub > 21:
		ok = true
	case m.Sub == 1:
		ok = v == 0 || v == 0xff00
	case m.Sub == 3:
		ok = v&0xff == 0
	}
	if !ok {
		m.Errors |= BadValue
	}
}
