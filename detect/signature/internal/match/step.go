package match

import (
	"math"

	"bulwark/detect/signature/internal/rule"
)

// step is one test: its kind, and where its particulars are in the program.
type step struct {
	kind stepKind
	at   uint16
}

type stepKind uint8

const (
	stepContent stepKind = iota
	stepExpr
	stepAt
	stepTest
	stepJump
	stepExtract
	stepMath
	stepSize
	stepDataset
	stepBase64
	stepASN1
	stepEntropy
)

// from evaluates the tests of p from the i-th on, the last of them having ended at pos.
func (r *run) from(p *Program, i, pos int) verdict {
	firm := false // a content was passed that is not looked for again
	for ; i < len(p.steps); i++ {
		if r.steps++; r.steps >= stepLimit {
			return never
		}
		s := p.steps[i]
		if s.kind == stepContent {
			c := &p.contents[s.at]
			if c.again && !c.not {
				return harden(r.every(p, i, pos, c), firm)
			}
			v, end := r.content(c, pos)
			if v != yes {
				return harden(v, firm)
			}
			pos, firm = end, firm || !c.not
			continue
		}
		if s.kind == stepExpr && p.exprs[s.at].again && !p.exprs[s.at].not {
			v, _ := r.expr(p, i, pos, &p.exprs[s.at])
			return harden(v, firm)
		}
		v, end := r.one(p, i, pos)
		if v != yes {
			return harden(v, firm)
		}
		pos = end
	}
	return yes
}

// harden turns no into never behind a content that is not looked for again.
func harden(v verdict, firm bool) verdict {
	if v == no && firm {
		return never
	}
	return v
}

// every tries each place of a content until the rest holds.
func (r *run) every(p *Program, i, pos int, c *content) verdict {
	from, to, v := c.window(r, pos)
	if v != yes {
		return v
	}
	for {
		if r.spend(c.length()) {
			return never
		}
		at := c.find(r.view.Data, from, to)
		if at < 0 {
			return c.missed()
		}
		if v := r.from(p, i+1, at+len(c.text)); v != no {
			return v
		}
		from, r.again = at+1, true
	}
}

// one evaluates the i-th test, which can hold in one way only.
func (r *run) one(p *Program, i, pos int) (verdict, int) {
	switch s := p.steps[i]; s.kind {
	case stepExpr:
		return r.expr(p, i, pos, &p.exprs[s.at])
	case stepAt:
		return r.dataAt(&p.numbers[s.at], pos), pos
	case stepTest:
		return told(r.test(&p.numbers[s.at], pos)), pos
	case stepJump:
		return r.jump(&p.numbers[s.at], pos)
	case stepExtract:
		return r.extract(&p.numbers[s.at], pos)
	case stepMath:
		return r.math(&p.numbers[s.at], pos)
	case stepSize:
		return r.size(&p.sizes[s.at]), pos
	case stepDataset:
		if r.m.Dataset == nil || !r.m.Dataset(p.datasets[s.at], r.view.Data) {
			return never, pos
		}
		return yes, pos
	case stepBase64:
		return r.base64(p.base64s[s.at], pos), pos
	case stepASN1:
		return told(r.asn1(p.asn1s[s.at], pos)), pos
	case stepEntropy:
		if !r.entropy(p.entropy[s.at]) {
			return never, pos
		}
		return yes, pos
	}
	return never, pos
}

func told(holds bool) verdict {
	if holds {
		return yes
	}
	return no
}

// size is bsize.
func (r *run) size(n *rule.Number) verdict {
	if Holds(n, r.view.Offset+uint64(len(r.view.Data)), 0) {
		return yes
	}
	return never
}

// amount is a number of the rule or that of a variable.
type amount struct {
	n    int32
	slot int32 // -1: n counts
}

// length is the amount as an offset, a depth or a count: none is below 0, and a variable beyond 32 bits is cut, as
// Suricata does.
func (a amount) length(m *Machine) int {
	if a.slot < 0 {
		return max(int(a.n), 0)
	}
	return int(uint32(m.values[a.slot]))
}

// distance is the amount as a signed way of 32 bits.
func (a amount) distance(m *Machine) int {
	if a.slot < 0 {
		return int(a.n)
	}
	return int(int32(uint32(m.values[a.slot])))
}

// Holds reports whether n holds of v; operand is the value of the variable that n names.
func Holds(n *rule.Number, v, operand uint64) bool {
	a := n.A
	if n.Var != "" {
		a = operand
	}
	return compare(n.Op, v, a, n.B) != n.Not
}

func compare(op rule.Op, v, a, b uint64) bool {
	switch op {
	case rule.Equal:
		return v == a
	case rule.NotEqual:
		return v != a
	case rule.Less:
		return v < a
	case rule.LessEqual:
		return v <= a
	case rule.Greater:
		return v > a
	case rule.GreaterEqual:
		return v >= a
	case rule.Between:
		return a < v && v < b
	case rule.Within:
		return a <= v && v <= b
	case rule.Mask:
		return a == v&b
	case rule.NotMask:
		return a != v&b
	case rule.BitAnd:
		return v&a != 0
	case rule.BitNand:
		return v&a == 0
	}
	return false
}

// farAway is a length that no buffer has.
const farAway = math.MaxInt32
