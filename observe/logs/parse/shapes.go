package parse

import (
	"strings"
)

// shape reads a text into fields; it reports whether the text has the shape.
type shape func(r *Reader, s *step, text string) bool

var shapes = map[string]shape{"json": readJSON, "kv": readPairs, "cef": readCEF, "leef": readLEEF, "csv": readColumns,
	"xml": readXML, "w3c": readW3C}

// mostBefore is how many bytes may stand before an object.
const mostBefore = 64

// readJSON reads an object (RFC 8259); names are joined by dots.
func readJSON(r *Reader, s *step, text string) bool {
	text = strings.TrimSpace(text)
	if i := strings.IndexByte(text, '{'); i > 0 && i < mostBefore {
		text = text[i:]
	}
	fields, err := r.flat.Read(bytesOf(text))
	if err != nil {
		return false
	}
	label := ""
	for i := range fields {
		name, value := fields[i].Name, fields[i].Value
		if s.named != nil {
			name, label = r.labelled(s.named, label, name, value)
		}
		r.raw(s.under, name, value)
	}
	return len(fields) > 0
}

// labelled is the name of a member of a list of names and values, and the label that holds for the members after it.
func (r *Reader) labelled(named map[string]string, label, name, value string) (string, string) {
	dot := strings.LastIndexByte(name, '.')
	key, ok := named[name[:max(dot, 0)]]
	if !ok {
		return name, label
	}
	list, member := name[:dot], name[dot+1:]
	switch {
	case member == key:
		return name, value
	case label == "":
		return name, label
	}
	b := append(r.space.Grow(nil, len(name)+len(label)+2), list...)
	b = append(append(b, '.'), label...)
	switch member {
	case "value", "Value", "ValueString", "intValue", "boolValue", "multiValue":
	default:
		b = append(append(b, '.'), member...)
	}
	return view(b), label
}

// readPairs reads name=value, where a value may stand in quotes; one without quotes ends at the separator.
func readPairs(r *Reader, s *step, text string) bool {
	p := pairText{text: text, assign: mark{text: s.assign}, separator: mark{text: s.separator}}
	n := 0
	for p.skip(); p.at < len(text); p.skip() {
		if name, value, ok := p.next(); ok {
			r.raw(s.under, name, value)
			n++
		}
	}
	return n > 0
}

// pairText is a text of names and values, and how far it was read.
type pairText struct {
	text              string
	at                int
	assign, separator mark
}

// mark is what stands between names and values, or between pairs, and where it was found: it is looked for once in each part of a text, as
// one that begins anew with each pair would look at a long text again and again.
type mark struct {
	text  string
	found int
	asked bool
}

// after is the first place of the mark from a place on; the length of the text: none.
func (m *mark) after(text string, at int) int {
	if !m.asked || m.found < at {
		m.asked, m.found = true, len(text)
		if i := strings.Index(text[at:], m.text); i >= 0 {
			m.found = at + i
		}
	}
	return m.found
}

// skip passes over what stands between pairs.
func (p *pairText) skip() {
	p.at = len(p.text) - len(strings.TrimLeft(p.text[p.at:], " \t\r\n,;|"))
}

// next reads a pair. Where the text does not go on with one, ok is false and what comes up to the next separator is passed over.
func (p *pairText) next() (name, value string, ok bool) {
	at := p.at
	i, end := p.assign.after(p.text, at), p.separator.after(p.text, at)
	if i == len(p.text) {
		p.at = len(p.text)
		return "", "", false
	}
	if i == at || end < i {
		p.at = min(end+len(p.separator.text), len(p.text))
		return "", "", false
	}
	name = strings.Trim(p.text[at:i], `" `)
	p.at = i + len(p.assign.text)
	if p.separator.text != " " || p.assign.text == ": " {
		p.at = len(p.text) - len(strings.TrimLeft(p.text[p.at:], " "))
	}
	if rest := p.text[p.at:]; rest != "" && (rest[0] == '"' || rest[0] == '\'' && p.separator.text == " ") {
		if value, left, ok := quoted(rest[1:], rest[0]); ok {
			p.at = len(p.text) - len(left)
			return name, value, true
		}
	}
	from, end := p.at, p.separator.after(p.text, p.at)
	p.at = min(end+len(p.separator.text), len(p.text))
	return name, strings.TrimRight(p.text[from:end], " \r\n\x00"), true
}

// quoted reads up to the closing quote, which a backslash or a second quote may guard.
func quoted(text string, quote byte) (value, left string, ok bool) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case quote:
			return text[:i], text[i+1:], true
		}
	}
	return "", "", false
}

// readCEF reads the Common Event Format (ArcSight, implementation standard 26): a header of seven, and an extension in which a value
// ends at the next name. What a label names stands under that name too.
func readCEF(r *Reader, s *step, text string) bool {
	if i := strings.Index(text, "CEF:"); i >= 0 {
		text = text[i+4:]
	} else if len(text) < 2 || text[1] != '|' { // some shippers cut the beginning off
		return false
	}
	for _, name := range [...]string{"cef.version", "cef.vendor", "cef.product", "cef.device_version", "cef.class", "cef.name", "cef.severity"} {
		end := bar(text)
		if end < 0 {
			if name != "cef.severity" {
				return false
			}
			end = len(text)
		}
		r.raw("", name, r.unescape(text[:end]))
		text = text[min(end+1, len(text)):]
	}
	readExtension(r, text)
	return true
}

// bar is where the next | stands that no backslash guards; -1: nowhere.
func bar(s string) int {
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '|':
			return i
		}
	}
	return -1
}

// readExtension reads name=value pairs in which values hold blanks.
func readExtension(r *Reader, text string) {
	from := len(r.entries)
	for at := nextName(text, 0); at.from >= 0; {
		next := nextName(text, at.end+1)
		end := len(text)
		if next.from >= 0 {
			end = next.from
		}
		r.raw("", text[at.from:at.end], r.unescape(strings.TrimSpace(text[min(at.end+1, end):end])))
		at = next
	}
	for i := len(r.entries) - 1; i >= from; i-- {
		of, ok := strings.CutSuffix(r.entries[i].name, "Label")
		if !ok {
			continue
		}
		if v := r.text(of); v != "" {
			r.entries[i].used = true
			r.raw("", r.entries[i].value, v)
		}
	}
}

// nextName is the next name before a = from a place on: it follows a blank and has letters of a name only. Its from is -1 where none is left.
func nextName(s string, at int) span {
	for i := at; i < len(s); i++ {
		if s[i] != '=' || i > 0 && s[i-1] == '\\' {
			continue
		}
		from := i
		for from > at && nameByte(s[from-1]) {
			from--
		}
		if from < i && (from == 0 || s[from-1] == ' ' || s[from-1] == '|' || s[from-1] == '\t' || s[from-1] == '\n') {
			return span{from, i}
		}
	}
	return span{-1, -1}
}

func nameByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '.' || c == '-' || c == '[' || c == ']' || c == '(' || c == ')' || c == '/'
}

// readLEEF reads the Log Event Extended Format (IBM QRadar, 1.0 and 2.0): a header of five, or of six with the separator, and pairs.
func readLEEF(r *Reader, s *step, text string) bool {
	i := strings.Index(text, "LEEF:")
	if i < 0 {
		return false
	}
	text = text[i+5:]
	names := [...]string{"leef.version", "leef.vendor", "leef.product", "leef.device_version", "leef.class"}
	for _, name := range names {
		end := bar(text)
		if end < 0 {
			return false
		}
		r.raw("", name, text[:end])
		text = text[end+1:]
	}
	sep := "\t"
	if end := strings.IndexByte(text, '|'); r.text("leef.version") == "2.0" && end >= 0 && end <= 5 {
		sep, text = leefSeparator(text[:end]), text[end+1:]
	}
	if !strings.Contains(text, sep) && strings.Count(text, "=") > 1 {
		readExtension(r, text)
		return true
	}
	for p := range strings.SplitSeq(text, sep) {
		if name, value, ok := strings.Cut(p, "="); ok {
			r.raw("", strings.TrimSpace(name), strings.TrimSpace(value))
		}
	}
	return true
}

// leefSeparator is a letter, or its number in hexadecimal digits: x09, 0x09.
func leefSeparator(s string) string {
	if hex, ok := strings.CutPrefix(strings.TrimPrefix(s, "0"), "x"); ok {
		return unhex(hex)
	}
	if s == "" {
		return "\t"
	}
	return s
}

// readColumns reads values between separators (RFC 4180), and names them by the columns of the step; - is passed over. In a value that
// stands in quotes two quotes are one.
func readColumns(r *Reader, s *step, text string) bool {
	text = strings.TrimRight(text, "\r\n")
	for n := 0; n < len(s.columns); n++ {
		value, left, more := cell(text, s.separator)
		if name := s.columns[n]; name != "-" {
			r.raw(s.under, name, value)
		}
		if text = left; !more {
			return n > 0
		}
	}
	return true
}

func cell(text, separator string) (value, left string, more bool) {
	if t := strings.TrimLeft(text, " "); t != "" && t[0] == '"' {
		for i := 1; i < len(t); i++ {
			if t[i] != '"' {
				continue
			}
			if i+1 < len(t) && t[i+1] == '"' {
				i++
				continue
			}
			left, more = strings.CutPrefix(t[i+1:], separator)
			return strings.ReplaceAll(t[1:i], `""`, `"`), left, more
		}
	}
	value, left, more = strings.Cut(text, separator)
	return strings.TrimSpace(value), left, more
}

// readW3C reads a line of the extended log file format of W3C: the columns are those of the last #Fields of the stream, or else those
// of the step.
func readW3C(r *Reader, s *step, text string) bool {
	if fields, ok := strings.CutPrefix(text, "#Fields:"); ok {
		if len(r.columns) < mostStreams {
			r.columns[strings.Clone(r.stream)] = strings.Fields(strings.Clone(fields))
		}
		return true
	}
	if strings.HasPrefix(text, "#") {
		return true
	}
	columns := r.columns[r.stream]
	if columns == nil {
		columns = s.columns
	}
	n := 0
	for v := range strings.FieldsSeq(text) {
		if n == len(columns) {
			break
		}
		if v != "-" {
			r.raw(s.under, columns[n], v)
		}
		n++
	}
	return n >= min(len(columns), 4)
}
