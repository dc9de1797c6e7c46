package pcre

import "strings"

// class reads a character class.
func (p *parser) class() (*node, bool, error) {
	at := p.pos
	switch rest := p.expr[at:]; {
	case strings.HasPrefix(rest, "[[:<:]]"):
		p.pos += 7
		return p.assert(at, wordBegins)
	case strings.HasPrefix(rest, "[[:>:]]"):
		p.pos += 7
		return p.assert(at, wordEnds)
	}
	p.pos++
	negated := strings.HasPrefix(p.expr[p.pos:], "^")
	if negated {
		p.pos++
	}
	s, err := p.members(at)
	if err != nil {
		return nil, false, err
	}
	if negated {
		s = s.not()
	}
	return oneOf(s), true, nil
}

// members reads what a class holds, up to and with the closing bracket. A ] that comes first is a member.
func (p *parser) members(at int) (s set, err error) {
	for first := true; ; first = false {
		if p.pos >= len(p.expr) {
			return s, p.errorf(at, "class without its closing bracket")
		}
		switch {
		case p.quoting():
			continue
		case p.expr[p.pos] == ']' && !first && !p.quote:
			p.pos++
			return s, nil
		case p.flags&extendedMore != 0 && !p.quote && (p.expr[p.pos] == ' ' || p.expr[p.pos] == '\t'):
			p.pos++
			continue
		}
		m, lo, one, err := p.member()
		if err != nil {
			return s, err
		}
		if one && p.rangeFollows() {
			if m, err = p.upTo(lo); err != nil {
				return s, err
			}
		}
		s.union(m)
	}
}

// quoting passes over \Q and \E inside a class.
func (p *parser) quoting() bool {
	rest := p.expr[p.pos:]
	switch {
	case strings.HasPrefix(rest, `\E`):
		p.quote = false
	case !p.quote && strings.HasPrefix(rest, `\Q`):
		p.quote = true
	default:
		return false
	}
	p.pos += 2
	return true
}

// rangeFollows says whether a hyphen comes next that is not the last member and not followed by a type or a POSIX
// class (before which it is a literal, as in Perl; PCRE2 refuses such a class).
func (p *parser) rangeFollows() bool {
	rest := p.expr[p.pos:]
	if p.quote || len(rest) < 2 || rest[0] != '-' || rest[1] == ']' {
		return false
	}
	if rest[1] == '\\' && len(rest) > 2 {
		_, isType := typed(rest[2])
		return !isType && rest[2] != 'Q' && rest[2] != 'E'
	}
	return p.posixEnd(p.pos+1) == 0
}

// upTo reads -hi, and is the set from lo to it.
func (p *parser) upTo(lo byte) (s set, err error) {
	at := p.pos
	p.pos++
	_, hi, _, err := p.member()
	if err != nil {
		return s, err
	}
	if hi < lo {
		return s, p.errorf(at, "range out of order in a class")
	}
	s.addRange(lo, hi)
	if p.flags&Fold != 0 {
		s = s.fold()
	}
	return s, nil
}

// member reads one member; one is true for a single byte b.
func (p *parser) member() (s set, b byte, one bool, err error) {
	c := p.expr[p.pos]
	switch {
	case c == '[' && !p.quote && p.posixEnd(p.pos) > 0:
		s, err = p.posixClass()
		return s, 0, false, err
	case c == '\\' && !p.quote:
		if p.pos+1 >= len(p.expr) {
			return s, 0, false, p.errorf(p.pos, `\ at the end of the expression`)
		}
		if s, ok := typed(p.expr[p.pos+1]); ok {
			p.pos += 2
			return s, 0, false, nil
		}
		if b, err = p.classChar(); err != nil {
			return s, 0, false, err
		}
	default:
		b = c
		p.pos++
	}
	s = setOf(b)
	if p.flags&Fold != 0 {
		s = s.fold()
	}
	return s, b, true, nil
}

// classChar reads an escape that stands for one byte inside a class.
func (p *parser) classChar() (byte, error) {
	at, c := p.pos, p.expr[p.pos+1]
	switch {
	case c == 'b':
		p.pos += 2
		return 8, nil
	case c >= '1' && c <= '7':
		p.pos++
		return p.octal(at, 3)
	case c == '8' || c == '9':
		p.pos += 2
		return c, nil
	case strings.IndexByte("ABGKNRXZzCkgpP", c) >= 0:
		return 0, p.errorf(at, `\%c is not supported in a class`, c)
	}
	return p.char()
}

// posixEnd is the offset after [:name:] at i; 0 where none stands there.
func (p *parser) posixEnd(i int) int {
	rest := p.expr[i:]
	if len(rest) < 2 || rest[0] != '[' || rest[1] != ':' && rest[1] != '.' && rest[1] != '=' {
		return 0
	}
	for j := 2; j < len(rest); j++ {
		switch {
		case rest[j] == rest[1] && j+1 < len(rest) && rest[j+1] == ']':
			return i + j + 2
		case rest[j] == ']' || rest[j] == '[' || rest[j] == '\\':
			return 0
		}
	}
	return 0
}

func (p *parser) posixClass() (set, error) {
	at, end := p.pos, p.posixEnd(p.pos)
	name := p.expr[at+2 : end-2]
	p.pos = end
	if p.expr[at+1] != ':' {
		return set{}, p.errorf(at, "collating elements are not supported")
	}
	name, negated := strings.CutPrefix(name, "^")
	if p.flags&Fold != 0 && (name == "upper" || name == "lower") {
		name = "alpha"
	}
	s, ok := posix(name)
	if !ok {
		return set{}, p.errorf(at, "no POSIX class %q", name)
	}
	if negated {
		s = s.not()
	}
	return s, nil
}
