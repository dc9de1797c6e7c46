package pcre

import "math/bits"

// bit is where it is kept that in was tried at pos. Within loops that an empty iteration ends there is one for each
// answer to whether their iterations are empty so far.
func (m *Machine) bit(in *instr, pos int) int {
	i := m.bitOf(in, pos)
	if in.rare == nil {
		return i
	}
	for n, slot := range in.rare.loops {
		if int(m.slots[slot]) == pos {
			i += m.width << n
		}
	}
	return i
}

// bitOf is bit where no iteration is empty.
func (m *Machine) bitOf(in *instr, pos int) int { return int(in.memo)*m.width + pos - m.base }

// tried says whether in was tried at pos before, and remembers that it was now.
func (m *Machine) tried(in *instr, pos int) bool {
	if in.memo < 0 {
		return false
	}
	i := m.bit(in, pos)
	w, bit := &m.seen[i>>6], uint64(1)<<(i&63)
	if *w&bit != 0 {
		return true
	}
	*w |= bit
	return false
}

// knownEnd is as runEnd. It keeps the last run, for those who enter it elsewhere.
func (m *Machine) knownEnd(in *instr, pos int) int {
	r := &m.runs[in.run]
	if pos < int(r.from) {
		to := in.stretch(m.p, pos, int(r.from))
		m.extra += to - pos
		if to == int(r.from) {
			r.from = int32(pos) // the same run
		} else {
			*r = span{int32(pos), int32(to), int32(to + 1)}
		}
	} else if pos > int(r.to) {
		to := in.stretch(m.p, pos, len(m.p))
		if in.shape != shapeAll || in.rare != nil {
			m.extra += to - pos
		}
		*r = span{int32(pos), int32(to), int32(to + 1)}
	}
	if in.max >= 0 && int(r.to)-pos > int(in.max) {
		return pos + int(in.max)
	}
	return int(r.to)
}

// enterOnce is as enter, and leaves out ends that were tried before, where that is known at once.
func (m *Machine) enterOnce(in *instr, pos int) (from, to int, any bool) {
	from, to = pos+int(in.min), m.knownEnd(in, pos)
	r := &m.runs[in.run]
	if to < from || in.op == opLazy || to < int(r.to) {
		return from, to, to >= from
	}
	low := int(r.low) // all from it on were tried up to the end of the run, or are about to be
	to = low - 1
	if m.bit(in, from) != m.bitOf(in, from) { // the one end at which an iteration around may be empty
		r.low = int32(min(low, from+1))
		to = max(to, from)
	} else {
		r.low = int32(min(low, from))
	}
	return from, to, to >= from
}

// leaveOnce is as leave, and takes each end once.
func (m *Machine) leaveOnce(in *instr, pc int32, from, to int) (end int, again frame, ok bool) {
	again.pc = -1
	if in.op == opLazy {
		return m.leaveLazy(in, pc, from, to)
	}
	for to >= from {
		m.extra++
		if m.tried(in, to) {
			to = m.untriedBelow(in, from, to)
			continue
		}
		if in.goesOn(m.p, to) {
			if to > from {
				again = frame{pc, int32(from), int32(to - 1)}
			}
			return to, again, true
		}
		to--
	}
	return 0, again, false
}

// untriedBelow is the last place below to, from from on, that may not have been tried; from-1 if there is none.
func (m *Machine) untriedBelow(in *instr, from, to int) int {
	lowest := from
	if in.rare != nil && from < to {
		lowest++ // from itself may have another bit
	}
	first := m.bitOf(in, lowest)
	i := first + to - lowest - 1
	for i >= first {
		m.extra++
		open := ^m.seen[i>>6] << (63 - i&63)
		if open != 0 {
			i -= bits.LeadingZeros64(open)
			break
		}
		i = i&^63 - 1
	}
	if i >= first {
		return i - first + lowest
	}
	return lowest - 1
}

func (m *Machine) leaveLazy(in *instr, pc int32, from, to int) (end int, again frame, ok bool) {
	again.pc = -1
	for ; from <= to; from++ {
		m.extra++
		if m.tried(in, from) {
			if in.max < 0 {
				break // and so were all behind it
			}
			continue
		}
		if in.goesOn(m.p, from) {
			if from < to {
				again = frame{pc, int32(from + 1), int32(to)}
			}
			return from, again, true
		}
	}
	return 0, again, false
}
