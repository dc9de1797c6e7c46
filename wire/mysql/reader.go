package mysql

import (
	"bytes"
	"encoding/binary"
)

// reader reads numbers and strings; behind the end they are nothing.
type reader struct{ p []byte }

func (r *reader) take(n uint64) []byte {
	n = min(n, uint64(len(r.p)))
	v := r.p[:n]
	r.p = r.p[n:]
	return v
}

func (r *reader) u8() byte {
	if v := r.take(1); len(v) == 1 {
		return v[0]
	}
	return 0
}

func (r *reader) u16() uint16 {
	if v := r.take(2); len(v) == 2 {
		return binary.LittleEndian.Uint16(v)
	}
	return 0
}

func (r *reader) u32() uint32 {
	if v := r.take(4); len(v) == 4 {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// length is an integer of one, two, three or eight bytes, as its first byte tells.
func (r *reader) length() uint64 {
	var b [8]byte
	switch first := r.u8(); first {
	case 0xFC:
		copy(b[:], r.take(2))
	case 0xFD:
		copy(b[:], r.take(3))
	case 0xFE:
		copy(b[:], r.take(8))
	case 0xFB, 0xFF:
		return 0
	default:
		return uint64(first)
	}
	return binary.LittleEndian.Uint64(b[:])
}

func (r *reader) cString() []byte {
	v, after, _ := bytes.Cut(r.p, []byte{0})
	r.p = after
	return v
}

func cString(p []byte) []byte {
	v, _, _ := bytes.Cut(p, []byte{0})
	return v
}
