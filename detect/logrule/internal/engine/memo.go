package engine

import (
	"hash/maphash"

	"bulwark/detect/logrule/internal/sigma"
)

// memo remembers what was found in values: the same images, users and commands come again and again. What seldom comes again is no
// longer looked up. All of it is forgotten when it is full.
type memo struct {
	seed   maphash.Seed
	slots  []remembered
	text   []byte
	groups []int32
	score  [512]int8 // of what is looked for, by its number: how often it was remembered of late
	turn   uint8
}

// remembered is what was found in a value.
type remembered struct {
	hash       uint64
	of         uint32 // what was looked for
	text       uint32 // where the value stands
	size       uint16
	found      uint16 // how many groups
	groups     uint32 // where they stand
	form       sigma.Form
	remembered bool
}

// Bounds of a memo: about 1 MiB.
const (
	memoSize   = 13
	memoSlots  = 1 << memoSize
	memoText   = 512 << 10
	memoGroups = 32 << 10
	memoValue  = 512 // longer values are not remembered
)

// key is a value that something is looked for in. It is worth remembering unless slot is 0.
type key struct {
	slot uint64 // where it is to stand, +1: there, or if something else came there later, beside
	hash uint64
	of   uint32
	text string
	form sigma.Form
}

// hashOf is the hash of a value, which is never 0.
func (m *memo) hashOf(text string) uint64 {
	if m.slots == nil {
		m.seed, m.slots = maphash.MakeSeed(), make([]remembered, memoSlots)
	}
	return maphash.String(m.seed, text) | 1
}

// get is what was found in a value when it was looked at before. Whether it is worth a look is kept under the number judged. The hash of
// the value is made if it is 0: it may be looked at for many reasons.
func (m *memo) get(of, judged uint32, text string, hash *uint64, form sigma.Form) (found []int32, k key, ok bool) {
	score := &m.score[judged%uint32(len(m.score))]
	if m.turn++; len(text) > memoValue || *score < 0 && m.turn&31 != 0 {
		return nil, key{}, false
	}
	if *hash == 0 {
		*hash = m.hashOf(text)
	}
	h := *hash + uint64(of)*golden
	at := h >> (64 - memoSize)
	for _, slot := range [...]uint64{at, at ^ 1} {
		x := &m.slots[slot]
		if x.hash == h && x.of == of && x.form == form && x.remembered && string(m.text[x.text:x.text+uint32(x.size)]) == text {
			*score = min(*score+2, 100)
			return m.groups[x.groups : x.groups+uint32(x.found)], key{}, true
		}
	}
	*score = max(*score-1, -20)
	return nil, key{at + 1, h, of, text, form}, false
}

// put remembers what was found.
func (m *memo) put(k key, found []int32) {
	if k.slot == 0 || len(found) > memoGroups/8 {
		return
	}
	if len(m.text)+len(k.text) > memoText || len(m.groups)+len(found) > memoGroups {
		clear(m.slots)
		m.text, m.groups = m.text[:0], m.groups[:0]
	}
	first := k.slot - 1
	m.slots[first^1] = m.slots[first]
	m.slots[first] = remembered{k.hash, k.of, uint32(len(m.text)), uint16(len(k.text)), uint16(len(found)), uint32(len(m.groups)), k.form, true}
	m.text = append(m.text, k.text...)
	m.groups = append(m.groups, found...)
}
