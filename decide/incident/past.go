package incident

import (
	"fmt"
	"slices"
	"time"

	"bulwark/decide/incident/story"
)

// Past is an incident with the moments at which it opened and grew.
type Past struct {
	ID      uint64
	Title   Text
	Verdict string
	Moments []time.Time
}

// Past are the incidents that are kept and had such moments within a time, by number. What was merged into another is a part of that.
func (i *Incidents) Past(from, to time.Time) (all []Past) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	for id, it := range i.items {
		p := Past{ID: id, Title: i.title(it), Verdict: it.Word.Verdict}
		in := it.Story
		for n := range in.Joins {
			if at := when(max(in.Joins[n].At, in.Opened)); in.Joins[n].Why != story.Context && !slices.Contains(p.Moments, at) {
				p.Moments = append(p.Moments, at)
			}
		}
		slices.SortFunc(p.Moments, time.Time.Compare)
		if slices.ContainsFunc(p.Moments, func(at time.Time) bool { return !at.Before(from) && at.Before(to) }) {
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b Past) int { return int(a.ID) - int(b.ID) })
	return all
}

// ShowAt is an incident as it was at a moment, before people spoke of it: itself and its graph. Devices are as they are now.
func (i *Incidents) ShowAt(id uint64, at time.Time) (Detail, error) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	it := i.items[id]
	if it == nil {
		return Detail{}, fmt.Errorf("%w: %d", ErrNoIncident, id)
	}
	was := &item{Story: i.set.Until(it.Story, at.UnixNano()), Word: word{Status: Open}}
	return Detail{Incident: i.view(was), Graph: i.graph(was)}, nil
}
