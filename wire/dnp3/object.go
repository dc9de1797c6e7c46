package dnp3

// Object is a header of objects (§4.2.2.7) with what follows it.
type Object struct {
	Group, Variation uint8
	Qualifier        uint8
	Start, Stop      uint32 // where the qualifier has a range
	Count            uint32
	Whole            bool // its points, if it has any, could be told from what follows

	form   string
	points []byte
}

// Prefix and Range are the halves of the qualifier.
func (o *Object) Prefix() uint8 { return o.Qualifier >> 4 & 7 }
func (o *Object) Range() uint8  { return o.Qualifier & 15 }

// sized reports whether each point is preceded by its size.
func (o *Object) sized() bool { return o.Prefix() >= 4 && o.Prefix() <= 6 }

// maxPoints is how many points of one header are read.
const maxPoints = 1 << 14

// All yields the objects of a message: range m.All. One whose points cannot be told from what follows is the last, and is not whole.
// The requests that name objects without values have no points.
func (m *Message) All(yield func(Object) bool) {
	var o Object
	for b := m.Objects; len(b) > 0; {
		n := o.header(b)
		if n == 0 {
			o.Whole = false
			if len(b) >= 3 {
				yield(o)
			}
			return
		}
		b = b[n:]
		if o.Variation != 0 && o.Count != 0 && !m.bare() {
			n = o.measure(b)
			o.points, b = b[:n], b[n:]
		}
		if !yield(o) || !o.Whole {
			return
		}
	}
}

// Complete reports whether all objects of a message could be read.
func (m *Message) Complete() bool {
	for o := range m.All {
		if !o.Whole {
			return false
		}
	}
	return true
}

// fault is what is wrong with the objects of a message, of which it may have so many; 0: nothing.
func (m *Message) fault(most int) Faults {
	points := uint64(0)
	for o := range m.All {
		if !m.bare() {
			points += uint64(o.Count)
		}
		if most--; most < 0 {
			return TooManyObjects
		}
		if points > maxAllPoints {
			return TooManyPoints
		}
		if !o.Whole {
			return Unknown
		}
	}
	return 0
}

// bare reports whether the objects of a message have no values: those that are only named.
func (m *Message) bare() bool {
	switch m.Function {
	case Read, 7, 8, 9, 10, 20, 21, 22: // freeze, enable and disable unsolicited, assign class
		return true
	}
	return false
}

// header reads a header and its range, and returns how long they are; 0 when they end early.
func (o *Object) header(b []byte) int {
	if len(b) < 3 {
		return 0
	}
	*o = Object{Group: b[0], Variation: b[1], Qualifier: b[2], Whole: true}
	b = b[3:]
	size := 0
	switch o.Range() { // §4.2.2.7.3.2, table 4-5
	case 0, 3:
		size = 1
	case 1, 4:
		size = 2
	case 2, 5:
		size = 4
	case 6:
		return 3
	case 7, 0xb:
		size = -1
	case 8:
		size = -2
	case 9:
		size = -4
	default:
		return 0
	}
	if size < 0 {
		if len(b) < -size {
			return 0
		}
		o.Count = little(b[:-size])
		return 3 - size
	}
	if len(b) < 2*size {
		return 0
	}
	o.Start, o.Stop = little(b[:size]), little(b[size:2*size])
	o.Count = o.Stop - o.Start + 1
	return 3 + 2*size
}

// measure finds how many bytes the points take. Where their form is not known, it takes none and says so.
func (o *Object) measure(b []byte) int {
	if o.Group == 0 && o.Count == 1 && prefixSize(o.Prefix()) == 0 {
		n := attribute(b)
		o.Whole = n > 0
		return n
	}
	o.form = form(o.Group, o.Variation)
	if o.form == "" || o.Count > maxPoints {
		o.Whole = false
		return 0
	}
	if width := o.packedBits(); width > 0 {
		n := prefixSize(o.Prefix()) + (int(o.Count)*width+7)/8
		if n > len(b) {
			o.Whole = false
			return 0
		}
		return n
	}
	at := 0
	for range o.Count {
		var p Point
		n := p.read(o, b[at:])
		if n == 0 {
			o.Whole = false
			break
		}
		at += n
	}
	return at
}

// packedBits is how many bits a point takes that shares its byte with others; 0 for all others.
func (o *Object) packedBits() int {
	switch {
	case o.Group == 3 && o.Variation == 1:
		return 2
	case o.Variation == 1 && (o.Group == 1 || o.Group == 10 || o.Group == 80), o.Group == 12 && o.Variation == 3:
		return 1
	}
	return 0
}

// Point is one point: its place, and its values.
type Point struct {
	Prefix uint32 // index or size in front of it; 0 where the qualifier has none
	Index  uint32
	Size   uint32 // in bytes, where it is preceded by its size
	Sized  bool
	form   string
	data   []byte
	bits   uint8 // of a packed point
}

// Points yields the points of an object in the order sent: range o.Points.
func (o *Object) Points(yield func(Point) bool) {
	b := o.points
	if len(b) == 0 || o.Group == 0 {
		return
	}
	if width := o.packedBits(); width > 0 {
		o.unpack(b[prefixSize(o.Prefix()):], width, yield)
		return
	}
	var p Point
	for i := range o.Count {
		n := p.read(o, b)
		if n == 0 {
			return
		}
		p.Index, b = o.Start+i, b[n:]
		if !yield(p) {
			return
		}
	}
}

// unpack yields the points that share bytes.
func (o *Object) unpack(b []byte, width int, yield func(Point) bool) {
	p := Point{form: o.form}
	for i := range o.Count {
		bit := int(i) * width
		if bit/8 >= len(b) {
			return
		}
		p.Index, p.bits = o.Start+i, b[bit/8]>>(bit%8)&(1<<width-1)
		if !yield(p) {
			return
		}
	}
}

func prefixSize(code uint8) int {
	switch code {
	case 1, 4:
		return 1
	case 2, 5:
		return 2
	case 3, 6:
		return 4
	}
	return 0
}

// read takes the point at the beginning of b apart, and returns how long it is; 0 when it ends early.
func (p *Point) read(o *Object, b []byte) int {
	n := prefixSize(o.Prefix())
	if len(b) < n {
		return 0
	}
	*p = Point{Prefix: little(b[:n]), form: o.form}
	size := 0
	if o.sized() {
		p.Size, p.Sized = p.Prefix, true
		size = int(p.Size)
		if uint64(p.Size) > uint64(len(b)-n) {
			return 0
		}
		p.data = b[n : n+size]
	} else {
		p.data = b[n:]
		size = p.length()
		if size < 0 || size > len(p.data) || size == 0 {
			return 0
		}
		p.data = p.data[:size]
	}
	return n + size
}

// little is a number of up to four bytes, the lowest first.
func little(b []byte) (n uint32) {
	for i, v := range b {
		n |= uint32(v) << (8 * i)
	}
	return n
}

// Attribute is the value of an attribute of a device (group 0), where it is a text: a type, a length, the text.
func (o *Object) Attribute() []byte {
	if o.Group != 0 || len(o.points) < 2 || o.points[0] != 1 {
		return nil
	}
	return o.points[2:]
}

// attribute is how long the attribute at the beginning of b is; 0 when it ends early.
func attribute(b []byte) int {
	if len(b) < 2 || len(b) < 2+int(b[1]) {
		return 0
	}
	return 2 + int(b[1])
}
