package signature

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"bulwark/content/attack"
)

// Coverage is what of ATT&CK the rules in force are about.
type Coverage struct {
	Version string          `json:"version"`
	Tactics []TacticCovered `json:"tactics"`
	Without int             `json:"without"` // rules in force that name no technique
}

// TacticCovered is a tactic with its techniques.
type TacticCovered struct {
	ID         string             `json:"id"`
	Name       Text               `json:"name"`
	Techniques []TechniqueCovered `json:"techniques"`
	Rules      int                `json:"rules"` // each once
	Fired      uint64             `json:"fired"`
}

// TechniqueCovered is a technique with how many rules are about it.
type TechniqueCovered struct {
	ID    string    `json:"id"`
	Name  string    `json:"name"`
	Rules int       `json:"rules"`
	Fired uint64    `json:"fired"`
	Last  time.Time `json:"last,omitzero"`
}

// Coverage is what the rules in force are about.
func (b *Rulebook) Coverage() Coverage {
	c := Coverage{Version: attack.Version}
	b.mu.RLock()
	defer b.mu.RUnlock()
	type key struct{ tactic, technique string }
	techniques := map[key]*TechniqueCovered{}
	tactics := map[string]*TacticCovered{}
	for _, t := range b.attack.Tactics() {
		tactics[t.ID] = &TacticCovered{ID: t.ID, Name: Text{t.Name, t.French}, Techniques: []TechniqueCovered{}}
	}
	for i := range b.now.items {
		e := &b.now.items[i]
		if e.state != Loaded {
			continue
		}
		if len(e.techniques) == 0 {
			c.Without++
			continue
		}
		var fired uint64
		var last time.Time
		if f := b.fired[e.ID]; f != nil {
			fired, last = f.Count, f.Last
		}
		under := map[string]bool{}
		for _, id := range e.techniques {
			t := b.attack.Technique(id)
			for _, x := range t.Tactics {
				k := key{x.ID, t.ID}
				if techniques[k] == nil {
					techniques[k] = &TechniqueCovered{ID: t.ID, Name: t.Name}
				}
				techniques[k].Rules++
				techniques[k].Fired += fired
				if last.After(techniques[k].Last) {
					techniques[k].Last = last
				}
				if ta := tactics[x.ID]; ta != nil && !under[x.ID] {
					under[x.ID] = true
					ta.Rules++
					ta.Fired += fired
				}
			}
		}
	}
	for k, t := range techniques {
		tactics[k.tactic].Techniques = append(tactics[k.tactic].Techniques, *t)
	}
	for _, t := range b.attack.Tactics() {
		x := tactics[t.ID]
		slices.SortFunc(x.Techniques, func(a, b TechniqueCovered) int {
			return cmp.Or(cmp.Compare(b.Rules, a.Rules), strings.Compare(a.ID, b.ID))
		})
		c.Tactics = append(c.Tactics, *x)
	}
	return c
}
