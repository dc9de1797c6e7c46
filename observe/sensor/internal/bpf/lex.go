package bpf

import "strings"

// token is one word of an expression, or the end ("").
type token struct {
	text string
	pos  int
}

// lex splits an expression. Words hold all that addresses are written with.
func lex(s string) []token {
	var all []token
	for i := 0; i < len(s); {
		switch c := s[i]; {
		case strings.IndexByte(" \t\r\n", c) >= 0:
			i++
			continue
		case c == '(' || c == ')' || c == '!':
			all = append(all, token{s[i : i+1], i})
			i++
		case strings.HasPrefix(s[i:], "&&"), strings.HasPrefix(s[i:], "||"):
			all = append(all, token{s[i : i+2], i})
			i += 2
		default:
			n := strings.IndexAny(s[i:], " \t\r\n()!&|")
			switch {
			case n < 0:
				n = len(s) - i
			case n == 0:
				n = 1
			}
			all = append(all, token{s[i : i+n], i})
			i += n
		}
	}
	return append(all, token{"", len(s)})
}
