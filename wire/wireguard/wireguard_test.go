package wireguard

import (
	"bytes"
	"testing"
)

// message is one of a kind, n bytes long, with what a cipher makes behind its head.
func message(kind byte, n int) []byte {
	p := bytes.Repeat([]byte{0xa5, 0x31, 0x7c}, n)[:n]
	copy(p, []byte{kind, 0, 0, 0})
	if kind == 4 {
		copy(p[8:], []byte{7, 1, 0, 0, 0, 0, 0, 0})
	}
	return p
}

func TestLooks(t *testing.T) {
	reserved, plain := message(1, 148), make([]byte, 148)
	reserved[2], plain[0], plain[4] = 1, 1, 9
	late := message(4, 96)
	late[15] = 1
	for _, c := range []struct {
		does string
		p    []byte
		want bool
	}{
		{"an initiation", message(1, 148), true},
		{"a response", message(2, 92), true},
		{"a cookie", message(3, 64), true},
		{"data", message(4, 96), true},
		{"an empty message keeps the way open", message(4, 32), true},
		{"an initiation of another length", message(1, 149), false},
		{"data of another length", message(4, 97), false},
		{"a reserved byte that is used", reserved, false},
		{"zeros where keys should be", plain, false},
		{"a counter that nobody reaches", late, false},
		{"another type", message(5, 96), false},
		{"nothing", nil, false},
	} {
		if got := Looks(c.p); got != c.want {
			t.Errorf("%s: got %v, want %v", c.does, got, c.want)
		}
	}
}

func FuzzLooks(f *testing.F) {
	f.Add(message(1, 148))
	f.Add(message(4, 32))
	f.Fuzz(func(_ *testing.T, p []byte) { Looks(p) })
}
