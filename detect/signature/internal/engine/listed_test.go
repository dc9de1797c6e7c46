package engine

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestRulesListedByTheirAddressesAreThoseThatCouldBe(t *testing.T) {
	const sets = 150
	r := rand.New(rand.NewPCG(1, 2))
	some := func() members {
		m := make(members, (sets+63)/64)
		for range 4 {
			n := r.IntN(sets)
			m[n>>6] |= 1 << (n & 63)
		}
		return m
	}
	for range 200 {
		var p portGroup
		for n := range 100 {
			p.always = append(p.always, between{rule: int32(n), src: int32(r.IntN(sets+20) - 20), dst: int32(r.IntN(sets+20) - 20), both: r.IntN(9) == 0})
			for _, set := range []*int32{&p.always[n].src, &p.always[n].dst} {
				*set = max(*set, -1)
			}
		}
		p.list(sets)
		speaker, listener := some(), some()
		var got, want []int32
		for i := range p.always {
			if p.always[i].could(speaker, listener) {
				want = append(want, int32(i))
			}
		}
		for _, i := range p.among(speaker, listener, nil) {
			if p.always[i].could(speaker, listener) {
				got = append(got, i)
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
