package engine

import (
	"slices"

	"bulwark/wire"
	"bulwark/wire/inspect"
)

// protocol asks the rules about nothing but the protocol of a flow, once it is known and when it turns out to be another.
func (w *Watcher) protocol(f *inspect.Flow, st *state) {
	for _, n := range w.set.protocol {
		if slices.Contains(st.said, n) {
			continue
		}
		if c := &w.set.rules[n]; c.dirs>>f.Dir&1 == 0 {
			w.view.dir = f.Dir.Other()
		}
		if w.ask(n) {
			st.said = append(st.said, n)
		}
		w.view.dir = f.Dir
	}
	if st.known == "" {
		was := w.view
		for f.Dir = range wire.Dir(2) {
			w.late(f, st)
		}
		f.Dir, w.view = was.dir, was
	}
	st.known, st.knownOf = f.App, f.AppOf
}

// late asks the rules about the protocol of a flow about what a side had said before the protocol was known.
func (w *Watcher) late(f *inspect.Flow, st *state) {
	s := &st.sides[f.Dir]
	if !s.began || s.app == f.App || len(s.window) == 0 {
		return
	}
	w.start(f, s)
	w.view = view{f: f, st: st, dir: f.Dir, stream: s}
	w.found = w.found[:0]
	for _, g := range [...]*portGroup{s.groups[0], s.groups[3]} {
		if g != nil {
			w.found = g.group.find(s.window, &w.hits, w.found)
		}
	}
	w.found = ordered(w.found)
	for _, n := range w.found {
		if len(w.set.rules[n].app) > 0 {
			w.askStream(s, n)
		}
	}
}
