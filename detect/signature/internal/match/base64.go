package match

import (
	"encoding/base64"
	"fmt"
)

// base64Mode says what is done about bytes that are not of the alphabet.
type base64Mode uint8

const (
	rfc4648 base64Mode = iota // the first of them ends the text
	rfc2045                   // they are skipped
	strict                    // there are none, and the text is padded
)

func newBase64Mode(name string) (base64Mode, error) {
	switch name {
	case "rfc4648":
		return rfc4648, nil
	case "rfc2045":
		return rfc2045, nil
	case "strict":
		return strict, nil
	}
	return 0, fmt.Errorf("%w: no mode %q", ErrTransform, name)
}

// maxBase64 is how much text base64_decode takes at most, in bytes.
const maxBase64 = 65535

// appendBase64 appends what text says, as far as it can be read.
func appendBase64(out, text []byte, mode base64Mode) []byte {
	if mode == strict {
		decoded, err := base64.StdEncoding.Strict().AppendDecode(out, text)
		if err != nil {
			return out
		}
		return decoded
	}
	var four [4]byte
	n := 0
	for _, b := range text {
		v := sextet(b)
		if v == alien {
			if mode == rfc2045 {
				continue
			}
			break
		}
		four[n] = v
		if n++; n < 4 {
			continue
		}
		n = 0
		var ok bool
		if out, ok = appendGroup(out, four); !ok {
			return out
		}
	}
	if n > 0 && mode == rfc4648 {
		for ; n < 4; n++ {
			four[n] = padding
		}
		out, _ = appendGroup(out, four)
	}
	return out
}

// Values of bytes that are no digit.
const (
	padding = 64 // =
	alien   = 65
)

func sextet(b byte) byte {
	switch {
	case 'A' <= b && b <= 'Z':
		return b - 'A'
	case 'a' <= b && b <= 'z':
		return b - 'a' + 26
	case '0' <= b && b <= '9':
		return b - '0' + 52
	case b == '+':
		return 62
	case b == '/':
		return 63
	case b == '=':
		return padding
	}
	return alien
}

// appendGroup appends the one to three bytes of four digits.
func appendGroup(out []byte, d [4]byte) ([]byte, bool) {
	switch {
	case d[0] == padding || d[1] == padding:
		return out, false
	case d[2] == padding:
		return append(out, d[0]<<2|d[1]>>4), true
	case d[3] == padding:
		return append(out, d[0]<<2|d[1]>>4, d[1]<<4|d[2]>>2), true
	}
	return append(out, d[0]<<2|d[1]>>4, d[1]<<4|d[2]>>2, d[2]<<6|d[3]), true
}

// decode is base64_decode, with the tests of the base64_data that follows.
type decode struct {
	count, offset int
	relative      bool
	data          *Program // nil: there is none, and nothing comes of decoding
}

// base64 evaluates a decode: something must come out, and the tests of base64_data must hold of it.
func (r *run) base64(d *decode, pos int) verdict {
	text := r.view.Data
	if d.relative {
		text = text[min(pos, len(text)):]
	}
	if d.offset > 0 {
		if d.offset >= len(text) {
			return no
		}
		text = text[d.offset:]
	}
	text = text[:min(len(text), d.count)]
	r.m.decoded = appendBase64(r.m.decoded[:0], text, rfc4648)
	if len(r.m.decoded) == 0 || d.data == nil {
		return no
	}
	data := r.m.decoded
	if d.data.chain != nil {
		data = d.data.chain.apply(r.m, &r.m.inside, data)
	}
	outer := r.view
	r.view = View{Data: data, Whole: true, Little: outer.Little}
	held := r.from(d.data, 0, 0) == yes
	r.view = outer
	return told(held)
}
