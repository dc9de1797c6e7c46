package dcerpc

import (
	"slices"

	"bulwark/wire"
	"bulwark/wire/kerberos"
	"bulwark/wire/ntlm"
	"bulwark/wire/spnego"
)

// maxScan is how many bytes behind a gap are searched for the next message before the conversation is given up.
const maxScan = 4 << 20

// Conversation reads the messages of one connection or of one open pipe. The zero value is ready.
type Conversation struct {
	// Pool may be shared with other conversations; nil: it makes one of its own.
	Pool *Pool

	// Stubs keeps the arguments and results of calls, and tells of each side of a call by itself, as a *Side.
	Stubs bool

	sides    [2]side
	contexts []Context
	bind     Bind // the one that waits for its answer, if binding
	binding  bool
	waiting  []Call
	message  Message
	side     Side
	signOn   SignOn
	late     bool     // answers without requests wait to be told
	pending  bool     // a sign-on waits for what becomes of it
	security Security // of the binding
	level    Level    //

	// What most conversations need, so that short ones allocate nothing: one context, one call at a time, one text.
	room struct {
		contexts, asked [2]Context
		waiting         [1]Call
		texts           [3][]byte
		order           [64]byte
	}
}

// side is one direction.
type side struct {
	lost    bool // the place of the next message is not known
	scanned int
}

// Probe says whether p begins a conversation, and from which side.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) < headerSize {
		for i, b := range p[:min(len(p), 3)] {
			if i == 0 && b != 5 || i == 1 && b > 1 || i == 2 && Type(b) >= typeEnd {
				return wire.No, wire.Either
			}
		}
		return wire.Unsure, wire.Either
	}
	h, ok := parseHeader(p)
	if !ok {
		return wire.No, wire.Either
	}
	if h.kind.asks() {
		return wire.Yes, wire.ToServer
	}
	return wire.Yes, wire.ToClient
}

// Decode reads messages.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir&1]
	for done < len(p) {
		rest := p[done:]
		if s.lost {
			n, err := s.find(rest)
			done += n
			if s.lost || err != nil {
				return done, 0, err
			}
			continue
		}
		if len(rest) < headerSize {
			return done, headerSize, nil
		}
		head, ok := parseHeader(rest)
		if !ok {
			s.lost, s.scanned = true, 0
			continue
		}
		want := head.wanted()
		if c.Stubs && (head.kind == Request || head.kind == Response) {
			want = head.length
		}
		if len(rest) < want {
			return done, want, nil
		}
		if dir == wire.ToServer && c.late {
			c.tellLate(h)
		}
		c.read(&message{header: head, p: rest[:want]}, h)
		done += head.length
	}
	return done, 0, nil
}

// find looks for the next message and says how many bytes lie before it.
func (s *side) find(p []byte) (n int, err error) {
	for at := range max(0, len(p)-headerSize+1) {
		if _, ok := parseHeader(p[at:]); ok {
			s.lost = false
			return at, nil
		}
	}
	n = max(0, len(p)-headerSize+1)
	if s.scanned += n; s.scanned > maxScan {
		err = wire.ErrLost
	}
	return n, err
}

// Gap tells of lost bytes. The reading goes on at the next message that is found.
func (c *Conversation) Gap(dir wire.Dir, _ int) error {
	c.sides[dir&1] = side{lost: true}
	return nil
}

// Close reports what is open.
func (c *Conversation) Close(h Handler) {
	c.unbound(h)
	for len(c.waiting) > 0 {
		c.tell(0, h)
	}
	c.decide(false, false, h)
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	room := c.room // what the slices below may point to
	*c = Conversation{
		room: room, contexts: c.contexts[:0], waiting: c.waiting[:0], Pool: c.Pool, Stubs: c.Stubs, bind: Bind{Contexts: c.bind.Contexts[:0]},
		signOn: SignOn{client: c.signOn.client[:0], server: c.signOn.server[:0]},
	}
}

// read reads one message. What type it is says who sent it.
func (c *Conversation) read(m *message, h Handler) {
	switch m.kind {
	case BindType, AlterContext:
		c.ask(m, h)
	case BindAck, AlterContextResponse, BindNak:
		c.answer(m, h)
	case Auth3:
		c.prove(m)
		c.alone(m, h)
	case Request:
		c.request(m, h)
	case Response, FaultType:
		c.response(m, h)
	default:
		c.alone(m, h)
	}
}

// alone tells of a message that belongs to no call.
func (c *Conversation) alone(m *message, h Handler) {
	c.message = Message{ID: m.call, Type: m.kind}
	h.Record(&c.message)
}

// unbound tells of a binding that nobody has answered, or nobody was seen to ask for.
func (c *Conversation) unbound(h Handler) {
	if c.binding {
		c.binding = false
		h.Record(&c.bind)
	}
}

// tellLate tells of answers whose requests were not seen: now that the client goes on, they will not be any more.
func (c *Conversation) tellLate(h Handler) {
	c.late = false
	if c.bind.Answered {
		c.unbound(h)
	}
	for i := 0; i < len(c.waiting); {
		if x := &c.waiting[i]; x.Asked {
			i++
		} else {
			c.tell(i, h)
		}
	}
}

// ask reads a BIND or an ALTER_CONTEXT.
func (c *Conversation) ask(m *message, h Handler) {
	c.unbound(h)
	if cap(c.bind.Contexts) == 0 {
		c.bind.Contexts = c.room.asked[:0]
	}
	c.bind = Bind{ID: m.call, Asked: true, Alter: m.kind == AlterContext, Minor: m.minor, Contexts: m.asked(c.bind.Contexts[:0], &c.pool().contexts)}
	c.binding = true
	c.learn(c.bind.Contexts) // the answer may be lost
	c.prove(m)
	c.bind.Security, c.bind.Level = c.security, c.level
}

// answer reads what a server says to that.
func (c *Conversation) answer(m *message, h Handler) {
	b := &c.bind
	if !c.binding || b.ID != m.call {
		c.unbound(h)
		*b = Bind{ID: m.call, Alter: m.kind == AlterContextResponse, Minor: m.minor, Contexts: b.Contexts[:0]}
	}
	c.binding = !b.Asked
	c.late = c.late || !b.Asked
	b.Answered, b.Type = true, m.kind
	b.SignOn = c.who()
	if m.kind != BindNak {
		m.answered(b.Contexts)
		c.learn(b.Contexts)
		c.challenge(m)
	}
	if b.Asked {
		h.Record(b)
	}
	switch {
	case m.kind == BindNak:
		c.decide(true, true, h)
	case c.signOn.Mechanism == spnego.Kerberos:
		c.decide(true, false, h)
	}
}

// who has signed on; nil where nobody has.
func (c *Conversation) who() *SignOn {
	if c.signOn.Mechanism == spnego.None {
		return nil
	}
	return &c.signOn
}

// learn keeps the contexts of a binding for the calls that follow.
func (c *Conversation) learn(list []Context) {
	for _, x := range list {
		if cap(c.contexts) == 0 {
			c.contexts = c.room.contexts[:0]
		}
		if old := c.context(x.ID); old != nil {
			*old = x
		} else if len(c.contexts) < MaxContexts {
			c.contexts = c.pool().contexts.Add(c.contexts, x)
		}
	}
}

// context is the one with a number; nil when its binding was not seen.
func (c *Conversation) context(id uint16) *Context {
	for i := range c.contexts {
		if c.contexts[i].ID == id {
			return &c.contexts[i]
		}
	}
	return nil
}

// request reads a fragment of a REQUEST ([C706] 12.6.4.9).
func (c *Conversation) request(m *message, h Handler) {
	x := c.find(m.call)
	if x == nil || m.flags&firstFragment != 0 && x.Asked {
		if len(c.waiting) >= MaxWaiting {
			c.tell(0, h)
		}
		x = c.add()
		x.ID, x.Minor, x.ContextID, x.Op, x.Level = m.call, m.minor, m.u16(headerSize+4), m.u16(headerSize+6), c.level
		x.Asked = true
	}
	at := headerSize + 8
	if m.flags&hasObject != 0 {
		x.Object = m.uuid(at)
		at += 16
	}
	if x.Request.add(m, at) == 1 {
		if about := c.context(x.ContextID); about != nil && x.Level < 6 {
			x.read(about, m, at)
		}
	}
	c.turn(x, m, at, h)
}

// response reads a fragment of a RESPONSE ([C706] 12.6.4.10) or a FAULT (12.6.4.7).
func (c *Conversation) response(m *message, h Handler) {
	x := c.find(m.call)
	if x == nil {
		if len(c.waiting) >= MaxWaiting {
			c.tell(0, h)
		}
		x = c.add()
		x.ID, x.Minor, x.ContextID, x.Level = m.call, m.minor, m.u16(headerSize+4), c.level
	}
	x.Answered, x.Type = true, m.kind
	x.Response.add(m, headerSize+8)
	c.turn(x, m, headerSize+8, h)
	if m.kind == FaultType {
		x.Fault = Fault(m.u32(headerSize + 8))
	}
	if x.Response.whole || m.kind == FaultType {
		c.decide(true, m.kind == FaultType && x.Fault.refuses(), h)
		if !x.Asked {
			c.late = true
			return
		}
		for i := range c.waiting {
			if &c.waiting[i] == x {
				c.tell(i, h)
				return
			}
		}
	}
}

// add counts a fragment whose arguments begin at a place, and says how many there were.
func (p *Part) add(m *message, at int) uint32 {
	p.Fragments++
	p.Bytes += uint64(max(0, m.length-at))
	p.whole = p.whole || m.flags&lastFragment != 0
	return p.Fragments
}

// find is the call of a number that waits; nil when none does.
func (c *Conversation) find(id uint32) *Call {
	for i := range c.waiting {
		if c.waiting[i].ID == id {
			return &c.waiting[i]
		}
	}
	return nil
}

// add has a place for another call. What a place held before is used again.
func (c *Conversation) add() *Call {
	n := len(c.waiting)
	if cap(c.waiting) == 0 {
		c.room.waiting[0] = Call{Texts: c.room.texts[:0], order: c.room.order[:0]}
		c.waiting = c.room.waiting[:0]
	}
	if n < cap(c.waiting) {
		c.waiting = c.waiting[:n+1]
	} else {
		c.waiting = append(c.waiting, Call{})
	}
	x := &c.waiting[n]
	*x = Call{Texts: x.Texts[:0], order: x.order[:0], stubs: [2][]byte{x.stubs[0][:0], x.stubs[1][:0]}}
	return x
}

// tell reports the call at a place and takes it out.
func (c *Conversation) tell(i int, h Handler) {
	c.waiting[i].Context, c.waiting[i].SignOn = c.context(c.waiting[i].ContextID), c.who()
	h.Record(&c.waiting[i])
	gone := c.waiting[i]
	gone.trim()
	c.waiting = append(slices.Delete(c.waiting, i, i+1), gone)[:len(c.waiting)-1] // its buffers stay behind the end
}

// prove reads the client's token.
func (c *Conversation) prove(m *message) {
	s, l, token := m.verifier()
	if s == 0 {
		return
	}
	c.security, c.level = s, l
	if !c.parse(token) {
		return
	}
	o := &c.signOn
	o.client = c.Pool.Space.Grow(o.client, 64)
	switch {
	case c.Pool.Token.Inner == spnego.NTLM && c.Pool.Token.NTLM.Kind == ntlm.Authenticate:
		t := &c.Pool.Token.NTLM
		o.forget()
		o.Mechanism, o.ClientVersion = spnego.NTLM, t.Version
		o.Domain, o.User, o.Workstation = o.client.keep(t.Domain), o.client.keep(t.User), o.client.keep(t.Workstation)
	case c.Pool.Token.Inner == spnego.Kerberos && c.Pool.Token.Kerberos.Type == kerberos.APReq:
		t := &c.Pool.Token.Kerberos.Ticket
		o.forget()
		o.Mechanism = spnego.Kerberos
		o.Realm, o.Service, o.Ticket = o.client.keep(t.Realm), o.client.keep(t.Server.Name), t.Sealed
	default:
		return
	}
	o.Security, o.Level = s, l
	c.pending = true
}

// forget drops what an earlier token of the client has shown.
func (o *SignOn) forget() {
	o.User, o.Domain, o.Workstation, o.Realm, o.Service = nil, nil, nil, nil, nil
	o.ClientVersion, o.Ticket = ntlm.Version{}, kerberos.Sealed{}
	o.client = o.client[:0]
}

// challenge reads the server's token, which names it.
func (c *Conversation) challenge(m *message) {
	_, _, token := m.verifier()
	if len(token) == 0 || !c.parse(token) || c.Pool.Token.Inner != spnego.NTLM || c.Pool.Token.NTLM.Kind != ntlm.Challenge {
		return
	}
	o, t := &c.signOn, &c.Pool.Token.NTLM
	o.server = c.Pool.Space.Grow(o.server[:0], 128)
	o.ServerVersion = t.Version
	o.Server.NetBIOSComputer, o.Server.NetBIOSDomain = o.server.keep(t.Server.NetBIOSComputer), o.server.keep(t.Server.NetBIOSDomain)
	o.Server.DNSComputer, o.Server.DNSDomain = o.server.keep(t.Server.DNSComputer), o.server.keep(t.Server.DNSDomain)
	o.Server.DNSForest = o.server.keep(t.Server.DNSForest)
}

func (c *Conversation) parse(token []byte) bool {
	return spnego.Parse(token, c.pool().token()) == nil
}

// decide tells of a sign-on, if one waits.
func (c *Conversation) decide(decided, refused bool, h Handler) {
	if !c.pending {
		return
	}
	c.pending = false
	c.signOn.Decided, c.signOn.Refused = decided, refused
	h.Record(&c.signOn)
}
