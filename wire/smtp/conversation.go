package smtp

import (
	"bytes"

	"bulwark/wire"
	"bulwark/wire/sasl"
)

// verb is a command as far as it matters here.
type verb uint8

const (
	other verb = iota
	helo
	mail
	rcpt
	data
	message // not a command: the end of a message, which is answered too
	bdat
	lastBDAT
	rset
	quit
	startTLS
	auth
	known // another command that is known
)

// waiting is a command that waits for its reply.
type waiting struct {
	verb verb
	t    *Transaction // nil: it belongs to none
}

type phase uint8

const (
	commands  phase = iota
	afterData       // DATA was said, its reply was not seen
	inMessage
	inChunk
	secured
)

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	// Joined says that the connection was picked up in the middle: that there is no banner is no wonder.
	Joined bool
	// Space is where its buffers come from; it may be nil.
	Space *wire.Space

	session Session
	auth    sasl.Exchange
	banner  []byte
	helo    []byte
	next    []byte // who the client says it is now, until the server agrees
	text    []byte // of the reply at hand

	phase phase
	skip  [2]bool // the rest of a line that is too long or was lost
	queue []waiting
	room  [4]waiting // of queue, as long as it is enough
	cur   *Transaction
	open  []*Transaction // behind their message, or given up, and not told yet
	free  []*Transaction
	count int

	welcomed, greeted bool // a reply was seen; the banner is complete
	asked             bool // a command was seen
	deaf              bool // replies were lost
	hole              bool // right before what comes next
	signing           bool // an AUTH is under way
	multi             bool // within a reply of several lines
	torn              bool // octets of the message were lost: perhaps its end too
	invalid           int

	chunk  uint64 // octets of the chunk that are still to come
	last   bool   // it is the last one
	midway bool   // the chunk has ended within a line
	lines  dots
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for c.cur != nil || len(c.open) > 0 {
		c.drop()
	}
	free, queue := c.free, c.queue
	clear(queue)
	c.auth.Reset()
	*c = Conversation{Space: c.Space, auth: c.auth, banner: c.banner[:0], helo: c.helo[:0], next: c.next[:0], text: c.text[:0],
		queue: queue[:0], open: c.open[:0], free: free}
}

// drop forgets the oldest transaction.
func (c *Conversation) drop() {
	t := c.cur
	if len(c.open) > 0 {
		t = c.open[0]
		c.open = c.open[:copy(c.open, c.open[1:])]
	} else {
		c.cur = nil
	}
	c.recycle(t)
}

func (c *Conversation) recycle(t *Transaction) {
	for i := range c.queue {
		if c.queue[i].t == t {
			c.queue[i].t = nil
		}
	}
	clear(t.To)
	*t = Transaction{From: t.From[:0], To: t.To[:0], Reply: t.Reply[:0], kept: t.kept[:0]}
	if len(c.free) < maxOpen {
		c.free = append(c.free, t)
	}
}

// Decode reads one direction. It returns [ErrTLS] where TLS follows.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	c.session.Auth = &c.auth
	for done < len(p) {
		var n int
		was := c.phase
		switch {
		case dir == wire.ToClient:
			n, err = c.replyLine(p[done:], h)
		case c.phase == inMessage:
			n, need = c.body(p[done:], h)
		case c.phase == inChunk:
			n = c.chunked(p[done:], h)
		default:
			n, err = c.commandLine(p[done:], h)
		}
		done += n
		if err != nil {
			return done, 0, err
		}
		if n == 0 && c.phase == was {
			return done, need, nil
		}
	}
	return done, 0, nil
}

// line takes the next line of p: without its end, and how many bytes it is long with it. n is 0 when its end is not
// there yet; long says that only the beginning of a longer line is handed out.
func (c *Conversation) line(dir wire.Dir, p []byte) (line []byte, n int, long bool) {
	end := bytes.IndexByte(p, '\n')
	if c.skip[dir] {
		if end < 0 {
			return nil, len(p), false
		}
		c.skip[dir] = false
		return nil, end + 1, false
	}
	switch {
	case end >= maxLine:
		return p[:maxLine], end + 1, true
	case end >= 0:
		return trimEnd(p[:end+1]), end + 1, false
	case len(p) >= maxLine:
		c.skip[dir] = true
		return p[:maxLine], maxLine, true
	}
	return nil, 0, false
}

func trimEnd(p []byte) []byte {
	p = p[:len(p)-1]
	if n := len(p); n > 0 && p[n-1] == '\r' {
		p = p[:n-1]
	}
	return p
}

// Gap tells that n bytes were lost. What was lost of a message is told; of commands and replies the rest of the line
// is passed over.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	if dir == wire.ToClient {
		c.deaf, c.multi, c.hole = true, false, true
		if l := len(c.queue); l > 0 { // most clients wait for each reply: the next one is to their last command
			c.queue[0] = c.queue[l-1]
			clear(c.queue[1:])
			c.queue = c.queue[:1]
		}
		return nil
	}
	switch c.phase {
	case inMessage:
		c.lines.lost += n
		c.lines.inLine, c.torn = true, true
	case inChunk:
		if uint64(n) < c.chunk {
			c.chunk -= uint64(n)
			c.lines.lost += n
			return nil
		}
		c.lines.lost += int(c.chunk)
		c.chunk, c.phase, c.skip[dir], c.torn = 0, commands, true, c.last
	case secured:
		return wire.ErrLost
	default:
		c.skip[dir] = true
	}
	return nil
}

// Close tells what has not ended.
func (c *Conversation) Close(h Handler) {
	for len(c.open) > 0 {
		c.tell(c.open[0], h)
	}
	if t := c.cur; t != nil && t.begun {
		c.tell(t, h)
	}
}

// transaction is the one that commands belong to now, begun where there is none.
func (c *Conversation) transaction() *Transaction {
	if c.cur == nil {
		if l := len(c.free); l > 0 {
			c.cur = c.free[l-1]
			c.free = c.free[:l-1]
		} else {
			c.cur = new(Transaction)
			c.cur.From, c.cur.Reply, c.cur.kept = c.Space.Grow(nil, 32), c.Space.Grow(nil, 64), c.Space.Grow(nil, 64)
			c.cur.To = c.cur.room[:0]
		}
		c.count++
		c.cur.Number = c.count
	}
	c.cur.begun = true
	return c.cur
}

// part ends the transaction at hand as far as commands are concerned; it waits for replies.
func (c *Conversation) part(h Handler) {
	t := c.cur
	if t == nil {
		return
	}
	c.cur = nil
	t.sent = true
	if len(c.open) >= maxOpen {
		c.tell(c.open[0], h)
	}
	c.open = append(c.open, t)
}

// tell hands a transaction over and takes it back.
func (c *Conversation) tell(t *Transaction, h Handler) {
	t.Helo = c.helo
	h.Transaction(t)
	for i := range c.open {
		if c.open[i] == t {
			c.open = append(c.open[:i], c.open[i+1:]...)
			break
		}
	}
	if c.cur == t {
		c.cur = nil
	}
	c.recycle(t)
}

func (c *Conversation) notice(n Notice, h Handler) {
	c.session.Banner, c.session.Helo = c.banner, c.helo
	h.Notice(n, &c.session)
}

// Current is the transaction that is under way, or waits for replies; nil: none.
func (c *Conversation) Current() *Transaction {
	if c.cur == nil && len(c.open) > 0 {
		return c.open[len(c.open)-1]
	}
	return c.cur
}

// Helo is who the client says it is.
func (c *Conversation) Helo() []byte { return c.helo }

// Banner is what the server says of itself.
func (c *Conversation) Banner() []byte { return c.banner }

// Secured reports whether TLS follows.
func (c *Conversation) Secured() bool { return c.phase == secured }
