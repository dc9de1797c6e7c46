package parse

import (
	"fmt"
	"strings"
)

// most steps that comparing a text with one form may take, and forms that optional parts may make of one.
const (
	mostSteps = 4096
	mostForms = 64
	// mostEffort is how many bytes all comparisons of one line may look at: then no form fits it.
	mostEffort = 4 << 20
)

// class says which bytes a hole of a form takes.
type class uint8

const (
	anything class = iota // up to what follows it
	word                  // no blank
	number                // digits
	address               // of IP
	rest                  // all that is left
)

var classes = map[string]class{"": anything, "word": word, "int": number, "ip": address, "rest": rest}

// form is a text with holes: "Accepted {_method:word} for {user.name} from {source.ip:ip}". What stands in [[ ]] may be missing.
type form struct{ pieces []piece }

// piece is a literal, or a hole.
type piece struct {
	literal string
	field   int32 // -1: what stands in the hole is passed over
	class   class
	hole    bool
}

// forms makes the forms of a pattern: one for each choice of its optional parts, the longest first.
func (c *compiler) forms(s string) ([]form, error) {
	texts := []string{s}
	for i := 0; i < len(texts); i++ {
		from := strings.Index(texts[i], "[[")
		if from < 0 {
			continue
		}
		end := strings.Index(texts[i][from:], "]]")
		if end < 0 || len(texts) >= mostForms {
			return nil, fmt.Errorf("optional parts of %q: not closed, or too many", s)
		}
		t, end := texts[i], from+end
		for end+2 < len(t) && t[end+2] == ']' { // the part itself ends with a bracket
			end++
		}
		texts[i] = t[:from] + t[from+2:end] + t[end+2:]
		texts = append(texts[:i+1], append([]string{t[:from] + t[end+2:]}, texts[i+1:]...)...)
		i--
	}
	all := make([]form, len(texts))
	for i, t := range texts {
		f, err := c.form(t)
		if err != nil {
			return nil, err
		}
		all[i] = f
	}
	return all, nil
}

func (c *compiler) form(s string) (f form, err error) {
	for s != "" {
		at := strings.IndexByte(s, '{')
		if at < 0 {
			f.pieces = append(f.pieces, piece{literal: s})
			break
		}
		if at > 0 {
			f.pieces = append(f.pieces, piece{literal: s[:at]})
		}
		end := strings.IndexByte(s, '}')
		if end < at {
			return f, fmt.Errorf("a brace of %q is not closed", s)
		}
		name, kind, _ := strings.Cut(s[at+1:end], ":")
		class, ok := classes[kind]
		if !ok {
			return f, fmt.Errorf("%q is none of word, int, ip, rest", kind)
		}
		h := piece{field: -1, class: class, hole: true}
		if name != "" {
			h.field = c.symbol(name)
		}
		f.pieces = append(f.pieces, h)
		s = s[end+1:]
	}
	return f, nil
}

// span is what a hole took.
type span struct{ from, end int }

// match compares a text with the form and keeps what the holes took in r.spans.
func (f *form) match(r *Reader, s string) bool {
	if len(f.pieces) == 0 || !f.pieces[0].hole && !strings.HasPrefix(s, f.pieces[0].literal) {
		return false
	}
	r.spans, r.steps = r.spans[:0], 0
	return f.from(r, s, 0, 0)
}

func (f *form) from(r *Reader, s string, at, n int) bool {
	r.effort++
	if r.steps++; r.steps > mostSteps || r.effort > mostEffort {
		return false
	}
	if n == len(f.pieces) {
		return strings.TrimRight(s[at:], " \r\n\t") == ""
	}
	p := &f.pieces[n]
	if !p.hole {
		return strings.HasPrefix(s[at:], p.literal) && f.from(r, s, at+len(p.literal), n+1)
	}
	kept := len(r.spans)
	r.spans = append(r.spans, span{at, at})
	if p.class != anything && p.class != word || n+1 == len(f.pieces) {
		end := at + p.class.run(s[at:], n+1 == len(f.pieces))
		r.effort += end - at
		r.spans[kept].end = end
		if (end > at || p.class == rest || p.class == anything) && f.from(r, s, end, n+1) {
			return true
		}
		r.spans = r.spans[:kept]
		return false
	}
	if f.search(r, s, at, n, kept) {
		return true
	}
	r.spans = r.spans[:kept]
	return false
}

// search tries the ends that the hole n may have: where what follows it stands.
func (f *form) search(r *Reader, s string, at, n, kept int) bool {
	p, next := &f.pieces[n], &f.pieces[n+1]
	if next.hole {
		r.spans[kept].end = at + word.run(s[at:], false)
		return f.from(r, s, r.spans[kept].end, n+1)
	}
	for end := at; ; end++ {
		i := strings.Index(s[end:], next.literal)
		if i < 0 {
			r.effort += len(s) - end
			return false
		}
		r.effort += i
		if p.class == word && strings.ContainsAny(s[end:end+i], " \t") { // what stands before was looked at
			return false
		}
		end += i
		if p.class == word && end == at {
			continue
		}
		r.spans = append(r.spans[:kept], span{at, end})
		if f.from(r, s, end, n+1) {
			return true
		}
		if r.steps > mostSteps || r.effort > mostEffort {
			return false
		}
	}
}

// run is how many bytes of s a hole of the class takes where nothing else bounds it.
func (c class) run(s string, last bool) int {
	n := 0
	for n < len(s) && c.takes(s[n]) {
		n++
	}
	if last && c == anything {
		return len(strings.TrimRight(s, " \r\n\t"))
	}
	return n
}

func (c class) takes(b byte) bool {
	switch c {
	case word:
		return b != ' ' && b != '\t'
	case number:
		return '0' <= b && b <= '9'
	case address:
		return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F' || b == ':' || b == '.'
	}
	return true
}

// put makes fields of what the holes took.
func (f *form) put(r *Reader, s string) {
	n := 0
	for i := range f.pieces {
		p := &f.pieces[i]
		if !p.hole {
			continue
		}
		if p.field >= 0 {
			r.replace(p.field, s[r.spans[n].from:r.spans[n].end])
		}
		n++
	}
}
