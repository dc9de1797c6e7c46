package engine

import (
	"bulwark/detect/logrule/internal/sigma"
)

// truth is what is known of a condition before an event is seen.
type truth uint8

const (
	open truth = iota
	yes
	no
)

func (t truth) not() truth { return [...]truth{open, no, yes}[t] }

// fold is a condition with what is known of an event put in: nil where that settles it.
func fold(n *sigma.Node, known map[string]sigma.Value) (*sigma.Node, truth) {
	switch n.Op {
	case sigma.Leaf:
		return foldTest(n, known)
	case sigma.Not:
		x, t := fold(n.Of[0], known)
		if t != open {
			return nil, t.not()
		}
		if x.Op == sigma.Not {
			return x.Of[0], open
		}
		return &sigma.Node{Op: sigma.Not, Of: []*sigma.Node{x}}, open
	}
	settles, neutral := no, yes // And
	if n.Op == sigma.Or {
		settles, neutral = yes, no
	}
	out := &sigma.Node{Op: n.Op}
	for _, x := range n.Of {
		x, t := fold(x, known)
		switch {
		case t == settles:
			return nil, t
		case t == neutral:
		case x.Op == n.Op:
			out.Of = append(out.Of, x.Of...)
		default:
			out.Of = append(out.Of, x)
		}
	}
	switch len(out.Of) {
	case 0:
		return nil, neutral
	case 1:
		return out.Of[0], open
	}
	return out, open
}

func foldTest(n *sigma.Node, known map[string]sigma.Value) (*sigma.Node, truth) {
	v, ok := known[n.Test.Field]
	if !ok || n.Test.Field == "" {
		return n, open
	}
	var holds bool
	switch n.Test.How {
	case sigma.Equal, sigma.Begins, sigma.Ends, sigma.Includes:
		return n, open
	case sigma.Present:
		holds = true
	case sigma.Absent:
	case sigma.Null:
		holds = v.Null
	default:
		holds = !v.Null && n.Test.One(v.Text)
	}
	if holds {
		return nil, yes
	}
	return nil, no
}
