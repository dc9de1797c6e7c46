package multi

import (
	"math"
	"math/bits"
	"sync"
)

// rarity guesses how rare windows are in traffic, and counts how often they stand in the patterns of a pass: a window
// that many patterns share is long to confirm, and is likely common, too.
type rarity struct {
	kind
	shared []uint8 // how many literals hold a window; by its hash, and no more than 255
	shift  uint8
	grams  map[uint32]bool
}

// rarity counts the windows of some literals.
func (s *Set) rarity(k kind, literals []uint32) *rarity {
	text := 0
	for _, i := range literals {
		text += int(s.literals[i].length)
	}
	n := max(bits.Len(uint(text)), 2)
	r := &rarity{kind: k, shared: make([]uint8, 1<<n), shift: uint8(64 - n), grams: typicalGrams()}
	for _, i := range literals {
		value := s.value(&s.literals[i])
		for o := range len(value) - int(k.width) + 1 {
			if c := r.sharing(value[o:]); *c < math.MaxUint8 {
				*c++
			}
		}
	}
	return r
}

func (r *rarity) sharing(value []byte) *uint8 {
	return &r.shared[hash(window(value, r.width))>>r.shift]
}

// choose is where in a literal the windows begin that a pass looks for: of the places with each remainder of the stride
// the one whose window is rarest, near enough to the literal's end.
func (r *rarity) choose(value []byte) (offsets []int) {
	switch r.place {
	case start:
		return []int{0}
	case end:
		return []int{len(value) - int(r.width)}
	}
	from, last := max(len(value)-reach, 0), len(value)-int(r.width)
	for first := from; first < from+int(r.stride); first++ {
		best, worth := first, math.Inf(-1)
		for at := first; at <= last; at += int(r.stride) {
			if s := r.surprise(value[at:]); s > worth {
				best, worth = at, s
			}
		}
		offsets = append(offsets, best)
	}
	return offsets
}

// run is more information, in bits, than a window of one byte has.
const run = 9

// worst is how much information the commonest of the windows has that would be chosen.
func (r *rarity) worst(value []byte) float64 {
	least := math.Inf(1)
	for _, o := range r.choose(value) {
		least = min(least, r.surprise(value[o:]))
	}
	return least
}

// surprise is how many bits of information a window holds, less those that its sharing costs.
func (r *rarity) surprise(value []byte) (sum float64) {
	var gram uint32
	for i, b := range value[:r.width] {
		b |= 0x20
		gram = gram<<8 | uint32(b)
		switch {
		case i > 0 && byte(gram>>8) == b:
			sum += 0.25 // most runs are long
		case i >= 3 && r.grams[gram]:
			sum += 1.5
		default:
			sum += float64(weights[b]) / 2
		}
	}
	return sum - math.Log2(1+float64(*r.sharing(value)))
}

// weights are how many half bits of information a folded byte holds in hospital traffic, which is text for one half.
var weights = func() (w [256]uint8) {
	for i := range w {
		w[i] = 15
		if i >= 0x80 {
			w[i] = 17
		}
	}
	for i, b := range []byte(" etaoinsrhldcmpufgwybvkxjqz") {
		w[b] = uint8(10 + i/4)
	}
	for _, b := range []byte("0123456789-*/.:=\"!") {
		w[b] = 13
	}
	w[' '], w[0xff], w['0'] = 6, 12, 11
	return w
}()

// typicalGrams are the four-byte stretches of a text that is like what is seen on every network.
var typicalGrams = sync.OnceValue(func() map[uint32]bool {
	grams := make(map[uint32]bool, len(typical))
	for i := range len(typical) - 3 {
		var g uint32
		for _, b := range []byte(typical[i : i+4]) {
			g = g<<8 | uint32(b|0x20)
		}
		grams[g] = true
	}
	return grams
})
