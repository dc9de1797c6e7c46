package ftp

import "bytes"

// number is the number that a line begins with; 0 when it begins with none.
func number(p []byte) int {
	if len(p) < 3 {
		return 0
	}
	n := 0
	for _, d := range p[:3] {
		if d < '0' || d > '9' {
			return 0
		}
		n = n*10 + int(d-'0')
	}
	return n
}

// reply takes a line of the server. A reply of several lines ends with its number and a blank (RFC 959 §4.2).
func (c *Conversation) reply(line []byte, long bool, h Handler) error {
	code := number(line)
	if c.multi == 0 && (code < 100 || code > 699 || len(line) > 3 && line[3] != ' ' && line[3] != '-') {
		if len(line) > 0 {
			c.invalid++
		}
		if c.invalid > maxInvalid {
			return ErrReplies
		}
		if code == 0 || len(line) == 0 {
			return nil
		}
	}
	x := c.unasked
	if x == nil && len(c.waiting) > 0 {
		x = c.waiting[0]
	}
	if x == nil {
		c.unasked = c.exchange()
		x = c.unasked
	}
	x.add(line, code, long)
	more := len(line) > 3 && line[3] == '-'
	switch {
	case c.multi == 0 && more:
		c.multi = code
		return nil
	case c.multi != 0 && (code != c.multi || more):
		return nil
	}
	c.multi = 0
	x.Code = code
	return c.answered(x, h)
}

// add keeps a line of a reply.
func (x *Exchange) add(line []byte, code int, long bool) {
	x.Cut = x.Cut || long
	text := line
	if code > 0 {
		text = line[min(4, len(line)):]
	}
	if len(x.Replies) >= maxReplies || len(x.kept)+3+len(text) > maxText {
		x.Cut = true
		return
	}
	if code > 0 {
		x.Codes = append(x.Codes, x.keep(line[:3]))
	}
	x.Replies = append(x.Replies, x.keep(text))
}

func (x *Exchange) keep(p []byte) []byte {
	at := len(x.kept)
	x.kept = append(x.kept, p...)
	return x.kept[at:len(x.kept):len(x.kept)]
}

// answered takes a whole reply. One that begins with 1 is followed by another (RFC 959 §4.2.1).
func (c *Conversation) answered(x *Exchange, h Handler) error {
	if x == c.unasked {
		c.unasked = nil
		x.Done = true
		h.Exchange(x)
		c.recycle(x)
		return nil
	}
	if x.Code < 200 {
		return nil
	}
	x.Done = true
	tls := string(x.Command) == "AUTH" && (x.Code == 234 || x.Code == 334) && !bytes.HasPrefix(x.Data, []byte("GSS"))
	c.passive(x, h)
	c.signOn(x, h)
	h.Exchange(x)
	c.drop()
	if tls {
		c.secured = true
		return ErrTLS
	}
	return nil
}

// passive reads where the server listens.
func (c *Conversation) passive(x *Exchange, h Handler) {
	if len(x.Replies) == 0 {
		return
	}
	text := x.Replies[len(x.Replies)-1]
	switch {
	case x.Code == 227 && string(x.Command) == "PASV":
		x.Addr, x.Port = parseSix(text)
	case x.Code == 228 && string(x.Command) == "LPSV":
		x.Addr, x.Port = parseLong(text)
	case x.Code == 229 && string(x.Command) == "EPSV":
		x.Addr, x.Port = parseExtended(text)
	default:
		return
	}
	x.Passive = true
	if x.Port != 0 {
		h.Agreed(x)
	}
}

// signOn judges the replies to USER and PASS (RFC 959 §5.4).
func (c *Conversation) signOn(x *Exchange, h Handler) {
	switch string(x.Command) {
	case "USER":
		if x.Code == 331 || x.Code == 332 {
			return
		}
	case "PASS":
		if x.Code == 332 { // it wants an account too
			return
		}
	case "ACCT":
	default:
		return
	}
	if len(c.user) == 0 {
		return
	}
	s := &c.attempt
	*s = SignOn{User: c.user, Password: c.tried, Anonymous: c.anonymous, Granted: x.Code == 230 || x.Code == 232 || x.Code == 202}
	if len(x.Replies) > 0 {
		s.Reply = x.Replies[len(x.Replies)-1]
	}
	h.SignOn(s)
	c.tried = false
}
