package nfs

// handles keep the names of handles, in a ring: of too many the oldest is forgotten.
type handles struct {
	byHandle map[uint64]int // place in ring
	ring     []named
	next     int
}

type named struct {
	handle, folder uint64
	name           []byte
}

// put keeps the name of a handle in a folder.
func (t *handles) put(handle, folder uint64, name []byte) {
	if handle == 0 || len(name) == 0 || len(name) > MaxName || string(name) == "." || string(name) == ".." {
		return
	}
	if i, ok := t.byHandle[handle]; ok {
		t.ring[i].folder, t.ring[i].name = folder, append(t.ring[i].name[:0], name...)
		return
	}
	if t.byHandle == nil {
		t.byHandle = make(map[uint64]int)
	}
	if len(t.ring) < MaxNames {
		t.ring = append(t.ring, named{})
		t.next = len(t.ring) - 1
	} else {
		t.next = (t.next + 1) % MaxNames
		delete(t.byHandle, t.ring[t.next].handle)
	}
	e := &t.ring[t.next]
	e.handle, e.folder, e.name = handle, folder, append(e.name[:0], name...)
	t.byHandle[handle] = t.next
}

// get is what is known of a handle; nil for one that was never named.
func (t *handles) get(handle uint64) *named {
	if i, ok := t.byHandle[handle]; ok {
		return &t.ring[i]
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
