package modbus

import "encoding/binary"

const (
	maxBits  = 2000 // coils of one read (§6.1)
	maxWords = 125  // registers of one read (§6.3)
)

// most is how many coils or registers one access may be about.
func (a Access) most() uint16 {
	if a&(Coils|Discretes) != 0 {
		return maxBits
	}
	return maxWords
}

// ask reads a request that reads or writes.
func (m *Message) ask(d []byte) {
	a := m.Function.Access()
	if a&Read != 0 {
		if len(d) < 4 {
			m.Errors |= BadLength
			return
		}
		m.Read = Part{Set: true, Address: binary.BigEndian.Uint16(d), Quantity: binary.BigEndian.Uint16(d[2:])}
		if m.Read.Quantity == 0 || m.Read.Quantity > a.most() {
			m.Errors |= BadValue
		}
		d = d[4:]
		if a&Write == 0 {
			m.nothing(d)
			return
		}
	}
	m.write(a, d)
}

// write reads what a request writes.
func (m *Message) write(a Access, d []byte) {
	if a&Multiple == 0 {
		m.single(a, d)
		return
	}
	if len(d) < 5 {
		m.Errors |= BadLength
		return
	}
	p := Part{Set: true, Address: binary.BigEndian.Uint16(d), Quantity: binary.BigEndian.Uint16(d[2:]), Data: d[5:]}
	count := int(p.Quantity) * 2
	if a&Coils != 0 {
		count = (int(p.Quantity) + 7) / 8
	}
	if p.Quantity == 0 || p.Quantity > a.most() || int(d[4]) != count || len(p.Data) != int(d[4]) {
		m.Errors |= BadValue
	}
	m.Write = p
}

// single reads the write of one coil or register, or of a mask; requests and replies are alike.
func (m *Message) single(a Access, d []byte) {
	need := 4
	if a&Single == 0 {
		need = 6
	}
	if len(d) < need {
		m.Errors |= BadLength
		return
	}
	m.Write = Part{Set: true, Address: binary.BigEndian.Uint16(d)}
	if need == 6 {
		m.Write.And, m.Write.Or = binary.BigEndian.Uint16(d[2:]), binary.BigEndian.Uint16(d[4:])
	} else {
		m.Write.Quantity = binary.BigEndian.Uint16(d[2:])
		if v := m.Write.Quantity; a&Coils != 0 && v != 0 && v != 0xff00 {
			m.Errors |= BadValue // §6.5
		}
	}
	m.nothing(d[need:])
}

// answer reads a reply to a request that reads or writes.
func (m *Message) answer(d []byte) {
	a := m.Function.Access()
	switch {
	case a&Read != 0:
		if len(d) == 0 {
			m.Errors |= BadLength
			return
		}
		m.Read = Part{Set: true, Data: d[1:]}
		if d[0] == 0 || d[0] > 250 || int(d[0]) != len(d)-1 {
			m.Errors |= BadValue
		}
	case a&Multiple != 0:
		if len(d) < 4 {
			m.Errors |= BadLength
			return
		}
		m.Write = Part{Set: true, Address: binary.BigEndian.Uint16(d), Quantity: binary.BigEndian.Uint16(d[2:])}
		if m.Write.Quantity == 0 || m.Write.Quantity > a.most() {
			m.Errors |= BadValue
		}
		m.nothing(d[4:])
	default:
		m.single(a, d)
	}
}

// nothing notes bytes behind the end of a message's data.
func (m *Message) nothing(rest []byte) {
	if len(rest) > 0 {
		m.Errors |= BadLength
	}
}

// Answers reports whether a reply carries what the request asked for.
func (m *Message) Answers(q *Message) bool {
	switch {
	case m.Refused:
		return true
	case q.Read.Set && m.Read.Set:
		want := int(q.Read.Quantity) * 2
		if m.Function.Access()&(Coils|Discretes) != 0 {
			want = (int(q.Read.Quantity) + 7) / 8
		}
		return len(m.Read.Data) == want
	case q.Write.Set && m.Write.Set:
		return m.Write.Address == q.Write.Address && m.Write.Quantity == q.Write.Quantity &&
			m.Write.And == q.Write.And && m.Write.Or == q.Write.Or
	}
	return true
}
