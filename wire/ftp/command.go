package ftp

import (
	"bytes"
)

// command takes a line of the client.
func (c *Conversation) command(line []byte, long bool, h Handler) {
	line = telnet(line)
	verb, data, _ := bytes.Cut(line, []byte{' '})
	if len(verb) == 0 {
		return
	}
	x := c.exchange()
	for _, b := range verb[:min(len(verb), 32)] {
		if 'a' <= b && b <= 'z' {
			b -= 0x20
		}
		x.Command = append(x.Command, b)
	}
	x.Data, x.Truncated = append(x.Data, data...), long
	switch string(x.Command) {
	case "USER":
		c.user, c.tried = append(c.user[:0], data[:min(len(data), maxUser)]...), false
		c.anonymous = bytes.EqualFold(data, []byte("anonymous")) || bytes.EqualFold(data, []byte("ftp"))
	case "PASS":
		c.tried = true
	case "REIN":
		c.user = c.user[:0]
	case "PORT":
		x.Addr, x.Port = parseSix(data)
	case "EPRT":
		x.Addr, x.Port = parseExtended(data)
	case "LPRT":
		x.Addr, x.Port = parseLong(data)
	}
	if x.Port != 0 {
		h.Agreed(x)
	}
	if c.transfer.of(x) {
		h.Transfer(&c.transfer)
	}
	if len(c.waiting) >= maxWaiting {
		c.TooMany = true
		h.Exchange(c.waiting[0])
		c.drop()
	}
	if cap(c.waiting) == 0 {
		c.waiting = c.room[:0]
	}
	c.waiting = append(c.waiting, x)
}

// drop forgets the command that waits longest.
func (c *Conversation) drop() {
	x := c.waiting[0]
	c.waiting = c.waiting[:copy(c.waiting, c.waiting[1:])]
	c.recycle(x)
}

// telnet leaves out the commands of Telnet that precede ABOR and STAT (RFC 959 §4.1.3).
func telnet(line []byte) []byte {
	for len(line) > 0 && line[0] >= 0xf0 {
		line = line[min(2, len(line)):]
	}
	return line
}

// of reports whether a command moves bytes over a data connection, and what.
func (t *Transfer) of(x *Exchange) bool {
	*t = Transfer{Command: x.Command}
	switch string(x.Command) {
	case "RETR", "STOR", "STOU", "APPE":
		t.Name = x.Data
	case "LIST", "NLST", "MLSD":
		t.Listing = true
	default:
		return false
	}
	return true
}

// securedUnheard reports whether p begins TLS though the reply to AUTH was not seen.
func (c *Conversation) securedUnheard(p []byte) bool {
	l := len(c.waiting)
	return l > 0 && len(p) > 1 && p[0] == 0x16 && p[1] == 3 && string(c.waiting[l-1].Command) == "AUTH"
}
