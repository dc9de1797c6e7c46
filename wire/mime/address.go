package mime

import (
	"bytes"
	"iter"
)

// Addresses yields the addresses of a list (RFC 5322 §3.4) as they stand, without the blanks around them. Commas
// between quotation marks, in comments and in angle brackets do not separate.
func Addresses(v []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for len(v) > 0 {
			n := addressEnd(v)
			one := bytes.TrimSpace(v[:n])
			v = v[min(n+1, len(v)):]
			if len(one) > 0 && !yield(one) {
				return
			}
		}
	}
}

// addressEnd is how far the address goes that v begins with.
func addressEnd(v []byte) int {
	quoted, angle, comments := false, false, 0
	for i := 0; i < len(v); i++ {
		switch c := v[i]; {
		case c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '(':
			comments++
		case c == ')':
			comments = max(comments-1, 0)
		case comments > 0:
		case c == '<':
			angle = true
		case c == '>':
			angle = false
		case c == ',' && !angle:
			return i
		}
	}
	return len(v)
}
