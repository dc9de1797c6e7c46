package match

import (
	"bytes"
	"encoding/binary"
)

// needle is bytes that are looked for.
type needle struct {
	text []byte // of a folded one the letters are in lower case
	mask []byte // 0x20 where either case will do; nil: case matters
	rare int    // place of the byte that is looked for first, of a folded one
	low  byte   // it
	high byte   // its upper case, or itself
}

func newNeedle(text []byte, fold bool) needle {
	if !fold || !hasLetter(text) {
		return needle{text: text}
	}
	n := needle{text: bytes.Clone(text), mask: make([]byte, len(text))}
	best := 1 << 30
	for i, b := range n.text {
		cost := commonness(b)
		if letter(b) {
			n.text[i] |= 0x20
			n.mask[i] = 0x20
			cost = 40 + commonness(b|0x20) + commonness(b&^0x20)
		}
		if cost < best {
			best, n.rare = cost, i
		}
	}
	n.low = n.text[n.rare]
	n.high = n.low &^ n.mask[n.rare]
	return n
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

// is reports whether p begins with the needle. p is at least as long.
func (n *needle) is(p []byte) bool {
	if n.mask == nil {
		return string(p[:len(n.text)]) == string(n.text)
	}
	text, mask := n.text, n.mask
	p = p[:len(text)]
	for len(text) >= 8 {
		if binary.LittleEndian.Uint64(p)|binary.LittleEndian.Uint64(mask) != binary.LittleEndian.Uint64(text) {
			return false
		}
		text, mask, p = text[8:], mask[8:], p[8:]
	}
	for i, b := range text {
		if p[i]|mask[i] != b {
			return false
		}
	}
	return true
}

// index is where the needle stands first in p, or -1. p is at least as long.
func (n *needle) index(p []byte) int {
	if len(p) == len(n.text) {
		if n.is(p) {
			return 0
		}
		return -1
	}
	if n.mask == nil {
		return bytes.Index(p, n.text)
	}
	if n.low == n.high {
		return n.indexOne(p)
	}
	return n.indexBoth(p)
}

// indexOne looks for a folded needle by a byte that has one case.
func (n *needle) indexOne(p []byte) int {
	places := p[n.rare : len(p)-len(n.text)+n.rare+1]
	for at := 0; ; at++ {
		k := bytes.IndexByte(places[at:], n.low)
		if k < 0 {
			return -1
		}
		at += k
		if n.is(p[at:]) {
			return at
		}
	}
}

// indexBoth looks for a folded needle by a letter, each of whose cases is sought on its own.
func (n *needle) indexBoth(p []byte) int {
	places := p[n.rare : len(p)-len(n.text)+n.rare+1]
	low, high := seek(places, 0, n.low), seek(places, 0, n.high)
	for {
		at := min(low, high)
		if at == len(places) {
			return -1
		}
		if n.is(p[at:]) {
			return at
		}
		if at == low {
			low = seek(places, at+1, n.low)
		} else {
			high = seek(places, at+1, n.high)
		}
	}
}

// seek is the first place of b from at on, or the length of p.
func seek(p []byte, at int, b byte) int {
	k := bytes.IndexByte(p[at:], b)
	if k < 0 {
		return len(p)
	}
	return at + k
}

// usual is bytes of traffic, roughly the most frequent first.
const usual = "\x00 eta\x01oinsr\xfflhdcu/.m\x02p01-2fg=:\r\n3w\x03;b,y45678v9kT\x04SACE%&_\"+\x80\x10\x08\x20xPRDIOMLNFqjzBHGWUVKXYJQZ"

// commonness is small for bytes that are seldom in traffic.
func commonness(b byte) int {
	for i := range len(usual) {
		if usual[i] == b {
			return 2 * (len(usual) - i)
		}
	}
	return 0
}
