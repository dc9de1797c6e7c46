package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"time"
	"unsafe"
)

var site = Key{1, 2, 3}

// each is what a chunk takes in the file, chunk how much content is in it.
const (
	each  = 1 << 10
	chunk = each - overhead
)

// made are the bytes of a sealed file with that content.
func made(t testing.TB, content []byte) []byte {
	t.Helper()
	return bytes.Clone(sealed(t, site, content, true).b)
}

// file is a file in memory.
type file struct {
	b    []byte
	room int // how long it may become; 0 means any
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	end := int(off) + len(p)
	if f.room > 0 && end > f.room {
		return 0, syscall.ENOSPC
	}
	if end > len(f.b) {
		f.b = append(f.b, make([]byte, end-len(f.b))...)
	}
	return copy(f.b[off:], p), nil
}

func sealed(t testing.TB, site Key, content []byte, end bool) *file {
	t.Helper()
	f := new(file)
	data, err := Create(f, site, Options{Kind: "test", Created: time.Unix(7, 0), Layout: Layout{Chunk: each}})
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(f, data, Layout{Chunk: each})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content); err != nil {
		t.Fatal(err)
	}
	if end {
		err = w.Close()
	} else {
		err = w.Flush()
	}
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func reader(b []byte, k Key) (*Reader, error) {
	return NewReader(bytes.NewReader(b), int64(len(b)), "f", k)
}

func TestWhatWasSealedIsRead(t *testing.T) {
	for _, n := range []int{0, 1, chunk - 1, chunk, chunk + 1, 3*chunk - 1, 3 * chunk, 700*chunk + 5} {
		content := pattern(n)
		b := made(t, content)
		r, err := reader(b, site)
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r.Content())
		if err != nil || !bytes.Equal(got, content) || !r.Whole() || r.Size() != int64(n) {
			t.Errorf("%d bytes: got %d, %v, whole %v, size %d", n, len(got), err, r.Whole(), r.Size())
		}
		if r.Kind() != "test" || !r.Created().Equal(time.Unix(7, 0)) || r.Layout() != (Layout{Chunk: each}) {
			t.Errorf("head: got %q, %v, %+v", r.Kind(), r.Created(), r.Layout())
		}
		if n > 0 {
			if err := iotest.TestReader(r.Content(), content); err != nil {
				t.Error(err)
			}
		}
		if n >= 64 && bytes.Contains(b, content[:64]) {
			t.Error("the content stands in clear in the file")
		}
	}
}

func TestTheSizeOfPiecesDoesNotMatter(t *testing.T) {
	content := pattern(5*chunk + 77)
	for _, piece := range []int{1, 13, chunk - 1, chunk, chunk + 1, 3 * chunk} {
		f := new(file)
		data, err := Create(f, site, Options{Layout: Layout{Chunk: each}})
		if err != nil {
			t.Fatal(err)
		}
		w, err := NewWriter(f, data, Layout{Chunk: each})
		if err != nil {
			t.Fatal(err)
		}
		for p := range slices.Chunk(content, piece) {
			if n, err := w.Write(p); n != len(p) || err != nil {
				t.Fatalf("got %d, %v", n, err)
			}
		}
		if got := w.Size(); got != int64(len(content)) {
			t.Errorf("size: got %d, want %d", got, len(content))
		}
		if err := errors.Join(w.Close(), w.Close()); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte{1}); !errors.Is(err, ErrClosed) {
			t.Errorf("writing after the end: got %v, want %v", err, ErrClosed)
		}
		r, err := reader(f.b, site)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r.Content()); err != nil || !bytes.Equal(got, content) {
			t.Errorf("pieces of %d: got %d bytes, %v", piece, len(got), err)
		}
	}
}

func TestAnAlignedFileIsWrittenInAlignedPieces(t *testing.T) {
	f := &strict{t: t}
	l := Layout{Chunk: 4096, Aligned: true, Batch: 32 << 10}
	data, err := Create(&f.file, site, Options{Layout: l})
	if err != nil {
		t.Fatal(err)
	}
	w, err := NewWriter(f, data, l)
	if err != nil {
		t.Fatal(err)
	}
	content := pattern(50*l.Content() + 100)
	for p := range slices.Chunk(content, 999) {
		if _, err := w.Write(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	f.end = true
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := reader(f.b, site)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r.Content()); err != nil || !bytes.Equal(got, content) || !r.Whole() || !r.Layout().Aligned {
		t.Errorf("got %d bytes, %v, whole %v", len(got), err, r.Whole())
	}
	for _, n := range []int{HeadSize, 4095, 4096} {
		if r, err := reader(f.b[:n], site); err != nil || r.Size() != 0 || r.Whole() {
			t.Errorf("cut at %d: got %v", n, err)
		}
	}
}

// strict is a file that takes whole pages from page boundaries of memory at page boundaries, until the end.
type strict struct {
	file
	t   *testing.T
	end bool
}

func (s *strict) WriteAt(p []byte, off int64) (int, error) {
	if at := uintptr(unsafe.Pointer(&p[0])); !s.end && (len(p)%4096 != 0 || off%4096 != 0 || at%4096 != 0) {
		s.t.Errorf("%d bytes from %x to %d", len(p), at, off)
	}
	return s.file.WriteAt(p, off)
}

func TestWhatWasChangedIsRefused(t *testing.T) {
	content := pattern(4*chunk + 9)
	good, other := made(t, content), made(t, content)
	place := func(b []byte, i int) []byte { return b[HeadSize+i*each : HeadSize+(i+1)*each] }
	for _, c := range []struct {
		name  string
		do    func(b []byte) []byte
		want  error
		chunk int64 // -1: the head
	}{
		{"a bit of a chunk", func(b []byte) []byte { b[HeadSize+2*each+5] ^= 1; return b }, ErrChunk, 2},
		{"a bit of a tag", func(b []byte) []byte { b[HeadSize+2*each-1] ^= 1; return b }, ErrChunk, 1},
		{"two chunks change places", func(b []byte) []byte {
			copy(place(b, 1), place(good, 2))
			copy(place(b, 2), place(good, 1))
			return b
		}, ErrChunk, 1},
		{"a chunk is doubled", func(b []byte) []byte { copy(place(b, 3), place(good, 0)); return b }, ErrChunk, 3},
		{"a chunk is left out", func(b []byte) []byte { return slices.Delete(b, HeadSize+each, HeadSize+2*each) }, ErrChunk, 1},
		{"a chunk of another file", func(b []byte) []byte { copy(place(b, 0), place(other, 0)); return b }, ErrChunk, 0},
		{"the head of another file", func(b []byte) []byte { copy(b, other[:HeadSize]); return b }, ErrChunk, 0},
		{"the kind", func(b []byte) []byte { b[kindAt] ^= 1; return b }, ErrKey, -1},
		{"the time", func(b []byte) []byte { b[createdAt] ^= 1; return b }, ErrKey, -1},
		{"the chunk size", func(b []byte) []byte { b[chunkAt+2] <<= 1; return b }, ErrKey, -1},
		{"the place of the first chunk", func(b []byte) []byte { b[startAt+3] ^= 1; return b }, ErrFormat, -1},
		{"a chunk size that is none", func(b []byte) []byte { b[chunkAt] = 0xff; return b }, ErrFormat, -1},
		{"the wrapped key", func(b []byte) []byte { b[HeadSize-1] ^= 1; return b }, ErrKey, -1},
		{"the magic", func(b []byte) []byte { b[0] = 'X'; return b }, ErrFormat, -1},
		{"a head that is cut", func(b []byte) []byte { return b[:HeadSize-1] }, ErrFormat, -1},
		{"nothing is left", func([]byte) []byte { return nil }, ErrFormat, -1},
	} {
		r, err := reader(c.do(bytes.Clone(good)), site)
		var got []byte
		if err == nil {
			got, err = io.ReadAll(r.Content())
		}
		var at *Error
		if !errors.Is(err, c.want) || !errors.As(err, &at) || at.Chunk != c.chunk || at.File != "f" {
			t.Errorf("%s: got %v, want %v at chunk %d", c.name, err, c.want, c.chunk)
		}
		if !bytes.HasPrefix(content, got) || c.chunk > 0 && len(got) != int(c.chunk)*chunk {
			t.Errorf("%s: got %d bytes before it", c.name, len(got))
		}
	}
}

func TestAnotherSitesKeyOpensNothing(t *testing.T) {
	if _, err := reader(made(t, pattern(9)), Key{9}); !errors.Is(err, ErrKey) {
		t.Errorf("got %v, want %v", err, ErrKey)
	}
}

func TestWhatIsCutIsReadableUpToTheCut(t *testing.T) {
	content := pattern(3*chunk + 100)
	whole := made(t, content)
	for n := HeadSize; n < len(whole); n += 37 {
		r, err := reader(whole[:n], site)
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		got, err := io.ReadAll(r.Content())
		want := (n - HeadSize) / each * chunk
		if err != nil || !bytes.Equal(got, content[:want]) || r.Whole() {
			t.Errorf("cut at %d: got %d bytes, %v, whole %v; want %d", n, len(got), err, r.Whole(), want)
		}
	}
	f := sealed(t, site, content, false)
	if r, err := reader(f.b, site); err != nil || r.Whole() || r.Size() != 3*chunk {
		t.Errorf("a file that is being written: got %v, whole %v, size %d", err, r.Whole(), r.Size())
	}
}

func TestAFileThatBecomesShorterWhileItIsRead(t *testing.T) {
	whole := made(t, pattern(3*chunk))
	r, err := NewReader(bytes.NewReader(whole[:HeadSize+each]), int64(len(whole)), "f", site)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r.Content()); !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != chunk {
		t.Errorf("got %d bytes, %v; want %d, %v", len(got), err, chunk, io.ErrUnexpectedEOF)
	}
}

func TestAnyPlaceIsRead(t *testing.T) {
	content := pattern(4*chunk + 9)
	r, err := reader(made(t, content), site)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ at, n int }{{4 * chunk, 9}, {0, 1}, {chunk - 1, 2}, {3 * chunk, chunk}, {5, 3 * chunk}, {4*chunk + 8, 1}} {
		p := make([]byte, c.n)
		if n, err := r.ReadAt(p, int64(c.at)); n != c.n || err != nil || !bytes.Equal(p, content[c.at:c.at+c.n]) {
			t.Errorf("%d bytes at %d: got %d, %v", c.n, c.at, n, err)
		}
	}
	if n, err := r.ReadAt(make([]byte, 2), int64(len(content)-1)); n != 1 || err != io.EOF {
		t.Errorf("past the end: got %d, %v", n, err)
	}
	if _, err := r.ReadAt(nil, -1); err == nil {
		t.Error("before the beginning: got no error")
	}
}

func TestAFullDiskIsToldAndNothingMoreIsWritten(t *testing.T) {
	f := new(file)
	data, err := Create(f, site, Options{Layout: Layout{Chunk: each}})
	if err != nil {
		t.Fatal(err)
	}
	f.room = HeadSize + 300*each // as small as a disk may be
	w, err := NewWriter(f, data, Layout{Chunk: each})
	if err != nil {
		t.Fatal(err)
	}
	content := pattern(1000 * chunk)
	if _, err = w.Write(content); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("writing: got %v, want %v", err, syscall.ENOSPC)
	}
	if err = w.Close(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("closing: got %v, want %v", err, syscall.ENOSPC)
	}
	r, err := reader(f.b, site)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r.Content()); err != nil || len(got) == 0 || !bytes.HasPrefix(content, got) {
		t.Errorf("what stood before: got %d bytes, %v", len(got), err)
	}
}

func TestWritingDoesNotAllocate(t *testing.T) {
	w, err := NewWriter(null{}, Key{}, Layout{Chunk: each})
	if err != nil {
		t.Fatal(err)
	}
	p := pattern(1500)
	if n := testing.AllocsPerRun(2000, func() { _, _ = w.Write(p) }); n != 0 {
		t.Errorf("got %v allocations, want none", n)
	}
}

type null struct{}

func (null) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

func TestOptionsThatCannotBe(t *testing.T) {
	for _, o := range []Options{{Layout: Layout{Chunk: 1000}}, {Layout: Layout{Chunk: 512}}, {Layout: Layout{Chunk: 8 << 20}}, {Layout: Layout{Chunk: -1}}, {Kind: strings.Repeat("x", 17)}} {
		if _, err := Create(new(file), site, o); err == nil {
			t.Errorf("%+v: got no error", o)
		}
	}
	if _, err := NewWriter(new(file), Key{}, Layout{Chunk: 5}); err == nil {
		t.Error("chunks of 5 bytes: got no error")
	}
}

func TestKeysArePrintedAsARedaction(t *testing.T) {
	k := Key([]byte(strings.Repeat("s", 32)))
	var out bytes.Buffer
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "key", k)
	fmt.Fprintf(&out, "%v %+v %#v %s %x %d %q", k, k, k, k, k, k, k)
	text, err := json.Marshal(struct{ K Key }{k})
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	for _, leak := range []string{"sss", "115", "7373", "c3Nz"} {
		if strings.Contains(out.String(), leak) {
			t.Errorf("printed %q: %s", leak, out.String())
		}
	}
}

func TestFilesOnDisk(t *testing.T) {
	name := filepath.Join(t.TempDir(), "a")
	content := pattern(chunk * 2)
	if err := os.WriteFile(name, made(t, content), 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := Open(name, site)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(r.Content()); err != nil || !bytes.Equal(got, content) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open(name, Key{}); !errors.Is(err, ErrKey) || !strings.HasPrefix(err.Error(), name+", head: ") {
		t.Errorf("with another key: got %v", err)
	}
	if _, err := Open(name+"x", site); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v", err)
	}
}

// FuzzReader opens what somebody who may write to the disk leaves there. What is read is always the beginning of what
// was sealed.
func FuzzReader(f *testing.F) {
	content := pattern(3*chunk + 50)
	good := sealed(f, site, content, true).b
	f.Add(uint16(0), byte(0), uint16(len(good)))
	f.Add(uint16(HeadSize+7), byte(1), uint16(len(good)))
	f.Add(uint16(3), byte(8), uint16(HeadSize+each))
	f.Fuzz(func(t *testing.T, at uint16, flip byte, n uint16) {
		b := bytes.Clone(good)[:min(int(n), len(good))]
		if int(at) < len(b) {
			b[at] ^= flip
		}
		r, err := reader(b, site)
		if err != nil {
			return
		}
		got, err := io.ReadAll(r.Content())
		if !bytes.HasPrefix(content, got) || err == nil && r.Whole() && len(got) != len(content) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	})
}

func TestWhatIsSealedWhereItLiesIsWhatIsSealedElsewhere(t *testing.T) {
	l := Layout{Chunk: 1 << 10}
	s, err := NewSealer(Key{1}, l)
	if err != nil {
		t.Fatal(err)
	}
	content := bytes.Repeat([]byte("0123456789abcde"), 2*l.Content())[:2*l.Content()]
	want := s.Seal(nil, content, 7)
	got := make([]byte, 2*l.Chunk)
	copy(got, content[:l.Content()])
	copy(got[l.Chunk:], content[l.Content():])
	s.SealInPlace(got, 7)
	if !bytes.Equal(got, want) {
		t.Error("the chunks differ")
	}
}
