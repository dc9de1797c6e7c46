package engine

import (
	"slices"

	"bulwark/wire"
)

// ordered is a carried file whose parts stand at their places and may come in any order: what is early is held back,
// within bounds, until what comes before it is there.
type ordered struct {
	file carried
	w    *Worker
	next uint64 // bytes before it were handed on or given up
	held []part // in order
	size int    // bytes in held
}

type part struct {
	at   uint64
	data []byte
}

const (
	maxHeldFile  = 8 << 20  // bytes held back of a file
	maxHeldFiles = 64 << 20 // and of all of a worker
	maxParts     = 64
)

func (o *ordered) open(w *Worker, f *flow, dir wire.Dir, about fileFacts) {
	o.reset()
	o.w = w
	o.file.open(w, f, dir, about)
}

func (o *ordered) isOpen() bool { return o.file.isOpen() }

// write takes bytes at a place of the file; early says that those before them are on their way.
func (o *ordered) write(at uint64, p []byte, early bool) {
	if !o.isOpen() {
		return
	}
	if at > o.next {
		if early && o.hold(at, p) {
			return
		}
		o.flush()
	}
	o.pass(at, p)
	for len(o.held) > 0 && o.held[0].at <= o.next {
		o.shift()
	}
}

// pass hands bytes on.
func (o *ordered) pass(at uint64, p []byte) {
	o.file.seek(int64(at & (1<<62 - 1)))
	o.file.write(p)
	o.next = max(o.next, at+uint64(len(p)))
}

// hold keeps a copy of bytes that are early, if there is room.
func (o *ordered) hold(at uint64, p []byte) bool {
	if o.size+len(p) > maxHeldFile || o.w.files.held+len(p) > maxHeldFiles {
		return false
	}
	i, _ := slices.BinarySearchFunc(o.held, at, func(h part, at uint64) int {
		if h.at <= at {
			return -1
		}
		return 1
	})
	switch {
	case i > 0 && o.held[i-1].at+uint64(len(o.held[i-1].data)) == at:
		o.held[i-1].data = append(o.held[i-1].data, p...)
	case len(o.held) == maxParts:
		return false
	default:
		o.held = slices.Insert(o.held, i, part{at, append([]byte(nil), p...)})
	}
	o.size += len(p)
	o.w.files.held += len(p)
	return true
}

// shift hands on the first of what is held.
func (o *ordered) shift() {
	h := o.held[0]
	o.held = slices.Delete(o.held, 0, 1)
	o.size -= len(h.data)
	o.w.files.held -= len(h.data)
	o.pass(h.at, h.data)
}

// flush hands on all that is held, as it is.
func (o *ordered) flush() {
	for len(o.held) > 0 {
		o.shift()
	}
}

// close tells of the file; see [carried.close].
func (o *ordered) close(tx uint64, complete bool) {
	if !o.isOpen() {
		return
	}
	o.flush()
	o.file.number(tx)
	o.file.close(complete)
	o.reset()
}

// reset forgets the file without a word.
func (o *ordered) reset() {
	o.file.reset()
	if o.w != nil {
		o.w.files.held -= o.size
	}
	clear(o.held)
	*o = ordered{held: o.held[:0]}
}
