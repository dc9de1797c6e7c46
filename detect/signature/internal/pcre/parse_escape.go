package pcre

import (
	"strconv"
	"strings"
)

// escape reads what a backslash outside a class starts.
func (p *parser) escape() (*node, bool, error) {
	at := p.pos
	if p.pos+1 >= len(p.expr) {
		return nil, false, p.errorf(at, `\ at the end of the expression`)
	}
	c := p.expr[p.pos+1]
	if c >= '1' && c <= '9' {
		return p.digits()
	}
	if s, ok := typed(c); ok {
		p.pos += 2
		return oneOf(s), true, nil
	}
	switch c {
	case 'A', 'G', 'Z', 'z', 'b', 'B':
		p.pos += 2
		return p.assert(at, places(c))
	case 'K':
		p.pos += 2
		return &node{kind: nodeKeep, at: at}, false, nil
	case 'N':
		p.pos += 2
		if p.pos < len(p.expr) && p.expr[p.pos] == '{' && !p.atQuantifier() {
			return nil, false, p.errorf(at, `\N{...} is not supported`)
		}
		return oneOf(setOf('\n').not()), true, nil
	case 'C':
		p.pos += 2
		return oneOf(all()), true, nil
	case 'R':
		p.pos += 2
		return newline(), true, nil
	case 'X', 'p', 'P':
		return nil, false, p.errorf(at, `\%c is not supported: subjects are bytes, not Unicode`, c)
	case 'k':
		return p.named()
	case 'g':
		return p.numbered()
	}
	b, err := p.char()
	if err != nil {
		return nil, false, err
	}
	return p.literal(b), true, nil
}

func places(c byte) place {
	switch c {
	case 'A':
		return atStart
	case 'G':
		return atSearch
	case 'Z':
		return atEndLine
	case 'z':
		return atEnd
	case 'b':
		return atWord
	}
	return notAtWord
}

// newline is \R: CR LF as one, or any of the line ends that one byte can hold.
func newline() *node {
	crlf := cat(oneOf(setOf('\r')), oneOf(setOf('\n')))
	return &node{kind: nodeAtomic, subs: []*node{alt(crlf, oneOf(rangeOf('\n', '\r', 0x85, 0x85)))}}
}

// digits reads \1 ... \9...: a back reference, or an octal code where it is above 9, starts with an octal digit and
// no so many groups were opened before it.
func (p *parser) digits() (*node, bool, error) {
	at := p.pos
	n, end, _ := p.number(p.pos + 1)
	if n < 10 || p.expr[p.pos+1] >= '8' || n < len(p.groups) {
		p.pos = end
		return p.backref(at, strconv.Itoa(n))
	}
	p.pos++
	b, err := p.octal(at, 3)
	if err != nil {
		return nil, false, err
	}
	return p.literal(b), true, nil
}

// octal reads at most most octal digits at p.pos.
func (p *parser) octal(at, most int) (byte, error) {
	n := 0
	for i := 0; i < most && p.pos < len(p.expr) && p.expr[p.pos] >= '0' && p.expr[p.pos] <= '7'; i++ {
		n = n<<3 | int(p.expr[p.pos]-'0')
		p.pos++
	}
	if n > 255 {
		return 0, p.errorf(at, `octal code above \377`)
	}
	return byte(n), nil
}

// char reads an escape that stands for one byte, in or outside of a class.
func (p *parser) char() (byte, error) {
	at, c := p.pos, p.expr[p.pos+1]
	p.pos += 2
	switch c {
	case 'a':
		return 7, nil
	case 'e':
		return 27, nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case '0':
		return p.octal(at, 2)
	case 'x':
		return p.hex(at)
	case 'o':
		return p.braced(at, 8)
	case 'c':
		return p.control(at)
	}
	if isLetter(c) || isDigit(c) {
		return 0, p.errorf(at, `\%c is not known`, c)
	}
	return c, nil
}

func (p *parser) control(at int) (byte, error) {
	if p.pos >= len(p.expr) || p.expr[p.pos] < ' ' || p.expr[p.pos] > '~' {
		return 0, p.errorf(at, `\c without a printable character`)
	}
	c := p.expr[p.pos]
	p.pos++
	if c >= 'a' && c <= 'z' {
		c -= 32
	}
	return c ^ 0x40, nil
}

// hex reads what follows \x: none to two digits, or {...}.
func (p *parser) hex(at int) (byte, error) {
	if strings.HasPrefix(p.expr[p.pos:], "{") {
		return p.braced(at, 16)
	}
	n := 0
	for i := 0; i < 2 && p.pos < len(p.expr); i++ {
		d, ok := hexDigit(p.expr[p.pos])
		if !ok {
			break
		}
		n, p.pos = n<<4|d, p.pos+1
	}
	return byte(n), nil
}

func hexDigit(c byte) (int, bool) {
	switch {
	case isDigit(c):
		return int(c - '0'), true
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10, true
	}
	return 0, false
}

// braced reads {code} of \x{...} and \o{...}.
func (p *parser) braced(at, base int) (byte, error) {
	text, ok := p.until('{', '}')
	if !ok {
		return 0, p.errorf(at, "code without braces")
	}
	n, err := strconv.ParseUint(text, base, 32)
	if err != nil {
		return 0, p.errorf(at, "%q is no code in base %d", text, base)
	}
	if n > 255 {
		return 0, p.errorf(at, "code %#x is more than a byte", n)
	}
	return byte(n), nil
}

// until reads what stands between open (which must come next) and the next closing byte.
func (p *parser) until(open, closing byte) (string, bool) {
	if p.pos >= len(p.expr) || p.expr[p.pos] != open {
		return "", false
	}
	end := strings.IndexByte(p.expr[p.pos+1:], closing)
	if end < 0 {
		return "", false
	}
	text := p.expr[p.pos+1 : p.pos+1+end]
	p.pos += end + 2
	return text, true
}

// quoted reads a name between <>, ” or {}.
func (p *parser) quoted() (string, bool) {
	for _, q := range [...]string{"<>", "''", "{}"} {
		if text, ok := p.until(q[0], q[1]); ok {
			return text, true
		}
	}
	return "", false
}

// named reads \k<name>.
func (p *parser) named() (*node, bool, error) {
	at := p.pos
	p.pos += 2
	name, ok := p.quoted()
	if !ok {
		return nil, false, p.errorf(at, `\k is not followed by a name in <>, '' or {}`)
	}
	if err := p.checkName(at, name); err != nil {
		return nil, false, err
	}
	return p.backref(at, name)
}

// numbered reads \gN, \g{N}, \g{-N}, \g{name}, and the subroutine calls \g<...> and \g'...'.
func (p *parser) numbered() (*node, bool, error) {
	at := p.pos
	p.pos += 2
	if p.pos < len(p.expr) && (p.expr[p.pos] == '<' || p.expr[p.pos] == '\'') {
		ref, ok := p.quoted()
		if !ok {
			return nil, false, p.errorf(at, `\g without its closing mark`)
		}
		return p.call(at, ref)
	}
	ref, ok := p.until('{', '}')
	if !ok {
		end := p.pos
		if end < len(p.expr) && (p.expr[end] == '-' || p.expr[end] == '+') {
			end++
		}
		_, stop, digits := p.number(end)
		if !digits {
			return nil, false, p.errorf(at, `\g is not followed by a number, a name in braces or a call`)
		}
		ref, p.pos = p.expr[p.pos:stop], stop
	}
	return p.backref(at, ref)
}

// absolute is ref as a number counted from the start, or a name.
func (p *parser) absolute(at int, ref string) (string, error) {
	if ref == "" {
		return "", p.errorf(at, "empty reference")
	}
	if ref[0] != '+' && ref[0] != '-' {
		if isDigit(ref[0]) {
			return ref, nil
		}
		return ref, p.checkName(at, ref)
	}
	n, err := strconv.Atoi(ref[1:])
	if err != nil || n == 0 {
		return "", p.errorf(at, "%q is no relative number of a group", ref)
	}
	if ref[0] == '+' {
		return strconv.Itoa(len(p.groups) - 1 + n), nil
	}
	if n >= len(p.groups) {
		return "", p.errorf(at, "no group %s", ref)
	}
	return strconv.Itoa(len(p.groups) - n), nil
}

func (p *parser) backref(at int, ref string) (*node, bool, error) {
	ref, err := p.absolute(at, ref)
	if err != nil {
		return nil, false, err
	}
	n := &node{kind: nodeBackref, fold: p.flags&Fold != 0, at: at}
	p.later = append(p.later, func() error {
		refs, err := p.groupNumbers(at, ref)
		if err == nil && refs[0] == 0 {
			err = p.errorf(at, "no group 0 to refer to")
		}
		n.refs = refs
		return err
	})
	return n, true, nil
}

// call is a subroutine call of a group; group 0 is the whole expression.
func (p *parser) call(at int, ref string) (*node, bool, error) {
	ref, err := p.absolute(at, ref)
	if err != nil {
		return nil, false, err
	}
	n := &node{kind: nodeCall, at: at}
	p.later = append(p.later, func() error {
		refs, err := p.groupNumbers(at, ref)
		if err == nil {
			n.num = refs[0]
		}
		return err
	})
	return n, true, nil
}
