package multi

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"math"
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
	width  uint8 // of a window: 8, 4, 3, 2 or 1 bytes
	stride uint8 // the pass looks at each place that is a multiple of it
}

// pass is one walk over a buffer, for the patterns of a kind. A pass of width 1 has its entries only: it looks for each
// by itself.
type pass struct {
	kind
	slotBits uint8
	limit    int      // of head: where the last of its patterns must end
	few      *buckets // of windows that are looked for sixteen places at a time; nil: place by place
	filter   []uint64 // a bit for each window, in the word that its hash chooses; the number of words is a power of two
	narrow   narrow   // in its place, of width 4 and stride 4
	slots    []slot
	entries  []entry
}

// slot says which entries have a hash that begins with the slot's number: the number of the first in the lower 24 bits, of
// how many in the next 8 (255: 255 or more), and in the upper 32 a filter of its own, so that most wrong guesses touch the slot only.
type slot uint64

func (s slot) has(h uint64) bool { return s>>32>>(h>>40&31)&1 != 0 }

// entriesOf are the entries that a window's hash leads to.
func (pa *pass) entriesOf(h uint64) []entry {
	s := pa.slots[h>>(64-pa.slotBits)]
	if !s.has(h) {
		return nil
	}
	first, n := int(s&0xffffff), int(s>>24&0xff)
	if n == 0xff {
		n = pa.crowd(first)
	}
	return pa.entries[first:][:n]
}

// crowd counts the entries of a slot that has more than it can say; first is the first of them.
func (pa *pass) crowd(first int) int {
	n := 1
	for number := pa.slotOf(&pa.entries[first]); first+n < len(pa.entries) && pa.slotOf(&pa.entries[first+n]) == number; {
		n++
	}
	return n
}

func (pa *pass) slotOf(e *entry) uint64 { return hash(e.window) >> (64 - pa.slotBits) }

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
	near, far := s.heads(places[head], places[anywhere])
	s.free(anywhere, append(places[anywhere], far...))
	s.free(head, near)
}

// heads parts the literals at the head of buffers: whoever looks everywhere sees the far ones, too, but short literals would
// make it look more often.
func (s *Set) heads(literals, everywhere []uint32) (near, far []uint32) {
	below := min(s.shortest(everywhere), 11)
	if s.shuffles && len(literals)+len(everywhere) <= easy {
		if below = 4; len(everywhere) == 0 {
			return literals, nil
		}
	}
	for _, i := range literals {
		if s.literals[i].length < below {
			near = append(near, i)
		} else {
			far = append(far, i)
		}
	}
	return near, far
}

// shortest is the length of the shortest of some literals.
func (s *Set) shortest(literals []uint32) uint8 {
	n := uint8(MaxLength)
	for _, i := range literals {
		n = min(n, s.literals[i].length)
	}
	return n
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

// How many literals are looked for one by one, which costs each as much as a fifth of a pass at each place: such as would
// forbid the others a stride of 4, or of 2, and tiny ones, which else need a pass of their own.
const (
	fewForFour = 3
	fewForTwo  = 2
	fewTiny    = 5
	fewWithTwo = 16 // literals of three bytes that may be found by two of them
)

// free plans for literals that may stand in many places. The shortest decides the stride: a pass costs as much as the
// windows that it looks at, and next to nothing for literals that are rare.
func (s *Set) free(p place, literals []uint32) {
	slices.SortFunc(literals, func(a, b uint32) int { return s.order(a) - s.order(b) })
	below := func(n int) int { // how many literals are shorter
		at, _ := slices.BinarySearchFunc(literals, n, func(i uint32, n int) int { return s.order(i) - n })
		return at
	}
	lone := below(2)
	if at := below(4); at-lone <= fewTiny {
		lone = at
		if at := below(7); s.shuffles {
			// those below seven bytes cost little together
		} else if at-lone <= fewForFour && at < len(literals) {
			lone = at
		} else if at := below(5); at-lone <= fewForTwo && at < len(literals) {
			lone = at
		}
	}
	two, three := max(below(3), lone), max(below(4), lone)
	if two > lone && three-two <= fewWithTwo {
		two = three // the pass is walked anyway
	}
	s.add(kind{p, 1, 1}, literals[:lone])
	s.add(kind{p, 2, 1}, literals[lone:two])
	s.add(kind{p, 3, 1}, literals[two:three])
	s.wide(p, literals[three:])
}

// order is the length of a literal, for tiny ones of zeros or ones 1: these are best looked for by themselves, since traffic
// is full of them, or of what folds to them.
func (s *Set) order(literal uint32) int {
	n := int(s.literals[literal].length)
	if v := s.value(&s.literals[literal]); n < 4 && (v[0] == 0 || v[0] == 0xff) && bytes.Count(v, v[:1]) == n {
		return 1
	}
	return n
}

// wide plans for literals of four bytes and more.
func (s *Set) wide(p place, literals []uint32) {
	few := s.few(kind{p, 4, 4}, literals)
	s.add(kind{p, 4, 1}, literals[:few])
	if literals = literals[few:]; len(literals) == 0 {
		return
	}
	k := kind{p, 4, 1}
	switch n := s.shortest(literals); {
	case n >= 11:
		k = kind{p, 8, 4}
	case n >= 7:
		k.stride = 4
	case n >= 5:
		k.stride = 2
	}
	s.add(k, literals)
}

// few moves the literals that a pass with buckets is for to the begin, and counts them: all where they are few, else the short
// ones, which would forbid the others a stride of 4, and with room for it those that would be looked for by a run of one byte,
// of which traffic is full.
func (s *Set) few(k kind, literals []uint32) (n int) {
	if !s.shuffles {
		return 0
	}
	if len(literals) <= easy {
		return len(literals)
	}
	r := s.rarity(k, literals)
	worst := make(map[uint32]float64, len(literals))
	for _, l := range literals {
		worst[l] = math.Inf(-1)
		if value := s.value(&s.literals[l]); len(value) >= 7 {
			worst[l] = r.worst(value)
		}
	}
	slices.SortStableFunc(literals, func(a, b uint32) int { return cmp.Compare(worst[a], worst[b]) })
	for n < len(literals) && (math.IsInf(worst[literals[n]], -1) || n < mostBuckets && worst[literals[n]] < run) {
		n++
	}
	if n > mostBuckets {
		return 0
	}
	return n
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
		for _, o := range r.choose(s.value(&s.literals[i])) {
			entries = append(entries, s.entry(i, o, k.width))
		}
	}
	pa.fill(entries, s.shuffles)
	if k.place == start && k.width > 1 {
		for i := range entries {
			s.begins.add(entries[i].window)
		}
	}
	if k.stride == 1 && k.width > 1 && (k.place == anywhere || k.place == head) && len(entries) <= mostBuckets && s.shuffles {
		pa.few = fillBuckets(entries, k.width)
	}
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

// A filter has 32 to 64 bits for each window, but no more than fit the second cache beside all else, and never less than
// 16 to 32.
const (
	filterBits = 5
	filterMost = 20
	filterLess = 4
)

// exact reports whether the filter has a bit for each window that there can be: of two bytes these are 8 KiB, which the first
// cache holds, and there is nothing to hash.
func (pa *pass) exact() bool { return pa.width == 2 && (pa.place == anywhere || pa.place == head) }

// fill makes the filter and the hash table.
func (pa *pass) fill(entries []entry, gathers bool) {
	if pa.width == 1 {
		pa.entries = entries
		return
	}
	n := bits.Len(uint(len(entries)))
	pa.slotBits = uint8(max(n, 3) - 1)
	words := 1 << (max(min(n+filterBits, filterMost), n+filterLess, 8) - 6)
	if pa.exact() {
		words = 1 << (16 - 6)
	}
	if pa.width == 4 && pa.stride == 4 {
		pa.narrow = newNarrow(words*64, gathers)
	} else {
		pa.filter = make([]uint64, words)
	}
	pa.slots = make([]slot, 1<<pa.slotBits)
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Compare(pa.slotOf(&a), pa.slotOf(&b)) })
	for i := range entries {
		h := hash(entries[i].window)
		switch w := entries[i].window; {
		case pa.exact():
			pa.filter[w>>6] |= 1 << (w & 63)
		case pa.narrow.words != nil:
			pa.narrow.add(w)
		default:
			pa.filter[h>>32&uint64(len(pa.filter)-1)] |= twoBits(h)
		}
		s := &pa.slots[pa.slotOf(&entries[i])]
		if *s == 0 {
			*s = slot(i)
		}
		if *s>>24&0xff < 0xff {
			*s += 1 << 24
		}
		*s |= 1 << 32 << (h >> 40 & 31)
	}
	pa.entries = entries
}

func (pa *pass) size() int {
	return cap(pa.filter)*8 + cap(pa.narrow.words)*4 + cap(pa.slots)*8 + cap(pa.entries)*entryBytes
}
