package coding

import (
	"encoding/binary"
	"math/bits"
)

// fse is a table of finite state entropy (RFC 8878 §4.1): each state tells a symbol, and how to come to the next.
type fse struct {
	bits  uint8 // its states are 1<<bits
	known bool  // it may be used again
	cells [1 << maxAccuracy]fseCell
}

type fseCell struct {
	next   uint16 // to which the bits read are added
	symbol uint8
	bits   uint8
}

const maxAccuracy = 9

// fseRule says what a table may be like, and what it is where the block says nothing (RFC 8878 §3.1.1.3.2.2).
type fseRule struct {
	symbols  int
	accuracy uint8
	bits     uint8
	counts   []int8
}

var (
	literalRule = fseRule{36, 9, 6, []int8{4, 3, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 2, 1, 1, 1, 1, 1, -1, -1, -1, -1}}
	matchRule   = fseRule{53, 9, 6, []int8{1, 4, 3, 2, 2, 2, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
		1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1, -1, -1}}
	offsetRule = fseRule{32, 8, 5, []int8{1, 1, 1, 1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, -1, -1, -1, -1, -1}}
)

// choose makes the table that a block says (RFC 8878 §3.1.1.3.2.1), and returns what stands behind it.
func (t *fse) choose(mode byte, rule *fseRule, p []byte) (rest []byte, ok bool) {
	switch mode {
	case 0: // the one of the standard
		var counts [64]int16
		for i, n := range rule.counts {
			counts[i] = int16(n)
		}
		ok = t.build(counts[:len(rule.counts)], rule.bits)
		return p, ok
	case 1: // one symbol
		if len(p) < 1 || int(p[0]) >= rule.symbols {
			return nil, false
		}
		t.bits, t.known = 0, true
		t.cells[0] = fseCell{symbol: p[0]}
		return p[1:], true
	case 2:
		return t.read(p, rule.symbols, rule.accuracy)
	}
	return p, t.known // the one of the block before
}

// read reads a table (RFC 8878 §4.1.1).
func (t *fse) read(p []byte, symbols int, accuracy uint8) (rest []byte, ok bool) {
	r := forward{p: p}
	log := uint8(r.take(4)) + 5
	if log > accuracy {
		return nil, false
	}
	var counts [256]int16
	n := 0
	for left := 1 << log; left > 0; {
		if n >= symbols {
			return nil, false
		}
		c := r.count(left)
		counts[n] = c
		n++
		if c < 0 {
			left--
		} else {
			left -= int(c)
		}
		if left < 0 {
			return nil, false
		}
		for repeat := uint64(3); c == 0 && repeat == 3; {
			repeat = r.take(2)
			if n += int(repeat); n > symbols || r.over() {
				return nil, false
			}
		}
	}
	if r.over() {
		return nil, false
	}
	return p[(r.at+7)/8:], t.build(counts[:n], log)
}

// count reads how many states a symbol has; -1 is less than one.
func (r *forward) count(left int) int16 {
	n := uint(bits.Len(uint(left + 1)))
	v := int(r.take(n))
	low := 1<<(n-1) - 1
	threshold := 1<<n - 1 - (left + 1)
	switch {
	case v&low < threshold:
		r.at--
		v &= low
	case v > low:
		v -= threshold
	}
	return int16(v - 1)
}

// build makes the table of these counts (RFC 8878 §4.1.1).
func (t *fse) build(counts []int16, log uint8) bool {
	size := 1 << log
	t.bits, t.known = log, false
	var next [256]uint16
	high := size
	for s, c := range counts {
		switch {
		case c == -1:
			if high--; high < 0 {
				return false
			}
			t.cells[high].symbol = uint8(s)
			next[s] = 1
		case c > 0:
			next[s] = uint16(c)
		}
	}
	at, step, mask := 0, size>>1+size>>3+3, size-1
	for s, c := range counts {
		for range max(c, 0) {
			t.cells[at].symbol = uint8(s)
			for at = (at + step) & mask; at >= high && high > 0; at = (at + step) & mask {
			}
		}
	}
	if at != 0 {
		return false
	}
	for i := range t.cells[:size] {
		c := &t.cells[i]
		v := next[c.symbol]
		next[c.symbol]++
		if v == 0 {
			return false
		}
		c.bits = log - uint8(bits.Len16(v)-1)
		c.next = v<<c.bits - uint16(size)
	}
	t.known = true
	return true
}

// forward reads bits from the beginning of p; behind its end stand zeros.
type forward struct {
	p  []byte
	at int // bits that were read
}

func (r *forward) take(n uint) uint64 {
	v := load(r.p, r.at>>3) >> (r.at & 7) & (1<<n - 1)
	r.at += int(n)
	return v
}

func (r *forward) over() bool { return r.at > 8*len(r.p) }

// load are eight bytes of p from at on, with zeros behind its end.
func load(p []byte, at int) uint64 {
	if at+8 <= len(p) {
		return binary.LittleEndian.Uint64(p[at:])
	}
	var v uint64
	for i := at; i < len(p); i++ {
		v |= uint64(p[i]) << (8 * (i - at))
	}
	return v
}

// backward reads bits from the end of p (RFC 8878 §4.1): the highest bit that is set in the last byte stands before the
// first.
type backward struct {
	p  []byte
	at int // bits that are left; less than 0 when more were read than there are
}

func (r *backward) open(p []byte) bool {
	if len(p) == 0 || p[len(p)-1] == 0 {
		return false
	}
	r.p, r.at = p, 8*len(p)-9+bits.Len8(p[len(p)-1])
	return true
}

// take reads n bits, at most 56. Behind the end they are zeros.
func (r *backward) take(n uint8) uint64 {
	v := r.look(n)
	r.at -= int(n)
	return v
}

// look is take without going on.
func (r *backward) look(n uint8) uint64 {
	at := r.at - int(n)
	if at >= 0 {
		return load(r.p, at>>3) >> (at & 7) & (1<<n - 1)
	}
	if r.at <= 0 {
		return 0
	}
	return load(r.p, 0) & (1<<r.at - 1) << -at
}
