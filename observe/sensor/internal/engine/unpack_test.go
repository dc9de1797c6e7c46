package engine

import (
	"bytes"
	"compress/gzip"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"

	"bulwark/event"
	"bulwark/wire"
)

func gzipped(p string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(p))
	_ = w.Close()
	return b.String()
}

func TestPackedFilesAreUnpacked(t *testing.T) {
	plain := "%PDF-1.7 " + strings.Repeat("results of the laboratory ", 4000)
	var br bytes.Buffer
	w := brotli.NewWriter(&br)
	_, _ = w.Write([]byte(plain))
	_ = w.Close()
	zw, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	once := gzipped(plain)
	for _, c := range []struct {
		name, coding, packed, want string
		limits                     Limits
		more                       event.File // what else is told
	}{
		{name: "gzip", coding: "gzip", packed: once, want: plain},
		{name: "brotli", coding: "br", packed: br.String(), want: plain},
		{name: "zstd", coding: "zstd", packed: string(zw.EncodeAll([]byte(plain), nil)), want: plain},
		{name: "twice", coding: "gzip, gzip", packed: gzipped(once), want: plain},
		{name: "said, but not done", coding: "gzip", packed: plain, want: plain},
		{name: "a coding that nobody knows is left as it is", coding: "compress", packed: plain, want: plain},
		{name: "too many codings", coding: "gzip,gzip,gzip,gzip", packed: "abc", want: "abc", more: event.File{Truncated: true}},
		{name: "no memory for a decoder", coding: "gzip", packed: once, want: once, limits: Limits{Unpacking: 1}, more: event.File{Truncated: true}},
		{name: "more than is unpacked of one", coding: "gzip", packed: once, want: plain[:5000], limits: Limits{Unpacked: 5000}, more: event.File{Truncated: true}},
		{name: "damaged", coding: "gzip", packed: once[:200] + strings.Repeat("\xff", 100), want: "", more: event.File{Truncated: true}},
	} {
		for _, n := range []int{100, 1 << 20} {
			s := &shelf{}
			w := filesWorker(s, c.limits)
			var x carried
			x.open(w, &flow{}, wire.ToClient, fileFacts{App: "http", Coding: []byte(c.coding)})
			for p := []byte(c.packed); len(p) > 0; p = p[min(n, len(p)):] {
				x.write(p[:min(n, len(p))])
			}
			x.close(true)
			got := s.files[0]
			if got.Truncated != c.more.Truncated || got.Bomb || !got.Complete {
				t.Errorf("%s, in pieces of %d: got %+v", c.name, n, got)
			}
			if c.want != "" && (got.SHA256 != sha(c.want) || got.Size != uint64(len(c.want))) {
				t.Errorf("%s, in pieces of %d: got %d bytes, %+v; want %d", c.name, n, got.Size, got, len(c.want))
			}
			if w.files.open != 0 || w.pool.held != 0 {
				t.Errorf("%s: %d files and %d bytes are held behind the end", c.name, w.files.open, w.pool.held)
			}
		}
	}
}

func TestABombIsCut(t *testing.T) {
	bomb := gzipped(strings.Repeat("\x00", 100<<20))
	for _, c := range []struct {
		name, coding, packed string
	}{
		{"a bomb", "gzip", bomb},
		{"a bomb in a bomb", "gzip, gzip", gzipped(bomb)},
	} {
		s := &shelf{}
		w := filesWorker(s, Limits{})
		var x carried
		x.open(w, &flow{}, wire.ToClient, fileFacts{App: "http", Coding: []byte(c.coding)})
		for p := []byte(c.packed); len(p) > 0; p = p[min(1448, len(p)):] {
			x.write(p[:min(1448, len(p))])
		}
		x.close(true)
		got := s.files[0]
		if !got.Bomb || !got.Truncated || got.Size > smallBomb+1<<20 {
			t.Errorf("%s: got %+v", c.name, got)
		}
		var e event.Stats
		if w.files.count(&e); e.Files != 1 || e.FilesCut != 1 {
			t.Errorf("%s: got %d files and %d cut, want 1 and 1", c.name, e.Files, e.FilesCut)
		}
	}
}

func TestUnpackingAllocatesNothing(t *testing.T) {
	w := filesWorker(nothing{}, Limits{})
	f, p, coding := &flow{}, []byte(gzipped(strings.Repeat("abcdefgh", 9999))), []byte("gzip")
	var x carried
	one := func() {
		x.open(w, f, wire.ToClient, fileFacts{App: "http", Coding: coding})
		x.write(p)
		x.close(true)
	}
	one()
	if n := testing.AllocsPerRun(50, one); n > 0 {
		t.Errorf("got %v allocations a file, want 0", n)
	}
}

// FuzzCarried hands a file over in every way that a protocol may.
func FuzzCarried(f *testing.F) {
	f.Add([]byte("gzip,br"), []byte("wwgwswcow"), []byte(gzipped("hello")))
	f.Add([]byte("zstd"), []byte("wcowc"), []byte("\x28\xb5\x2f\xfd"))
	f.Fuzz(func(t *testing.T, coding, steps, data []byte) {
		s := &shelf{}
		w := filesWorker(s, Limits{Files: 2, Unpacked: 1 << 20})
		var x [3]carried
		for i, step := range steps[:min(len(steps), 200)] {
			c := &x[i%3]
			switch step % 7 {
			case 0:
				c.open(w, &flow{}, wire.Dir(i&1), fileFacts{App: "http", Name: data, Coding: coding, Size: uint64(i)})
			case 1:
				c.close(i&1 == 0)
			case 2:
				c.gap(i)
			case 3:
				c.seek(int64(i * 100))
			case 4:
				c.reset()
			default:
				c.write(data)
			}
		}
		for i := range x {
			x[i].reset()
		}
		if w.files.open != 0 || w.pool.held != 0 || w.files.packers.held > w.files.packers.limit {
			t.Errorf("got %d files, %d bytes and %d of decoders held behind the end", w.files.open, w.pool.held, w.files.packers.held)
		}
	})
}
