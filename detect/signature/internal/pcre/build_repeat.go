package pcre

// maxCopies bounds how many steps the copies of a repeated group may take; beyond it a loop counts.
const maxCopies = 1 << 12

func (b *builder) repeat(n *node, next int32) int32 {
	sub := n.subs[0]
	if s, stops, ok := sub.runs(); ok {
		return b.run(s, stops, n, next)
	}
	if n.mood == possessive {
		c := *n
		c.mood = greedy
		return b.atomic(&c, next)
	}
	copies := n.max
	if n.max < 0 {
		copies = n.min
	}
	if copies > 1 && copies*sub.size() > maxCopies {
		return b.counted(n, next)
	}
	if n.max < 0 {
		next = b.endless(n, next)
	} else {
		exit := next
		for i := n.min; i < n.max; i++ {
			next = b.split(b.node(sub, next), exit, n.mood)
		}
	}
	for i := 0; i < n.min && b.err == nil; i++ {
		if n.max >= 0 || i > 0 {
			next = b.node(sub, next)
		}
	}
	return next
}

// size is roughly how many steps n takes in a program.
func (n *node) size() int {
	if n.kind == nodeRepeat {
		if _, _, ok := n.subs[0].runs(); ok {
			return 1
		}
	}
	size := 1
	if n.kind == nodeCat {
		size = 0
	}
	for _, s := range n.subs {
		size += s.size()
	}
	if n.look != nil {
		size += n.look.size()
	}
	if n.kind == nodeRepeat {
		size *= max(1, n.min, n.max)
	}
	return min(size, unlimited)
}

func (b *builder) split(yes, no int32, m mood) int32 {
	if m == lazy {
		yes, no = no, yes
	}
	return b.choice(instr{op: opSplit, next: yes, alt: no})
}

// endless emits n without an end: its last mandatory copy and all that may follow; with min 0 the whole of it.
//
// An iteration that matches nothing ends the loop (pcre2pattern, "Repetition").
func (b *builder) endless(n *node, exit int32) int32 {
	again := b.choice(instr{op: opSplit})
	end := again
	width, _ := n.subs[0].width()
	var slot int32
	if width == 0 {
		slot = b.slot(1)
		end = b.emit(instr{op: opIterEnd, slot: slot, next: again, alt: exit})
		b.empty = append(b.empty, slot)
	}
	body := b.node(n.subs[0], end)
	if width == 0 {
		b.empty = b.empty[:len(b.empty)-1]
		body = b.emit(instr{op: opIter, slot: slot, next: body})
	}
	if b.err != nil {
		return 0
	}
	s := &b.pr.code[again]
	if s.next, s.alt = body, exit; n.mood == lazy {
		s.next, s.alt = exit, body
	}
	switch {
	case n.min > 0:
		return body
	case width == 0:
		return b.split(body, exit, n.mood)
	}
	return again
}

// counted emits a loop that counts its iterations.
func (b *builder) counted(n *node, exit int32) int32 {
	b.pr.linear = false
	slot := b.slot(2)
	loop := b.emit(instr{op: opLoop, slot: slot, min: int32(n.min), max: int32(n.max), alt: exit, flag: n.mood == lazy})
	end := b.emit(instr{op: opLoopEnd, slot: slot, min: int32(n.min), next: loop, alt: exit})
	enter := b.emit(instr{op: opEnter, slot: slot, next: b.node(n.subs[0], end)})
	if b.err != nil {
		return 0
	}
	b.pr.code[loop].next = enter
	return b.emit(instr{op: opCount, slot: slot, next: loop})
}

// runs says whether repetitions of n are a run: of bytes of s, where none of stops starts.
func (n *node) runs() (s set, stops []needle, ok bool) {
	if n.kind == nodeSet {
		return n.set, nil, true
	}
	if n.kind != nodeCat || len(n.subs) != 2 || n.subs[1].kind != nodeSet {
		return s, nil, false
	}
	look := n.subs[0]
	if look.kind != nodeLook || !look.neg || look.behind {
		return s, nil, false
	}
	for _, alt := range look.subs[0].alternatives() {
		subs := []*node{alt}
		if alt.kind == nodeCat {
			subs = alt.subs
		}
		from, text, folded := literalEnd(subs)
		if from != 0 || len(stops) > 8 {
			return s, nil, false
		}
		stops = append(stops, newNeedle(Literal{Bytes: text, Fold: folded}))
	}
	return n.subs[1].set, stops, true
}

func (n *node) alternatives() []*node {
	if n.kind == nodeAlt {
		return n.subs
	}
	return []*node{n}
}

// run emits the repetition of one byte of s, where none of stops starts.
func (b *builder) run(s set, stops []needle, n *node, next int32) int32 {
	in := instr{min: int32(n.min), max: int32(n.max), next: next, set: b.setIndex(s)}
	if stops != nil {
		in.rare = &rare{stops: stops}
	}
	switch n.mood {
	case greedy:
		in.op = opGreedy
	case lazy:
		in.op = opLazy
	case possessive:
		in.op = opRun
	}
	if n.min == n.max {
		in.op = opRun
	}
	c, one := s.not().single()
	switch {
	case s == all():
		in.shape = shapeAll
	case one:
		in.shape, in.b = shapeUntil, c
	}
	in.tab, in.mask = b.table(s)
	in.run = int32(b.pr.runs)
	b.pr.runs++
	if in.op == opRun {
		return b.emit(in)
	}
	return b.choice(in)
}

// polish uses what can follow each choice: a run that ends where nothing of it can follow need not be given back.
func (b *builder) polish() {
	for pc := range b.pr.code {
		in := &b.pr.code[pc]
		switch in.op {
		case opGreedy, opLazy:
			b.polishRun(in)
		case opSplit:
			b.polishSplit(in)
		}
	}
	for _, f := range b.fenced {
		b.pr.linear = b.pr.linear && b.bounded(f)
	}
}

func (b *builder) polishRun(in *instr) {
	switch last := b.pr.code[in.next].op; {
	case last == opLookEnd, last == opNotEnd, last == opAtomicEnd && in.op == opLazy: // the fewest do
		in.op, in.max, in.memo = opRun, in.min, -1
		return
	case last == opAtomicEnd:
		in.op, in.memo = opRun, -1
		return
	}
	follow, end := b.first(in.next)
	if in.end = 0; end {
		in.end = 1
	}
	own := b.sets[in.set]
	if follow.and(own).empty() {
		in.op, in.memo = opRun, -1
		return
	}
	if follow == all() {
		return
	}
	in.hint, in.hmask = b.table(follow)
	if c, ok := follow.single(); ok && !end {
		in.hbyte = int16(c)
	}
}

func (b *builder) polishSplit(in *instr) {
	yes, yesEnd := b.first(in.next)
	no, noEnd := b.first(in.alt)
	if yesEnd {
		in.end |= 1
	}
	if noEnd {
		in.end |= 2
	}
	if yes == all() && no == all() {
		return
	}
	t, bit := b.bits(2)
	fill(t, yes, 1<<bit)
	fill(t, no, 2<<bit)
	in.tab, in.mask = t, byte(bit)
}
