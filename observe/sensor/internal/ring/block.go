package ring

import (
	"bulwark/observe/sensor/internal/engine"
)

// block is one that is being filled. Its memory is used again for the next.
type block struct {
	b       []byte // room for the head, then records, then, when it is closed, the rest
	n       int    // where the next record goes
	packets int
	first   int64
	last    int64
	flows   []byte
	bloom   bloom
	keys    int // that were added to bloom, some of them more than once
}

func newBlock() *block {
	k := &block{b: make([]byte, maxBlock), flows: make([]byte, 0, maxFlows*flowSize), bloom: make(bloom, maxBloom)}
	k.reset()
	return k
}

func (k *block) reset() {
	k.n, k.packets, k.first, k.last, k.flows = headSize, 0, 0, 0, k.flows[:0]
	if k.keys > 0 {
		clear(k.bloom)
		k.keys = 0
	}
}

// room reports whether n bytes of a packet and its flows fit.
func (k *block) room(n int) bool {
	return k.n+recordHead+n <= recordsSize && len(k.flows)+maxCarried*flowSize <= cap(k.flows)
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

// add puts a packet down. There must be room.
func (k *block) add(r *record, data []byte) {
	b := k.b[k.n:]
	r.put(b)
	copy(b[recordHead:], data[:r.kept])
	k.n += recordHead + r.kept
	if k.packets == 0 || r.time < k.first {
		k.first = r.time
	}
	if k.packets == 0 || r.time > k.last {
		k.last = r.time
	}
	k.packets++
}

// close makes the block whole: its length is a multiple of chunk. It fills the head in and returns the bytes.
func (k *block) close(h *head, chunk int) []byte {
	f := k.bloom.fold(k.keys)
	h.records, h.packets, h.flows, h.bloom = k.n, k.packets, len(k.flows)/flowSize, len(f)
	h.first, h.last = k.first, k.last
	h.size = (h.end() + chunk - 1) / chunk * chunk
	clear(k.b[k.n:h.table()])
	copy(k.b[h.table():], k.flows)
	copy(k.b[h.filter():], f)
	clear(k.b[h.end():h.size])
	h.put(k.b)
	return k.b[:h.size]
}
