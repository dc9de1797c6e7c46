package pcre

// atomic emits a group that is never entered again once it matched.
func (b *builder) atomic(body *node, next int32) int32 {
	slot := b.slot(1)
	defer b.unseen(body)()
	end := b.emit(instr{op: opAtomicEnd, slot: slot, next: next})
	return b.emit(instr{op: opAtomic, slot: slot, next: b.node(body, end)})
}

// fence is the part of a program that belongs to a look-around or an atomic group.
type fence struct {
	from, to int
	body     *node
}

// unseen makes choices within body leave no trace until the function it returns is called: what failed after such a
// group may have matched inside of it.
func (b *builder) unseen(body *node) func() {
	b.inLook++
	from := len(b.pr.code)
	return func() {
		b.inLook--
		b.fenced = append(b.fenced, fence{from, len(b.pr.code), body})
	}
}

// bounded says whether trying f takes a time that does not grow with the subject, but for runs, which are remembered:
// it is short and matches in few ways, or each step decides which one follows, and none repeats.
func (b *builder) bounded(f fence) bool {
	if _, hi := f.body.width(); hi <= maxLookWidth && f.body.ways() <= maxLookWays {
		return true
	}
	straight := true
	f.body.walk(func(n *node) {
		if n.kind == nodeRepeat {
			_, _, run := n.subs[0].runs()
			straight = straight && run
		}
	})
	for pc := f.from; pc < f.to && straight; pc++ {
		switch in := &b.pr.code[pc]; in.op {
		case opGreedy, opLazy:
			straight = false
		case opSplit:
			straight = in.decides()
		}
	}
	return straight
}

// decides says whether the next byte tells which branch of a split to take.
func (in *instr) decides() bool {
	if in.tab == nil || in.end == 3 {
		return false
	}
	for _, v := range in.tab {
		if v>>in.mask&3 == 3 {
			return false
		}
	}
	return true
}

// A look-around or atomic group of at most so many bytes and ways to match takes bounded time.
const (
	maxLookWidth = 256
	maxLookWays  = 64
)

// ways is in how many ways n can match at one place, at most; unlimited where that is not known.
func (n *node) ways() int {
	switch n.kind {
	case nodeCat:
		w := 1
		for _, s := range n.subs {
			w = clamp(w * s.ways())
		}
		return w
	case nodeAlt:
		w := 0
		for _, s := range n.subs {
			w = clamp(w + s.ways())
		}
		return w
	case nodeRepeat:
		switch {
		case n.subs[0].kind == nodeSet && n.max >= 0:
			return n.max - n.min + 1
		case n.max < 0 || n.max > 8:
			return unlimited
		}
		w, each := 1, n.subs[0].ways()
		for range n.max {
			w = clamp(w*each + 1)
		}
		return w
	case nodeGroup, nodeAtomic, nodeLook:
		return n.subs[0].ways()
	case nodeCond, nodeCall, nodeBackref:
		return unlimited
	}
	return 1
}

// look emits a look-around. no is where to go if it does not hold, < 0: nowhere.
func (b *builder) look(n *node, next, no int32) int32 {
	slot := b.slot(2)
	defer b.unseen(n.subs[0])()
	if n.neg {
		end := b.emit(instr{op: opNotEnd, slot: slot, alt: no})
		return b.emit(instr{op: opNotLook, slot: slot, next: b.looked(n, end, slot+1), alt: next})
	}
	end := b.emit(instr{op: opLookEnd, slot: slot, next: next})
	return b.emit(instr{op: opLook, slot: slot, next: b.looked(n, end, slot+1), alt: no})
}

// looked emits the body of a look-around.
func (b *builder) looked(n *node, end, slot int32) int32 {
	if !n.behind {
		return b.node(n.subs[0], end)
	}
	body := n.subs[0]
	alts := []*node{body}
	if body.kind == nodeAlt {
		alts = body.subs
	}
	pc := int32(-1)
	for i := len(alts) - 1; i >= 0 && b.err == nil; i-- {
		lo, hi := alts[i].width()
		if hi-lo > 255 {
			b.err = b.expr.errorf(n.at, "look-behind of unbounded length")
			return 0
		}
		for w := hi; w >= lo && b.err == nil; w-- {
			to := end
			if lo != hi {
				to = b.emit(instr{op: opHere, slot: slot, next: end})
			}
			back := b.emit(instr{op: opBack, min: int32(w), next: b.node(alts[i], to)})
			if pc < 0 {
				pc = back
				continue
			}
			pc = b.choice(instr{op: opSplit, next: back, alt: pc})
		}
	}
	return pc
}

func (b *builder) cond(n *node, next int32) int32 {
	no := b.node(n.subs[1], next)
	if n.test == testNever {
		return no
	}
	yes := b.node(n.subs[0], next)
	if n.test == testLook {
		return b.look(n.look, yes, no)
	}
	b.pr.linear = false
	in := instr{op: opCond, test: n.test, next: yes, alt: no}
	if n.test != testInside {
		in.refs = b.slotsOf(n.refs)
	}
	return b.emit(in)
}

func (b *builder) call(n *node, next int32) int32 {
	b.pr.linear = false
	pc := b.emit(instr{op: opCall, slot: int32(n.num), next: next})
	b.want = append(b.want, pc)
	return pc
}
