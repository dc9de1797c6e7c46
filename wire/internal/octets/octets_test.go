package octets

import "testing"

func TestFieldsOneAfterTheOther(t *testing.T) {
	r := Reader{Rest: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}
	if a, b, c, d := r.U8(), r.U16(), r.U24(), r.U32(); a != 1 || b != 0x0203 || c != 0x040506 || d != 0x0708090a {
		t.Errorf("got %x %x %x %x", a, b, c, d)
	}
	if n := r.U16(); n != 0 || !r.Short || len(r.Rest) != 0 || r.U8() != 0 {
		t.Errorf("one byte is no number of two: got %d, short %v, %d left", n, r.Short, len(r.Rest))
	}
	l := Little{Reader{Rest: []byte{1, 2, 3, 4, 5, 6}}}
	if a, b := l.U16(), l.U32(); a != 0x0201 || b != 0x06050403 || l.Short {
		t.Errorf("lowest byte first: got %x %x", a, b)
	}
	if r = (Reader{Rest: []byte{1}}); r.Take(-1) != nil || !r.Short {
		t.Error("a length below zero is none")
	}
}
