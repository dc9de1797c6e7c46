package engine

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"bulwark/detect/logrule/internal/sigma"
)

// shape is where in a value a text is looked for.
type shape uint8

const (
	whole shape = iota
	front
	back
	inside
)

// shapeOf is the text that stands for a pattern, and where it stands. It stands for the pattern exactly unless loose: then the
// pattern is asked as well.
func shapeOf(p sigma.Pattern) (text string, s shape, loose bool) {
	if text, ok := p.Plain(); ok {
		return text, whole, false
	}
	for _, x := range p {
		if x.Wild == sigma.Text && len(x.Text) > len(text) {
			text = x.Text
		}
	}
	first, last := p[0], p[len(p)-1]
	switch {
	case len(p) == 2 && first.Wild == sigma.Text && last.Wild == sigma.Any:
		return text, front, false
	case len(p) == 2 && first.Wild == sigma.Any && last.Wild == sigma.Text:
		return text, back, false
	case len(p) == 3 && first.Wild == sigma.Any && last.Wild == sigma.Any && p[1].Wild == sigma.Text:
		return text, inside, false
	}
	return text, inside, true
}

// indexable reports whether a text can be looked for, in place of asking a test.
func indexable(t *sigma.Test) bool {
	if t.How != sigma.Like {
		return false
	}
	text, s, _ := shapeOf(t.Pattern)
	return text != "" || s == whole
}

// textKey tells tests of a field apart.
func textKey(t *sigma.Test) string {
	if t.Cased {
		return "c" + t.Pattern.String()
	}
	return "i" + t.Pattern.String()
}

// worthOf says how seldom a test is likely to hold.
func worthOf(t *sigma.Test) int {
	text, s, _ := shapeOf(t.Pattern)
	if s == whole {
		return 4 + 2*len(text)
	}
	return len(text)
}

// entry is a text that is looked for.
type entry struct {
	text  string // in lower case
	loose *sigma.Test
	group int32
}

// field looks for all texts of a field at once.
type field struct {
	name  string
	whole map[string][]entry
	front ends
	back  ends
	short shorts // found anywhere, of less than four bytes
	grams grams
}

func newField(name string) *field {
	return &field{name: name, whole: map[string][]entry{}, front: ends{all: map[string][]entry{}}, back: ends{all: map[string][]entry{}},
		grams: grams{at: map[uint32][]gram{}}}
}

func (f *field) add(t *sigma.Test, group int32) {
	text, s, loose := shapeOf(t.Pattern)
	x := entry{text: strings.ToLower(text), group: group}
	if (s == front || s == back) && len(x.text) >= maxEnd {
		s, loose = inside, true
	}
	if loose || t.Cased {
		x.loose = t
	}
	switch {
	case s == whole:
		f.whole[x.text] = append(f.whole[x.text], x)
	case s == front:
		f.front.add(x)
	case s == back:
		f.back.add(x)
	case len(x.text) < 4:
		f.short.add(x)
	default:
		f.grams.add(x)
	}
}

func (f *field) finish() { f.grams.finish() }

// look calls hit for the group of each text that is found in a value, which is given in lower case and as it is.
func (f *field) look(lower, value string, hit func(int32)) {
	for _, x := range f.whole[lower] {
		x.found(value, hit)
	}
	for n := range f.front.lengths() {
		if n > len(lower) {
			break
		}
		for _, x := range f.front.all[lower[:n]] {
			x.found(value, hit)
		}
	}
	for n := range f.back.lengths() {
		if n > len(lower) {
			break
		}
		for _, x := range f.back.all[lower[len(lower)-n:]] {
			x.found(value, hit)
		}
	}
	f.short.look(lower, value, hit)
	f.grams.look(lower, value, hit)
}

func (x *entry) found(value string, hit func(int32)) {
	if x.loose == nil || x.loose.One(value) {
		hit(x.group)
	}
}

// maxEnd is the length from which on a text is no longer looked for at an end alone, bytes.
const maxEnd = 512

// ends are texts at one end of a value, by their text; their lengths are few.
type ends struct {
	all   map[string][]entry
	sizes [maxEnd / 64]uint64 // bit n: there is a text of that length
}

func (e *ends) add(x entry) {
	e.all[x.text] = append(e.all[x.text], x)
	e.sizes[len(x.text)>>6] |= 1 << (len(x.text) & 63)
}

// lengths are those of the texts, in order.
func (e *ends) lengths() func(func(int) bool) {
	return func(yield func(int) bool) {
		for k, w := range e.sizes {
			for ; w != 0; w &= w - 1 {
				if !yield(k<<6 + bits.TrailingZeros64(w)) {
					return
				}
			}
		}
	}
}

// shorts find texts of one to three bytes anywhere in a value: by their first two, or the only one.
type shorts struct {
	all   []entry
	of    map[uint16][]int // by two bytes
	pairs []uint64         // bit n: a text begins with the two bytes that n is made of
	lone  []entry          // of one byte
}

func (s *shorts) add(x entry) {
	if len(x.text) == 1 {
		s.lone = append(s.lone, x)
		return
	}
	if s.of == nil {
		s.of, s.pairs = map[uint16][]int{}, make([]uint64, 1<<16/64)
	}
	w := uint16(x.text[0])<<8 | uint16(x.text[1])
	s.pairs[w>>6] |= 1 << (w & 63)
	s.of[w] = append(s.of[w], len(s.all))
	s.all = append(s.all, x)
}

func (s *shorts) look(lower, value string, hit func(int32)) {
	for k := range s.lone {
		if strings.IndexByte(lower, s.lone[k].text[0]) >= 0 {
			s.lone[k].found(value, hit)
		}
	}
	if s.of == nil || len(lower) < 2 {
		return
	}
	w := uint16(lower[0])
	for k := 1; k < len(lower); k++ {
		w = w<<8 | uint16(lower[k])
		if s.pairs[w>>6]>>(w&63)&1 == 0 {
			continue
		}
		for _, n := range s.of[w] {
			if x := &s.all[n]; strings.HasPrefix(lower[k-1:], x.text) {
				x.found(value, hit)
			}
		}
	}
}

// grams find texts of four bytes and more anywhere in a value: by four bytes of each, which a map of bits in front of a table
// tells from the rest.
type grams struct {
	all  []entry
	at   map[uint32][]gram
	bits []uint64
}

type gram struct {
	entry int
	back  int // how far before the four bytes the text begins
}

const gramBits = 1 << 16

func gramHash(g uint32) uint32 { return g * 0x9e3779b1 >> 16 }

func (g *grams) add(x entry) { g.all = append(g.all, x) }

// finish chooses the four bytes by which each text is found: those that fewest others have in them.
func (g *grams) finish() {
	if len(g.all) == 0 {
		return
	}
	count := map[uint32]int{}
	for _, x := range g.all {
		for k := 0; k+4 <= len(x.text); k++ {
			count[binary.LittleEndian.Uint32([]byte(x.text[k:k+4]))]++
		}
	}
	g.bits = make([]uint64, gramBits/64)
	for n, x := range g.all {
		best, at := uint32(0), -1
		for k := 0; k+4 <= len(x.text); k++ {
			w := binary.LittleEndian.Uint32([]byte(x.text[k : k+4]))
			if at < 0 || count[w] < count[best] {
				best, at = w, k
			}
		}
		g.at[best] = append(g.at[best], gram{n, at})
		h := gramHash(best)
		g.bits[h>>6] |= 1 << (h & 63)
	}
}

func (g *grams) look(lower, value string, hit func(int32)) {
	if g.bits == nil || len(lower) < 4 {
		return
	}
	w := uint32(lower[0])<<8 | uint32(lower[1])<<16 | uint32(lower[2])<<24
	for k := 3; k < len(lower); k++ {
		w = w>>8 | uint32(lower[k])<<24
		h := gramHash(w)
		if g.bits[h>>6]>>(h&63)&1 == 0 {
			continue
		}
		for _, c := range g.at[w] {
			x := &g.all[c.entry]
			from := k - 3 - c.back
			if from >= 0 && strings.HasPrefix(lower[from:], x.text) {
				x.found(value, hit)
			}
		}
	}
}
