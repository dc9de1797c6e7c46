package engine

import (
	"slices"
	"strings"
)

// sieve tells that none of some texts is in another, without making that lower case, and without looking at each byte of it. Of each text
// it knows a piece that JSON writes as it is.
type sieve struct{ grams }

// folds makes capital letters small, four bytes at once. Some other bytes become one, too: what is found has to be looked at again.
const folds = 0x20202020

// sieve is one of texts; nil where one of them has no piece that is long enough.
func (b *Book) sieve(all []entry) *sieve {
	s := &sieve{grams{width: 4, spare: 8, stride: 8}}
	pieces := make([]string, len(all))
	for k, x := range all {
		pieces[k] = pieceOf(x.text)
	}
	slices.Sort(pieces)
	for _, piece := range slices.Compact(pieces) {
		if len(piece) < s.width {
			return nil
		}
		s.all = append(s.all, entry{text: piece})
		s.stride = min(s.stride, len(piece)-s.width+1)
	}
	key := strings.Join(pieces, "\x00")
	if same, ok := b.sieves.Load(key); ok {
		return same.(*sieve)
	}
	s.place()
	b.sieves.Store(key, s)
	return s
}

// pieceOf is the longest part of a text that every writer of JSON leaves as it is, or writes as \u and four digits.
func pieceOf(text string) (longest string) {
	for piece := range strings.FieldsFuncSeq(text, func(c rune) bool { return c < ' ' || c > '~' || c == '"' || c == '\\' || c == '/' }) {
		if len(piece) > len(longest) {
			longest = piece
		}
	}
	b := []byte(longest)
	for k := range b {
		b[k] |= folds & 0xff
	}
	return string(b)
}

// may reports whether one of the texts may be in another.
func (s *sieve) may(text string) bool {
	seen, shift, stride, k := s.index.bits, (64-s.index.wide)&63, s.stride, 0
	last := uint64(len(seen) - 1)
	for ; k+3*stride+4 <= len(text); k += 4 * stride { // four places at once: hardly ever is one of them more than a chance
		a := uint64(load4(text[k:])|folds) * golden >> shift
		b := uint64(load4(text[k+stride:])|folds) * golden >> shift
		c := uint64(load4(text[k+2*stride:])|folds) * golden >> shift
		d := uint64(load4(text[k+3*stride:])|folds) * golden >> shift
		hit := seen[a>>6&last]>>(a&63) | seen[b>>6&last]>>(b&63) | seen[c>>6&last]>>(c&63) | seen[d>>6&last]>>(d&63)
		if hit&1 == 0 {
			continue
		}
		for j := range 4 {
			at := k + j*stride
			if n := uint64(load4(text[at:]) | folds); s.index.may(n) && s.has(text, at, n) {
				return true
			}
		}
	}
	for ; k+4 <= len(text); k += stride {
		n := uint64(load4(text[k:]) | folds)
		if h := n * golden >> shift; seen[h>>6]>>(h&63)&1 != 0 && s.has(text, k, n) { // as may says
			return true
		}
	}
	return false
}

// has reports whether one that has a number at a place is there.
func (s *sieve) has(text string, k int, n uint64) bool {
	for _, e := range s.index.of(n) {
		n := int(e) / s.stride
		piece := s.all[n].text
		from := k - int(s.backs[n]) - int(e)%s.stride
		if from < 0 || from+len(piece) > len(text) {
			continue
		}
		j := 0
		for j < len(piece) && text[from+j]|folds&0xff == piece[j] {
			j++
		}
		if j == len(piece) {
			return true
		}
	}
	return false
}

// foreign reports whether a text may have letters that are not ASCII, and are in lower case: the signs of Kelvin and the Turkish capital I.
func foreign(text string) bool {
	return strings.IndexByte(text, "\u212a"[0]) >= 0 || strings.IndexByte(text, "\u0130"[0]) >= 0
}

func load4(s string) uint32 {
	_ = s[3]
	return uint32(s[0]) | uint32(s[1])<<8 | uint32(s[2])<<16 | uint32(s[3])<<24
}
