package pcre

import "strings"

// conditional reads (?(test)yes|no).
func (p *parser) conditional(at int) (*node, bool, error) {
	n := &node{kind: nodeCond, at: at}
	if err := p.condition(n); err != nil {
		return nil, false, err
	}
	var err error
	if n.subs, err = p.enclosed(at, false); err != nil {
		return nil, false, err
	}
	switch {
	case len(n.subs) > 2:
		return nil, false, p.errorf(at, "conditional group with more than two alternatives")
	case n.test == testNever && len(n.subs) > 1:
		return nil, false, p.errorf(at, "(?(DEFINE) with more than one alternative")
	case len(n.subs) == 1:
		n.subs = append(n.subs, &node{kind: nodeEmpty})
	}
	return n, true, nil
}

// condition reads the test of a conditional group at p.pos, the offset of its opening parenthesis.
func (p *parser) condition(n *node) error {
	at, rest := p.pos, p.expr[p.pos:]
	for _, look := range [...]string{"(?=", "(?!", "(?<=", "(?<!", "(*pla:", "(*nla:", "(*plb:", "(*nlb:",
		"(*positive_look", "(*negative_look"} {
		if strings.HasPrefix(rest, look) {
			l, _, err := p.group()
			n.test, n.look = testLook, l
			return err
		}
	}
	p.pos++
	ref, err := p.rest(at)
	if err != nil {
		return err
	}
	return p.tested(n, at, ref)
}

// tested sets the test of n that ref asks for.
func (p *parser) tested(n *node, at int, ref string) error {
	switch name, isCall := strings.CutPrefix(ref, "R&"); {
	case ref == "":
		return p.errorf(at, "empty condition")
	case isCall:
		n.test = testCall
		return p.resolve(n, at, name)
	case ref == "DEFINE":
		n.test = testNever
		return nil
	case strings.HasPrefix(ref, "VERSION"):
		return p.errorf(at, "(?(VERSION is not supported")
	case ref[0] == 'R' && strings.Trim(ref[1:], "0123456789") == "" && p.names[ref] == nil:
		if n.test = testInside; len(ref) > 1 {
			n.test = testCall
			return p.resolve(n, at, ref[1:])
		}
		return nil
	}
	n.test = testGroup
	if len(ref) > 1 && (ref[0] == '<' && ref[len(ref)-1] == '>' || ref[0] == '\'' && ref[len(ref)-1] == '\'') {
		ref = ref[1 : len(ref)-1]
		if err := p.checkName(at, ref); err != nil {
			return err
		}
	}
	return p.resolve(n, at, ref)
}

// resolve finds the groups of ref once all are known.
func (p *parser) resolve(n *node, at int, ref string) error {
	ref, err := p.absolute(at, ref)
	if err != nil {
		return err
	}
	p.later = append(p.later, func() error {
		refs, err := p.groupNumbers(at, ref)
		n.refs = refs
		return err
	})
	return nil
}
