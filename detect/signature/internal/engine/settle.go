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
		for _, some := range texts {
			for k, text := range some {
				some[k] = own(text)
			}
		}
	}
}
