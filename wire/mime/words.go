package mime

import (
	"bytes"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// AppendWords appends a value with its encoded words decoded to UTF-8 (RFC 2047): "=?iso-8859-1?Q?M=FCller?=" is
// "Müller". Blanks between two of them are left out; what cannot be decoded stays as it is. dst and v must not share
// memory.
func AppendWords(dst, v []byte) []byte {
	after := false // what was appended last is a word
	for len(v) > 0 {
		i := bytes.Index(v, []byte("=?"))
		if i < 0 {
			return append(dst, v...)
		}
		at := len(dst)
		if between := v[:i]; !after || len(bytes.TrimSpace(between)) > 0 {
			dst = append(dst, between...)
		}
		decoded, n := appendWord(dst, v[i:])
		if n == 0 {
			dst = append(append(dst[:at], v[:i]...), "=?"...)
			v, after = v[i+2:], false
			continue
		}
		dst, v, after = decoded, v[i+n:], true
	}
	return dst
}

// appendWord appends the encoded word that p begins with, and tells how long it is; 0 when it is none.
func appendWord(dst, p []byte) ([]byte, int) {
	charset, rest, ok := bytes.Cut(p[2:], []byte{'?'})
	if !ok || len(rest) < 2 || rest[1] != '?' || len(charset) > 40 {
		return dst, 0
	}
	text, _, ok := bytes.Cut(rest[2:], []byte("?="))
	if !ok || bytes.ContainsAny(text, " \t?") && rest[0]|0x20 != 'q' {
		return dst, 0
	}
	charset, _, _ = bytes.Cut(charset, []byte{'*'}) // RFC 2231 §5: a language may follow
	at := len(dst)
	switch rest[0] | 0x20 {
	case 'q':
		dst = appendQ(dst, text)
	case 'b':
		dst = appendB(dst, text)
	default:
		return dst, 0
	}
	return appendUTF8(dst[:at], charset, dst[at:]), len(p) - len(rest) + 2 + len(text) + 2
}

// appendQ undoes the Q encoding (RFC 2047 §4.2).
func appendQ(dst, text []byte) []byte {
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '_':
			c = ' '
		case c == '=' && i+2 < len(text) && nibble(text[i+1]) < 16 && nibble(text[i+2]) < 16:
			c = nibble(text[i+1])<<4 | nibble(text[i+2])
			i += 2
		}
		dst = append(dst, c)
	}
	return dst
}

func appendB(dst, text []byte) []byte {
	var d quads
	return d.append(dst, text)
}

// appendUTF8 appends text, which is in charset, in UTF-8. text may stand where it is appended to. One of a character
// set that is not known is appended as it is.
func appendUTF8(dst []byte, charset, text []byte) []byte {
	var lower [40]byte
	name := lowered(lower[:0], charset[:min(len(charset), len(lower))])
	if string(name) == "utf-8" || string(name) == "us-ascii" || string(name) == "utf8" || ascii(text) && !escapes(name) {
		return append(dst, text...)
	}
	e, err := htmlindex.Get(string(name)) // what is called latin-1 is read as windows-1252, as everybody does
	if err != nil {
		return append(dst, text...)
	}
	decoded, err := e.NewDecoder().Bytes(text)
	if err != nil {
		return append(dst, text...)
	}
	return append(dst, decoded...)
}

// escapes reports whether a character set writes its characters in bytes of seven bits.
func escapes(charset []byte) bool {
	return bytes.HasPrefix(charset, []byte("iso-2022")) || bytes.HasPrefix(charset, []byte("hz-")) || bytes.HasPrefix(charset, []byte("utf-16"))
}

func ascii(p []byte) bool {
	for _, c := range p {
		if c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
