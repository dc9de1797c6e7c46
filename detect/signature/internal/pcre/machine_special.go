package pcre

import "bytes"

// call is a subroutine call that is under way.
type call struct {
	next   int32 // where to return
	parent int32 // the call it was made in, < 0: none
	group  int32
	saved  int32 // where its copy of the slots starts
}

// Bounds of what calls remember.
const (
	maxCalls = 1 << 14
	maxSaved = 1 << 20
)

func (m *Machine) push(f frame) { m.stack = append(m.stack, f) }

// set gives slot a value that is taken back when what follows fails.
func (m *Machine) set(slot int32, v int) {
	m.push(frame{^slot, m.slots[slot], -1})
	m.slots[slot] = int32(v)
}

// holds says whether an assertion holds at pos.
func (m *Machine) holds(where place, pos int) bool {
	p := m.p
	switch where {
	case atStart:
		return pos == 0
	case atLine:
		return pos == 0 || pos < len(p) && p[pos-1] == '\n'
	case atEnd:
		return pos == len(p)
	case atEndLine:
		return pos == len(p) || pos == len(p)-1 && p[pos] == '\n'
	case atLineEnd:
		return pos == len(p) || p[pos] == '\n'
	case atSearch:
		return pos == m.at
	}
	before, after := pos > 0 && isWord(p[pos-1]), pos < len(p) && isWord(p[pos])
	switch where {
	case atWord:
		return before != after
	case notAtWord:
		return before == after
	case wordBegins:
		return !before && after
	}
	return before && !after
}

// special runs the instructions that are rare.
func (m *Machine) special(pr *prog, in *instr, pos int) (pc int32, to int, ok bool) {
	switch in.op {
	case opClose:
		start := int(m.slots[in.alt])
		m.set(in.slot, start)
		m.set(in.slot+1, pos)
	case opBackref:
		n, ok := m.backref(pr.refs[in.refs], in.flag, pos)
		return in.next, pos + n, ok
	case opAtomic:
		m.set(in.slot, 0)
		m.slots[in.slot] = int32(len(m.stack))
	case opAtomicEnd:
		m.cut(int(m.slots[in.slot]))
	case opLook, opLookEnd, opNotLook, opNotEnd:
		return m.look(in, pos)
	case opBack:
		return in.next, pos - int(in.min), pos >= int(in.min)
	case opHere:
		return in.next, pos, pos == int(m.slots[in.slot])
	case opIter:
		m.set(in.slot, pos)
	case opIterEnd:
		if pos == int(m.slots[in.slot]) {
			return in.alt, pos, true
		}
	case opCount:
		m.set(in.slot, 0)
		m.set(in.slot+1, -1)
	case opLoop, opEnter, opLoopEnd:
		return m.loop(in, pos), pos, true
	case opCond:
		if !m.cond(pr, in) {
			return in.alt, pos, true
		}
	case opCall:
		m.call(in)
		return in.alt, pos, true
	case opReturn:
		return m.back(), pos, true
	}
	return in.next, pos, true
}

// backref is how many bytes at pos are what the first set group of refs holds.
func (m *Machine) backref(refs []int32, fold bool, pos int) (n int, ok bool) {
	for _, r := range refs {
		from, to := m.slots[r], m.slots[r+1]
		if from < 0 || to < from {
			continue
		}
		held, rest := m.p[from:to], m.p[pos:]
		m.left -= len(held) >> 4
		if fold {
			return len(held), len(rest) >= len(held) && equalFold(held, rest[:len(held)])
		}
		return len(held), bytes.HasPrefix(rest, held)
	}
	return 0, false
}

func equalFold(a, b []byte) bool {
	for i := range a {
		if lower(a[i]) != lower(b[i]) {
			return false
		}
	}
	return true
}

// cut takes away the choices above height; what was set since is still taken back.
func (m *Machine) cut(height int) {
	m.left -= (len(m.stack) - height) >> 2
	to := height
	for _, f := range m.stack[height:] {
		if f.pc < 0 {
			m.stack[to] = f
			to++
		}
	}
	m.stack = m.stack[:to]
}

func (m *Machine) look(in *instr, pos int) (pc int32, to int, ok bool) {
	height := len(m.stack)
	switch in.op {
	case opLook:
		if in.alt >= 0 {
			m.push(frame{in.alt, int32(pos), -1})
		}
	case opNotLook:
	case opLookEnd:
		pos = int(m.slots[in.slot+1])
		m.cut(int(m.slots[in.slot]))
		return in.next, pos, true
	case opNotEnd:
		height, pos = int(m.slots[in.slot]), int(m.slots[in.slot+1])
		for len(m.stack) > height {
			last := len(m.stack) - 1
			f := m.stack[last]
			if m.stack = m.stack[:last]; f.pc < 0 {
				m.undo(f)
			}
		}
		return in.alt, pos, in.alt >= 0
	}
	m.set(in.slot, height)
	m.set(in.slot+1, pos)
	if in.op == opNotLook {
		m.push(frame{in.alt, int32(pos), -1})
	}
	return in.next, pos, true
}

// loop runs the instructions of a counted loop, and is where to go.
func (m *Machine) loop(in *instr, pos int) int32 {
	count := m.slots[in.slot]
	switch in.op {
	case opEnter:
		m.set(in.slot, int(count+1))
		m.set(in.slot+1, pos)
		return in.next
	case opLoopEnd:
		if count >= in.min && pos == int(m.slots[in.slot+1]) {
			return in.alt
		}
		return in.next
	}
	switch {
	case count < in.min:
		return in.next
	case in.max >= 0 && count >= in.max:
		return in.alt
	case in.flag:
		m.push(frame{in.next, int32(pos), -1})
		return in.alt
	}
	m.push(frame{in.alt, int32(pos), -1})
	return in.next
}

func (m *Machine) cond(pr *prog, in *instr) bool {
	if in.test == testInside {
		return m.cur >= 0
	}
	for _, r := range pr.refs[in.refs] {
		if in.test == testGroup && m.slots[r+1] >= 0 || in.test == testCall && m.cur >= 0 && 2*m.calls[m.cur].group == r {
			return true
		}
	}
	return false
}

// call starts a subroutine. Where too many are under way the search is given up.
func (m *Machine) call(in *instr) {
	if len(m.calls) >= maxCalls || len(m.saved)+len(m.slots) > maxSaved {
		m.left = -1
		return
	}
	m.push(frame{undoCall, m.cur, int32(len(m.calls))})
	m.calls = append(m.calls, call{in.next, m.cur, in.slot, int32(len(m.saved))})
	m.saved = append(m.saved, m.slots...)
	m.cur = int32(len(m.calls) - 1)
	m.left -= len(m.slots) >> 2
}

// back ends a subroutine: groups are again what they were before it.
func (m *Machine) back() int32 {
	c := m.calls[m.cur]
	for i, v := range m.saved[c.saved : int(c.saved)+len(m.slots)] {
		if m.slots[i] != v {
			m.set(int32(i), int(v))
		}
	}
	m.push(frame{undoCall, m.cur, -1})
	m.cur = c.parent
	m.left -= len(m.slots) >> 2
	return c.next
}
