package mysql

import (
	"bulwark/wire"
	"bulwark/wire/coding"
)

const (
	head       = 4         // of a packet: its length, least significant byte first, and its number
	packedHead = 7         // of a packed one: its length, its number, and its length unpacked
	full       = 1<<24 - 1 // the length of a packet that another goes on with
	rest       = 1 << 62
)

// side is the packet of one direction that is being read.
type side struct {
	head [head]byte
	got  int // bytes of head
	size int
	left int    // bytes that are still to come
	want int    // how many are kept
	p    []byte // those that are
	told bool   // it was looked at: the rest is passed over
	more bool   // it goes on with the one before it
	lost bool   // where a packet begins is not known
	bag  bag
}

// bag is the packed packet of one direction that is being read.
type bag struct {
	head   [packedHead]byte
	got    int
	left   int // packed bytes that are still to come
	room   int // bytes that may still come out
	plain  bool
	opener coding.Decoder
}

func length(p []byte) int { return int(p[0]) | int(p[1])<<8 | int(p[2])<<16 }

// feed reads p up to the end of a packet, or all of it.
func (c *Conversation) feed(dir wire.Dir, p []byte, h Handler) (done int, err error) {
	s := &c.sides[dir]
	if s.got < head {
		n := copy(s.head[s.got:], p)
		s.got += n
		if s.got < head {
			return n, nil
		}
		s.size, s.p, s.told = length(s.head[:]), s.p[:0], s.more
		s.left, s.want, done = s.size, min(s.size, looked(dir, c.phase)), n
	}
	r := p[done:]
	n := min(len(r), s.left)
	s.left -= n
	done += n
	if !s.told {
		s.p = c.Space.Append(s.p, r[:min(n, s.want-len(s.p))])
		if len(s.p) == s.want {
			s.told = true
			err = c.packet(dir, s, h)
		}
	}
	if s.left == 0 {
		s.got, s.more = 0, s.size == full
	}
	return done, err
}

// looked is how many bytes of a packet are looked at.
func looked(dir wire.Dir, ph phase) int {
	switch {
	case dir == wire.ToServer && ph >= commands:
		return maxStatement + 64
	case ph == rows || ph == columns || ph == definitions:
		return 64
	}
	return 8 << 10
}

// unpack reads packed packets (CLIENT_COMPRESS): what comes out of them are packets again, which need not end with them.
func (c *Conversation) unpack(dir wire.Dir, p []byte, h Handler) (done int, err error) {
	b := &c.sides[dir].bag
	if b.got < packedHead {
		n := copy(b.head[b.got:], p)
		if b.got += n; b.got < packedHead {
			return n, nil
		}
		done = n
		b.left, b.room = length(b.head[:]), length(b.head[head:])
		if b.plain = b.room == 0; !b.plain {
			if b.opener == nil {
				b.opener = c.coding().New()
			}
			b.opener.Reset()
		}
	}
	r := p[done:][:min(len(p)-done, b.left)]
	b.left -= len(r)
	done += len(r)
	out := outlet{c: c, dir: dir, h: h}
	if b.plain {
		out.Unpacked(r)
	} else if err = b.opener.Write(r, &out); err != nil {
		return done, ErrPacket
	}
	if b.left == 0 {
		b.got = 0
	}
	return done, out.err
}

func (c *Conversation) coding() coding.Coding {
	if c.caps&capCompress == 0 {
		return coding.Zstd
	}
	return coding.Deflate
}

// outlet takes what comes out of a packed packet.
type outlet struct {
	c   *Conversation
	dir wire.Dir
	h   Handler
	err error
}

// Unpacked reads the packets in p.
func (o *outlet) Unpacked(p []byte) bool {
	b := &o.c.sides[o.dir].bag
	if !b.plain {
		if b.room -= len(p); b.room < 0 {
			o.err = ErrPacket
		}
	}
	for len(p) > 0 && o.err == nil && o.c.phase != over {
		var n int
		n, o.err = o.c.feed(o.dir, p, o.h)
		p = p[n:]
	}
	return o.err == nil
}
