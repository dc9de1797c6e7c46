package engine

import (
	"bytes"
	"crypto/md5"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"bulwark/event"
	"bulwark/platform/pseudonym"
	"bulwark/wire"
)

// shelf keeps the files that are told.
type shelf struct{ files []event.File }

func (s *shelf) Event(_ *event.Header, p event.Payload) {
	if f, ok := p.(*event.File); ok {
		c := *f
		for _, t := range [...]*string{&c.Name, &c.App, &c.Type, &c.SHA256, &c.MD5, &c.SHA1, &c.Range, &c.Detected} {
			*t = string(bytes.Clone([]byte(*t)))
		}
		s.files = append(s.files, c)
	}
}

func filesWorker(s Sink, l Limits) *Worker {
	return New(Options{Sink: s, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1}), Limits: l, Hashes: MD5 | SHA1 | SHA256})
}

func sha(p string) string { d := sha256.Sum256([]byte(p)); return hex.EncodeToString(d[:]) }
func md(p string) string  { d := md5.Sum([]byte(p)); return hex.EncodeToString(d[:]) }

func TestCarried(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(c *carried)
		want event.File
	}{
		{"a file that comes in two pieces", func(c *carried) { c.write([]byte("%PDF-")); c.write([]byte("1.7")); c.close(true) },
			event.File{Size: 8, Complete: true, SHA256: sha("%PDF-1.7"), MD5: md("%PDF-1.7"), Detected: "pdf", Category: "document"}},
		{"an empty file", func(c *carried) { c.close(true) }, event.File{Complete: true, SHA256: sha(""), MD5: md("")}},
		{"a file that is cut short", func(c *carried) { c.write([]byte("abc")); c.close(false) },
			event.File{Size: 3, SHA256: sha("abc"), MD5: md("abc")}},
		{"a file with lost bytes has no digest", func(c *carried) { c.write([]byte("abc")); c.gap(5); c.write([]byte("x")); c.close(true) },
			event.File{Size: 4, Gaps: true, Lost: 5}},
		{"parts that stand at their places", func(c *carried) {
			c.seek(0)
			c.write([]byte("abc"))
			c.seek(3)
			c.write([]byte("def"))
			c.close(true)
		}, event.File{Size: 6, Complete: true, SHA256: sha("abcdef"), MD5: md("abcdef")}},
		{"a part that is sent again counts once", func(c *carried) {
			c.write([]byte("abc"))
			c.seek(1)
			c.write([]byte("bcd"))
			c.close(true)
		}, event.File{Size: 4, Complete: true, SHA256: sha("abcd"), MD5: md("abcd")}},
		{"a part that is left out", func(c *carried) { c.write([]byte("abc")); c.seek(9); c.write([]byte("d")); c.close(true) },
			event.File{Size: 4, Gaps: true, Lost: 6}},
	} {
		s := &shelf{}
		w := filesWorker(s, Limits{})
		var x carried
		x.open(w, &flow{}, wire.ToServer, fileFacts{App: "smb", Name: []byte("a.bin")})
		c.run(&x)
		if len(s.files) != 1 {
			t.Fatalf("%s: got %d files, want 1", c.name, len(s.files))
		}
		got := s.files[0]
		if c.want.Detected == "" && got.Size > 0 {
			c.want.Detected, c.want.Category = "text", "text"
		}
		c.want.App, c.want.Name, c.want.Activity, c.want.SHA1 = "smb", "a.bin", "Write", got.SHA1
		if got != c.want {
			t.Errorf("%s:\ngot  %+v\nwant %+v", c.name, got, c.want)
		}
		if x.isOpen() || w.files.open != 0 {
			t.Errorf("%s: got %d files open behind the end, want 0", c.name, w.files.open)
		}
	}
}

func TestTypesThatAreToldLate(t *testing.T) {
	iso := make([]byte, 70_000)
	copy(iso[32769:], "CD001")
	for _, n := range []int{1, 1448, 4096, 40_000, len(iso)} {
		s := &shelf{}
		w := filesWorker(s, Limits{})
		var x carried
		x.open(w, &flow{}, wire.ToServer, fileFacts{App: "smb"})
		for p := iso; len(p) > 0; p = p[min(n, len(p)):] {
			x.write(p[:min(n, len(p))])
		}
		x.close(true)
		if got := s.files[0].Detected; got != "iso" || w.pool.held != 0 {
			t.Errorf("an image in pieces of %d: got %q and %d bytes held, want iso and 0", n, got, w.pool.held)
		}
	}
}

func TestFilesAreBounded(t *testing.T) {
	s := &shelf{}
	w := filesWorker(s, Limits{Files: 2})
	var all [3]carried
	for i := range all {
		all[i].open(w, &flow{}, wire.ToClient, fileFacts{App: "http"})
		all[i].write([]byte("x"))
	}
	if all[2].isOpen() || w.files.dropped != 1 {
		t.Errorf("got %d dropped, want 1", w.files.dropped)
	}
	for i := range all {
		all[i].close(true)
	}
	if len(s.files) != 2 || w.files.open != 0 || w.pool.held != 0 {
		t.Errorf("got %d files told, %d open, %d bytes held; want 2, 0, 0", len(s.files), w.files.open, w.pool.held)
	}
}

func TestFilesAllocateNothing(t *testing.T) {
	w := filesWorker(nothing{}, Limits{})
	f, p, name, media := &flow{}, make([]byte, 1400), []byte("/a/b/report.pdf"), []byte("application/pdf")
	var x carried
	one := func() {
		x.open(w, f, wire.ToClient, fileFacts{App: "http", Name: name, Type: media})
		for range 10 {
			x.write(p)
		}
		x.close(true)
	}
	one()
	if n := testing.AllocsPerRun(100, one); n > 0 {
		t.Errorf("got %v allocations a file, want 0", n)
	}
}

type nothing struct{}

func (nothing) Event(*event.Header, event.Payload) {}
