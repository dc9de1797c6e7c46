package finding

import (
	"slices"
	"time"
)

// Verdicts is how people judged the findings of a rule.
type Verdicts struct {
	True         int
	False        int
	Benign       int
	Suppressions int       // that hold
	List         []OneSaid // the newest, where it is asked of one rule
}

// OneSaid is what a person said of a finding.
type OneSaid struct {
	Verdict Verdict
	Reason  string
	By      string
	At      time.Time
	Finding uint64
	Scope   Scope
}

// mostSaid is how many of them are listed.
const mostSaid = 50

// Verdicts is how people judged the findings of a rule, gid:sid, as far as they are kept.
func (f *Findings) Verdicts(rule string) Verdicts {
	v := f.AllVerdicts()[rule]
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, it := range f.every {
		if w := it.said(); it.Rule == rule && w.Verdict != "" {
			v.List = append(v.List, OneSaid{w.Verdict, w.Reason, w.By, w.At, it.ID, w.Scope})
		}
	}
	for _, s := range f.judged[rule] {
		if !slices.ContainsFunc(v.List, func(o OneSaid) bool { return o.Finding == s.Finding }) { // its finding is forgotten, or open again
			v.List = append(v.List, OneSaid{s.Verdict, s.Reason, s.By, s.At, s.Finding, s.Scope})
		}
	}
	slices.SortFunc(v.List, func(a, b OneSaid) int { return b.At.Compare(a.At) })
	v.List = v.List[:min(len(v.List), mostSaid)]
	return v
}

// Kept are those findings of some that are kept, and not closed.
func (f *Findings) Kept(ids []uint64) (kept []uint64) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, id := range ids {
		if it := f.items[id]; it != nil && it.Word.Status != Closed {
			kept = append(kept, id)
		}
	}
	return kept
}

// AllVerdicts is how people judged the findings of each rule of which they judged any.
func (f *Findings) AllVerdicts() map[string]Verdicts {
	f.mu.RLock()
	defer f.mu.RUnlock()
	all := map[string]Verdicts{}
	for _, it := range f.every {
		w := it.said()
		if w.Verdict == "" {
			continue
		}
		v := all[it.Rule]
		switch w.Verdict {
		case True:
			v.True++
		case False:
			v.False++
		case Benign:
			v.Benign++
		}
		all[it.Rule] = v
	}
	now := f.needs.Clock.Now()
	for rule, some := range f.judged {
		v := all[rule]
		for _, s := range some {
			if !s.over(now) {
				v.Suppressions++
			}
		}
		if v.Suppressions > 0 {
			all[rule] = v
		}
	}
	return all
}
