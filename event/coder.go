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
	raw  *[maxField]raw              // decode: what was read, by field number
	set  uint64                      // decode: the numbers that are set in raw
	each func(string, Value)         // print
	list func(n int, path, t string) // describe
}

type op uint8

const (
	opEncode op = iota
	opDecode
	opEach
	opDescribe
)

const (
	maxField = 48   // field numbers are 1..maxField-1; at most 64
	maxList  = 1024 // elements of a list
)

const (
	wireUint  = 0
	wireBytes = 1
	wireList  = 2
)

type raw struct {
	u uint64
	b []byte
}

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
	case opDecode:
		*p = View(c.raw[n].b)
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
	case opDecode:
		*p = c.raw[n].u
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
	case opDecode:
		*p = c.raw[n].u != 0
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
	case opDecode:
		*p = decodeList((*p)[:0], c.raw[n].b)
	case opEach:
		if len(*p) > 0 {
			c.each(path, Value{Type: List, List: *p})
		}
	case opDescribe:
		c.list(n, path, "list")
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

// readFields reads the fields of one payload into c.raw. Unknown field numbers are passed over, so that an older
// program reads the batches of a newer one.
func (c *coder) readFields(b []byte) bool {
	for ; c.set != 0; c.set &= c.set - 1 { // what the event before had
		c.raw[bits.TrailingZeros64(c.set)] = raw{}
	}
	for len(b) > 0 {
		n, w := b[0]>>2, b[0]&3
		b = b[1:]
		var r raw
		switch w {
		case wireUint:
			if len(b) > 0 && b[0] < 0x80 { // most are short
				r.u, b = uint64(b[0]), b[1:]
				break
			}
			u, k := binary.Uvarint(b)
			if k <= 0 {
				return false
			}
			r.u, b = u, b[k:]
		case wireBytes, wireList:
			s, rest, ok := cutBytes(b)
			if !ok {
				return false
			}
			r.b, b = s, rest
		default:
			return false
		}
		if n < maxField {
			c.raw[n] = r
			c.set |= 1 << n
		}
	}
	return true
}
