package sigma

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Wild is what a piece of a pattern stands for.
type Wild uint8

// The wilds.
const (
	Text Wild = iota // its text
	One              // any one character
	Any              // any characters, or none
)

// Piece is a piece of a pattern.
type Piece struct {
	Wild Wild
	Text string
}

// Pattern is a text with wildcards. The zero Pattern matches the empty text alone.
type Pattern []Piece

// ParsePattern reads a text in which * and ? are wildcards. A backslash before one of them, or before another backslash, takes
// its meaning away; before anything else it stands for itself (Sigma rules specification, "Escaping").
func ParsePattern(s string) Pattern {
	var p Pattern
	var text strings.Builder
	flush := func() {
		if text.Len() > 0 {
			p = append(p, Piece{Text, text.String()})
			text.Reset()
		}
	}
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && i+1 < len(s) && (s[i+1] == '*' || s[i+1] == '?' || s[i+1] == '\\'):
			i++
			text.WriteByte(s[i])
		case c == '*' && len(p) > 0 && p[len(p)-1].Wild == Any && text.Len() == 0: // ** says no more than *
		case c == '*':
			flush()
			p = append(p, Piece{Wild: Any})
		case c == '?':
			flush()
			p = append(p, Piece{Wild: One})
		default:
			text.WriteByte(c)
		}
	}
	flush()
	return p
}

// Literal is the pattern that matches a text and nothing else.
func Literal(s string) Pattern {
	if s == "" {
		return nil
	}
	return Pattern{{Text, s}}
}

// Plain is the text of a pattern without wildcards.
func (p Pattern) Plain() (string, bool) {
	switch {
	case len(p) == 0:
		return "", true
	case len(p) == 1 && p[0].Wild == Text:
		return p[0].Text, true
	}
	return "", false
}

// between is p with anything before or behind it.
func (p Pattern) between(before, behind bool) Pattern {
	out := slices.Clone(p)
	if before && (len(out) == 0 || out[0].Wild != Any) {
		out = slices.Insert(out, 0, Piece{Wild: Any})
	}
	if behind && (len(out) == 0 || out[len(out)-1].Wild != Any) {
		out = append(out, Piece{Wild: Any})
	}
	return out
}

// each is p with another text in each piece of text.
func (p Pattern) each(fn func(string) string) Pattern {
	out := slices.Clone(p)
	for i := range out {
		if out[i].Wild == Text {
			out[i].Text = fn(out[i].Text)
		}
	}
	return out
}

// plainly takes the meaning of wildcards away.
var plainly = strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`)

func (p Pattern) String() string {
	var b strings.Builder
	for _, x := range p {
		switch x.Wild {
		case Any:
			b.WriteByte('*')
		case One:
			b.WriteByte('?')
		default:
			b.WriteString(plainly.Replace(x.Text))
		}
	}
	return b.String()
}

// Match reports whether p matches the whole of s. Its time grows with the product of both lengths at most.
func (p Pattern) Match(s string) bool {
	at, star, tried := 0, -1, 0 // the piece that is next; the last * passed; where in s what follows it was tried last
	rest := s
	for {
		switch {
		case at == len(p):
			if rest == "" {
				return true
			}
		case p[at].Wild == Any:
			star, tried = at, len(s)-len(rest)
			at++
			continue
		case p[at].Wild == One && rest != "":
			_, n := utf8.DecodeRuneInString(rest)
			rest, at = rest[n:], at+1
			continue
		case p[at].Wild == Text && strings.HasPrefix(rest, p[at].Text):
			rest, at = rest[len(p[at].Text):], at+1
			continue
		}
		if star < 0 || tried >= len(s) {
			return false
		}
		_, n := utf8.DecodeRuneInString(s[tried:]) // the last * takes one character more
		tried += n
		rest, at = s[tried:], star+1
	}
}
