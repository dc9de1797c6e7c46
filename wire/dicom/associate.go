package dicom

import (
	"encoding/binary"
	"slices"
)

// Types of items (PS3.8 §9.3.2 and §9.3.3, PS3.7 annex D).
const (
	applicationContext    = 0x10
	proposedContext       = 0x20
	answeredContext       = 0x21
	abstractSyntax        = 0x30
	transferSyntaxItem    = 0x40
	userInformation       = 0x50
	maximumLength         = 0x51
	implementationUID     = 0x52
	asynchronousWindow    = 0x53
	roleSelection         = 0x54
	implementationVersion = 0x55
	extendedNegotiation   = 0x56
	commonExtended        = 0x57
	userIdentity          = 0x58
)

// begin starts an association; one that is still open ends.
func (c *Conversation) begin(h Handler) {
	c.Close(h)
	c.clearAssociation()
	c.begun, c.ended, c.leaving = true, false, false
}

// beginMidstream starts an association whose beginning was not seen.
func (c *Conversation) beginMidstream() {
	if c.begun {
		return // what comes behind the end of an association was still on its way
	}
	c.clearAssociation()
	c.begun = true
	c.association.Midstream, c.association.State = true, Accepted
}

// end reports what is open and then the association.
func (c *Conversation) end(state State, h Handler) {
	for len(c.open) > 0 {
		c.report(c.open[0], h)
	}
	for i := range c.sides {
		c.sides[i].present, c.sides[i].walking = nil, false
	}
	c.association.State = state
	c.ended = true
	h.Association(&c.association)
}

// readFixed reads the fixed part of an A-ASSOCIATE PDU: version, called and calling title, reserved bytes. Those of an AC repeat what
// the request said, and need not be right (PS3.8 §9.3.3).
func (c *Conversation) readFixed(s *side, p []byte) (done, need int, err error) {
	if len(p) < 68 {
		return 0, 68, nil
	}
	if s.accepting && !c.begun {
		c.begun, c.ended = true, false
		c.clearAssociation()
		c.association.Midstream = true
	}
	if a := &c.association; a.CallingAE == "" && a.CalledAE == "" {
		a.CalledAE, a.CallingAE = string(trim(p[4:20])), string(trim(p[20:36]))
	}
	s.pdu -= 68
	s.state = atItem
	return 68, 0, nil
}

// readItem reads one item: a byte of type, a reserved byte, a length of two bytes. Presentation contexts and the user
// information hold items themselves, which are read one by one, so that no PDU is too long.
func (c *Conversation) readItem(s *side, p []byte) (done, need int, err error) {
	if s.pdu < 4 {
		return 0, 0, malformed("%d bytes behind the last item (PS3.8 §9.3.2)", s.pdu)
	}
	if len(p) < 4 {
		return 0, 4, nil
	}
	kind, n := p[0], uint32(binary.BigEndian.Uint16(p[2:]))
	room := s.pdu
	if s.item > 0 {
		room = s.item
	}
	if n+4 > room {
		return 0, 0, malformed("item %02X of %d bytes where %d are left (PS3.8 §9.3.2)", kind, n, room)
	}
	head := uint32(4)
	switch kind {
	case userInformation:
		s.enter(4, n, true)
		return 4, 0, nil
	case proposedContext, answeredContext:
		if n < 4 {
			return 0, 0, malformed("presentation context of %d bytes (PS3.8 §9.3.2.2)", n)
		}
		if len(p) < 8 {
			return 0, 8, nil
		}
		c.context(s, p[4:8])
		s.enter(8, n-4, false)
		return 8, 0, nil
	case userIdentity:
		head = min(head+1, n+4) // its kind alone is looked at
	default:
		if n <= maxItem {
			head += n
		} else {
			c.association.Cut = true
		}
	}
	if uint32(len(p)) < head {
		return 0, int(head), nil
	}
	c.item(s, kind, p[4:head])
	s.leave(n + 4)
	return int(n + 4), 0, nil
}

// enter goes into an item of n bytes behind a head that was read.
func (s *side) enter(head, n uint32, user bool) {
	s.pdu -= head
	s.item, s.user = n, user
}

// leave passes over n bytes.
func (s *side) leave(n uint32) {
	s.pdu -= n
	if s.item > 0 {
		s.item -= n
	}
}

// context begins a presentation context, or finds the one that is answered.
func (c *Conversation) context(s *side, p []byte) {
	a := &c.association
	s.context = p[0]
	pc := a.find(s.context)
	if pc == nil {
		if len(a.Contexts) == maxContexts {
			a.Cut = true
			return
		}
		pc = a.add(s.context)
	}
	if s.accepting {
		pc.Answered, pc.Result = true, p[2] // PS3.8 table 9-18
	}
}

func (a *Association) find(id uint8) *PresentationContext {
	for i := range a.Contexts {
		if a.Contexts[i].ID == id {
			return &a.Contexts[i]
		}
	}
	return nil
}

// add appends a context in the memory of one that was there before.
func (a *Association) add(id uint8) *PresentationContext {
	n := len(a.Contexts)
	a.Contexts = slices.Grow(a.Contexts, 1)[:n+1]
	pc := &a.Contexts[n]
	*pc = PresentationContext{ID: id, Proposed: pc.Proposed[:0]}
	return pc
}

// item acts on an item that holds no items.
func (c *Conversation) item(s *side, kind byte, v []byte) {
	a := &c.association
	switch kind {
	case applicationContext:
		a.ApplicationContext = c.names.of(v)
		return
	case abstractSyntax:
		if pc := a.find(s.context); pc != nil && !s.accepting {
			pc.AbstractSyntax = c.names.of(v)
		}
		return
	case transferSyntaxItem:
		c.transferSyntax(s, v)
		return
	}
	if s.user {
		user := &a.Requestor
		if s.accepting {
			user = &a.Acceptor
		}
		c.userItem(user, s.accepting, kind, v)
	}
}

func (c *Conversation) transferSyntax(s *side, v []byte) {
	pc := c.association.find(s.context)
	switch {
	case pc == nil:
	case s.accepting:
		if pc.Result == 0 { // PS3.8 §9.3.3.2: of a refused context it is not significant
			pc.TransferSyntax = c.names.of(v)
		}
	case c.syntaxes == maxSyntaxes:
		c.association.Cut = true
	default:
		c.syntaxes++
		pc.Proposed = append(pc.Proposed, c.names.of(v))
	}
}

// userItem acts on an item of the user information (PS3.7 annex D.3.3).
func (c *Conversation) userItem(u *User, accepting bool, kind byte, v []byte) {
	switch kind {
	case maximumLength:
		if len(v) >= 4 {
			u.MaxPDU = binary.BigEndian.Uint32(v)
		}
	case implementationUID:
		u.ImplementationUID = c.names.of(v)
	case implementationVersion:
		u.ImplementationVersion = string(trim(v[:min(len(v), maxUID)]))
	case asynchronousWindow:
		if len(v) >= 4 {
			u.Invoked, u.Performed, u.Window = binary.BigEndian.Uint16(v), binary.BigEndian.Uint16(v[2:]), true
		}
	case roleSelection:
		if len(v) < 4 || len(u.Roles) == maxRoles {
			return
		}
		if n := int(binary.BigEndian.Uint16(v)); n+4 <= len(v) {
			u.Roles = append(u.Roles, Role{SOPClass: c.names.of(v[2 : 2+n]), SCU: v[2+n] == 1, SCP: v[3+n] == 1})
		}
	case extendedNegotiation, commonExtended:
		u.Extended++
	case userIdentity:
		if len(v) >= 1 && !accepting {
			c.association.Identity = Identity(v[0])
		}
	}
}

// endAssociate acts on the end of an A-ASSOCIATE PDU, when it is there.
func (c *Conversation) endAssociate(s *side, h Handler) {
	if s.state != atItem || s.pdu > 0 {
		return
	}
	s.state = atPDU
	if s.accepting && !c.ended && c.association.State == Requested {
		c.association.State = Accepted
		h.Association(&c.association)
	}
}
