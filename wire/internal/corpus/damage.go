package corpus

import (
	"bytes"
	"math/rand/v2"

	"bulwark/wire/wiretest"
)

// Damage is a copy of chunks with about one byte in a hundred changed, some chunks lost, and some cut short.
func Damage(r *rand.Rand, chunks []wiretest.Chunk) []wiretest.Chunk {
	var out []wiretest.Chunk
	lost := [2]int{}
	for _, c := range chunks {
		c.Bytes = bytes.Clone(c.Bytes)
		for range 1 + len(c.Bytes)/100 {
			if len(c.Bytes) > 0 && r.IntN(3) == 0 {
				c.Bytes[r.IntN(len(c.Bytes))] ^= 1 << r.IntN(8)
			}
		}
		c.Lost += lost[c.Dir]
		lost[c.Dir] = 0
		switch whole := len(c.Bytes); r.IntN(20) {
		case 0:
			lost[c.Dir] = c.Lost + whole
			continue
		case 1:
			c.Bytes = c.Bytes[:r.IntN(whole+1)]
			lost[c.Dir] = whole - len(c.Bytes)
		}
		out = append(out, c)
	}
	return out
}
