package ring

import "math/bits"

// maxBloom is the size of a filter that is being filled, in bytes: for 4,096 flows and both their addresses.
const maxBloom = 32 << 10

// leastBloom is how small a filter becomes.
const leastBloom = 64

// bitsPerKey makes one of a hundred blocks that hold nothing of a search be read in vain, with the three bits of a key.
const bitsPerKey = 12

// bloom says what is certainly not in a block (Bloom, 1970). Its length is a power of two.
type bloom []byte

// The three bits of a key are 17 bits of its hash each; of a filter that was folded, the lower of them.
const bloomShift = 21

func (b bloom) add(key uint64) {
	mask := uint64(len(b)*8 - 1)
	for range 3 {
		b[key&mask>>3] |= 1 << (key & 7)
		key >>= bloomShift
	}
}

func (b bloom) has(key uint64) bool {
	if len(b) == 0 {
		return true // it says nothing
	}
	mask := uint64(len(b)*8 - 1)
	for range 3 {
		if b[key&mask>>3]&(1<<(key&7)) == 0 {
			return false
		}
		key >>= bloomShift
	}
	return true
}

// fold makes a filter of n keys as small as they allow: its upper half is laid over its lower.
func (b bloom) fold(keys int) bloom {
	for len(b) > leastBloom && len(b)/2*8 >= keys*bitsPerKey {
		half := len(b) / 2
		for i, v := range b[half:] {
			b[i] |= v
		}
		b = b[:half]
	}
	return b
}

// flowKey and addressKey are the keys of a flow's id and of an address.
func flowKey(id uint64) uint64 { return mix(id ^ 0x9e3779b97f4a7c15) }

func addressKey(a *[16]byte) uint64 {
	var hi, lo uint64
	for i := range 8 {
		hi, lo = hi<<8|uint64(a[i]), lo<<8|uint64(a[8+i])
	}
	return mix(hi ^ mix(lo^0xc2b2ae3d27d4eb4f))
}

func mix(x uint64) uint64 {
	hi, lo := bits.Mul64(x^0xa0761d6478bd642f, 0xe7037ed1a0b428db)
	return hi ^ lo
}
