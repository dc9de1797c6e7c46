package pcre

import (
	"math/rand/v2"
	"sort"
	"testing"
)

// sampler writes subjects that an expression may match: it walks its tree at random. Look-arounds and places are
// ignored, so that some subjects do not match.
type sampler struct {
	*rand.Rand
	out    []byte
	groups map[int][]byte
	left   int
}

func (s *sampler) write(n *node) {
	if s.left--; s.left < 0 {
		return
	}
	switch n.kind {
	case nodeSet:
		s.byteOf(n.set)
	case nodeCat:
		for _, sub := range n.subs {
			s.write(sub)
		}
	case nodeAlt:
		s.write(n.subs[s.IntN(len(n.subs))])
	case nodeRepeat:
		times := n.min
		if n.max < 0 {
			times += s.IntN(4)
		} else if n.max > n.min {
			times += s.IntN(min(n.max-n.min+1, 5))
		}
		for range min(times, 3000) {
			s.write(n.subs[0])
		}
	case nodeGroup:
		from := len(s.out)
		s.write(n.subs[0])
		s.groups[n.num] = s.out[from:len(s.out):len(s.out)]
	case nodeAtomic, nodeCond:
		s.write(n.subs[0])
	case nodeBackref:
		s.out = append(s.out, s.groups[n.refs[0]]...)
	}
}

const readable = "abcdefxyzABCXYZ0123456789/.-_=&?% \"'<>\r\n:;"

// byteOf writes a byte of set, most often one that can be read.
func (s *sampler) byteOf(set set) {
	for range 64 {
		c := byte(s.IntN(256))
		if s.IntN(4) > 0 {
			c = readable[s.IntN(len(readable))]
		}
		if set.has(c) {
			s.out = append(s.out, c)
			return
		}
	}
	s.out = append(s.out, set.lowest())
}

// subjects are samples of an expression, as they are and spoilt.
func (s *sampler) subjects(expr string, flags Flags, n int) [][]byte {
	root, _, err := parse(expr, flags)
	if err != nil {
		return nil
	}
	var all [][]byte
	for i := range n {
		s.out, s.groups, s.left = nil, map[int][]byte{}, 5000
		if i%2 == 1 {
			s.out = append(s.out, "xy\r\n"...)
		}
		s.write(root)
		switch {
		case i%3 == 1 && len(s.out) > 0:
			s.out[s.IntN(len(s.out))] ^= byte(1 << s.IntN(8))
		case i%3 == 2 && len(s.out) > 1:
			at := s.IntN(len(s.out) - 1)
			s.out = append(s.out[:at], s.out[at+1:]...)
		}
		if i%4 == 3 {
			s.out = append(s.out, s.out...)
		}
		if len(s.out) < 5000 {
			all = append(all, s.out)
		}
	}
	return all
}

func TestAgreesWithPCRE2OnExpressionsOfOutsideRules(t *testing.T) {
	exprs := ruleExpressions(t)
	var keys []string
	for k := range exprs {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	s := &sampler{Rand: rand.New(rand.NewPCG(3, 4))}
	var cases []asked
	for _, k := range keys {
		c := asked{expr: exprs[k][0]}
		for _, f := range exprs[k][1] {
			switch f {
			case 'i', 's', 'm', 'x', 'A', 'E', 'G':
				c.flags += string(f)
			}
		}
		if c.subjects = s.subjects(c.expr, flagsOf(c.flags), 12); len(c.subjects) > 0 {
			cases = append(cases, c)
		}
	}
	compare(t, cases)
}
