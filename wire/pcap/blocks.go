package pcap

import (
	"fmt"
	"io"
	"math/bits"
)

// Block types of pcapng (draft-ietf-opsawg-pcapng §11.1) that are read; all others are skipped.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockPacket    = 2 // obsolete
	blockSimple    = 3
	blockEnhanced  = 6
)

// blockStatistics is the one further type that is written.
const blockStatistics = 5

const (
	byteOrderMagic = 0x1a2b3c4d // §4.1
	blockHead      = 8          // type and total length
	blockFrame     = 12         // head and the total length repeated at the end
	// maxHeadBlock bounds the blocks that describe sections and interfaces, in bytes.
	maxHeadBlock = 1 << 20
	// maxPacketBlock bounds a packet block: the frame and as much again for its options (comments, hashes).
	maxPacketBlock = 2 * MaxPacket
	maxName        = 256
)

// firstSection checks that the file begins with a section header of a byte order we know.
func (r *Reader) firstSection() error {
	_, err := r.blockAt(r.in.offset())
	return err
}

// nextBlocks reads blocks up to and including the next packet.
func (r *Reader) nextBlocks(p *Packet) error {
	for {
		if r.in.cold() {
			r.in.warmUp()
		}
		offset := r.in.offset()
		if r.in.left() == 0 && r.ended() {
			return io.EOF
		}
		head, err := r.blockAt(offset)
		if err != nil {
			return err
		}
		var found bool
		switch head.kind {
		case blockEnhanced, blockSimple, blockPacket:
			found, err = true, r.packetBlock(head, p)
		case blockSection, blockInterface:
			err = r.describingBlock(head)
		default:
			err = r.skipBlock(head)
		}
		if err != nil || found {
			return err
		}
	}
}

// blockStart is the head of a block, not yet consumed.
type blockStart struct {
	offset int64
	kind   uint32
	length int // of the whole block, in bytes; a multiple of four
}

// blockAt reads the head of the next block. A section header first tells in which byte order its own length stands.
func (r *Reader) blockAt(offset int64) (blockStart, error) {
	p := r.in.need(blockHead)
	if p == nil {
		return blockStart{}, r.short(offset, "a block header", blockHead)
	}
	kind := r.u32(p)
	if kind == blockSection {
		if p = r.in.need(blockFrame); p == nil {
			return blockStart{}, r.short(offset, "a section header", blockFrame)
		}
		switch magic := r.u32(p[8:]); magic {
		case byteOrderMagic:
		case bits.ReverseBytes32(byteOrderMagic):
			r.big = !r.big
		default:
			return blockStart{}, r.fault(offset, fmt.Sprintf("the byte-order magic of the section is %#08x", magic), nil)
		}
	} else if !r.section {
		return blockStart{}, r.fault(offset, "a block before the first section header", nil)
	}
	length := r.u32(p[4:])
	if length < blockFrame || length%4 != 0 { // §3.1: a multiple of 4
		return blockStart{}, r.fault(offset, fmt.Sprintf("a block of type %d claims %d bytes", kind, length), nil)
	}
	return blockStart{offset: offset, kind: kind, length: int(length)}, nil
}

// block consumes a block and returns its body, between the head and the repeated length.
func (r *Reader) block(head blockStart, limit int, unit string) ([]byte, error) {
	if head.length > limit {
		return nil, r.fault(head.offset, fmt.Sprintf("%s claims %d bytes, more than the %d that are read", unit, head.length, limit), nil)
	}
	p := r.in.need(head.length)
	if p == nil {
		return nil, r.short(head.offset, unit, head.length)
	}
	if again := r.u32(p[head.length-4:]); int(again) != head.length {
		return nil, r.trailer(head, again)
	}
	r.in.pos += head.length
	return p[blockHead : head.length-4], nil
}

func (r *Reader) trailer(head blockStart, again uint32) error {
	return r.fault(head.offset, fmt.Sprintf("a block of type %d says %d bytes at its start and %d at its end", head.kind, head.length, again), nil)
}

// skipBlock passes over a block that is not read, however long it is, holding none of it.
func (r *Reader) skipBlock(head blockStart) error {
	if !r.in.skip(head.length - 4) {
		return r.short(head.offset, "a block", head.length)
	}
	p := r.in.need(4)
	if p == nil {
		return r.short(head.offset, "a block", head.length)
	}
	if again := r.u32(p); int(again) != head.length {
		return r.trailer(head, again)
	}
	r.in.pos += 4
	return nil
}

// describingBlock reads a block that says something about the packets to come.
func (r *Reader) describingBlock(head blockStart) error {
	if head.kind == blockSection {
		return r.sectionBlock(head)
	}
	body, err := r.block(head, maxHeadBlock, "an interface description")
	if err != nil {
		return err
	}
	if len(body) < 8 {
		return r.fault(head.offset, "an interface description is too short", nil)
	}
	if len(r.ifaces) == MaxInterfaces {
		return r.fault(head.offset, fmt.Sprintf("more than %d interfaces in one section", MaxInterfaces), nil)
	}
	i := Interface{Link: LinkType(r.u16(body)), SnapLen: r.u32(body[4:])}
	r.interfaceOptions(&i, body[8:])
	r.ifaces = append(r.ifaces, i)
	return nil
}

// sectionBlock begins a section: interfaces are numbered anew. The section's length is not used, since
// writers that cannot seek leave it out.
func (r *Reader) sectionBlock(head blockStart) error {
	body, err := r.block(head, maxHeadBlock, "a section header")
	if err != nil {
		return err
	}
	if len(body) < 16 {
		return r.fault(head.offset, "a section header is too short", nil)
	}
	// §4.1: 1.0 is the only version written; 1.2 files exist and mean the same.
	if major, minor := r.u16(body[4:]), r.u16(body[6:]); major != 1 {
		return r.fault(head.offset, fmt.Sprintf("version %d.%d of the format is not 1.x", major, minor), ErrFormat)
	}
	r.section = true
	r.ifaces = nil
	return nil
}

// interfaceOptions reads the name and the clock out of an interface's options (§3.5, §4.2).
// Options that run past the block are the end of the list, as other readers have it.
func (r *Reader) interfaceOptions(i *Interface, p []byte) {
	const (
		endOfOptions = 0
		name         = 2
		tsresol      = 9
		tsoffset     = 14
	)
	i.clock = newClock(6)
	var offset int64
	for len(p) >= 4 {
		code, n := r.u16(p), int(r.u16(p[2:]))
		if p = p[4:]; code == endOfOptions || n > len(p) {
			break
		}
		value := p[:n]
		p = p[min(len(p), (n+3)&^3):]
		switch {
		case code == name:
			i.Name = string(value[:min(n, maxName)])
		case code == tsresol && n >= 1:
			i.clock = newClock(value[0])
		case code == tsoffset && n >= 8:
			offset = r.i64(value)
		}
	}
	i.clock.offsetSeconds(offset)
}

func (r *Reader) i64(p []byte) int64 {
	a, b := uint64(r.u32(p)), uint64(r.u32(p[4:]))
	if r.big {
		return int64(a<<32 | b)
	}
	return int64(b<<32 | a)
}

// packetBlock reads any of the three blocks that hold a packet.
func (r *Reader) packetBlock(head blockStart, p *Packet) error {
	body, err := r.block(head, maxPacketBlock, "a packet block")
	if err != nil {
		return err
	}
	if head.kind == blockSimple {
		return r.simple(head, body, p)
	}
	if len(body) < 20 {
		return r.fault(head.offset, "a packet block is too short", nil)
	}
	id := int(r.u32(body))
	if head.kind == blockPacket { // obsolete: 16 bits of interface, 16 bits of drop count
		id = int(r.u16(body))
	}
	if id >= len(r.ifaces) {
		return r.fault(head.offset, fmt.Sprintf("a packet of interface %d, where %d are described", id, len(r.ifaces)), nil)
	}
	kept := r.u32(body[12:])
	if int64(kept) > int64(len(body)-20) {
		return r.fault(head.offset, fmt.Sprintf("a packet claims %d bytes in a block that has room for %d", kept, len(body)-20), nil)
	}
	if kept > MaxPacket {
		return r.fault(head.offset, fmt.Sprintf("a packet claims %d bytes, more than the %d that are read", kept, MaxPacket), nil)
	}
	i := &r.ifaces[id]
	p.Time = i.clock.unix(uint64(r.u32(body[4:]))<<32 | uint64(r.u32(body[8:])))
	p.Data = body[20 : 20+kept : 20+kept]
	p.Orig = int(r.u32(body[16:]))
	p.Link = i.Link
	p.Interface = id
	return nil
}

// simple reads a block without time or interface (§4.4): the first interface is meant, and the number
// of bytes kept follows from its snapshot length.
func (r *Reader) simple(head blockStart, body []byte, p *Packet) error {
	if len(body) < 4 {
		return r.fault(head.offset, "a packet block is too short", nil)
	}
	if len(r.ifaces) == 0 {
		return r.fault(head.offset, "a packet of interface 0, where 0 are described", nil)
	}
	i := &r.ifaces[0]
	orig := r.u32(body)
	kept := orig
	if i.SnapLen != 0 {
		kept = min(kept, i.SnapLen)
	}
	if kept = min(kept, uint32(len(body)-4)); kept > MaxPacket {
		return r.fault(head.offset, fmt.Sprintf("a packet claims %d bytes, more than the %d that are read", kept, MaxPacket), nil)
	}
	*p = Packet{Data: body[4 : 4+kept : 4+kept], Orig: int(orig), Link: i.Link}
	return nil
}
