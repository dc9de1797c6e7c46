package pcre

import "math/bits"

// bit is where it is kept that in was tried at pos. Within loops that an empty iteration ends there is one for each
// answer to whether their iterations are empty so far.
func (m *Machine) bit(in *instr, pos int) int {
	row := int(in.memo)
	for i, slot := range in.loops {
		if int(m.slots[slot]) == pos {
			row += 1 << i
		}
	}
	return row*m.width + pos - m.base
}

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

func (m *Machine) was(in *instr, pos int) bool {
	i := m.bit(in, pos)
	return m.seen[i>>6]>>(i&63)&1 != 0
}

// knownEnd is as runEnd. It keeps the last run, for those who enter it further on.
func (m *Machine) knownEnd(in *instr, pos int) int {
	r := &m.runs[in.memo]
	if pos < int(r.from) || pos > int(r.to) {
		*r = span{int32(pos), int32(in.stretch(m.p, pos))}
	}
	if in.max >= 0 && int(r.to)-pos > int(in.max) {
		return pos + int(in.max)
	}
	return int(r.to)
}

// enterOnce is as enter, and leaves out ends that were tried before. Those of a run without a greatest length are tried
// up to its end, so that all behind one that was tried were, too.
func (m *Machine) enterOnce(in *instr, pos int) (from, to int, any bool) {
	from, to = pos+int(in.min), m.knownEnd(in, pos)
	if to < from {
		return 0, 0, false
	}
	if in.max >= 0 || in.op == opLazy {
		return from, to, true
	}
	end := from
	for end <= to && !m.was(in, end) {
		end++
	}
	return from, end - 1, end > from
}

// leaveOnce is as leave, and takes each end once.
func (m *Machine) leaveOnce(in *instr, pc int32, from, to int) (end int, again frame, ok bool) {
	again.pc = -1
	if in.op == opLazy {
		return m.leaveLazy(in, pc, from, to)
	}
	for to >= from {
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

// untriedBelow is the last place below to, from from on, that was not tried; from-1 if there is none.
func (m *Machine) untriedBelow(in *instr, from, to int) int {
	if len(in.loops) > 0 {
		return to - 1 // not all in one row
	}
	first := int(in.memo)*m.width + from - m.base
	i := first + to - from - 1
	for i >= first {
		open := ^m.seen[i>>6] << (63 - i&63)
		if open != 0 {
			i -= bits.LeadingZeros64(open)
			break
		}
		i = i&^63 - 1
	}
	return max(i-first, -1) + from
}

func (m *Machine) leaveLazy(in *instr, pc int32, from, to int) (end int, again frame, ok bool) {
	again.pc = -1
	for ; from <= to; from++ {
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
