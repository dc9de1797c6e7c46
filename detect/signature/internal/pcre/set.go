package pcre

import "math/bits"

// set is a set of bytes.
type set [4]uint64

func (s *set) add(b byte)      { s[b>>6] |= 1 << (b & 63) }
func (s *set) has(b byte) bool { return s[b>>6]>>(b&63)&1 != 0 }

func (s *set) addRange(lo, hi byte) {
	for c := int(lo); c <= int(hi); c++ {
		s.add(byte(c))
	}
}

func (s *set) union(o set) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s set) not() set {
	for i := range s {
		s[i] = ^s[i]
	}
	return s
}

func (s set) and(o set) set {
	for i := range s {
		s[i] &= o[i]
	}
	return s
}

func (s set) empty() bool { return s == set{} }

func (s set) size() int {
	n := 0
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// fold adds the other case of every ASCII letter in s.
func (s set) fold() set {
	for c := byte('a'); c <= 'z'; c++ {
		if s.has(c) || s.has(c-32) {
			s.add(c)
			s.add(c - 32)
		}
	}
	return s
}

// single is the only byte of s.
func (s set) single() (byte, bool) {
	if s.size() != 1 {
		return 0, false
	}
	return s.lowest(), true
}

// pair is the lower-case letter of which s holds both cases and nothing else.
func (s set) pair() (byte, bool) {
	if s.size() != 2 {
		return 0, false
	}
	c := s.lowest() | 0x20
	return c, isLetter(c) && s.has(c) && s.has(c-32)
}

// foldable says whether s is a letter in both cases, or one byte that is no letter.
func (s set) foldable() bool {
	if c, ok := s.single(); ok {
		return !isLetter(c)
	}
	_, ok := s.pair()
	return ok
}

func (s set) lowest() byte {
	for i, w := range s {
		if w != 0 {
			return byte(i<<6 + bits.TrailingZeros64(w))
		}
	}
	return 0
}

func isLetter(c byte) bool { c |= 0x20; return c >= 'a' && c <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) || c == '_' }

// lower is c as a lower-case ASCII letter, where it is one.
func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		return c | 0x20
	}
	return c
}

func setOf(bs ...byte) (s set) {
	for _, b := range bs {
		s.add(b)
	}
	return s
}

func rangeOf(pairs ...byte) (s set) {
	for i := 0; i+1 < len(pairs); i += 2 {
		s.addRange(pairs[i], pairs[i+1])
	}
	return s
}

// all holds every byte.
func all() set { return set{}.not() }

// typed is the set of a type escape (pcre2pattern, "Generic character types"), in the C locale.
func typed(c byte) (set, bool) {
	switch c {
	case 'd':
		return rangeOf('0', '9'), true
	case 'w':
		return rangeOf('a', 'z', 'A', 'Z', '0', '9', '_', '_'), true
	case 's':
		return rangeOf('\t', '\r', ' ', ' '), true
	case 'h':
		return setOf('\t', ' ', 0xa0), true
	case 'v':
		return rangeOf('\n', '\r', 0x85, 0x85), true
	case 'D', 'W', 'S', 'H', 'V':
		s, _ := typed(c | 0x20)
		return s.not(), true
	}
	return set{}, false
}

// posix is the set of a POSIX class name, in the C locale.
func posix(name string) (set, bool) {
	switch name {
	case "alpha":
		return rangeOf('a', 'z', 'A', 'Z'), true
	case "lower":
		return rangeOf('a', 'z'), true
	case "upper":
		return rangeOf('A', 'Z'), true
	case "alnum":
		return rangeOf('a', 'z', 'A', 'Z', '0', '9'), true
	case "ascii":
		return rangeOf(0, 127), true
	case "blank":
		return setOf(' ', '\t'), true
	case "cntrl":
		return rangeOf(0, 31, 127, 127), true
	case "digit":
		return rangeOf('0', '9'), true
	case "graph":
		return rangeOf(33, 126), true
	case "print":
		return rangeOf(32, 126), true
	case "punct":
		return rangeOf(33, 47, 58, 64, 91, 96, 123, 126), true
	case "space":
		return rangeOf('\t', '\r', ' ', ' '), true
	case "word":
		return rangeOf('a', 'z', 'A', 'Z', '0', '9', '_', '_'), true
	case "xdigit":
		return rangeOf('0', '9', 'a', 'f', 'A', 'F'), true
	}
	return set{}, false
}
