package engine

import (
	"slices"

	"bulwark/wire"
)

// fired is a rule about a stream that no bytes find, and the end of the stream when it held.
type fired struct {
	rule int32
	at   uint64
}

// unfound asks the rules about a stream that no bytes find. One that held is asked about what came since.
func (w *Watcher) unfound(s *side) {
	for _, g := range s.groups {
		if g != nil {
			w.unfoundOf(s, g)
		}
	}
}

// unfoundOf asks those of a group.
func (w *Watcher) unfoundOf(s *side, g *portGroup) {
	speaker, listener := w.view.st.src, w.view.st.dst
	if w.view.dir == wire.ToClient {
		speaker, listener = listener, speaker
	}
	for i := range g.always {
		b := &g.always[i]
		switch {
		case !b.could(speaker, listener):
		case w.set.rules[b.rule].waits:
			w.askStream(s, b.rule)
		default:
			w.askSince(s, b.rule)
		}
	}
}

// askSince asks a rule about what came since it held.
func (w *Watcher) askSince(s *side, rule int32) {
	i := slices.IndexFunc(s.fired, func(x fired) bool { return x.rule == rule })
	if i < 0 && len(s.fired) == maxAwait {
		return
	}
	if i >= 0 {
		w.view.since = s.fired[i].at
	}
	holds := w.ask(rule)
	w.view.since = 0
	switch {
	case holds && i >= 0:
		s.fired[i].at = s.total
	case holds:
		s.fired = append(s.fired, fired{rule, s.total})
	}
}
