// Package sldc unpacks Streaming Lossless Data Compression (ECMA-321), in which Windows packs what it forwards ([MS-WSMV] 2.2.9.1).
package sldc

import "errors"

var (
	// ErrFormat means that the bytes are none of SLDC.
	ErrFormat = errors.New("sldc: not packed as ECMA-321 says")
	// ErrLong means that more came out than was asked for.
	ErrLong = errors.New("sldc: longer than it may be")
)

// history is how many bytes back a copy may reach (ECMA-321 §7.3).
const history = 1024

// Control symbols are nine ones and one of these (ECMA-321 §7.6).
const (
	flush       = 0x0
	scheme1     = 0x1
	scheme2     = 0x2
	fileMark    = 0x3
	endOfRecord = 0x4
	reset1      = 0x5
	reset2      = 0x6
	endMarker   = 0xf
)

// reader hands out bits, the highest of each byte first.
type reader struct {
	p    []byte
	acc  uint64 // bits that were taken off p and not used yet, from the highest on
	left uint   // how many those are
}

func (r *reader) fill() {
	for r.left <= 56 && len(r.p) > 0 {
		r.acc |= uint64(r.p[0]) << (56 - r.left)
		r.p = r.p[1:]
		r.left += 8
	}
}

// peek is the next n bits; those behind the end are zero.
func (r *reader) peek(n uint) uint64 { return r.acc >> (64 - n) }

func (r *reader) skip(n uint) bool {
	if n > r.left {
		return false
	}
	r.acc <<= n
	r.left -= n
	return true
}

// Append unpacks p, which is one record, behind dst. What is more than most bytes is an error; what was unpacked until then is returned.
func Append(dst, p []byte, most int) ([]byte, error) {
	u := unpacker{in: reader{p: p}, out: dst, from: len(dst), most: len(dst) + most}
	for {
		u.in.fill()
		var err error
		switch {
		case u.in.peek(9) == 0x1ff:
			var done bool
			if done, err = u.control(); done {
				return u.out, nil
			}
		case u.scheme == 1 && u.in.peek(1) == 1:
			err = u.copies()
		case u.scheme == 1:
			err = u.literal(1, 8)
		case u.scheme == 2 && u.in.peek(8) == 0xff: // in scheme 2 a byte of ones has a zero behind it
			err = u.literal(0, 9)
		case u.scheme == 2:
			err = u.literal(0, 8)
		default:
			err = ErrFormat
		}
		if err != nil {
			return u.out, err
		}
		if len(u.out) > u.most {
			return u.out[:u.most], ErrLong
		}
	}
}

type unpacker struct {
	in     reader
	out    []byte
	from   int // where in out the history begins
	most   int
	scheme uint8
}

func (u *unpacker) control() (done bool, err error) {
	symbol := u.in.peek(13) & 0xf
	if !u.in.skip(13) {
		return false, ErrFormat
	}
	switch symbol {
	case flush, fileMark, endMarker:
	case scheme1:
		u.scheme = 1
	case scheme2:
		u.scheme = 2
	case reset1:
		u.scheme, u.from = 1, len(u.out)
	case reset2:
		u.scheme, u.from = 2, len(u.out)
	case endOfRecord:
		return true, nil
	default:
		return false, ErrFormat
	}
	return false, nil
}

// literal takes a byte that stands behind some bits; n bits are those of the byte and what fills it up.
func (u *unpacker) literal(before, n uint) error {
	c := byte(u.in.peek(before+8) & 0xff)
	if !u.in.skip(before + n) {
		return ErrFormat
	}
	u.out = append(u.out, c)
	return nil
}

// copies takes a copy pointer: a one, the length, and where in the history it begins (ECMA-321 §7.5).
func (u *unpacker) copies() error {
	u.in.skip(1)
	n, err := u.length()
	if err != nil {
		return err
	}
	slot := int(u.in.peek(10))
	if !u.in.skip(10) {
		return ErrFormat
	}
	back := (len(u.out) - u.from - slot) & (history - 1)
	if back == 0 {
		back = history
	}
	at := len(u.out) - back
	if at < u.from {
		return ErrFormat
	}
	for range n {
		u.out = append(u.out, u.out[at])
		at++
	}
	return nil
}

// length reads the match count field: 2 to 271 (ECMA-321 §7.5.1). Longer ones would be control symbols.
func (u *unpacker) length() (int, error) {
	for _, f := range [...]struct {
		mark, markBits, bits uint
		base                 int
	}{{0b0, 1, 1, 2}, {0b10, 2, 2, 4}, {0b110, 3, 3, 8}, {0b1110, 4, 4, 16}, {0b1111, 4, 8, 32}} {
		if u.in.peek(f.markBits) != uint64(f.mark) {
			continue
		}
		v := int(u.in.peek(f.markBits+f.bits) & (1<<f.bits - 1))
		if !u.in.skip(f.markBits + f.bits) {
			return 0, ErrFormat
		}
		return f.base + v, nil
	}
	return 0, ErrFormat
}
