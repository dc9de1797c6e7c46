package pcre

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrSyntax is what every error of Compile wraps.
var ErrSyntax = errors.New("pcre: bad expression")

// SyntaxError says why an expression cannot be used.
type SyntaxError struct {
	Offset int    // of the byte in the expression, from 0
	Reason string // lower case, no full stop
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("pcre: offset %d: %s", e.Offset, e.Reason) }

// Unwrap makes errors.Is(err, ErrSyntax) true.
func (e *SyntaxError) Unwrap() error { return ErrSyntax }

const (
	maxNest   = 250   // PCRE2's default for nested parentheses
	maxRepeat = 65535 // PCRE2's limit of a count
	maxGroups = 65535
	maxExpr   = 1 << 18 // bytes of an expression
)

// parser reads PCRE2 syntax (pcre2pattern of PCRE2 10.42), bytes only.
type parser struct {
	expr   string
	pos    int
	flags  Flags
	groups []string         // names by number; [0] is the whole match
	names  map[string][]int // group numbers of a name
	later  []func() error   // references that are resolved once all groups are known
	nest   int
	quote  bool // inside \Q...\E
}

func (p *parser) errorf(at int, format string, args ...any) error {
	return &SyntaxError{Offset: min(at, len(p.expr)), Reason: fmt.Sprintf(format, args...)}
}

func parse(expr string, flags Flags) (*node, *parser, error) {
	p := &parser{expr: expr, flags: flags, groups: []string{""}, names: map[string][]int{}}
	if len(expr) > maxExpr {
		return nil, nil, p.errorf(maxExpr, "expression of more than %d bytes", maxExpr)
	}
	if err := p.options(); err != nil {
		return nil, nil, err
	}
	alts, err := p.alternatives(false)
	if err != nil {
		return nil, nil, err
	}
	if p.pos < len(expr) {
		return nil, nil, p.errorf(p.pos, "unmatched closing parenthesis")
	}
	for _, f := range p.later {
		if err := f(); err != nil {
			return nil, nil, err
		}
	}
	return alt(alts...), p, nil
}

// options skips what (*NAME) says at the start of an expression and means nothing to us, or what we do anyway.
func (p *parser) options() error {
	for strings.HasPrefix(p.expr[p.pos:], "(*") {
		end := strings.IndexByte(p.expr[p.pos:], ')')
		if end < 0 {
			return nil
		}
		name, _, _ := strings.Cut(p.expr[p.pos+2:p.pos+end], "=")
		switch name {
		case "LF", "BSR_UNICODE", "NO_AUTO_POSSESS", "NO_DOTSTAR_ANCHOR", "NO_JIT", "NO_START_OPT", "NOTEMPTY_NEVER",
			"LIMIT_DEPTH", "LIMIT_HEAP", "LIMIT_MATCH", "LIMIT_RECURSION":
			p.pos += end + 1
		case "UTF", "UTF8", "UCP", "CR", "CRLF", "ANYCRLF", "ANY", "NUL", "BSR_ANYCRLF", "NOTEMPTY", "NOTEMPTY_ATSTART":
			return p.errorf(p.pos, "(*%s) is not supported", name)
		default:
			return nil
		}
	}
	return nil
}

// alternatives reads up to the closing parenthesis (which it leaves) or the end. With reset each alternative numbers
// its groups from the same number.
func (p *parser) alternatives(reset bool) ([]*node, error) {
	if p.nest++; p.nest > maxNest {
		return nil, p.errorf(p.pos, "parentheses nested deeper than %d", maxNest)
	}
	defer func() { p.nest-- }()
	var subs []*node
	first := len(p.groups)
	var names []string // of the groups of all alternatives, with reset
	for {
		n, err := p.sequence()
		if err != nil {
			return nil, err
		}
		subs = append(subs, n)
		for i, name := range p.groups[first:] {
			if i >= len(names) {
				names = append(names, "")
			}
			if name != "" {
				names[i] = name
			}
		}
		if p.pos >= len(p.expr) || p.expr[p.pos] != '|' {
			break
		}
		p.pos++
		if reset {
			p.groups = p.groups[:first]
		}
	}
	if reset {
		p.groups = append(p.groups[:first], names...)
	}
	return subs, nil
}

// sequence reads items up to | or ) or the end.
func (p *parser) sequence() (*node, error) {
	seq := &node{kind: nodeCat, at: p.pos}
	repeatable := false
	for p.pos < len(p.expr) {
		if p.skip() {
			continue
		}
		c := p.expr[p.pos]
		if !p.quote && (c == '|' || c == ')') {
			break
		}
		if !p.quote && p.atQuantifier() {
			if !repeatable {
				return nil, p.errorf(p.pos, "quantifier does not follow a repeatable item")
			}
			last := &seq.subs[len(seq.subs)-1]
			n, err := p.quantified(*last)
			if err != nil {
				return nil, err
			}
			*last, repeatable = n, false
			continue
		}
		n, can, err := p.item()
		if err != nil {
			return nil, err
		}
		if n != nil {
			seq.subs = append(seq.subs, n)
		}
		repeatable = can
	}
	if len(seq.subs) == 0 {
		return &node{kind: nodeEmpty, at: seq.at}, nil
	}
	return cat(seq.subs...), nil
}

// skip passes over one thing that is no item: \Q, \E, a comment, white space under (?x).
func (p *parser) skip() bool {
	rest := p.expr[p.pos:]
	if p.quote {
		if strings.HasPrefix(rest, `\E`) {
			p.pos, p.quote = p.pos+2, false
			return true
		}
		return false
	}
	switch {
	case strings.HasPrefix(rest, `\E`):
		p.pos += 2
	case strings.HasPrefix(rest, `\Q`):
		p.pos, p.quote = p.pos+2, true
	case p.flags&Extended != 0 && (rest[0] == ' ' || rest[0] >= '\t' && rest[0] <= '\r'):
		p.pos++
	case p.flags&Extended != 0 && rest[0] == '#':
		if end := strings.IndexByte(rest, '\n'); end >= 0 {
			p.pos += end + 1
		} else {
			p.pos = len(p.expr)
		}
	case strings.HasPrefix(rest, "(?#") && strings.IndexByte(rest, ')') > 0:
		p.pos += strings.IndexByte(rest, ')') + 1
	default:
		return false
	}
	return true
}

// atQuantifier says whether *, +, ? or a well-formed {...} comes next; any other { is a literal.
func (p *parser) atQuantifier() bool {
	switch p.expr[p.pos] {
	case '*', '+', '?':
		return true
	case '{':
		_, _, end := p.counts()
		return end > 0
	}
	return false
}

// counts reads {n}, {n,} or {n,m} at p.pos. end is the offset after it, 0 where there is none. Counts are cut to
// maxRepeat+1; hi is -1 without an end.
func (p *parser) counts() (lo, hi, end int) {
	i := p.pos + 1
	lo, i, ok := p.number(i)
	if !ok || i >= len(p.expr) {
		return 0, 0, 0
	}
	hi = lo
	if p.expr[i] == ',' {
		if hi, i, ok = p.number(i + 1); !ok {
			hi = -1
		}
	}
	if i >= len(p.expr) || p.expr[i] != '}' {
		return 0, 0, 0
	}
	return lo, hi, i + 1
}

// number reads decimal digits from i, and cuts what they say to maxRepeat+1.
func (p *parser) number(i int) (n, end int, ok bool) {
	start := i
	for ; i < len(p.expr) && isDigit(p.expr[i]); i++ {
		if n = n*10 + int(p.expr[i]-'0'); n > maxRepeat {
			n = maxRepeat + 1
		}
	}
	return n, i, i > start
}

// quantified reads the quantifier at p.pos and applies it to n.
func (p *parser) quantified(n *node) (*node, error) {
	r := &node{kind: nodeRepeat, subs: []*node{n}, max: -1, at: p.pos}
	switch p.expr[p.pos] {
	case '*':
		p.pos++
	case '+':
		r.min, p.pos = 1, p.pos+1
	case '?':
		r.max, p.pos = 1, p.pos+1
	case '{':
		lo, hi, end := p.counts()
		if lo > maxRepeat || hi > maxRepeat {
			return nil, p.errorf(p.pos, "count above %d", maxRepeat)
		}
		if hi >= 0 && lo > hi {
			return nil, p.errorf(p.pos, "counts {%d,%d} out of order", lo, hi)
		}
		r.min, r.max, p.pos = lo, hi, end
	}
	if p.flags&Ungreedy != 0 {
		r.mood = lazy
	}
	for p.flags&Extended != 0 && p.pos < len(p.expr) && p.skip() {
		continue // white space may stand before ? and +
	}
	if p.pos < len(p.expr) && !p.quote {
		switch p.expr[p.pos] {
		case '?':
			r.mood ^= lazy
			p.pos++
		case '+':
			r.mood = possessive
			p.pos++
		}
	}
	return r, nil
}

// item reads one thing that matches. can says whether a quantifier may follow; n is nil for what leaves nothing.
func (p *parser) item() (n *node, can bool, err error) {
	at, c := p.pos, p.expr[p.pos]
	if p.quote {
		p.pos++
		return p.literal(c), true, nil
	}
	switch c {
	case '\\':
		return p.escape()
	case '[':
		return p.class()
	case '(':
		return p.group()
	case '^':
		p.pos++
		if p.flags&Multiline != 0 {
			return p.assert(at, atLine)
		}
		return p.assert(at, atStart)
	case '$':
		p.pos++
		switch {
		case p.flags&Multiline != 0:
			return p.assert(at, atLineEnd)
		case p.flags&DollarEndOnly != 0:
			return p.assert(at, atEnd)
		}
		return p.assert(at, atEndLine)
	case '.':
		p.pos++
		if p.flags&DotAll != 0 {
			return oneOf(all()), true, nil
		}
		return oneOf(setOf('\n').not()), true, nil
	}
	p.pos++
	return p.literal(c), true, nil
}

func (p *parser) assert(at int, where place) (*node, bool, error) {
	return &node{kind: nodeAssert, place: where, at: at}, false, nil
}

func (p *parser) literal(c byte) *node {
	s := setOf(c)
	if p.flags&Fold != 0 {
		s = s.fold()
	}
	return oneOf(s)
}

// groupNumbers resolves a reference by name or number once all groups are known.
func (p *parser) groupNumbers(at int, ref string) ([]int, error) {
	if n, err := strconv.Atoi(ref); err == nil {
		if n < 0 || n >= len(p.groups) {
			return nil, p.errorf(at, "no group %d", n)
		}
		return []int{n}, nil
	}
	if ns := p.names[ref]; len(ns) > 0 {
		return ns, nil
	}
	return nil, p.errorf(at, "no group named %q", ref)
}
