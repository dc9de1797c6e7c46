package engine

import (
	"bulwark/detect/signature/internal/rule"
	"bulwark/wire"
)

// needs is what the rules of a set ask for of what is gathered, so that nothing else is.
type needs struct {
	files    [2]int // first bytes of files, bodies of HTTP among them, by direction
	requests bool   // bodies of requests of HTTP as they cross
	windows  bool   // rules about messages or files look at the stream around them
}

// need finds out what the rules ask for.
func (s *Set) need() {
	n := &s.needs
	for i := range s.rules {
		c := &s.rules[i]
		for k := range c.Buffers {
			b := &c.Buffers[k]
			most := 0
			switch {
			case b.Frame != "":
				n.requests, most = true, maxBody
			case b.Field == nil:
				n.windows = n.windows || c.about == aboutHTTP
			case b.Field.Name == "http.request_body":
				n.requests = true
			case b.Field.Name == "file.data" || b.Field.Name == "http.response_body":
				most = firstOf(b)
			case c.about == aboutHTTP && sourceOf(b.Field) != nil && ofBodies(sourceOf(b.Field)):
				most = maxBody
			}
			for dir := range wire.Dir(2) {
				if c.dirs>>dir&1 != 0 || c.Exchange {
					n.files[dir] = max(n.files[dir], most)
				}
			}
		}
	}
}

// firstOf is how many of the first bytes of a body the tests look at: fewer than may be kept where each says where its
// bytes stand.
func firstOf(b *rule.Looked) int {
	most := 1
	for _, t := range b.Tests {
		x, ok := t.(*rule.Content)
		if !ok || x.Not || x.AtEnd || x.Distance.Set || x.Within.Set || x.Offset.Name != "" || x.Depth.Name != "" {
			return maxBody
		}
		switch {
		case x.StartsWith:
			most = max(most, len(x.Bytes))
		case x.Depth.Set:
			most = max(most, x.Offset.N+max(x.Depth.N, len(x.Bytes)))
		default:
			return maxBody
		}
	}
	if len(b.Transforms) > 0 || len(b.Tests) == 0 {
		return maxBody
	}
	return min(most, maxBody)
}
