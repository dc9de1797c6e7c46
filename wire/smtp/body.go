package smtp

import "bytes"

// dots is where a message stands between its lines.
type dots struct {
	inLine bool // within a line
	cr     bool // the octet before was CR
	bare   bool // the line before ended without CR
	proper bool // a line ended with CR LF
	lost   int  // octets never seen before what comes next
	odd    bool // it was told that its end is ambiguous
}

// body takes octets of a message up to the line with a dot alone, and undoes the doubled dots (RFC 5321 §4.5.2).
func (c *Conversation) body(p []byte, h Handler) (n, need int) {
	t := c.transaction()
	from, i := 0, 0
	for i < len(p) {
		if !c.lines.inLine && p[i] == '.' {
			length, end := c.dot(p[i:], h)
			if length == 0 { // more must come
				c.give(t, p[from:i], h)
				return i, len(p) - i + 1
			}
			c.give(t, p[from:i], h)
			if end {
				c.phase = commands
				w := waiting{verb: message, t: t}
				c.push(w, h)
				c.ended(true, h)
				return i + length, 0
			}
			i++ // the dot is not of the message
			from = i
			c.lines.inLine = true
			continue
		}
		k := bytes.IndexByte(p[i:], '\n')
		if k < 0 {
			c.lines.inLine, c.lines.cr = true, p[len(p)-1] == '\r'
			i = len(p)
			break
		}
		c.lines.bare = k == 0 && !c.lines.cr || k > 0 && p[i+k-1] != '\r'
		c.lines.cr = false
		c.lines.proper = c.lines.proper || !c.lines.bare
		c.lines.inLine = false
		i += k + 1
	}
	c.give(t, p[from:i], h)
	return i, 0
}

func (c *Conversation) give(t *Transaction, p []byte, h Handler) {
	if len(p) > 0 {
		c.hand(t, p, h)
	}
}

// dot looks at a line that begins with a dot: whether it is the end, and how long it is then. length is 0 when that
// cannot be told yet. The end is CR LF . CR LF; in a message that has no CR LF at all LF . LF is.
func (c *Conversation) dot(p []byte, h Handler) (length int, end bool) {
	switch {
	case len(p) < 2 || len(p) < 3 && p[1] == '\r':
		return 0, false
	case p[1] == '\r' && p[2] == '\n':
		length = 3
	case p[1] == '\n':
		length = 2
	default:
		return 1, false
	}
	if length == 3 && !c.lines.bare || !c.lines.proper {
		return length, true
	}
	if !c.lines.odd {
		c.lines.odd = true
		c.notice(OddEnd, h)
	}
	return 1, false
}
