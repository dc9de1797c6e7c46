package links

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"bulwark/observe/inventory/internal/register"
)

// Block is a row of uses as they are kept: those of sixteen places that stand beside each other.
type Block struct {
	Number uint32
	// Doc is a version, 1, and for each use its place in the block (a byte), its ends (uvarints), its protocol with its length
	// before it, First (varint), Last-First, Conversations, Out and In (uvarints), and its hours: three bytes, the lowest first,
	// with a bit for each that is not zero, and those (uvarints).
	Doc []byte
}

const (
	blockLen     = 16
	blockVersion = 1
)

// Changed hands out the blocks that changed since it was last called. One without uses has no more than a version.
func (t *Table) Changed() []Block {
	t.settle()
	var out []Block
	for n, dirty := range t.dirty {
		if dirty {
			out = append(out, t.block(uint32(n)))
		}
	}
	clear(t.dirty)
	return out
}

// Everything hands out all blocks.
func (t *Table) Everything() []Block {
	for n := range t.dirty {
		t.dirty[n] = true
	}
	return t.Changed()
}

func (t *Table) block(n uint32) Block {
	doc := make([]byte, 1, 64*blockLen)
	doc[0] = blockVersion
	for at := n * blockLen; at < min(t.made, (n+1)*blockLen); at++ {
		if r := t.room(at); r.taken {
			doc = append(doc, byte(at%blockLen))
			doc = binary.AppendUvarint(doc, uint64(r.from))
			doc = binary.AppendUvarint(doc, uint64(r.to))
			name := t.names[r.app]
			doc = append(binary.AppendUvarint(doc, uint64(len(name))), name...)
			doc = r.use.append(doc)
		}
	}
	return Block{n, doc}
}

func (u *Use) append(b []byte) []byte {
	b = binary.AppendVarint(b, u.First)
	for _, x := range [...]uint64{uint64(u.Last - u.First), u.Conversations, u.Out, u.In} {
		b = binary.AppendUvarint(b, x)
	}
	var mask uint32
	for h, n := range u.Hours {
		if n != 0 {
			mask |= 1 << h
		}
	}
	b = append(b, byte(mask), byte(mask>>8), byte(mask>>16))
	for _, n := range u.Hours {
		if n != 0 {
			b = binary.AppendUvarint(b, uint64(n))
		}
	}
	return b
}

// ErrBlock means bytes that are no block, or one that cannot stand beside the others.
var ErrBlock = errors.New("links: bad block")

// Restore takes up blocks that were kept, in any order. The table must be empty.
func (t *Table) Restore(blocks []Block) error {
	for _, b := range blocks {
		if b.Number >= mostUses/blockLen*2 {
			return fmt.Errorf("%w: its number is %d", ErrBlock, b.Number)
		}
		for t.made < (b.Number+1)*blockLen {
			t.grow()
		}
	}
	for _, b := range blocks {
		if err := t.restore(b); err != nil {
			return fmt.Errorf("block %d: %w", b.Number, err)
		}
	}
	for n := t.made; n > 0; n-- {
		if !t.room(n - 1).taken {
			t.free = append(t.free, n-1)
		}
	}
	clear(t.dirty)
	return nil
}

func (t *Table) restore(b Block) error {
	r := reader{b.Doc, true}
	if r.byte() != blockVersion {
		return ErrBlock
	}
	for r.ok && len(r.b) > 0 {
		at := b.Number*blockLen + uint32(r.byte()%blockLen)
		e := ends{register.TraceID(r.uvarint()), register.TraceID(r.uvarint()), 0}
		e.app = t.app(r.text())
		u := r.use()
		_, twice := t.places[e]
		if !r.ok || twice || t.room(at).taken {
			return ErrBlock
		}
		t.settleIn(at, e)
		t.room(at).use = u
	}
	return nil
}

// reader takes what was kept apart. ok is false once there was less than should be.
type reader struct {
	b  []byte
	ok bool
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.ok = false
		return 0
	}
	x := r.b[0]
	r.b = r.b[1:]
	return x
}

func (r *reader) uvarint() uint64 {
	x, n := binary.Uvarint(r.b)
	if n <= 0 {
		r.ok, r.b = false, nil
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *reader) varint() int64 {
	x, n := binary.Varint(r.b)
	if n <= 0 {
		r.ok, r.b = false, nil
		return 0
	}
	r.b = r.b[n:]
	return x
}

func (r *reader) text() string {
	n := r.uvarint()
	if n > uint64(len(r.b)) {
		r.ok, r.b = false, nil
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) use() (u Use) {
	u.First = r.varint()
	u.Last = u.First + int64(r.uvarint())
	u.Conversations, u.Out, u.In = r.uvarint(), r.uvarint(), r.uvarint()
	mask := uint32(r.byte()) | uint32(r.byte())<<8 | uint32(r.byte())<<16
	for ; mask != 0; mask &= mask - 1 {
		u.Hours[bits.TrailingZeros32(mask)] = uint32(r.uvarint())
	}
	return u
}
