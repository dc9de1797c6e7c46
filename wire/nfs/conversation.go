package nfs

import (
	"encoding/binary"
	"slices"

	"bulwark/wire"
)

// maxScan is how many bytes behind a gap are searched for the next message before the conversation is given up.
const maxScan = 16 << 20

// Conversation reads the messages of one flow, over TCP or UDP. The zero value is ready.
type Conversation struct {
	// Pool may be shared with other conversations; nil: it makes one of its own.
	Pool *Pool

	sides   [2]side
	waiting []*waiting
	spare   []*waiting
	names   handles
	files   []*File
	free    []*File
	pieces  Piece
	scratch []byte
}

// waiting is a call without its answer.
type waiting struct {
	call Call
	// Version 4: the operations' outcome is told of the one that says most.
	folder uint64 // where Name is
	make   bool   // it makes or looks up Name, whose handle the answer gives
	steps  uint8  // names that lead one to the next; the last is Name
	within bool   // the operation that follows is about what Name leads to
	main   bool   // an operation that says most was met
	reads  bool
}

// side is one direction.
type side struct {
	dir     wire.Dir
	left    int  // bytes of the present fragment that are not done
	last    bool // of the message
	open    bool // the head of the message was read: what is left is content, or of no interest
	lost    bool // the place of the next message is not known
	scanned int
	content content
}

// content is what the message in hand of a side carries.
type content struct {
	file   *File
	offset uint64
	left   int
	lost   int
	ends   bool // the file is done with behind it
	early  bool
}

// told is the handler in its forms; c and p are nil when it does not want these.
type told struct {
	h Handler
	c CallHandler
	p ContentHandler
}

func tell(h Handler) told {
	c, _ := h.(CallHandler)
	p, _ := h.(ContentHandler)
	return told{h, c, p}
}

// Decode reads messages over TCP.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir&1]
	s.dir = dir & 1
	to := tell(h)
	for done < len(p) {
		if s.lost {
			n, err := c.find(s, p[done:])
			done += n
			if s.lost || err != nil {
				return done, 0, err
			}
		}
		n, need := c.step(s, p[done:], to)
		done += n
		if need > 0 {
			return done, need, nil
		}
	}
	return done, 0, nil
}

// step reads a record mark, the head of a message, or a part of what it carries.
func (c *Conversation) step(s *side, p []byte, to told) (n, need int) {
	switch {
	case s.left == 0:
		return c.mark(s, p)
	case s.open && s.content.left > 0:
		n = min(len(p), s.content.left, s.left)
		s.left -= n
		c.piece(s, p[:n], to)
		c.close(s, to)
		return n, 0
	case s.open:
		n, s.left = s.left, 0
		c.close(s, to)
		return n, 0
	}
	want := min(s.left, c.wanted(p))
	if len(p) < want {
		return 0, want
	}
	at := c.message(s, p[:want], to)
	s.open = true
	if s.content.left == 0 {
		at = s.left
	}
	at = min(at, s.left)
	s.left -= at
	c.close(s, to)
	return at, 0
}

// close ends a message whose last byte is done.
func (c *Conversation) close(s *side, to told) {
	if s.left > 0 || !s.last {
		return
	}
	s.open = false
	if x := s.content; x.file != nil && x.ends {
		s.content = content{}
		c.endFile(x.file, true, to)
		return
	}
	s.content = content{}
}

// mark reads a record mark.
func (c *Conversation) mark(s *side, p []byte) (n, need int) {
	if len(p) < 4 {
		return 0, 4
	}
	mark := binary.BigEndian.Uint32(p)
	length := int(mark &^ uint32(lastMark))
	if length > maxMark || !s.open && length < minSize {
		s.lose()
		return 1, 0
	}
	s.left, s.last = length, mark&lastMark != 0
	return 4, 0
}

func (s *side) lose() {
	s.lost, s.left, s.open, s.scanned, s.content = true, 0, false, 0, content{}
}

// wanted is how many bytes of a message must be there to read it: what is read or written goes on behind.
func (c *Conversation) wanted(p []byte) int {
	const heads, lists = 4096, 32 << 10
	if len(p) < headSize {
		return headSize
	}
	if binary.BigEndian.Uint32(p[4:]) != reply {
		return heads
	}
	r := c.find1(binary.BigEndian.Uint32(p))
	if r == nil {
		return headSize
	}
	if v := &r.call; v.Program == NFS && v.Version == 3 && v.Procedure == 17 { // READDIRPLUS
		return lists
	}
	return heads
}

// find looks for the next message and says how many bytes lie before it.
func (c *Conversation) find(s *side, p []byte) (n int, err error) {
	const enough = 4 + headSize
	for at := range max(0, len(p)-enough+1) {
		if c.begins(s, p[at:]) {
			s.lost = false
			return at, nil
		}
	}
	n = max(0, len(p)-enough+1)
	if s.scanned += n; s.scanned > maxScan {
		err = wire.ErrLost
	}
	return n, err
}

// begins says whether a message begins at p: a call of a known program, or the answer to a call that waits.
func (c *Conversation) begins(s *side, p []byte) bool {
	mark := binary.BigEndian.Uint32(p)
	if mark&lastMark == 0 || mark&^uint32(lastMark) < minSize || mark&^uint32(lastMark) > maxMark {
		return false
	}
	if binary.BigEndian.Uint32(p[8:]) == reply {
		return c.find1(binary.BigEndian.Uint32(p[4:])) != nil
	}
	match, _, program := looks(p[4:])
	return match == wire.Yes && program != 0
}

// find1 is the call of a number that waits; nil when none does.
func (c *Conversation) find1(xid uint32) *waiting {
	for _, r := range c.waiting {
		if r.call.XID == xid {
			return r
		}
	}
	return nil
}

// Datagram reads a message over UDP.
func (c *Conversation) Datagram(dir wire.Dir, p []byte, h Handler) error {
	if len(p) < minSize {
		return wire.ErrMalformed
	}
	s := side{dir: dir & 1, left: len(p), last: true}
	to := tell(h)
	at := c.message(&s, p, to)
	if x := &s.content; x.left > 0 {
		x.left = min(x.left, max(0, len(p)-at))
		c.piece(&s, p[at:at+x.left], to)
	}
	s.left = 0
	c.close(&s, to)
	return nil
}

// message reads a message and says where the content in it begins.
func (c *Conversation) message(s *side, p []byte, to told) (at int) {
	x := xdr{p: p}
	xid := x.u32()
	if x.u32() == reply {
		return c.answer(s, xid, &x, to)
	}
	return c.ask(s, xid, &x, to)
}

// ask reads a call (RFC 5531 §9).
func (c *Conversation) ask(s *side, xid uint32, x *xdr, to told) (at int) {
	if version := x.u32(); version != 2 {
		return 0
	}
	r := c.find1(xid)
	switch {
	case r != nil: // sent again
		r.renew()
	case len(c.waiting) >= MaxWaiting:
		c.unanswered(to)
		fallthrough
	default:
		r = c.add()
	}
	v := &r.call
	v.XID, v.Asked, v.Program, v.Version, v.Procedure = xid, true, x.u32(), x.u32(), x.u32()
	v.Who.read(x)
	x.u32()
	x.opaque(maxAuth) // the verifier
	switch {
	case v.Who.Flavor == AuthGSS && v.Who.GSS != GSSData:
		if v.Who.GSS == GSSInit || v.Who.GSS == GSSContinue {
			c.ticket(x, r)
		}
	case !v.Who.unwrap(x):
	case v.Program == NFS:
		switch v.Version {
		case 2:
			c.ask2(s, r, x, to)
		case 3:
			c.ask3(s, r, x, to)
		case 4:
			c.ask4(s, r, x, to)
		}
	case v.Program == Mount:
		if v.Procedure == 1 || v.Procedure == 3 { // MNT, UMNT
			v.Path = v.keep(x.opaque(MaxPath))
		}
	case v.Program == PortMapper:
		if v.Procedure == 3 { // GETPORT, GETADDR
			v.Target = x.u32()
		}
	}
	return x.at
}

// answer reads a reply (RFC 5531 §9).
func (c *Conversation) answer(s *side, xid uint32, x *xdr, to told) (at int) {
	r := c.find1(xid)
	if r == nil {
		return 0
	}
	v := &r.call
	v.Answered = true
	if x.u32() != 0 {
		v.Denied = true
		if x.u32() == 1 {
			v.Auth = x.u32()
		}
	} else {
		x.u32()
		x.opaque(maxAuth)
		v.Accept = x.u32()
		if v.Accept == 0 && !(v.Who.Flavor == AuthGSS && v.Who.GSS != GSSData) && v.Who.unwrap(x) {
			c.results(s, r, x, to)
		}
	}
	c.done(r, to)
	return x.at
}

// results reads what a procedure answers.
func (c *Conversation) results(s *side, r *waiting, x *xdr, to told) {
	switch v := &r.call; {
	case v.Program == NFS && v.Procedure == 0 && v.Version < 4:
	case v.Program == NFS:
		switch v.Version {
		case 2:
			c.answer2(s, r, x, to)
		case 3:
			c.answer3(s, r, x, to)
		case 4:
			c.answer4(s, r, x, to)
		}
	case v.Program == Mount:
		if v.Procedure == 1 {
			v.Status = x.u32()
		}
	case v.Program == PortMapper:
		if v.Procedure == 3 {
			v.Port = portOf(v.Version, x)
		}
	}
}

// portOf reads the answer of a port mapper: a port (RFC 1833 §3.2), or an address as text whose last two numbers are
// the port (§2.2, RFC 5665 §5.2.3.4).
func portOf(version uint32, x *xdr) (port uint32) {
	if version == 2 {
		return x.u32()
	}
	low, n, dots := uint32(0), uint32(0), 0
	for _, b := range x.opaque(MaxName) {
		switch {
		case b == '.':
			dots++
			low, n = n, 0
		case '0' <= b && b <= '9' && n < 1000:
			n = 10*n + uint32(b-'0')
		}
	}
	if dots < 2 || low > 255 || n > 255 {
		return 0
	}
	return low<<8 | n
}

// add has a place for another call.
func (c *Conversation) add() *waiting {
	var r *waiting
	if n := len(c.spare); n > 0 {
		r, c.spare = c.spare[n-1], c.spare[:n-1]
	} else {
		r = c.pool().calls.Fresh()
		r.call.space, r.call.Who.machine = c.Pool.Space, c.Pool.Space.Grow(nil, 32)
	}
	r.renew()
	c.waiting = c.pool().callLists.Add(c.waiting, r)
	return r
}

// renew makes r ready for another call; it keeps its buffers.
func (r *waiting) renew() {
	*r = waiting{call: Call{space: r.call.space, text: r.call.text[:0], Who: Credentials{machine: r.call.Who.machine[:0]}}}
}

// done tells of a call that is over and takes it out.
func (c *Conversation) done(r *waiting, to told) {
	i := slices.Index(c.waiting, r)
	c.waiting = slices.Delete(c.waiting, i, i+1)
	c.tellCall(r, to)
	c.spare = c.pool().callLists.Add(c.spare, r)
}

// unanswered takes the oldest call out.
func (c *Conversation) unanswered(to told) { c.done(c.waiting[0], to) }

// tellCall hands a call over: all to who wants them, else those that change or list something.
func (c *Conversation) tellCall(r *waiting, to told) {
	v := &r.call
	c.complete(r)
	if to.c != nil {
		to.c.Call(v)
		return
	}
	if v.Denied || v.Accept != 0 || telling(v) {
		to.h.Record(v)
	}
}

// telling says whether a call changes or lists something.
func telling(v *Call) bool {
	switch v.Program {
	case Mount:
		return v.Procedure != 0
	case PortMapper:
		return v.Procedure == 3 || v.Procedure == 4 || v.Procedure == 5
	case NFS:
	default:
		return false
	}
	switch v.Version {
	case 2:
		return v.Procedure >= 9 && v.Procedure <= 15
	case 3:
		return v.Procedure >= 8 && v.Procedure <= 15
	}
	switch v.Procedure {
	case op4Create, op4Remove, op4Rename, op4Link, op4ExchangeID, op4SetClientID:
		return true
	}
	return v.Who.GSS == GSSInit || v.Who.GSS == GSSContinue
}

// complete fills in the folder of a call's file, and its name where only the handle was given.
func (c *Conversation) complete(r *waiting) {
	v := &r.call
	folder := r.folder
	if len(v.Name) == 0 && v.Handle != 0 {
		if e := c.names.get(v.Handle); e != nil {
			v.Name, folder = v.keep(e.name), e.folder
		}
	}
	if folder != 0 {
		c.scratch = c.names.path(c.scratch[:0], folder, 0)
		v.Folder = v.keep(c.scratch)
	}
}

// Gap tells of lost bytes. In what a message carries the reading goes on behind it, else at the next message.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	s := &c.sides[dir&1]
	if !s.lost && s.open && s.content.left > 0 {
		k := min(n, s.content.left, s.left)
		s.content.lost += k
		s.content.offset += uint64(k)
		s.content.left -= k
		s.left -= k
		n -= k
	}
	if n > 0 || s.left == 0 && !s.last {
		s.lose()
	} else if s.left == 0 {
		s.open = false
		s.content = content{}
	}
	return nil
}

// Close reports what is open.
func (c *Conversation) Close(h Handler) {
	to := tell(h)
	for len(c.waiting) > 0 {
		c.unanswered(to)
	}
	for len(c.files) > 0 {
		c.endFile(c.files[0], false, to)
	}
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	const few = 8
	c.spare = append(c.spare, c.waiting...)
	c.free = append(c.free, c.files...)
	c.names.reset()
	*c = Conversation{
		waiting: c.waiting[:0], spare: c.spare[:min(few, len(c.spare))], names: c.names, files: c.files[:0],
		free: c.free[:min(few, len(c.free))], Pool: c.Pool, scratch: c.scratch[:0],
	}
}
