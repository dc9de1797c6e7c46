package event

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"unsafe"
)

// coder walks the fields of a payload once, for one of its purposes. Each payload lists its fields in one place
// (its fields method), so that encoding, decoding, printing and the documentation cannot disagree.
type coder struct {
	op   op
	buf  []byte                      // encode: where to append
	to   *[maxField]any              // bind: pointers to the fields, by number
	each func(string, Value)         // print
	list func(n int, path, t string) // describe
}

type op uint8

const (
	opEncode op = iota
	opBind
	opEach
	opDescribe
)

const (
	maxField  = 48   // field numbers are 1..maxField-1
	noteField = 63   // of the notes of a header: the highest there can be
	maxList   = 1024 // elements of a list
)

const (
	wireUint  = 0
	wireBytes = 1
	wireList  = 2
)

// Value is one attribute's value: a text, a whole number, a truth or a list of texts.
type Value struct {
	Type Type
	Str  string
	Int  int64
	List []string
}

// Type is the type of a [Value].
type Type uint8

const (
	Text Type = iota
	Number
	Bool
	List
)

func (t Type) String() string { return [...]string{"text", "number", "bool", "list"}[t] }

// AppendText appends the value as text; a list is written as a JSON array.
func (v Value) AppendText(dst []byte) []byte {
	switch v.Type {
	case Number:
		return strconv.AppendInt(dst, v.Int, 10)
	case Bool:
		return strconv.AppendBool(dst, v.Int != 0)
	case List:
		dst = append(dst, '[')
		for i, s := range v.List {
			if i > 0 {
				dst = append(dst, ',')
			}
			dst = AppendJSONString(dst, s)
		}
		return append(dst, ']')
	}
	return append(dst, v.Str...)
}

// View is p as a string that shares its bytes. Whoever keeps it beyond the life of p must clone it.
//
// It is sound as long as p is not written while the string is in use: events built on views are encoded, which
// copies, before the packet buffer is given back.
func View(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

func (c *coder) str(n int, path string, p *string) {
	switch c.op {
	case opEncode:
		if *p != "" {
			c.buf = append(c.buf, byte(n<<2|wireBytes))
			c.buf = appendBytes(c.buf, *p)
		}
	case opBind:
		c.to[n] = p
	case opEach:
		if *p != "" {
			c.each(path, Value{Str: *p})
		}
	case opDescribe:
		c.list(n, path, "text")
	}
}

func (c *coder) num(n int, path string, p *uint64) {
	switch c.op {
	case opEncode:
		if *p != 0 {
			c.buf = binary.AppendUvarint(append(c.buf, byte(n<<2|wireUint)), *p)
		}
	case opBind:
		c.to[n] = p
	case opEach:
		if *p != 0 {
			c.each(path, Value{Type: Number, Int: int64(*p)})
		}
	case opDescribe:
		c.list(n, path, "number")
	}
}

// zero is a number whose absence and whose zero differ: it is kept as itself plus one, in *p too.
func (c *coder) zero(n int, path string, p *uint64) {
	if c.op == opEach {
		if *p != 0 {
			c.each(path, Value{Type: Number, Int: int64(*p) - 1})
		}
		return
	}
	c.num(n, path, p)
}

func (c *coder) truth(n int, path string, p *bool) {
	switch c.op {
	case opEncode:
		if *p {
			c.buf = append(c.buf, byte(n<<2|wireUint), 1)
		}
	case opBind:
		c.to[n] = p
	case opEach:
		if *p {
			c.each(path, Value{Type: Bool, Int: 1})
		}
	case opDescribe:
		c.list(n, path, "bool")
	}
}

func (c *coder) strs(n int, path string, p *[]string) {
	switch c.op {
	case opEncode:
		c.encodeList(n, *p)
	case opBind:
		c.to[n] = p
	case opEach:
		if len(*p) > 0 {
			c.each(path, Value{Type: List, List: *p})
		}
	case opDescribe:
		c.list(n, path, "list")
	}
}

// pairs are attributes whose names are not known before: names and values, one after the other. Each attribute is its prefix and
// name.
func (c *coder) pairs(n int, prefix string, p *[]string) {
	switch c.op {
	case opEach:
		for i := 0; i+1 < len(*p); i += 2 {
			c.buf = append(append(c.buf[:0], prefix...), (*p)[i]...)
			c.each(View(c.buf), Value{Str: (*p)[i+1]})
		}
	case opDescribe:
		c.list(n, prefix+"*", "text")
	default:
		c.strs(n, prefix, p)
	}
}

func (c *coder) encodeList(n int, list []string) {
	if len(list) == 0 {
		return
	}
	list = list[:min(len(list), maxList)]
	size := 0
	for _, s := range list {
		size += uvarintLen(uint64(len(s))) + len(s)
	}
	c.buf = binary.AppendUvarint(append(c.buf, byte(n<<2|wireList)), uint64(size))
	for _, s := range list {
		c.buf = appendBytes(c.buf, s)
	}
}

func decodeList(dst []string, b []byte) []string {
	for len(b) > 0 && len(dst) < maxList {
		s, rest, ok := cutBytes(b)
		if !ok {
			break
		}
		dst, b = append(dst, View(s)), rest
	}
	return dst
}

func appendBytes(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

func uvarintLen(u uint64) int {
	n := 1
	for ; u >= 0x80; u >>= 7 {
		n++
	}
	return n
}

func cutBytes(b []byte) (s, rest []byte, ok bool) {
	if len(b) > 0 && b[0] < 0x80 { // most are short
		n := int(b[0]) + 1
		if n > len(b) {
			return nil, nil, false
		}
		return b[1:n], b[n:], true
	}
	n, k := binary.Uvarint(b)
	if k <= 0 || n > uint64(len(b)-k) {
		return nil, nil, false
	}
	return b[k : k+int(n)], b[k+int(n):], true
}

// ErrBatch means that the bytes are not a batch, or not a whole one.
var ErrBatch = errors.New("event: malformed batch")

func malformed(at int, what string) error { return fmt.Errorf("%w: %s at byte %d", ErrBatch, what, at) }

// bound is a payload that events of its kind are read into, one after the other. Its fields are looked for once: then each field
// that an event has is put where it belongs, and those that only the event before had are emptied.
type bound struct {
	payload Payload       // nil for a kind that is not known
	to      [maxField]any // pointers to its fields, by number; nil where there is none
	set     uint64        // the numbers that are not empty
	notes   string        // of the header
}

func (t *bound) bind(p Payload) {
	t.payload = p
	if p != nil {
		p.fields(&coder{op: opBind, to: &t.to})
	}
}

// read reads the fields of one payload. Unknown field numbers are passed over, so that an older program reads the batches of
// a newer one.
func (t *bound) read(b []byte) bool {
	before := t.set
	t.notes = ""
	var now uint64
	for len(b) > 0 {
		n, w := b[0]>>2, b[0]&3
		b = b[1:]
		var u uint64
		var s []byte
		var ok bool
		switch w {
		case wireUint:
			u, b, ok = cutUint(b)
		case wireBytes, wireList:
			s, b, ok = cutBytes(b)
		}
		if !ok {
			return false
		}
		if n == noteField {
			t.notes = View(s)
		}
		if n < maxField {
			t.put(n, u, s)
			now |= 1 << n
			t.set |= 1 << n
		}
	}
	for old := before &^ now; old != 0; old &= old - 1 {
		t.put(byte(bits.TrailingZeros64(old)), 0, nil)
	}
	t.set = now
	return true
}

// put gives a field its value; one of another type than it has empties it.
func (t *bound) put(n byte, u uint64, s []byte) {
	switch p := t.to[n].(type) {
	case *uint64:
		*p = u
	case *string:
		*p = View(s)
	case *bool:
		*p = u != 0
	case *[]string:
		*p = decodeList((*p)[:0], s)
	}
}

func cutUint(b []byte) (u uint64, rest []byte, ok bool) {
	if len(b) > 0 && b[0] < 0x80 { // most are short
		return uint64(b[0]), b[1:], true
	}
	u, k := binary.Uvarint(b)
	if k <= 0 {
		return 0, nil, false
	}
	return u, b[k:], true
}
