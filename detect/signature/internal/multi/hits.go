package multi

// Hits are the patterns that a scan found. The zero value is ready. One may serve sets of different sizes, one scan at a
// time; it allocates until it has seen the largest.
type Hits struct {
	ids    []uint32
	seen   []uint64 // a bit for each literal that was found
	marked []uint32 // the literals that have a bit in seen
}

// IDs are the ids of the patterns that the last scan found, each once, in no order. The next scan overwrites them.
func (h *Hits) IDs() []uint32 { return h.ids }

// reset forgets the last scan's patterns and makes room for those of a set.
func (h *Hits) reset(patterns, literals int) {
	for _, l := range h.marked {
		h.seen[l>>6] = 0
	}
	h.ids, h.marked = h.ids[:0], h.marked[:0]
	if cap(h.ids) < patterns {
		h.ids = make([]uint32, 0, patterns)
	}
	if cap(h.marked) < literals {
		h.marked = make([]uint32, 0, literals)
		h.seen = make([]uint64, (literals+63)/64)
	}
}

// everything is that all patterns were found.
func (h *Hits) everything(patterns int) {
	for id := range patterns {
		h.ids = append(h.ids, uint32(id))
	}
}

func (h *Hits) has(literal uint32) bool { return h.seen[literal>>6]>>(literal&63)&1 != 0 }

func (h *Hits) add(s *Set, literal uint32) {
	h.seen[literal>>6] |= 1 << (literal & 63)
	h.marked = append(h.marked, literal)
	l := &s.literals[literal]
	h.ids = append(h.ids, l.first)
	h.ids = append(h.ids, s.ids[l.more:l.more+l.others]...)
}
