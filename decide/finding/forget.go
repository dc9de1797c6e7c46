package finding

import (
	"bulwark/platform/clock"
	"cmp"
	"slices"
	"time"
)

// forget makes room for one more: closed findings go first, then those that were not seen for the longest time. What people
// said of them is remembered all the same.
func (f *Findings) forget() {
	most := f.needs.Config.Most
	if len(f.items) < most {
		return
	}
	all := slices.Clone(f.every)
	slices.SortFunc(all, func(a, b *item) int {
		if x, y := a.Word.Status == Closed, b.Word.Status == Closed; x != y {
			if x {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.Last, b.Last), cmp.Compare(a.ID, b.ID))
	})
	for _, it := range all[:len(all)-most+most/100] {
		f.remove(it)
		f.count.forgotten.Inc()
	}
}

// expire forgets what was not seen for as long as findings are kept: closed ones, and open ones after twice as long. Those of a
// capture are as old as it is, and stay.
func (f *Findings) expire() {
	keep := f.needs.Config.Keep
	if keep == 0 || f.needs.Fleeting {
		return
	}
	now := f.needs.Clock.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, it := range slices.Clone(f.every) {
		last := time.Unix(0, it.Last)
		for _, at := range [...]time.Time{it.Word.At, it.born} { // the clock of a sensor may be wrong
			if at.After(last) {
				last = at
			}
		}
		if age := now.Sub(last); age > 2*keep || age > keep && it.Word.Status == Closed {
			f.remove(it)
			f.count.forgotten.Inc()
		}
	}
	clock.Wake(f.dirty)
}
