package engine

import "bulwark/wire"

// nested drives the decoder of a protocol that stands in the packets of another.
type nested struct {
	app     application
	kind    App
	pending [2][]byte
	need    [2]int
	skip    [2]int
	ended   bool
}

// feed hands over the next bytes of a direction. What the decoder does not take yet waits, within what a stream may keep.
func (n *nested) feed(w *Worker, f *flow, kind App, dir wire.Dir, p []byte) {
	if n.ended {
		return
	}
	if n.app == nil {
		if n.app, n.kind = w.applicationOf(kind), kind; n.app == nil {
			n.ended = true
			return
		}
		w.apps[kind].Flows++
	}
	if k := min(n.skip[dir], len(p)); k > 0 {
		n.skip[dir], p = n.skip[dir]-k, p[k:]
	}
	n.pending[dir] = append(n.pending[dir], p...)
	q := n.pending[dir]
	if len(q) == 0 || len(q) < n.need[dir] {
		return
	}
	done, need, err := n.app.decode(w, f, dir, q)
	if err != nil || len(q)-done > wire.MaxPending {
		n.ended = true
		return
	}
	n.skip[dir], n.need[dir] = max(done-len(q), 0), need
	n.pending[dir] = q[:copy(q, q[min(done, len(q)):])]
}

// close lets the decoder tell what is open, and hands it back.
func (n *nested) close(w *Worker, f *flow) {
	if n.app != nil {
		n.app.close(w, f)
		n.app.reset()
		w.retire(n.app, n.kind)
	}
	*n = nested{pending: [2][]byte{n.pending[0][:0], n.pending[1][:0]}, ended: true}
}

// reset makes n ready for another protocol; it was closed.
func (n *nested) reset() {
	*n = nested{pending: [2][]byte{n.pending[0][:0], n.pending[1][:0]}}
}
