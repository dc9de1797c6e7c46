package s7

import (
	"bytes"
	"encoding/binary"
)

// plus reads the header of S7comm-plus, and the order number and release that a controller gives of itself when a
// session is made: "1;6ES7 212-1BE40-0XB0 ;V4.1".
func (m *Message) plus(b []byte) error {
	m.Plus, m.Version = true, b[1]
	if m.Version == 0 || m.Version > 3 && m.Version < 0xfe {
		return ErrMalformed
	}
	d := b[4:]
	if m.Version == 3 && len(d) > 0 { // a digest stands in front
		if n := 1 + int(d[0]); n < len(d) {
			d = d[n:]
		}
	}
	if len(d) < 5 || d[0] < 0x31 || d[0] > 0x33 {
		return nil
	}
	m.Opcode = d[0]
	if m.Opcode != 0x33 {
		m.Reference = binary.BigEndian.Uint16(d[3:])
	}
	if m.Opcode == 0x32 && m.PlusFunction() == CreateObject {
		m.identity(d)
	}
	return nil
}

// The functions of S7comm-plus.
const (
	Explore      = 0x04bb
	CreateObject = 0x04ca
	DeleteObject = 0x04d4
	SetVariable  = 0x04f2
	SetMultiple  = 0x0542
	GetMultiple  = 0x054c
	Invoke       = 0x056b
)

// PlusFunction is the function of a message of S7comm-plus.
func (m *Message) PlusFunction() uint16 {
	if !m.Plus {
		return 0
	}
	return m.Reference
}

// identity looks for the text in which a controller says who it is.
func (m *Message) identity(d []byte) {
	at := bytes.Index(d, []byte(";6"))
	if at < 0 {
		at = bytes.Index(d, []byte(";3"))
	}
	if at < 0 {
		return
	}
	text := d[at+1:]
	for i, c := range text {
		if c < ' ' || c > '~' || i == 64 {
			text = text[:i]
			break
		}
	}
	order, release, ok := bytes.Cut(text, []byte{';'})
	if order = bytes.TrimSpace(order); ok && len(order) >= 10 && len(release) > 0 && release[0] == 'V' {
		m.Order, m.Release = order, bytes.TrimSpace(release)
	}
}
