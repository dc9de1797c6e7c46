package logrule

import (
	"maps"
	"slices"
	"strings"

	"bulwark/detect/logrule/internal/sigma"
)

// mostOfSource is how many logs of Sigma are told apart of one log source.
const mostOfSource = 128

// hearFrom notes of which logs, as Sigma has them, the events of a log source are. The lock is held.
func (r *Room) hearFrom(id string, all []sigma.Source) {
	heard := r.from[id]
	if heard == nil {
		if len(r.from) >= mostSources {
			return
		}
		heard = map[sigma.Source]bool{}
		r.from[strings.Clone(id)] = heard
	}
	for _, s := range all {
		if !heard[s] && len(heard) < mostOfSource {
			heard[s] = true
		}
	}
}

// keptFrom is what is kept of that: by the log source product/category/service of each. The lock is held.
func (r *Room) keptFrom() map[string][]string {
	out := map[string][]string{}
	for id, heard := range r.from {
		for s := range heard {
			out[id] = append(out[id], s.Product+"/"+s.Category+"/"+s.Service)
		}
		slices.Sort(out[id])
	}
	return out
}

func (r *Room) loadFrom(kept map[string][]string) {
	for id, all := range kept {
		r.from[id] = map[sigma.Source]bool{}
		for _, key := range all {
			if s := strings.Split(key, "/"); len(s) == 3 {
				r.from[id][sigma.Source{Product: s[0], Category: s[1], Service: s[2]}] = true
			}
		}
	}
}

// asksOf reports whether a rule is asked about events that came from a log source. The lock is held.
func (r *Room) asksOf(rule sigma.Source, id string) bool {
	for s := range maps.Keys(r.from[id]) {
		if within(s, rule) {
			return true
		}
	}
	return false
}
