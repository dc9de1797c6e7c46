package engine

import (
	"slices"

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
	st.known, st.knownOf = f.App, f.AppOf
}
