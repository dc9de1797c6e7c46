// Package ring keeps the packets of the last hours or days on disk, and finds those of a flow or an address again.
//
// The ring is a folder of segments: sealed files (platform/vault) of some tens of MiB, of which the oldest go first. A
// segment is a chain of blocks; a block holds packets of one worker, the flows that they belong to, and a filter that
// says which flows and addresses are certainly not in it. The filters of all blocks stand once more at the end of the
// segment, so that a search reads little but what it finds. docs/formats/ring.md draws the bytes.
//
// Three parts use it, in two processes. The parent makes segments ([Segments]) and searches them ([Search]); it holds
// the site's key. The caged child records packets ([Recorder]) and seals them into the segment that it was handed
// ([Writer]); it holds the data key of that one segment, and can neither open nor find another.
package ring

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Kind is what segments are in the vault.
const Kind = "packets"

// Sizes of the format, in bytes.
const (
	headSize   = 128
	recordHead = 16
	recordMore = 8 // behind it where flagMore is set
	flowSize   = 48
	entryHead  = 8 // of an entry of the index: where its block stands
	footSize   = 24
	nameSize   = 63
)

// Bounds of a block.
const (
	recordsSize = 1 << 20 // where records end
	maxFlows    = 4096    // in the table of a block
	maxBlock    = recordsSize + maxFlows*flowSize + maxBloom + 64<<10
	blockChunks = (recordsSize + 8 + maxFlows*flowSize + maxBloom + chunkSize) / chunkSize // that a block takes at most
	noFlow      = 0xffff                                                                   // of a record: its packet belongs to none
)

const (
	blockMagic = 0x32525742 // BWR2
	footMagic  = 0x58525742 // BWRX
)

// ErrFormat means that a segment holds what is none of the ring's.
var ErrFormat = errors.New("ring: not a block")

// head is the first 128 bytes of a block.
type head struct {
	size        int // of the block with all its parts and what fills it up
	records     int // where the records end; they begin behind the head
	packets     int
	flows       int // entries of the table, which stands behind the records at a multiple of 8
	bloom       int // bytes of the filter, behind the table
	first, last int64
	base        int64  // that the times of records count from
	lost        uint64 // packets that found no room since the block before of this worker
	worker      uint32
	name        string // of the interface
}

func (h *head) table() int  { return (h.records + 7) &^ 7 }
func (h *head) filter() int { return h.table() + h.flows*flowSize }
func (h *head) end() int    { return h.filter() + h.bloom }

func (h *head) put(b []byte) {
	le := binary.LittleEndian
	clear(b[:headSize])
	le.PutUint32(b, blockMagic)
	le.PutUint32(b[4:], uint32(h.size))
	le.PutUint32(b[8:], uint32(h.records))
	le.PutUint32(b[12:], uint32(h.packets))
	le.PutUint32(b[16:], uint32(h.flows))
	le.PutUint32(b[20:], uint32(h.bloom))
	le.PutUint64(b[24:], uint64(h.first))
	le.PutUint64(b[32:], uint64(h.last))
	le.PutUint64(b[40:], h.lost)
	le.PutUint32(b[48:], h.worker)
	b[56] = byte(copy(b[57:57+nameSize], h.name))
	le.PutUint64(b[120:], uint64(h.base))
}

// readHead reads a head. Its parts lie within its size, in order.
func readHead(b []byte) (h head, err error) {
	le := binary.LittleEndian
	if len(b) < headSize || le.Uint32(b) != blockMagic {
		return h, ErrFormat
	}
	h = head{size: int(le.Uint32(b[4:])), records: int(le.Uint32(b[8:])), packets: int(le.Uint32(b[12:])),
		flows: int(le.Uint32(b[16:])), bloom: int(le.Uint32(b[20:])), first: int64(le.Uint64(b[24:])),
		last: int64(le.Uint64(b[32:])), lost: le.Uint64(b[40:]), worker: le.Uint32(b[48:]), base: int64(le.Uint64(b[120:]))}
	if h.size > maxBlock || h.records < headSize || h.records > recordsSize || h.flows > maxFlows ||
		h.bloom > maxBloom || h.bloom&(h.bloom-1) != 0 || h.end() > h.size || int(b[56]) > nameSize {
		return h, fmt.Errorf("%w: its parts do not fit", ErrFormat)
	}
	h.name = string(b[57 : 57+int(b[56])])
	return h, nil
}

// Flags of a record.
const (
	flagOutgoing = 1 << iota
	flagTagged
	flagMore // eight bytes more follow its head
)

// record is the head of one packet.
type record struct {
	time      int64 // from the base of the block
	kept      int
	size      int // on the wire
	flow      uint16
	link      uint16
	tci, tpid uint16
	flags     byte
}

// Widths of the fields of a record, in bits: 39 hours to either side of the base, a megabyte.
const (
	timeBits = 48
	sizeBits = 20
	sizeMask = 1<<sizeBits - 1
)

// near tells whether a time can be told from a base.
func near(at, base int64) bool {
	d := at - base
	return d<<(64-timeBits)>>(64-timeBits) == d
}

// put writes the head of a record to b, which has room for the longest, and returns how long it is.
func (r *record) put(b []byte) int {
	le := binary.LittleEndian
	_ = b[recordHead+recordMore-1]
	left := r.size - r.kept
	if r.flags&flagTagged != 0 || left < 0 || left > sizeMask {
		r.flags |= flagMore
		le.PutUint32(b[16:], uint32(r.size))
		le.PutUint16(b[20:], r.tci)
		le.PutUint16(b[22:], r.tpid)
	}
	le.PutUint64(b, uint64(r.time)<<16|uint64(r.flow))
	le.PutUint64(b[8:], uint64(r.kept)|uint64(left&sizeMask)<<sizeBits|uint64(r.flags)<<(2*sizeBits)|uint64(r.link)<<(2*sizeBits+8))
	if r.flags&flagMore != 0 {
		return recordHead + recordMore
	}
	return recordHead
}

// readRecord reads the record that b begins with, and its packet; left is what follows.
func readRecord(b []byte) (r record, data, left []byte, err error) {
	le := binary.LittleEndian
	if len(b) < recordHead {
		return r, nil, nil, fmt.Errorf("%w: a record is cut", ErrFormat)
	}
	at, sizes := le.Uint64(b), le.Uint64(b[8:])
	r = record{time: int64(at) >> 16, flow: uint16(at), kept: int(sizes & sizeMask), flags: byte(sizes >> (2 * sizeBits)),
		link: uint16(sizes >> (2*sizeBits + 8))}
	r.size = r.kept + int(sizes>>sizeBits&sizeMask)
	b = b[recordHead:]
	if r.flags&flagMore != 0 {
		if len(b) < recordMore {
			return r, nil, nil, fmt.Errorf("%w: a record is cut", ErrFormat)
		}
		r.size, r.tci, r.tpid = int(le.Uint32(b)), le.Uint16(b[4:]), le.Uint16(b[6:])
		b = b[recordMore:]
	}
	if r.kept > len(b) {
		return r, nil, nil, fmt.Errorf("%w: a packet is cut", ErrFormat)
	}
	return r, b[:r.kept], b[r.kept:], nil
}

// flow is an entry of a block's table. Its id is 0 where only the addresses are known.
type flow struct {
	id             uint64
	lo, hi         [16]byte
	loPort, hiPort uint16
	proto          uint8
	v6             bool
	outer          uint16 // the entry of the flow around this one, from 1; 0: none
}

func (f *flow) put(b []byte) {
	le := binary.LittleEndian
	_ = b[flowSize-1]
	le.PutUint64(b, f.id)
	copy(b[8:], f.lo[:])
	copy(b[24:], f.hi[:])
	le.PutUint16(b[40:], f.loPort)
	le.PutUint16(b[42:], f.hiPort)
	b[44], b[45] = f.proto, 0
	if f.v6 {
		b[45] = 1
	}
	le.PutUint16(b[46:], f.outer)
}

func readFlow(b []byte) flow {
	le := binary.LittleEndian
	return flow{id: le.Uint64(b), lo: [16]byte(b[8:24]), hi: [16]byte(b[24:40]), loPort: le.Uint16(b[40:]),
		hiPort: le.Uint16(b[42:]), proto: b[44], v6: b[45] == 1, outer: le.Uint16(b[46:])}
}

// foot is the last bytes of a closed segment: where its index stands.
type foot struct {
	blocks     int
	at, length int64
}

func (f *foot) append(b []byte) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, footMagic)
	b = le.AppendUint32(b, uint32(f.blocks))
	b = le.AppendUint64(b, uint64(f.at))
	return le.AppendUint64(b, uint64(f.length))
}

func readFoot(b []byte, size int64) (f foot, ok bool) {
	le := binary.LittleEndian
	if len(b) < footSize || le.Uint32(b) != footMagic {
		return f, false
	}
	f = foot{int(le.Uint32(b[4:])), int64(le.Uint64(b[8:])), int64(le.Uint64(b[16:]))}
	return f, f.at >= 0 && f.length >= 0 && f.at <= size-footSize && f.length == size-footSize-f.at
}
