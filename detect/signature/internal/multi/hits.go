package multi

import "slices"

// Hits are the patterns that a scan found. The zero value is ready. One may serve sets of different sizes, one scan at a
// time; it allocates until it has seen the largest.
type Hits struct {
	ids  []uint32
	seen []uint64 // a bit for each literal that was found, at its first id
}

// IDs are the ids of the patterns that the last scan found, each once, in no order. The next scan overwrites them.
func (h *Hits) IDs() []uint32 { return h.ids }

// reset forgets the last scan's patterns and makes room for n.
func (h *Hits) reset(n int) {
	for _, id := range h.ids {
		h.seen[id>>6] = 0
	}
	h.ids = h.ids[:0]
	if words := (n + 63) / 64; words > len(h.seen) {
		h.seen = make([]uint64, words)
	}
	h.ids = slices.Grow(h.ids, n)
}

func (h *Hits) has(l *literal) bool { return h.seen[l.first>>6]>>(l.first&63)&1 != 0 }

func (h *Hits) add(s *Set, l *literal) {
	h.seen[l.first>>6] |= 1 << (l.first & 63)
	h.ids = append(h.ids, l.first)
	h.ids = append(h.ids, s.ids[l.more:l.more+l.others]...)
}
