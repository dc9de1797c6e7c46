// Package markup cuts XML 1.0 into tags and the text between them, without building a tree and without allocating: what
// the decoders of protocols in XML need. It checks nothing, expands no entities of a document's own, and follows none.
package markup

import (
	"bytes"
	"unicode/utf8"
)

// Tag is what stands between < and >. Its slices point into the bytes it was read from.
type Tag struct {
	Name  []byte // as written, with its prefix; empty for what is no element: declarations, comments
	Close bool   // </name>
	Empty bool   // <name/>
	rest  []byte // the attributes
}

// Local is the name without its prefix.
func (t Tag) Local() []byte {
	if i := bytes.IndexByte(t.Name, ':'); i >= 0 {
		return t.Name[i+1:]
	}
	return t.Name
}

// Attr is the value of an attribute as written, entities included; nil where there is none.
func (t Tag) Attr(name string) []byte {
	for rest := t.rest; ; {
		eq := bytes.IndexByte(rest, '=')
		if eq < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:eq])
		rest = bytes.TrimLeft(rest[eq+1:], " \t\r\n")
		if len(rest) == 0 || rest[0] != '"' && rest[0] != '\'' {
			return nil
		}
		end := bytes.IndexByte(rest[1:], rest[0])
		if end < 0 {
			return nil
		}
		if string(key) == name {
			return rest[1 : 1+end]
		}
		rest = rest[2+end:]
	}
}

// End is the length of the tag that p begins with, 0 where its end is not there. A > within quotes ends no tag; a comment
// and a CDATA section end with their own marks.
func End(p []byte) int {
	for _, s := range [...]struct{ begin, end string }{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}} {
		if bytes.HasPrefix(p, []byte(s.begin)) {
			if i := bytes.Index(p[len(s.begin):], []byte(s.end)); i >= 0 {
				return len(s.begin) + i + len(s.end)
			}
			return 0
		}
	}
	for i := 0; i < len(p); i++ {
		switch p[i] {
		case '>':
			return i + 1
		case '"', '\'':
			n := bytes.IndexByte(p[i+1:], p[i])
			if n < 0 {
				return 0
			}
			i += n + 1
		}
	}
	return 0
}

// Parse takes a whole tag apart, from its < to its >.
func Parse(p []byte) (t Tag) {
	p = bytes.TrimSuffix(bytes.TrimPrefix(p, []byte{'<'}), []byte{'>'})
	if len(p) == 0 || p[0] == '!' || p[0] == '?' {
		return t
	}
	if p[0] == '/' {
		t.Close, p = true, p[1:]
	} else if p[len(p)-1] == '/' {
		t.Empty, p = true, p[:len(p)-1]
	}
	end := bytes.IndexAny(p, " \t\r\n")
	if end < 0 {
		t.Name = p
		return t
	}
	t.Name, t.rest = p[:end], p[end:]
	return t
}

// Reader walks the tags of a whole document.
type Reader struct{ rest []byte }

// NewReader reads doc.
func NewReader(doc []byte) Reader { return Reader{doc} }

// Next is the next tag with the text before it, without the blanks around it. ok is false at the end.
func (r *Reader) Next() (text []byte, t Tag, ok bool) {
	i := bytes.IndexByte(r.rest, '<')
	if i < 0 {
		return nil, Tag{}, false
	}
	text = bytes.TrimSpace(r.rest[:i])
	n := End(r.rest[i:])
	if n == 0 {
		return nil, Tag{}, false
	}
	t = Parse(r.rest[i : i+n])
	r.rest = r.rest[i+n:]
	return text, t, true
}

// AppendText appends a value with the five entities of XML and the numbered ones replaced. The result is never longer.
func AppendText(dst, v []byte) []byte {
	for {
		i := bytes.IndexByte(v, '&')
		if i < 0 {
			return append(dst, v...)
		}
		dst = append(dst, v[:i]...)
		v = v[i:]
		end := bytes.IndexByte(v[:min(len(v), 12)], ';')
		r, ok := rune(0), false
		if end > 1 {
			r, ok = entity(v[1:end])
		}
		if !ok {
			dst, v = append(dst, '&'), v[1:]
			continue
		}
		dst, v = utf8.AppendRune(dst, r), v[end+1:]
	}
}

// AppendContent appends the content of an element without children: entities are replaced, CDATA sections taken as they are, comments left
// out. The result is never longer.
func AppendContent(dst, v []byte) []byte {
	for {
		i := bytes.IndexByte(v, '<')
		if i < 0 {
			return AppendText(dst, v)
		}
		dst, v = AppendText(dst, v[:i]), v[i:]
		n := End(v)
		if n == 0 {
			return dst
		}
		if cdata, ok := bytes.CutPrefix(v[:n], []byte("<![CDATA[")); ok {
			dst = append(dst, bytes.TrimSuffix(cdata, []byte("]]>"))...)
		}
		v = v[n:]
	}
}

func entity(name []byte) (rune, bool) {
	switch string(name) {
	case "amp":
		return '&', true
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "quot":
		return '"', true
	case "apos":
		return '\'', true
	}
	if len(name) < 2 || name[0] != '#' {
		return 0, false
	}
	base, digits := rune(10), name[1:]
	if digits[0] == 'x' {
		base, digits = 16, digits[1:]
	}
	var r rune
	for _, c := range digits {
		var d rune
		switch {
		case '0' <= c && c <= '9':
			d = rune(c - '0')
		case base == 16 && 'a' <= c|0x20 && c|0x20 <= 'f':
			d = rune(c|0x20-'a') + 10
		default:
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, r > 0
}
