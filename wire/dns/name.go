package dns

const (
	maxLabel = 63
	// maxOctets is how much of an over-long name is read, in octets of the wire: 1025 characters. RFC 1035 §2.3.4
	// allows 255.
	maxOctets = 1026
	// maxHops is how many pointers one name may take. A name of 255 octets has at most 127 labels, and a pointer
	// that is of use comes after a label.
	maxHops = 127
)

// names renders names into one buffer and remembers where the last ones began, for most records of a message
// name their owner by a pointer to a name that was read already.
type names struct {
	buf   []byte
	known [8]known
	n     int // names remembered so far; the oldest is overwritten
}

type known struct {
	name []byte
	off  uint16 // where it begins in the message
	wire uint16 // its octets there, uncompressed
}

func (n *names) reset() {
	n.buf = n.buf[:0]
	n.n = 0
}

func (n *names) remember(off, wire int, name []byte) {
	if off > 0x3fff { // a pointer has 14 bits
		return
	}
	n.known[n.n%len(n.known)] = known{name: name, off: uint16(off), wire: uint16(wire)}
	n.n++
}

func (n *names) find(off int) *known {
	for i := range min(n.n, len(n.known)) {
		if int(n.known[i].off) == off {
			return &n.known[i]
		}
	}
	return nil
}

var root = []byte(".")

// name reads the name at off. next is the offset behind it.
func (m *Message) name(off int) (name []byte, next int, err error) {
	p := m.wire
	if off+1 < len(p) && p[off] >= 0xc0 {
		if k := m.names.find(int(p[off]&0x3f)<<8 | int(p[off+1])); k != nil {
			return k.name, off + 2, nil
		}
	}
	if len(m.names.buf) > maxScratch {
		return nil, off, ErrLarge
	}
	return m.readName(off)
}

// readName follows the labels and pointers from off and renders them.
func (m *Message) readName(off int) (name []byte, next int, err error) {
	p, buf := m.wire, m.names.buf
	start, at, octets, hops := len(buf), off, 0, 0
	next = -1 // known once the first pointer was met
	for {
		if at >= len(p) {
			return nil, off, ErrShort
		}
		n := int(p[at])
		if n == 0 {
			octets++
			at++
			break
		}
		if n >= 0xc0 {
			if at+1 >= len(p) {
				return nil, off, ErrShort
			}
			to := (n&0x3f)<<8 | int(p[at+1])
			if next < 0 {
				next = at + 2
			}
			if k := m.names.find(to); k != nil {
				buf = appendRest(buf, start, k)
				octets += int(k.wire)
				break
			}
			if hops++; hops > maxHops || to >= len(p) {
				return nil, off, ErrPointer
			}
			at = to
			continue
		}
		if n > maxLabel {
			return nil, off, ErrLabel
		}
		if at+1+n > len(p) {
			return nil, off, ErrShort
		}
		if fit := min(n, maxOctets-octets-1); fit > 0 {
			if len(buf) > start {
				buf = append(buf, '.')
			}
			buf = appendLabel(buf, p[at+1:at+1+fit])
		} else if next >= 0 {
			octets++ // what follows a pointer has no say in where the name ends here
			break
		}
		octets += 1 + n
		at += 1 + n
	}
	if next < 0 {
		next = at
	}
	m.names.buf = buf
	if octets > 255 {
		m.LongName = true
	}
	name = buf[start:len(buf):len(buf)]
	if len(name) == 0 {
		name = root
	}
	m.names.remember(off, min(octets, maxOctets), name)
	return name, next, nil
}

// appendRest appends a name read before to the labels that buf has from start.
func appendRest(buf []byte, start int, k *known) []byte {
	if k.wire <= 1 { // the root
		return buf
	}
	if len(buf) > start {
		buf = append(buf, '.')
	}
	return append(buf, k.name...)
}

// plain tells whether c stands for itself in presentation form (RFC 4343 §2.1).
func plain(c byte) bool { return c > ' ' && c < 0x7f && c != '.' && c != '\\' }

// appendLabel appends one label in presentation form.
func appendLabel(dst, label []byte) []byte {
	for i, c := range label {
		if !plain(c) {
			return appendEscaped(append(dst, label[:i]...), label[i:])
		}
	}
	return append(dst, label...)
}

func appendEscaped(dst, label []byte) []byte {
	for _, c := range label {
		switch {
		case plain(c):
			dst = append(dst, c)
		case c == '.' || c == '\\':
			dst = append(dst, '\\', c)
		default:
			dst = append(dst, '\\', '0'+c/100, '0'+c/10%10, '0'+c%10)
		}
	}
	return dst
}

// AppendUnescaped appends name with its escapes undone: the octets of the labels with a dot between them, as
// signatures look for them. A dot within a label can then no longer be told from one between labels.
func AppendUnescaped(dst, name []byte) []byte {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c != '\\' || i+1 >= len(name) {
			dst = append(dst, c)
			continue
		}
		if d := name[i+1]; d < '0' || d > '9' || i+3 >= len(name) {
			dst = append(dst, d)
			i++
			continue
		}
		dst = append(dst, (name[i+1]-'0')*100+(name[i+2]-'0')*10+name[i+3]-'0')
		i += 3
	}
	return dst
}
