package child

import (
	"errors"
	"io"
	"sync"

	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// herd shares the packets of a capture among readers. Whoever has nothing left to do walks on through the file for all:
// walking costs little beside decoding, no core is kept for it, and no packet is copied where the file is mapped.
type herd struct {
	mapped *mapping
	n      int // readers

	// mu guards what follows.
	mu    sync.Mutex
	room  sync.Cond
	src   *pcap.Reader
	err   error // where the file ended early
	over  bool
	ready [][]*flock // by reader
	last  []*flock   // what each reader has in hand
	free  []*flock
}

// flock is a run of packets for one reader.
type flock struct {
	packets []pcap.Packet
	from    int64 // where the walk began that found them, in bytes
}

const (
	stride   = 4096 // packets that are walked at once
	maxReady = 64   // flocks that may wait for a reader that is behind
)

// newHerd is for at most n readers: h.n says how many it takes.
func newHerd(src *pcap.Reader, mapped *mapping, n int) *herd {
	h := &herd{mapped: mapped, n: n, src: src}
	if !h.stays() {
		h.n = 1
	}
	h.ready, h.last = make([][]*flock, h.n), make([]*flock, h.n)
	h.room.L = &h.mu
	return h
}

// stays reports whether a packet stays where it is when the next is read: what comes as a stream lies in one buffer.
func (h *herd) stays() bool { return h.mapped != nil && !h.src.Packed() }

// next is the next flock of reader i, which gives its last one back; nil when there is no more.
func (h *herd) next(i int) *flock {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.giveBack(i)
	for len(h.ready[i]) == 0 {
		switch {
		case h.over:
			return nil
		case h.crowded():
			h.room.Wait()
		default:
			h.walk()
		}
	}
	f := h.ready[i][0]
	h.ready[i] = h.ready[i][:copy(h.ready[i], h.ready[i][1:])]
	h.last[i] = f
	if len(h.ready[i]) == maxReady-1 {
		h.room.Broadcast()
	}
	return f
}

// leave takes reader i out: nothing waits for it any more.
func (h *herd) leave(i int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.giveBack(i)
	h.ready[i] = nil
	if h.n > 1 && !h.over {
		h.over = true // it ended before the file did: the capture is cut
	}
	h.room.Broadcast()
}

func (h *herd) giveBack(i int) {
	if f := h.last[i]; f != nil {
		f.packets = f.packets[:0]
		h.free = append(h.free, f)
		h.last[i] = nil
	}
}

func (h *herd) crowded() bool {
	for i := range h.ready {
		if len(h.ready[i]) >= maxReady {
			return true
		}
	}
	return false
}

// walk sorts the next packets of the file by reader.
func (h *herd) walk() {
	most := stride
	if !h.stays() {
		most = 1
	}
	flocks := make([]*flock, h.n)
	from := h.src.Offset()
	for range most {
		var p pcap.Packet
		if err := h.src.Next(&p); err != nil {
			h.over = true
			if !errors.Is(err, io.EOF) {
				h.err = err
			}
			break
		}
		i := 0
		if h.n > 1 {
			i = int(uint64(packet.Spread(p.Link, p.Data)) * uint64(h.n) >> 32)
		}
		if flocks[i] == nil {
			flocks[i] = h.flock(from)
		}
		flocks[i].packets = append(flocks[i].packets, p)
	}
	for i, f := range flocks {
		if f != nil {
			h.ready[i] = append(h.ready[i], f)
		}
	}
	h.release()
	h.room.Broadcast()
}

func (h *herd) flock(from int64) *flock {
	if n := len(h.free); n > 0 {
		f := h.free[n-1]
		h.free = h.free[:n-1]
		f.from = from
		return f
	}
	return &flock{packets: make([]pcap.Packet, 0, stride), from: from}
}

// release gives back the memory of the part of the file that no reader needs any more.
func (h *herd) release() {
	if !h.stays() {
		return
	}
	to := h.src.Offset()
	for i := range h.n {
		if f := h.last[i]; f != nil {
			to = min(to, f.from)
		} else if len(h.ready[i]) > 0 {
			to = min(to, h.ready[i][0].from)
		}
	}
	h.mapped.release(to)
}
