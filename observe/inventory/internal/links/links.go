// Package links counts who uses what of whom.
package links

import (
	"cmp"
	"slices"
	"strings"

	"bulwark/observe/inventory/internal/register"
)

// Key is one use: an application protocol that one end uses of another. Zero ends are outside the hospital.
type Key struct {
	From, To register.TraceID
	App      string
}

// Use is how much it is used.
type Use struct {
	First, Last   int64 // unix nanoseconds
	Conversations uint64
	Out, In       uint64 // bytes, from and to the one who uses it
	Hours         [24]uint32
}

// Ref is where the table has a use, until it is forgotten. Its zero value is none.
type Ref struct {
	place  uint32
	tenant uint32
}

// ends are a key whose protocol is its place among the names.
type ends struct {
	from, to register.TraceID
	app      uint16
}

// room is a place of the table.
type room struct {
	ends
	tenant uint32 // which use has the place, from 1; rises when one is forgotten
	taken  bool
	use    Use
}

// Bounds of what is kept, whatever is sent.
const (
	mostUses = 1 << 18
	mostApps = 1 << 10 // names of protocols; those beyond are counted as one
	chunkLen = 1 << 10 // rooms that are made at once
)

// other is the name of the protocols beyond [mostApps].
const other = "other"

// Table holds the uses. It is not safe for concurrent use.
type Table struct {
	Most    int // 0 means 262,144
	Dropped uint64

	chunks [][]room // each of chunkLen
	made   uint32   // rooms
	free   []uint32 // rooms that nobody has
	places map[ends]uint32
	names  []string // of the protocols
	apps   map[string]uint16
	dirty  []bool                                // of each block, whether it changed since it was last asked for
	folds  map[register.TraceID]register.TraceID // that are not done yet
}

// New is an empty table.
func New() *Table {
	return &Table{places: map[ends]uint32{}, apps: map[string]uint16{}, folds: map[register.TraceID]register.TraceID{}}
}

// Count counts a conversation, or a part of one. The name of the application may point into what is soon another's.
func (t *Table) Count(k Key, at int64, ended bool, out, in uint64) Ref {
	e := ends{k.From, k.To, t.app(k.App)}
	n, ok := t.places[e]
	if !ok {
		n = t.take(e)
		t.room(n).use.First = at
	}
	t.count(n, at, ended, out, in)
	return Ref{n, t.room(n).tenant}
}

// Again counts one more of a use that was counted before. It reports false when that is forgotten.
func (t *Table) Again(r Ref, at int64, ended bool, out, in uint64) bool {
	if r.place >= t.made || !t.room(r.place).taken || t.room(r.place).tenant != r.tenant {
		return false
	}
	t.count(r.place, at, ended, out, in)
	return true
}

func (t *Table) count(n uint32, at int64, ended bool, out, in uint64) {
	u := &t.room(n).use
	u.Last = max(u.Last, at)
	if ended {
		u.Conversations++
		u.Hours[uint64(at)/uint64(hour)%24]++
	}
	u.Out += out
	u.In += in
	t.dirty[n/blockLen] = true
}

const hour = int64(3600e9)

func (t *Table) room(n uint32) *room { return &t.chunks[n/chunkLen][n%chunkLen] }

// app is the place of a name.
func (t *Table) app(name string) uint16 {
	n, ok := t.apps[name]
	if !ok && len(t.names) >= mostApps {
		n, ok = t.apps[other]
		name = other
	}
	if !ok {
		name = strings.Clone(name)
		n = uint16(len(t.names))
		t.names, t.apps[name] = append(t.names, name), n
	}
	return n
}

// take finds a place for a use.
func (t *Table) take(e ends) uint32 {
	if len(t.places) >= cmp.Or(t.Most, mostUses) {
		t.makeRoom()
	}
	var n uint32
	if last := len(t.free) - 1; last >= 0 {
		n, t.free = t.free[last], t.free[:last]
	} else {
		n = t.grow()
	}
	t.settleIn(n, e)
	return n
}

// grow makes one more room.
func (t *Table) grow() uint32 {
	n := t.made
	if n%chunkLen == 0 {
		t.chunks = append(t.chunks, make([]room, chunkLen))
	}
	if n%blockLen == 0 {
		t.dirty = append(t.dirty, false)
	}
	t.made++
	return n
}

// settleIn gives a room to a use.
func (t *Table) settleIn(n uint32, e ends) {
	r := t.room(n)
	r.ends, r.taken, r.use, r.tenant = e, true, Use{}, max(r.tenant, 1)
	t.places[e] = n
	t.dirty[n/blockLen] = true
}

// forget gives the place of a use free.
func (t *Table) forget(n uint32) {
	r := t.room(n)
	delete(t.places, r.ends)
	t.dirty[n/blockLen] = true
	r.taken = false
	r.tenant++
	t.free = append(t.free, n)
}

// makeRoom forgets the sixteenth of the uses that were not seen for the longest time.
func (t *Table) makeRoom() {
	type age struct {
		last  int64
		place uint32
	}
	all := make([]age, 0, len(t.places))
	for n := range t.made {
		if r := t.room(n); r.taken {
			all = append(all, age{r.use.Last, n})
		}
	}
	slices.SortFunc(all, func(a, b age) int { return cmp.Or(cmp.Compare(a.last, b.last), cmp.Compare(a.place, b.place)) })
	all = all[:max(1, len(all)/16)]
	for _, a := range slices.Backward(all) { // those that were oldest are taken first
		t.forget(a.place)
	}
	t.Dropped += uint64(len(all))
}

// Compare orders keys.
func Compare(a, b Key) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.App, b.App))
}

// Fold gives what a trace used and served to another, when the uses are next asked for.
func (t *Table) Fold(from, into register.TraceID) { t.folds[from] = into }

// settle does what [Table.Fold] has put off, in one walk however much that is.
func (t *Table) settle() {
	if len(t.folds) == 0 {
		return
	}
	heir := func(id register.TraceID) register.TraceID {
		for into, ok := t.folds[id]; ok; into, ok = t.folds[id] {
			id = into
		}
		return id
	}
	for n := range t.made {
		r := t.room(n)
		to := ends{heir(r.from), heir(r.to), r.app}
		if !r.taken || to == r.ends {
			continue
		}
		u := r.use
		t.forget(n)
		m, ok := t.places[to]
		if !ok {
			m = t.take(to)
			t.room(m).use = u
		} else {
			t.room(m).use.add(&u)
		}
		t.dirty[m/blockLen] = true
	}
	clear(t.folds)
}

func (u *Use) add(o *Use) {
	u.First, u.Last = min(u.First, o.First), max(u.Last, o.Last)
	u.Conversations, u.Out, u.In = u.Conversations+o.Conversations, u.Out+o.Out, u.In+o.In
	for h := range u.Hours {
		u.Hours[h] += o.Hours[h]
	}
}

// Forget forgets what is used of and by traces that are no more.
func (t *Table) Forget(gone func(register.TraceID) bool) {
	t.settle()
	for n := range t.made {
		if r := t.room(n); r.taken && (gone(r.from) || gone(r.to)) {
			t.forget(n)
		}
	}
}

// Len is how many uses there are.
func (t *Table) Len() int { return len(t.places) }

// All calls fn with each use.
func (t *Table) All(fn func(Key, *Use)) {
	t.settle()
	for n := range t.made {
		if r := t.room(n); r.taken {
			fn(t.key(r.ends), &r.use)
		}
	}
}

// Of calls fn with each use of the protocols that wanted names.
func (t *Table) Of(wanted func(app string) bool, fn func(Key, *Use)) {
	t.settle()
	apps := make([]bool, len(t.names))
	for n, name := range t.names {
		apps[n] = wanted(name)
	}
	for n := range t.made {
		if r := t.room(n); r.taken && apps[r.app] {
			fn(t.key(r.ends), &r.use)
		}
	}
}

func (t *Table) key(e ends) Key { return Key{e.from, e.to, t.names[e.app]} }
