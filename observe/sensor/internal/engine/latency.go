package engine

// asked remembers when questions were asked, to say how long their answers took. A question that was overwritten by
// another in the same place has no latency: nothing else is lost.
type asked struct {
	flow, id uint64
	at       int64
}

const askedSlots = 1 << 14

// latency notes a question, or is the nanoseconds from the question to this answer; 0 when it was not seen.
func (w *Worker) latency(f *flow, id uint64, answer bool) uint64 {
	a := &w.asked[mum(f.id^w.opt.Seed, id^0xa0761d6478bd642f)&(askedSlots-1)]
	if !answer {
		*a = asked{f.id, id, w.clock}
		return 0
	}
	if a.flow != f.id || a.id != id || a.at == 0 || w.clock < a.at {
		return 0
	}
	at := a.at
	*a = asked{}
	return uint64(w.clock - at)
}
