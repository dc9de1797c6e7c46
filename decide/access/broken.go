package access

import (
	"context"
	"slices"
	"time"
)

// A hospital keeps thousands of broken glasses, and every question about a record asks for one of them: they are found by who broke them for whom.

// whose is who broke a glass, and for whom.
type whose struct{ person, patient string }

// putGlass notes a glass as it is now. The lock is held.
func (a *Access) putGlass(g *Glass) {
	if a.glasses[g.ID] == nil {
		of := whose{g.Person, g.Patient}
		a.broken[of] = append(a.broken[of], g.ID)
	}
	a.glasses[g.ID] = g
}

// dropGlass forgets a glass. The lock is held.
func (a *Access) dropGlass(id string) {
	g := a.glasses[id]
	if g == nil {
		return
	}
	delete(a.glasses, id)
	of := whose{g.Person, g.Patient}
	var rest []string
	for _, other := range a.broken[of] {
		if other != id {
			rest = append(rest, other)
		}
	}
	if a.broken[of] = rest; len(rest) == 0 {
		delete(a.broken, of)
	}
}

// activeGlass is the glass that somebody broke for a patient and that is open still; nil: none. The lock is held.
func (a *Access) activeGlass(person, patient string) *Glass {
	for _, id := range a.broken[whose{person, patient}] {
		if g := a.glasses[id]; g.State == "open" {
			return g
		}
	}
	return nil
}

// glassAt is the glass that somebody had broken for a patient at a time; nil: none. The lock is held.
func (a *Access) glassAt(person, patient string, at time.Time) *Glass {
	for _, id := range a.broken[whose{person, patient}] {
		if g := a.glasses[id]; !at.Before(g.At) && at.Before(g.Ends) {
			return g
		}
	}
	return nil
}

// tellBroken has those told whom a policy names, of glasses that were broken within a day. Care does not wait for it, and it waits for the database.
func (a *Access) tellBroken(ctx context.Context, now time.Time) error {
	if a.needs.Broken == nil {
		return nil
	}
	for _, g := range a.untold(now) {
		if err := a.needs.Broken(ctx, g); err != nil {
			return err
		}
		a.mu.Lock()
		if is := a.glasses[g.ID]; is != nil {
			next := clone(is)
			next.Told = now.UTC().Truncate(time.Millisecond)
			a.putGlass(next)
			a.unkept[itemKey{"glass", next.ID}] = next
		}
		a.mu.Unlock()
	}
	return nil
}

// untold are glasses of which nobody was told yet, the oldest first.
func (a *Access) untold(now time.Time) (all []*Glass) {
	a.mu.RLock()
	defer a.mu.RUnlock()
	for _, g := range a.glasses {
		if len(g.Notify) > 0 && g.Told.IsZero() && g.Review == nil && now.Sub(g.At) < dataBefore {
			all = append(all, clone(g))
		}
	}
	slices.SortFunc(all, func(x, y *Glass) int { return x.At.Compare(y.At) })
	return all
}
