package mime

import (
	"bytes"
	"strconv"
)

// mediaType appends the media type of a Content-Type in lower case, without its parameters.
func mediaType(dst, v []byte) []byte {
	if i := bytes.IndexByte(v, ';'); i >= 0 {
		v = v[:i]
	}
	v = bytes.TrimSpace(v)
	return lowered(dst, v[:min(len(v), 127)]) // RFC 6838 §4.2
}

// maxSections is how many pieces of one parameter are put together.
const maxSections = 64

// section is one piece of a parameter (RFC 2231 §3).
type section struct {
	value   []byte
	quoted  bool // between quotation marks
	percent bool // RFC 2231 §4: in a character set that the first piece names, with %XX
	there   bool
}

// appendParameter appends the value of a parameter of a field, put together and decoded (RFC 2045 §5.1, RFC 2231).
// What stands alone counts more than what comes in pieces.
func appendParameter(dst, v []byte, name string) []byte {
	var all [maxSections]section
	found := false
	_, v, _ = bytes.Cut(v, []byte{';'})
	for len(v) > 0 {
		var key []byte
		var s section
		key, s, v = cutParameter(v)
		n, ok := piece(key, name, &s)
		if !ok || all[n].there {
			continue
		}
		if n == 0 && len(key) == len(name) {
			return appendSections(dst, []section{s})
		}
		all[n], found = s, true
	}
	if !found {
		return dst
	}
	n := 0
	for n < maxSections && all[n].there {
		n++
	}
	return appendSections(dst, all[:n])
}

// cutParameter takes the first name=value of v, and returns what is behind it.
func cutParameter(v []byte) (key []byte, s section, rest []byte) {
	end := bytes.IndexAny(v, "=;")
	if end < 0 {
		return nil, s, nil
	}
	key = bytes.TrimSpace(v[:end])
	if v[end] == ';' {
		return nil, s, v[end+1:]
	}
	v = bytes.TrimLeft(v[end+1:], " \t")
	s.there = true
	if len(v) == 0 || v[0] != '"' {
		value, rest, _ := bytes.Cut(v, []byte{';'})
		s.value = bytes.TrimSpace(value)
		return key, s, rest
	}
	s.quoted = true
	end = 1
	for end < len(v) && v[end] != '"' {
		if v[end] == '\\' {
			end++
		}
		end++
	}
	end = min(end, len(v))
	s.value = v[1:end]
	_, rest, _ = bytes.Cut(v[end:], []byte{';'})
	return key, s, rest
}

// piece reports whether key is name, name*, name*3 or name*3*, and which piece it is.
func piece(key []byte, name string, s *section) (n int, ok bool) {
	if len(key) < len(name) || !bytes.EqualFold(key[:len(name)], []byte(name)) {
		return 0, false
	}
	key = key[len(name):]
	if len(key) == 0 {
		return 0, true
	}
	if key[0] != '*' {
		return 0, false
	}
	key = key[1:]
	if len(key) == 0 {
		s.percent = true
		return 0, true
	}
	if key[len(key)-1] == '*' {
		s.percent, key = true, key[:len(key)-1]
	}
	n, err := strconv.Atoi(string(key[:min(len(key), 3)]))
	return n, err == nil && n >= 0 && n < maxSections
}

// appendSections appends the pieces of one value one behind the other, decoded.
func appendSections(dst []byte, all []section) []byte {
	var charset []byte
	at := len(dst)
	for i := range all {
		s := &all[i]
		v := s.value
		if s.percent && i == 0 { // RFC 2231 §4: charset'language'text
			if set, rest, ok := bytes.Cut(v, []byte{'\''}); ok {
				if _, text, ok := bytes.Cut(rest, []byte{'\''}); ok {
					charset, v = set, text
				}
			}
		}
		switch {
		case s.percent:
			dst = appendPercent(dst, v)
		case s.quoted:
			dst = appendUnquoted(dst, v)
		default:
			dst = append(dst, v...)
		}
	}
	if len(charset) > 0 {
		return appendUTF8(dst[:at], charset, dst[at:])
	}
	if bytes.Contains(dst[at:], []byte("=?")) { // RFC 2047 §5 forbids it, and it is usual
		return AppendWords(dst[:at], bytes.Clone(dst[at:]))
	}
	return dst
}

func appendPercent(dst, v []byte) []byte {
	for i := 0; i < len(v); i++ {
		if v[i] == '%' && i+2 < len(v) && nibble(v[i+1]) < 16 && nibble(v[i+2]) < 16 {
			dst = append(dst, nibble(v[i+1])<<4|nibble(v[i+2]))
			i += 2
			continue
		}
		dst = append(dst, v[i])
	}
	return dst
}

// appendUnquoted undoes the backslashes of a quoted string. Before anything but a quotation mark or another one they
// stay: names of files bring whole Windows paths.
func appendUnquoted(dst, v []byte) []byte {
	for i := 0; i < len(v); i++ {
		if v[i] == '\\' && i+1 < len(v) && (v[i+1] == '"' || v[i+1] == '\\') {
			i++
		}
		dst = append(dst, v[i])
	}
	return dst
}

// nibble is the value of a hexadecimal digit, or 16.
func nibble(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	}
	return 16
}
