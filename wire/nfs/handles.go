package nfs

// handles keep the names of handles, in a ring: of too many the oldest is forgotten.
type handles struct {
	byHandle map[uint64]int // place in ring; nil as long as they are few
	ring     []named
	next     int
}

type named struct {
	handle, folder uint64
	name           []byte
}

// put keeps the name of a handle in a folder.
func (t *handles) put(pool *Pool, handle, folder uint64, name []byte) {
	if handle == 0 || len(name) == 0 || len(name) > MaxName || string(name) == "." || string(name) == ".." {
		return
	}
	if e := t.get(handle); e != nil {
		e.folder, e.name = folder, pool.Space.Append(e.name[:0], name)
		return
	}
	if l := len(t.ring); l < cap(t.ring) && l < MaxNames {
		t.ring = t.ring[:l+1] // with the memory of a name
		t.next = l
	} else if l < MaxNames {
		t.ring = pool.names.Add(t.ring, named{})
		t.next = l
	} else {
		t.next = (t.next + 1) % MaxNames
		delete(t.byHandle, t.ring[t.next].handle)
	}
	e := &t.ring[t.next]
	e.handle, e.folder, e.name = handle, folder, pool.Space.Append(e.name[:0], name)
	t.note()
}

// few is how many names are found without a map.
const few = 8

// note enters the handle that was put last, and all of them when they are few no longer.
func (t *handles) note() {
	switch {
	case t.byHandle != nil:
		t.byHandle[t.ring[t.next].handle] = t.next
	case len(t.ring) > few:
		t.byHandle = make(map[uint64]int)
		for i := range t.ring {
			t.byHandle[t.ring[i].handle] = i
		}
	}
}

// get is what is known of a handle; nil for one that was never named.
func (t *handles) get(handle uint64) *named {
	if t.byHandle != nil {
		if i, ok := t.byHandle[handle]; ok {
			return &t.ring[i]
		}
		return nil
	}
	for i := range t.ring {
		if t.ring[i].handle == handle {
			return &t.ring[i]
		}
	}
	return nil
}

// path appends the folders down to handle, each with a slash before it.
func (t *handles) path(dst []byte, handle uint64, depth int) []byte {
	e := t.get(handle)
	if e == nil || depth > maxDepth || len(dst) > MaxPath {
		return dst
	}
	dst = t.path(dst, e.folder, depth+1)
	return append(append(dst, '/'), e.name...)
}

func (t *handles) reset() {
	const kept = 32
	if len(t.ring) > kept {
		*t = handles{}
		return
	}
	clear(t.byHandle)
	t.ring, t.next = t.ring[:0], 0
}
