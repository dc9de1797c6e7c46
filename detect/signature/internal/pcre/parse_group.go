package pcre

import "strings"

// group reads what an opening parenthesis starts.
func (p *parser) group() (*node, bool, error) {
	at := p.pos
	rest := p.expr[p.pos:]
	if strings.HasPrefix(rest, "(*") {
		return p.verb()
	}
	if !strings.HasPrefix(rest, "(?") {
		p.pos++
		if p.flags&noCapture != 0 {
			return p.body(at, &node{kind: nodeCat})
		}
		return p.capture(at, "")
	}
	for _, o := range openers {
		if strings.HasPrefix(rest[2:], o.text) {
			p.pos += 2 + len(o.text)
			if o.kind == nodeAlt {
				return p.reset(at)
			}
			return p.body(at, &node{kind: o.kind, neg: o.neg, behind: o.behind})
		}
	}
	p.pos += 2
	return p.special(at)
}

// openers are the groups that a fixed text starts. nodeAlt stands for the group whose alternatives share numbers.
var openers = [...]struct {
	text        string
	kind        nodeKind
	neg, behind bool
}{
	{":", nodeCat, false, false},
	{"|", nodeAlt, false, false},
	{">", nodeAtomic, false, false},
	{"=", nodeLook, false, false},
	{"!", nodeLook, true, false},
	{"<=", nodeLook, false, true},
	{"<!", nodeLook, true, true},
}

// body reads alternatives and the closing parenthesis, and makes them the only child of n.
func (p *parser) body(at int, n *node) (*node, bool, error) {
	subs, err := p.enclosed(at, false)
	if err != nil {
		return nil, false, err
	}
	n.at, n.subs = at, []*node{alt(subs...)}
	if n.kind == nodeLook {
		return n, true, p.checkLook(n)
	}
	return n, true, nil
}

// enclosed reads alternatives up to and with the closing parenthesis; flags set inside end there.
func (p *parser) enclosed(at int, reset bool) ([]*node, error) {
	flags := p.flags
	subs, err := p.alternatives(reset)
	if err != nil {
		return nil, err
	}
	p.flags = flags
	if p.pos >= len(p.expr) {
		return nil, p.errorf(at, "missing closing parenthesis")
	}
	p.pos++
	return subs, nil
}

func (p *parser) reset(at int) (*node, bool, error) {
	subs, err := p.enclosed(at, true)
	return alt(subs...), true, err
}

// checkLook refuses what a look-around cannot hold. The width of a look-behind is checked when all is known.
func (p *parser) checkLook(n *node) error {
	var err error
	n.walk(func(s *node) {
		if s.kind == nodeKeep && err == nil {
			err = p.errorf(s.at, `\K is not allowed in a look-around`)
		}
	})
	return err
}

// capture reads a group that remembers what it matched.
func (p *parser) capture(at int, name string) (*node, bool, error) {
	num := len(p.groups)
	if num > maxGroups {
		return nil, false, p.errorf(at, "more than %d groups", maxGroups)
	}
	if name != "" {
		for _, n := range p.names[name] {
			if n != num && p.flags&dupNames == 0 {
				return nil, false, p.errorf(at, "two groups are named %q", name)
			}
		}
		if ns := p.names[name]; len(ns) == 0 || ns[len(ns)-1] != num {
			p.names[name] = append(ns, num)
		}
	}
	p.groups = append(p.groups, name)
	return p.body(at, &node{kind: nodeGroup, num: num})
}

func (p *parser) checkName(at int, name string) error {
	if name == "" || isDigit(name[0]) {
		return p.errorf(at, "name %q of a group does not start with a letter", name)
	}
	for i := range len(name) {
		if !isWord(name[i]) || i >= 32 {
			return p.errorf(at, "name %q of a group: letters, digits and _ only, at most 32", name)
		}
	}
	return nil
}

// special reads what follows (? and is none of the openers.
func (p *parser) special(at int) (*node, bool, error) {
	if p.pos >= len(p.expr) {
		return nil, false, p.errorf(at, "missing closing parenthesis")
	}
	rest := p.expr[p.pos:]
	switch c := rest[0]; {
	case c == '<' || c == '\'':
		return p.namedGroup(at)
	case strings.HasPrefix(rest, "P<"):
		p.pos++
		return p.namedGroup(at)
	case c == '(':
		return p.conditional(at)
	case c == '#':
		return nil, false, p.errorf(at, "missing ) after a comment")
	case c == 'C':
		return p.callout(at)
	case strings.HasPrefix(rest, "P="):
		return p.reference(at, 2, p.backref)
	case strings.HasPrefix(rest, "P>"):
		return p.reference(at, 2, p.call)
	case c == '&':
		return p.reference(at, 1, p.call)
	case strings.HasPrefix(rest, "R)"):
		p.pos += 2
		return p.call(at, "0")
	case isDigit(c) || (c == '+' || c == '-') && len(rest) > 1 && isDigit(rest[1]):
		return p.reference(at, 0, p.call)
	}
	return p.inline(at)
}

// reference passes over mark bytes and hands what stands before the closing parenthesis to make.
func (p *parser) reference(at, mark int, make func(at int, ref string) (*node, bool, error)) (*node, bool, error) {
	p.pos += mark
	ref, err := p.rest(at)
	if err != nil {
		return nil, false, err
	}
	return make(at, ref)
}

// rest reads up to and with the closing parenthesis.
func (p *parser) rest(at int) (string, error) {
	end := strings.IndexByte(p.expr[p.pos:], ')')
	if end < 0 {
		return "", p.errorf(at, "missing closing parenthesis")
	}
	text := p.expr[p.pos : p.pos+end]
	p.pos += end + 1
	return text, nil
}

// callout passes over (?C) and (?Cn), which do nothing without a function to call.
func (p *parser) callout(at int) (*node, bool, error) {
	text, err := p.rest(at)
	if err == nil && strings.Trim(text[1:], "0123456789") != "" {
		err = p.errorf(at, "callout is no number")
	}
	return nil, false, err
}

func (p *parser) namedGroup(at int) (*node, bool, error) {
	name, ok := p.quoted()
	if !ok {
		return nil, false, p.errorf(at, "name of a group without its closing mark")
	}
	if err := p.checkName(at, name); err != nil {
		return nil, false, err
	}
	return p.capture(at, name)
}

// inline reads (?flags-flags) and (?flags-flags:...).
func (p *parser) inline(at int) (*node, bool, error) {
	flags, on := p.flags, true
	for ; p.pos < len(p.expr); p.pos++ {
		c := p.expr[p.pos]
		switch c {
		case ')':
			p.pos++
			p.flags = flags
			return nil, false, nil
		case ':':
			p.pos++
			before := p.flags
			p.flags = flags
			n, can, err := p.body(at, &node{kind: nodeCat})
			p.flags = before
			return n, can, err
		case '-':
			on = false
			continue
		case '^':
			flags &^= Fold | Multiline | DotAll | Extended | extendedMore | noCapture
			continue
		}
		f := inlineFlag(c)
		if f == 0 {
			return nil, false, p.errorf(p.pos, "%q is not known after (?", c)
		}
		if strings.HasPrefix(p.expr[p.pos:], "xx") {
			f |= extendedMore
			p.pos++
		}
		if f == Extended {
			flags &^= extendedMore
		}
		if flags |= f; !on {
			flags &^= f
		}
	}
	return nil, false, p.errorf(at, "missing closing parenthesis")
}

func inlineFlag(c byte) Flags {
	switch c {
	case 'i':
		return Fold
	case 'm':
		return Multiline
	case 's':
		return DotAll
	case 'x':
		return Extended
	case 'U':
		return Ungreedy
	case 'J':
		return dupNames
	case 'n':
		return noCapture
	}
	return 0
}

// verb reads (*NAME): (*FAIL) and the words for look-arounds and atomic groups. Verbs that steer the search are refused.
func (p *parser) verb() (*node, bool, error) {
	at := p.pos
	end := strings.IndexAny(p.expr[p.pos:], ":)")
	if end < 0 {
		return nil, false, p.errorf(at, "missing closing parenthesis")
	}
	name := p.expr[p.pos+2 : p.pos+end]
	if p.expr[p.pos+end] == ')' && (name == "F" || name == "FAIL") {
		p.pos += end + 1
		return &node{kind: nodeNever, at: at}, false, nil
	}
	for _, o := range words {
		if p.expr[p.pos+end] == ':' && (name == o.short || name == o.long) {
			p.pos += end + 1
			return p.body(at, &node{kind: o.kind, neg: o.neg, behind: o.behind})
		}
	}
	return nil, false, p.errorf(at, "(*%s) is not supported", name)
}

var words = [...]struct {
	short, long string
	kind        nodeKind
	neg, behind bool
}{
	{"pla", "positive_lookahead", nodeLook, false, false},
	{"nla", "negative_lookahead", nodeLook, true, false},
	{"plb", "positive_lookbehind", nodeLook, false, true},
	{"nlb", "negative_lookbehind", nodeLook, true, true},
	{"atomic", "atomic", nodeAtomic, false, false},
}
