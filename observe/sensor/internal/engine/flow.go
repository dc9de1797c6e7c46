package engine

import (
	"math/bits"

	"bulwark/wire"
	"bulwark/wire/packet"
)

// key names a conversation whichever end sent the packet: the lower end stands first.
type key struct {
	lo, hi [16]byte
	ports  uint32 // lo's port in the low half
	proto  uint8
	v6     bool
	vlan   uint16 // outer VLAN id, and above its 12 bits how many tunnels are around the packet
	inner  uint16 // inner VLAN id
	third  uint16 // VLAN id within that one
}

// vlanBits are the bits of a VLAN id.
const vlanBits = 12

func (k *key) vlanID() uint16 { return k.vlan & (1<<vlanBits - 1) }

// end is one of the two ends of a key.
type end uint8

const (
	low end = iota
	high
)

// keyOf is the key of p and the end that sent it.
func keyOf(p *packet.Packet, depth int, k *key) end {
	sport, dport := p.SrcPort, p.DstPort
	if p.Proto == packet.ICMP || p.Proto == packet.ICMPv6 {
		sport, dport = packet.Answer(p.Proto, sport) // a request and its answer differ in type only
	}
	k.proto, k.v6, k.vlan, k.inner = p.Proto, p.V6, p.VLAN|uint16(depth)<<vlanBits, p.Second
	k.third = p.Third
	if lower(&p.Src, &p.Dst, sport, dport) {
		k.lo, k.hi, k.ports = p.Src, p.Dst, uint32(sport)|uint32(dport)<<16
		return low
	}
	k.lo, k.hi, k.ports = p.Dst, p.Src, uint32(dport)|uint32(sport)<<16
	return high
}

func lower(a, b *[16]byte, aport, bport uint16) bool {
	ah, bh := be64(a[:8]), be64(b[:8])
	if ah != bh {
		return ah < bh
	}
	al, bl := be64(a[8:]), be64(b[8:])
	if al != bl {
		return al < bl
	}
	return aport <= bport
}

func be64(b []byte) uint64 {
	_ = b[7]
	return uint64(b[7]) | uint64(b[6])<<8 | uint64(b[5])<<16 | uint64(b[4])<<24 |
		uint64(b[3])<<32 | uint64(b[2])<<40 | uint64(b[1])<<48 | uint64(b[0])<<56
}

// hash spreads k by two rounds of multiply and fold. seed is secret, so that nobody outside can aim flows at one slot.
func (k *key) hash(seed uint64) uint64 {
	x := mum(be64(k.lo[:8])^seed, be64(k.hi[:8])^0xa0761d6478bd642f)
	if k.v6 {
		x ^= mum(be64(k.lo[8:])^x, be64(k.hi[8:])^0xe7037ed1a0b428db)
	}
	return mum(x^uint64(k.ports), uint64(k.proto)<<16^uint64(k.vlan)^seed^0x8ebc6af09c88c6e3)
}

func mum(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

// flow is one conversation. It holds no pointers, so that a million of them cost the collector nothing.
type flow struct {
	key         key
	id          uint64
	first, last int64     // unix nanoseconds
	packets     [2]uint64 // by wire.Dir
	bytes       [2]uint64
	next        [2]uint32 // TCP: sequence number expected next, by direction
	conv        uint32    // its conversation, 1-based; 0 when nothing of it is decoded (any more)
	told        uint32    // its account of what was told already, 1-based; 0 when no event was sent yet
	wnext       uint32    // next flow in the same slot of the wheel, 1-based
	wprev       uint32    // flow before it, 1-based; 0: the first
	wslot       uint32    // its slot of the wheel
	own         uint32    // of who looks into it
	extra       uint32    // what is remembered of it when all is told, 1-based; 0: nothing
	alerted     bool      // who looks into it has told something of it
	apart       bool      // TCP: nobody follows its connection; only when EVE is written
	passed      bool      // who looks into it lets it pass
	doubt       uint8     // TCP: bit of each side that seems to have reset it, by a segment that its end may refuse
	lost        [2]uint32 // TCP: payload bytes that were never seen
	flags       [2]uint8  // TCP flags or-ed
	app, before App       // its protocol, and the one that led to it
	other       [2]App    // protocol of a direction that is not that of the flow; Unknown: it is
	state       uint8
	origin      end // which end of the key began the conversation
	marks       uint8
	mac         [2][6]byte  // link address of both ends: of the source, of the destination
	icmp        uint16      // type and code of the first packet
	phase       uint8       // state of the TCP connection, tcpNone...; followed only when all is told
	ttl         [2][2]uint8 // least and greatest time to live, by direction; followed only for EVE
	scale       [2]uint8    // TCP: window scale that each side announced, and one more; 0: none
	stamped     uint8       // TCP: bit of each direction whose stamp is known
	stamp       [2]uint32   // TCP: latest time stamp of each side
	room        [2]uint32   // TCP: window that each side announced last, in bytes
}

// window is how many bytes the receiver of dir takes beyond what it has confirmed; 0 where that is not known.
func (f *flow) window(dir wire.Dir) uint32 { return f.room[dir.Other()] }

// announce notes the window and the time stamp of a segment.
func (f *flow) announce(dir wire.Dir, p *packet.Packet) {
	if p.Flags&packet.SYN != 0 {
		f.scale[dir] = 0
		if p.Scaled {
			f.scale[dir] = p.Scale + 1
		}
		f.room[dir] = uint32(p.Window) // RFC 7323 §2.2: that of a SYN is not scaled
	} else {
		shift := uint8(0)
		if f.scale[0] != 0 && f.scale[1] != 0 { // both must have asked for it
			shift = f.scale[dir] - 1
		}
		f.room[dir] = uint32(p.Window) << shift
	}
	if p.Stamped && (f.stamped&(1<<dir) == 0 || int32(p.Stamp-f.stamp[dir]) > 0) {
		f.stamp[dir] = p.Stamp
		f.stamped |= 1 << dir
	}
}

// state of a flow.
const (
	stateNew uint8 = iota
	stateEstablished
	stateClosed
)

// marks of a flow.
const (
	markISN0    uint8 = 1 << iota // the sequence numbers of ToServer are known
	markISN1                      // those of ToClient
	markMid                       // picked up in the middle
	markLive                      // in use
	markForced                    // ended to make room
	markHasMAC                    // mac is set
	markIgnored                   // payload is of no known protocol, or no longer of interest
	markOver                      // nothing more is watched: it ends with all others
)

// dirOf is the direction of a packet that e sent.
func (f *flow) dirOf(e end) wire.Dir { return wire.Dir(e ^ f.origin) }

func isn(d wire.Dir) uint8 { return markISN0 << d }

// table finds flows by key: an open-addressed index of tag and number over flows in chunks that never move.
// At most max flows live in it; it grows as they come.
type table struct {
	index  []uint64 // high half: hash tag; low half: flow number, 1-based; 0: free
	mask   uint64
	chunks [][]flow
	free   []uint32
	used   int // live flows
	made   uint32
	max    int
	seed   uint64
}

const (
	chunkBits = 12
	chunkSize = 1 << chunkBits
)

func newTable(max int, seed uint64) *table {
	t := &table{max: max, seed: seed}
	t.resize(1 << 13)
	return t
}

func (t *table) at(n uint32) *flow { return &t.chunks[(n-1)>>chunkBits][(n-1)&(chunkSize-1)] }

// find is the flow of k, or nil.
func (t *table) find(k *key, h uint64) (*flow, uint32) {
	tag := h >> 32
	for i := tag & t.mask; ; i = (i + 1) & t.mask {
		e := t.index[i]
		if e == 0 {
			return nil, 0
		}
		if e>>32 == tag {
			if f := t.at(uint32(e)); f.key == *k {
				return f, uint32(e)
			}
		}
	}
}

// add makes room for a flow of k, which must not be there. It returns nil when the table is full.
func (t *table) add(k *key, h uint64) (*flow, uint32) {
	if t.used >= t.max {
		return nil, 0
	}
	if t.used*2 >= len(t.index) {
		t.resize(len(t.index) * 2)
	}
	n := t.number()
	f := t.at(n)
	*f = flow{key: *k, marks: markLive}
	t.put(h>>32<<32 | uint64(n))
	t.used++
	return f, n
}

func (t *table) number() uint32 {
	if l := len(t.free); l > 0 {
		n := t.free[l-1]
		t.free = t.free[:l-1]
		return n
	}
	if int(t.made) == len(t.chunks)*chunkSize {
		t.chunks = append(t.chunks, make([]flow, chunkSize))
	}
	t.made++
	return t.made
}

func (t *table) put(e uint64) {
	i := e >> 32 & t.mask
	for t.index[i] != 0 {
		i = (i + 1) & t.mask
	}
	t.index[i] = e
}

// remove forgets f and gives its memory back.
func (t *table) remove(f *flow, n uint32) {
	i := f.key.hash(t.seed) >> 32 & t.mask
	for uint32(t.index[i]) != n {
		i = (i + 1) & t.mask
	}
	f.marks = 0
	t.free = append(t.free, n)
	t.used--
	// Close the hole (Knuth, vol. 3, 6.4 algorithm R): move back what would no longer be found.
	for j := i; ; {
		j = (j + 1) & t.mask
		e := t.index[j]
		if e == 0 {
			t.index[i] = 0
			return
		}
		if home := e >> 32 & t.mask; (j-home)&t.mask >= (j-i)&t.mask {
			t.index[i] = e
			i = j
		}
	}
}

func (t *table) resize(size int) {
	old := t.index
	t.index, t.mask = make([]uint64, size), uint64(size-1)
	huge(t.index)
	for _, e := range old {
		if e != 0 {
			t.put(e)
		}
	}
}
