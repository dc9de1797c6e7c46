package parse

import (
	"html"
	"strings"
)

// readXML reads an element with all within it: an element is a field by its path below the first, joined by dots, an attribute one below
// that. Of events of Windows, Data with a Name is a field of that name below EventData.
func readXML(r *Reader, s *step, text string) bool {
	x := xmlText{r: r, under: s.under, rest: text}
	x.read()
	return x.found > 0
}

// xmlText is a text that is being read.
type xmlText struct {
	r     *Reader
	under string
	rest  string
	path  []string // names of the open elements
	data  string   // Name of the open Data
	found int
}

func (x *xmlText) read() {
	for len(x.path) < 32 {
		from := strings.IndexByte(x.rest, '<')
		if from < 0 {
			return
		}
		x.content(x.rest[:from])
		end := strings.IndexByte(x.rest[from:], '>')
		if end < 0 {
			return
		}
		tag := x.rest[from+1 : from+end]
		x.rest = x.rest[from+end+1:]
		switch {
		case tag == "" || tag[0] == '?' || tag[0] == '!':
		case tag[0] == '/':
			if len(x.path) > 0 {
				x.path = x.path[:len(x.path)-1]
			}
			x.data = ""
		default:
			x.open(tag)
		}
	}
}

func (x *xmlText) open(tag string) {
	closed := strings.HasSuffix(tag, "/")
	tag = strings.TrimSuffix(tag, "/")
	name, attributes, _ := strings.Cut(tag, " ")
	x.path = append(x.path, name)
	for attributes != "" {
		var key, value string
		var ok bool
		if key, value, attributes, ok = attribute(attributes); !ok {
			break
		}
		if name == "Data" && key == "Name" {
			x.data = value
			continue
		}
		if key != "xmlns" {
			x.path = append(x.path, key)
			x.content(value)
			x.path = x.path[:len(x.path)-1]
		}
	}
	if closed {
		x.path, x.data = x.path[:len(x.path)-1], ""
	}
}

// attribute reads one: Name='value'.
func attribute(s string) (key, value, left string, ok bool) {
	key, s, ok = strings.Cut(strings.TrimLeft(s, " \t\r\n"), "=")
	if !ok || s == "" || s[0] != '"' && s[0] != '\'' {
		return "", "", "", false
	}
	value, left, ok = strings.Cut(s[1:], s[:1])
	return strings.TrimSpace(key), value, left, ok
}

func (x *xmlText) content(v string) {
	if v = strings.TrimSpace(v); v == "" || len(x.path) < 2 {
		return
	}
	if strings.IndexByte(v, '&') >= 0 {
		v = html.UnescapeString(v)
	}
	path := x.path[1:]
	b := x.r.space.Grow(nil, 64)
	for i, p := range path {
		if i > 0 {
			b = append(b, '.')
		}
		if x.data != "" && i == len(path)-1 {
			p = x.data
		}
		b = append(b, p...)
	}
	x.r.raw(x.under, view(b), v)
	x.found++
}
