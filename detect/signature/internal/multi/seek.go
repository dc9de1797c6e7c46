package multi

import "encoding/binary"

// fold turns the letters of eight bytes to lower case, and does to other bytes what it pleases.
const fold = 0x2020202020202020

// window reads a window of some width, folded.
func window(p []byte, width uint8) uint64 {
	switch width {
	case 8:
		return load8(p)
	case 4:
		return load4(p)
	case 3:
		return load2(p) | uint64(p[2]|0x20)<<16
	case 2:
		return load2(p)
	}
	return uint64(p[0] | 0x20)
}

func load8(p []byte) uint64 { return binary.LittleEndian.Uint64(p) | fold }
func load4(p []byte) uint64 { return uint64(binary.LittleEndian.Uint32(p) | fold&0xffffffff) }
func load2(p []byte) uint64 { return uint64(binary.LittleEndian.Uint16(p) | fold&0xffff) }

// hash spreads a window; its upper bits are the good ones.
func hash(window uint64) uint64 { return window * 0x9E3779B97F4A7C15 }

// in reports whether the filter of a pass may have a window.
func (pa *pass) in(w uint64) bool {
	switch {
	case pa.exact():
		return exactly(pa.filter, w)
	case pa.narrow.words != nil:
		return pa.narrow.has(w)
	}
	return in(pa.filter, w)
}

// exactly reports whether a filter with a bit for each window of two bytes has one.
func exactly(filter []uint64, w uint64) bool { return filter[w>>6&1023]>>(w&63)&1 != 0 }

// twoBits are those that a hash sets in its word of a filter.
func twoBits(h uint64) uint64 { return 1<<(h>>58) | 1<<(h>>52&63) }

// in reports whether a filter has the bits of a window's hash.
func in(filter []uint64, w uint64) bool {
	h := hash(w)
	b := twoBits(h)
	return filter[h>>32&uint64(len(filter)-1)]&b == b
}

// begins are the first two bytes of windows at the begin of a buffer, folded: what begins with others is not looked at there.
type begins [16]uint64

func (b *begins) add(window uint64) { h := hash(window & 0xffff); b[h>>60] |= bit(h) }

func (b *begins) has(window uint64) bool { h := hash(window); return b[h>>60]&bit(h) != 0 }

// bit is one of 64 for a hash.
func bit(h uint64) uint64 { return 1 << (h >> 54 & 63) }

// quiet are windows whose literals are all found: what a buffer has, it often has many times, and runs of one byte are
// long. No window is 0.
type quiet [16]uint64

func (q *quiet) has(w uint64) bool { return q[hash(w)>>60] == w }
func (q *quiet) add(w uint64)      { q[hash(w)>>60] = w }

// seek is the next place from i up to last whose window the filter has and that is not quiet; or one behind last.
// The functions that it calls are where a scan spends its time: they call nothing, and look at several windows between
// two checks of the buffer's length.
func (pa *pass) seek(p []byte, i, last int, quiet *quiet) int {
	if pa.few != nil {
		return pa.seekFew(p, i, last, quiet)
	}
	return pa.seekEach(p, i, last, quiet)
}

// seekEach is seek, one place after the other.
func (pa *pass) seekEach(p []byte, i, last int, quiet *quiet) int {
	switch {
	case pa.width == 4 && pa.stride == 1:
		return seek4(p, pa.filter, i, last, quiet)
	case pa.width == 4 && pa.stride == 2:
		return seek4by2(p, pa.filter, i, last, quiet)
	case pa.width == 4:
		return pa.narrow.seek(p, i, last, quiet)
	case pa.stride == 4:
		return seek8by4(p, pa.filter, i, last, quiet)
	case pa.width == 3:
		i = seek3(p, pa.filter, i, last, quiet)
	case pa.exact():
		return seek2(p, pa.filter, i, last, quiet)
	}
	for ; i <= last; i++ {
		if w := window(p[i:], pa.width); in(pa.filter, w) && !quiet.has(w) {
			return i
		}
	}
	return i
}

func seek4(p []byte, filter []uint64, i, last int, quiet *quiet) int {
	for ; i <= last-7; i += 8 {
		q := p[i : i+11 : i+11]
		if w := load4(q); in(filter, w) && !quiet.has(w) {
			return i
		}
		if w := load4(q[1:]); in(filter, w) && !quiet.has(w) {
			return i + 1
		}
		if w := load4(q[2:]); in(filter, w) && !quiet.has(w) {
			return i + 2
		}
		if w := load4(q[3:]); in(filter, w) && !quiet.has(w) {
			return i + 3
		}
		if w := load4(q[4:]); in(filter, w) && !quiet.has(w) {
			return i + 4
		}
		if w := load4(q[5:]); in(filter, w) && !quiet.has(w) {
			return i + 5
		}
		if w := load4(q[6:]); in(filter, w) && !quiet.has(w) {
			return i + 6
		}
		if w := load4(q[7:]); in(filter, w) && !quiet.has(w) {
			return i + 7
		}
	}
	for ; i <= last; i++ {
		if w := load4(p[i:]); in(filter, w) && !quiet.has(w) {
			return i
		}
	}
	return i
}

func seek4by2(p []byte, filter []uint64, i, last int, quiet *quiet) int {
	for ; i <= last-6; i += 8 {
		q := p[i : i+10 : i+10]
		if w := load4(q); in(filter, w) && !quiet.has(w) {
			return i
		}
		if w := load4(q[2:]); in(filter, w) && !quiet.has(w) {
			return i + 2
		}
		if w := load4(q[4:]); in(filter, w) && !quiet.has(w) {
			return i + 4
		}
		if w := load4(q[6:]); in(filter, w) && !quiet.has(w) {
			return i + 6
		}
	}
	for ; i <= last; i += 2 {
		if w := load4(p[i:]); in(filter, w) && !quiet.has(w) {
			return i
		}
	}
	return i
}

func seek8by4(p []byte, filter []uint64, i, last int, quiet *quiet) int {
	for ; i <= last-12; i += 16 {
		q := p[i : i+20 : i+20]
		if w := load8(q); in(filter, w) && !quiet.has(w) {
			return i
		}
		if w := load8(q[4:]); in(filter, w) && !quiet.has(w) {
			return i + 4
		}
		if w := load8(q[8:]); in(filter, w) && !quiet.has(w) {
			return i + 8
		}
		if w := load8(q[12:]); in(filter, w) && !quiet.has(w) {
			return i + 12
		}
	}
	for ; i <= last; i += 4 {
		if w := load8(p[i:]); in(filter, w) && !quiet.has(w) {
			return i
		}
	}
	return i
}

// seek2 is for filters that are exact.
func seek2(p []byte, filter []uint64, i, last int, quiet *quiet) int {
	filter = filter[:1024]
	for ; i <= last-6; i += 4 {
		q := binary.LittleEndian.Uint64(p[i:]) | fold
		if exactly(filter, q&0xffff) && !quiet.has(q&0xffff) {
			return i
		}
		if w := q >> 8 & 0xffff; exactly(filter, w) && !quiet.has(w) {
			return i + 1
		}
		if w := q >> 16 & 0xffff; exactly(filter, w) && !quiet.has(w) {
			return i + 2
		}
		if w := q >> 24 & 0xffff; exactly(filter, w) && !quiet.has(w) {
			return i + 3
		}
	}
	for ; i <= last; i++ {
		if w := load2(p[i:]); exactly(filter, w) && !quiet.has(w) {
			return i
		}
	}
	return i
}

// seek3 stops before the last place: it reads one byte more than a window has.
func seek3(p []byte, filter []uint64, i, last int, quiet *quiet) int {
	for ; i <= last-4; i += 4 {
		q := p[i : i+7 : i+7]
		if w := load4(q) & 0xffffff; in(filter, w) && !quiet.has(w) {
			return i
		}
		if w := load4(q[1:]) & 0xffffff; in(filter, w) && !quiet.has(w) {
			return i + 1
		}
		if w := load4(q[2:]) & 0xffffff; in(filter, w) && !quiet.has(w) {
			return i + 2
		}
		if w := load4(q[3:]) & 0xffffff; in(filter, w) && !quiet.has(w) {
			return i + 3
		}
	}
	return i
}
