package pop3

import (
	"bytes"
)

// counts are how many arguments the commands take.
var counts = [...]struct {
	name        string
	least, most int
}{
	{"USER", 1, 2}, {"PASS", 1, maxArgs}, {"APOP", 2, 2}, {"QUIT", 0, 0}, {"STAT", 0, 0}, {"LIST", 0, 1}, {"RETR", 1, 1},
	{"DELE", 1, 1}, {"NOOP", 0, 0}, {"RSET", 0, 0}, {"TOP", 2, 2}, {"UIDL", 0, 1}, {"CAPA", 0, 0}, {"STLS", 0, 0},
	{"AUTH", 0, 2}, {"LANG", 0, 1}, {"UTF8", 0, 1}, {"XTND", 0, maxArgs},
}

// ask takes a line of the client.
func (c *Conversation) ask(p []byte, h Handler) (n int, err error) {
	if l := len(c.waiting); l > 0 && len(p) > 1 && p[0] == 0x16 && p[1] == 3 && string(c.waiting[l-1].Command) == "STLS" {
		c.secured = true
		return 0, ErrTLS // the reply was not seen
	}
	line, n := c.line(0, p)
	if n == 0 || line == nil {
		return n, nil
	}
	if c.asked {
		c.asked = false
		c.auth.Respond(line)
		x := c.exchange()
		x.Command = append(x.Command, "<SASL DATA>"...)
		c.wait(x, h)
		return n, nil
	}
	if n > longAsk {
		h.Notice(RequestTooLong)
	}
	if len(bytes.TrimSpace(line)) > 0 {
		c.command(line, h)
	}
	return n, nil
}

func (c *Conversation) command(line []byte, h Handler) {
	x := c.exchange()
	x.split(line)
	known := false
	for _, k := range counts {
		if string(x.Command) == k.name {
			known = true
			if n := len(x.Args); n < k.least || n > k.most {
				h.Notice(BadArguments)
			}
		}
	}
	if !known {
		h.Notice(UnknownCommand)
	}
	switch string(x.Command) {
	case "USER":
		c.user = c.user[:0]
		if len(x.Args) > 0 {
			c.user = append(c.user, x.Args[0]...)
		}
	case "APOP":
		c.user = c.user[:0]
		if len(x.Args) > 0 {
			c.user = append(c.user, x.Args[0]...)
		}
	case "AUTH":
		c.begin(x)
	case "LIST", "UIDL":
		x.multi = len(x.Args) == 0
	case "CAPA":
		x.multi = true
	case "RETR", "TOP":
		x.multi, x.text = true, true
	}
	c.wait(x, h)
}

// split takes a command apart.
func (x *Exchange) split(line []byte) {
	verb, rest, _ := bytes.Cut(line, []byte{' '})
	for _, b := range verb[:min(len(verb), 64)] {
		if 'a' <= b && b <= 'z' {
			b -= 0x20
		}
		x.Command = append(x.Command, b)
	}
	at := len(x.kept)
	x.kept = append(x.kept, rest...)
	rest = x.kept[at:len(x.kept):len(x.kept)]
	for len(rest) > 0 && len(x.Args) < maxArgs {
		var arg []byte
		if arg, rest, _ = bytes.Cut(rest, []byte{' '}); len(arg) > 0 {
			x.Args = append(x.Args, arg)
		}
	}
}

// begin begins a sign-on by SASL. AUTH alone asks which mechanisms there are.
func (c *Conversation) begin(x *Exchange) {
	if len(x.Args) == 0 {
		x.multi = true
		return
	}
	var initial []byte
	if len(x.Args) > 1 {
		initial = x.Args[1]
	}
	c.auth.Begin(x.Args[0], initial)
	c.signing = true
}

// wait puts a command into the queue of those that wait for their replies.
func (c *Conversation) wait(x *Exchange, h Handler) {
	if len(c.waiting) >= maxWaiting {
		h.Notice(TooMany)
		old := c.waiting[0]
		if old == c.list {
			old = c.waiting[1]
		}
		c.over(old, h)
	}
	c.waiting = append(c.waiting, x)
}
