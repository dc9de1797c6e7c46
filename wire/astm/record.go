package astm

import (
	"bytes"

	"bulwark/wire/internal/delimited"
)

// delimiters are the five characters that a header declares (LIS2-A2 §5.4.2). The escape character is not used: what is
// kept holds no escapes in practice, and a value that does stays as written.
type delimiters struct{ field, repeat, component byte }

// headerLen is how many bytes tell a header record.
const headerLen = 5

// isHeader reports whether p begins a header record: H and four characters that are no letters, digits or blanks. Some
// declare no escape character, so the last of the four may be the field separator again.
func isHeader(p []byte) bool {
	return len(p) >= headerLen && p[0] == 'H' && isMark(p[1]) && isMark(p[2]) && isMark(p[3]) && isMark(p[4]) &&
		p[1] != p[2] && p[1] != p[3] && p[2] != p[3]
}

func isMark(b byte) bool {
	return b > ' ' && b < 0x7F && (b < '0' || b > '9') && (b < 'A' || b > 'Z') && (b < 'a' || b > 'z')
}

// header takes a header record (LIS2-A2 §6).
func (d *delimiters) header(m *Message, rec []byte) {
	d.field, d.repeat, d.component = rec[1], rec[2], rec[3]
	m.Component = d.component
	f := delimited.Fields{Rest: rec[2:], Sep: d.field, N: 2}
	m.ControlID = m.keep(f.At(3))
	m.Password = len(f.At(4)) > 0
	m.Sender = m.keep(f.At(5))
	m.Characteristics = m.keep(f.At(9))
	m.Receiver = m.keep(f.At(10))
	m.Processing = m.keep(f.At(12))
	m.Version = m.keep(f.At(13))
	m.Time = m.keep(f.At(14))
}

// record takes a record that follows the header.
func (d *delimiters) record(m *Message, rec []byte) {
	f := delimited.Fields{Rest: rec, Sep: d.field, N: 1}
	switch rec[0] {
	case 'P':
		m.PatientCount++
		m.Patients = m.once(m.Patients, f.At(3))
		m.Patients = m.once(m.Patients, f.At(4))
		m.Patients = m.once(m.Patients, f.At(5))
		m.Names = m.once(m.Names, f.At(6))
	case 'O':
		m.Orders++
		d.tests(m, f.At(5))
	case 'R':
		m.Results++
		d.tests(m, f.At(3))
		m.Instruments = m.once(m.Instruments, f.At(14))
	case 'Q':
		m.Queries++ // whose first field is a patient or the place of a tube, as the maker likes
		d.tests(m, f.At(5))
	case 'C':
		m.Comments++
	case 'M':
		m.Makers++
	case 'L':
		m.Termination = m.keep(f.At(3))
	}
}

// tests takes a field of universal test identifiers (LIS2-A2 §5.6.1).
func (d *delimiters) tests(m *Message, list []byte) {
	for len(list) > 0 {
		var test []byte
		test, list = delimited.Cut(list, d.repeat)
		for len(test) > 0 {
			var code []byte
			if code, test = delimited.Cut(test, d.component); len(code) > 0 {
				m.Tests = m.once(m.Tests, code)
				break
			}
		}
	}
}

// once adds v to list, unless it is empty or there.
func (m *Message) once(list [][]byte, v []byte) [][]byte {
	v = bytes.TrimSpace(v)
	if len(v) == 0 {
		return list
	}
	if len(v) > maxValue {
		v, m.Cut = v[:maxValue], true
	}
	for _, k := range list {
		if bytes.Equal(k, v) {
			return list
		}
	}
	if len(list) == maxList {
		m.Cut = true
		return list
	}
	if v = m.keep(v); len(v) == 0 {
		return list
	}
	return append(list, v)
}

// keep copies a value into m's memory, without the blanks around it.
func (m *Message) keep(v []byte) []byte {
	v = bytes.TrimSpace(v)
	if n := min(maxValue, maxArena-len(m.arena)); len(v) > n {
		v, m.Cut = v[:n], true
	}
	start := len(m.arena)
	m.arena = append(m.arena, v...)
	return m.arena[start:len(m.arena):len(m.arena)]
}

// Part is component n, from 0, of a value of m; nil where there are fewer.
func (m *Message) Part(v []byte, n int) []byte {
	return bytes.TrimSpace(delimited.Part(v, m.Component, n))
}
