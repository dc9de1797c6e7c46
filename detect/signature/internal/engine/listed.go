package engine

import (
	"cmp"
	"math/bits"
	"slices"
)

// listed are rules by a set of addresses that they are about. Hundreds of rules may be about a list of their own each, of
// which an address is in none or in one.
type listed struct {
	sets  members // those that some rule stands under
	rules []under // in the order of their sets
}

// under is a rule, by its place in a group, and the set that it stands under.
type under struct{ set, at int32 }

// list makes the lists of a group, of so many sets of addresses. A rule stands under that of its two sets which fewer rules
// share.
func (p *portGroup) list(sets int) {
	if len(p.always) == 0 {
		return
	}
	shared := make([]int, sets)
	for i := range p.always {
		for _, n := range [2]int32{p.always[i].src, p.always[i].dst} {
			if n >= 0 {
				shared[n]++
			}
		}
	}
	for side := range p.listed {
		p.listed[side].sets = make(members, (sets+63)/64)
	}
	for i := range p.always {
		b := &p.always[i]
		side, n := 0, b.src
		if n < 0 || b.dst >= 0 && shared[b.dst] < shared[n] {
			side, n = 1, b.dst
		}
		if n < 0 || b.both {
			p.rest = append(p.rest, int32(i))
			continue
		}
		l := &p.listed[side]
		l.sets[n>>6] |= 1 << (n & 63)
		l.rules = append(l.rules, under{n, int32(i)})
	}
	for side := range p.listed {
		slices.SortStableFunc(p.listed[side].rules, func(a, b under) int { return cmp.Compare(a.set, b.set) })
	}
}

// among appends the places of the rules without bytes that could be about a speaker and a listener, in their order.
func (p *portGroup) among(speaker, listener members, all []int32) []int32 {
	all = append(all, p.rest...)
	for side, m := range [2]members{speaker, listener} {
		l := &p.listed[side]
		for w := range l.sets {
			for left := l.sets[w] & m[w]; left != 0; left &= left - 1 {
				n := int32(w<<6 + bits.TrailingZeros64(left))
				at, _ := slices.BinarySearchFunc(l.rules, n, func(u under, n int32) int { return cmp.Compare(u.set, n) })
				for ; at < len(l.rules) && l.rules[at].set == n; at++ {
					all = append(all, l.rules[at].at)
				}
			}
		}
	}
	slices.Sort(all)
	return all
}
