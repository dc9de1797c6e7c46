package ring

import (
	"bulwark/observe/sensor/internal/engine"
)

// block is one that is being filled: in the memory from which it is written, at the places of its chunks, so that it is
// sealed where it lies.
type block struct {
	b       []byte // whole chunks as they stand in the file
	at, end int    // in b: where the next byte goes, and where the content of its chunk ends
	n       int    // bytes of content before it
	packets int
	bytes   int // of packets
	base    int64
	first   int64
	last    int64
	flows   []byte
	bloom   bloom
	keys    int // that were added to bloom, some of them more than once
}

func newBlock(memory []byte) *block {
	k := &block{b: memory, flows: make([]byte, 0, maxFlows*flowSize), bloom: make(bloom, maxBloom)}
	k.reset()
	return k
}

func (k *block) reset() {
	k.at, k.end, k.n = headSize, chunkContent, headSize
	k.packets, k.bytes, k.first, k.last, k.flows = 0, 0, 0, 0, k.flows[:0]
	if k.keys > 0 {
		clear(k.bloom)
		k.keys = 0
	}
}

// room reports whether n bytes of a packet of that time and its flows fit.
func (k *block) room(n int, at int64) bool {
	return k.n+recordHead+recordMore+n <= recordsSize && len(k.flows)+maxCarried*flowSize <= cap(k.flows) &&
		(k.packets == 0 || near(at, k.base))
}

// maxCarried is how many flows one packet may belong to: tunnels within one another.
const maxCarried = 4

// flow adds a flow to the table, within the one of entry outer, from 1; its entry comes back.
func (k *block) flow(s *engine.Seen, outer uint16) uint16 {
	n := len(k.flows)
	f := flow{id: s.ID, outer: outer}
	lo, hi, loPort, hiPort := s.Ends()
	f.lo, f.hi, f.loPort, f.hiPort = *lo, *hi, loPort, hiPort
	f.proto, f.v6 = s.Transport()
	k.flows = k.flows[:n+flowSize]
	f.put(k.flows[n:])
	if s.ID != 0 {
		k.bloom.add(flowKey(s.ID))
	}
	k.bloom.add(addressKey(lo))
	k.bloom.add(addressKey(hi))
	k.keys += 3
	return uint16(n / flowSize)
}

// add puts a packet down, whose time is not yet that of the block. There must be room.
func (k *block) add(r *record, data []byte) {
	if k.packets == 0 {
		k.base, k.first, k.last = r.time, r.time, r.time
	}
	k.first, k.last = min(k.first, r.time), max(k.last, r.time)
	k.packets++
	k.bytes += r.kept
	r.time -= k.base
	data = data[:r.kept]
	if k.at+recordHead+recordMore+len(data) <= k.end { // as nearly all
		n := r.put(k.b[k.at:])
		n += copy(k.b[k.at+n:], data)
		k.at, k.n = k.at+n, k.n+n
		return
	}
	var head [recordHead + recordMore]byte
	k.write(head[:r.put(head[:])])
	k.write(data)
}

// write puts bytes down, across chunks.
func (k *block) write(p []byte) {
	for len(p) > 0 {
		if k.at == k.end {
			k.at += chunkSize - chunkContent
			k.end += chunkSize
		}
		n := copy(k.b[k.at:k.end], p)
		k.at, k.n, p = k.at+n, k.n+n, p[n:]
	}
}

// close makes the block whole: it fills whole chunks. It fills the head in and returns the chunks, not sealed yet, and
// the filter.
func (k *block) close(h *head) ([]byte, bloom) {
	f := k.bloom.fold(k.keys)
	h.records, h.packets, h.flows, h.bloom = k.n, k.packets, len(k.flows)/flowSize, len(f)
	h.first, h.last, h.base = k.first, k.last, k.base
	var zero [8]byte
	k.write(zero[:h.table()-k.n])
	k.write(k.flows)
	k.write(f)
	clear(k.b[k.at:k.end])
	size := k.end + chunkSize - chunkContent
	h.size = size / chunkSize * chunkContent
	h.put(k.b)
	return k.b[:size], f
}
