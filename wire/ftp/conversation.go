package ftp

import (
	"bytes"

	"bulwark/wire"
)

// Conversation is one control connection. Its zero value is ready.
type Conversation struct {
	// Space is where its buffers come from; it may be nil.
	Space *wire.Space
	// Exchanges is where its exchanges come from, and go back to; nil: it makes a stock of its own.
	Exchanges *wire.Stock[Exchange]

	// MaxLine is how many bytes of a line are read; 0: [MaxLine].
	MaxLine int
	// TooMany says that more commands wait for their replies than are kept; the oldest were told as they were.
	TooMany bool

	skip    [2]bool // the rest of a line that is too long or was lost
	hole    [2]bool // bytes were lost right before what comes next
	waiting []*Exchange
	room    [2]*Exchange // of waiting, as long as it is enough
	unasked *Exchange    // a reply of several lines that no command waits for
	count   int
	multi   int // number of the reply of several lines that has begun; 0: none
	invalid int

	user      []byte
	tried     bool // a password was sent
	anonymous bool
	secured   bool

	transfer Transfer // handed out
	attempt  SignOn
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for _, x := range c.waiting {
		c.recycle(x)
	}
	if c.unasked != nil {
		c.recycle(c.unasked)
	}
	clear(c.waiting)
	*c = Conversation{Space: c.Space, Exchanges: c.Exchanges, waiting: c.waiting[:0], user: c.user[:0]}
}

func (c *Conversation) exchange() *Exchange {
	x := c.stock().Take()
	if cap(x.kept) == 0 { // a new one
		x.kept, x.Command, x.Data = c.Space.Grow(nil, 128), c.Space.Grow(nil, 8), c.Space.Grow(nil, 32)
		x.Codes, x.Replies = x.room.codes[:0], x.room.replies[:0]
	}
	c.count++
	x.Number = c.count
	return x
}

func (c *Conversation) recycle(x *Exchange) {
	x.reset()
	if cap(x.kept) <= maxText {
		c.stock().Give(x)
	}
}

func (c *Conversation) stock() *wire.Stock[Exchange] {
	if c.Exchanges == nil {
		c.Exchanges = new(wire.Stock[Exchange])
	}
	return c.Exchanges
}

// Anonymous reports whether the name is the one that everybody may use.
func (c *Conversation) Anonymous() bool { return c.anonymous }

// Decode reads one direction. It returns [ErrTLS] where TLS follows.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for done < len(p) {
		if c.secured || dir == wire.ToServer && c.securedUnheard(p[done:]) {
			return done, 0, ErrTLS
		}
		line, n, long := c.line(dir, p[done:])
		if n == 0 {
			return done, 0, nil
		}
		done += n
		switch {
		case line == nil:
		case dir == wire.ToServer:
			c.command(line, long, h)
		default:
			err = c.reply(line, long, h)
		}
		if err != nil {
			return done, 0, err
		}
	}
	return done, 0, nil
}

// line takes the next line of p: without its end, and how many bytes it is long with it. n is 0 when its end is not
// there yet; long says that only the beginning of a longer line is handed out.
func (c *Conversation) line(dir wire.Dir, p []byte) (line []byte, n int, long bool) {
	limit := c.MaxLine
	if limit <= 0 || limit > wire.MaxPending/2 {
		limit = MaxLine
	}
	end := bytes.IndexByte(p, '\n')
	if c.hole[dir] {
		if len(p) < 4 && end < 0 {
			return nil, 0, false
		}
		c.hole[dir] = false
		c.skip[dir] = !starts(dir, p)
	}
	if c.skip[dir] {
		if end < 0 {
			return nil, len(p), false
		}
		c.skip[dir] = false
		return nil, end + 1, false
	}
	switch {
	case end >= limit:
		return p[:limit], end + 1, true
	case end >= 0:
		return bytes.TrimRight(p[:end], "\r"), end + 1, false
	case len(p) >= limit:
		c.skip[dir] = true
		return p[:limit], limit, true
	}
	return nil, 0, false
}

// starts reports whether p looks like the beginning of a line.
func starts(dir wire.Dir, p []byte) bool {
	if dir == wire.ToClient {
		return len(p) >= 4 && number(p) > 0 && (p[3] == ' ' || p[3] == '-')
	}
	for i := 0; i < min(3, len(p)); i++ {
		if p[i]|0x20 < 'a' || p[i]|0x20 > 'z' {
			return false
		}
	}
	return len(p) >= 3
}

// Gap tells that n bytes were lost.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	if c.secured {
		return wire.ErrLost
	}
	c.hole[dir] = true
	if dir == wire.ToClient {
		c.multi = 0
		if l := len(c.waiting); l > 1 { // clients wait for each reply: the next one is to their last command
			for _, x := range c.waiting[:l-1] {
				c.recycle(x)
			}
			c.waiting[0] = c.waiting[l-1]
			clear(c.waiting[1:])
			c.waiting = c.waiting[:1]
		}
	}
	return nil
}

// Close tells what has no reply.
func (c *Conversation) Close(h Handler) {
	for _, x := range c.waiting {
		h.Exchange(x)
		c.recycle(x)
	}
	clear(c.waiting)
	c.waiting = c.waiting[:0]
	if c.unasked != nil {
		h.Exchange(c.unasked)
		c.recycle(c.unasked)
		c.unasked = nil
	}
}
