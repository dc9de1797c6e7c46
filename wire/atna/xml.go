package atna

import (
	"bytes"
	"strconv"
	"unicode/utf8"
)

// scanner goes over the tags of XML, as far as audit messages use it: it keeps no state of what is open, and reads no
// document type.
type scanner struct {
	b          []byte
	name       []byte // of the tag in hand, without its prefix
	end        bool   // it is an end tag
	attributes []byte
	text       []byte // between the tag before and this one
}

// next goes to the next start or end tag.
func (x *scanner) next() bool {
	for {
		i := bytes.IndexByte(x.b, '<')
		if i < 0 || i+1 >= len(x.b) {
			return false
		}
		x.text = bytes.TrimSpace(x.b[:i])
		b := x.b[i+1:]
		switch {
		case bytes.HasPrefix(b, []byte("!--")):
			j := bytes.Index(b, []byte("-->"))
			if j < 0 {
				return false
			}
			x.b = b[j+3:]
			continue
		case b[0] == '?' || b[0] == '!':
			j := bytes.IndexByte(b, '>')
			if j < 0 {
				return false
			}
			x.b = b[j+1:]
			continue
		}
		j := tagEnd(b)
		if j < 0 {
			return false
		}
		x.b = b[j+1:]
		x.tag(b[:j])
		return true
	}
}

// tagEnd is where the tag ends that b is in; -1 when it does not. A quoted value may hold the sign.
func tagEnd(b []byte) int {
	var quote byte
	for i, c := range b {
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i
		}
	}
	return -1
}

// tag takes the inside of a tag apart.
func (x *scanner) tag(b []byte) {
	if x.end = len(b) > 0 && b[0] == '/'; x.end {
		b = b[1:]
	}
	b = bytes.TrimSuffix(b, []byte{'/'})
	i := bytes.IndexAny(b, " \t\r\n")
	if i < 0 {
		i = len(b)
	}
	x.name, x.attributes = b[:i], b[i:]
	if j := bytes.IndexByte(x.name, ':'); j >= 0 {
		x.name = x.name[j+1:]
	}
}

// attribute is the value of an attribute as it stands; nil when there is none.
func (x *scanner) attribute(name string) []byte {
	for b := x.attributes; ; {
		i := bytes.IndexByte(b, '=')
		if i < 0 {
			return nil
		}
		key := bytes.TrimSpace(b[:i])
		b = bytes.TrimLeft(b[i+1:], " \t\r\n")
		if len(b) == 0 || b[0] != '"' && b[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(b[1:], b[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return b[1 : 1+end]
		}
		b = b[end+2:]
	}
}

// decoded is v with its entities replaced.
func (m *Message) decoded(v []byte) []byte {
	i := bytes.IndexByte(v, '&')
	if i < 0 || len(m.text)+len(v) > maxDecoded {
		return v
	}
	at := len(m.text)
	for i >= 0 {
		m.text = append(m.text, v[:i]...)
		v = v[i:]
		end := bytes.IndexByte(v, ';')
		if end < 0 || end > 10 {
			end = 0
			m.text = append(m.text, '&')
		} else {
			m.text = appendEntity(m.text, v[1:end])
		}
		v = v[end+1:]
		i = bytes.IndexByte(v, '&')
	}
	m.text = append(m.text, v...)
	return m.text[at:]
}

func appendEntity(dst, name []byte) []byte {
	switch string(name) {
	case "amp":
		return append(dst, '&')
	case "lt":
		return append(dst, '<')
	case "gt":
		return append(dst, '>')
	case "quot":
		return append(dst, '"')
	case "apos":
		return append(dst, '\'')
	}
	if len(name) > 1 && name[0] == '#' {
		digits, base := string(name[1:]), 10
		if digits[0] == 'x' {
			digits, base = digits[1:], 16
		}
		if n, err := strconv.ParseUint(digits, base, 21); err == nil {
			return utf8.AppendRune(dst, rune(n))
		}
	}
	return append(append(append(dst, '&'), name...), ';')
}
