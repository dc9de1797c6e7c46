package tds

import "encoding/binary"

// Types of values that are looked at ([MS-TDS] §2.2.5.4).
const (
	ntext    = 0x63
	nvarchar = 0xE7
)

// form is how long values of a type are.
type form uint8

const (
	fixed   form = iota
	byByte       // a byte of length
	byShort      // two; 0xFFFF is null
	byLong       // four
	pointed      // a pointer, a time and four bytes of length
	inParts      // eight bytes of length, then parts, each with four bytes of length (PLP)
)

// column is what is known of the values of a column.
type column struct {
	form form
	size uint8 // of a fixed one
}

// fixedSizes are the types whose values have one size.
func fixedSize(kind byte) (int, bool) {
	switch kind {
	case 0x1F:
		return 0, true
	case 0x30, 0x32:
		return 1, true
	case 0x34:
		return 2, true
	case 0x38, 0x3A, 0x3B, 0x7A:
		return 4, true
	case 0x3C, 0x3D, 0x3E, 0x7F:
		return 8, true
	}
	return 0, false
}

// typeOf reads TYPE_INFO at the beginning of p. used is its length; 0 means that more bytes are needed, and less that the type is
// unknown.
func (t *tokens) typeOf(p []byte) (k column, used int) {
	if len(p) == 0 {
		return k, 0
	}
	kind := p[0]
	if n, ok := fixedSize(kind); ok {
		return column{fixed, uint8(n)}, 1
	}
	switch kind {
	case 0x28: // date
		return column{form: byByte}, 1
	case 0x24, 0x26, 0x68, 0x6D, 0x6E, 0x6F, 0x25, 0x27, 0x2D, 0x2F, 0x29, 0x2A, 0x2B:
		return column{form: byByte}, enough(p, 2)
	case 0x37, 0x3F, 0x6A, 0x6C: // decimal
		return column{form: byByte}, enough(p, 4)
	case 0xA5, 0xAD:
		return short(p, 3)
	case 0xA7, 0xAF, nvarchar, 0xEF:
		return short(p, 3+t.collation())
	case 0xF4: // JSON
		return column{form: inParts}, 1
	case 0xF1: // XML
		if len(p) < 2 || p[1] == 0 {
			return column{form: inParts}, enough(p, 2)
		}
		return column{form: inParts}, names(p, 2, 2, true)
	case 0xF0: // of a user
		return column{form: inParts}, names(p, 3, 3, true)
	case 0x62:
		return column{form: byLong}, enough(p, 5)
	case 0x22:
		return column{form: pointed}, enough(p, 5)
	case 0x23, ntext:
		return column{form: pointed}, enough(p, 5+t.collation())
	}
	return k, -1
}

// collation is the length of a collation: versions before 7.1 have none.
func (t *tokens) collation() int {
	if t.version != 0 && t.version < 0x71000000 {
		return 0
	}
	return 5
}

func enough(p []byte, n int) int {
	if len(p) < n {
		return 0
	}
	return n
}

// short is a type of n bytes whose values have two bytes of length, or are in parts.
func short(p []byte, n int) (column, int) {
	if len(p) < n {
		return column{}, 0
	}
	if p[1] == 0xFF && p[2] == 0xFF {
		return column{form: inParts}, n
	}
	return column{form: byShort}, n
}

// names is where count short names end that begin at a place, and where wide is set one with two bytes of length behind them.
func names(p []byte, at, count int, wide bool) int {
	for range count {
		if at >= len(p) {
			return 0
		}
		at += 1 + 2*int(p[at])
	}
	if wide {
		if at+2 > len(p) {
			return 0
		}
		at += 2 + 2*int(binary.LittleEndian.Uint16(p[at:]))
	}
	return enough(p, at)
}

// parts is the size of a value that follows in parts.
const parts = -1

// head reads the length of a value at the beginning of p: how many bytes the length takes, and how many of value follow. Where
// more bytes are needed want says how many.
func (k column) head(p []byte) (used, size, want int) {
	if k.form == fixed {
		return 0, int(k.size), 0
	}
	n := [...]int{byByte: 1, byShort: 2, byLong: 4, pointed: 1, inParts: 8}[k.form]
	if len(p) < n {
		return 0, 0, n
	}
	switch k.form {
	case byByte:
		size = int(p[0])
	case byShort:
		if size = int(binary.LittleEndian.Uint16(p)); size == 0xFFFF {
			size = 0
		}
	case byLong:
		size = int(binary.LittleEndian.Uint32(p))
	case pointed:
		if p[0] == 0 {
			break
		}
		if n += int(p[0]) + 12; len(p) < n {
			return 0, 0, n
		}
		size = int(binary.LittleEndian.Uint32(p[n-4:]))
	case inParts:
		if size = parts; binary.LittleEndian.Uint64(p) == 1<<64-1 {
			size = 0
		}
	}
	return n, size, 0
}

// value is the value at the beginning of p, of one in parts the first part, and what follows it; nil where that is not at hand.
func (k column) value(p []byte) (v, after []byte) {
	used, size, want := k.head(p)
	if want > 0 {
		return nil, nil
	}
	p = p[used:]
	if size != parts {
		n := min(size, len(p))
		return p[:n], p[n:]
	}
	for len(p) >= 4 {
		n := int(binary.LittleEndian.Uint32(p))
		if p = p[4:]; n == 0 {
			return v, p
		}
		n = min(n, len(p))
		if v == nil {
			v = p[:n]
		}
		p = p[n:]
	}
	return v, nil
}
