package bacnet

// The services that are read (§21).
const (
	iAm               = 0
	iHave             = 1
	whoHas            = 7
	whoIs             = 8
	readProperty      = 12
	readMultiple      = 14
	writeProperty     = 15
	writeMultiple     = 16
	communicationStop = 17
	reinitialize      = 20
	atomicRead        = 6
	atomicWrite       = 7
	createObject      = 10
	deleteObject      = 11
)

// body reads the tags of the services that tell who is there and what is done.
func (m *Message) body(r *reader) {
	switch m.PDU {
	case UnconfirmedRequest:
		m.unconfirmed(r)
	case ConfirmedRequest:
		m.confirmed(r)
	case ComplexAck:
		switch m.Service {
		case readProperty:
			m.property(r, 3)
		case readMultiple:
			m.multiple(r, 2, 4)
		}
	case Error:
		if m.Service == writeMultiple { // the error is enclosed
			if t, ok := r.peek(); ok && t.open {
				r.next()
			}
		}
		if t, ok := r.next(); ok {
			m.ErrorClass = uint32(t.unsigned())
		}
		if t, ok := r.next(); ok {
			m.ErrorCode = uint32(t.unsigned())
		}
	}
}

func (m *Message) unconfirmed(r *reader) {
	switch m.Service {
	case iAm:
		m.object(r)
		r.next() // length accepted
		r.next() // segmentation
		if t, ok := r.next(); ok {
			m.Vendor, m.HasVendor = uint16(t.unsigned()), true
		}
	case iHave:
		r.next() // the device
		m.object(r)
		if t, ok := r.next(); ok && t.number == tagText {
			m.Name = m.characters(&t)
		}
	case whoIs:
		m.ranged(r)
	case whoHas:
		m.ranged(r)
		if t, ok := r.context(2); ok {
			m.Object, m.HasObject = t.object()
		}
		if t, ok := r.context(3); ok {
			m.Name = m.characters(&t)
		}
	}
}

func (m *Message) ranged(r *reader) {
	if low, ok := r.context(0); ok {
		high, _ := r.context(1)
		m.Low, m.High, m.Ranged = uint32(low.unsigned()), uint32(high.unsigned()), true
	}
}

func (m *Message) confirmed(r *reader) {
	switch m.Service {
	case readProperty, writeProperty:
		m.property(r, 3)
	case readMultiple:
		m.multiple(r, 0, 0)
	case writeMultiple:
		m.multiple(r, 0, 2)
	case communicationStop:
		r.context(0) // for how long
		if t, ok := r.context(1); ok {
			m.State, m.HasState = uint32(t.unsigned()), true
		}
		_, m.Password = r.context(2)
	case reinitialize:
		if t, ok := r.context(0); ok {
			m.State, m.HasState = uint32(t.unsigned()), true
		}
		_, m.Password = r.context(1)
	case atomicRead, atomicWrite, deleteObject:
		m.object(r)
	case createObject:
		if t, ok := r.next(); ok && t.open {
			if t, ok := r.next(); ok && t.number == 1 {
				m.Object, m.HasObject = t.object()
			} else if ok {
				m.Object, m.HasObject = Object{Type: uint16(t.unsigned())}, true
			}
		}
	}
}

// object reads an object identifier that comes next.
func (m *Message) object(r *reader) {
	if t, ok := r.next(); ok && (t.number == tagObject || t.context) {
		m.Object, m.HasObject = t.object()
	}
}

// property reads the object and the property that a message is about, and its value enclosed in the tag given (§15.5, §15.9).
func (m *Message) property(r *reader, value uint8) {
	t, ok := r.context(0)
	if !ok {
		return
	}
	m.Object, m.HasObject = t.object()
	if t, ok = r.context(1); !ok || !m.HasObject {
		return
	}
	p := Property{Object: m.Object, ID: uint32(t.unsigned())}
	r.context(2) // index of an array
	if t, ok := r.peek(); ok && t.open && t.number == value {
		r.next()
		m.value(r, &p)
	}
	m.Properties = append(m.Properties, p)
}

// multiple reads lists of properties of several objects (§15.7, §15.10): each object in tag 0, its list enclosed in tag
// 1, each property in tag of, its value enclosed in tag value.
func (m *Message) multiple(r *reader, of, value uint8) {
	for {
		t, ok := r.context(0)
		if !ok {
			return
		}
		object, ok := t.object()
		if t, more := r.next(); !ok || !more || !t.open {
			return
		}
		if !m.HasObject {
			m.Object, m.HasObject = object, true
		}
		if !m.list(r, object, of, value) {
			return
		}
	}
}

// list reads the properties of one object up to the tag that closes them.
func (m *Message) list(r *reader, object Object, of, value uint8) bool {
	for {
		t, ok := r.next()
		switch {
		case !ok:
			return false
		case t.close:
			return true
		case t.open: // an error in place of a value, or one that nobody reads
			r.skip()
			continue
		case t.number != of || !t.context:
			continue
		}
		p := Property{Object: object, ID: uint32(t.unsigned())}
		r.context(of + 1) // index of an array
		if t, ok := r.peek(); ok && t.open && t.number == value && value != 0 {
			r.next()
			m.value(r, &p)
		}
		if len(m.Properties) < maxProperties {
			m.Properties = append(m.Properties, p)
		}
	}
}

// value reads the first value behind an opening tag, and passes over the rest up to the tag that closes it.
func (m *Message) value(r *reader, p *Property) {
	t, ok := r.peek()
	if ok && !t.context {
		switch t.number {
		case tagText:
			p.Kind, p.Text = Text, m.characters(&t)
		case tagUnsigned, tagEnumerated, tagSigned:
			p.Kind, p.Number = Number, t.unsigned()
		case tagBoolean:
			p.Kind, p.Number = Number, uint64(t.value)
		}
	}
	r.skip()
}

// skip passes over everything up to the tag that closes what is open.
func (r *reader) skip() {
	for depth := 1; depth > 0; {
		t, ok := r.next()
		if !ok {
			return
		}
		if t.open {
			depth++
		}
		if t.close {
			depth--
		}
	}
}
