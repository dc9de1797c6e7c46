package pcre

type op uint8

const (
	opFail      op = iota
	opMatch        // the end of the expression
	opByte         // b
	opPair         // the letter b in either case
	opSet          // a byte that tab and mask hold
	opAny          // any byte
	opLit          // lit
	opFold         // lit, which is in lower case, in any case
	opSplit        // next, and alt where that fails; tab says by the byte to come which of them can match at all
	opRun          // min to max bytes of a set, as many as there are, none given back
	opGreedy       // min to max bytes of a set, the most first
	opLazy         // min to max bytes of a set, the fewest first
	opAssert       // place
	opSave         // the position into slot
	opClose        // a group ends: slot and slot+1 become what slot alt holds and the position
	opBackref      // what the slots of refs hold
	opAtomic       // remembers the height of the stack in slot
	opAtomicEnd    // forgets the choices above it
	opLook         // remembers height and position in slot and slot+1; alt where the body fails, if >= 0
	opLookEnd      // the body matched: back to the position
	opNotLook      // remembers; next is where the body begins, alt where to go once it fails
	opNotEnd       // the body matched: fail, or go to alt if >= 0
	opBack         // min bytes back
	opHere         // only at the position in slot
	opIter         // an iteration begins: the position into slot
	opIterEnd      // an iteration ends: alt if it was empty
	opCount        // a counted loop begins: slot (count) and slot+1 (position)
	opLoop         // another iteration at next, or alt (max < 0: no end); flag: the fewest first
	opEnter        // counts an iteration
	opLoopEnd      // an iteration ends: alt if it was empty and there are enough of them
	opCond         // next if the test holds, else alt
	opCall         // alt as a subroutine, then next
	opReturn       // from it
)

// instr is one step of a program. It names what follows; nothing falls through.
type instr struct {
	op    op
	b     byte
	mask  byte // of a set: its bit in tab; of a split: shift of its two bits
	place place
	test  test
	flag  bool
	end   uint8 // of a split: bit 0: next can match at the end of the subject, bit 1: alt can
	shape shape // of a run
	hmask byte  // of a run: bit in hint
	hbyte int16 // of a run: the only byte that can follow it, < 0: none such
	next  int32
	alt   int32
	min   int32
	max   int32 // < 0: no end
	slot  int32
	memo  int32 // (first) row of places seen, < 0: none
	run   int32 // of a run: its number
	tab   *[256]byte
	hint  *[256]byte // of a run: what can follow it, by hmask; nil: anything
	lit   string
	refs  int32 // index in prog.refs
	set   int32 // index in builder.sets
	rare  *rare // nil: nothing of it
}

// rare is what few instructions have.
type rare struct {
	loops []int32  // slots of the loops around that an empty iteration ends
	stops []needle // what a run ends before besides bytes outside of its set: lit in (?:(?!lit).)+
}

// shape says how the bytes of a run are found.
type shape uint8

const (
	shapeTable shape = iota
	shapeAll         // all bytes
	shapeUntil       // all bytes but b
)

// prog is an expression made ready to run.
type prog struct {
	code   []instr
	start  int32
	slots  int   // captures, then what groups, loops and fences remember
	ncap   int   // slots that are captures
	keep   int32 // slot of \K, < 0: none
	memos  int   // rows of places seen; 0: nothing to remember
	runs   int   // runs of bytes
	refs   [][]int32
	linear bool // what is tried at a place does not depend on the way there, so places seen need not be seen again
}

// maxCode bounds the program of one expression.
const maxCode = 1 << 14

// first is what can be the next byte of a match from pc on, and whether the subject may end there. After many steps it
// answers that all can be.
func (b *builder) first(pc int32) (s set, end bool) {
	f := follower{code: b.pr.code, sets: b.sets, left: 128}
	f.visit(pc)
	return f.set, f.end
}

type follower struct {
	code []instr
	sets []set
	seen []int32
	left int
	set  set
	end  bool
}

func (f *follower) visit(pc int32) {
	for {
		if f.left--; f.left < 0 {
			f.set, f.end = all(), true
			return
		}
		in := &f.code[pc]
		switch in.op {
		case opFail:
			return
		case opByte:
			f.set.add(in.b)
			return
		case opPair:
			f.set.union(setOf(in.b, in.b-32))
			return
		case opSet:
			f.set.union(f.sets[in.set])
			return
		case opLit:
			f.set.add(in.lit[0])
			return
		case opFold:
			f.set.union(setOf(in.lit[0]).fold())
			return
		case opRun, opGreedy, opLazy:
			f.set.union(f.sets[in.set])
			if in.min > 0 {
				return
			}
		case opSplit, opIterEnd:
			if f.before(pc) {
				return
			}
			f.visit(in.alt)
		case opAssert:
			switch in.place {
			case atEnd:
				f.end = true
				return
			case atEndLine, atLineEnd:
				f.set.add('\n')
				f.end = true
				return
			}
		case opSave, opClose, opIter, opAtomic:
		default:
			f.set, f.end = all(), true
			return
		}
		pc = in.next
	}
}

// before says whether the split at pc was visited already.
func (f *follower) before(pc int32) bool {
	for _, s := range f.seen {
		if s == pc {
			return true
		}
	}
	f.seen = append(f.seen, pc)
	return false
}
