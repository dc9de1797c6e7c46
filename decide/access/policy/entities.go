package policy

import (
	"slices"
	"sync"
	"sync/atomic"

	cedar "github.com/cedar-policy/cedar-go"
)

// Entities are what policies speak of, in memory. Each has a generation, which rises when it changes: what was decided holds as long as
// the generations of all that was read do. It is safe for concurrent use.
type Entities struct {
	// epoch rises with every change of anything: while it is the same, nothing has changed.
	epoch atomic.Uint64
	// shape rises when an entity comes or goes: what was looked for and not found may be there now.
	shape atomic.Uint64

	mu    sync.RWMutex
	cells map[UID]*cell
}

// cell is one entity.
type cell struct {
	generation atomic.Uint64
	entity     cedar.Entity
	parents    []UID
	// keys are what of its ancestors and itself the policies of a set name, worked out once; guarded by the lock of those who write.
	keys atomic.Pointer[lineage]
}

// lineage is what an entity is in.
type lineage struct {
	of        *index
	keys      []key
	ancestors []dependency
	lost      []UID // ancestors that are not there
	shape     uint64
}

// dependency is something that was read, as it was.
type dependency struct {
	cell       *cell
	generation uint64
}

func (d dependency) holds() bool { return d.cell.generation.Load() == d.generation }

// NewEntities is a store without anything in it.
func NewEntities() *Entities { return &Entities{cells: map[UID]*cell{}} }

// Put adds entities, or takes the place of those of the same names. What is the same as before changes nothing.
func (e *Entities) Put(all ...Entity) {
	made := make([]cedar.Entity, len(all))
	for n := range all {
		made[n] = all[n].cedar()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	changed := false
	for n := range made {
		c := e.cells[made[n].UID]
		switch {
		case c == nil:
			c = &cell{}
			e.cells[made[n].UID] = c
			e.shape.Add(1)
		case same(&c.entity, &made[n]):
			continue
		}
		c.entity, c.parents = made[n], sorted(slices.Clone(all[n].Parents))
		c.generation.Add(1)
		changed = true
	}
	if changed {
		e.epoch.Add(1)
	}
}

func same(a, b *cedar.Entity) bool {
	return a.Attributes.Equal(b.Attributes) && a.Parents.Equal(b.Parents)
}

// Drop takes entities away.
func (e *Entities) Drop(all ...UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, u := range all {
		if c := e.cells[u]; c != nil {
			delete(e.cells, u)
			c.generation.Add(1)
			e.shape.Add(1)
			e.epoch.Add(1)
		}
	}
}

// Touch raises the generation of an entity: what was decided about it is decided anew.
func (e *Entities) Touch(u UID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if c := e.cells[u]; c != nil {
		c.generation.Add(1)
		e.epoch.Add(1)
	}
}

// Len is how many there are.
func (e *Entities) Len() int {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return len(e.cells)
}

// All are the names of all, in order.
func (e *Entities) All() []UID {
	e.mu.RLock()
	defer e.mu.RUnlock()
	all := make([]UID, 0, len(e.cells))
	for u := range e.cells {
		all = append(all, u)
	}
	return sorted(all)
}

// JSON is what is kept of some entities, in the form of Cedar; unknown ones are left out.
func (e *Entities) JSON(some ...UID) ([]byte, error) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	m := cedar.EntityMap{}
	for _, u := range some {
		if c := e.cells[u]; c != nil {
			m[u] = c.entity
		}
	}
	return m.MarshalJSON()
}

// Parents are what an entity is in, directly; false: there is none.
func (e *Entities) Parents(u UID) ([]UID, bool) {
	e.mu.RLock()
	defer e.mu.RUnlock()
	c := e.cells[u]
	if c == nil {
		return nil, false
	}
	return slices.Clone(c.parents), true
}

// reading is a look at the entities for one decision; it notes what was read. The lock is held while it is used.
type reading struct {
	from *Entities
	read []dependency
	lost []UID // looked for, and not there
}

// Get is what the library asks for.
func (r *reading) Get(u UID) (cedar.Entity, bool) {
	c := r.from.cells[u]
	if c == nil {
		r.miss(u)
		return cedar.Entity{}, false
	}
	r.note(c)
	return c.entity, true
}

// miss notes that u is not there.
func (r *reading) miss(u UID) {
	if !slices.Contains(r.lost, u) {
		r.lost = append(r.lost, u)
	}
}

// absent reports whether none of some entities is there.
func (e *Entities) absent(all []UID) bool {
	e.mu.RLock()
	defer e.mu.RUnlock()
	return !slices.ContainsFunc(all, func(u UID) bool { return e.cells[u] != nil })
}

func (r *reading) note(c *cell) {
	for n := range r.read {
		if r.read[n].cell == c {
			return
		}
	}
	r.read = append(r.read, dependency{c, c.generation.Load()})
}

// keys are what of u and its ancestors the policies of x name. What is in the store is worked out once and kept until an ancestor
// changes.
func (r *reading) keys(x *index, u UID) []key {
	c := r.from.cells[u]
	if c == nil {
		r.miss(u)
		return x.keys(nil, u, nil)
	}
	if l := c.keys.Load(); l != nil && l.of == x && l.holds(r.from) {
		for _, d := range l.ancestors {
			r.note(d.cell)
		}
		for _, u := range l.lost {
			r.miss(u)
		}
		return l.keys
	}
	l := &lineage{of: x, shape: r.from.shape.Load()}
	var up []UID
	todo := []*cell{c}
	for len(todo) > 0 {
		c := todo[0]
		todo = todo[1:]
		l.ancestors = append(l.ancestors, dependency{c, c.generation.Load()})
		for _, p := range c.parents {
			if slices.Contains(up, p) {
				continue
			}
			up = append(up, p)
			if next := r.from.cells[p]; next != nil {
				todo = append(todo, next)
			} else {
				l.lost = append(l.lost, p)
				r.miss(p)
			}
		}
	}
	l.keys = x.keys(nil, u, up)
	c.keys.Store(l)
	for _, d := range l.ancestors {
		r.note(d.cell)
	}
	return l.keys
}

func (l *lineage) holds(e *Entities) bool {
	if l.shape != e.shape.Load() {
		return false
	}
	for _, d := range l.ancestors {
		if !d.holds() {
			return false
		}
	}
	return true
}

// Of are the entities of some types, in order.
func (e *Entities) Of(types ...string) []Entity {
	all := []Entity{}
	for _, u := range e.All() {
		if !slices.Contains(types, string(u.Type)) {
			continue
		}
		e.mu.RLock()
		if c := e.cells[u]; c != nil {
			x := Entity{UID: u, Parents: slices.Clone(c.parents), Attrs: Attrs{}}
			for k, v := range c.entity.Attributes.All() {
				x.Attrs[string(k)] = v
			}
			all = append(all, x)
		}
		e.mu.RUnlock()
	}
	return all
}
