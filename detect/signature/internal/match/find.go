package match

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"strings"
)

// needle is bytes that are looked for. Two of them, as rare ones as there are, are sought first: by the rarest alone
// while that is rare indeed, by both at once, eight places a step, where it is not.
type needle struct {
	text string // of a folded one the letters are in lower case
	mask string // 0x20 where either case will do; "": case matters

	first, second rare
}

// rare is a byte of a needle, and its place.
type rare struct {
	at   int
	byte byte
	mask byte
}

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

func newNeedle(text []byte, fold bool) needle {
	n := needle{text: string(text)}
	if fold && hasLetter(text) {
		low, mask := bytes.Clone(text), make([]byte, len(text))
		for i, b := range text {
			if letter(b) {
				low[i], mask[i] = b|0x20, 0x20
			}
		}
		n.text, n.mask = string(low), string(mask)
	}
	n.first = n.rarest(-1)
	n.second = n.rarest(n.first.at)
	return n
}

// rarest is the rarest byte that stands elsewhere than at not; one of another value is better.
func (n *needle) rarest(not int) rare {
	best, out := 1<<30, rare{}
	for i := range len(n.text) {
		b, mask := n.text[i], byte(0)
		cost := commonness(b)
		if n.mask != "" && n.mask[i] != 0 {
			mask = n.mask[i]
			cost = 40 + commonness(b) + commonness(b&^mask)
		}
		if not >= 0 && b == n.text[not] {
			cost += 1000
		}
		if i != not && cost < best {
			best, out = cost, rare{at: i, byte: b, mask: mask}
		}
	}
	return out
}

func letter(b byte) bool {
	b |= 0x20
	return 'a' <= b && b <= 'z'
}

func hasLetter(p []byte) bool {
	for _, b := range p {
		if letter(b) {
			return true
		}
	}
	return false
}

// length is that of the needle in bytes.
func (n *needle) length() int { return len(n.text) }

// is reports whether p begins with the needle. p is at least as long.
func (n *needle) is(p []byte) bool {
	if n.mask == "" {
		return string(p[:len(n.text)]) == n.text
	}
	p = p[:len(n.text)]
	mask := n.mask[:len(p)]
	for i, b := range p {
		if b|mask[i] != n.text[i] {
			return false
		}
	}
	return true
}

// index is where the needle stands first in p, or -1. p is at least as long, and neither is empty.
func (n *needle) index(p []byte) int {
	places := len(p) - len(n.text) + 1
	if places == 1 {
		if n.is(p) {
			return 0
		}
		return -1
	}
	if n.first.mask != 0 {
		return n.indexBoth(p, places)
	}
	if len(n.text) == 1 {
		return bytes.IndexByte(p, n.first.byte)
	}
	for at, found := 0, 0; ; {
		at = seek(p[n.first.at:n.first.at+places], at, n.first.byte)
		if at == places {
			return -1
		}
		if n.is(p[at:]) {
			return at
		}
		at++
		if found++; often(found, at) {
			return n.indexPair(p, at, places)
		}
	}
}

// often reports whether so many false finds within so many bytes cost more than to look for two bytes at once.
func often(found, bytes int) bool { return found > 2+bytes>>7 }

// seek is the first place of b in p from at on, or the length of p.
func seek(p []byte, at int, b byte) int {
	k := bytes.IndexByte(p[at:], b)
	if k < 0 {
		return len(p)
	}
	return at + k
}

// indexBoth looks for a rarest byte that is a letter, each of whose cases is sought on its own.
func (n *needle) indexBoth(p []byte, places int) int {
	if places < 64 {
		return n.indexPair(p, 0, places)
	}
	firsts, high := p[n.first.at:n.first.at+places], n.first.byte&^n.first.mask
	low, up := seek(firsts, 0, n.first.byte), seek(firsts, 0, high)
	for found := 1; ; found++ {
		at := min(low, up)
		if at == places {
			return -1
		}
		if n.is(p[at:]) {
			return at
		}
		if often(found, at) {
			return n.indexPair(p, at+1, places)
		}
		if at == low {
			low = seek(firsts, at+1, n.first.byte)
		} else {
			up = seek(firsts, at+1, high)
		}
	}
}

// indexPair looks for both rare bytes at once, from the place at on.
func (n *needle) indexPair(p []byte, at, places int) int {
	value1, mask1 := ones*uint64(n.first.byte), ones*uint64(n.first.mask)
	value2, mask2 := ones*uint64(n.second.byte), ones*uint64(n.second.mask)
	if len(n.text) == 1 {
		value2, mask2 = value1, mask1
	}
	p1, p2 := p[n.first.at:], p[n.second.at:]
	for ; at+8 <= places; at += 8 {
		x := (binary.LittleEndian.Uint64(p1[at:]) | mask1) ^ value1
		x |= (binary.LittleEndian.Uint64(p2[at:]) | mask2) ^ value2
		// A zero byte of x is a place where both stand. The lowest mark is right, those above it may be wrong.
		for marks := (x - ones) & ^x & highs; marks != 0; marks &= marks - 1 {
			if k := at + bits.TrailingZeros64(marks)>>3; n.is(p[k:]) {
				return k
			}
		}
	}
	for ; at < places; at++ {
		if p1[at]|n.first.mask == n.first.byte && n.is(p[at:]) {
			return at
		}
	}
	return -1
}

// usual is bytes of traffic, roughly the most frequent first.
const usual = "\x00 eta\x01oinsr\xfflhdcu/.m\x02p01-2fg=:\r\n3w\x03;b,y45678v9kT\x04SACE%&_\"+<>\x80\x10\x08\x20xPRDIOMLNFqjzBHGWUVKXYJQZ"

// commonness is small for bytes that are seldom in traffic.
func commonness(b byte) int {
	i := strings.IndexByte(usual, b)
	if i < 0 {
		return 0
	}
	return 2 * (len(usual) - i)
}
