package event

// Encoded is a payload in the form in which it travels, kept to be told later. [Batch.Add] takes it in place of the payload that it
// was made of; it serves nothing else. Its zero value is ready for Encode.
type Encoded struct {
	kind Kind
	c    coder
}

// Encode copies p, in the memory that e has.
func (e *Encoded) Encode(p Payload) {
	e.kind = p.Kind()
	e.c.op, e.c.buf = opEncode, e.c.buf[:0]
	p.fields(&e.c)
}

// Kind is that of the payload.
func (e *Encoded) Kind() Kind { return e.kind }

// Size is how many bytes of memory e has.
func (e *Encoded) Size() int { return cap(e.c.buf) }

func (e *Encoded) fields(c *coder) {
	if c.op == opEncode {
		c.buf = append(c.buf, e.c.buf...)
	}
}

// Decode is the payload; nil where e holds none. It belongs to r, and holds until r reads another of its kind or e is encoded anew.
func (r *Reader) Decode(e *Encoded) Payload {
	to := r.bound(e.kind)
	if !to.read(e.c.buf) {
		return nil
	}
	return to.payload
}
