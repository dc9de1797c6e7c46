package pop3

import "bytes"

// status reads how a line answers, and what follows.
func status(line []byte) (s Status, header []byte) {
	switch {
	case bytes.HasPrefix(line, []byte("+OK")):
		return OK, bytes.TrimLeft(line[3:], " ")
	case bytes.HasPrefix(line, []byte("-ERR")):
		return Err, bytes.TrimLeft(line[4:], " ")
	case len(line) > 0 && line[0] == '+' && (len(line) == 1 || line[1] == ' '):
		return Continue, bytes.TrimLeft(line[1:], " ")
	}
	return 0, nil
}

// reply takes a line of the server.
func (c *Conversation) reply(p []byte, h Handler) (n int, err error) {
	line, n := c.line(1, p)
	if n == 0 || line == nil {
		return n, nil
	}
	if c.list != nil {
		c.listLine(line, h)
		return n, nil
	}
	s, header := status(line)
	if s == 0 {
		if c.invalid++; c.invalid > maxInvalid && !c.deaf {
			return n, ErrReplies
		}
		return n, nil
	}
	if n > longReply {
		h.Notice(ResponseTooLong)
	}
	if c.deaf { // clients wait for each reply: this one is to their last command
		c.deaf = false
		for len(c.waiting) > 1 {
			c.over(c.waiting[0], h)
		}
	}
	return n, c.answered(s, header, h)
}

// answered takes the first line of a reply.
func (c *Conversation) answered(s Status, header []byte, h Handler) error {
	first := !c.greeted
	c.greeted = true
	if len(c.waiting) == 0 {
		x := c.exchange()
		x.take(s, header)
		x.Whole = true
		if !first {
			c.recycle(x)
			return nil
		}
		c.over(x, h)
		return nil
	}
	x := c.waiting[0]
	x.take(s, header)
	tls := s == OK && string(x.Command) == "STLS"
	if c.signing {
		c.asked = s == Continue
	}
	c.signOn(x, h)
	if s == OK && x.multi {
		c.list, c.inLine = x, false
		return nil
	}
	x.Whole = true
	c.over(x, h)
	if tls {
		c.secured = true
		return ErrTLS
	}
	return nil
}

func (x *Exchange) take(s Status, header []byte) {
	at := len(x.kept)
	x.kept = append(x.kept, header...)
	x.Status, x.Header = s, x.kept[at:len(x.kept):len(x.kept)]
}

// listLine takes a line of a list.
func (c *Conversation) listLine(line []byte, h Handler) {
	x := c.list
	if len(line) > 0 && line[0] == '.' {
		if len(line) == 1 {
			c.listed(h)
			return
		}
		line = line[1:]
	}
	if len(x.Data) < maxData && len(x.kept)+len(line) <= maxText {
		at := len(x.kept)
		x.kept = append(x.kept, line...)
		x.Data = append(x.Data, x.kept[at:len(x.kept):len(x.kept)])
	}
}

// signOn judges the replies to what signs on.
func (c *Conversation) signOn(x *Exchange, h Handler) {
	s := &c.attempt
	*s = SignOn{User: c.user, Granted: x.Status == OK, Reply: x.Header}
	switch string(x.Command) {
	case "USER":
		if x.Status == OK {
			return
		}
		s.Mechanism = []byte("USER")
	case "PASS":
		s.Mechanism, s.Clear = []byte("USER"), true
	case "APOP":
		s.Mechanism = x.Command
	case "AUTH", "<SASL DATA>":
		if !c.signing || x.Status == Continue {
			return
		}
		c.signing = false
		s.Mechanism, s.User, s.Domain, s.Clear = c.auth.Mechanism, c.auth.User, c.auth.Domain, c.auth.Clear
	default:
		return
	}
	h.SignOn(s)
}
