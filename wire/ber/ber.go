// Package ber walks the Basic Encoding Rules of ASN.1 (ITU-T X.690) and their subset DER without allocating.
//
// Everything in BER is an element: one octet that names its type (a [Tag]), its length, its body. The body of a
// constructed element is a row of further elements. LDAP, Kerberos, SPNEGO and X.509 are such trees; what a field
// means follows from its tag and its place, so that a decoder is a walk:
//
//	r := ber.Open(p)
//	message := r.Expect(ber.Sequence).Open()
//	id, _ := message.Expect(ber.Integer).Int()
//	for attributes.More() { use(attributes.Next()) }
//	return r.Err()
//
// A [Reader] keeps its first error and answers zero elements from then on, so that a walk need not ask after each
// step. Bodies are views into the bytes that were given.
//
// Not read, because none of these protocols uses them: tags above 30 and lengths left open ([ErrForm]).
package ber

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"

	"bulwark/wire"
)

// MaxDepth is how many elements may lie within each other.
const MaxDepth = 48

// MaxLength is the longest body that is believed, in bytes.
const MaxLength = 1 << 30

var (
	// ErrShort means that the bytes end within an element.
	ErrShort = errors.New("ber: element cut short")
	// ErrForm means a tag above 30, a length left open, or one beyond [MaxLength].
	ErrForm = fmt.Errorf("ber: tag or length of a form not read here: %w", wire.ErrMalformed)
	// ErrTag means that another element was due.
	ErrTag = fmt.Errorf("ber: another tag was due: %w", wire.ErrMalformed)
	// ErrDepth means more than [MaxDepth] elements within each other.
	ErrDepth = fmt.Errorf("ber: nested too deeply: %w", wire.ErrMalformed)
)

// Tag is an identifier octet (X.690 §8.1.2): two bits of class, one that says constructed, five of number.
// The zero value is no element.
type Tag byte

// The universal tags in use here (X.680 §8.4).
const (
	Boolean         Tag = 0x01
	Integer         Tag = 0x02
	BitString       Tag = 0x03
	OctetString     Tag = 0x04
	Null            Tag = 0x05
	OID             Tag = 0x06
	Enumerated      Tag = 0x0a
	UTF8String      Tag = 0x0c
	GeneralizedTime Tag = 0x18
	GeneralString   Tag = 0x1b
	Sequence        Tag = 0x30
	Set             Tag = 0x31
)

// Context is the primitive tag [n]; Context(n).Constructed() the constructed one.
func Context(n int) Tag { return 0x80 | Tag(n&0x1f) }

// Application is the primitive tag [APPLICATION n].
func Application(n int) Tag { return 0x40 | Tag(n&0x1f) }

// Constructed is t with the bit that says that elements lie inside.
func (t Tag) Constructed() Tag { return t | 0x20 }

// IsConstructed says whether the body is a row of elements.
func (t Tag) IsConstructed() bool { return t&0x20 != 0 }

// Number is the tag's number within its class, 0-30.
func (t Tag) Number() int { return int(t & 0x1f) }

// IsApplication says whether t is of the class APPLICATION.
func (t Tag) IsApplication() bool { return t&0xc0 == 0x40 }

// Header reads a tag and a length. head is how many bytes they take, length how many the body has.
func Header(p []byte) (t Tag, head, length int, err error) {
	if len(p) == 0 {
		return 0, 0, 0, ErrShort
	}
	t = Tag(p[0])
	if t.Number() == 0x1f { // X.690 §8.1.2.4: the tag goes on in further octets
		return 0, 0, 0, ErrForm
	}
	if len(p) < 2 {
		return 0, 0, 0, ErrShort
	}
	if p[1] < 0x80 {
		return t, 2, int(p[1]), nil
	}
	// X.690 §8.1.3.5: that many octets of length follow. Windows always sends four; zeros in front are legal in BER.
	n := int(p[1] & 0x7f)
	if n == 0 || n > 8 {
		return 0, 0, 0, ErrForm
	}
	for i := range n {
		if 2+i >= len(p) {
			return 0, 0, 0, ErrShort
		}
		length = length<<8 | int(p[2+i])
		if length > MaxLength {
			return 0, 0, 0, ErrForm
		}
	}
	return t, 2 + n, length, nil
}

// Reader walks a row of elements. The zero value has none.
type Reader struct {
	rest  []byte
	err   error
	depth uint8
	cut   bool
}

// Open reads the elements of p, of which none may be missing.
func Open(p []byte) Reader { return Reader{rest: p} }

// OpenCut reads the elements of p, which may end early: an element that goes on behind the end of p is given as far
// as it is there, with Cut set, and nothing follows it.
func OpenCut(p []byte) Reader { return Reader{rest: p, cut: true} }

// Err is the first error met, nil while there is none.
func (r *Reader) Err() error { return r.err }

// More says whether an element follows.
func (r *Reader) More() bool { return r.err == nil && len(r.rest) > 0 }

// Peek is the tag of the next element, 0 when there is none.
func (r *Reader) Peek() Tag {
	if !r.More() {
		return 0
	}
	return Tag(r.rest[0])
}

// Rest is what has not been read.
func (r *Reader) Rest() []byte { return r.rest }

// Next reads an element. Where there is none it answers the zero Element and keeps [ErrShort].
func (r *Reader) Next() Element {
	p := r.rest
	if len(p) < 2 || p[0]&0x1f == 0x1f || r.err != nil {
		return r.next()
	}
	// Most lengths are of one octet, or, from Windows, of four.
	head, length := 2, int(p[1])
	if length == 0x84 && len(p) >= 6 {
		head, length = 6, int(binary.BigEndian.Uint32(p[2:]))
	} else if length >= 0x80 {
		return r.next()
	}
	if uint(length) > uint(len(p)-head) {
		return r.next()
	}
	r.rest = p[head+length:]
	return Element{Tag: Tag(p[0]), Body: p[head : head+length : head+length], depth: r.depth, mayCut: r.cut}
}

// next reads an element of any form, or none.
func (r *Reader) next() Element {
	if r.err != nil {
		return Element{}
	}
	t, head, length, err := Header(r.rest)
	if err != nil {
		return r.fail(err)
	}
	e := Element{Tag: t, depth: r.depth, mayCut: r.cut}
	if have := len(r.rest) - head; length > have {
		if !r.cut {
			return r.fail(ErrShort)
		}
		e.Cut = true
		length = have
	}
	e.Body = r.rest[head : head+length : head+length]
	r.rest = r.rest[head+length:]
	if e.Cut {
		r.rest = nil
	}
	return e
}

// Expect reads the next element, which must be t; else it keeps [ErrTag].
func (r *Reader) Expect(t Tag) Element {
	if r.err == nil && len(r.rest) > 0 && Tag(r.rest[0]) != t {
		return r.fail(ErrTag)
	}
	return r.Next()
}

// Optional reads the next element if it is t.
func (r *Reader) Optional(t Tag) (Element, bool) {
	if r.Peek() != t {
		return Element{}, false
	}
	e := r.Next()
	return e, r.err == nil
}

func (r *Reader) fail(err error) Element {
	r.err = err
	return Element{}
}

// Element is one value. The zero value is none.
type Element struct {
	Tag  Tag
	Body []byte // a view
	Cut  bool   // Body ends early; only from a Reader of [OpenCut]

	depth  uint8
	mayCut bool
}

// Open reads the elements inside e.
func (e Element) Open() Reader {
	if e.depth >= MaxDepth {
		return Reader{err: ErrDepth}
	}
	return Reader{rest: e.Body, depth: e.depth + 1, cut: e.mayCut}
}

// Only is the first element inside e: what an EXPLICIT tag wraps.
func (e Element) Only() Element {
	r := e.Open()
	return r.Next()
}

// Int is the value of an INTEGER or ENUMERATED (X.690 §8.3) of at most 8 octets; else ok is false.
func (e Element) Int() (v int64, ok bool) {
	if len(e.Body) == 0 || len(e.Body) > 8 || e.Cut {
		return 0, false
	}
	v = int64(int8(e.Body[0]))
	for _, b := range e.Body[1:] {
		v = v<<8 | int64(b)
	}
	return v, true
}

// Bool is the value of a BOOLEAN (X.690 §8.2): false is 0, all else is true.
func (e Element) Bool() bool { return len(e.Body) > 0 && e.Body[0] != 0 }

// Bits are the first 32 bits of a BIT STRING (X.690 §8.6), bit 0 the most significant; bits not sent are 0.
func (e Element) Bits() (v uint32) {
	if len(e.Body) == 0 {
		return 0
	}
	for i := range 4 { // the first octet counts the unused bits of the last
		v <<= 8
		if 1+i < len(e.Body) {
			v |= uint32(e.Body[1+i])
		}
	}
	return v
}

// AppendOID appends the dotted form of an OBJECT IDENTIFIER's body (X.690 §8.19) to dst. What is not one, or has an
// arc above 2^63, is appended up to the fault.
func AppendOID(dst, body []byte) []byte {
	var arc uint64
	first := true
	for _, b := range body {
		if arc >= 1<<56 {
			return dst
		}
		arc = arc<<7 | uint64(b&0x7f)
		if b&0x80 != 0 {
			continue
		}
		if first { // the first two arcs share an octet: 40 times the one plus the other
			top := min(arc/40, 2)
			dst = strconv.AppendUint(dst, top, 10)
			arc -= top * 40
			first = false
		}
		dst = append(dst, '.')
		dst = strconv.AppendUint(dst, arc, 10)
		arc = 0
	}
	return dst
}
