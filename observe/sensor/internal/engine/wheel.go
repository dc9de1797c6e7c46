package engine

// wheel visits flows when their time may have come. A slot is one second. A packet does not touch it: a flow that was
// busy meanwhile is put back further on when its slot comes round.
type wheel struct {
	slots [wheelSlots]uint32 // first flow, 1-based
	now   int64              // seconds
}

const (
	wheelSlots = 1 << 12 // longer than the longest time-out, in seconds
	noSlot     = ^uint32(0)
)

// schedule puts an unscheduled flow at sec, which is moved into the reach of the wheel.
func (t *table) schedule(w *wheel, f *flow, n uint32, sec int64) {
	sec = min(max(sec, w.now+1), w.now+wheelSlots-1)
	slot := uint32(sec & (wheelSlots - 1))
	f.wslot, f.wprev, f.wnext = slot, 0, w.slots[slot]
	if f.wnext != 0 {
		t.at(f.wnext).wprev = n
	}
	w.slots[slot] = n
}

// unschedule takes f off the wheel, if it is on it.
func (t *table) unschedule(w *wheel, f *flow) {
	if f.wslot == noSlot {
		return
	}
	if f.wprev != 0 {
		t.at(f.wprev).wnext = f.wnext
	} else {
		w.slots[f.wslot] = f.wnext
	}
	if f.wnext != 0 {
		t.at(f.wnext).wprev = f.wprev
	}
}

// soonest is the flow whose slot comes next, or 0 when the wheel is empty.
func (w *wheel) soonest() uint32 {
	for s := range int64(wheelSlots) {
		if n := w.slots[(w.now+s)&(wheelSlots-1)]; n != 0 {
			return n
		}
	}
	return 0
}
