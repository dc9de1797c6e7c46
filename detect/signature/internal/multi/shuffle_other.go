//go:build !amd64

package multi

// canShuffle reports that there is no instruction to shuffle bytes with.
func canShuffle() bool { return false }

// shuffled is never called: no pass has buckets.
func shuffled(_ *byte, n int, _ *buckets) (at int, places uint32) { return n, 0 }
