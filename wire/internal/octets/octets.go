// Package octets reads the fields of a message one after the other.
package octets

import "encoding/binary"

// Reader takes fields off the front of Rest, numbers with their highest byte first. Once the bytes do not suffice it is
// Short, Rest is empty, and all that it gives is zero.
type Reader struct {
	Rest  []byte
	Short bool
}

// Of is a Reader of b.
func Of(b []byte) Reader { return Reader{Rest: b} }

// Take is the next n bytes, within Rest; nil where there are fewer.
func (r *Reader) Take(n int) []byte {
	if n < 0 || n > len(r.Rest) {
		r.Short, r.Rest = true, nil
		return nil
	}
	b := r.Rest[:n:n]
	r.Rest = r.Rest[n:]
	return b
}

// U8 is the next byte.
func (r *Reader) U8() uint8 {
	if b := r.Take(1); b != nil {
		return b[0]
	}
	return 0
}

// U16 is a number of two bytes.
func (r *Reader) U16() uint16 {
	if b := r.Take(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

// U24 is a number of three bytes.
func (r *Reader) U24() int {
	if b := r.Take(3); b != nil {
		return int(b[0])<<16 | int(b[1])<<8 | int(b[2])
	}
	return 0
}

// U32 is a number of four bytes.
func (r *Reader) U32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// Little is a [Reader] whose numbers have their lowest byte first.
type Little struct{ Reader }

// LittleOf is a Little of b.
func LittleOf(b []byte) Little { return Little{Reader{Rest: b}} }

// U16 is a number of two bytes.
func (r *Little) U16() uint16 {
	if b := r.Take(2); b != nil {
		return binary.LittleEndian.Uint16(b)
	}
	return 0
}

// U32 is a number of four bytes.
func (r *Little) U32() uint32 {
	if b := r.Take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}
