package multi

import "golang.org/x/sys/cpu"

// canShuffle reports whether this processor has shuffled.
func canShuffle() bool { return cpu.X86.HasAVX2 }

// shuffled looks at n windows, a multiple of 16, that begin at p and behind it, so that it reads n+3 bytes. It stops at the
// first sixteen one of which may be in a bucket: at is the first of these, and places has a bit for each that may. Where
// there is none, at is n and places is 0.
//
//go:noescape
func shuffled(p *byte, n int, t *buckets) (at int, places uint32)
