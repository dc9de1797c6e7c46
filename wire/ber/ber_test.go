package ber

import (
	"bytes"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"testing"

	"bulwark/wire"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestHeader(t *testing.T) {
	for _, c := range []struct {
		says   string
		in     string
		tag    Tag
		head   int
		length int
		err    error
	}{
		{"a short length is one octet", "020105", Integer, 2, 1, nil},
		{"a long length says how many octets it has", "30820100", Sequence, 4, 256, nil},
		{"zeros in front of a length are read, as Windows sends them", "308400000012", Sequence, 6, 18, nil},
		{"an application tag keeps its number", "6a0100", Application(10).Constructed(), 2, 1, nil},
		{"no bytes are too few", "", 0, 0, 0, ErrShort},
		{"a tag alone is too few", "30", 0, 0, 0, ErrShort},
		{"half a length is too few", "308201", 0, 0, 0, ErrShort},
		{"a length left open is refused", "3080", 0, 0, 0, ErrForm},
		{"a tag above 30 is refused", "3f8101", 0, 0, 0, ErrForm},
		{"a length beyond belief is refused", "30847fffffff", 0, 0, 0, ErrForm},
	} {
		tag, head, length, err := Header(unhex(t, c.in))
		if tag != c.tag || head != c.head || length != c.length || !errors.Is(err, c.err) {
			t.Errorf("%s: got %#x %d %d %v, want %#x %d %d %v", c.says, tag, head, length, err, c.tag, c.head, c.length, c.err)
		}
	}
}

func TestReader(t *testing.T) {
	p := unhex(t, "300b"+"020107"+"0403616263"+"0101ff")
	r := Open(p)
	in := r.Expect(Sequence).Open()
	id, ok := in.Expect(Integer).Int()
	if id != 7 || !ok {
		t.Errorf("integer: got %d %v, want 7 true", id, ok)
	}
	if _, ok := in.Optional(Null); ok {
		t.Error("optional: got a NULL, want none")
	}
	if s, ok := in.Optional(OctetString); !ok || string(s.Body) != "abc" {
		t.Errorf("octets: got %q %v, want abc", s.Body, ok)
	}
	if !in.Next().Bool() || in.More() || in.Err() != nil || r.More() {
		t.Errorf("end: got more %v, error %v, want the end", in.More(), in.Err())
	}
	in.Next()
	if !errors.Is(in.Err(), ErrShort) {
		t.Errorf("behind the end: got %v, want %v", in.Err(), ErrShort)
	}
	wrong := Open(p)
	wrong.Expect(Set)
	if err := wrong.Err(); !errors.Is(err, ErrTag) || !errors.Is(err, wire.ErrMalformed) {
		t.Errorf("wrong tag: got %v, want %v", err, ErrTag)
	}
}

func TestReaderOfCutBytes(t *testing.T) {
	p := unhex(t, "300b"+"020107"+"0403616263"+"0101ff")[:9]
	strict := Open(p)
	strict.Next()
	if !errors.Is(strict.Err(), ErrShort) {
		t.Errorf("strict: got %v, want %v", strict.Err(), ErrShort)
	}
	r := OpenCut(p)
	e := r.Next()
	in := e.Open()
	in.Next()
	s := in.Next()
	if !e.Cut || !s.Cut || string(s.Body) != "ab" || in.Err() != nil || in.More() {
		t.Errorf("cut: got %v %v %q %v, want the two letters that are there, marked", e.Cut, s.Cut, s.Body, in.Err())
	}
}

func TestDepthIsBounded(t *testing.T) {
	p := []byte{0x30, 0}
	for range MaxDepth + 10 {
		p = append([]byte{0x30, 0x84, 0, 0, byte(len(p) >> 8), byte(len(p))}, p...)
	}
	r := Open(p)
	n := 0
	for r.More() {
		r = r.Next().Open()
		n++
	}
	if !errors.Is(r.Err(), ErrDepth) || n != MaxDepth+1 {
		t.Errorf("got %v after %d, want %v after %d", r.Err(), n, ErrDepth, MaxDepth+1)
	}
}

func TestValues(t *testing.T) {
	for _, c := range []struct {
		says string
		body string
		want int64
		ok   bool
	}{
		{"one octet", "05", 5, true},
		{"a negative one", "ff", -1, true},
		{"RC4-HMAC-EXP is small, its old form negative", "ffffff79", -135, true},
		{"a nonce above 2^31 has a zero in front", "00f0000000", 0xf0000000, true},
		{"nothing is no number", "", 0, false},
		{"nine octets are too many", "010000000000000000", 0, false},
	} {
		got, ok := Element{Body: unhex(t, c.body)}.Int()
		if got != c.want || ok != c.ok {
			t.Errorf("%s: got %d %v, want %d %v", c.says, got, ok, c.want, c.ok)
		}
	}
	if got := (Element{Body: unhex(t, "0040810010")}).Bits(); got != 0x40810010 {
		t.Errorf("bits: got %#x, want 0x40810010", got)
	}
	if got := (Element{Body: unhex(t, "0440")}).Bits(); got != 0x40000000 {
		t.Errorf("few bits: got %#x, want 0x40000000", got)
	}
}

func TestAppendOID(t *testing.T) {
	for _, want := range []string{"1.3.6.1.4.1.311.2.2.10", "1.2.840.113554.1.2.2", "2.16.840.1.113730.3.4.2", "0.9.2342.19200300.100.1.25", "2.999.3"} {
		var oid asn1.ObjectIdentifier
		n := 0
		for _, b := range []byte(want + ".") {
			if b == '.' {
				oid, n = append(oid, n), 0
				continue
			}
			n = n*10 + int(b-'0')
		}
		der, err := asn1.Marshal(oid)
		if err != nil {
			t.Fatal(err)
		}
		if got := string(AppendOID(nil, der[2:])); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// walk reads all of a tree.
func walk(r Reader) (n int) {
	for r.More() {
		e := r.Next()
		n++
		if e.Tag.IsConstructed() {
			n += walk(e.Open())
		}
	}
	return n
}

func FuzzReader(f *testing.F) {
	f.Add([]byte{0x30, 0x0b, 2, 1, 7, 4, 3, 'a', 'b', 'c', 1, 1, 0xff})
	f.Add([]byte{0x30, 0x84, 0, 0, 0, 3, 2, 1, 7})
	f.Add(bytes.Repeat([]byte{0x30, 0x80}, 60))
	f.Fuzz(func(t *testing.T, p []byte) {
		strict, cut := walk(Open(p)), walk(OpenCut(p))
		if strict > cut {
			t.Errorf("strict reading found %d elements, lenient %d", strict, cut)
		}
		r, slow := Open(p), Open(p)
		e, same := r.Next(), slow.next()
		if e.Tag != same.Tag || !bytes.Equal(e.Body, same.Body) || len(r.rest) != len(slow.rest) || r.err != slow.err {
			t.Errorf("the short way gives %x %x, the long one %x %x", e.Tag, e.Body, same.Tag, same.Body)
		}
		e.Int()
		e.Bits()
		AppendOID(nil, e.Body)
	})
}

func BenchmarkReader(b *testing.B) {
	p := unhex(b, "300b"+"020107"+"0403616263"+"0101ff")
	b.ReportAllocs()
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		walk(Open(p))
	}
}
