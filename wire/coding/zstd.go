package coding

import "encoding/binary"

// zstd unpacks RFC 8878: frames one behind the other, each of a head, blocks and perhaps a digest, which is not checked.
// A block is unpacked once it is there as a whole. Windows are at most 8 MiB, as RFC 9659 has it for HTTP.
type zstd struct {
	state  zstdState
	need   int    // bytes of the part in hand
	part   []byte // what came of it
	skip   int    // bytes to pass over
	digest bool   // behind the last block stands one
	last   bool   // the block in hand is the last of its frame
	kind   byte   // of the block in hand
	size   int    // of the block in hand, unpacked where it is of one byte
	begun  bool   // a frame was begun
	over   bool   // one has ended, and no other was begun

	window int
	out    []byte // the window, and behind it what was not handed on yet
	told   int
	block  zstdBlock
}

type zstdState uint8

const (
	zstdMagic zstdState = iota
	zstdSkipSize
	zstdHead
	zstdHeadRest
	zstdBlockHead
	zstdBlockBody
	zstdPlain // what is not packed at all
	zstdBehind
)

const (
	maxWindow    = 8 << 20
	maxZstdBlock = 128 << 10
	zstdTables   = 64 << 10
)

func (z *zstd) Reset() {
	z.state, z.need, z.part, z.skip = zstdMagic, 4, z.part[:0], 0
	z.begun, z.over = false, false
	z.out, z.told = z.out[:0], 0
}

func (z *zstd) Ended() bool { return z.over || z.state == zstdPlain }

func (z *zstd) Memory() int { return cap(z.out) + cap(z.part) + cap(z.block.literals) + zstdTables }

func (z *zstd) Write(p []byte, s Sink) error {
	for len(p) > 0 {
		switch {
		case z.state == zstdPlain:
			return hand(s, p)
		case z.state == zstdBehind:
			return nil
		case z.skip > 0:
			n := min(z.skip, len(p))
			z.skip -= n
			p = p[n:]
			continue
		}
		n := min(z.need-len(z.part), len(p))
		part := p[:n]
		if len(z.part) > 0 || n < z.need {
			z.part = append(z.part, part...)
			part = z.part
		}
		if p = p[n:]; len(part) < z.need {
			break
		}
		if err := z.step(part, s); err != nil {
			_ = z.flush(s) // the first error counts
			return err
		}
		z.part = z.part[:0]
		for z.need == 0 && z.state == zstdBlockBody { // a block of nothing
			if err := z.step(nil, s); err != nil {
				return err
			}
		}
	}
	return z.flush(s)
}

// step acts on a part that is whole.
func (z *zstd) step(p []byte, s Sink) error {
	switch z.state {
	case zstdMagic:
		return z.magic(p, s)
	case zstdSkipSize:
		n := binary.LittleEndian.Uint32(p)
		z.skip = int(n)
		z.expect(zstdMagic, 4)
	case zstdHead:
		z.expect(zstdHeadRest, headRest(p[0]))
		z.kind = p[0] // kept for the rest of the head
	case zstdHeadRest:
		return z.head(p)
	case zstdBlockHead:
		return z.blockHead(p)
	case zstdBlockBody:
		return z.body(p, s)
	}
	return nil
}

func (z *zstd) expect(state zstdState, n int) { z.state, z.need = state, n }

// magic reads what a frame begins with (RFC 8878 §3.1.1, §3.1.2).
func (z *zstd) magic(p []byte, s Sink) error {
	v := binary.LittleEndian.Uint32(p)
	switch {
	case v == 0xfd2fb528:
		z.begun, z.over = true, false
		z.expect(zstdHead, 1)
	case v&^0xf == 0x184d2a50:
		z.begun = true
		z.expect(zstdSkipSize, 4)
	case z.begun:
		z.state = zstdBehind
	default:
		z.state = zstdPlain
		return hand(s, p)
	}
	return nil
}

// headRest is how many bytes of a head follow its first (RFC 8878 §3.1.1.1).
func headRest(descriptor byte) int {
	n := [4]int{0, 1, 2, 4}[descriptor&3] + [4]int{0, 2, 4, 8}[descriptor>>6]
	single := descriptor>>5&1 == 1
	if !single {
		n++ // the window
	} else if descriptor>>6 == 0 {
		n++ // the size of the content
	}
	return n
}

func (z *zstd) head(p []byte) error {
	d := z.kind
	if d&(1<<3) != 0 {
		return ErrMalformed
	}
	window := uint64(0)
	if d>>5&1 == 0 { // §3.1.1.1.2
		base := uint64(1) << (10 + p[0]>>3)
		window = base + base/8*uint64(p[0]&7)
		p = p[1:]
	}
	n := [4]int{0, 1, 2, 4}[d&3]
	for _, b := range p[:n] {
		if b != 0 {
			return ErrMalformed // it needs a dictionary that we do not have
		}
	}
	if p = p[n:]; d>>5&1 == 1 {
		window = contentSize(p)
	}
	if window > maxWindow {
		return ErrMalformed
	}
	z.window, z.digest = max(int(window), 1<<10), d>>2&1 == 1
	z.out, z.told = z.out[:0], 0
	z.block.begin()
	z.expect(zstdBlockHead, 3)
	return nil
}

// contentSize reads the size of the content (RFC 8878 §3.1.1.1.4).
func contentSize(p []byte) uint64 {
	switch len(p) {
	case 1:
		return uint64(p[0])
	case 2:
		return uint64(binary.LittleEndian.Uint16(p)) + 256
	case 4:
		return uint64(binary.LittleEndian.Uint32(p))
	}
	return binary.LittleEndian.Uint64(p)
}

// The types of blocks (RFC 8878 §3.1.1.2.2).
const (
	rawBlock = iota
	runBlock
	packedBlock
)

func (z *zstd) blockHead(p []byte) error {
	v := int(p[0]) | int(p[1])<<8 | int(p[2])<<16
	z.last, z.kind, z.size = v&1 == 1, byte(v>>1&3), v>>3
	if z.kind > packedBlock || z.size > min(z.window, maxZstdBlock) && z.kind != runBlock || z.size > maxZstdBlock {
		return ErrMalformed
	}
	z.expect(zstdBlockBody, z.size)
	if z.kind == runBlock {
		z.need = 1
	}
	return nil
}

// body unpacks a block.
func (z *zstd) body(p []byte, s Sink) (err error) {
	if err := z.room(s); err != nil {
		return err
	}
	switch z.kind {
	case rawBlock:
		z.out = append(z.out, p...)
	case runBlock:
		for range z.size {
			z.out = append(z.out, p[0])
		}
	default:
		if z.out, err = z.block.unpack(z.out, p); err != nil {
			return err
		}
	}
	z.expect(zstdBlockHead, 3)
	if !z.last {
		return nil
	}
	z.over = true
	if z.expect(zstdMagic, 4); z.digest {
		z.skip = 4
	}
	return z.flush(s)
}

// room makes room for a block behind out, of which the window is kept.
func (z *zstd) room(s Sink) error {
	if len(z.out) <= z.window+max(z.window/2, maxZstdBlock) {
		return nil
	}
	if err := z.flush(s); err != nil {
		return err
	}
	z.out = z.out[:copy(z.out, z.out[len(z.out)-z.window:])]
	z.told = len(z.out)
	return nil
}

func (z *zstd) flush(s Sink) error {
	if fresh := z.out[z.told:]; len(fresh) > 0 {
		z.told = len(z.out)
		return hand(s, fresh)
	}
	return nil
}
