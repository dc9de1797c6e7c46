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
	// Encrypted is after how many bytes on the wire of a flow that cannot be read only headers are kept, and when its
	// handshake is over before, behind that. 0 means never.
	Encrypted uint64 `json:"encrypted"`
	// Bulk is after how many bytes that one end sends, while the other says nothing, only headers are kept until the other
	// speaks. 0 means never. Flows of clinical messages are kept whole.
	Bulk uint64 `json:"bulk"`
	// Flow is after how many bytes on the wire of any flow only headers are kept. 0 means never.
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
	Short           uint64 // of those that are kept: of which the settings left the rest out
	Cut             uint64 // that the settings left out
	CutBytes        uint64 // that the settings left out, of both
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
	turn   uint16 // of the block; the entry that recent remembers of an earlier one does not count
	tagged []byte
	counts struct{ kept, keptBytes, short, cut, cutBytes, lost atomic.Uint64 }
	sum    Counts // that is not in counts yet
}

// recent is what is remembered of a flow until another takes its slot: four to a line of the processor's cache, which
// each packet waits for.
type recent struct {
	tag   uint32 // of its id
	last  uint32 // when one of its ends said something: milliseconds
	run   uint32 // eight times the bytes that one end has sent since the other sent any, less those that drained; and bits
	turn  uint16
	entry uint16 // in the table of the block of that turn
}

const (
	recentBits  = 12
	recentFlows = 1 << recentBits
)

// Bits of a run.
const (
	runBack     = 1 << iota // the server sends it
	runOver                 // the handshake of the client was over before
	runOverBack             // that of the server was
	runShift    = iota
)

// drain is how many bytes of a run are forgotten in a millisecond: 15 KB in a second, so that waveforms, a telephone's
// voice and a log come to no bulk, however long they go on without an answer.
const drain = 15

// speak adds n bytes that one end sends, and returns how long its run is.
func (f *recent) speak(at int64, n int, back bool) uint64 {
	run, end, now := uint64(f.run>>runShift), uint32(0), uint32(at/int64(time.Millisecond))
	if back {
		end = runBack
	}
	if end != f.run&runBack {
		run = 0
	} else if past := int32(now - f.last); past > 0 {
		run -= min(run, uint64(past)*drain)
	}
	run = min(run+uint64(n), 1<<(32-runShift)-1)
	f.last, f.run = now, uint32(run)<<runShift|f.run&(runOver|runOverBack)|end
	return run
}

// over notes that the handshake of one side is over, and tells whether it was before: the packet that ends it can be read.
func (f *recent) over(back bool) bool {
	bit := uint32(runOver)
	if back {
		bit = runOverBack
	}
	was := f.run&bit != 0
	f.run |= bit
	return was
}

// patience is how long a packet may wait for others before its block is put down.
const patience = 5 * time.Second

// Packet keeps a packet, or passes it over; seen are its flows, the outermost first, payload what the innermost of them
// carries of it, and back whether the server sent that. None is kept hold of.
func (r *Recorder) Packet(p *Packet, seen []engine.Seen, payload []byte, back bool) {
	if r.set.Filter != "" && r.filtered(p) {
		r.sum.Cut++
		r.sum.CutBytes += uint64(p.Size)
		return
	}
	slot := r.slot(seen)
	kept := len(p.Data)
	if r.set.Snap > 0 {
		kept = min(kept, r.set.Snap)
	}
	if len(payload) > 0 && r.heads(p, seen, slot, len(payload), back) {
		kept = min(kept, headers(p.Data, payload))
	}
	kept = min(kept, recordsSize-headSize-recordHead-recordMore)
	if kept < len(p.Data) {
		r.sum.Short++
		r.sum.CutBytes += uint64(len(p.Data) - kept)
	}
	if !r.block.room(kept, p.Time) {
		r.close()
	}
	if r.block.packets == 0 {
		r.begun = r.writer.clock.Now()
	}
	var rec record // filled field by field: a copy would wait for its parts
	rec.time, rec.kept, rec.size, rec.link, rec.flow = p.Time, kept, p.Size, uint16(p.Link), r.flow(seen, slot)
	if p.Tagged {
		rec.tci, rec.tpid, rec.flags = p.TCI, p.TPID, flagTagged
	}
	if p.Outgoing {
		rec.flags |= flagOutgoing
	}
	r.block.add(&rec, p.Data)
}

// slot is what is remembered of the innermost flow; nil where the packet belongs to none.
func (r *Recorder) slot(seen []engine.Seen) *recent {
	if len(seen) == 0 {
		return nil
	}
	last := &seen[len(seen)-1]
	if last.ID == 0 {
		return nil
	}
	slot := &r.recent[last.ID&(recentFlows-1)]
	if tag := uint32(last.ID >> recentBits); slot.tag != tag {
		*slot = recent{tag: tag}
	}
	return slot
}

// heads tells whether the settings leave out what a packet carries. It is asked of each packet that carries something.
func (r *Recorder) heads(p *Packet, seen []engine.Seen, slot *recent, n int, back bool) bool {
	for i := range seen {
		s := &seen[i]
		if r.set.Flow > 0 && s.Bytes > r.set.Flow || s.Encrypted && r.set.Encrypted > 0 && s.Bytes > r.set.Encrypted {
			return true
		}
	}
	if slot == nil {
		return false
	}
	last := &seen[len(seen)-1]
	if last.Over && r.set.Encrypted > 0 && slot.over(back) {
		return true
	}
	return r.set.Bulk > 0 && slot.speak(p.Time, n, back) > r.set.Bulk && !last.Clinical
}

// fragmentHeads is what is kept as the headers of a packet whose payload lies elsewhere: it came in fragments.
const fragmentHeads = 128

// headers is how much of a frame stands before its payload.
func headers(frame, payload []byte) int {
	n := cap(frame) - cap(payload)
	if n < 0 || n >= len(frame) || &frame[n] != &payload[0] {
		return fragmentHeads
	}
	return n
}

// filtered tells whether the filter leaves a packet out.
func (r *Recorder) filtered(p *Packet) bool {
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
func (r *Recorder) flow(seen []engine.Seen, slot *recent) uint16 {
	if slot != nil && slot.turn == r.turn {
		return slot.entry
	}
	entry, outer := uint16(noFlow), uint16(0)
	for i := range seen[:min(len(seen), maxCarried)] {
		entry = r.block.flow(&seen[i], outer)
		outer = entry + 1
	}
	if slot != nil {
		slot.turn, slot.entry = r.turn, entry
	}
	return entry
}

// close hands the block over. One that finds no room is lost.
func (r *Recorder) close() {
	k := r.block
	h := head{worker: r.worker, name: r.name, lost: r.lost}
	b, filter := k.close(&h)
	if room := r.writer.put(b, filter, k.packets); room != nil {
		r.sum.Kept += uint64(k.packets)
		r.sum.KeptBytes += uint64(k.bytes)
		r.lost, k.b = 0, room
	} else {
		r.sum.Lost += uint64(k.packets)
		r.lost += uint64(k.packets)
	}
	r.tell()
	k.reset()
	if r.turn++; r.turn == 0 { // 0 is no turn
		clear(r.recent[:])
		r.turn = 1
	}
}

// tell adds what was counted to what others read.
func (r *Recorder) tell() {
	c, n := &r.counts, &r.sum
	if *n == (Counts{}) {
		return
	}
	for _, of := range []struct {
		all *atomic.Uint64
		n   uint64
	}{{&c.kept, n.Kept}, {&c.keptBytes, n.KeptBytes}, {&c.short, n.Short}, {&c.cut, n.Cut}, {&c.cutBytes, n.CutBytes}, {&c.lost, n.Lost}} {
		of.all.Add(of.n)
	}
	*n = Counts{}
}

// Between does what is due between packets: it puts down what waited long, or what is asked for.
func (r *Recorder) Between(now time.Time) {
	r.tell()
	if asked := r.writer.asked.Load(); asked != r.asked {
		r.asked = asked
		r.Flush()
		r.writer.answer(asked)
	} else if r.block.packets > 0 && now.Sub(r.begun) >= patience {
		r.close()
	}
}

// Flush puts down what was recorded so far.
func (r *Recorder) Flush() {
	if r.block.packets > 0 {
		r.close()
	}
	r.tell()
}

// Close is the last Flush.
func (r *Recorder) Close() {
	r.Flush()
	r.writer.leave(r.block.b)
}

// Counts are what happened since the last call.
func (r *Recorder) Counts() Counts {
	c := &r.counts
	return Counts{Kept: c.kept.Swap(0), KeptBytes: c.keptBytes.Swap(0), Short: c.short.Swap(0), Cut: c.cut.Swap(0),
		CutBytes: c.cutBytes.Swap(0), Lost: c.lost.Swap(0)}
}
