package ldap

import (
	"unicode/utf8"

	"bulwark/wire/ber"
)

// The choices of a filter (RFC 4511 §4.5.1.7).
const (
	filterAnd        = 0
	filterOr         = 1
	filterNot        = 2
	filterEqual      = 3
	filterSubstrings = 4
	filterGreater    = 5
	filterLess       = 6
	filterPresent    = 7
	filterApprox     = 8
	filterExtensible = 9
)

// appendFilter appends a filter as text (RFC 4515 §3) to dst, about [MaxFilter] bytes of it.
func (m *Message) appendFilter(dst []byte, f ber.Element) []byte {
	if len(dst) >= MaxFilter {
		m.FilterCut = true
		return dst
	}
	dst = append(dst, '(')
	r := f.Open()
	switch f.Tag.Number() {
	case filterAnd:
		dst = m.appendFilters(append(dst, '&'), &r)
	case filterOr:
		dst = m.appendFilters(append(dst, '|'), &r)
	case filterNot:
		dst = m.appendFilters(append(dst, '!'), &r)
	case filterEqual:
		dst = m.appendItem(dst, &r, "=")
	case filterSubstrings:
		dst = m.appendSubstrings(dst, &r)
	case filterGreater:
		dst = m.appendItem(dst, &r, ">=")
	case filterLess:
		dst = m.appendItem(dst, &r, "<=")
	case filterPresent:
		dst = append(m.appendValue(dst, f.Body), "=*"...)
	case filterApprox:
		dst = m.appendItem(dst, &r, "~=")
	case filterExtensible:
		dst = m.appendExtensible(dst, &r)
	}
	return append(dst, ')')
}

// appendFilters appends a row of filters.
func (m *Message) appendFilters(dst []byte, r *ber.Reader) []byte {
	for r.More() && !m.FilterCut {
		dst = m.appendFilter(dst, r.Next())
	}
	return dst
}

// appendItem appends an attribute, a sign and a value.
func (m *Message) appendItem(dst []byte, r *ber.Reader, sign string) []byte {
	dst = m.appendValue(dst, r.Next().Body)
	dst = append(dst, sign...)
	return m.appendValue(dst, r.Next().Body)
}

// appendSubstrings appends an attribute and the parts of its value, with stars between (RFC 4511 §4.5.1.7.2).
func (m *Message) appendSubstrings(dst []byte, r *ber.Reader) []byte {
	const initial, final = 0, 2
	dst = append(m.appendValue(dst, r.Next().Body), '=')
	last := -1
	for parts := r.Next().Open(); parts.More() && len(dst) < MaxFilter; {
		part := parts.Next()
		if last = part.Tag.Number(); last != initial {
			dst = append(dst, '*')
		}
		dst = m.appendValue(dst, part.Body)
	}
	if last != final {
		dst = append(dst, '*')
	}
	return dst
}

// appendExtensible appends attribute:dn:rule:=value (RFC 4511 §4.5.1.7.7).
func (m *Message) appendExtensible(dst []byte, r *ber.Reader) []byte {
	var rule, attribute, value []byte
	var dn bool
	for r.More() {
		switch e := r.Next(); e.Tag.Number() {
		case 1:
			rule = e.Body
		case 2:
			attribute = e.Body
		case 3:
			value = e.Body
		case 4:
			dn = e.Bool()
		}
	}
	dst = m.appendValue(dst, attribute)
	if dn {
		dst = append(dst, ":dn"...)
	}
	if len(rule) > 0 {
		dst = m.appendValue(append(dst, ':'), rule)
	}
	return m.appendValue(append(dst, ":="...), value)
}

// appendValue appends a value, escaped as RFC 4515 §3 wants: the signs that mean something and what is not UTF-8; and
// what would not show.
func (m *Message) appendValue(dst, p []byte) []byte {
	const digits = "0123456789abcdef"
	if room := MaxFilter - len(dst); len(p) > room {
		m.FilterCut = true
		p = p[:max(room, 0)]
	}
	for len(p) > 0 {
		r, n := utf8.DecodeRune(p)
		if r == utf8.RuneError && n == 1 || r < ' ' || r == 0x7f || r == '(' || r == ')' || r == '*' || r == '\\' {
			dst = append(dst, '\\', digits[p[0]>>4], digits[p[0]&15])
		} else {
			dst = append(dst, p[:n]...)
		}
		p = p[n:]
	}
	return dst
}
