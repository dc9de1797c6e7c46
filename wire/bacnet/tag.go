package bacnet

import (
	"unicode/utf16"
	"unicode/utf8"
)

// tag is one tag (§20.2.1) with its value.
type tag struct {
	number  uint8
	context bool
	open    bool
	close   bool
	data    []byte
	value   uint8 // of an application tag, the length or, of a Boolean, the value
}

// The numbers of application tags that are read (§20.2.1.4).
const (
	tagBoolean    = 1
	tagUnsigned   = 2
	tagSigned     = 3
	tagText       = 7
	tagEnumerated = 9
	tagObject     = 12
)

// next takes the next tag; ok is false at the end.
func (r *reader) next() (t tag, ok bool) {
	if len(r.Rest) == 0 || r.Short {
		return t, false
	}
	first := r.U8()
	t.number, t.context = first>>4, first&8 != 0
	if t.number == 15 {
		t.number = r.U8()
	}
	size := int(first & 7)
	t.value = first & 7
	switch {
	case t.context && size == 6:
		t.open = true
		return t, !r.Short
	case t.context && size == 7:
		t.close = true
		return t, !r.Short
	case !t.context && t.number == tagBoolean:
		return t, !r.Short
	case size == 5:
		if size = int(r.U8()); size == 254 {
			size = int(r.U16())
		} else if size == 255 {
			size = int(r.U32())
		}
	}
	t.data = r.Take(size)
	return t, !r.Short
}

// peek is the next tag, without taking it.
func (r *reader) peek() (tag, bool) {
	ahead := *r
	return ahead.next()
}

// context takes the value of a context tag where it comes next.
func (r *reader) context(number uint8) (tag, bool) {
	t, ok := r.peek()
	if !ok || !t.context || t.open || t.close || t.number != number {
		return tag{}, false
	}
	return r.next()
}

// unsigned is the value as a number without a sign.
func (t *tag) unsigned() (n uint64) {
	for _, b := range t.data[:min(len(t.data), 8)] {
		n = n<<8 | uint64(b)
	}
	return n
}

// object is the value as an object identifier.
func (t *tag) object() (Object, bool) {
	if len(t.data) != 4 {
		return Object{}, false
	}
	n := uint32(t.unsigned())
	return Object{Type: uint16(n >> 22), Instance: n & 0x3fffff}, true
}

// characters is the value as text (§20.2.9): the code, then the characters.
func (m *Message) characters(t *tag) []byte {
	if len(t.data) < 1 {
		return nil
	}
	b := t.data[1:]
	switch t.data[0] {
	case 0:
		return b
	case 4: // UCS-2
		at := len(m.text)
		for ; len(b) >= 2; b = b[2:] {
			r := rune(b[0])<<8 | rune(b[1])
			if utf16.IsSurrogate(r) {
				r = utf8.RuneError
			}
			m.text = utf8.AppendRune(m.text, r)
		}
		return m.text[at:]
	case 5: // ISO 8859-1
		at := len(m.text)
		for _, c := range b {
			m.text = utf8.AppendRune(m.text, rune(c))
		}
		return m.text[at:]
	}
	return nil
}
