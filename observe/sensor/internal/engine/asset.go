package engine

import (
	"bulwark/event"
)

// facts remembers which facts about devices were told lately, so that each is told once an hour and not with each
// message. A fact that another took the place of is told again: nothing is lost.
type facts [factSlots]fact

type fact struct {
	sum uint64
	at  int64
}

const (
	factSlots = 1 << 14
	factLife  = 3600 * second
)

// tellAsset reports a fact about the device at the source of f, unless it was told lately.
func (w *Worker) tellAsset(f *flow, e *event.Asset) {
	sum := w.opt.Seed
	src := &f.key.lo
	if f.origin == high {
		src = &f.key.hi
	}
	sum = mum(be64(src[:8])^sum, be64(src[8:])^0xa0761d6478bd642f)
	for _, s := range [...]string{e.MAC, e.Hostname, e.Vendor, e.Model, e.Serial, e.Software, e.Role, e.Source, e.AETitle, e.Identifier} {
		for i := range len(s) {
			sum = (sum ^ uint64(s[i])) * 0x100000001b3 // FNV-1a
		}
		sum = mum(sum, 0xe7037ed1a0b428db)
	}
	known := &w.facts[sum&(factSlots-1)]
	if known.sum == sum && w.now < known.at+factLife {
		return
	}
	*known = fact{sum, w.now}
	w.emit(f, e)
}
