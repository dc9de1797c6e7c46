package coding

import (
	"bytes"
	"compress/flate"
	gz "compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	kzstd "github.com/klauspost/compress/zstd"
)

// pile gathers what comes out.
type pile struct {
	b     []byte
	limit int
}

func (s *pile) Unpacked(p []byte) bool {
	s.b = append(s.b, p...)
	return s.limit == 0 || len(s.b) < s.limit
}

// unpack feeds packed in pieces of at most n bytes.
func unpack(d Decoder, packed []byte, n int) ([]byte, error) {
	s := &pile{limit: 8 << 20}
	for len(packed) > 0 {
		k := min(n, len(packed))
		if err := d.Write(packed[:k], s); err != nil {
			return s.b, err
		}
		packed = packed[k:]
	}
	return s.b, nil
}

// texts are files of different nature.
func texts() map[string][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 200<<10)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	words := []byte{}
	for range 40000 {
		words = append(words, "MSH|^~\\&|ADT|OBX|"[r.IntN(12):]...)
	}
	return map[string][]byte{"nothing": {}, "a letter": []byte("a"), "zeros": make([]byte, 1<<20), "noise": noise, "words": words,
		"a pattern": bytes.Repeat([]byte("0123456789abcdef!"), 5000)}
}

func packers() map[string]struct {
	c    Coding
	pack func(p []byte, level int) []byte
} {
	type packer = struct {
		c    Coding
		pack func(p []byte, level int) []byte
	}
	through := func(make func(io.Writer, int) (io.WriteCloser, error)) func([]byte, int) []byte {
		return func(p []byte, level int) []byte {
			var b bytes.Buffer
			w, err := make(&b, level)
			if err != nil {
				panic(err)
			}
			_, _ = w.Write(p)
			_ = w.Close()
			return b.Bytes()
		}
	}
	return map[string]packer{
		"gzip":   {Gzip, through(func(w io.Writer, l int) (io.WriteCloser, error) { return gz.NewWriterLevel(w, l) })},
		"zlib":   {Deflate, through(func(w io.Writer, l int) (io.WriteCloser, error) { return zlib.NewWriterLevel(w, l) })},
		"brotli": {Brotli, through(func(w io.Writer, l int) (io.WriteCloser, error) { return brotli.NewWriterLevel(w, max(l, 0)), nil })},
		"zstd": {Zstd, through(func(w io.Writer, l int) (io.WriteCloser, error) {
			return kzstd.NewWriter(w, kzstd.WithEncoderLevel(kzstd.EncoderLevelFromZstd(max(2*l, 1))), kzstd.WithEncoderConcurrency(1), kzstd.WithWindowSize(1<<20))
		})},
		"flate": {Deflate, through(func(w io.Writer, l int) (io.WriteCloser, error) { return flate.NewWriter(w, l) })},
	}
}

func TestWhatWasPackedComesOut(t *testing.T) {
	for coder, c := range packers() {
		d := c.c.New()
		for name, want := range texts() {
			for _, level := range []int{flate.HuffmanOnly, 0, 1, 6, 9} {
				packed := c.pack(want, level)
				for _, n := range []int{1, 7, 1460, len(packed) + 1} {
					d.Reset()
					got, err := unpack(d, packed, n)
					if err != nil || !bytes.Equal(got, want) || !d.Ended() {
						t.Errorf("%s of %s at level %d in pieces of %d: got %d bytes, ended %v, %v; want %d bytes", coder, name, level, n, len(got), d.Ended(), err, len(want))
					}
				}
			}
		}
	}
}

func TestOddGzip(t *testing.T) {
	pack := packers()["gzip"].pack
	two := append(pack([]byte("one, "), 6), pack([]byte("two"), 6)...)
	var head bytes.Buffer
	w := gz.NewWriter(&head)
	w.Name, w.Comment, w.Extra = "name", "comment", []byte("extra")
	_, _ = w.Write([]byte("with a long head"))
	_ = w.Close()
	for _, c := range []struct {
		name, packed, want string
		err                error
		whole              bool
	}{
		{"two members", string(two), "one, two", nil, true},
		{"a head with everything", head.String(), "with a long head", nil, true},
		{"bytes behind the end are passed over", string(two) + "\x1f\x8bXX", "one, two", ErrMalformed, true},
		{"a line end behind the end", string(two) + "\r\n", "one, two", nil, true},
		{"a text that is not packed", "hello", "hello", nil, true},
		{"a text that begins as packed ones do", "\x1fhello", "\x1fhello", nil, true},
		{"cut in the middle", string(pack([]byte(strings.Repeat("abc", 9999)), 9)[:40]), "", nil, false},
		{"a method that nobody knows", "\x1f\x8b\x07\x00\x00\x00\x00\x00\x00\x00", "", ErrMalformed, false},
	} {
		d := Gzip.New()
		got, err := unpack(d, []byte(c.packed), 3)
		if c.name == "cut in the middle" {
			got = got[:0]
		}
		if string(got) != c.want || !errors.Is(err, c.err) || d.Ended() != c.whole {
			t.Errorf("%s: got %q, ended %v, %v; want %q, %v, %v", c.name, got, d.Ended(), err, c.want, c.whole, c.err)
		}
	}
}

func TestASinkThatHasEnough(t *testing.T) {
	d := Gzip.New()
	s := &pile{limit: 100 << 10}
	err := d.Write(packers()["gzip"].pack(make([]byte, 64<<20), 9), s)
	if !errors.Is(err, ErrEnough) || len(s.b) > 200<<10 {
		t.Errorf("got %d bytes, %v; want at most %d, %v", len(s.b), err, 200<<10, ErrEnough)
	}
}

func TestParse(t *testing.T) {
	for _, c := range []struct {
		name, list string
		want       []Coding
		known      bool
	}{
		{"none", "", nil, true},
		{"one", "gzip", []Coding{Gzip}, true},
		{"the old name, in capitals", " X-GZIP ", []Coding{Gzip}, true},
		{"two, and one that is none", "deflate, identity,gzip", []Coding{Deflate, Gzip}, true},
		{"one that is not known", "compress", nil, false},
	} {
		got, known := Parse(nil, []byte(c.list))
		if len(got) != len(c.want) || known != c.known || len(got) > 0 && got[0] != c.want[0] {
			t.Errorf("%s: got %v, %v; want %v, %v", c.name, got, known, c.want, c.known)
		}
	}
}

// FuzzInflate holds what comes out against the standard library, however the bytes are cut.
func FuzzInflate(f *testing.F) {
	for _, c := range packers() {
		for _, p := range texts() {
			f.Add(c.pack(p[:min(len(p), 3000)], 6), uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, p []byte, cut uint8) {
		d := Deflate.New().(*deflate)
		d.have = 2 // no frame
		got, _ := unpack(d, p, int(cut)+1)
		want, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(p)), 1<<20))
		n := min(len(got), len(want))
		if !bytes.Equal(got[:n], want[:n]) || err == nil && len(want) < 1<<20 && len(got) != len(want) {
			t.Fatalf("got %d bytes, the library %d, %v", len(got), len(want), err)
		}
		for _, c := range []Coding{Gzip, Deflate, Brotli, Zstd} {
			d := c.New()
			s := &pile{limit: 1 << 20}
			_ = d.Write(p, s)
		}
	})
}

func BenchmarkInflate(b *testing.B) {
	plain := texts()["words"]
	packed := packers()["flate"].pack(plain, 6)
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	d := Deflate.New()
	s := &count{}
	for b.Loop() {
		d.Reset()
		if err := d.Write(packed, s); err != nil {
			b.Fatal(err)
		}
	}
}

type count struct{ n int }

func (c *count) Unpacked(p []byte) bool { c.n += len(p); return true }

// FuzzZstd holds what comes out against another decoder.
func FuzzZstd(f *testing.F) {
	pack := packers()["zstd"].pack
	for _, p := range texts() {
		for _, level := range []int{1, 4, 9} {
			f.Add(pack(p[:min(len(p), 3000)], level), uint8(3))
		}
	}
	f.Fuzz(func(t *testing.T, p []byte, cut uint8) {
		got, err := unpack(Zstd.New(), p, int(cut)+1)
		r, fault := kzstd.NewReader(bytes.NewReader(p), kzstd.WithDecoderConcurrency(1), kzstd.WithDecoderMaxWindow(maxWindow), kzstd.IgnoreChecksum(true))
		if fault != nil {
			t.Fatal(fault)
		}
		defer r.Close()
		want, fault := io.ReadAll(io.LimitReader(r, 8<<20))
		if fault == nil && len(p) > 4 && len(want) < 8<<20 && (err != nil || !bytes.Equal(got, want)) {
			t.Fatalf("got %d bytes, %v; the other decoder %d", len(got), err, len(want))
		}
	})
}
