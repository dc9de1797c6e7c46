package match

import (
	"unicode/utf16"
	"unicode/utf8"
)

// jsonDecode leaves out the blanks of JSON that are outside of strings and resolves the escapes in them (RFC 8259
// section 7). What is no such escape stays as it is.
func jsonDecode(_ *Machine, out, in []byte) []byte {
	quoted := false
	for i := 0; i < len(in); i++ {
		b := in[i]
		switch {
		case b == '"':
			quoted = !quoted
			out = append(out, b)
		case !quoted && space(b) && b != '\v':
		case quoted && b == '\\':
			var n int
			out, n = appendEscape(out, in[i:])
			i += n - 1
		default:
			out = append(out, b)
		}
	}
	return out
}

// appendEscape resolves the escape that p begins with; n is its length.
func appendEscape(out, p []byte) ([]byte, int) {
	if len(p) < 2 {
		return append(out, p...), len(p)
	}
	switch p[1] {
	case '"', '\\', '/':
		return append(out, p[1]), 2
	case 'b':
		return append(out, '\b'), 2
	case 'f':
		return append(out, '\f'), 2
	case 'n':
		return append(out, '\n'), 2
	case 'r':
		return append(out, '\r'), 2
	case 't':
		return append(out, '\t'), 2
	case 'u':
		return appendUnicode(out, p)
	}
	return append(out, p[:2]...), 2
}

// appendUnicode resolves \uXXXX, and two of them that are a surrogate pair. Half a pair becomes its three bytes.
func appendUnicode(out, p []byte) ([]byte, int) {
	first := hexRune(p)
	if first < 0 {
		n := min(len(p), 6)
		return append(out, p[:n]...), n
	}
	if !utf16.IsSurrogate(first) {
		return utf8.AppendRune(out, first), 6
	}
	if second := hexRune(p[6:]); second >= 0 {
		if r := utf16.DecodeRune(first, second); r != utf8.RuneError {
			return utf8.AppendRune(out, r), 12
		}
	}
	return append(out, 0xe0|byte(first>>12), 0x80|byte(first>>6&0x3f), 0x80|byte(first&0x3f)), 6
}

// hexRune is the value of \uXXXX at the begin of p, or -1.
func hexRune(p []byte) rune {
	if len(p) < 6 || p[0] != '\\' || p[1] != 'u' {
		return -1
	}
	v := rune(0)
	for _, b := range p[2:6] {
		d := digit(b)
		if d > 15 {
			return -1
		}
		v = v<<4 | rune(d)
	}
	return v
}
