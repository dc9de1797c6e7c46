// Package frames cuts what a conversation sends into the parts that rules name by the keyword frame (Suricata User Guide,
// "Frame Keywords"): records, their headers, their data. It reads nothing of them but where they begin and end.
package frames

import (
	"slices"
	"strings"

	"bulwark/wire"
)

// maxHeld is how many bytes of one unit are kept until all of it is there, in bytes; of a longer one its beginning is shown.
const maxHeld = 64 << 10

// Frame is a part of what a side sends. Its bytes are valid during the call.
type Frame struct {
	Name   string // with the protocol before it: tls.pdu
	Bytes  []byte // those that were seen
	Length uint64 // of the whole part, in bytes
	Offset uint64 // in the stream of its direction; of a datagram in it
	ID     uint64 // among the parts of its direction; the whole stream is the first, 1
}

// Cutter cuts the bytes of one conversation. Make it with [New].
type Cutter struct {
	kind  *kind
	sides [2]side
	lines lines
	rpc   rpc
	show  func(dir wire.Dir, f *Frame)

	stream bool     // the unit in hand is of one
	dir    wire.Dir // and its direction
	at     uint64   // where in that it begins
}

// side is one direction.
type side struct {
	held  []byte // begin of a unit
	total uint64 // bytes before held
	skip  uint64 // bytes to go of a unit that was shown
	id    uint64
	lost  bool // where the next unit begins is not known
}

// kind is how a protocol is cut: size is how long the unit at the beginning of p is, 0 where more bytes are needed to tell
// and negative where it is none; parts shows the parts of a unit.
type kind struct {
	names []string // of its frames, after the protocol; where size is nil its decoder shows them
	size  func(c *Cutter, p []byte) int
	parts func(c *Cutter, p []byte, size int)
}

// New is a cutter for the protocol app, by its name in EVE, that shows frames; nil where none are known of it.
func New(app string, show func(dir wire.Dir, f *Frame)) *Cutter {
	k := kinds[app]
	if k == nil || k.size == nil {
		return nil
	}
	return &Cutter{kind: k, show: show, sides: [2]side{{id: 1}, {id: 1}}}
}

// Turn makes c cut another protocol from here on; it reports whether any frames are known of it.
func (c *Cutter) Turn(app string) bool {
	k := kinds[app]
	if k == nil || k.size == nil {
		return false
	}
	c.kind, c.lines, c.rpc = k, lines{}, rpc{}
	for d := range c.sides {
		s := &c.sides[d]
		s.total += uint64(len(s.held))
		s.held, s.skip, s.lost = nil, 0, false
	}
	return true
}

// Take cuts the next bytes of a direction.
func (c *Cutter) Take(dir wire.Dir, p []byte) {
	s := &c.sides[dir]
	if n := min(s.skip, uint64(len(p))); n > 0 {
		s.skip -= n
		s.total += n
		p = p[n:]
	}
	if s.lost || len(p) == 0 {
		s.total += uint64(len(p))
		return
	}
	if len(s.held) > 0 {
		s.held = append(s.held, p...)
		p = s.held
	}
	for len(p) > 0 && !s.lost {
		n := c.one(dir, p)
		if n == 0 {
			break
		}
		if n > len(p) {
			s.skip = uint64(n - len(p))
			n = len(p)
		}
		s.total += uint64(n)
		p = p[n:]
	}
	if s.lost {
		s.total += uint64(len(p))
		p = nil
	}
	s.held = append(s.held[:0], p...)
}

// one shows the unit at the beginning of p. It returns its length, which may be more than p; 0 where more is needed.
func (c *Cutter) one(dir wire.Dir, p []byte) int {
	s := &c.sides[dir]
	c.stream, c.dir, c.at = true, dir, s.total
	n := c.kind.size(c, p)
	switch {
	case n < 0, n == 0 && len(p) >= maxHeld:
		s.lost = true
		return 0
	case n == 0 || n > len(p) && len(p) < maxHeld:
		return 0
	}
	c.kind.parts(c, p[:min(n, len(p))], n)
	return n
}

// Datagram cuts a datagram.
func (c *Cutter) Datagram(dir wire.Dir, p []byte) {
	c.stream, c.dir, c.at = false, dir, 0
	for len(p) > 0 {
		n := c.kind.size(c, p)
		if n <= 0 || n > len(p) {
			return
		}
		c.kind.parts(c, p[:n], n)
		c.at += uint64(n)
		p = p[n:]
	}
}

// Lose tells that n bytes of a direction were lost: what follows of it is not cut.
func (c *Cutter) Lose(dir wire.Dir, n int) {
	s := &c.sides[dir]
	s.total += uint64(n) + uint64(len(s.held))
	s.held = nil
	if uint64(n) > s.skip {
		s.lost = true
		return
	}
	s.skip -= uint64(n)
}

// part shows the bytes of a unit from one place up to another, as far as they are there.
func (c *Cutter) part(name string, p []byte, from, to int) {
	if to <= from || from > len(p) {
		return
	}
	s := &c.sides[c.dir]
	s.id++
	c.show(c.dir, &Frame{Name: name, Bytes: p[from:min(to, len(p))], Length: uint64(to - from), Offset: c.at + uint64(from), ID: s.id})
}

// whole shows a unit, its head and what follows that: NAME.pdu, NAME.hdr, NAME.data.
func (c *Cutter) whole(names [3]string, p []byte, head, size int) {
	c.part(names[0], p, 0, size)
	c.part(names[1], p, 0, head)
	c.part(names[2], p, head, size)
}

// Known reports whether name, with its protocol before it, is a frame that is shown.
func Known(name string) bool {
	app, rest, _ := strings.Cut(name, ".")
	k := kinds[app]
	return k != nil && slices.Contains(k.names, rest)
}
