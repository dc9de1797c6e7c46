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
	dirty map[Key]bool
}

// New is an empty table.
func New() *Table {
	return &Table{uses: map[Key]*Use{}, apps: map[string]string{}, dirty: map[Key]bool{}}
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
		delete(t.uses, k)
		delete(t.dirty, k)
		t.Dropped++
	}
}

// Compare orders keys.
func Compare(a, b Key) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.App, b.App))
}

// Put takes up a use that was kept.
func (t *Table) Put(k Key, u Use) { t.uses[k] = &u }

// Len is how many uses there are.
func (t *Table) Len() int { return len(t.uses) }

// All calls fn with each use, in no order.
func (t *Table) All(fn func(Key, *Use)) {
	for k, u := range t.uses {
		fn(k, u)
	}
}

// Changed hands out the uses that changed since it was last called.
func (t *Table) Changed() map[Key]Use {
	all := make(map[Key]Use, len(t.dirty))
	for k := range t.dirty {
		all[k] = *t.uses[k]
	}
	clear(t.dirty)
	return all
}

// Everything hands out all uses.
func (t *Table) Everything() map[Key]Use {
	all := make(map[Key]Use, len(t.uses))
	for k, u := range t.uses {
		all[k] = *u
	}
	clear(t.dirty)
	return all
}
