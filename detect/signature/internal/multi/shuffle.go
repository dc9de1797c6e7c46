package multi

import (
	"math"
	"math/bits"
	"slices"
)

// Few windows of four bytes, which must be looked for at each place, are looked for at sixteen places at a time. They lie in
// sixteen buckets. For each byte of a window a table says by its lower half, and another by its upper half, in which buckets
// it may stand there; a window may be there where all eight agree on a bucket. The instruction that shuffles bytes looks
// sixteen halves up at once.

// A pass has buckets where it has mostBuckets windows or less: with more of them each bucket holds nearly everything. No more
// than easy literals are all looked for so.
const (
	bucketCount = 16
	mostBuckets = 200
	easy        = 64
)

// blanks is which share of all places begins a run of zeros or spaces.
const blanks = 0.1

// buckets are eight tables by the half of a byte: of the four lower halves, then of the four upper. In each, 16 bytes are for
// the first eight buckets and 16 for the others, a bit for each.
type buckets [8][32]byte

// bucket is which halves of each byte its windows have, a bit for each.
type bucket struct{ low, high [4]uint16 }

// with adds a window; what it does not have may be any byte.
func (b bucket) with(w uint64, width uint8) bucket {
	for k := range b.low {
		if k >= int(width) {
			b.low[k], b.high[k] = math.MaxUint16, math.MaxUint16
			continue
		}
		c := byte(w >> (8 * k))
		b.low[k] |= 1 << (c & 15)
		b.high[k] |= 1 << (c >> 4)
	}
	return b
}

// share guesses which share of all places a bucket may be found at.
func (b *bucket) share(h *halves) float64 {
	share, blank := 1.0, true
	for k := range b.low {
		share *= h.low.of(b.low[k]) * h.high.of(b.high[k])
		blank = blank && b.low[k]>>(' '&15)&1 != 0 && b.high[k]>>(' '>>4)&1 != 0
	}
	if blank {
		share += blanks
	}
	return share
}

// halves are how often halves of a folded byte are seen.
type halves struct{ low, high chances }

type chances [16]float64

func (c *chances) of(some uint16) (sum float64) {
	for ; some != 0; some &= some - 1 {
		sum += c[bits.TrailingZeros16(some)]
	}
	return sum
}

// commonHalves follow from how many half bits of information the bytes of traffic have.
func commonHalves() (h halves) {
	sum := 0.0
	for b := range 256 {
		share := math.Exp2(-float64(weights[b|0x20]) / 2)
		h.low[b&15] += share
		h.high[(b|0x20)>>4] += share
		sum += share
	}
	for i := range 16 {
		h.low[i], h.high[i] = h.low[i]/sum, h.high[i]/sum
	}
	return h
}

// fillBuckets puts each window into the bucket that it makes grow least, and then, knowing the others, once more.
func fillBuckets(entries []entry, width uint8) *buckets {
	windows := make([]uint64, len(entries))
	for i := range entries {
		windows[i] = entries[i].window
	}
	slices.Sort(windows)
	windows = slices.Compact(windows)
	h := commonHalves()
	in := make([]int, len(windows))
	var all [bucketCount]bucket
	for round := range 2 {
		for i, w := range windows {
			if round > 0 {
				all[in[i]] = without(windows, width, in, i)
			}
			best, least := 0, math.Inf(1)
			for k := range all {
				grown := all[k].with(w, width)
				if cost := grown.share(&h) - all[k].share(&h); cost < least {
					best, least = k, cost
				}
			}
			in[i], all[best] = best, all[best].with(w, width)
		}
	}
	return tables(&all)
}

// without is the bucket of window i as the others make it.
func without(windows []uint64, width uint8, in []int, i int) (b bucket) {
	for k, w := range windows {
		if k != i && in[k] == in[i] {
			b = b.with(w, width)
		}
	}
	return b
}

// tables lays buckets out as they are looked up. Folding sets the bit 0x20 of a window's bytes, which a buffer's bytes may
// lack: upper halves stand in the tables either way.
func tables(all *[bucketCount]bucket) *buckets {
	t := &buckets{}
	for n := range all {
		bit, lane := byte(1)<<(n&7), n>>3<<4
		for k := range 4 {
			for half := range 16 {
				if all[n].low[k]>>half&1 != 0 {
					t[k][lane+half] |= bit
				}
				if all[n].high[k]>>(half|2)&1 != 0 {
					t[4+k][lane+half] |= bit
				}
			}
		}
	}
	return t
}

// seekFew is seek for a pass with buckets.
func (pa *pass) seekFew(p []byte, i, last int, quiet *quiet) int {
	end := min(last, len(p)-4) + 1 // of the windows that have four bytes
	for end >= 16 && i < end {
		from := min(i, end-16)
		n := (end - from) &^ 15
		at, places := shuffled(&p[from], n, pa.few)
		for places &= math.MaxUint32 << max(i-from-at, 0); places != 0; places &= places - 1 {
			j := from + at + bits.TrailingZeros32(places)
			if w := window(p[j:], pa.width); pa.in(w) && !quiet.has(w) {
				return j
			}
		}
		i = from + min(at+16, n)
	}
	return pa.seekEach(p, i, last, quiet)
}
