package dicom

import "encoding/binary"

// undefined is the length of a value that ends with a delimiter (PS3.5 §7.1.2).
const undefined = 0xFFFFFFFF

// Tags of items and delimiters (PS3.5 §7.5). They have no VR in any encoding.
const (
	itemTag        Tag = 0xFFFE_E000
	itemDelimiter  Tag = 0xFFFE_E00D
	sequenceDelims Tag = 0xFFFE_E0DD
)

// encoding is how a transfer syntax writes elements (PS3.5 annex A).
type encoding struct {
	explicit, big, deflated bool
	unknown                 bool // to be told from the first element
}

func encodingOf(transferSyntax string) encoding {
	switch transferSyntax {
	case "":
		return encoding{unknown: true}
	case "1.2.840.10008.1.2", "1.2.840.113619.5.2":
		return encoding{}
	case "1.2.840.10008.1.2.2":
		return encoding{explicit: true, big: true}
	case "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.4.95", "1.2.840.10008.1.2.4.205":
		return encoding{explicit: true, deflated: true}
	}
	return encoding{explicit: true} // all that compress pixel data (PS3.5 §A.4)
}

// walk goes through a data set as its bytes come, in whatever pieces, and keeps the listed elements of the outermost level.
type walk struct {
	encoding
	query bool // keep each attribute's tag and how it is asked for; go on behind the last listed element
	over  bool // nothing more is looked at

	head     [12]byte // the header being read
	have     int      // bytes of it that are there
	want     int      // bytes of it there are
	value    uint32   // bytes of the present value still to come
	keep     int      // the listed element that the value belongs to; -1 for none
	depth    int      // open sequences and items of undefined length
	plain    int      // depth at which a value of VR UN began, whose inside is implicit little endian (PS3.5 §6.2.2); 0 for none
	budget   int      // bytes that may still be walked
	first    bool     // no element was read yet
	arena    []byte   // the kept values, one behind the other
	begin    [len(kept)]uint16
	end      [len(kept)]uint16
	keys     []Key
	scan     bool // the present value is that of the last key
	fresh    bool // and none of it was seen
	wildcard bool // and asks with * or ?
	cut      bool
}

// maxDepth bounds nesting; deeper data sets are not met.
const maxDepth = 32

// start makes w ready for a data set, whose values go to arena.
func (w *walk) start(e encoding, query bool, arena []byte, keys []Key) {
	*w = walk{encoding: e, query: query, keep: -1, budget: maxWalk, first: true, arena: arena[:0], keys: keys[:0]}
}

// feed reads on.
func (w *walk) feed(p []byte) {
	for len(p) > 0 && !w.over {
		n := 0
		if w.value > 0 {
			n = w.readValue(p)
		} else {
			n = w.readHeader(p)
		}
		p = p[n:]
		if w.budget -= n; w.budget <= 0 && !w.over {
			w.stop(true)
		}
	}
}

func (w *walk) stop(cut bool) { w.over, w.cut = true, w.cut || cut }

// readValue takes what p holds of the present value.
func (w *walk) readValue(p []byte) int {
	n := int(min(uint64(w.value), uint64(len(p))))
	p = p[:n]
	if w.keep >= 0 {
		room := maxValue - (len(w.arena) - int(w.begin[w.keep]))
		w.arena = append(w.arena, p[:min(n, room)]...)
	}
	if w.scan {
		w.scan = !w.fresh || p[0] != 0xFE // a sequence: its items begin so
		w.fresh = false
		for i := 0; i < n && w.scan; i++ {
			w.wildcard = w.wildcard || p[i] == '*' || p[i] == '?'
		}
	}
	if w.value -= uint32(n); w.value == 0 {
		w.endValue()
	}
	return n
}

func (w *walk) endValue() {
	if w.keep >= 0 {
		w.end[w.keep] = uint16(len(w.arena))
		w.keep = -1
	}
	if w.wildcard {
		w.keys[len(w.keys)-1].Match = Wildcard
	}
	w.wildcard, w.scan = false, false
}

// readHeader takes what p holds of an element's tag, VR and length: 8 bytes, and 12 where the VR has a length of four
// bytes behind two reserved ones (PS3.5 §7.1.2).
func (w *walk) readHeader(p []byte) int {
	if w.have == 0 {
		w.want = 8
	}
	n := copy(w.head[w.have:w.want], p)
	if w.have += n; w.have == 8 && w.want == 8 && w.isLong() {
		w.want = 12
		m := copy(w.head[8:], p[n:])
		w.have += m
		n += m
	}
	if w.have == w.want {
		w.have = 0
		w.element()
	}
	return n
}

// isLong reports whether the header goes on behind its first 8 bytes.
func (w *walk) isLong() bool {
	if w.first {
		w.guess()
	}
	if w.implicit() || w.tag()>>16 == 0xFFFE {
		return false
	}
	switch string(w.head[4:6]) {
	case "OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV":
		return true
	}
	return false
}

func (w *walk) implicit() bool { return !w.explicit || w.plain > 0 && w.depth >= w.plain }

func (w *walk) order() binary.ByteOrder {
	if w.big && !w.implicit() {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func (w *walk) tag() Tag {
	if w.big && !w.implicit() {
		return Tag(binary.BigEndian.Uint32(w.head[:]))
	}
	return Tag(binary.LittleEndian.Uint16(w.head[:]))<<16 | Tag(binary.LittleEndian.Uint16(w.head[2:]))
}

// guess tells the encoding from the first element where it was not negotiated in sight, and mends what was negotiated
// where the data are otherwise, which devices do.
func (w *walk) guess() {
	w.first = false
	isVR := isVR(w.head[4], w.head[5])
	switch {
	case w.unknown:
		w.explicit = isVR
		w.big = isVR && w.head[0] == 0 && w.head[1] != 0
	case w.explicit && !isVR:
		w.explicit = false
	case !w.explicit && isVR && binary.LittleEndian.Uint32(w.head[4:]) > maxWalk:
		w.explicit = true
	}
}

func isVR(a, b byte) bool { return 'A' <= a && a <= 'Z' && 'A' <= b && b <= 'Z' }

// element acts on a complete header.
func (w *walk) element() {
	tag, n, undefinedOK := w.tag(), w.length(), true
	switch {
	case tag == itemDelimiter || tag == sequenceDelims:
		if w.depth--; w.depth < 0 {
			w.stop(true)
		}
		if w.depth < w.plain {
			w.plain = 0
		}
		return
	case tag == itemTag:
		if w.depth == 0 {
			w.stop(true)
			return
		}
	case w.depth == 0:
		undefinedOK = w.outermost(tag, n)
	}
	if w.over {
		return
	}
	if n != undefined {
		if w.value = n; n == 0 {
			w.endValue()
		}
		return
	}
	w.keep = -1
	if w.depth++; w.depth > maxDepth || !undefinedOK {
		w.stop(true)
	}
	if w.plain == 0 && !w.implicit() && tag != itemTag && string(w.head[4:6]) == "UN" {
		w.plain = w.depth
	}
}

func (w *walk) length() uint32 {
	order := w.order()
	switch {
	case w.want == 12:
		return order.Uint32(w.head[8:])
	case w.implicit(), w.tag()>>16 == 0xFFFE:
		return order.Uint32(w.head[4:])
	}
	return uint32(order.Uint16(w.head[6:]))
}

// outermost looks at an element of the data set itself. It reports whether the element may have an undefined length.
func (w *walk) outermost(tag Tag, n uint32) bool {
	if tag > kept[len(kept)-1] && !w.query {
		w.stop(false)
		return true
	}
	if w.query && len(w.keys) < maxKeys && tag&0xFFFF != 0 { // not a group length
		match := Single
		if n == 0 {
			match = Universal
		}
		w.keys = append(w.keys, Key{Tag: tag, Match: match})
		w.scan, w.fresh = n != undefined, true
	}
	w.keep = -1
	for i, k := range kept {
		if k == tag && w.end[i] == 0 {
			w.keep = i
			w.begin[i], w.end[i] = uint16(len(w.arena)), uint16(len(w.arena))
			return false
		}
	}
	return true
}

// elements hands over what was kept; ended says that the data set has come to its end.
func (w *walk) elements(e *Elements, ended bool) {
	if w.keep >= 0 { // the value is not all there
		w.end[w.keep] = uint16(len(w.arena))
	}
	*e = Elements{Keys: w.keys, Cut: w.cut || !ended || !w.over && (w.value > 0 || w.have > 0 || w.depth > 0)}
	if !w.query {
		e.Keys = nil
	}
	for i := range kept {
		if w.end[i] > w.begin[i] {
			*e.field(i) = trim(w.arena[w.begin[i]:w.end[i]:w.end[i]])
		}
	}
}
