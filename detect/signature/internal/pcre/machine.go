package pcre

import (
	"bytes"
	"math"
)

// Machine is the memory of one worker's searches. It grows to what they need within fixed bounds (some 16 MiB) and is
// reused; the zero value is ready. Not for several goroutines at once.
type Machine struct {
	// Steps is after how many steps a search is given up whose time is not linear in the subject. A step is one
	// instruction or 16 bytes of a run. 0 means 100,000.
	Steps int

	slots []int32
	stack []frame
	seen  []uint64 // bits: rows of places where a choice was tried before
	runs  []span   // by number: a run of bytes found before
	calls []call
	saved []int32 // slots before each call

	p     []byte
	at    int
	left  int // steps left
	cur   int32
	memo  bool
	base  int  // place of the first bit of each row
	width int  // bits of a row
	force bool // remember places from the start, for tests
	extra int  // steps spent on runs while places are remembered, for tests
}

// frame is what to do once all after it failed: go on at pc with the position a (b < 0); try the next end of the run
// pc, of those from a to b; or, with pc < 0, set slot ^pc back to a.
type frame struct{ pc, a, b int32 }

// span is a run of bytes. All ends of it from low on were tried.
type span struct{ from, to, low int32 }

const (
	defaultSteps = 100_000
	maxStack     = 1 << 18
	maxSeen      = 1 << 26 // bits
	maxSubject   = math.MaxInt32 - 1
	undoCall     = math.MinInt32 // as frame.pc: set the current call back to a
)

// begin makes m ready to search p from at on.
func (m *Machine) begin(pr *prog, p []byte, at int) {
	if cap(m.slots) < pr.slots {
		m.slots = make([]int32, pr.slots)
	}
	m.slots = m.slots[:pr.slots]
	m.p, m.at, m.memo = p, at, false
	m.left = m.steps()
	if pr.linear && m.force {
		m.remember(pr, at)
	} else if pr.linear {
		m.left = 4096 + 2*(len(p)-at)
	}
}

func (m *Machine) steps() int {
	if m.Steps > 0 {
		return m.Steps
	}
	return defaultSteps
}

// try looks for a match that starts at start.
func (m *Machine) try(pr *prog, start int) (end int, o Outcome) {
	end, o = m.run(pr, start)
	if o == Limit && pr.linear && !m.memo && m.left < 0 {
		m.remember(pr, start)
		end, o = m.run(pr, start)
	}
	return end, o
}

// remember makes m keep the places where choices were tried, from start on.
func (m *Machine) remember(pr *prog, start int) {
	m.base, m.width = start, len(m.p)-start+1
	if pr.memos*m.width > maxSeen {
		m.left = m.steps() + len(m.p)
		return
	}
	words := (pr.memos*m.width + 63) / 64
	if cap(m.seen) < words {
		m.seen = make([]uint64, words)
	}
	m.seen = m.seen[:words]
	clear(m.seen)
	if cap(m.runs) < pr.runs {
		m.runs = make([]span, pr.runs)
	}
	m.runs = m.runs[:pr.runs]
	for i := range m.runs {
		m.runs[i] = span{-1, -1, 0}
	}
	m.memo, m.left, m.extra = true, math.MaxInt, 0
}

// run tries pr at start.
func (m *Machine) run(pr *prog, start int) (int, Outcome) {
	for i := range m.slots {
		m.slots[i] = -1
	}
	m.cur, m.calls, m.saved = -1, m.calls[:0], m.saved[:0]
	code, p, stack, left, memo := pr.code, m.p, m.stack[:0], m.left, m.memo
	pc, pos := pr.start, start
	for {
		in := &code[pc]
		ok := false
		if left--; left < 0 || len(stack) >= maxStack {
			m.stack, m.left = stack, left
			return 0, Limit
		}
		switch in.op {
		case opFail:
		case opMatch:
			m.stack, m.left = stack, left
			return pos, Yes
		case opByte:
			ok = pos < len(p) && p[pos] == in.b
			pos, pc = pos+1, in.next
		case opPair:
			ok = pos < len(p) && p[pos]|0x20 == in.b
			pos, pc = pos+1, in.next
		case opSet:
			ok = pos < len(p) && in.tab[p[pos]]&in.mask != 0
			pos, pc = pos+1, in.next
		case opAny:
			ok = pos < len(p)
			pos, pc = pos+1, in.next
		case opLit:
			ok = len(p)-pos >= len(in.lit) && string(p[pos:pos+len(in.lit)]) == in.lit
			pos, pc = pos+len(in.lit), in.next
		case opFold:
			ok = hasFold(p[pos:], in.lit)
			pos, pc = pos+len(in.lit), in.next
		case opAssert:
			ok, pc = m.holds(in.place, pos), in.next
		case opSplit:
			if memo && m.tried(in, pos) {
				break
			}
			switch ok = true; in.viable(p, pos) {
			case 0:
				ok = false
			case 1:
				pc = in.next
			case 2:
				pc = in.alt
			case 3:
				stack = append(stack, frame{in.alt, int32(pos), -1})
				pc = in.next
			}
		case opRun:
			end := m.runEnd(in, pos)
			if !memo {
				left -= (end - pos) >> 4
			}
			ok = end-pos >= int(in.min)
			pos, pc = end, in.next
		case opGreedy, opLazy:
			from, to, any := m.enter(in, pos)
			if !any {
				break
			}
			if !memo {
				left -= (to - from) >> 4
			}
			var again frame
			if pos, again, ok = m.leave(in, pc, from, to); again.pc >= 0 {
				stack = append(stack, again)
			}
			pc = in.next
		case opSave:
			stack = append(stack, frame{^in.slot, m.slots[in.slot], -1})
			m.slots[in.slot] = int32(pos)
			ok, pc = true, in.next
		default:
			m.stack, m.left = stack, left
			pc, pos, ok = m.special(pr, in, pos)
			stack, left = m.stack, m.left
		}
		for !ok { // back to the last choice
			if len(stack) == 0 {
				m.stack, m.left = stack, left
				return 0, No
			}
			last := len(stack) - 1
			f := stack[last]
			stack = stack[:last]
			switch {
			case f.pc < 0:
				m.undo(f)
			case f.b < 0:
				pc, pos, ok = f.pc, int(f.a), true
			default:
				left -= 1
				in := &code[f.pc]
				var again frame
				if pos, again, ok = m.leave(in, f.pc, int(f.a), int(f.b)); again.pc >= 0 {
					stack = append(stack, again)
				}
				pc = in.next
			}
		}
	}
}

// undo sets back what f says.
func (m *Machine) undo(f frame) {
	if f.pc != undoCall {
		m.slots[^f.pc] = f.a
		return
	}
	if m.cur = f.a; f.b >= 0 {
		m.saved = m.saved[:m.calls[f.b].saved]
		m.calls = m.calls[:f.b]
	}
}

// viable says which branches of a split can match what comes: bit 0 next, bit 1 alt.
func (in *instr) viable(p []byte, pos int) uint8 {
	if in.tab == nil {
		return 3
	}
	if pos >= len(p) {
		return in.end
	}
	return in.tab[p[pos]] >> in.mask & 3
}

// runEnd is where the run of in that starts at pos ends at the latest.
func (m *Machine) runEnd(in *instr, pos int) int {
	if m.memo {
		return m.knownEnd(in, pos)
	}
	stop := len(m.p)
	if in.max >= 0 && stop-pos > int(in.max) {
		stop = pos + int(in.max)
	}
	return in.stretch(m.p, pos, stop)
}

// stretch is where the bytes of a run that starts at pos end, of those before stop.
func (in *instr) stretch(p []byte, pos, stop int) int {
	if in.rare == nil || in.rare.stops == nil {
		return in.bytes(p[:stop], pos)
	}
	for window := 128; ; window *= 2 { // so that one of stops is not looked for far behind another
		limit := min(stop, pos+window)
		end := in.bytes(p[:limit], pos)
		for i := range in.rare.stops {
			n := &in.rare.stops[i]
			if at := n.index(p[:min(end+len(n.text)-1, len(p))], pos); at >= 0 {
				end = at
			}
		}
		if end < limit || limit == stop {
			return end
		}
		pos = limit
	}
}

// bytes is where the first byte from pos on stands that is not in the set of a run.
func (in *instr) bytes(p []byte, pos int) int {
	switch in.shape {
	case shapeAll:
		return len(p)
	case shapeUntil:
		if i := bytes.IndexByte(p[pos:], in.b); i >= 0 {
			return pos + i
		}
		return len(p)
	}
	tab, mask := in.tab, in.mask
	for ; pos < len(p) && tab[p[pos]]&mask != 0; pos++ {
		continue
	}
	return pos
}

// enter is between which ends a run that starts at pos can be left; any is false where it cannot.
func (m *Machine) enter(in *instr, pos int) (from, to int, any bool) {
	if m.memo && in.memo >= 0 {
		return m.enterOnce(in, pos)
	}
	to = m.runEnd(in, pos)
	return pos + int(in.min), to, to-pos >= int(in.min)
}

// leave picks the end of a run among those from from to to, and the frame for those left (pc < 0: none).
func (m *Machine) leave(in *instr, pc int32, from, to int) (end int, again frame, ok bool) {
	if m.memo && in.memo >= 0 {
		return m.leaveOnce(in, pc, from, to)
	}
	again.pc = -1
	if in.op == opLazy {
		if end = in.firstEnd(m.p, from, to); end < 0 {
			return 0, again, false
		}
		if end < to {
			again = frame{pc, int32(end + 1), int32(to)}
		}
		return end, again, true
	}
	if end = in.lastEnd(m.p, from, to); end < 0 {
		return 0, again, false
	}
	if end > from {
		again = frame{pc, int32(from), int32(end - 1)}
	}
	return end, again, true
}

// firstEnd is the first place from from to to after which the expression can go on; -1 if there is none.
func (in *instr) firstEnd(p []byte, from, to int) int {
	switch {
	case in.hint == nil:
		return from
	case in.hbyte >= 0:
		if i := bytes.IndexByte(p[from:min(to+1, len(p))], byte(in.hbyte)); i >= 0 {
			return from + i
		}
		return -1
	}
	for ; from <= to; from++ {
		if in.goesOn(p, from) {
			return from
		}
	}
	return -1
}

// lastEnd is the last such place.
func (in *instr) lastEnd(p []byte, from, to int) int {
	switch {
	case in.hint == nil:
		return to
	case in.hbyte >= 0:
		if i := bytes.LastIndexByte(p[from:min(to+1, len(p))], byte(in.hbyte)); i >= 0 {
			return from + i
		}
		return -1
	}
	for ; to >= from; to-- {
		if in.goesOn(p, to) {
			return to
		}
	}
	return -1
}

// goesOn says whether what follows the run can match at pos, by the next byte.
func (in *instr) goesOn(p []byte, pos int) bool {
	if pos >= len(p) {
		return in.end != 0
	}
	return in.hint == nil || in.hint[p[pos]]&in.hmask != 0
}

// hasFold says whether p starts with lit, which is in lower case, in any case.
func hasFold[T string | []byte](p []byte, lit T) bool {
	if len(p) < len(lit) {
		return false
	}
	p = p[:len(lit)]
	for i := range p {
		if c := p[i]; c != lit[i] && (c|0x20 != lit[i] || !isLetter(c)) {
			return false
		}
	}
	return true
}
