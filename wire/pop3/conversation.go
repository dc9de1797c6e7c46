package pop3

import (
	"bytes"

	"bulwark/wire"
)

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for _, x := range c.waiting {
		c.recycle(x)
	}
	clear(c.waiting)
	c.auth.Reset()
	*c = Conversation{Space: c.Space, Exchanges: c.Exchanges, waiting: c.waiting[:0], user: c.user[:0], auth: c.auth}
}

func (c *Conversation) exchange() *Exchange {
	x := c.stock().Take()
	if cap(x.kept) == 0 { // a new one
		x.Command, x.kept = c.Space.Grow(nil, 8), c.Space.Grow(nil, 128)
		x.Args, x.Data = x.room.args[:0], x.room.data[:0]
	}
	c.count++
	x.Number = c.count
	return x
}

func (c *Conversation) recycle(x *Exchange) {
	x.reset()
	c.stock().Give(x)
}

func (c *Conversation) stock() *wire.Stock[Exchange] {
	if c.Exchanges == nil {
		c.Exchanges = new(wire.Stock[Exchange])
	}
	return c.Exchanges
}

// Decode reads one direction. It returns [ErrTLS] where TLS follows.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	for done < len(p) {
		var n int
		switch {
		case c.secured:
			return done, 0, ErrTLS
		case dir == wire.ToServer:
			n, err = c.ask(p[done:], h)
		case c.list != nil && c.list.text:
			n = c.message(p[done:], h)
		default:
			n, err = c.reply(p[done:], h)
		}
		done += n
		if err != nil || n == 0 {
			return done, 0, err
		}
	}
	return done, 0, nil
}

// line takes the next line of p: without its end, and how many bytes it is long with it. n is 0 when its end is not
// there yet; of a line that is too long the beginning is handed out.
func (c *Conversation) line(dir wire.Dir, p []byte) (line []byte, n int) {
	end := bytes.IndexByte(p, '\n')
	if c.skip[dir] {
		if end < 0 {
			return nil, len(p)
		}
		c.skip[dir] = false
		return nil, end + 1
	}
	switch {
	case end >= maxLine:
		return p[:maxLine], end + 1
	case end >= 0:
		return bytes.TrimRight(p[:end], "\r"), end + 1
	case len(p) >= maxLine:
		c.skip[dir] = true
		return p[:maxLine], maxLine
	}
	return nil, 0
}

// Gap tells that n bytes were lost.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	switch {
	case c.secured:
		return wire.ErrLost
	case dir == wire.ToServer:
		c.skip[dir] = true
	case c.list != nil && c.list.text:
		c.lost += n
		c.inLine = true
	default:
		c.skip[dir], c.deaf = true, true
	}
	return nil
}

// Close tells what has no reply, or not all of it.
func (c *Conversation) Close(h Handler) {
	for _, x := range c.waiting {
		h.Exchange(x)
		c.recycle(x)
	}
	clear(c.waiting)
	c.waiting, c.list = c.waiting[:0], nil
}

// message takes octets of a message up to the line with a dot alone, and undoes the doubled dots (RFC 1939 §3).
func (c *Conversation) message(p []byte, h Handler) int {
	x := c.list
	from, i := 0, 0
	for i < len(p) {
		if !c.inLine && p[i] == '.' {
			k := bytes.IndexByte(p[i:], '\n')
			switch {
			case k < 0 && len(p)-i < 3:
				c.give(x, p[from:i], h)
				return i // what follows the dot tells
			case k >= 0 && len(bytes.TrimRight(p[i:i+k], "\r")) == 1:
				c.give(x, p[from:i], h)
				c.listed(h)
				return i + k + 1
			}
			c.give(x, p[from:i], h)
			i++
			from, c.inLine = i, true
			continue
		}
		k := bytes.IndexByte(p[i:], '\n')
		if c.inLine = k < 0; c.inLine {
			i = len(p)
			break
		}
		i += k + 1
	}
	c.give(x, p[from:i], h)
	return i
}

func (c *Conversation) give(x *Exchange, p []byte, h Handler) {
	if len(p) == 0 {
		return
	}
	x.Size += uint64(len(p) + c.lost)
	h.Body(x, p, c.lost)
	c.lost = 0
}

// listed ends a reply of several lines.
func (c *Conversation) listed(h Handler) {
	x := c.list
	x.Whole = true
	c.list, c.lost, c.inLine = nil, 0, false
	c.over(x, h)
}

// over tells of an exchange whose reply was seen.
func (c *Conversation) over(x *Exchange, h Handler) {
	h.Exchange(x)
	for i := range c.waiting {
		if c.waiting[i] == x {
			c.waiting = append(c.waiting[:i], c.waiting[i+1:]...)
			break
		}
	}
	c.recycle(x)
}
