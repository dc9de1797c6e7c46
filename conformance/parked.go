package conformance

import (
	"context"
	"fmt"
	slashed "path"
	"slices"
	"strconv"
	"strings"

	"bulwark/content/logrules"
	"bulwark/content/rules"
	"bulwark/detect/logrule"
	"bulwark/internal/sigmahq"
)

// runParked looks which of the rules that SigmaHQ keeps aside, for want of correlations, something looks for here. Cases are their files.
func runParked(_ context.Context, b *Bench) ([]Case, error) {
	files, err := sigmahq.Unpacked(b.soc("sigma-rules/" + sigmahq.Archive))
	if err != nil {
		return nil, err
	}
	active, err := sigmahq.Rules(b.soc("sigma-rules/" + sigmahq.Archive))
	if err != nil {
		return nil, err
	}
	s, err := logrule.Load(active, logrules.Files())
	if err != nil {
		return nil, err
	}
	by := map[string]logrules.Parked{}
	for _, p := range logrules.ParkedRules() {
		by[p.File] = p
	}
	traffic := rules.French() // which have all that come with the program
	var cases []Case
	for name := range files {
		if !strings.Contains(name, "unsupported/") || slashed.Ext(name) != ".yml" {
			continue
		}
		c := Case{Family: "unsupported", Name: strings.TrimSuffix(slashed.Base(name), ".yml")}
		p, ok := by[c.Name]
		c.Why = p.Why
		if !ok {
			c.Why = "nobody has looked at it"
		}
		for _, id := range p.Rules {
			sid, _ := strconv.ParseUint(strings.TrimPrefix(id, "1:"), 10, 32)
			if !s.Has(id) && traffic[uint32(sid)] == "" {
				c.Why = fmt.Sprintf("there is no rule %s", id)
			}
		}
		cases = append(cases, c)
	}
	slices.SortFunc(cases, func(a, b Case) int { return strings.Compare(a.Name, b.Name) })
	return cases, nil
}
