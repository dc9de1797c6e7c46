package tpkt

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func bytesOf(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	return b
}

const (
	request = "03000016 11 e0 0000 0001 00 c0010a c1020100 c2020102"
	data    = "03000008 02 f0 80 32"
	part    = "03000008 02 f0 00 32"
)

func TestParse(t *testing.T) {
	for _, c := range []struct {
		does, p, want string
		err           error
	}{
		{"a connection is asked for", request, "e0 last false 0000-0001 class 0 calling 0100 called 0102 size 0a data ", nil},
		{"data", data, "f0 last true 0000-0000 class 0 calling  called  size  data 32", nil},
		{"a part of a message", part, "f0 last false 0000-0000 class 0 calling  called  size  data 32", nil},
		{"another version", "04000008 02 f0 80 32", "", ErrVersion},
		{"a packet of no unit", "03000004", "", ErrLength},
		{"a header beyond the packet", "03000007 09 f0 80", "", ErrLength},
		{"a packet that ends early", "03000009 02 f0 80 32", "", ErrLength},
		{"a connection without references", "03000007 02 e0 00", "", ErrLength},
		{"a parameter beyond the header", "0300000d 08 e0 0000 0001 00 c109", "e0 last false 0000-0001 class 0 calling  called  size  data ", nil},
	} {
		var u Unit
		err := Parse(bytesOf(c.p), &u)
		if !errors.Is(err, c.err) {
			t.Errorf("%s: got error %v, want %v", c.does, err, c.err)
		}
		got := fmt.Sprintf("%x last %v %04x-%04x class %d calling %x called %x size %x data %x", uint8(u.Type), u.Last, u.Dst, u.Src, u.Class,
			u.Parameter(Calling), u.Parameter(Called), u.Parameter(UnitSize), u.Data)
		if err == nil && got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.does, got, c.want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(bytesOf(request))
	f.Add(bytesOf(data))
	f.Fuzz(func(t *testing.T, p []byte) {
		var u Unit
		if Parse(p, &u) == nil {
			u.Parameter(Called)
		}
	})
}
