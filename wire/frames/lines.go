package frames

import (
	"bytes"

	"bulwark/wire"
)

// lines is where a conversation of lines stands.
type lines struct {
	data    bool // the client sends a message
	asked   bool // it said DATA, and is to be answered
	chunk   int  // bytes of a message that BDAT announced (RFC 3030)
	scanned int  // of a message that has not ended
}

const maxLine = 8 << 10

var dataEnd = []byte("\r\n.\r\n")

// smtpSize finds the end of a line, or of a message (RFC 5321 §4.1.1.4, RFC 3030 §2).
func smtpSize(c *Cutter, p []byte) int {
	l := &c.lines
	switch {
	case c.dir == wire.ToServer && l.chunk > 0:
		return l.chunk
	case c.dir == wire.ToServer && l.data:
		return l.message(p)
	}
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		return i + 1
	}
	if len(p) > maxLine {
		return len(p)
	}
	return 0
}

// message is how long the message at the beginning of p is with the dot that ends it.
func (l *lines) message(p []byte) int {
	if bytes.HasPrefix(p, dataEnd[2:]) {
		return 3
	}
	from := max(l.scanned-len(dataEnd), 0)
	if i := bytes.Index(p[min(from, len(p)):], dataEnd); i >= 0 {
		return from + i + len(dataEnd)
	}
	if l.scanned = len(p); len(p) >= maxHeld {
		return len(p)
	}
	return 0
}

func smtpParts(c *Cutter, p []byte, size int) {
	l := &c.lines
	switch {
	case c.dir == wire.ToClient:
		c.part("smtp.response_line", p, 0, size)
		if l.asked {
			l.asked, l.data, l.scanned = false, bytes.HasPrefix(p, []byte("354")), 0
		}
	case l.chunk > 0:
		c.part("smtp.data", p, 0, size)
		l.chunk = 0
	case l.data:
		end := size
		if bytes.HasSuffix(p, dataEnd[2:]) {
			l.data, end = false, size-len(dataEnd)+2
		}
		l.scanned = 0
		c.part("smtp.data", p, 0, end)
	default:
		c.part("smtp.command_line", p, 0, size)
		l.command(p)
	}
}

// command notes what a command says of what follows it.
func (l *lines) command(p []byte) {
	word, rest, _ := bytes.Cut(bytes.TrimRight(p, "\r\n"), []byte{' '})
	switch {
	case bytes.EqualFold(word, []byte("DATA")):
		l.asked = true
	case bytes.EqualFold(word, []byte("BDAT")):
		for _, b := range bytes.TrimLeft(rest, " ") {
			if b < '0' || b > '9' || l.chunk > 1<<30 {
				break
			}
			l.chunk = l.chunk*10 + int(b-'0')
		}
	}
}

const (
	iac = 255 // RFC 854
	sb  = 250
	se  = 240
)

// telnetSize finds the end of a command, or of the line before the next (RFC 854).
func telnetSize(_ *Cutter, p []byte) int {
	switch {
	case p[0] != iac:
		for i, b := range p {
			if b == '\n' {
				return i + 1
			}
			if b == iac {
				return i
			}
		}
		if len(p) > maxLine {
			return len(p)
		}
		return 0
	case len(p) < 2:
		return 0
	case p[1] == sb:
		if i := bytes.Index(p, []byte{iac, se}); i > 0 {
			return i + 2
		}
		return 0
	case p[1] > sb:
		if len(p) < 3 {
			return 0
		}
		return 3
	}
	return 2
}

func telnetParts(c *Cutter, p []byte, size int) {
	c.part("telnet.pdu", p, 0, size)
	if p[0] == iac {
		c.part("telnet.ctl", p, 0, size)
		return
	}
	c.part("telnet.data", p, 0, size)
}
