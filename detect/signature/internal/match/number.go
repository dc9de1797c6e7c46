package match

import (
	"encoding/binary"
	"math/bits"

	"bulwark/detect/signature/internal/rule"
)

// number is how a number is read out of the buffer, and what becomes of it. isdataat is one whose offset counts alone.
type number struct {
	count, offset amount
	relative      bool
	little, dce   bool
	text          bool
	base          int
	mask          uint64 // 0: none
	shift         int    // of the mask

	not   bool
	op    rule.Op
	value uint64 // operand, unless from is a variable
	from  int    // slot of the operand; -1: value counts

	multiplier uint64
	align      uint64
	post       amount
	fromBegin  bool
	fromEnd    bool
	operator   byte // of byte_math: + - * / < >
	result     int  // slot that is set
}

// maxDigits is the longest number that may be read from text: 2^64-1 in octal digits with a zero before it.
const maxDigits = 23

// read takes the number out of the buffer; end is where it ended.
func (r *run) read(n *number, pos int) (v uint64, start, end int, ok bool) {
	data := r.view.Data
	start, count := n.offset.distance(r.m), n.count.length(r.m)
	if n.relative {
		start += pos
	}
	left := len(data) - start
	if start < 0 || len(data) == 0 || left < 0 || count > left || left == 0 && n.relative {
		return 0, 0, 0, false
	}
	if n.text {
		v, used, ok := digits(data[start:], count, n.base)
		return v, start, start + used, ok
	}
	if count > 8 {
		return 0, 0, 0, false
	}
	v = binaryNumber(data[start:start+count], n.little || n.dce && r.view.Little)
	return v, start, start + count, true
}

func binaryNumber(p []byte, little bool) uint64 {
	switch {
	case len(p) == 1:
		return uint64(p[0])
	case len(p) == 2 && !little:
		return uint64(binary.BigEndian.Uint16(p))
	case len(p) == 4 && !little:
		return uint64(binary.BigEndian.Uint32(p))
	}
	v := uint64(0)
	for i := range p {
		if little {
			v = v<<8 | uint64(p[len(p)-1-i])
		} else {
			v = v<<8 | uint64(p[i])
		}
	}
	return v
}

// digits reads a number as C's strtoull does: blanks, a sign, 0x before hexadecimal digits. Of count 0 the digits end
// where they end. No digit, or a number beyond 64 bits: not ok.
func digits(p []byte, count, base int) (v uint64, used int, ok bool) {
	if count > maxDigits {
		return 0, 0, false
	}
	if count > 0 {
		p = p[:count]
	}
	i := 0
	for i < len(p) && (p[i] == ' ' || '\t' <= p[i] && p[i] <= '\r') {
		i++
	}
	negative := i < len(p) && p[i] == '-'
	if negative || i < len(p) && p[i] == '+' {
		i++
	}
	i, base = prefix(p, i, base)
	first := i
	for ; i < len(p); i++ {
		d := digit(p[i])
		if d >= base {
			break
		}
		over, product := bits.Mul64(v, uint64(base))
		sum, carry := bits.Add64(product, uint64(d), 0)
		if over|carry != 0 {
			return 0, 0, false
		}
		v = sum
	}
	if i == first {
		return 0, 0, false
	}
	if negative {
		v = -v
	}
	return v, i, true
}

// prefix settles the base: 0 means that the text says it, by 0x or 0.
func prefix(p []byte, i, base int) (first, settled int) {
	hex := i+2 < len(p) && p[i] == '0' && p[i+1]|0x20 == 'x' && digit(p[i+2]) < 16
	switch {
	case hex && (base == 0 || base == 16):
		return i + 2, 16
	case base == 0 && i < len(p) && p[i] == '0':
		return i, 8
	case base == 0:
		return i, 10
	}
	return i, base
}

func digit(b byte) int {
	switch {
	case '0' <= b && b <= '9':
		return int(b - '0')
	case letter(b):
		return int(b|0x20-'a') + 10
	}
	return 99
}

// operand is what the number is compared or combined with.
func (n *number) operand(m *Machine) uint64 {
	if n.from < 0 {
		return n.value
	}
	return m.values[n.from]
}

func (n *number) masked(v uint64) uint64 {
	if n.mask == 0 {
		return v
	}
	return (v & n.mask) >> n.shift
}

func (r *run) dataAt(n *number, pos int) verdict {
	at := n.offset.length(r.m)
	var there bool
	if n.relative {
		there = pos+at <= len(r.view.Data)
	} else {
		there = uint64(at) < r.view.Offset+uint64(len(r.view.Data))
	}
	switch {
	case there != n.not:
		return yes
	case n.offset.slot < 0 && (!n.relative || !n.not):
		return never
	}
	return no
}

func (r *run) test(n *number, pos int) bool {
	v, _, _, ok := r.read(n, pos)
	return ok && compare(n.op, n.masked(v), n.operand(r.m), 0) != n.not
}

func (r *run) jump(n *number, pos int) (verdict, int) {
	v, _, end, ok := r.read(n, pos)
	if !ok {
		return no, pos
	}
	v = aligned(n.masked(v)*n.multiplier, n.align) + uint64(n.post.distance(r.m))
	way := int64(v)
	size := int64(len(r.view.Data))
	to := int64(end)
	switch {
	case n.fromBegin:
		to = 0
	case n.fromEnd:
		to = size
	}
	if way >= size || way < -2*size {
		way = max(min(way, size), -2*size)
	}
	if to += way; to >= size {
		return no, pos
	}
	return yes, int(max(to, 0))
}

func aligned(v, to uint64) uint64 {
	if to < 2 || v%to == 0 {
		return v
	}
	return v + to - v%to
}

func (r *run) extract(n *number, pos int) (verdict, int) {
	v, _, end, ok := r.read(n, pos)
	if !ok {
		return no, pos
	}
	r.m.set(n.result, aligned(n.masked(v)*n.multiplier, n.align))
	return yes, end
}

func (r *run) math(n *number, pos int) (verdict, int) {
	v, _, end, ok := r.read(n, pos)
	if !ok {
		return no, pos
	}
	by := n.operand(r.m)
	switch n.operator {
	case '+':
		v += by
	case '-':
		v -= by
	case '*':
		v *= by
	case '/':
		if by == 0 {
			return no, pos
		}
		v /= by
	case '<':
		v <<= by
	case '>':
		v >>= by
	}
	r.m.set(n.result, n.masked(v))
	return yes, end
}
