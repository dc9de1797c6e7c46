package engine

import (
	"hash/maphash"
	"math/bits"

	"bulwark/detect/logrule/internal/sigma"
)

// memo remembers what was found in values: the same images, users and commands come again and again. What seldom comes again is no
// longer looked up. All of it is forgotten when it is full.
type memo struct {
	seed   maphash.Seed
	slots  []remembered
	groups []int32
	score  [512]int8 // of what is looked for, by its number: how often it was remembered of late
	turn   uint8
}

// remembered is what was found in a value, of which only the hash is kept: its seed is drawn at the start, so that nobody can make two values
// that have the same, and by chance one look-up in 10¹⁵ meets such.
type remembered struct {
	hash       uint64
	of         uint32 // what was looked for
	groups     uint32 // where those stand that were found
	found      uint16 // how many
	form       sigma.Form
	clean      bool // the sieve of its program lets nothing of it through
	remembered bool
}

// Bounds of a memo: half a MiB.
const (
	memoSize   = 14
	memoSlots  = 1 << memoSize
	memoGroups = 32 << 10
	memoValue  = 512 // longer values are not remembered
)

// key is a value that something is looked for in. It is worth remembering unless slot is 0.
type key struct {
	slot uint64 // where it is to stand, +1: there, or if something else came there later, beside
	hash uint64
	of   uint32
	form sigma.Form
}

// hashOf is the hash of a value, which is never 0.
func (m *memo) hashOf(text string) uint64 {
	if m.slots == nil {
		m.seed, m.slots = maphash.MakeSeed(), make([]remembered, memoSlots)
	}
	return maphash.String(m.seed, text) | 1
}

// get is what was found in a value when it was looked at before; nil: that is not known. Whether it is worth a look is kept under the number
// judged. The hash of the value is made if it is 0: it may be looked at for many reasons.
func (m *memo) get(of, judged uint32, text string, hash *uint64, form sigma.Form) (*remembered, key) {
	score := &m.score[judged%uint32(len(m.score))]
	if m.turn++; len(text) > memoValue || *score < 0 && m.turn&31 != 0 {
		return nil, key{}
	}
	return m.find(of, score, m.hashed(text, hash), form)
}

// pair is get for two values, one beside the other.
func (m *memo) pair(of uint32, a, b string, hashA, hashB *uint64, form sigma.Form) (*remembered, key) {
	score := &m.score[of%uint32(len(m.score))]
	if m.turn++; len(a) > memoValue || len(b) > memoValue || *score < 0 && m.turn&31 != 0 {
		return nil, key{}
	}
	return m.find(of, score, bits.RotateLeft64(m.hashed(a, hashA)*golden, 31)+m.hashed(b, hashB), form)
}

// hashed is the hash of a value, which is made if it is 0.
func (m *memo) hashed(text string, hash *uint64) uint64 {
	if *hash == 0 {
		*hash = m.hashOf(text)
	}
	return *hash
}

// find looks for what is remembered under a hash.
func (m *memo) find(of uint32, score *int8, hash uint64, form sigma.Form) (*remembered, key) {
	h := hash + uint64(of)*golden
	at := h >> (64 - memoSize)
	for _, slot := range [...]uint64{at, at ^ 1} {
		x := &m.slots[slot]
		if x.hash == h && x.of == of && x.form == form && x.remembered {
			*score = min(*score+2, 100)
			return x, key{}
		}
	}
	*score = max(*score-1, -20)
	return nil, key{at + 1, h, of, form}
}

// of are the groups that were found in a value.
func (m *memo) of(x *remembered) []int32 { return m.groups[x.groups : x.groups+uint32(x.found)] }

// put remembers what was found, and whether the value is clean.
func (m *memo) put(k key, found []int32, clean bool) {
	if k.slot == 0 || len(found) > memoGroups/8 {
		return
	}
	if len(m.groups)+len(found) > memoGroups {
		clear(m.slots)
		m.groups = m.groups[:0]
	}
	first := k.slot - 1
	m.slots[first^1] = m.slots[first]
	m.slots[first] = remembered{k.hash, k.of, uint32(len(m.groups)), uint16(len(found)), k.form, clean, true}
	m.groups = append(m.groups, found...)
}
