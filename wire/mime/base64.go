package mime

// quads undoes base64 (RFC 2045 §6.8) as it comes. Its zero value is ready.
type quads struct {
	value uint32
	have  uint8 // sextets in value
	bad   bool  // a character was met that has no place there
}

const (
	padding = 64
	blank   = 65
	foreign = 66
)

// sextets are the values of the characters, or padding, blank or foreign.
var sextets = func() (t [256]uint8) {
	for i := range t {
		t[i] = foreign
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = uint8(i)
	}
	t['='] = padding
	t[' '], t['\t'], t['\r'], t['\n'] = blank, blank, blank, blank
	return t
}()

// append appends what p holds. What does not belong is passed over.
func (d *quads) append(dst, p []byte) []byte {
	for len(p) > 0 {
		for d.have == 0 && len(p) >= 4 {
			a, b, c, e := sextets[p[0]], sextets[p[1]], sextets[p[2]], sextets[p[3]]
			if a|b|c|e >= padding {
				break
			}
			dst = append(dst, a<<2|b>>4, b<<4|c>>2, c<<6|e)
			p = p[4:]
		}
		if len(p) == 0 {
			return dst
		}
		dst = d.one(dst, p[0])
		p = p[1:]
	}
	return dst
}

func (d *quads) one(dst []byte, c byte) []byte {
	s := sextets[c]
	switch {
	case s == blank:
	case s == foreign:
		d.bad = true
	case s == padding:
		dst = d.pad(dst)
	default:
		d.value = d.value<<6 | uint32(s)
		if d.have++; d.have == 4 {
			dst = append(dst, byte(d.value>>16), byte(d.value>>8), byte(d.value))
			d.value, d.have = 0, 0
		}
	}
	return dst
}

// pad takes a padding character: what is there of a group is all of it. Another group may follow.
func (d *quads) pad(dst []byte) []byte {
	switch d.have {
	case 2:
		dst = append(dst, byte(d.value>>4))
	case 3:
		dst = append(dst, byte(d.value>>10), byte(d.value>>2))
	case 1:
		d.bad = true
	}
	d.value, d.have = 0, 0
	return dst
}
