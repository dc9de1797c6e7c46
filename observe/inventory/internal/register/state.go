package register

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"slices"
)

// Shared is an identifier that joins nothing any more, and why.
type Shared struct {
	Field Field
	Value string
	Why   string
}

// State is all that a register knows, for keeping.
type State struct {
	Traces     []*Trace
	Shared     []Shared
	LastTrace  TraceID
	LastDevice DeviceID
}

// State is what the register knows now. Its traces belong to the register.
func (r *Register) State() State {
	s := State{LastTrace: r.lastT, LastDevice: r.lastD}
	s.Traces = slices.SortedFunc(maps.Values(r.traces), func(a, b *Trace) int { return cmp.Compare(a.ID, b.ID) })
	s.Shared = r.shared()
	return s
}

func (r *Register) shared() []Shared {
	all := []Shared{}
	for id, e := range r.edges {
		if e.shared != "" {
			all = append(all, Shared{id.field, id.value, e.shared})
		}
	}
	slices.SortFunc(all, func(a, b Shared) int { return cmp.Or(cmp.Compare(a.Field, b.Field), cmp.Compare(a.Value, b.Value)) })
	return all
}

// News is what changed since it was last asked for.
type News struct {
	Traces     []*Trace  // that are new or tell something else; they belong to the register
	Gone       []TraceID // that are no more
	Shared     []Shared  // all of them, where any changed; nil otherwise
	LastTrace  TraceID
	LastDevice DeviceID
}

// News hands out what changed, and forgets that it did.
func (r *Register) News() News {
	n := News{LastTrace: r.lastT, LastDevice: r.lastD}
	for _, id := range slices.Sorted(maps.Keys(r.news)) {
		if r.news[id] {
			n.Traces = append(n.Traces, r.traces[id])
		} else {
			n.Gone = append(n.Gone, id)
		}
	}
	if r.shares {
		n.Shared = r.shared()
	}
	clear(r.news)
	r.shares = false
	return n
}

// Everything is as News, with all that there is.
func (r *Register) Everything() News {
	s := r.State()
	clear(r.news)
	r.shares = false
	return News{Traces: s.Traces, Shared: s.Shared, LastTrace: s.LastTrace, LastDevice: s.LastDevice}
}

// ErrState means a state that no register can have been in.
var ErrState = errors.New("register: bad state")

// Restore takes up what another register knew. The register must be empty.
func (r *Register) Restore(s State) error {
	r.lastT, r.lastD = s.LastTrace, s.LastDevice
	for _, t := range s.Traces {
		if t.ID == 0 || t.ID > s.LastTrace || t.Device == 0 || t.Device > s.LastDevice || r.traces[t.ID] != nil {
			return fmt.Errorf("%w: trace %d of device %d", ErrState, t.ID, t.Device)
		}
		r.traces[t.ID] = t
		if g := r.members[t.Device]; g != nil {
			g.traces = append(g.traces, t)
		} else {
			r.put(t.Device, []*Trace{t})
		}
		if !t.Over {
			if r.current[t.Addr] != nil {
				return fmt.Errorf("%w: two traces are at %s", ErrState, t.Addr)
			}
			r.current[t.Addr] = t
		}
		for _, b := range t.Bars {
			r.bars[ident{b.Field, b.Value}] = append(r.bars[ident{b.Field, b.Value}], t.ID)
		}
		for i := range t.Facts {
			f := &t.Facts[i]
			if !f.Field.joins() || r.worthless(f.Field, f.Value) {
				continue
			}
			e := r.edge(ident{f.Field, f.Value})
			if len(e.traces) < maxSharers && !slices.Contains(e.traces, t) {
				e.traces = append(e.traces, t)
			}
		}
	}
	for _, x := range s.Shared {
		if e := r.edges[ident{x.Field, x.Value}]; e != nil {
			e.shared = x.Why
		}
	}
	r.wait()
	return nil
}

func (r *Register) edge(id ident) *edge {
	e := r.edges[id]
	if e == nil {
		e = &edge{}
		r.edges[id] = e
	}
	return e
}

// Device is a device with its traces, the oldest first.
type Device struct {
	ID     DeviceID
	Traces []*Trace
}

// All are the devices in the order of their numbers.
func (r *Register) All() []Device {
	var all []Device
	for _, d := range slices.Sorted(maps.Keys(r.members)) {
		all = append(all, Device{d, r.Traces(d)})
	}
	return all
}

// Addresses are where a device is now.
func (d Device) Addresses() []netip.Addr {
	var all []netip.Addr
	for _, t := range d.Traces {
		if !t.Over {
			all = append(all, t.Addr)
		}
	}
	return all
}
