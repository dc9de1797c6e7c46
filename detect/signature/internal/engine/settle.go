package engine

import (
	"strings"

	"bulwark/detect/signature/internal/rule"
)

// Settle forgets what the rules of the set say that is not asked while they are evaluated, and with it the lines that they
// stood in. It is for who has no other use of the rules that the set was made of.
func (s *Set) Settle() {
	words := map[string]string{} // many rules have the same
	own := func(word string) string {
		if words[word] == "" {
			words[word] = strings.Clone(word)
		}
		return words[word]
	}
	for i := range s.rules {
		c := &s.rules[i]
		r := c.Rule
		r.Pos, r.Text, r.Scope, r.Message = rule.Pos{}, "", "", strings.Clone(r.Message)
		r.Class, r.Proto.Name, r.Proto.App, r.Proto.Hook = own(r.Class), own(r.Proto.Name), own(r.Proto.App), own(r.Proto.Hook)
		r.Source, r.Dest, r.SourcePorts, r.DestPorts = rule.Addresses{}, rule.Addresses{}, rule.Ports{}, rule.Ports{}
		r.References, r.Metadata, r.Requires, r.Ignored, r.Buffers, r.Events = nil, nil, nil, nil, nil, nil
		texts := [][]string{c.metadata, c.references, c.app}
		for k := range r.Bits {
			b := &r.Bits[k]
			b.Of, b.Do, texts = own(b.Of), own(b.Do), append(texts, b.Names)
		}
		for k := range r.Tests {
			t := &r.Tests[k]
			t.Name, t.Text, t.Pos = own(t.Name), own(t.Text), rule.Pos{}
			texts = append(texts, t.Words, t.Options)
		}
		for _, t := range [...]*rule.Threshold{r.Threshold, r.Detection, c.Threshold, c.Detection} {
			if t != nil {
				t.Track, t.Unique = own(t.Track), own(t.Unique)
			}
		}
		for k := range r.Ints {
			x := &r.Ints[k]
			x.Name, x.Do, x.Var = own(x.Name), own(x.Do), own(x.Var)
		}
		for k := range c.looks {
			c.looks[k].program.Settle()
		}
		for _, some := range texts {
			for k, text := range some {
				some[k] = own(text)
			}
		}
	}
	s.bits, s.ints = ownKeys(s.bits, own), ownKeys(s.ints, own)
	s.bitNames, s.intNames = names(s.bits), names(s.ints)
}

// ownKeys is m with keys that hold nothing but themselves.
func ownKeys(m map[string]uint32, own func(string) string) map[string]uint32 {
	kept := make(map[string]uint32, len(m))
	for key, n := range m {
		kept[own(key)] = n
	}
	return kept
}
