package smb

import "bulwark/wire"

// ContentHandler is a [Handler] that wants what is read from and written to files and pipes too.
type ContentHandler interface {
	Handler
	// Content is called with each part of what is read or written, in the order of the wire. It is valid during the call.
	Content(p *Piece)
}

// Piece is a part of what one READ or WRITE, or a call through a pipe, carries. A message may be carried in many pieces.
type Piece struct {
	File   *File
	Dir    wire.Dir // ToServer: written
	Offset uint64   // of Bytes in the file; in a pipe, in the message
	Bytes  []byte
	Lost   int  // bytes of the message that were lost right before these
	First  bool // of the message
	Last   bool // the message ends with it; not told where its end was lost
	// Early says that what comes before it in the file has been asked for too, and is not here yet: servers answer in
	// any order.
	Early bool
	// Message is what carries it, with the first piece; nil with others.
	Message *Transaction
}

// content is what the message in hand of a side carries.
type content struct {
	file   ref
	offset uint64
	at     int // where it begins in its command, until it has begun
	left   int // bytes to come
	tail   int // bytes of the command behind it
	lost   int
	begun  bool
	early  bool
}

// carry says that the command in hand holds n bytes of a file's or a pipe's content, at a place in the command.
func (s *side) carry(file ref, offset uint64, at, n int) {
	if n > 0 && file.file != nil {
		s.content = content{file: file, offset: offset, at: at, left: n}
	}
}

// early says whether bytes of a file before a place are asked for and not here yet.
func (t *tables) early(file ref, offset uint64) bool {
	for i := range t.waiting {
		if w := &t.waiting[i]; w.command == Read && w.file == file && w.offset < offset {
			return true
		}
	}
	return false
}

// contents ends a command of which p is there. It hands over the content in p, and returns how many of the command's
// bytes are done with: all, unless content goes on behind p.
func (c *Conversation) contents(s *side, p []byte, length int, to told) int {
	x := &s.content
	if x.left == 0 || to.c == nil || x.at >= length {
		s.content = content{}
		return s.end(length)
	}
	x.early = x.offset > 0 && s.dir == wire.ToClient && c.tables.early(x.file, x.offset)
	x.left = min(x.left, length-x.at)
	x.tail = length - x.at - x.left
	here := part(p, x.at, x.left)
	if len(here) > 0 {
		c.piece(s, here, to)
	}
	if x.left == 0 {
		return s.end(length)
	}
	return s.end(x.at + len(here))
}

// stream hands over content that goes on.
func (c *Conversation) stream(s *side, p []byte, to told) int {
	n := min(len(p), s.content.left)
	c.piece(s, p[:n], to)
	if s.content.left == 0 {
		n += s.content.tail
	}
	return s.end(n)
}

// piece hands over p.
func (c *Conversation) piece(s *side, p []byte, to told) {
	x := &s.content
	f := x.file.get()
	if f != nil && to.c != nil {
		c.pieces = Piece{File: f, Dir: s.dir, Offset: x.offset, Bytes: p, Lost: x.lost, First: !x.begun, Last: len(p) == x.left, Early: x.early}
		if !x.begun {
			c.pieces.Message = &c.transaction
		}
		to.c.Content(&c.pieces)
	}
	x.offset += uint64(len(p))
	x.left -= len(p)
	x.lost, x.begun = 0, true
}

// gap passes over content that was lost, and says how many of the n bytes that was.
func (s *side) gap(n int) int {
	x := &s.content
	n = min(n, x.left)
	x.lost += n
	x.offset += uint64(n)
	x.left -= n
	s.left -= n
	return n
}
