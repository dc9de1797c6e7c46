package match

import (
	"bulwark/detect/signature/internal/rule"
)

// maxFrames is how many objects, and how deep ones, are looked at: Suricata's asn1-max-frames.
const maxFrames = 256

// asn1 evaluates asn1: whether one of the BER objects that stand in a row is as the test says.
func (r *run) asn1(t *rule.ASN1, pos int) bool {
	at := 0
	if t.HasOffset {
		at = t.Offset
		if t.Relative {
			at += pos
		}
	}
	if at < 0 || at >= len(r.view.Data) || at > 0xffff {
		return false
	}
	data := r.view.Data[at:]
	found := false
	for objects := 0; len(data) > 0; objects++ {
		if objects >= maxFrames {
			return false
		}
		o, ok := readObject(data)
		if !ok {
			break
		}
		size, hit, ok := o.check(t, maxFrames)
		if !ok {
			break
		}
		found = found || hit
		data = data[size:]
	}
	return found
}

// object is a BER object (X.690 section 8.1).
type object struct {
	class       byte // 0: universal
	tag         uint64
	constructed bool
	endless     bool // its end is marked
	length      uint64
	header      int    // bytes before data
	data        []byte // contents, of an endless object with what follows
}

// Universal tags that have a form of their own.
const (
	tagEnd       = 0
	tagBoolean   = 1
	tagBitString = 3
	tagNull      = 5
	tagReal      = 9
	tagSequence  = 16
	tagSet       = 17
)

// readObject reads the header of an object, whose contents must be there.
func readObject(p []byte) (o object, ok bool) {
	if len(p) < 2 {
		return o, false
	}
	o.class, o.constructed, o.tag = p[0]>>6, p[0]&0x20 != 0, uint64(p[0]&0x1f)
	i := 1
	if o.tag == 0x1f {
		o.tag = 0
		for ; ; i++ {
			if i >= len(p) || i > 5 {
				return o, false
			}
			o.tag = o.tag<<7 | uint64(p[i]&0x7f)
			if p[i] < 0x80 {
				i++
				break
			}
		}
	}
	if i >= len(p) {
		return o, false
	}
	size := p[i]
	i++
	switch {
	case size == 0x80:
		o.endless = true
	case size < 0x80:
		o.length = uint64(size)
	default:
		n := int(size & 0x7f)
		if n > 8 || n > len(p)-i {
			return o, false
		}
		o.length = binaryNumber(p[i:i+n], false)
		i += n
	}
	o.header, o.data = i, p[i:]
	if o.endless {
		return o, o.constructed
	}
	if o.length > uint64(len(o.data)) {
		return o, false
	}
	o.data = o.data[:o.length]
	return o, true
}

// check looks at an object and those in it; size is that of the whole. Not ok: it cannot be read.
func (o *object) check(t *rule.ASN1, deep int) (size int, hit, ok bool) {
	if deep == 0 {
		return 0, false, false
	}
	hit = o.is(t)
	nested := o.class == 0 && o.constructed && (o.tag == tagSequence || o.tag == tagSet)
	if !nested && !o.endless {
		return o.header + len(o.data), hit, o.formed()
	}
	rest := o.data
	for len(rest) > 0 {
		if o.endless && len(rest) >= 2 && rest[0] == tagEnd && rest[1] == 0 {
			return o.header + len(o.data) - len(rest) + 2, hit, true
		}
		in, ok := readObject(rest)
		if !ok {
			return 0, false, false
		}
		n, inner, ok := in.check(t, deep-1)
		if !ok {
			return 0, false, false
		}
		hit = hit || inner
		rest = rest[n:]
	}
	return o.header + len(o.data), hit, !o.endless
}

// formed reports whether the contents of a primitive object have a length that its type can have.
func (o *object) formed() bool {
	if o.class != 0 || o.constructed {
		return true
	}
	switch o.tag {
	case tagBoolean:
		return o.length == 1
	case tagNull:
		return o.length == 0
	case tagBitString:
		return o.length > 0
	}
	return true
}

// is reports whether the object itself is as the test says.
func (o *object) is(t *rule.ASN1) bool {
	if t.Oversize > 0 && o.length > t.Oversize {
		return true
	}
	if o.class != 0 || o.constructed || len(o.data) == 0 || o.endless {
		return false
	}
	switch o.tag {
	case tagBitString: // more bits are to be ignored than there are
		return t.BitstringOverflow && uint64(o.data[0]) > 8*o.length
	case tagReal: // a number in letters that is too long for the receiver's buffer
		return t.DoubleOverflow && o.data[0]&0xc0 == 0 && o.length > 256
	}
	return false
}
