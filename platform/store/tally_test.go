package store

import (
	"fmt"
	"hash/maphash"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestATallyAddsUpLikeAMap(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	seed := maphash.MakeSeed()
	want := map[string]uint64{}
	parts := []*tally{newTally(seed), newTally(seed), newTally(seed)}
	for i := range 100_000 {
		key, n := fmt.Sprintf("10.0.%d.%d", r.IntN(50), r.IntN(1+i%250)), r.Uint64N(1000)
		want[key] += n
		parts[i%3].add(key, n)
	}
	all := parts[0]
	all.merge(parts[1])
	all.merge(parts[2])
	if all.used != len(want) {
		t.Errorf("got %d values, want %d", all.used, len(want))
	}
	var sorted []Count
	for k, n := range maps.All(want) {
		sorted = append(sorted, Count{k, n})
	}
	slices.SortFunc(sorted, func(a, b Count) int {
		if a.N != b.N {
			return int(b.N) - int(a.N)
		}
		return strings.Compare(a.Value, b.Value)
	})
	for _, n := range []int{0, 1, 10, len(want), len(want) + 5} {
		if got := all.top(n); !slices.Equal(got, sorted[:min(n, len(sorted))]) {
			t.Errorf("top %d: got %v, want %v", n, got[:min(3, len(got))], sorted[:min(3, n)])
		}
	}
}

func TestANumberFromText(t *testing.T) {
	for _, c := range []struct {
		what, text string
		want       uint64
	}{
		{"a whole number", "1234567890123456789", 1234567890123456789},
		{"nothing", "", 0},
		{"a word", "abc", 0},
		{"a negative one counts as nothing", "-5", 0},
		{"a fraction is cut", "12.7", 12},
		{"a large one in short", "1.5e+19", 15000000000000000000},
	} {
		if got := number(c.text); got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, got, c.want)
		}
	}
}
