package multi

import (
	"encoding/binary"
	"math/bits"
	"slices"
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

// pass is one walk over a buffer, for the patterns of a kind. A pass of width 1 has its entries only: it looks for each
// by itself.
type pass struct {
	kind
	slotBits uint8
	limit    int      // of head: where the last of its patterns must end
	filter   []uint64 // a bit for each window, in the word that its hash chooses; the number of words is a power of two
	slots    []uint32 // entries[slots[i]:slots[i+1]] have a hash that begins with i
	entries  []entry
}

// entry is a window of a literal.
type entry struct {
	window  uint64 // folded
	value   uint64 // of eight more bytes, under their mask; those behind the literal have mask 0
	mask    uint64
	literal uint32
	offset  uint8 // of the window in the literal
	rest    uint8 // of the eight bytes in the literal
}

// headLimit is up to which To a pattern is looked for at the begin of buffers only.
const headLimit = 256

// plan sorts the literals into passes.
func (s *Set) plan() {
	var places [4][]uint32
	for i := range s.literals {
		p := s.literals[i].place()
		places[p] = append(places[p], uint32(i))
	}
	for _, p := range []place{start, end} {
		s.pinned(p, places[p])
	}
	if len(places[anywhere]) > 0 { // whoever looks everywhere sees the head, too
		s.free(anywhere, append(places[anywhere], places[head]...))
	} else {
		s.free(head, places[head])
	}
}

// place says which windows of a buffer can be a literal's.
func (l *literal) place() place {
	switch n := int(l.length); {
	case l.atEnd:
		return end
	case l.from == 0 && int(l.to) == n && n <= reach:
		return start
	case l.to <= headLimit:
		return head
	}
	return anywhere
}

// pinned plans for literals whose place in a buffer is known, by the widest window that each has.
func (s *Set) pinned(p place, literals []uint32) {
	var of [4][]uint32
	for _, i := range literals {
		w := min(bits.Len8(s.literals[i].length)-1, 3)
		of[w] = append(of[w], i)
	}
	for w, literals := range of {
		s.add(kind{p, 1 << w, 1}, literals)
	}
}

// few is how many short literals are looked for one by one, so that the others allow a longer stride.
const few = 4

// free plans for literals that may stand in many places. The shortest decides the stride: a pass costs as much as the
// windows that it looks at, and next to nothing for literals that are rare.
func (s *Set) free(p place, literals []uint32) {
	slices.SortFunc(literals, func(a, b uint32) int { return int(s.literals[a].length) - int(s.literals[b].length) })
	below := func(n uint8) int { // how many literals are shorter
		at, _ := slices.BinarySearchFunc(literals, n, func(i uint32, n uint8) int { return int(s.literals[i].length) - int(n) })
		return at
	}
	lone := below(2)
	for _, n := range []uint8{5, 7} {
		if at := below(n); at <= few && at < len(literals) {
			lone = at
		}
	}
	tiny := max(below(4), lone)
	s.add(kind{p, 1, 1}, literals[:lone])
	s.add(kind{p, 2, 1}, literals[lone:tiny])
	if literals = literals[tiny:]; len(literals) == 0 {
		return
	}
	k := kind{p, 4, 1}
	switch n := s.literals[literals[0]].length; {
	case n >= 11:
		k = kind{p, 8, 4}
	case n >= 7:
		k.stride = 4
	case n >= 5:
		k.stride = 2
	}
	s.add(k, literals)
}

// add builds the tables of a pass for some literals.
func (s *Set) add(k kind, literals []uint32) {
	if len(literals) == 0 {
		return
	}
	pa := pass{kind: k}
	r := s.rarity(k, literals)
	entries := make([]entry, 0, len(literals)*int(k.stride))
	for _, i := range literals {
		pa.limit = max(pa.limit, int(s.literals[i].to))
		at := r.choose(s.value(&s.literals[i]))
		for o := at; o < at+int(k.stride); o++ {
			entries = append(entries, s.entry(i, o, k.width))
		}
	}
	pa.fill(entries)
	s.passes = append(s.passes, pa)
}

// entry is the window of a literal at an offset of it.
func (s *Set) entry(literal uint32, offset int, width uint8) entry {
	l := &s.literals[literal]
	n, w := int(l.length), int(width)
	rest := 0 // the literal's begin, or eight bytes behind the window, or before it, or around it
	switch {
	case n <= 8:
	case offset+w+8 <= n:
		rest = offset + w
	case offset >= 8:
		rest = offset - 8
	default:
		rest = min(offset/2, n-8)
	}
	e := entry{window: window(s.value(l)[offset:], width), literal: literal, offset: uint8(offset), rest: uint8(rest)}
	var value, mask [8]byte
	copy(value[:], s.value(l)[rest:])
	copy(mask[:], s.mask(l)[rest:])
	e.value, e.mask = binary.LittleEndian.Uint64(value[:]), binary.LittleEndian.Uint64(mask[:])
	return e
}

// Bits of the filter for each window are between these powers of two.
const filterBits = 5

// fill makes the filter and the hash table.
func (pa *pass) fill(entries []entry) {
	if pa.width == 1 {
		pa.entries = entries
		return
	}
	n := bits.Len(uint(len(entries)))
	pa.slotBits = uint8(max(n, 2))
	pa.filter = make([]uint64, 1<<max(n+filterBits-6, 2))
	count := make([]uint32, 1<<pa.slotBits+1)
	for _, e := range entries {
		h := hash(e.window)
		pa.filter[h>>32&uint64(len(pa.filter)-1)] |= bit(h)
		count[h>>(64-pa.slotBits)+1]++
	}
	for i := 1; i < len(count); i++ {
		count[i] += count[i-1]
	}
	pa.slots = slices.Clone(count)
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
