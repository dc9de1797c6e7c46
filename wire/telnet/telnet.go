// Package telnet reads sign-ons over telnet (RFC 854): what a machine says of itself, who signs on, whether it let them in. All of
// it crosses the wire in clear, the password too, which is never kept: only that one was seen.
//
// Text is interrupted by commands that begin with IAC (255): WILL, WON'T, DO and DON'T with an option, and subnegotiations
// between SB and SE (RFC 855). The terminal's type (RFC 1091) and a user from the environment (RFC 1572) are read; where both
// agree on encryption (RFC 2946) nothing more can be.
//
// What is a prompt, and what a refusal, no standard says: the words that systems are known to use decide, and where they do
// not the outcome is not told.
package telnet

import (
	"bytes"

	"bulwark/wire"
)

// Commands and options (RFC 854 and the registry of options).
const (
	se   = 240
	sb   = 250
	will = 251
	dont = 254
	iac  = 255

	optTerminal    = 24
	optEncrypt     = 38
	optEnvironment = 39
	maxOption      = 50
)

// Outcome is how a sign-on ended.
type Outcome uint8

// The outcomes. NotTold means that the words of the machine do not tell.
const (
	NotTold Outcome = iota
	Accepted
	Refused
)

// SignOn is one attempt. It is valid during the call that hands it over.
type SignOn struct {
	User     []byte
	Password bool // one was seen, in clear
	Outcome  Outcome
}

// Session is what was seen of a connection.
type Session struct {
	Banner   []byte // the text before the first prompt; what stands on its line is often the machine's name
	Terminal []byte // type of the terminal
	Prompts  int    // prompts for a name or a password
	SignOns  int
	Sealed   bool // both agreed on encryption
}

// Handler takes what a conversation learns.
type Handler interface {
	// SignOn is called when an attempt was decided, or when the next one begins.
	SignOn(a *SignOn, s *Session)
	// Session is called once, at the end.
	Session(s *Session)
}

// Probe tells whether p begins with two commands of the negotiation, or with one and text behind it. Either side may begin.
func Probe(p []byte) (wire.Match, wire.Dir) {
	found := 0
	for len(p) >= 3 && isNegotiation(p) {
		p = p[3:]
		if found++; found == 2 {
			return wire.Yes, wire.Either
		}
	}
	switch {
	case len(p) < 3:
		for i, b := range p {
			if i == 0 && b != iac || i == 1 && (b < will || b > dont) {
				return wire.No, wire.Either
			}
		}
		return wire.Unsure, wire.Either
	case found == 1 && (p[0] == '\r' || p[0] == '\n' || p[0] >= ' ' && p[0] < 0x7F):
		return wire.Yes, wire.Either
	}
	return wire.No, wire.Either
}

func isNegotiation(p []byte) bool {
	return p[0] == iac && p[1] >= will && p[1] <= dont && (p[2] < maxOption || p[2] == iac)
}

const (
	maxLine   = 256
	maxBanner = 512
	maxShown  = 32 << 10 // bytes of a side that are looked at
	rest      = 1 << 62
)

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	session  Session
	sides    [2]side
	banner   []byte
	terminal []byte
	user     []byte
	attempt  SignOn
	expects  expects
	pending  bool // an attempt is under way
	told     bool
}

// expects is what the next line of the client is.
type expects uint8

const (
	nothing expects = iota
	name
	password
	verdict // no line: the server's next words decide
)

type side struct {
	line  []byte
	shown int
	ended bool
	sub   []byte // a subnegotiation in hand
	inSub bool
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	*c = Conversation{banner: c.banner[:0], terminal: c.terminal[:0], user: c.user[:0],
		sides: [2]side{{line: c.sides[0].line[:0], sub: c.sides[0].sub[:0]}, {line: c.sides[1].line[:0], sub: c.sides[1].sub[:0]}}}
}

// Decode reads one direction. Behind the sign-on it passes over all.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	for !s.ended && done < len(p) {
		n := 1
		switch {
		case s.inSub:
			n = c.subnegotiate(dir, p[done:])
		case p[done] == iac:
			n = c.command(dir, p[done:])
		case dir == wire.ToClient:
			c.serverText(p[done], h)
		default:
			c.clientText(p[done], h)
		}
		if n == 0 {
			return done, 0, nil
		}
		done += n
		if s.shown += n; s.shown > maxShown || c.session.Sealed {
			s.ended = true
		}
	}
	if s.ended {
		return rest, 0, nil
	}
	return done, 0, nil
}

// command reads a command; 0 means that more bytes are wanted.
func (c *Conversation) command(dir wire.Dir, p []byte) int {
	switch {
	case len(p) < 2:
		return 0
	case p[1] >= will && p[1] <= dont:
		if len(p) < 3 {
			return 0
		}
		return 3
	case p[1] == sb:
		c.sides[dir].inSub, c.sides[dir].sub = true, c.sides[dir].sub[:0]
	}
	return 2
}

// subnegotiate gathers what stands between SB and SE.
func (c *Conversation) subnegotiate(dir wire.Dir, p []byte) int {
	s := &c.sides[dir]
	if p[0] == iac {
		if len(p) < 2 {
			return 0
		}
		if p[1] == se {
			s.inSub = false
			c.option(dir, s.sub)
		}
		return 2
	}
	if len(s.sub) < maxLine {
		s.sub = append(s.sub, p[0])
	}
	return 1
}

func (c *Conversation) option(dir wire.Dir, p []byte) {
	if len(p) < 2 {
		return
	}
	const is, start, user = 0, 3, 0
	switch {
	case p[0] == optTerminal && p[1] == is && dir == wire.ToServer:
		c.terminal = append(c.terminal[:0], printable(p[2:])...)
		c.session.Terminal = c.terminal
	case p[0] == optEncrypt && p[1] == start:
		c.session.Sealed = true
	case p[0] == optEnvironment && p[1] == is && dir == wire.ToServer:
		if v, ok := bytes.CutPrefix(p[2:], []byte{user, 'U', 'S', 'E', 'R', 1}); ok { // VAR USER VALUE
			if i := bytes.IndexFunc(v, func(r rune) bool { return r < ' ' }); i >= 0 {
				v = v[:i]
			}
			c.user = append(c.user[:0], printable(v)...)
		}
	}
}

// printable is the beginning of p up to what is no text.
func printable(p []byte) []byte {
	for i, b := range p {
		if b < ' ' || b == 0x7F {
			return p[:i]
		}
	}
	return p
}

// serverText takes one byte of what the machine says.
func (c *Conversation) serverText(b byte, h Handler) {
	s := &c.sides[wire.ToClient]
	switch {
	case b == '\r' || b == '\n' || b == 0:
		if len(s.line) > 0 {
			c.judge(s.line, false, h)
		}
		c.keepBanner('\n')
		s.line = s.line[:0]
	case len(s.line) < maxLine:
		s.line = append(s.line, b)
		c.keepBanner(b)
		if b == ':' || b == ' ' && len(s.line) > 1 && s.line[len(s.line)-2] == ':' {
			c.prompt(s.line)
		} else if b == '$' || b == '#' || b == '>' || b == '%' {
			c.judge(s.line, true, h)
		}
	}
}

func (c *Conversation) keepBanner(b byte) {
	n := len(c.banner)
	if c.session.Prompts > 0 || n >= maxBanner || b == '\n' && (n == 0 || c.banner[n-1] == '\n') {
		return
	}
	c.banner = append(c.banner, b)
	c.session.Banner = c.banner
}

// The words at the end of a prompt, in lower case.
var (
	namePrompts     = [...]string{"login:", "username:", "user name:", "user:", "login name:", "account:"}
	passwordPrompts = [...]string{"password:", "passwd:", "passcode:", "password for"}
	refusals        = [...]string{"incorrect", "failed", "failure", "denied", "invalid", "bad password", "bad login", "not allowed", "unknown user"}
	welcomes        = [...]string{"last login", "welcome", "logged in", "login successful", "have mail"}
)

// prompt notes that the machine asks for a name or a password.
func (c *Conversation) prompt(line []byte) {
	line = bytes.TrimRight(line, " ")
	if contains(line, passwordPrompts[:]) {
		c.asks(password, len(line))
		return
	}
	for _, w := range namePrompts {
		if hasSuffixFold(line, w) && !contains(line, welcomes[:1]) {
			c.asks(name, len(w))
			return
		}
	}
}

// asks notes what the machine asks for. The words by which it does, n bytes, are no part of the banner.
func (c *Conversation) asks(what expects, n int) {
	if c.expects == what {
		return
	}
	if c.session.Prompts == 0 && len(c.banner) < maxBanner {
		c.banner = bytes.TrimRight(c.banner[:max(len(c.banner)-n, 0)], " \n")
		c.session.Banner = c.banner
	}
	c.session.Prompts++
	c.expects = what
}

// judge looks for the outcome in a line of the machine; at says that it ends like the prompt of a shell.
func (c *Conversation) judge(line []byte, at bool, h Handler) {
	if !c.pending || c.expects != verdict {
		return
	}
	switch {
	case contains(line, refusals[:]):
		c.decide(Refused, h)
	case contains(line, welcomes[:]), at && len(line) < 80:
		c.decide(Accepted, h)
	}
}

func (c *Conversation) decide(o Outcome, h Handler) {
	c.attempt.Outcome = o
	c.finish(h)
}

// finish tells the attempt under way.
func (c *Conversation) finish(h Handler) {
	if !c.pending {
		return
	}
	c.pending = false
	c.attempt.User = c.user
	c.session.SignOns++
	h.SignOn(&c.attempt, &c.session)
	if c.attempt.Outcome == Accepted {
		c.sides[0].ended, c.sides[1].ended = true, true
	}
	c.attempt = SignOn{}
}

// clientText takes one byte of what is typed.
func (c *Conversation) clientText(b byte, h Handler) {
	s := &c.sides[wire.ToServer]
	switch {
	case b == '\r' || b == '\n':
		c.typed(h)
		s.line = s.line[:0]
	case b == 0:
	case b == 8 || b == 0x7F: // backspace
		s.line = s.line[:max(len(s.line)-1, 0)]
	case c.expects == password || c.expects == verdict:
		s.line = append(s.line[:0], 'x') // that something was typed, and nothing of it
	case len(s.line) < maxLine:
		s.line = append(s.line, b)
	}
}

// typed takes a line of the client.
func (c *Conversation) typed(h Handler) {
	line := c.sides[wire.ToServer].line
	switch c.expects {
	case name:
		c.finish(h)
		c.user = append(c.user[:0], printable(line)...)
		c.pending, c.expects = len(line) > 0, verdict
	case password:
		c.pending, c.attempt.Password, c.expects = true, true, verdict
	}
}

// Gap tells that bytes were lost. What was typed is not complete.
func (c *Conversation) Gap(dir wire.Dir, _ int) error {
	s := &c.sides[dir]
	s.line, s.inSub = s.line[:0], false
	return nil
}

// Close tells what is still open.
func (c *Conversation) Close(h Handler) {
	if c.told {
		return
	}
	c.told = true
	c.finish(h)
	h.Session(&c.session)
}

// contains reports whether line has one of the words, in any case.
func contains(line []byte, words []string) bool {
	var room [maxLine]byte
	low := room[:copy(room[:], line)]
	for i, b := range low {
		if 'A' <= b && b <= 'Z' {
			low[i] = b + 'a' - 'A'
		}
	}
	for _, w := range words {
		if bytes.Contains(low, []byte(w)) {
			return true
		}
	}
	return false
}

func hasSuffixFold(line []byte, word string) bool {
	return len(line) >= len(word) && bytes.EqualFold(line[len(line)-len(word):], []byte(word))
}
