package parse

// mostName is how long a name may be, without what separates its parts, to be compared with names like it.
const mostName = 64

// alike are fields by names that are written in many ways: without what separates their parts, in small letters.
type alike map[string]int32

// alike makes them of the names that stand for each field.
func (c *compiler) alike(all map[string][]string) alike {
	if len(all) == 0 {
		return nil
	}
	out := alike{}
	for _, target := range sortedKeys(all) {
		sym := c.symbol(target)
		for _, name := range append([]string{target}, all[target]...) {
			var plain [mostName]byte
			n := plainName(plain[:], name)
			if _, ok := out[string(plain[:n])]; !ok || name == target {
				out[string(plain[:n])] = sym
			}
		}
	}
	return out
}

// plainName writes a name without what separates its parts, in small letters; 0: it is too long.
func plainName(to []byte, name string) (n int) {
	for i := 0; i < len(name); i++ {
		b := name[i]
		switch {
		case 'A' <= b && b <= 'Z':
			b += 'a' - 'A'
		case 'a' <= b && b <= 'z' || '0' <= b && b <= '9':
		default:
			continue
		}
		if n == len(to) {
			return 0
		}
		to[n] = b
		n++
	}
	return n
}

// put makes the fields that the names read stand for: those that have the field's own name first, then those alike, by whole names and by
// their last parts (actor.client_ip). What has a value already keeps it.
func (a alike) put(r *Reader) {
	read := len(r.entries)
	for part := -1; part < 3; part++ {
		for i := range read {
			if e := &r.entries[i]; !e.made && !e.used {
				a.one(r, i, read, part)
			}
		}
	}
}

// one makes a field of an entry and of all others of its name, by that name without its first parts; -1: if it is the field's own.
func (a alike) one(r *Reader, from, read, without int) {
	e := r.entries[from]
	name, ok := lastParts(e.name, without)
	if !ok {
		return
	}
	var plain [mostName]byte
	sym, ok := a[string(plain[:plainName(plain[:], name)])]
	if !ok || without < 0 && sym != e.sym || r.made1(sym) != "" {
		return
	}
	for i := from; i < read; i++ {
		if r.entries[i].name != e.name {
			continue
		}
		v, ok := kindOf(r.set.names[sym]).of(r, r.entries[i].value)
		if !ok {
			return // nor are others looked at for each that is none
		}
		r.entries[i].used = true
		r.add(sym, v)
	}
}

// lastParts is a name whole (0 and less), without its first part (1), or its last part alone (2).
func lastParts(name string, without int) (string, bool) {
	if without <= 0 {
		return name, true
	}
	first, last := -1, -1
	for i := 0; i < len(name); i++ {
		if name[i] == '.' {
			if first < 0 {
				first = i
			}
			last = i
		}
	}
	switch {
	case first < 0, without == 2 && last == first:
		return "", false
	case without == 1:
		return name[first+1:], true
	}
	return name[last+1:], true
}
