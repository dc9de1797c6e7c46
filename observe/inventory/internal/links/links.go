// Package links counts who uses what of whom.
package links

import (
	"cmp"
	"maps"
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

// Table holds the uses. It is not safe for concurrent use.
type Table struct {
	Most    int // 0 means 262,144
	Dropped uint64

	uses  map[Key]*Use
	apps  map[string]string
	dirty map[Key]bool                          // false: it is gone
	folds map[register.TraceID]register.TraceID // that are not done yet
}

// New is an empty table.
func New() *Table {
	return &Table{uses: map[Key]*Use{}, apps: map[string]string{}, dirty: map[Key]bool{}, folds: map[register.TraceID]register.TraceID{}}
}

// Count counts a conversation, or a part of one. The name of the application may point into what is soon another's.
func (t *Table) Count(k Key, at int64, ended bool, out, in uint64) {
	app, ok := t.apps[k.App]
	if !ok {
		app = strings.Clone(k.App)
		t.apps[app] = app
	}
	k.App = app
	u := t.uses[k]
	if u == nil {
		if len(t.uses) >= cmp.Or(t.Most, 1<<18) {
			t.makeRoom()
		}
		u = &Use{First: at}
		t.uses[k] = u
	}
	u.Last = max(u.Last, at)
	if ended {
		u.Conversations++
		u.Hours[at/hour%24]++
	}
	u.Out += out
	u.In += in
	t.dirty[k] = true
}

const hour = int64(3600e9)

// makeRoom forgets the sixteenth of the uses that were not seen for the longest time.
func (t *Table) makeRoom() {
	all := slices.SortedFunc(maps.Keys(t.uses), func(a, b Key) int {
		return cmp.Or(cmp.Compare(t.uses[a].Last, t.uses[b].Last), Compare(a, b))
	})
	for _, k := range all[:max(1, len(all)/16)] {
		t.forget(k)
		t.Dropped++
	}
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
	for k, u := range t.uses {
		to := Key{heir(k.From), heir(k.To), k.App}
		if to == k {
			continue
		}
		t.forget(k)
		if old := t.uses[to]; old != nil {
			u = old.plus(u)
		}
		t.uses[to], t.dirty[to] = u, true
	}
	clear(t.folds)
}

func (u *Use) plus(o *Use) *Use {
	u.First, u.Last = min(u.First, o.First), max(u.Last, o.Last)
	u.Conversations, u.Out, u.In = u.Conversations+o.Conversations, u.Out+o.Out, u.In+o.In
	for h := range u.Hours {
		u.Hours[h] += o.Hours[h]
	}
	return u
}

// Forget forgets what is used of and by traces that are no more.
func (t *Table) Forget(gone func(register.TraceID) bool) {
	t.settle()
	for k := range t.uses {
		if gone(k.From) || gone(k.To) {
			t.forget(k)
		}
	}
}

func (t *Table) forget(k Key) {
	delete(t.uses, k)
	t.dirty[k] = false
}

// Put takes up a use that was kept.
func (t *Table) Put(k Key, u Use) { t.uses[k] = &u }

// Len is how many uses there are.
func (t *Table) Len() int { return len(t.uses) }

// All calls fn with each use, in no order.
func (t *Table) All(fn func(Key, *Use)) {
	t.settle()
	for k, u := range t.uses {
		fn(k, u)
	}
}

// Changed hands out the uses that changed since it was last called; gone are those that are no more.
func (t *Table) Changed() (all map[Key]Use, gone []Key) {
	t.settle()
	all = make(map[Key]Use, len(t.dirty))
	for k, there := range t.dirty {
		if there {
			all[k] = *t.uses[k]
		} else {
			gone = append(gone, k)
		}
	}
	clear(t.dirty)
	return all, gone
}

// Everything hands out all uses.
func (t *Table) Everything() map[Key]Use {
	t.settle()
	all := make(map[Key]Use, len(t.uses))
	for k, u := range t.uses {
		all[k] = *u
	}
	clear(t.dirty)
	return all
}
