package engine

import (
	"errors"

	"bulwark/wire"
	"bulwark/wire/frames"
	"bulwark/wire/packet"
)

// conversation is what a flow needs while its payload is decoded: bytes that wait, and the decoder of its protocol.
type conversation struct {
	app   application // nil until the protocol is known
	half  [2]half
	cut   *frames.Cutter // of its frames, where anybody looks at those
	turns uint8          // how often it has turned to another protocol
}

// half is one direction of a conversation.
type half struct {
	pending []byte    // in order, not decoded yet
	need    int       // bytes that must be pending before the decoder is asked again
	skip    uint64    // bytes that nobody reads
	ahead   []segment // TCP: what came before its turn, by sequence number, without overlaps
	held    int       // bytes in ahead
	waits   int       // segments that came since the peer acknowledged what is missing here
	acked   uint32    // TCP: highest sequence number the peer acknowledged
	hasAck  bool
	heard   bool // its first bytes were compared with the protocol of the other direction; when EVE is written
	foreign bool // its first bytes are of no known protocol
	seen    int  // bytes shown to the probes
}

type segment struct {
	seq      uint32
	data     []byte
	from, to uint32 // edges of the segment that the bytes came in, which overlaps may have divided
}

const (
	maxAhead    = 256       // segments a direction may hold ahead of their turn
	maxHeld     = 512 << 10 // bytes of them
	patience    = 4         // segments to wait for bytes that the peer says it has
	maxLead     = 64 << 20  // bytes that a segment may be ahead of what its receiver has confirmed
	maxProbe    = 4 << 10   // bytes a direction may show before its protocol must be known
	maxUnprobed = 64 << 10  // bytes after which a conversation of no known protocol is left alone
)

// tcp takes one segment of f.
func (w *Worker) tcp(f *flow, n uint32, dir wire.Dir, p *packet.Packet) {
	data := p.Payload
	seq := p.Seq
	if f.state == stateNew && w.refused(f, dir, p) {
		f.flags[dir] |= p.Flags
		w.look.loose = true
		return
	}
	w.judge(f, dir, p)
	f.announce(dir, p)
	if p.Flags&packet.SYN != 0 {
		seq++ // RFC 9293 §3.4: SYN takes one sequence number
		if f.marks&isn(dir) == 0 {
			f.next[dir] = seq
			f.marks |= isn(dir)
		}
	} else if f.marks&isn(dir) == 0 && (len(data) > 0 || p.Flags&packet.FIN != 0) {
		f.next[dir] = seq
		f.marks |= isn(dir)
	}
	if p.Flags&packet.RST != 0 {
		data, w.look.loose = nil, len(data) > 0 // text for people, if any (RFC 9293 §3.5.3)
	}
	if w.opt.EVE {
		if p.Flags&packet.ACK != 0 {
			w.release(f, dir.Other(), p.Ack, false)
			w.hear(f, dir.Other(), p.Ack)
		}
		w.full.held.dir, w.full.held.on = dir, true
	}
	if f.marks&markIgnored == 0 {
		if p.Flags&packet.ACK != 0 {
			w.acknowledged(f, dir.Other(), p.Ack)
		}
		if len(data) > 0 {
			w.segment(f, n, dir, seq, data)
		}
	} else if w.look.on() && len(data) > 0 && f.state != stateClosed {
		w.untold(f, dir, seq, data)
	}
	w.full.held.on = false
	w.tcpState(f, n, dir, p)
}

// tcpState follows the connection (RFC 9293 §3.3.2, as far as a watcher needs it).
func (w *Worker) tcpState(f *flow, n uint32, dir wire.Dir, p *packet.Packet) {
	f.flags[dir] |= p.Flags
	if w.opt.Full {
		f.phase = tcpPhase(f.phase, dir, p.Flags)
	}
	switch {
	case p.Flags&packet.RST != 0 && p.Signed:
		f.doubt |= 1 << dir // nobody here has the key: it counts when its sender falls silent
	case p.Flags&packet.RST != 0:
		if f.marks&isn(dir) == 0 || int32(p.Seq-f.next[dir]) >= -1 || f.marks&markIgnored != 0 {
			w.forgetUnconfirmed(f)
			w.shut(f, n) // an older number is a blind reset (RFC 5961 §3), which the receiver drops too
		}
	case f.flags[0]&f.flags[1]&packet.FIN != 0:
		w.full.held.dir, w.full.held.on, w.full.held.ending = dir, w.opt.EVE, true
		w.shut(f, n)
		w.full.held.on, w.full.held.ending = false, false
	case f.state == stateNew && (f.flags[0]&f.flags[1]&packet.ACK != 0 || w.opt.EVE && w.underWay(f)):
		f.state = stateEstablished
	}
}

// forgetUnconfirmed forgets what waits behind a gap and was not acknowledged: Suricata does not read it when a connection
// is reset, but asks rules about it when the connection is forgotten. Only when EVE is written.
func (w *Worker) forgetUnconfirmed(f *flow) {
	if !w.opt.EVE || f.conv == 0 {
		return
	}
	c := w.conv(f)
	for d := range wire.Dir(2) {
		h := &c.half[d]
		keep := 0
		for keep < len(h.ahead) && (!h.hasAck || int32(h.ahead[keep].seq-h.acked) < 0) {
			keep++
		}
		w.full.held.dir, w.full.held.on = d, true
		next := f.next[d]
		for _, s := range h.ahead[keep:] {
			lost := int(s.seq - f.next[d])
			f.next[d] = s.seq + uint32(len(s.data))
			w.showStream(f, c, d, s.data, lost)
			h.held -= len(s.data)
			w.pool.put(s.data)
		}
		f.next[d] = next
		w.full.held.on = false
		h.ahead = h.ahead[:keep]
	}
}

// acknowledged notes that the receiver of dir says it has everything before ack.
func (w *Worker) acknowledged(f *flow, dir wire.Dir, ack uint32) {
	if f.conv == 0 {
		return
	}
	h := &w.conv(f).half[dir]
	if !h.hasAck || int32(ack-h.acked) > 0 {
		h.acked, h.hasAck = ack, true
	}
	if w.opt.EVE && len(h.ahead) > 0 && int32(h.acked-h.ahead[0].seq) > 0 { // Suricata waits no longer
		w.jump(f, w.conv(f), dir)
	}
}

// segment puts data, which begins at seq, in its place. Where segments that wait overlap, the policy of the receiver
// says whose bytes stand; what was read already stays read.
func (w *Worker) segment(f *flow, n uint32, dir wire.Dir, seq uint32, data []byte) {
	c := w.conversation(f)
	if c == nil {
		return
	}
	h := &c.half[dir]
	ahead := int(int32(seq - f.next[dir]))
	if ahead > maxLead && h.hasAck && int(int32(seq-h.acked)) > maxLead {
		w.count.malformed++ // in nobody's window: not of this connection
		return
	}
	if ahead < 0 {
		if -ahead >= len(data) {
			return // sent again, or a keep-alive
		}
		data, ahead = data[-ahead:], 0
	}
	if ahead == 0 && len(h.ahead) == 0 {
		f.next[dir] += uint32(len(data))
		w.feed(f, c, dir, data)
		return
	}
	if len(h.ahead) > 0 {
		w.overlaps(f, h, dir, f.next[dir]+uint32(ahead), data)
	}
	if ahead > 0 {
		w.keep(h, seq, data)
	} else {
		w.fill(f, c, dir, data)
	}
	w.drain(f, c, dir)
	w.leap(f, c, dir)
}

// fill feeds data that begins where the next byte is expected, as far as nothing kept ahead already stands there.
func (w *Worker) fill(f *flow, c *conversation, dir wire.Dir, data []byte) {
	h := &c.half[dir]
	if gap := int(int32(h.ahead[0].seq - f.next[dir])); gap < len(data) {
		rest := data[max(gap, 0):]
		data = data[:max(gap, 0)]
		w.keep(h, f.next[dir]+uint32(len(data)), rest)
	}
	if len(data) > 0 {
		f.next[dir] += uint32(len(data))
		w.feed(f, c, dir, data)
	}
}

// keep stores data ahead of its turn, without the parts that are there already.
func (w *Worker) keep(h *half, seq uint32, data []byte) {
	edges := [2]uint32{seq, seq + uint32(len(data))}
	i := 0
	for i < len(h.ahead) && int32(h.ahead[i].seq-seq) <= 0 {
		end := h.ahead[i].seq + uint32(len(h.ahead[i].data))
		if over := int(int32(end - seq)); over > 0 { // the kept one covers the beginning
			if over >= len(data) {
				return
			}
			data, seq = data[over:], seq+uint32(over)
		}
		i++
	}
	for len(data) > 0 {
		part := data
		if i < len(h.ahead) {
			if room := int(int32(h.ahead[i].seq - seq)); room < len(data) {
				part = data[:max(room, 0)]
			}
		}
		if len(part) > 0 {
			if !w.store(h, i, seq, part, edges) {
				w.count.dropped++
				return
			}
			i++
		}
		if len(part) == len(data) {
			return
		}
		next := h.ahead[i]
		over := int(int32(next.seq + uint32(len(next.data)) - seq))
		if over >= len(data) {
			return
		}
		data, seq = data[over:], seq+uint32(over)
		i++
	}
}

func (w *Worker) store(h *half, i int, seq uint32, data []byte, edges [2]uint32) bool {
	if len(h.ahead) >= maxAhead || h.held+len(data) > maxHeld || len(data) > wire.MaxPending {
		return false
	}
	b := w.pool.get(len(data))
	if b == nil {
		return false
	}
	h.ahead = w.segments.Add(h.ahead, segment{})
	copy(h.ahead[i+1:], h.ahead[i:])
	h.ahead[i] = segment{seq, append(b, data...), edges[0], edges[1]}
	h.held += len(data)
	return true
}

// drain feeds what has come to its turn.
func (w *Worker) drain(f *flow, c *conversation, dir wire.Dir) {
	h := &c.half[dir]
	for len(h.ahead) > 0 && h.ahead[0].seq == f.next[dir] {
		s := h.ahead[0]
		h.ahead = h.ahead[:copy(h.ahead, h.ahead[1:])]
		h.held -= len(s.data)
		f.next[dir] += uint32(len(s.data))
		w.feed(f, c, dir, s.data)
		w.pool.put(s.data)
		h.waits = 0
		if f.conv == 0 {
			return // given up meanwhile; what was kept is freed
		}
	}
}

// leap goes on behind missing bytes once they will not come any more: the peer has them and a few segments have
// passed since, or too much waits.
func (w *Worker) leap(f *flow, c *conversation, dir wire.Dir) {
	h := &c.half[dir]
	if f.conv != 0 && len(h.ahead) > 0 && h.hasAck && int32(h.acked-f.next[dir]) > 0 {
		h.waits++
	}
	for f.conv != 0 && len(h.ahead) > 0 && (h.waits >= patience || w.crowded(h)) {
		w.jump(f, c, dir)
	}
}

func (w *Worker) crowded(h *half) bool {
	return len(h.ahead) >= maxAhead-1 || h.held > maxHeld/2 || w.pool.held > w.pool.limit-w.pool.limit/8
}

// jump declares the bytes before the first kept segment of dir lost, and goes on with it.
func (w *Worker) jump(f *flow, c *conversation, dir wire.Dir) {
	h := &c.half[dir]
	missing := h.ahead[0].seq - f.next[dir]
	w.streamOdd(f, sequenceGap)
	if w.opt.EVE {
		w.full.tally.n[tallyGap]++
	}
	f.lost[dir] += missing
	f.next[dir] += missing
	h.waits = 0
	w.missing(f, c, dir, int(missing))
	if f.conv != 0 {
		w.drain(f, c, dir)
	}
}

// flush feeds what still waits for missing bytes when a flow ends.
func (w *Worker) flush(f *flow) {
	for dir := range wire.Dir(2) {
		for f.conv != 0 {
			c := w.conv(f)
			if len(c.half[dir].ahead) == 0 {
				break
			}
			w.jump(f, c, dir)
		}
	}
}

// feed hands in-order bytes of one direction to the probes or to the decoder.
func (w *Worker) feed(f *flow, c *conversation, dir wire.Dir, data []byte) {
	w.showStream(f, c, dir, data, 0)
	h := &c.half[dir]
	if h.skip > 0 {
		n := min(h.skip, uint64(len(data)))
		h.skip -= n
		w.frames(f, c, dir, data[:n])
		if data = data[n:]; len(data) == 0 {
			return
		}
	}
	if c.app == nil {
		w.probe(f, c, dir, data)
		return
	}
	if w.opt.EVE && !h.heard {
		w.compare(f, dir, data)
		h.heard = true
	}
	w.decode(f, c, dir, data)
}

// decode runs the decoder over the bytes of dir that wait and data behind them.
func (w *Worker) decode(f *flow, c *conversation, dir wire.Dir, data []byte) {
	h := &c.half[dir]
	for len(data) > 0 && f.conv != 0 {
		switch {
		case c.app == nil:
			w.probe(f, c, dir, data)
			return
		case h.skip > 0:
			n := min(h.skip, uint64(len(data)))
			h.skip -= n
			w.frames(f, c, dir, data[:n])
			data = data[n:]
		case len(h.pending) == 0:
			done := w.step(f, c, dir, data)
			if done < 0 {
				return
			}
			if data = data[done:]; len(data) > 0 && (done == 0 || h.need > 0) {
				data = w.wait(f, c, dir, data)
			}
		default:
			data = w.wait(f, c, dir, data)
			if f.conv != 0 && len(h.pending) >= h.need {
				w.unpend(f, c, dir)
			}
		}
	}
}

// unpend decodes what waits in dir.
func (w *Worker) unpend(f *flow, c *conversation, dir wire.Dir) {
	h := &c.half[dir]
	at := 0
	for at < len(h.pending) && len(h.pending)-at >= h.need {
		done := w.step(f, c, dir, h.pending[at:])
		if done < 0 {
			return
		}
		if done == 0 || c.app == nil {
			at += done
			break
		}
		at += done
	}
	if c.app != nil && at == 0 && len(h.pending) >= wire.MaxPending {
		w.count.malformed++
		w.giveUp(f) // a unit longer than what may wait
		return
	}
	if h.pending = h.pending[:copy(h.pending, h.pending[at:])]; len(h.pending) == 0 {
		w.pool.put(h.pending)
		h.pending = nil
	}
	if c.app != nil {
		return
	}
	if h.seen = len(h.pending); h.seen > 0 {
		w.probe(f, c, dir, nil)
	}
}

// step asks the decoder once. It returns how many of p are done with, or -1 when the conversation was given up.
func (w *Worker) step(f *flow, c *conversation, dir wire.Dir, p []byte) int {
	h := &c.half[dir]
	done, need, err := c.app.decode(w, f, dir, p)
	if errors.Is(err, errAnother) && f.conv != 0 {
		w.frames(f, c, dir, p[:min(max(done, 0), len(p))])
		w.another(f, c)
		if f.conv != 0 && c.app != nil && len(c.half[dir.Other()].pending) > 0 {
			w.unpend(f, c, dir.Other())
		}
		if f.conv == 0 {
			return -1
		}
		return min(max(done, 0), len(p))
	}
	if c.cut != nil && done > 0 && f.conv != 0 {
		w.frames(f, c, dir, p[:min(done, len(p))])
	}
	if err == errOver && f.conv != 0 {
		w.free(f, c)
		err = nil
	}
	if err != nil || done < 0 || need > wire.MaxPending {
		w.count.malformed++
		w.giveUp(f)
		return -1
	}
	if f.conv == 0 {
		return -1
	}
	if done > len(p) {
		h.skip, done, need = uint64(done-len(p)), len(p), 0
	}
	h.need = need
	return done
}

// wait appends data to what is pending, as far as there is room, and returns the rest.
func (w *Worker) wait(f *flow, c *conversation, dir wire.Dir, data []byte) []byte {
	h := &c.half[dir]
	n := min(len(data), wire.MaxPending-len(h.pending))
	grown, ok := w.pool.grow(h.pending, data[:n], wire.MaxPending)
	if !ok {
		w.count.dropped++
		w.giveUp(f)
		return nil
	}
	h.pending = grown
	return data[n:]
}

// missing tells the decoder that n bytes of dir were lost here.
func (w *Worker) missing(f *flow, c *conversation, dir wire.Dir, n int) {
	w.count.gaps++
	w.showStream(f, c, dir, nil, n)
	h := &c.half[dir]
	if c.cut != nil {
		c.cut.Lose(dir, n+len(h.pending))
	}
	if h.skip >= uint64(n) {
		h.skip -= uint64(n)
		return
	}
	n += len(h.pending) - int(h.skip) // where bytes are to be skipped none wait
	h.skip, h.need = 0, 0
	w.pool.put(h.pending)
	h.pending = nil
	if c.app == nil {
		f.marks |= markMid
		return
	}
	if err := c.app.gap(dir, n); err != nil {
		w.giveUp(f)
	}
}
