package story

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Kept is a piece of what is remembered of a site, as it is kept.
type Kept struct {
	Kind string // pair, rule, entity, burst, state
	Key  string
	Doc  json.RawMessage // none: it is forgotten
}

// changes are what is to be kept anew.
type changes struct {
	pairs    map[key]bool
	rules    map[string]bool
	entities map[string]bool
	bursts   map[uint64]bool
}

func newChanges() changes {
	return changes{map[key]bool{}, map[string]bool{}, map[string]bool{}, map[uint64]bool{}}
}

// apart stands between the two halves of the key of a pair: no rule has it in its name.
const apart = "\x1f"

// Changed are the pieces that changed since it was last asked, in no order.
func (s *Site) Changed() ([]Kept, error) {
	var all []Kept
	c := s.changed
	s.changed = newChanges()
	err := firstOf(
		func() error {
			return pieces(&all, "pair", c.pairs, s.pairs, func(k key) string { return k.rule + apart + k.entity })
		},
		func() error { return pieces(&all, "rule", c.rules, s.rules, func(k string) string { return k }) },
		func() error {
			return pieces(&all, "entity", c.entities, s.entities, func(k string) string { return k })
		},
		func() error {
			return pieces(&all, "burst", c.bursts, s.bursts, func(k uint64) string { return strconv.FormatUint(k, 10) })
		},
		func() error {
			return pieces(&all, "state", map[string]bool{"": len(all) > 0}, map[string]*State{"": &s.state}, func(k string) string { return k })
		},
	)
	return all, err
}

func firstOf(all ...func() error) error {
	for _, f := range all {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

func pieces[K comparable, V any](all *[]Kept, kind string, changed map[K]bool, from map[K]*V, name func(K) string) error {
	for k, yes := range changed {
		if !yes {
			continue
		}
		piece := Kept{Kind: kind, Key: name(k)}
		if v := from[k]; v != nil {
			doc, err := json.Marshal(v)
			if err != nil {
				return fmt.Errorf("%s %q: %w", kind, piece.Key, err)
			}
			piece.Doc = doc
		}
		*all = append(*all, piece)
	}
	return nil
}

// Again has a piece kept that could not be.
func (s *Site) Again(k Kept) {
	switch rule, entity, _ := strings.Cut(k.Key, apart); k.Kind {
	case "pair":
		s.changed.pairs[key{rule, entity}] = true
	case "rule":
		s.changed.rules[k.Key] = true
	case "entity":
		s.changed.entities[k.Key] = true
	case "burst":
		if id, err := strconv.ParseUint(k.Key, 10, 64); err == nil {
			s.changed.bursts[id] = true
		}
	}
}

// Weighing are the entities that have bursts that are not forgotten, in no order.
func (s *Site) Weighing() (all []string) {
	for e, en := range s.entities {
		if len(en.Recent) > 0 {
			all = append(all, e)
		}
	}
	return all
}

// Restore takes up a piece that was kept.
func (s *Site) Restore(k Kept) error {
	var err error
	switch k.Kind {
	case "pair":
		rule, entity, ok := strings.Cut(k.Key, apart)
		if !ok {
			return fmt.Errorf("story: pair %q names no entity", k.Key)
		}
		err = restore(s.pairs, key{rule, entity}, k.Doc)
	case "rule":
		err = restore(s.rules, k.Key, k.Doc)
	case "entity":
		err = restore(s.entities, k.Key, k.Doc)
	case "burst":
		var id uint64
		if id, err = strconv.ParseUint(k.Key, 10, 64); err == nil {
			err = restore(s.bursts, id, k.Doc)
		}
	case "state":
		err = json.Unmarshal(k.Doc, &s.state)
	default:
		err = fmt.Errorf("story: there is no kind %q", k.Kind)
	}
	if err != nil {
		return fmt.Errorf("%s %q: %w", k.Kind, k.Key, err)
	}
	return nil
}

func restore[K comparable, V any](all map[K]*V, k K, doc json.RawMessage) error {
	v := new(V)
	if err := json.Unmarshal(doc, v); err != nil {
		return err
	}
	all[k] = v
	return nil
}

// Resume goes on where all pieces are taken up, with the incidents that had not ended.
func (s *Site) Resume(open []*Incident) {
	for _, in := range open {
		s.open[in.ID] = in
	}
	for id, b := range s.bursts {
		if s.state.Now-b.First <= int64(s.set.Near) {
			s.recent = append(s.recent, id)
		}
	}
	slices.SortFunc(s.recent, cmp.Compare)
	s.recent = s.recent[max(0, len(s.recent)-mostRecent):]
}
