package engine

import (
	"bulwark/wire"
	"bulwark/wire/inspect"
)

// catchUp asks the rules of the protocol of f about what crossed before it was known.
func (w *Watcher) catchUp(f *inspect.Flow, st *state) {
	if f.App == "" || st.caught {
		return
	}
	st.caught = true
	if st.sides == nil {
		return
	}
	was := f.Dir
	for d := range st.sides {
		s := &st.sides[d]
		if !s.began || s.app == f.App || len(s.window) == 0 {
			continue
		}
		f.Dir = wire.Dir(d)
		w.start(f, s)
		w.view = view{f: f, st: st, dir: f.Dir, stream: s}
		w.again(s)
		of := s.groups[ofProtocol]
		if of == nil {
			continue
		}
		w.found = of.find(s.window, &w.hits, w.found[:0])
		w.found = ordered(w.found)
		for _, n := range w.found {
			w.askStream(s, n)
		}
		w.unfoundOf(s, of)
	}
	f.Dir = was
}
