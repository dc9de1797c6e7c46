package engine

import "bulwark/wire"

// at is where a decoder's handler stands: whose bytes it was given last, and when each side spoke last.
type at struct {
	w     *Worker
	f     *flow
	heard [2]int64 // unix nanoseconds
}

func (a *at) stand(w *Worker, f *flow, dir wire.Dir) {
	a.w, a.f = w, f
	a.heard[dir] = w.clock
}

// took is the nanoseconds from the last word of the asking side to now: what an answer took, where one waits for the
// other.
func (a *at) took() uint64 {
	if t := a.heard[wire.ToServer]; t != 0 && a.w.clock > t {
		return uint64(a.w.clock - t)
	}
	return 0
}

// stateful is the decoder of a datagram flow that keeps state; nil when there is no room for it.
func (w *Worker) stateful(f *flow, app App) application {
	c := w.conversation(f)
	if c == nil {
		return nil
	}
	if c.app == nil {
		for i := range w.protocols {
			if w.protocols[i].app == app {
				c.app = w.application(i)
				w.beginFrames(f, c)
			}
		}
	}
	return c.app
}
