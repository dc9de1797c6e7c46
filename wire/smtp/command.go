package smtp

import (
	"bytes"
	"strconv"
)

// commandLine takes a line of the client.
func (c *Conversation) commandLine(p []byte, h Handler) (n int, err error) {
	if c.phase == secured || c.securedUnheard(p) {
		return 0, ErrTLS
	}
	line, n, long := c.line(0, p)
	if n == 0 || line == nil {
		return n, nil
	}
	v, arg := cut(line)
	switch {
	case c.signing && (v == other || string(line) == "*"):
		c.auth.Respond(line)
		return n, nil
	case c.phase == afterData && (c.session.Pipelining || c.deaf || !c.welcomed || v == other):
		c.phase = inMessage // the reply was not seen
		return 0, nil
	}
	c.phase = commands
	if c.torn {
		c.ended(false, h)
	}
	if !c.asked && !c.welcomed && !c.deaf && !c.Joined {
		c.transaction()
		c.notice(NoWelcome, h)
	}
	c.asked = true
	if c.midway && v == other {
		c.notice(ChunkExceeded, h)
	}
	c.midway = false
	switch {
	case long:
		c.transaction()
		c.notice(TruncatedLine, h)
	case len(line) > longCommand && v != auth:
		c.notice(LongCommand, h)
	}
	c.command(v, arg, line, h)
	return n, nil
}

// securedUnheard reports whether p begins TLS though the reply to STARTTLS was not seen.
func (c *Conversation) securedUnheard(p []byte) bool {
	l := len(c.queue)
	return l > 0 && c.queue[l-1].verb == startTLS && len(p) > 1 && p[0] == 0x16 && p[1] == 3
}

// cut is the verb of a line and what follows it.
func cut(line []byte) (v verb, arg []byte) {
	var up [9]byte
	n := copy(up[:], line)
	for i := range up[:n] {
		if 'a' <= up[i] && up[i] <= 'z' {
			up[i] -= 0x20
		}
	}
	for i := range verbs {
		name := verbs[i].name
		if n >= len(name) && string(up[:len(name)]) == name {
			return verbs[i].verb, line[len(name):]
		}
	}
	return other, nil
}

var verbs = [...]struct {
	name string
	verb verb
}{
	{"EHLO", helo}, {"HELO", helo}, {"LHLO", helo}, {"MAIL FROM", mail}, {"RCPT TO", rcpt}, {"DATA", data}, {"BDAT", bdat},
	{"RSET", rset}, {"QUIT", quit}, {"STARTTLS", startTLS}, {"AUTH ", auth}, {"NOOP", known}, {"VRFY", known},
	{"EXPN", known}, {"HELP", known}, {"ETRN", known}, {"MAIL ", known}, {"RCPT ", known},
}

func (c *Conversation) command(v verb, arg, line []byte, h Handler) {
	w := waiting{verb: v}
	switch v {
	case helo:
		c.hello(arg, line[0]|0x20 != 'h', h)
	case mail:
		c.sender(arg, h)
	case rcpt:
		c.recipient(arg)
	case data:
		c.transaction().HasMessage = true
		c.phase = afterData
	case bdat:
		w.verb = c.beginChunk(arg, h)
	case auth:
		mechanism, initial, _ := bytes.Cut(bytes.TrimSpace(arg), []byte{' '})
		c.auth.Begin(mechanism, initial)
		c.signing = true
	}
	if v != rset && v != quit && (c.count == 0 || c.cur != nil) {
		c.transaction()
	}
	w.t = c.cur
	c.push(w, h)
	switch {
	case w.verb == rset && c.cur != nil && c.cur.has():
		c.part(h)
	case w.verb == lastBDAT && c.phase == commands: // of no octets
		c.ended(true, h)
	}
}

// has reports whether a sender, a recipient or a message is known.
func (t *Transaction) has() bool { return len(t.From) > 0 || len(t.To) > 0 || t.HasMessage }

// push puts a command into the queue of those that wait for replies.
func (c *Conversation) push(w waiting, h Handler) {
	if l := len(c.queue); l > 0 && (c.queue[l-1].verb == startTLS || c.queue[l-1].verb == data) {
		c.notice(InvalidPipelining, h) // RFC 2920 §3.1: these must be the last of a group
	}
	if c.deaf && w.verb != message {
		clear(c.queue)
		c.queue = c.queue[:0]
		c.deaf = false
	}
	if len(c.queue) >= maxQueue {
		c.queue = c.queue[:copy(c.queue, c.queue[1:])]
	}
	if cap(c.queue) == 0 {
		c.queue = c.room[:0]
	}
	c.queue = append(c.queue, w)
}

// hello takes EHLO or HELO. Another one counts once the server agrees (RFC 5321 §4.1.4).
func (c *Conversation) hello(arg []byte, extended bool, h Handler) {
	c.transaction()
	c.next = c.Space.Append(c.next[:0], word(arg))
	if len(c.helo) == 0 {
		c.helo = c.Space.Append(c.helo[:0], c.next)
	}
	c.session.Extended = extended
}

func (c *Conversation) sender(arg []byte, h Handler) {
	t := c.transaction()
	if len(t.From) > 0 && !t.refused {
		c.notice(DuplicateFields, h)
		return
	}
	t.From = c.Space.Append(t.From[:0], path(arg))
	t.refused = false
}

func (c *Conversation) recipient(arg []byte) {
	t := c.transaction()
	p := path(arg)
	if len(t.To) >= maxRecipients || len(t.kept)+len(p) > maxKept {
		return
	}
	at := len(t.kept)
	t.kept = c.Space.Append(t.kept, p)
	t.To = append(t.To, t.kept[at:len(t.kept):len(t.kept)])
}

// path is the address behind MAIL FROM and RCPT TO: up to the blank before the parameters.
func path(arg []byte) []byte { return word(bytes.TrimPrefix(bytes.TrimLeft(arg, " "), []byte{':'})) }

// word is the first word of p.
func word(p []byte) []byte {
	p = bytes.TrimLeft(p, " ")
	if i := bytes.IndexByte(p, ' '); i >= 0 {
		p = p[:i]
	}
	return p
}

// beginChunk takes BDAT SIZE [LAST] (RFC 3030 §2).
func (c *Conversation) beginChunk(arg []byte, h Handler) verb {
	size, rest, _ := bytes.Cut(bytes.TrimSpace(arg), []byte{' '})
	n, err := strconv.ParseUint(string(size[:min(len(size), 20)]), 10, 62)
	rest = bytes.TrimSpace(rest)
	last := bytes.EqualFold(rest, []byte("LAST"))
	if err != nil || len(rest) > 0 && !last || len(arg) == 0 || arg[0] != ' ' {
		c.transaction()
		c.notice(BadChunk, h)
		return known
	}
	t := c.transaction()
	t.HasMessage = true
	c.chunk, c.last = n, last
	if n > 0 {
		c.phase = inChunk
	}
	if last {
		return lastBDAT
	}
	return bdat
}

// chunked takes octets of a chunk.
func (c *Conversation) chunked(p []byte, h Handler) int {
	p = p[:min(uint64(len(p)), c.chunk)]
	c.chunk -= uint64(len(p))
	t := c.transaction()
	c.hand(t, p, h)
	if c.chunk == 0 {
		c.phase = commands
		c.midway = p[len(p)-1] != '\n'
		if c.last {
			c.ended(true, h)
		}
	}
	return len(p)
}

func (c *Conversation) hand(t *Transaction, p []byte, h Handler) {
	t.Size += uint64(len(p) + c.lines.lost)
	h.Body(t, p, c.lines.lost)
	c.lines.lost = 0
}

// ended takes the end of a message.
func (c *Conversation) ended(whole bool, h Handler) {
	t := c.transaction()
	t.Whole = whole
	t.Size += uint64(c.lines.lost)
	h.Body(t, nil, c.lines.lost)
	c.lines, c.torn = dots{}, false
	c.part(h)
}
