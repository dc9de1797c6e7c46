package inventory

import (
	"bulwark/observe/inventory/internal/register"
	"bulwark/observe/inventory/internal/rhythm"
)

// Rhythm is how many conversations ended at each hour of the week, by the clocks of the site: a row a day, Monday first, a
// column an hour. Of a device that has had very many it tells the shape of its week, and not the sum.
type Rhythm [7][24]uint64

// When is when something is done, as far as a rhythm tells.
type When struct {
	Nights   bool `json:"nights"`   // between 21:00 and 6:00 too
	Weekends bool `json:"weekends"` // on Saturday and Sunday too
}

// rhythm adds up what traces did.
func (i *Inventory) rhythm(traces []*register.Trace, sides ...bool) (r Rhythm) {
	for _, serves := range sides {
		for s, n := range i.book.rhythms.Of(traces, serves) {
			r[s/24][s%24] += n
		}
	}
	return r
}

// What a rhythm must have until it is told when it beats.
const (
	enoughBeats = 50
	enoughTime  = int64(rhythm.Slots) * hourLong
	hourLong    = dayLong / 24
)

// when is nil where too little is known yet. A part of the week has its share when an hour of it has a fifth at least of what
// an hour of the rest has.
func (r *Rhythm) when(known int64) *When {
	var all, night, weekend uint64
	for d := range r {
		for h, n := range r[d] {
			all += n
			if h < 6 || h >= 21 {
				night += n
			}
			if d >= 5 {
				weekend += n
			}
		}
	}
	if all < enoughBeats || known < enoughTime {
		return nil
	}
	share := func(part, hours uint64) bool { return part*5*(rhythm.Slots-hours) >= (all-part)*hours }
	return &When{Nights: share(night, 7*9), Weekends: share(weekend, 2*24)}
}

// known is for how long traces have been known; nanoseconds.
func known(traces []*register.Trace) int64 {
	if len(traces) == 0 {
		return 0
	}
	first, last := traces[0].First, int64(0)
	for _, t := range traces {
		first, last = min(first, t.First), max(last, t.Last)
	}
	return last - first
}
