package engine

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"bulwark/event"
	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/filetype"
)

// drawer keeps copies.
type drawer struct {
	shelf
	open    map[uint64][]byte
	kept    []string
	about   []map[string]any
	dropped int
	full    bool // no room for a new copy
	broken  bool // no room for more bytes
}

func (d *drawer) Begin(id uint64, about []byte) bool {
	var a map[string]any
	if err := json.Unmarshal(about, &a); err != nil {
		panic(err)
	}
	if d.full {
		return false
	}
	if d.open == nil {
		d.open = map[uint64][]byte{}
	}
	d.about = append(d.about, a)
	d.open[id] = nil
	return true
}

func (d *drawer) Bytes(id uint64, p []byte) bool {
	if d.broken {
		delete(d.open, id)
		return false
	}
	d.open[id] = append(d.open[id], p...)
	return true
}

func (d *drawer) End(id uint64) bool {
	d.kept = append(d.kept, string(d.open[id]))
	delete(d.open, id)
	return true
}

func (d *drawer) Drop(id uint64) { delete(d.open, id); d.dropped++ }

func TestExtraction(t *testing.T) {
	program := "MZ" + strings.Repeat("\x00", 70) + strings.Repeat("program", 9000)
	for _, c := range []struct {
		name  string
		e     Extraction
		dir   wire.Dir
		file  string
		kind  filetype.Type
		spoil func(d *drawer, c *carried)
		want  string // what is kept; empty: nothing
	}{
		{name: "a program, by its category", e: Extraction{Types: []string{"executable"}, Read: true, Write: true}, file: program, want: program},
		{name: "a program, by its name", e: Extraction{Types: []string{"dos"}, Write: true}, file: program, want: program},
		{name: "a small text, whose type is told at its end", e: Extraction{Types: []string{"all"}, Write: true}, file: "hello", want: "hello"},
		{name: "another type", e: Extraction{Types: []string{"pdf"}, Write: true}, file: program},
		{name: "another protocol", e: Extraction{Types: []string{"all"}, Apps: []string{"http"}, Write: true}, file: program},
		{name: "the other direction", e: Extraction{Types: []string{"all"}, Read: true}, file: program},
		{name: "a file that is read", e: Extraction{Types: []string{"all"}, Read: true}, dir: wire.ToClient, file: program, want: program},
		{name: "too small a file", e: Extraction{Types: []string{"all"}, Write: true, Least: 100}, file: "hello"},
		{name: "too large a file is cut", e: Extraction{Types: []string{"all"}, Write: true, Most: 10_000}, file: program, want: program[:10_000]},
		{name: "an object whose type the protocol knows", e: Extraction{Types: []string{"dicom"}, Write: true}, file: program, kind: filetype.DICOM, want: program},
		{name: "a file with a hole", e: Extraction{Types: []string{"all"}, Write: true}, file: program,
			spoil: func(_ *drawer, c *carried) { c.gap(5); c.write([]byte("x")) }},
		{name: "no room for another", e: Extraction{Types: []string{"all"}, Write: true}, file: program, spoil: func(d *drawer, _ *carried) { d.full = true }},
		{name: "no room for more of it", e: Extraction{Types: []string{"all"}, Write: true}, file: program, spoil: func(d *drawer, _ *carried) { d.broken = true }},
		{name: "a flow that is given up", e: Extraction{Types: []string{"all"}, Write: true}, file: program, spoil: func(_ *drawer, c *carried) { c.reset() }},
	} {
		for _, n := range []int{1, 1448, 1 << 20} {
			d := &drawer{}
			e := c.e
			if e.To = d; e.Most == 0 {
				e.Most = 1 << 20
			}
			w := New(Options{Sink: d, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1}), Extract: &e})
			var x carried
			d.full = c.name == "no room for another"
			x.open(w, &flow{id: 9}, c.dir, fileFacts{App: "smb", Name: []byte("a.exe"), Kind: c.kind})
			for i, p := 0, []byte(c.file); len(p) > 0; i++ {
				k := min(n, len(p))
				x.write(p[:k])
				if p = p[k:]; c.spoil != nil && i == 0 && len(c.file)-len(p) > 0 {
					c.spoil(d, &x)
				}
			}
			x.close(true)
			var want []string
			if c.want != "" {
				want = []string{c.want}
			}
			if strings.Join(d.kept, "|") != strings.Join(want, "|") || len(d.open) != 0 {
				t.Errorf("%s, in pieces of %d: got %d copies kept and %d open, want %d and 0", c.name, n, len(d.kept), len(d.open), len(want))
			}
			stored := ""
			if len(d.files) > 0 {
				stored = d.files[0].Stored
			}
			if sum := sha(c.want); c.want != "" && stored != sum || c.want == "" && stored != "" {
				t.Errorf("%s: got stored as %q, want %q", c.name, stored, sum)
			}
			if w.files.copies != 0 || w.pool.held != 0 {
				t.Errorf("%s: got %d copies and %d bytes held behind the end, want none", c.name, w.files.copies, w.pool.held)
			}
			if len(d.about) > 0 && (d.about[0]["name"] != "a.exe" || d.about[0]["app"] != "smb" || d.about[0]["flow"] != 9.0) {
				t.Errorf("%s: got about %v", c.name, d.about[0])
			}
		}
	}
}

func TestCopiesAreBounded(t *testing.T) {
	d := &drawer{}
	w := New(Options{Sink: d, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1}),
		Extract: &Extraction{To: d, Types: []string{"all"}, Write: true, Most: 1 << 20}})
	all := make([]carried, maxCopies+3)
	for i := range all {
		all[i].open(w, &flow{}, wire.ToServer, fileFacts{App: "smb"})
		all[i].write(bytes.Repeat([]byte("a"), 5000))
	}
	if len(d.open) != maxCopies || w.files.refused != 3 {
		t.Errorf("got %d open and %d refused, want %d and 3", len(d.open), w.files.refused, maxCopies)
	}
}

var _ Sink = (*drawer)(nil)

func (s *drawer) Event(h *event.Header, p event.Payload) {
	if f, ok := p.(*event.File); ok {
		s.files = append(s.files, event.File{Stored: strings.Clone(f.Stored)})
	}
}
