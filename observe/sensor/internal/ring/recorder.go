package ring

import (
	"sync/atomic"
	"time"

	"bulwark/observe/sensor/internal/bpf"
	"bulwark/observe/sensor/internal/engine"
	"bulwark/wire/pcap"
)

// Settings say which packets are kept, and how much of them. The zero value keeps all.
type Settings struct {
	// Snap is how many bytes of a packet are kept. 0 means all.
	Snap int `json:"snap"`
	// Filter is which packets are kept, as tcpdump writes it.
	Filter string `json:"filter"`
	// Encrypted is after how many bytes on the wire a flow that cannot be read is kept no further. 0 means never.
	Encrypted uint64 `json:"encrypted"`
	// Flow is after how many bytes on the wire any flow is kept no further. 0 means never.
	Flow uint64 `json:"flow"`
}

// Packet is one captured packet.
type Packet struct {
	Time      int64 // unix nanoseconds
	Link      pcap.LinkType
	Data      []byte
	Size      int // on the wire
	Tagged    bool
	TCI, TPID uint16 // of the VLAN tag that the kernel took out of Data, where Tagged
	Outgoing  bool
}

// Counts are what happened to packets since the counts before.
type Counts struct {
	Kept, KeptBytes uint64
	Cut, CutBytes   uint64 // left out by the settings
	Lost            uint64 // that should have been kept and found no room
}

// Recorder keeps the packets of one worker. Use it from one goroutine.
type Recorder struct {
	writer *Writer
	set    Settings
	filter bpf.Matcher
	worker uint32
	name   string
	block  *block
	begun  time.Time // when the first packet came into the block
	lost   uint64    // since the block before
	asked  uint64    // the flush that was answered last
	recent [recentFlows]recent
	turn   uint32 // of the block; what recent remembers of an earlier one does not count
	tagged []byte
	counts struct{ kept, keptBytes, cut, cutBytes, lost atomic.Uint64 }
}

// recent remembers that a flow stands in the table of the block.
type recent struct {
	id    uint64
	turn  uint32
	entry uint16
}

const recentFlows = 1 << 10

// patience is how long a packet may wait for others before its block is put down.
const patience = 5 * time.Second

// Packet keeps a packet, or passes it over; seen are its flows, the outermost first. Neither is kept hold of.
func (r *Recorder) Packet(p *Packet, seen []engine.Seen) {
	if r.cut(p, seen) {
		r.counts.cut.Add(1)
		r.counts.cutBytes.Add(uint64(p.Size))
		return
	}
	kept := len(p.Data)
	if r.set.Snap > 0 && kept > r.set.Snap {
		kept = r.set.Snap
	}
	kept = min(kept, recordsSize-headSize-recordHead)
	if !r.block.room(kept) {
		r.close(false)
	}
	if r.block.packets == 0 {
		r.begun = r.writer.clock.Now()
	}
	rec := record{time: p.Time, kept: kept, size: p.Size, link: uint16(p.Link), flow: r.flow(seen)}
	if p.Tagged {
		rec.tci, rec.tpid, rec.flags = p.TCI, p.TPID, flagTagged
	}
	if p.Outgoing {
		rec.flags |= flagOutgoing
	}
	r.block.add(&rec, p.Data)
}

// cut tells whether the settings leave a packet out.
func (r *Recorder) cut(p *Packet, seen []engine.Seen) bool {
	for i := range seen {
		s := &seen[i]
		if r.set.Flow > 0 && s.Bytes > r.set.Flow || s.Encrypted && r.set.Encrypted > 0 && s.Bytes > r.set.Encrypted {
			return true
		}
	}
	if r.set.Filter == "" {
		return false
	}
	data := p.Data
	if p.Tagged {
		r.tagged = appendTagged(r.tagged[:0], data, p.TPID, p.TCI)
		data = r.tagged
	}
	return !r.filter.Match(data)
}

// appendTagged puts the VLAN tag that the kernel took out of a frame back (IEEE 802.1Q §9.3): behind both addresses.
func appendTagged(b, frame []byte, tpid, tci uint16) []byte {
	const addresses = 12
	if tpid == 0 {
		tpid = 0x8100
	}
	if len(frame) < addresses {
		return append(b, frame...)
	}
	b = append(b, frame[:addresses]...)
	b = append(b, byte(tpid>>8), byte(tpid), byte(tci>>8), byte(tci))
	return append(b, frame[addresses:]...)
}

// flow is the entry of the innermost flow in the table of the block.
func (r *Recorder) flow(seen []engine.Seen) uint16 {
	if len(seen) == 0 {
		return noFlow
	}
	last := &seen[len(seen)-1]
	slot := &r.recent[last.ID&(recentFlows-1)]
	if slot.turn == r.turn && slot.id == last.ID && last.ID != 0 {
		return slot.entry
	}
	entry, outer := uint16(noFlow), uint16(0)
	for i := range seen[:min(len(seen), maxCarried)] {
		entry = r.block.flow(&seen[i], outer)
		outer = entry + 1
	}
	*slot = recent{last.ID, r.turn, entry}
	return entry
}

// close hands the block over; soon asks that it be on the disk at once. One that finds no room is lost.
func (r *Recorder) close(soon bool) {
	k := r.block
	h := head{worker: r.worker, name: r.name, lost: r.lost}
	if r.writer.put(k.close(&h, r.writer.chunk), &h, soon) {
		r.counts.kept.Add(uint64(k.packets))
		r.counts.keptBytes.Add(uint64(k.n - headSize - k.packets*recordHead))
		r.lost = 0
	} else {
		r.counts.lost.Add(uint64(k.packets))
		r.lost += uint64(k.packets)
	}
	k.reset()
	r.turn++
}

// Between does what is due between packets: it puts down what waited long, or what is asked for.
func (r *Recorder) Between(now time.Time) {
	if asked := r.writer.asked.Load(); asked != r.asked {
		r.asked = asked
		r.Flush()
		r.writer.answer(asked)
	} else if r.block.packets > 0 && now.Sub(r.begun) >= patience {
		r.close(true)
	}
}

// Flush puts down what was recorded so far.
func (r *Recorder) Flush() {
	if r.block.packets > 0 {
		r.close(true)
	}
}

// Close is the last Flush.
func (r *Recorder) Close() {
	r.Flush()
	r.writer.leave()
}

// Counts are what happened since the last call.
func (r *Recorder) Counts() Counts {
	c := &r.counts
	return Counts{Kept: c.kept.Swap(0), KeptBytes: c.keptBytes.Swap(0), Cut: c.cut.Swap(0), CutBytes: c.cutBytes.Swap(0),
		Lost: c.lost.Swap(0)}
}
