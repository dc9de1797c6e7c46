package multi

// gathered looks at the windows of four bytes at each fourth place of p's first n bytes, n a multiple of 32, for those that a
// filter of 1<<wordBits words has. It stops at the first eight of them one of which may be there: at is where they begin, and
// places has a bit for each that may. Where there is none, at is n and places is 0. It needs what canShuffle reports.
//
//go:noescape
func gathered(p *byte, n int, filter *uint32, wordBits int) (at int, places uint32)
