package coding

import (
	"encoding/binary"
	"errors"
)

// inflate unpacks deflate (RFC 1951).
//
// It stops between two symbols wherever the packed bytes end: a symbol with all its extra bits is at most 48 bits, so it
// always fits into the bits at hand.
type inflate struct {
	bits  uint64
	n     uint // bits in bits
	state inflateState
	last  bool // the block in hand is the last
	left  int  // bytes of a stored block that are still to come

	nlit, ndist, nclen int
	lengths            [288 + 32]uint8
	have               int // of lengths
	lit, dist          huffman

	out  []byte // the window, and behind it what was not handed on yet
	told int    // bytes of out that were handed on
}

type inflateState uint8

const (
	blockHead inflateState = iota
	storedHead
	stored
	codeCounts
	codeLengths
	symbolLengths
	symbols
	ended
)

const (
	window   = 32 << 10 // RFC 1951 §3.2.5: distances are at most 32,768
	outRoom  = 64 << 10
	maxMatch = 258

	inflateMemory = outRoom + 8<<10 // of what is made when the first bytes come, too
)

func (z *inflate) reset() {
	z.bits, z.n, z.state, z.last, z.left = 0, 0, blockHead, false, 0
	z.out, z.told = z.out[:0], 0
}

// refill moves packed bytes into bits, and returns the rest of p.
func (z *inflate) refill(p []byte) []byte {
	if len(p) >= 8 {
		z.bits |= binary.LittleEndian.Uint64(p) << z.n
		p = p[(63-z.n)>>3:]
		z.n |= 56
		return p
	}
	for z.n <= 56 && len(p) > 0 {
		z.bits |= uint64(p[0]) << z.n
		z.n += 8
		p = p[1:]
	}
	return p
}

func (z *inflate) take(n uint) uint {
	v := uint(z.bits & (1<<n - 1))
	z.bits >>= n
	z.n -= n
	return v
}

// write unpacks p up to the end of the last block, and returns what stands behind that.
func (z *inflate) write(p []byte, s Sink) (rest []byte, err error) {
	if z.out == nil {
		z.out = make([]byte, 0, outRoom)
	}
	for z.state != ended {
		p = z.refill(p)
		more, err := z.step(&p, s)
		if err != nil {
			return p, errors.Join(err, z.flush(s))
		}
		if !more && len(p) == 0 {
			break
		}
	}
	return p, z.flush(s)
}

// flush hands on what came out since the last time.
func (z *inflate) flush(s Sink) error {
	if z.told < len(z.out) {
		new := z.out[z.told:]
		z.told = len(z.out)
		if !s.Unpacked(new) {
			return ErrEnough
		}
	}
	return nil
}

// room makes room behind out, of which the window is kept.
func (z *inflate) room(s Sink) error {
	if err := z.flush(s); err != nil {
		return err
	}
	if len(z.out) > window {
		z.out = z.out[:copy(z.out, z.out[len(z.out)-window:])]
	}
	z.told = len(z.out)
	return nil
}

// step does one thing; more is false when it needs further bytes.
func (z *inflate) step(p *[]byte, s Sink) (more bool, err error) {
	switch z.state {
	case blockHead:
		return z.blockHead()
	case storedHead:
		return z.storedHead()
	case stored:
		return z.stored(p, s)
	case codeCounts:
		return z.codeCounts()
	case codeLengths:
		return z.codeLengths()
	case symbolLengths:
		return z.symbolLengths()
	case symbols:
		return z.symbols(p, s)
	}
	return false, nil
}

// blockHead reads the three bits before a block (RFC 1951 §3.2.3).
func (z *inflate) blockHead() (bool, error) {
	if z.last {
		z.take(z.n & 7) // to the byte boundary
		z.state = ended
		return false, nil
	}
	if z.n < 3 {
		return false, nil
	}
	z.last = z.take(1) == 1
	switch z.take(2) {
	case 0:
		z.state = storedHead
		z.take(z.n & 7)
	case 1:
		z.fixed()
		z.state = symbols
	case 2:
		z.state = codeCounts
	default:
		return false, ErrMalformed
	}
	return true, nil
}

// fixed sets the codes of RFC 1951 §3.2.6.
func (z *inflate) fixed() {
	l := z.lengths[:288]
	for i := range l {
		switch {
		case i < 144:
			l[i] = 8
		case i < 256:
			l[i] = 9
		case i < 280:
			l[i] = 7
		default:
			l[i] = 8
		}
	}
	z.lit.build(l)
	l = z.lengths[:30]
	for i := range l {
		l[i] = 5
	}
	z.dist.build(l)
}

// storedHead reads the length of a block that is not packed, and its complement (RFC 1951 §3.2.4).
func (z *inflate) storedHead() (bool, error) {
	if z.n < 32 {
		return false, nil
	}
	n, not := z.take(16), z.take(16)
	if n != ^not&0xffff {
		return false, ErrMalformed
	}
	z.left, z.state = int(n), stored
	return true, nil
}

func (z *inflate) stored(p *[]byte, s Sink) (bool, error) {
	for z.left > 0 {
		if len(z.out) == cap(z.out) {
			if err := z.room(s); err != nil {
				return false, err
			}
		}
		if z.n >= 8 {
			z.out = append(z.out, byte(z.take(8)))
			z.left--
			continue
		}
		z.bits = 0 // above its n bits stand those of *p
		n := min(z.left, len(*p), cap(z.out)-len(z.out))
		if n == 0 {
			return false, nil
		}
		z.out = append(z.out, (*p)[:n]...)
		*p = (*p)[n:]
		z.left -= n
	}
	z.state = blockHead
	return true, nil
}

// codeCounts reads how many codes a block has (RFC 1951 §3.2.7).
func (z *inflate) codeCounts() (bool, error) {
	if z.n < 14 {
		return false, nil
	}
	z.nlit, z.ndist, z.nclen = int(z.take(5))+257, int(z.take(5))+1, int(z.take(4))+4
	if z.nlit > 286 || z.ndist > 30 {
		return false, ErrMalformed
	}
	clear(z.lengths[:19])
	z.have, z.state = 0, codeLengths
	return true, nil
}

// codeOrder is the order in which the lengths of the codes of lengths come.
var codeOrder = [19]uint8{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

func (z *inflate) codeLengths() (bool, error) {
	for z.have < z.nclen {
		if z.n < 3 {
			return false, nil
		}
		z.lengths[codeOrder[z.have]] = uint8(z.take(3))
		z.have++
	}
	if !z.dist.build(z.lengths[:19]) { // dist is free until its own lengths are known
		return false, ErrMalformed
	}
	z.have, z.state = 0, symbolLengths
	return true, nil
}

// symbolLengths reads the lengths of the codes of literals and of distances, which are one list.
func (z *inflate) symbolLengths() (bool, error) {
	all := z.nlit + z.ndist
	for z.have < all {
		s, n := z.dist.look(z.bits)
		extra := [3]uint{2, 3, 7}
		if s >= 16 {
			n += extra[s-16]
		}
		if n == 0 && z.n >= 15 {
			return false, ErrMalformed
		}
		if n == 0 || n > z.n {
			return false, nil
		}
		if !z.repeat(s, n, all) {
			return false, ErrMalformed
		}
	}
	if z.lengths[256] == 0 || !z.lit.build(z.lengths[:z.nlit]) || !z.dist.build(z.lengths[z.nlit:all]) {
		return false, ErrMalformed
	}
	z.state = symbols
	return true, nil
}

// repeat acts on symbol s of the code of lengths, which with its extra bits is n bits.
func (z *inflate) repeat(s, n uint, all int) bool {
	bits := z.take(n)
	value, times := uint8(s), 1
	switch s {
	case 16:
		if z.have == 0 {
			return false
		}
		value, times = z.lengths[z.have-1], 3+int(bits>>(n-2))
	case 17:
		value, times = 0, 3+int(bits>>(n-3))
	case 18:
		value, times = 0, 11+int(bits>>(n-7))
	}
	if z.have+times > all {
		return false
	}
	for range times {
		z.lengths[z.have] = value
		z.have++
	}
	return true
}

// span is what a symbol of lengths or of distances stands for: a number, and how many bits are to be added to it.
type span struct {
	base  uint16
	extra uint8
}

var (
	// RFC 1951 §3.2.5: symbols 257 to 285.
	lengthSpans = [29]span{{3, 0}, {4, 0}, {5, 0}, {6, 0}, {7, 0}, {8, 0}, {9, 0}, {10, 0}, {11, 1}, {13, 1}, {15, 1}, {17, 1}, {19, 2},
		{23, 2}, {27, 2}, {31, 2}, {35, 3}, {43, 3}, {51, 3}, {59, 3}, {67, 4}, {83, 4}, {99, 4}, {115, 4}, {131, 5}, {163, 5}, {195, 5},
		{227, 5}, {258, 0}}
	distanceSpans = [30]span{{1, 0}, {2, 0}, {3, 0}, {4, 0}, {5, 1}, {7, 1}, {9, 2}, {13, 2}, {17, 3}, {25, 3}, {33, 4}, {49, 4}, {65, 5},
		{97, 5}, {129, 6}, {193, 6}, {257, 7}, {385, 7}, {513, 8}, {769, 8}, {1025, 9}, {1537, 9}, {2049, 10}, {3073, 10}, {4097, 11},
		{6145, 11}, {8193, 12}, {12289, 12}, {16385, 13}, {24577, 13}}
)

// symbols unpacks the symbols of a block up to its end.
func (z *inflate) symbols(p *[]byte, s Sink) (bool, error) {
	for {
		*p = z.refill(*p)
		if cap(z.out)-len(z.out) < maxMatch {
			if err := z.room(s); err != nil {
				return false, err
			}
		}
		v, n := z.lit.look(z.bits)
		switch {
		case n == 0 && z.n >= 15:
			return false, ErrMalformed
		case n == 0 || n > z.n:
			return false, nil
		case v < 256:
			z.take(n)
			z.out = append(z.out, byte(v))
		case v == 256:
			z.take(n)
			z.state = blockHead
			return true, nil
		case v > 285:
			return false, ErrMalformed
		default:
			if whole, err := z.match(lengthSpans[v-257], n); !whole || err != nil {
				return false, err
			}
		}
	}
}

// match copies what stands further back: its length begins with a code of n bits, then comes the distance.
func (z *inflate) match(length span, n uint) (whole bool, err error) {
	b := z.bits >> n
	size := int(length.base) + int(b&(1<<length.extra-1))
	b >>= length.extra
	n += uint(length.extra)
	v, m := z.dist.look(b)
	if m == 0 && z.n >= n+15 || m > 0 && v > 29 {
		return false, ErrMalformed
	}
	if m == 0 {
		return false, nil
	}
	d := distanceSpans[v]
	if n += m + uint(d.extra); n > z.n {
		return false, nil
	}
	distance := int(d.base) + int(b>>m&(1<<d.extra-1))
	if distance > len(z.out) {
		return false, ErrMalformed
	}
	z.take(n)
	z.copy(distance, size)
	return true, nil
}

// copy appends size bytes that stand distance back; they may overlap what they make.
func (z *inflate) copy(distance, size int) {
	at := len(z.out)
	z.out = z.out[:at+size]
	from := z.out[at-distance:]
	for n := 0; n < size; { // each round doubles what may be copied
		n += copy(z.out[at+n:], from[:min(distance+n, size-n)])
	}
}
