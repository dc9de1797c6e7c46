package dicom

// distinct counts distinct values, up to maxDistinct. Two values whose hashes are equal count as one.
type distinct struct {
	slots []uint64 // open addressing; 0 is free
	n     int
	last  uint64 // the value before: objects of a series come one after the other
}

func (d *distinct) clear() {
	clear(d.slots)
	d.n, d.last = 0, 0
}

// add counts v, and reports false when it could not. An empty v is nothing.
func (d *distinct) add(v []byte) bool {
	if len(v) == 0 {
		return true
	}
	h := hash(v)
	if h == d.last || d.has(h) {
		d.last = h
		return true
	}
	if d.n == maxDistinct {
		return false
	}
	if (d.n+1)*2 > len(d.slots) {
		d.grow()
	}
	d.put(h)
	d.n++
	d.last = h
	return true
}

func (d *distinct) has(h uint64) bool {
	if len(d.slots) == 0 {
		return false
	}
	for i := h % uint64(len(d.slots)); d.slots[i] != 0; i = (i + 1) % uint64(len(d.slots)) {
		if d.slots[i] == h {
			return true
		}
	}
	return false
}

func (d *distinct) put(h uint64) {
	i := h % uint64(len(d.slots))
	for d.slots[i] != 0 {
		i = (i + 1) % uint64(len(d.slots))
	}
	d.slots[i] = h
}

func (d *distinct) grow() {
	old := d.slots
	d.slots = make([]uint64, max(16, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			d.put(h)
		}
	}
}

// hash is FNV-1a of 64 bits, never 0.
func hash(v []byte) uint64 {
	h := uint64(0xCBF29CE484222325)
	for _, b := range v {
		h = (h ^ uint64(b)) * 0x100000001B3
	}
	return h | 1
}
