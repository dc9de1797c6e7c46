// Package flat reads objects of JSON (RFC 8259) as fields whose names are joined by dots, whether a sender wrote them nested or
// joined: {"host":{"name":"a"}} and {"host.name":"a"} are the same.
package flat

import (
	"errors"
	"fmt"

	"bulwark/event"
	"bulwark/wire"
)

// ErrJSON means a text that is no object of JSON.
var ErrJSON = errors.New("flat: no object of JSON")

// Bounds of one object, and of what a reader keeps from one to the next.
const (
	MostFields = 1024 // fields of an object; what comes after them is passed over
	maxDepth   = 32
	maxName    = 256 // bytes of a name
	maxNames   = 8192
)

// Field is a name and a value. A list has one field for each of its elements.
type Field struct {
	Name, Value string
	// Text says that the value stood in quotes.
	Text bool
}

// Reader reads objects one after the other. Its zero value is ready; it is of one goroutine.
type Reader struct {
	// Cut says that the object last read had more than [MostFields] fields.
	Cut bool

	text   []byte
	at     int
	fields []Field
	prefix []byte
	space  wire.Space
	names  map[string]string
}

// Read reads one object. The fields are good until the next Read; their values point into text or into memory that nobody writes
// to again. A value that is null, an empty list and an empty object have no field.
func (r *Reader) Read(text []byte) ([]Field, error) {
	r.text, r.at, r.fields, r.prefix, r.Cut = text, 0, r.fields[:0], r.prefix[:0], false
	if r.names == nil {
		r.names = map[string]string{}
	}
	r.skip()
	if r.peek() != '{' {
		return nil, r.wrong("it does not begin with {")
	}
	if err := r.object(0); err != nil {
		return nil, err
	}
	if r.skip(); r.at < len(r.text) {
		return nil, r.wrong("something follows the object")
	}
	return r.fields, nil
}

func (r *Reader) wrong(why string) error { return fmt.Errorf("%w: byte %d: %s", ErrJSON, r.at, why) }

func (r *Reader) peek() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

func (r *Reader) skip() {
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case ' ', '\t', '\r', '\n':
			r.at++
		default:
			return
		}
	}
}

func (r *Reader) object(depth int) error {
	if depth > maxDepth {
		return r.wrong("it is nested too deep")
	}
	r.at++ // {
	if r.skip(); r.peek() == '}' {
		r.at++
		return nil
	}
	for {
		if err := r.member(depth); err != nil {
			return err
		}
		r.skip()
		switch r.peek() {
		case ',':
			r.at++
			r.skip()
		case '}':
			r.at++
			return nil
		default:
			return r.wrong("neither a comma nor a closing brace")
		}
	}
}

// member reads a name and its value.
func (r *Reader) member(depth int) error {
	if r.peek() != '"' {
		return r.wrong("a name is missing")
	}
	raw, escaped, err := r.quoted()
	if err != nil {
		return err
	}
	if r.skip(); r.peek() != ':' {
		return r.wrong("a colon is missing")
	}
	r.at++
	was := len(r.prefix)
	if was > 0 {
		r.prefix = append(r.prefix, '.')
	}
	if escaped {
		r.prefix = unescape(r.prefix, raw)
	} else {
		r.prefix = append(r.prefix, raw...)
	}
	err = r.value(depth)
	r.prefix = r.prefix[:was]
	return err
}

func (r *Reader) value(depth int) error {
	r.skip()
	switch r.peek() {
	case '"':
		raw, escaped, err := r.quoted()
		if err != nil {
			return err
		}
		if escaped {
			raw = unescape(r.space.Grow(nil, len(raw)), raw)
		}
		r.add(raw, true)
		return nil
	case '{':
		return r.object(depth + 1)
	case '[':
		return r.list(depth + 1)
	}
	return r.word()
}

// word reads a number, true, false or null.
func (r *Reader) word() error {
	from := r.at
	for r.at < len(r.text) && wordByte(r.text[r.at]) {
		r.at++
	}
	switch word := r.text[from:r.at]; {
	case string(word) == "null":
	case string(word) == "true", string(word) == "false", isNumber(word):
		r.add(word, false)
	default:
		r.at = from
		return r.wrong("a value is missing")
	}
	return nil
}

func wordByte(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || c == '-' || c == '+' || c == '.' || c == 'E'
}

// isNumber reports whether a word has the letters of a number, not whether they are where they should be.
func isNumber(word []byte) bool {
	digits := 0
	for _, c := range word {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case c != '-' && c != '+' && c != '.' && c != 'e' && c != 'E':
			return false
		}
	}
	return digits > 0
}

func (r *Reader) list(depth int) error {
	if depth > maxDepth {
		return r.wrong("it is nested too deep")
	}
	r.at++ // [
	if r.skip(); r.peek() == ']' {
		r.at++
		return nil
	}
	for {
		if err := r.value(depth); err != nil {
			return err
		}
		r.skip()
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

func (r *Reader) add(value []byte, text bool) {
	if len(r.fields) >= MostFields || len(r.prefix) > maxName {
		r.Cut = true
		return
	}
	r.fields = append(r.fields, Field{r.name(), event.View(value), text})
}

// name is the name that the prefix holds. Logs have few names, which come again and again.
func (r *Reader) name() string {
	if name, ok := r.names[string(r.prefix)]; ok {
		return name
	}
	name := string(r.prefix)
	if len(r.names) < maxNames {
		r.names[name] = name
	}
	return name
}

// quoted reads a text from its quote on.
func (r *Reader) quoted() (raw []byte, escaped bool, err error) {
	r.at++ // "
	rest := r.text[r.at:]
	for n := 0; n < len(rest); n++ {
		switch rest[n] {
		case '"':
			r.at += n + 1
			return rest[:n], escaped, nil
		case '\\':
			escaped = true
			n++
		}
	}
	return nil, false, r.wrong("a text is not closed")
}
