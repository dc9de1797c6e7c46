package http2

import "bulwark/wire"

// maxTable is how large a dynamic table grows, in bytes, whatever the peers agree on.
const maxTable = 64 << 10

// entryCost is what an entry of the table counts for beside its bytes (RFC 7541 §4.1).
const entryCost = 32

// table is the dynamic table of one direction (RFC 7541 §2.3.2). Its zero value is empty and has no room; see reset.
type table struct {
	bytes   []byte      // names and values of the entries, oldest first; what was evicted stands before from
	entries []entry     // oldest first
	from    int         // entries before it were evicted
	size    int         // as §4.1 counts
	limit   int         // what the sender chose
	allowed int         // what the receiver allows the sender to choose
	text    []byte      // scratch: texts decoded
	lost    bool        // entries were lost with bytes that were not seen
	space   *wire.Space // of text and bytes; it may be nil
}

type entry struct{ at, name, value int } // lengths of name and value

const defaultTable = 4096 // RFC 9113 §6.5.2

func (t *table) reset() {
	if cap(t.bytes) > keepBuffer {
		t.bytes = nil
	}
	*t = table{bytes: t.bytes[:0], entries: t.entries[:0], text: t.text[:0], space: t.space, limit: defaultTable, allowed: defaultTable}
}

// forget empties the table, whose contents are no longer known.
func (t *table) forget() {
	t.bytes, t.entries, t.from, t.size, t.lost = t.bytes[:0], t.entries[:0], 0, 0, true
}

// allow sets how large the sender may make the table.
func (t *table) allow(n int) {
	t.allowed = min(n, maxTable)
	if t.limit > t.allowed {
		t.resize(t.allowed)
	}
}

func (t *table) resize(n int) {
	t.limit = n
	t.evict(0)
}

// evict makes room for n bytes more (RFC 7541 §4.4).
func (t *table) evict(n int) {
	for t.from < len(t.entries) && t.size+n > t.limit {
		e := t.entries[t.from]
		t.size -= e.name + e.value + entryCost
		t.from++
	}
	if t.from == len(t.entries) {
		t.bytes, t.entries, t.from = t.bytes[:0], t.entries[:0], 0
	}
}

// add puts a field into the table.
func (t *table) add(name, value []byte) {
	n := len(name) + len(value) + entryCost
	t.evict(n)
	if n > t.limit {
		return // RFC 7541 §4.4: it empties the table
	}
	t.compact()
	if cap(t.entries) == 0 {
		t.entries, t.bytes = make([]entry, 0, 32), t.space.Grow(t.bytes, 2<<10)
	}
	t.entries = append(t.entries, entry{len(t.bytes), len(name), len(value)})
	t.bytes = append(append(t.bytes, name...), value...)
	t.size += n
}

// compact moves the entries to the front once more than half of what is held was evicted.
func (t *table) compact() {
	if t.from < 16 || 2*t.from < len(t.entries) {
		return
	}
	shift := t.entries[t.from].at
	t.bytes = t.bytes[:copy(t.bytes, t.bytes[shift:])]
	t.entries = t.entries[:copy(t.entries, t.entries[t.from:])]
	for i := range t.entries {
		t.entries[i].at -= shift
	}
	t.from = 0
}

// get is the field of an index (RFC 7541 §2.3.3).
func (t *table) get(index uint64) (name, value []byte, ok bool) {
	if index == 0 {
		return nil, nil, false
	}
	if index <= uint64(len(static)) {
		f := &static[index-1]
		return f.name, f.value, true
	}
	index -= uint64(len(static))
	if index > uint64(len(t.entries)-t.from) {
		return nil, nil, false
	}
	e := t.entries[len(t.entries)-int(index)]
	name = t.bytes[e.at : e.at+e.name : e.at+e.name]
	return name, t.bytes[e.at+e.name : e.at+e.name+e.value : e.at+e.name+e.value], true
}

// sink takes what a header block says. Name and value are valid during the call.
type sink interface {
	field(name, value []byte)
	resized(n int) // the sender chose another size of its table
}

// decode reads a header block (RFC 7541 §6). What refers to entries that were lost is left out. It returns what is
// odd about the block; what comes behind an error in it is not read.
func (t *table) decode(p []byte, s sink) Oddity {
	for len(p) > 0 {
		var o Oddity
		switch c := p[0]; {
		case c&0x80 != 0:
			p, o = t.indexed(p, s)
		case c&0xc0 == 0x40:
			p, o = t.literal(p, 6, true, s)
		case c&0xe0 == 0x20:
			p, o = t.update(p, s)
		default: // not to be indexed, or never
			p, o = t.literal(p, 4, false, s)
		}
		if o != 0 {
			return o
		}
	}
	return 0
}

func (t *table) indexed(p []byte, s sink) ([]byte, Oddity) {
	i, p, o := integer(p, 7)
	if o != 0 {
		return p, o
	}
	name, value, ok := t.get(i)
	switch {
	case ok:
		s.field(name, value)
	case !t.lost:
		return p, InvalidHeader
	}
	return p, 0
}

func (t *table) update(p []byte, s sink) ([]byte, Oddity) {
	n, p, o := integer(p, 5)
	if o != 0 {
		return p, o
	}
	s.resized(int(min(n, 1<<31)))
	t.resize(int(min(n, maxTable)))
	return p, 0
}

// literal reads a field whose name may be in the table, and whose value is not.
func (t *table) literal(p []byte, bits int, keep bool, s sink) ([]byte, Oddity) {
	i, p, o := integer(p, bits)
	if o != 0 {
		return p, o
	}
	t.text = t.text[:0]
	known := true
	if i == 0 {
		p, o = t.string(p)
	} else {
		var name []byte
		if name, _, known = t.get(i); !known && !t.lost {
			return p, InvalidHeader
		}
		t.text = t.space.Append(t.text, name)
	}
	if o != 0 {
		return p, o
	}
	n := len(t.text)
	if p, o = t.string(p); o != 0 {
		return p, o
	}
	name, value := t.text[:n:n], t.text[n:]
	if known {
		s.field(name, value)
	}
	if keep {
		t.add(name, value)
	}
	return p, 0
}

// string appends a text to the scratch (RFC 7541 §5.2).
func (t *table) string(p []byte) ([]byte, Oddity) {
	if len(p) == 0 {
		return p, InvalidHeader
	}
	coded := p[0]&0x80 != 0
	n, p, o := integer(p, 7)
	if o != 0 {
		return p, o
	}
	if n > uint64(len(p)) {
		return p, InvalidHeader
	}
	if !coded {
		t.text = t.space.Append(t.text, p[:n])
		return p[n:], 0
	}
	var ok bool
	if t.text, ok = appendHuffman(t.space.Grow(t.text, longest(int(n))), p[:n]); !ok {
		return p, InvalidHeader
	}
	return p[n:], 0
}

// integer reads a number that begins in the low bits of the first byte (RFC 7541 §5.1).
func integer(p []byte, bits int) (n uint64, rest []byte, o Oddity) {
	mask := uint64(1)<<bits - 1
	n, p = uint64(p[0])&mask, p[1:]
	if n < mask {
		return n, p, 0
	}
	for shift := 0; len(p) > 0; shift += 7 {
		c := p[0]
		p = p[1:]
		if shift > 28 {
			return 0, p, IntegerOverflow
		}
		n += uint64(c&0x7f) << shift
		if c&0x80 == 0 {
			return n, p, 0
		}
	}
	return 0, p, InvalidHeader
}
