package engine

import "bulwark/wire/coding"

const (
	maxLayers = 3        // codings within one another that are unpacked
	smallBomb = 16 << 20 // bytes below which nothing is a bomb
)

// layer is one coding of a file that is packed, the outermost first.
type layer struct {
	c       *content
	place   int
	coding  coding.Coding
	decoder coding.Decoder

	head  []byte // what was fed before anything came out
	begun bool   // something came out, or there is too much to begin anew
	plain bool   // what it is fed is not packed as it is said to be: it is handed on
}

// maxHead is how many packed bytes are kept for the case that they turn out not to be packed as it is said, in bytes.
const maxHead = 4 << 10

// Unpacked takes what comes out of the layer.
func (l *layer) Unpacked(p []byte) bool {
	l.begun = true
	if l.place+1 < l.c.coded {
		l.c.feed(l.place+1, p)
	} else {
		l.c.unpacked(p)
	}
	return !l.c.stopped
}

// unpack prepares what the codings of a file ask for; those that are not known are passed over. A file for which there is
// no room is taken as it is, which is told.
func (c *content) unpack() {
	var room [maxLayers]coding.Coding
	list, _ := coding.Parse(room[:0], c.facts.Coding)
	if len(list) > maxLayers {
		c.cut = len(list) > maxLayers
		return
	}
	for i := range list {
		of := list[len(list)-1-i]
		d := c.w.files.packers.get(of)
		if d == nil {
			c.release()
			c.cut = true
			return
		}
		c.layers[i] = layer{c: c, place: i, coding: of, decoder: d, head: c.layers[i].head[:0]}
		c.coded++
	}
}

// release gives the decoders back.
func (c *content) release() {
	for i := range c.coded {
		c.w.files.packers.put(c.layers[i].coding, c.layers[i].decoder)
	}
	c.coded = 0
}

// feed hands packed bytes to layer i. Where they break its format before anything came out they are not packed that way:
// servers name codings that they do not apply, and browsers show what comes then.
func (c *content) feed(i int, p []byte) {
	l := &c.layers[i]
	switch {
	case l.plain:
		l.Unpacked(p)
	case c.w.files.packers.write(l.decoder, p, l):
		if l.begun = l.begun || len(l.head)+len(p) > maxHead; !l.begun {
			l.head = append(l.head, p...)
		}
	case l.begun || c.stopped:
		c.stopped, c.cut = true, true
	default:
		l.plain = true
		if len(l.head) > 0 {
			l.Unpacked(l.head)
		}
		l.Unpacked(p)
	}
}

// unpacked takes bytes that came out of the innermost layer, as far as the limits allow.
func (c *content) unpacked(p []byte) {
	l := &c.w.opt.Limits
	if room := uint64(l.Unpacked) - c.size; uint64(len(p)) > room {
		p = p[:room]
		c.stopped, c.cut = true, true
	}
	c.take(p)
	if c.size > smallBomb && c.size/uint64(l.Ratio) > c.packed {
		c.stopped, c.cut, c.bomb = true, true, true
	}
	if c.stopped {
		c.w.files.packers.stopped++
	}
}

// packers are the decoders of a worker, within a budget: those in use, and those that wait to be used again.
type packers struct {
	free    [coding.Codings][]coding.Decoder
	held    int // bytes of all of them
	limit   int
	refused uint64 // files that were not unpacked for want of room, since the last report
	stopped uint64 // files that were cut at a limit, since the last report
}

// get is a decoder; nil when there is no room for another.
func (s *packers) get(of coding.Coding) coding.Decoder {
	if l := len(s.free[of]); l > 0 {
		d := s.free[of][l-1]
		s.free[of] = s.free[of][:l-1]
		return d
	}
	d := of.New()
	if s.held+d.Memory() > s.limit {
		s.forget()
	}
	if s.held+d.Memory() > s.limit {
		s.refused++
		return nil
	}
	s.held += d.Memory()
	return d
}

// forget drops the decoders that are not in use.
func (s *packers) forget() {
	for of := range s.free {
		for i, d := range s.free[of] {
			s.held -= d.Memory()
			s.free[of][i] = nil
		}
		s.free[of] = s.free[of][:0]
	}
}

// put takes a decoder back.
func (s *packers) put(of coding.Coding, d coding.Decoder) {
	before := d.Memory()
	d.Reset()
	s.held += d.Memory() - before
	s.free[of] = append(s.free[of], d)
}

// write unpacks p, and reports false where that fails or takes more memory than there is.
func (s *packers) write(d coding.Decoder, p []byte, to coding.Sink) bool {
	before := d.Memory()
	err := d.Write(p, to)
	s.held += d.Memory() - before
	return err == nil && s.held <= s.limit
}
