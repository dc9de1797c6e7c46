package playbook

import (
	"context"
	"slices"
	"time"
)

// Shadow knows what is only noted.
type Shadow interface {
	// Live reports whether automatic acts are done at all.
	Live() bool
	// Noted reports whether a lease was only noted.
	Noted(lease uint64) bool
}

// stillAsked is how old an act that was only noted may be to be asked for again when shadow ends: as long as a proposal would have
// waited for a yes.
const stillAsked = 24 * time.Hour

const tooOld = "it was only noted, more than a day before shadow ended, and is not asked for again: contain it by hand"

// ended are the playbooks of some runs that were in shadow when they were last looked at, and are not any more. The lock is held.
func (n *Playbooks) ended(ctx context.Context, runs []*Run) (map[string]bool, error) {
	if n.needs.Shadow == nil {
		return nil, nil
	}
	live, out, now := n.needs.Shadow.Live(), map[string]bool{}, map[string]bool{}
	for _, r := range runs {
		id := r.Playbook.ID
		if _, known := now[id]; known || !live {
			continue
		}
		active, err := n.Active(ctx, id)
		if err != nil {
			return nil, err
		}
		now[id], out[id] = active, active && !n.active[id]
	}
	n.active = now
	return out, nil
}

// again reports whether something is to be asked for again.
func (r *Run) again() bool {
	return slices.ContainsFunc(r.Steps, func(p Progress) bool {
		return slices.ContainsFunc(p.Targets, func(t Target) bool { return t.Again })
	})
}

// askAgain keeps of a run that it asks again for what was only noted.
func (n *Playbooks) askAgain(ctx context.Context, r *Run) error {
	was := asText(r)
	now := n.needs.Clock.Now()
	for s := range r.Steps {
		for k := range r.Steps[s].Targets {
			t := &r.Steps[s].Targets[k]
			switch {
			case t.Lease == 0 || t.Lifted || t.Problem != "" || !n.needs.Shadow.Noted(t.Lease):
			case now.Sub(t.At) > stillAsked:
				t.Problem = tooOld
			default:
				t.Again = true
			}
		}
	}
	if asText(r) == was {
		return nil
	}
	return n.keep(ctx, r)
}
