package multi

import (
	"math/bits"
	"unsafe"
)

const (
	setBytes     = int(unsafe.Sizeof(Set{}))
	literalBytes = int(unsafe.Sizeof(literal{}))
	passBytes    = int(unsafe.Sizeof(pass{}))
	entryBytes   = int(unsafe.Sizeof(entry{}))
)

// place is which windows of a buffer a pass looks at.
type place uint8

const (
	anywhere place = iota
	head           // those that begin before pass.limit
	start          // the first
	end            // the last
)

// kind is what the patterns of one pass share.
type kind struct {
	place  place
	width  uint8 // of a window: 8, 4, 2 or 1 bytes
	stride uint8 // the pass looks at each place that is a multiple of it
}

// pass is one walk over a buffer, for the patterns of a kind.
type pass struct {
	kind
	literals int
	limit    int      // of head: where the last of its patterns must end
	filter   []uint64 // two bits for each window, in the word that its hash chooses
	shift    uint8    // of the hash, to the index of a word
	slotBits uint8
	slots    []uint32 // entries[slots[i]:slots[i+1]] have a hash that begins with i
	entries  []entry
}

// entry is a window of a literal.
type entry struct {
	window  uint64 // folded
	literal uint32
	offset  uint32 // of the window in the literal
}

// headLimit is up to which To a pattern is looked for at the begin of buffers only.
const headLimit = 256

// kindOf says in which pass a literal belongs.
func (l *literal) kindOf() kind {
	n := int(l.length)
	switch {
	case l.atEnd:
		return kind{end, widthFor(n), 1}
	case l.from == 0 && int(l.to) == n && n <= reach:
		return kind{start, widthFor(n), 1}
	}
	k := kind{anywhere, widthFor(n), 1}
	if l.to <= headLimit {
		k.place = head
	}
	switch {
	case n >= 11:
		k.stride = 4
	case n >= 7:
		k.width, k.stride = 4, 4
	}
	return k
}

// widthFor is the widest window that fits n bytes.
func widthFor(n int) uint8 { return uint8(1) << min(bits.Len(uint(n))-1, 3) }

// plan sorts the literals into passes.
func (s *Set) plan() {
	groups := map[kind][]uint32{}
	for i := range s.literals {
		k := s.literals[i].kindOf()
		groups[k] = append(groups[k], uint32(i))
	}
	r := s.rarity()
	for _, place := range []place{start, end, head, anywhere} {
		for _, width := range []uint8{8, 4, 2, 1} {
			for _, stride := range []uint8{4, 1} {
				if k := (kind{place, width, stride}); len(groups[k]) > 0 {
					s.passes = append(s.passes, s.pass(k, groups[k], r))
				}
			}
		}
	}
}

// pass builds the tables of one pass.
func (s *Set) pass(k kind, literals []uint32, r *rarity) pass {
	pa := pass{kind: k, literals: len(literals)}
	entries := make([]entry, 0, len(literals)*int(k.stride))
	for _, i := range literals {
		l := &s.literals[i]
		if k.place == head {
			pa.limit = max(pa.limit, int(l.to))
		}
		value := s.text[l.text : l.text+uint32(l.length)]
		at := r.choose(value, k)
		for o := at; o < at+int(k.stride); o++ {
			entries = append(entries, entry{window: window(value[o:], k.width), literal: i, offset: uint32(o)})
		}
	}
	pa.fill(entries)
	return pa
}

// fill makes the filter and the hash table.
func (pa *pass) fill(entries []entry) {
	pa.slotBits = uint8(max(bits.Len(uint(len(entries))), 2))
	words := max(bits.Len(uint(len(entries)))-1, 2) // 16 to 32 bits for each window
	pa.shift = uint8(64 - words)
	pa.filter = make([]uint64, 1<<words)
	count := make([]uint32, 1<<pa.slotBits+1)
	for _, e := range entries {
		h := hash(e.window)
		pa.filter[h>>pa.shift] |= bitsOf(h, pa.shift)
		count[h>>(64-pa.slotBits)+1]++
	}
	for i := 1; i < len(count); i++ {
		count[i] += count[i-1]
	}
	pa.slots = append([]uint32(nil), count...)
	pa.entries = make([]entry, len(entries))
	for _, e := range entries {
		slot := hash(e.window) >> (64 - pa.slotBits)
		pa.entries[count[slot]] = e
		count[slot]++
	}
}

func (pa *pass) size() int {
	return cap(pa.filter)*8 + cap(pa.slots)*4 + cap(pa.entries)*entryBytes
}

// hash spreads a window; its upper bits are the good ones.
func hash(window uint64) uint64 { return window * 0x9E3779B97F4A7C15 }

// bitsOf are the two bits that a window sets in its word of the filter.
func bitsOf(h uint64, shift uint8) uint64 {
	return 1<<(h>>((shift-6)&63)&63) | 1<<(h>>((shift-12)&63)&63)
}

// fold turns the letters of eight bytes to lower case, and does to other bytes what it pleases.
const fold = 0x2020202020202020

// window reads width bytes, folded.
func window(p []byte, width uint8) (w uint64) {
	for i := range int(width) {
		w |= uint64(p[i]|0x20) << (8 * i)
	}
	return w
}
