package sigma

import (
	"errors"
	"fmt"
	"path"
	"sort"
	"strings"
)

// maxDepth is how deep conditions and detections may be nested.
const maxDepth = 64

// condition reads the condition of a rule, in which searches are named.
func condition(text string, searches map[string]*Node) (*Node, error) {
	c := &conditionReader{words: conditionWords(text), searches: searches}
	n, err := c.or(0)
	if err != nil {
		return nil, err
	}
	if c.is("|") {
		return nil, errors.New(`counting with "|" is of older Sigma; a correlation says it since version 2.1`)
	}
	if c.at < len(c.words) {
		return nil, fmt.Errorf("%q is one word too many", c.words[c.at])
	}
	return n, nil
}

func conditionWords(text string) (all []string) {
	for _, f := range strings.Fields(text) {
		for f != "" {
			n := strings.IndexAny(f, "()|")
			switch {
			case n < 0:
				n = len(f)
			case n == 0:
				n = 1
			}
			all = append(all, f[:n])
			f = f[n:]
		}
	}
	return all
}

type conditionReader struct {
	words    []string
	at       int
	searches map[string]*Node
}

func (c *conditionReader) is(word string) bool {
	return c.at < len(c.words) && strings.EqualFold(c.words[c.at], word)
}

func (c *conditionReader) take(word string) bool {
	if c.is(word) {
		c.at++
		return true
	}
	return false
}

func (c *conditionReader) or(depth int) (*Node, error) { return c.list("or", Or, depth, c.and) }

func (c *conditionReader) and(depth int) (*Node, error) { return c.list("and", And, depth, c.not) }

func (c *conditionReader) list(word string, op Op, depth int, next func(int) (*Node, error)) (*Node, error) {
	n, err := next(depth)
	if err != nil || !c.is(word) {
		return n, err
	}
	all := &Node{Op: op, Of: []*Node{n}}
	for c.take(word) {
		n, err := next(depth)
		if err != nil {
			return nil, err
		}
		all.Of = append(all.Of, n)
	}
	return all, nil
}

func (c *conditionReader) not(depth int) (*Node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	if c.take("not") {
		n, err := c.not(depth + 1)
		return &Node{Op: Not, Of: []*Node{n}}, err
	}
	if c.take("(") {
		n, err := c.or(depth + 1)
		if err == nil && !c.take(")") {
			err = errors.New("a parenthesis is not closed")
		}
		return n, err
	}
	return c.name()
}

func (c *conditionReader) name() (*Node, error) {
	if c.at >= len(c.words) {
		return nil, errors.New("it ends where a search should follow")
	}
	word := c.words[c.at]
	c.at++
	if c.is("of") {
		c.at++
		return c.of(word)
	}
	n := c.searches[word]
	if n == nil {
		return nil, fmt.Errorf("there is no search %q", word)
	}
	return n, nil
}

// of is "1 of x*", "any of x*" or "all of x*".
func (c *conditionReader) of(many string) (*Node, error) {
	op := Or
	switch strings.ToLower(many) {
	case "1", "any":
	case "all":
		op = And
	default:
		return nil, fmt.Errorf(`"%s of" is none of "1 of", "any of", "all of"`, many)
	}
	if c.at >= len(c.words) {
		return nil, fmt.Errorf(`nothing follows "%s of"`, many)
	}
	pattern := c.words[c.at]
	c.at++
	var names []string
	for name := range c.searches {
		if strings.EqualFold(pattern, "them") {
			if !strings.HasPrefix(name, "_") {
				names = append(names, name)
			}
		} else if ok, err := path.Match(pattern, name); err == nil && ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no search is called %q", pattern)
	}
	sort.Strings(names)
	n := &Node{Op: op}
	for _, name := range names {
		n.Of = append(n.Of, c.searches[name])
	}
	return n, nil
}
