package pcre

import "slices"

// builder turns a tree into a program, from its end to its start, so that what follows is known.
type builder struct {
	pr     *prog
	tree   *node // what the program was made of
	expr   *parser
	sets   []set
	masks  []mask // where the sets stand, by their index
	tables []*[256]byte
	used   int // bits used of the last table
	bodies map[int]*node
	calls  map[int]int32 // where the subroutine of a group starts
	want   []int32       // calls that wait for theirs
	inLook int           // depth of look-arounds whose places are not remembered
	empty  []int32       // slots of the loops around that an empty iteration ends
	fenced []fence
	err    error
}

// build makes the program of root. caps says whether its groups are remembered for the caller.
func build(root *node, p *parser, caps bool) (*builder, error) {
	b := &builder{pr: &prog{linear: true, keep: -1}, expr: p, bodies: map[int]*node{}, calls: map[int]int32{}}
	keep := b.kept(root, caps)
	s := &simplifier{keep: keep}
	for num, body := range b.bodies {
		b.bodies[num] = s.simple(body)
	}
	b.tree = s.simple(root)
	b.bodies[0] = b.tree
	b.pr.ncap = 2 * len(p.groups)
	if len(keep) == 0 && keep != nil {
		b.pr.ncap = 2
	}
	b.pr.slots = b.pr.ncap
	b.pr.start = b.node(b.tree, b.emit(instr{op: opMatch}))
	b.subroutines()
	if b.err != nil {
		return nil, b.err
	}
	b.polish()
	b.pr.code = append(make([]instr, 0, len(b.pr.code)), b.pr.code...) // no more than it needs
	return b, nil
}

// kept is which groups the program itself reads, nil for all; it also collects the bodies of groups that are called.
func (b *builder) kept(root *node, caps bool) map[int]bool {
	keep := map[int]bool{}
	called := map[int]bool{}
	root.walk(func(n *node) {
		switch {
		case n.kind == nodeBackref, n.kind == nodeCond && n.test == testGroup:
			for _, r := range n.refs {
				keep[r] = true
			}
		case n.kind == nodeCall:
			called[n.num] = true
		}
	})
	root.walk(func(n *node) {
		if n.kind == nodeGroup && called[n.num] && b.bodies[n.num] == nil {
			b.bodies[n.num] = n
		}
	})
	if caps {
		return nil
	}
	return keep
}

// subroutines builds the groups that are called, each once.
func (b *builder) subroutines() {
	for len(b.want) > 0 && b.err == nil {
		pc := b.want[0]
		b.want = b.want[1:]
		num := int(b.pr.code[pc].slot)
		at, known := b.calls[num]
		if !known {
			at = b.node(b.bodies[num], b.emit(instr{op: opReturn}))
			b.calls[num] = at
		}
		b.pr.code[pc].alt = at
	}
}

func (b *builder) emit(in instr) int32 {
	in.memo = -1
	in.hbyte = -1
	if len(b.pr.code) >= maxCode {
		if b.err == nil {
			b.err = b.expr.errorf(0, "expression needs more than %d steps", maxCode)
		}
		return 0
	}
	b.pr.code = append(b.pr.code, in)
	return int32(len(b.pr.code) - 1)
}

// choice emits an instruction that pushes a choice, with its row of places seen.
func (b *builder) choice(in instr) int32 {
	pc := b.emit(in)
	if b.inLook > 0 || b.err != nil {
		return pc
	}
	if len(b.empty) > maxEmpty {
		b.pr.linear = false
		return pc
	}
	b.pr.code[pc].memo = int32(b.pr.memos)
	if len(b.empty) > 0 {
		r := rare{loops: slices.Clone(b.empty)}
		if had := b.pr.code[pc].rare; had != nil {
			r.stops = had.stops
		}
		b.pr.code[pc].rare = &r
	}
	b.pr.memos += 1 << len(b.empty)
	return pc
}

// maxEmpty bounds how deep loops may nest whose iterations can match nothing. What can be matched within such a loop
// depends on whether the iteration matched something so far, so that each doubles the rows of places seen.
const maxEmpty = 3

// slot makes n slots of memory.
func (b *builder) slot(n int) int32 {
	b.pr.slots += n
	return int32(b.pr.slots - n)
}

// node emits n so that next follows, and is where it starts.
func (b *builder) node(n *node, next int32) int32 {
	if b.err != nil {
		return 0
	}
	switch n.kind {
	case nodeNever:
		return b.emit(instr{op: opFail})
	case nodeSet:
		return b.emit(b.one(n.set, next))
	case nodeCat:
		return b.sequence(n.subs, next)
	case nodeAlt:
		return b.alternatives(n.subs, next)
	case nodeRepeat:
		return b.repeat(n, next)
	case nodeGroup:
		open := b.slot(1)
		end := b.emit(instr{op: opClose, slot: int32(2 * n.num), alt: open, next: next})
		return b.emit(instr{op: opSave, slot: open, next: b.node(n.subs[0], end)})
	case nodeAtomic:
		return b.atomic(n.subs[0], next)
	case nodeLook:
		return b.look(n, next, -1)
	case nodeAssert:
		return b.emit(instr{op: opAssert, place: n.place, next: next})
	case nodeKeep:
		if b.pr.keep < 0 {
			b.pr.keep = b.slot(1)
		}
		return b.emit(instr{op: opSave, slot: b.pr.keep, next: next})
	case nodeBackref:
		b.pr.linear = false
		return b.emit(instr{op: opBackref, flag: n.fold, refs: b.slotsOf(n.refs), next: next})
	case nodeCond:
		return b.cond(n, next)
	case nodeCall:
		return b.call(n, next)
	}
	return next
}

func (b *builder) slotsOf(groups []int) int32 {
	var r []int32
	for _, g := range groups {
		r = append(r, int32(2*g))
	}
	b.pr.refs = append(b.pr.refs, r)
	return int32(len(b.pr.refs) - 1)
}

// one is the instruction that matches one byte of s.
func (b *builder) one(s set, next int32) instr {
	if c, ok := s.single(); ok {
		return instr{op: opByte, b: c, next: next}
	}
	if c, ok := s.pair(); ok {
		return instr{op: opPair, b: c, next: next}
	}
	if s == all() {
		return instr{op: opAny, next: next, set: b.setIndex(s)}
	}
	in := instr{op: opSet, next: next, set: b.setIndex(s)}
	in.tab, in.mask = b.table(s)
	return in
}

func (b *builder) setIndex(s set) int32 {
	for i := range b.sets {
		if b.sets[i] == s {
			return int32(i)
		}
	}
	b.sets, b.masks = append(b.sets, s), append(b.masks, mask{})
	return int32(len(b.sets) - 1)
}

// bits makes room for n bits in a table, and is the table and the lowest of them.
func (b *builder) bits(n int) (*[256]byte, int) {
	if len(b.tables) == 0 || b.used+n > 8 {
		b.tables = append(b.tables, new([256]byte))
		b.used = 0
	}
	b.used += n
	return b.tables[len(b.tables)-1], b.used - n
}

// mask is a bit in a table.
type mask struct {
	tab *[256]byte
	bit byte
}

// table is a table and the bit in it that says what s holds. Equal sets share theirs.
func (b *builder) table(s set) (*[256]byte, byte) {
	i := b.setIndex(s)
	if b.masks[i].tab == nil {
		t, bit := b.bits(1)
		fill(t, s, 1<<bit)
		b.masks[i] = mask{t, 1 << bit}
	}
	return b.masks[i].tab, b.masks[i].bit
}

func fill(t *[256]byte, s set, mask byte) {
	for c := range t {
		if s.has(byte(c)) {
			t[c] |= mask
		}
	}
}

// sequence emits subs one after the other; bytes that follow each other become one literal.
func (b *builder) sequence(subs []*node, next int32) int32 {
	for i := len(subs) - 1; i >= 0 && b.err == nil; {
		from, text, folded := literalEnd(subs[:i+1])
		if len(text) < 2 {
			next = b.node(subs[i], next)
			i--
			continue
		}
		o := opLit
		if folded {
			o = opFold
		}
		next = b.emit(instr{op: o, lit: string(text), next: next})
		i = from - 1
	}
	return next
}

// maxLit bounds the length of one literal.
const maxLit = 255

// literalEnd is the longest literal that ends subs, where it starts, and whether it is to be compared in any case
// (then text is in lower case).
func literalEnd(subs []*node) (from int, text []byte, folded bool) {
	exact, any := 0, 0
	for i := len(subs) - 1; i >= 0 && exact < maxLit && subs[i].kind == nodeSet && subs[i].set.size() == 1; i-- {
		exact++
	}
	for i := len(subs) - 1; i >= 0 && any < maxLit && subs[i].kind == nodeSet && subs[i].set.foldable(); i-- {
		any++
	}
	from = len(subs) - max(exact, any)
	for _, n := range subs[from:] {
		text = append(text, lower(n.set.lowest()))
	}
	if folded = exact < any; !folded {
		for i, n := range subs[from:] {
			text[i] = n.set.lowest()
		}
	}
	return from, text, folded
}

func (b *builder) alternatives(subs []*node, next int32) int32 {
	pc := b.node(subs[len(subs)-1], next)
	for i := len(subs) - 2; i >= 0 && b.err == nil; i-- {
		pc = b.choice(instr{op: opSplit, next: b.node(subs[i], next), alt: pc})
	}
	return pc
}
