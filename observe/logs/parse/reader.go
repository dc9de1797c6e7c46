package parse

import (
	"strings"
	"time"
	"unsafe"

	"bulwark/observe/logs/internal/flat"
	"bulwark/wire"
)

// Bounds of what is kept of one line, and of what a reader keeps from one line to the next.
const (
	mostEntries = 2048 // fields, those that a format makes counted
	mostFields  = 512  // that are told
	mostValues  = 64   // of one field that is cut into many
	mostStreams = 1024 // whose #Fields are kept
	longest     = 64 << 10
)

// Reader understands lines one after the other; it is of one goroutine. What it fills in is good as long as the line is.
type Reader struct {
	set      *Set
	flat     flat.Reader
	entries  []entry
	raws     []slot // by symbol: what was read
	made     []slot // by symbol: what the format made
	turn     uint32
	space    wire.Space
	vals     []string
	mapped   []string
	pieces   []string
	spans    []span
	steps    int
	effort   int // bytes that forms have looked at in this line
	hits     []hit
	columns  map[string][]string
	stream   string
	zone     *time.Location
	received time.Time
	format   *format   // at work
	message  int32     // entry of the text
	layouts  [3]string // of the times last read, by their first letters
}

type entry struct {
	name  string
	value string
	sym   int32
	next  int32 // the next of the name; -1: none
	made  bool
	used  bool // by an expression: not told under its own name
	dead  bool
}

type slot struct {
	turn        uint32
	first, last int32
}

// Reader is one that understands what the set knows.
func (s *Set) Reader() *Reader {
	return &Reader{set: s, raws: make([]slot, len(s.names)), made: make([]slot, len(s.names)), columns: map[string][]string{}}
}

func (r *Reader) begin() {
	r.entries = r.entries[:0]
	r.turn++
	if r.turn == 0 {
		clear(r.raws)
		clear(r.made)
		r.turn = 1
	}
}

// first is the first entry of a symbol: what the format made of it, or else what was read; -1: none.
func (r *Reader) first(sym int32) int32 {
	if s := &r.made[sym]; s.turn == r.turn && s.first >= 0 {
		return s.first
	}
	if s := &r.raws[sym]; s.turn == r.turn {
		return s.first
	}
	return -1
}

// get is the first value of a symbol; "" where there is none.
func (r *Reader) get(sym int32) string {
	if i := r.first(sym); i >= 0 {
		return r.entries[i].value
	}
	return ""
}

// text is the first value of a name.
func (r *Reader) text(name string) string {
	if sym, ok := r.set.symbols[name]; ok {
		return r.get(sym)
	}
	for i := range r.entries {
		if r.entries[i].name == name {
			return r.entries[i].value
		}
	}
	return ""
}

// raw keeps a field that was read.
func (r *Reader) raw(under, name, value string) {
	if value == "" || name == "" || len(r.entries) >= mostEntries {
		return
	}
	for _, none := range r.format.empty {
		if value == none {
			return
		}
	}
	for _, p := range r.format.strip {
		name = strings.TrimPrefix(name, p)
	}
	if under != "" {
		b := append(r.space.Grow(nil, len(under)+1+len(name)), under...)
		b = append(append(b, '.'), name...)
		name = view(b)
	}
	sym, ok := r.set.symbols[name]
	switch {
	case !ok:
		sym = -1
	case sym == r.set.common.message: // the line itself has that name
		sym = r.set.common.inner
	}
	if len(value) > longest {
		value = value[:longest]
	}
	r.entries = append(r.entries, entry{name: name, value: value, sym: sym, next: -1})
	if ok {
		r.link(&r.raws[sym])
	}
}

// link makes the last entry the last of a slot.
func (r *Reader) link(s *slot) {
	i := int32(len(r.entries) - 1)
	if s.turn != r.turn || s.first < 0 {
		*s = slot{r.turn, i, i}
		return
	}
	r.entries[s.last].next = i
	s.last = i
}

// add makes one value more of a field.
func (r *Reader) add(sym int32, value string) {
	if value == "" || len(r.entries) >= mostEntries {
		return
	}
	if len(value) > longest {
		value = value[:longest]
	}
	r.entries = append(r.entries, entry{name: r.set.names[sym], value: value, sym: sym, next: -1, made: true})
	r.link(&r.made[sym])
}

// replace makes a field of one value.
func (r *Reader) replace(sym int32, value string) {
	r.forget(sym)
	r.add(sym, value)
}

// forget takes away what was made of a field.
func (r *Reader) forget(sym int32) {
	s := &r.made[sym]
	if s.turn != r.turn {
		return
	}
	for i := s.first; i >= 0; i = r.entries[i].next {
		r.entries[i].dead = true
	}
	s.first = -1
}

// lower is a text in small letters, without a new text where it has no others.
func (r *Reader) lower(v string) string {
	i := 0
	for i < len(v) && (v[i] < 'A' || v[i] > 'Z') && v[i] < 0x80 {
		i++
	}
	if i == len(v) {
		return v
	}
	if len(v) > 4096 {
		return strings.ToLower(v)
	}
	b := append(r.space.Grow(nil, len(v)), v...)
	for ; i < len(b); i++ {
		if b[i] >= 0x80 {
			return strings.ToLower(v)
		}
		if 'A' <= b[i] && b[i] <= 'Z' {
			b[i] += 'a' - 'A'
		}
	}
	return view(b)
}

// unescape takes the backslashes of CEF away (\\ \| \= \n \r).
func (r *Reader) unescape(v string) string {
	if strings.IndexByte(v, '\\') < 0 {
		return v
	}
	b := r.space.Grow(nil, len(v))
	for i := 0; i < len(v); i++ {
		c := v[i]
		if c == '\\' && i+1 < len(v) {
			switch v[i+1] {
			case '\\', '|', '=':
				i++
				c = v[i]
			case 'n', 'r':
				i++
				c = '\n'
			}
		}
		b = append(b, c)
	}
	return view(b)
}

func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// bytesOf are the bytes of a text, which nobody may write to.
func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }
