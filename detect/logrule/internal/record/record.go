// Package record reads log events that are JSON objects, one after the other, without a copy of what nobody asks for.
package record

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"unicode/utf16"
	"unicode/utf8"

	"bulwark/detect/logrule/internal/sigma"
	"bulwark/event"
)

// ErrJSON means a text that is no JSON object (RFC 8259).
var ErrJSON = errors.New("logrule: not a JSON object")

// Bounds of one event.
const (
	MostFields = 4096
	maxDepth   = 16
)

// Record is one event. Its zero value is empty; it may be used again and again, and keeps no reference to what it read but until
// the next [Record.Read].
type Record struct {
	text   []byte
	at     int
	fields []field
	prefix []byte // of nested names
	names  []byte // nested names, joined by dots
	arena  []byte // of what was unescaped
	values []sigma.Value
	above  uint64 // has a high bit where a text is not ASCII
	coded  bool   // a text has letters in it that are written as numbers
}

// field is a name and where its value stands. A list has a field for each of its elements.
type field struct {
	name string
	raw  []byte // of a text: between its quotes
	text []byte // without backslashes, once somebody asked for it; nil: nobody did
	form sigma.Form
}

// Read takes an event. Objects in it are fields whose names are joined by dots; elements of lists are values of one field.
func (r *Record) Read(text []byte) error {
	r.text, r.at, r.fields, r.prefix, r.names, r.arena = text, 0, r.fields[:0], r.prefix[:0], r.names[:0], r.arena[:0]
	r.above, r.coded = 0, false
	r.space()
	if r.peek() != '{' {
		return r.wrong("it does not begin with {")
	}
	if err := r.object(0); err != nil {
		return err
	}
	if r.space(); r.at < len(r.text) {
		return r.wrong("something follows the object")
	}
	return nil
}

func (r *Record) wrong(why string) error { return fmt.Errorf("%w: byte %d: %s", ErrJSON, r.at, why) }

func (r *Record) peek() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *Record) space() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

func (r *Record) object(depth int) error {
	if depth > maxDepth {
		return r.wrong("it is nested too deep")
	}
	r.at++ // {
	r.space()
	if r.peek() == '}' {
		r.at++
		return nil
	}
	for {
		if r.peek() != '"' {
			return r.wrong("a name is missing")
		}
		name, form, err := r.quoted()
		if err != nil {
			return err
		}
		r.space()
		if r.peek() != ':' {
			return r.wrong("a colon is missing")
		}
		r.at++
		if err := r.value(r.name(name, form), depth); err != nil {
			return err
		}
		r.space()
		switch r.peek() {
		case ',':
			r.at++
			r.space()
		case '}':
			r.at++
			return nil
		default:
			return r.wrong("neither a comma nor a closing brace")
		}
	}
}

// name is a field's name with those of the objects around it.
func (r *Record) name(raw []byte, f sigma.Form) string {
	if f == sigma.Escaped {
		from := len(r.arena)
		r.arena = unescape(r.arena, raw)
		raw = r.arena[from:]
	}
	if len(r.prefix) == 0 {
		return event.View(raw)
	}
	from := len(r.names)
	r.names = append(append(r.names, r.prefix...), raw...)
	return event.View(r.names[from:])
}

func (r *Record) value(name string, depth int) error {
	r.space()
	switch c := r.peek(); c {
	case '"':
		raw, form, err := r.quoted()
		if err != nil {
			return err
		}
		return r.add(name, raw, form)
	case '{':
		was := len(r.prefix)
		r.prefix = append(append(r.prefix[:0], name...), '.')
		err := r.object(depth + 1)
		r.prefix = r.prefix[:was] // what was there stands at its begin still
		return err
	case '[':
		return r.list(name, depth)
	default:
		from := r.at
		for r.at < len(r.text) && !closes[r.text[r.at]] {
			r.at++
		}
		word := r.text[from:r.at]
		switch {
		case string(word) == "null":
			return r.add(name, nil, sigma.Nothing)
		case string(word) == "true" || string(word) == "false" || isNumber(word):
			return r.add(name, word, sigma.Plain)
		}
		r.at = from
		return r.wrong("a value is missing")
	}
}

// closes are the bytes that a word ends before.
var closes = [256]bool{' ': true, '\t': true, '\r': true, '\n': true, ',': true, ']': true, '}': true}

// isNumber reports whether a word is a number; it does not look whether its digits are where they should be.
func isNumber(word []byte) bool {
	digits := 0
	for _, c := range word {
		switch {
		case c >= '0' && c <= '9':
			digits++
		case c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E':
			return false
		}
	}
	return digits > 0
}

func (r *Record) list(name string, depth int) error {
	if depth > maxDepth {
		return r.wrong("it is nested too deep")
	}
	r.at++ // [
	r.space()
	if r.peek() == ']' {
		r.at++
		return nil
	}
	for {
		if err := r.value(name, depth+1); err != nil {
			return err
		}
		r.space()
		switch r.peek() {
		case ',':
			r.at++
		case ']':
			r.at++
			return nil
		default:
			return r.wrong("neither a comma nor a closing bracket")
		}
	}
}

func (r *Record) add(name string, raw []byte, f sigma.Form) error {
	if len(r.fields) >= MostFields {
		return r.wrong("it has too many fields")
	}
	r.fields = append(r.fields, field{name: name, raw: raw, form: f})
	return nil
}

// quoted reads a text from its quote on.
func (r *Record) quoted() (raw []byte, f sigma.Form, err error) {
	r.at++ // "
	rest := r.text[r.at:]
	n := r.special(rest, 0)
	for n < len(rest) && rest[n] == '\\' {
		f = sigma.Escaped
		if n++; n < len(rest) && rest[n] == 'u' {
			r.coded = true
		}
		n = r.special(rest, n+1)
	}
	if n >= len(rest) {
		return nil, 0, r.wrong("a text is not closed")
	}
	r.at += n + 1
	return rest[:n], f, nil
}

// special is where the next quote or backslash stands, from at on; len(text) or more: nowhere.
func (r *Record) special(text []byte, at int) int {
	for ; at+8 <= len(text); at += 8 {
		w := binary.LittleEndian.Uint64(text[at:])
		r.above |= w
		if found := zeros(w^lows*'"') | zeros(w^lows*'\\'); found != 0 {
			return at + bits.TrailingZeros64(found)>>3
		}
	}
	for at < len(text) && text[at] != '"' && text[at] != '\\' {
		r.above |= uint64(text[at])
		at++
	}
	return at
}

const (
	lows  = 0x0101010101010101
	highs = 0x8080808080808080
)

// zeros has the high bit set of each byte that is zero; what is above the lowest of them may be wrong.
func zeros(w uint64) uint64 { return (w - lows) &^ w & highs }

// unescape appends a text without its backslashes (RFC 8259 §7). A backslash before what needs none stays.
func unescape(out, raw []byte) []byte {
	for {
		n := bytes.IndexByte(raw, '\\')
		if n < 0 || n+1 == len(raw) {
			return append(out, raw...)
		}
		out = append(out, raw[:n]...)
		c := raw[n+1]
		raw = raw[n+2:]
		switch plain := unescaped[c]; {
		case plain != 0:
			out = append(out, plain)
		case c == 'u':
			letter, n := unicodeOf(raw)
			out = utf8.AppendRune(out, letter)
			raw = raw[n:]
		default:
			out = append(out, '\\', c)
		}
	}
}

// unescaped is what a letter behind a backslash stands for; 0: another rule says it.
var unescaped = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// unicodeOf is the letter behind \u, of one or of two halves, and how many bytes of raw it takes.
func unicodeOf(raw []byte) (letter rune, n int) {
	first, ok := hex4(raw)
	if !ok {
		return utf8.RuneError, 0
	}
	if !utf16.IsSurrogate(first) {
		return first, 4
	}
	if len(raw) >= 10 && raw[4] == '\\' && raw[5] == 'u' {
		if second, ok := hex4(raw[6:]); ok {
			if letter := utf16.DecodeRune(first, second); letter != utf8.RuneError {
				return letter, 10
			}
		}
	}
	return utf8.RuneError, 4
}

func hex4(raw []byte) (n rune, ok bool) {
	if len(raw) < 4 {
		return 0, false
	}
	for _, c := range raw[:4] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | rune(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | rune(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | rune(c-'A'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// Also gives a value a further name. It reports whether there was room.
func (r *Record) Also(name string, k int) bool {
	if len(r.fields) >= MostFields {
		return false
	}
	x := r.fields[k]
	x.name = name
	r.fields = append(r.fields, x)
	return true
}

// Values are those of a field; none where it is missing. They are valid until the next call, their texts until the next Read.
func (r *Record) Values(name string) []sigma.Value {
	r.values = r.values[:0]
	for k := range r.fields {
		if r.fields[k].name == name {
			r.values = append(r.values, r.said(k))
		}
	}
	return r.values
}

// Every are all values, valid as those of [Record.Values].
func (r *Record) Every() []sigma.Value {
	r.values = r.values[:0]
	for k := range r.fields {
		r.values = append(r.values, r.said(k))
	}
	return r.values
}

// Len is how many values there are.
func (r *Record) Len() int { return len(r.fields) }

// Name is the field of a value.
func (r *Record) Name(k int) string { return r.fields[k].name }

// Raw is a value as it stands in the log.
func (r *Record) Raw(k int) (string, sigma.Form) {
	return event.View(r.fields[k].raw), r.fields[k].form
}

// Whole is the text of the event, unless letters in it are written as numbers, or are not ASCII but would be in lower case: the signs of
// Kelvin and the Turkish capital I.
func (r *Record) Whole() (string, bool) {
	if r.coded || r.above&highs != 0 && (bytes.Contains(r.text, kelvin) || bytes.Contains(r.text, dotted)) {
		return "", false
	}
	return event.View(r.text), true
}

var kelvin, dotted = []byte("\u212a"), []byte("\u0130")

// Value is one of [Record.Every].
func (r *Record) Value(k int) sigma.Value { return r.said(k) }

// Fields are the names of the fields, each once.
func (r *Record) Fields() (all []string) {
	for k := range r.fields {
		if !slices.Contains(all, r.fields[k].name) {
			all = append(all, r.fields[k].name)
		}
	}
	return all
}

// Text is what a field says, the first value of several.
func (r *Record) Text(name string) string {
	for k := range r.fields {
		if r.fields[k].name == name {
			return r.said(k).Text
		}
	}
	return ""
}

func (r *Record) said(k int) sigma.Value {
	f := &r.fields[k]
	switch {
	case f.form == sigma.Nothing:
		return sigma.Value{Null: true}
	case f.form == sigma.Plain:
		return sigma.Value{Text: event.View(f.raw)}
	case f.text == nil:
		from := len(r.arena)
		r.arena = unescape(r.arena, f.raw)
		f.text = r.arena[from:len(r.arena):len(r.arena)]
	}
	return sigma.Value{Text: event.View(f.text)}
}
