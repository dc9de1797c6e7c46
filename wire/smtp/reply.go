package smtp

import "bytes"

// replyLine takes a line of the server.
func (c *Conversation) replyLine(p []byte, h Handler) (n int, err error) {
	if c.hole {
		if len(p) < 4 {
			return 0, nil
		}
		c.hole, c.skip[1] = false, number(p[:4]) == 0 // the rest of a line, or the beginning of one
	}
	line, n, long := c.line(1, p)
	if n == 0 || line == nil {
		return n, nil
	}
	if long {
		c.notice(TruncatedLine, h)
	}
	code := number(line)
	if len(line) == 0 {
		return n, nil
	}
	if code < 200 || code > 599 {
		c.notice(InvalidReply, h)
		if c.invalid++; c.invalid > maxInvalid {
			return n, ErrReplies
		}
		return n, nil
	}
	if !c.multi {
		c.text = c.text[:0]
	}
	text := bytes.TrimSpace(line[3:])
	c.multi = len(line) > 3 && line[3] == '-'
	if c.multi {
		text = text[1:]
	}
	if len(c.text) > 0 {
		c.text = append(c.text, '\n')
	}
	c.text = c.Space.Append(c.text, text[:min(len(text), max(maxText-len(c.text), 0))])
	c.extension(code, text)
	if c.multi {
		return n, nil
	}
	return n, c.reply(code, h)
}

// number is the number that a reply begins with; 0 when it begins with none.
func number(line []byte) int {
	if len(line) < 3 || len(line) > 3 && line[3] != ' ' && line[3] != '-' {
		return 0
	}
	n := 0
	for _, d := range line[:3] {
		if d < '0' || d > '9' {
			return 0
		}
		n = n*10 + int(d-'0')
	}
	return n
}

// extension notes what a server offers in its reply to EHLO (RFC 5321 §4.1.1.1).
func (c *Conversation) extension(code int, text []byte) {
	if code != 250 || len(c.queue) == 0 || c.queue[0].verb != helo {
		return
	}
	switch {
	case bytes.EqualFold(text, []byte("PIPELINING")):
		c.session.Pipelining = true
	case bytes.EqualFold(text, []byte("STARTTLS")):
		c.session.StartTLS = true
	}
}

// reply takes a whole reply.
func (c *Conversation) reply(code int, h Handler) error {
	c.session.Code, c.session.Text = code, c.text
	first := !c.welcomed
	c.welcomed = true
	if len(c.queue) == 0 {
		c.unasked(code, first, h)
		return nil
	}
	w := c.queue[0]
	if w.verb == auth && code == 334 {
		return nil // it goes on
	}
	c.queue = c.queue[:copy(c.queue, c.queue[1:])]
	return c.answer(w, code, h)
}

// unasked takes a reply that no command waits for: the banner, or a server that closes.
func (c *Conversation) unasked(code int, first bool, h Handler) {
	switch {
	case c.phase == inMessage && c.torn: // the end of the message was lost
		c.phase = commands
		t := c.transaction()
		c.ended(false, h)
		t.Code, t.Reply = code, c.Space.Append(t.Reply[:0], c.text)
		c.tell(t, h)
	case first && !c.deaf && (code == 220 || !c.Joined):
		c.banner = c.Space.Append(c.banner[:0], c.text)
		c.greeted = true
		c.notice(Greeted, h)
		if code != 220 {
			c.notice(InvalidReply, h)
		}
	case code == 421 || c.deaf || !c.greeted:
	default:
		c.notice(UnableToMatchReply, h)
	}
}

// answer takes the reply to a command.
func (c *Conversation) answer(w waiting, code int, h Handler) error {
	good := code < 400
	if t := w.t; t != nil && (w.verb == message || w.verb == lastBDAT || !good && w.verb != auth && w.verb != startTLS) {
		t.Code, t.Reply = code, c.Space.Append(t.Reply[:0], c.text)
	}
	switch w.verb {
	case helo:
		c.accepted(good, w.t, h)
	case mail:
		if w.t != nil {
			w.t.refused = !good
		}
	case rcpt:
		if w.t != nil && !good {
			w.t.Refused++
		}
	case data:
		c.dataReply(code, h)
	case message, lastBDAT:
		if w.t != nil && w.t.sent {
			c.tell(w.t, h)
		}
	case bdat:
	case rset:
		if w.t != nil && w.t.sent {
			c.tell(w.t, h)
		}
	case auth:
		c.signing = false
		c.notice(SignedOn, h)
	case startTLS:
		return c.secure(code, h)
	}
	return nil
}

// accepted takes the reply to EHLO: a transaction that was under way is given up (RFC 5321 §4.1.4).
func (c *Conversation) accepted(good bool, t *Transaction, h Handler) {
	if !good {
		return
	}
	if t != nil && t == c.cur && len(t.From) > 0 {
		c.tell(t, h)
	}
	if len(c.next) > 0 {
		c.helo = append(c.helo[:0], c.next...)
	}
}

func (c *Conversation) dataReply(code int, h Handler) {
	switch {
	case code == 354:
		if c.phase == afterData {
			c.phase = inMessage
		}
	default:
		c.notice(DataRejected, h)
		if c.phase == afterData {
			c.phase = commands
			if c.cur != nil {
				c.cur.HasMessage = false
			}
		}
	}
}

// secure takes the reply to STARTTLS.
func (c *Conversation) secure(code int, h Handler) error {
	if code != 220 {
		c.notice(TLSRejected, h)
		return nil
	}
	c.phase = secured
	c.notice(Secured, h)
	if c.cur != nil {
		c.tell(c.cur, h)
	}
	return ErrTLS
}
