package flat

import (
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unescape appends a text without its backslashes (RFC 8259 §7). A backslash before what needs none stays.
func unescape(out, raw []byte) []byte {
	for i := 0; i < len(raw); {
		c := raw[i]
		if c != '\\' || i+1 == len(raw) {
			out = append(out, c)
			i++
			continue
		}
		switch c = raw[i+1]; c {
		case '"', '\\', '/':
			out = append(out, c)
		case 'b':
			out = append(out, '\b')
		case 'f':
			out = append(out, '\f')
		case 'n':
			out = append(out, '\n')
		case 'r':
			out = append(out, '\r')
		case 't':
			out = append(out, '\t')
		case 'u':
			letter, n := unicodeAt(raw[i:])
			out = utf8.AppendRune(out, letter)
			i += n
			continue
		default:
			out = append(out, '\\', c)
		}
		i += 2
	}
	return out
}

// unicodeAt reads \uXXXX, or two of them that are one letter, and how many bytes it takes.
func unicodeAt(p []byte) (letter rune, n int) {
	a, ok := hex4(p)
	if !ok {
		return utf8.RuneError, 2
	}
	if !utf16.IsSurrogate(a) {
		return a, 6
	}
	if b, ok := hex4(p[6:]); ok {
		if both := utf16.DecodeRune(a, b); both != utf8.RuneError {
			return both, 12
		}
	}
	return utf8.RuneError, 6
}

func hex4(p []byte) (rune, bool) {
	if len(p) < 6 || p[0] != '\\' || p[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(string(p[2:6]), 16, 16)
	return rune(n), err == nil
}
