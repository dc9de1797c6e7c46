package engine

import (
	"bulwark/wire"
	"bulwark/wire/inspect"
)

// state is what is kept of a flow. What each packet asks for stands first.
type state struct {
	set      *Set    // that numbers in it are of
	asked    [2]bool // rules about addresses alone, by direction
	passed   bool    // a rule let it pass
	known    string  // protocol of which rules were asked
	caught   bool    // those of its protocol were asked about what crossed before
	passing  uint64  // serial of a packet that a rule let pass, plus one
	sifted   [2]sifted
	sides    *[2]side // of its stream; nil: nothing is known of one
	src, dst members
	told     []told // by the packet in hand
	bits     []uint32
	ints     []counter
	txs      []transaction
	files    []gathered
	once     []once // of exchanges
	halves   []half
	knownOf  [2]string
	said     []int32 // rules about protocols that held
	notes    notes
	tags     []tag // of the session
}

type told struct {
	rule   int32
	serial uint64
	tx     uint64
}

// side is one direction of a stream.
type side struct {
	window  []byte // its last bytes
	total   uint64 // bytes so far
	groups  [4]*portGroup
	app     string  // that groups are of
	waiting []int32 // rules whose bytes were there, and whose other tests may hold later
	fired   []fired // rules that no bytes find, and that held
	began   bool
	idle    bool // no rule looks at it, as far as is known
}

// side is a direction of the stream.
func (st *state) side(dir wire.Dir) *side {
	if st.sides == nil {
		st.sides = new([2]side)
	}
	return &st.sides[dir]
}

// streams calls yield with the directions of which something is known.
func (st *state) streams(yield func(*side) bool) {
	if st.sides != nil && yield(&st.sides[0]) {
		yield(&st.sides[1])
	}
}

// streamed is how many bytes each direction has had.
func (st *state) streamed() (n [2]uint32) {
	if st.sides != nil {
		n = [2]uint32{uint32(st.sides[0].total), uint32(st.sides[1].total)}
	}
	return n
}

// transaction is a request of HTTP under way.
type transaction struct {
	number  int
	body    []byte // of the request, as it crosses
	waiting [2][]int32
	done    [2]bool // the body was looked at
}

// gathered is the begin of a file.
type gathered struct {
	number uint64
	dir    wire.Dir
	data   []byte
	tx     uint64
	app    string
	name   []byte
	size   uint64 // bytes so far
	over   bool
}

// state is that of f.
func (w *Watcher) state(f *inspect.Flow) *state {
	w.current()
	if st := w.kept(f); st != nil {
		if st.set != w.set {
			w.renew(st, f)
		}
		return st
	}
	var n uint32
	if l := len(w.free); l > 0 {
		n = w.free[l-1]
		w.free = w.free[:l-1]
	} else {
		if w.made >= maxStates {
			w.count.Refused++
			return nil
		}
		if w.made%stateBlock == 0 {
			w.states = append(w.states, new([stateBlock]state))
		}
		w.made++
		n = w.made
	}
	st := w.stateOf(n)
	*f.Own = n
	st.passed = f.Pass
	w.renew(st, f)
	return st
}

// kept is the state of f; nil: there is none yet.
func (w *Watcher) kept(f *inspect.Flow) *state {
	if n := *f.Own & ownNumber; n != 0 {
		return w.stateOf(n)
	}
	return nil
}

// stateOf is the state of a number, from 1.
func (w *Watcher) stateOf(n uint32) *state { return &w.states[(n-1)/stateBlock][(n-1)%stateBlock] }

// current takes over the rules that are in force.
func (w *Watcher) current() {
	if now := w.shared.now.Load(); now != w.set {
		w.use(now)
		w.walked = walked{}
		clear(w.cache)
	}
}

// renew fits st to the rules that are in force: what it knows by their numbers is forgotten.
func (w *Watcher) renew(st *state, f *inspect.Flow) {
	old := st.set
	st.set = w.set
	st.sifted[0].done, st.sifted[1].done = false, false
	st.src, st.dst = w.set.addresses.of(&f.Src, f.V6), w.set.addresses.of(&f.Dst, f.V6)
	if old != nil && old != w.set {
		st.bits, st.ints, st.once = st.bits[:0], st.ints[:0], st.once[:0]
		st.halves, st.said = st.halves[:0], st.said[:0]
		for s := range st.streams {
			s.waiting, s.fired, s.began = s.waiting[:0], s.fired[:0], false
		}
		for i := range st.txs {
			st.txs[i].waiting = [2][]int32{}
		}
	}
}

// End takes back what was kept of a flow.
func (w *Watcher) End(f *inspect.Flow, gone bool) {
	st := w.kept(f)
	if st == nil {
		return
	}
	f.Pass = st.passed
	for d := range wire.Dir(2) {
		w.flush(f, st, d)
	}
	if !gone {
		w.drop(st)
		return
	}
	w.free = append(w.free, *f.Own&ownNumber)
	*f.Own = 0
	w.drop(st)
	*st = state{bits: st.bits[:0], ints: st.ints[:0], told: st.told[:0], txs: st.txs[:0], files: st.files[:0]}
}

// drop frees the bytes that st holds.
func (w *Watcher) drop(st *state) {
	for s := range st.streams {
		w.release(s.window)
		s.window = nil
	}
	for i := range st.txs {
		w.release(st.txs[i].body)
	}
	for i := range st.files {
		w.release(st.files[i].data)
	}
	clear(st.txs)
	clear(st.files)
	st.txs, st.files = st.txs[:0], st.files[:0]
}
