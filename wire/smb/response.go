package smb

import "slices"

// outcome is what an answer makes to be reported once the transaction has been.
type outcome struct {
	record Record
	closed *File    // a file that ends
	left   *Tree    // a tree that ends
	out    *Session // a session that ends
}

// response reads an answer and joins it with its request.
func (c *Conversation) response(h *header, p []byte, s *side, to told) {
	if h.command == OplockBreak && h.message == 1<<64-1 { // [MS-SMB2] 2.2.23: nobody asked
		return
	}
	interim := h.status == Pending && h.flags&flagAsync != 0
	r, asked := c.tables.take(h.message, interim)
	if asked && r.command != h.command { // bytes were lost, and the number is used anew
		c.tables.forget(&r)
		asked = false
	}
	if interim {
		return
	}
	if !asked {
		c.summary.Unasked++
		r = request{message: h.message, session: h.session, tree: h.tree, command: h.command}
	}
	o := c.answer(h, p, &r, to)
	r.carry(h, p, s)
	if to.c != nil && s.content.left > 0 {
		c.fill(h, &r, asked, true)
	}
	c.tellTransaction(h, &r, asked, true, to)
	c.conclude(o, to)
}

// carry says what content an answer holds.
func (r *request) carry(h *header, p []byte, s *side) {
	switch {
	case h.status.Failed():
	case h.command == Read: // [MS-SMB2] 2.2.20
		s.carry(r.file, r.offset, int(byteAt(p, 66)), int(le32(p, 68)))
	case h.command == IOControl && r.control == PipeTransceive: // [MS-SMB2] 2.2.32
		s.carry(r.file, 0, int(le32(p, 96)&0xffffff), int(le32(p, 100)))
	}
}

// conclude reports and takes out what an answer has ended.
func (c *Conversation) conclude(o outcome, to told) {
	if o.closed != nil {
		c.endFile(o.closed, to)
	}
	if o.left != nil {
		c.endTree(o.left, to)
	}
	if o.out != nil {
		c.endSession(o.out, to)
	}
	if o.record != nil {
		to.h.Record(o.record)
	}
}

// answer reads what is particular to a command.
func (c *Conversation) answer(h *header, p []byte, r *request, to told) (o outcome) {
	f := r.file.get()
	switch h.command {
	case Negotiate:
		return c.answerNegotiate(h, p)
	case SessionSetup:
		return c.answerSignOn(h, p, r, to)
	case TreeConnect:
		return c.answerTree(h, p, r, to)
	case Create:
		return c.answerCreate(h, p, r, f, to)
	case Logoff:
		if s := c.tables.session(r.session); s != nil && h.status == Success {
			s.LoggedOff = true
			return outcome{record: s, out: s}
		}
	case TreeDisconnect:
		if h.status == Success {
			o.left = c.tables.tree(r.session, r.tree)
		}
	case Close:
		if f != nil && h.status == Success {
			f.closed(p)
			o.closed = f
		}
	default:
		if f != nil {
			f.done(h, p, r)
		}
	}
	return o
}

// closed reads [MS-SMB2] 2.2.16.
func (f *File) closed(p []byte) {
	f.Closed, f.Deleted = true, f.DeleteOnClose
	if le16(p, 66)&1 != 0 { // the client asked for what is there at the end
		f.EndSize = le64(p, 112)
	}
}

// done counts what an answer says was done with a file.
func (f *File) done(h *header, p []byte, r *request) {
	if h.status.Failed() {
		return
	}
	switch h.command {
	case Read: // [MS-SMB2] 2.2.20
		f.Reads++
		f.BytesRead += uint64(le32(p, 68))
	case Write: // [MS-SMB2] 2.2.22
		f.Writes++
		f.BytesWritten += uint64(le32(p, 68))
	case IOControl:
		if r.control == PipeTransceive { // [MS-SMB2] 2.2.32
			f.BytesRead += uint64(le32(p, 100))
		}
	case SetInfo:
		f.set(r)
	}
}

// set takes over what a SET_INFO has changed.
func (f *File) set(r *request) {
	f.InfoSet++
	switch r.infoType {
	case infoSecurity:
		f.SecuritySet = true
	case infoFile:
		switch r.class {
		case classRename, classRenameEx:
			f.RenamedTo = append(f.RenamedTo[:0], f.rename...)
		case classLink, classLinkEx:
			f.LinkedTo = append(f.LinkedTo[:0], f.rename...)
		case classDelete, classDeleteEx:
			f.DeleteOnClose = r.deletes
		}
	}
}

// answerSignOn reads [MS-SMB2] 2.2.6.
func (c *Conversation) answerSignOn(h *header, p []byte, r *request, to told) outcome {
	return c.decided(h, r, part(p, int(le16(p, 68)), int(le16(p, 70))), le16(p, 66), to)
}

// decided takes over what a server says of a sign-on; flags are SMB 2's. The session is r's from here on.
func (c *Conversation) decided(h *header, r *request, token []byte, flags uint16, to told) outcome {
	s := c.tables.session(h.session)
	switch {
	case r.signOn != nil:
		if s != nil { // the number is used anew
			c.endSession(s, to)
		}
		s = r.signOn
	case s == nil:
		s = c.tables.newSession()
	}
	r.signOn = s
	s.Negotiation = &c.negotiation
	s.ID, s.Status = h.session, h.status
	if h.status.Failed() && h.status != MoreProcessing {
		s.Answered = true
		return outcome{record: s, out: s}
	}
	if c.readToken(token) {
		s.server(c.token())
	}
	c.addSession(s, to)
	if h.status == MoreProcessing {
		return outcome{}
	}
	s.Answered = true
	s.Guest, s.Null, s.Encrypted = flags&1 != 0, flags&2 != 0, flags&4 != 0
	return outcome{record: s}
}

// addSession puts a session into its table, unless it is there.
func (c *Conversation) addSession(s *Session, to told) {
	if slices.Contains(c.tables.sessions, s) {
		return
	}
	if len(c.tables.sessions) >= MaxSessions {
		oldest := c.tables.sessions[0]
		for _, other := range c.tables.sessions {
			if other.used < oldest.used {
				oldest = other
			}
		}
		c.endSession(oldest, to)
	}
	c.tables.sessions = c.tables.pool.sessionLists.Add(c.tables.sessions, s)
}

// answerTree reads [MS-SMB2] 2.2.10.
func (c *Conversation) answerTree(h *header, p []byte, r *request, to told) outcome {
	t := c.treeOf(h, r)
	if !h.status.Failed() {
		t.Type = ShareType(byteAt(p, 66))
		t.Flags, t.Capability, t.MaxAccess = le32(p, 68), le32(p, 72), Access(le32(p, 76))
	}
	return c.connected(h, t, to)
}

// treeOf is the tree that was asked for.
func (c *Conversation) treeOf(h *header, r *request) *Tree {
	if r.connect == nil {
		r.connect = c.tables.newTree()
		r.connect.SessionID = h.session
	}
	return r.connect
}

// connected puts a tree into its table, or reports that it was refused.
func (c *Conversation) connected(h *header, t *Tree, to told) outcome {
	t.Session = c.tables.session(t.SessionID)
	t.ID, t.Status, t.Answered = h.tree, h.status, true
	if h.status.Failed() {
		return outcome{record: t, left: t}
	}
	if len(c.tables.trees) >= MaxTrees {
		oldest := c.tables.trees[0]
		for _, other := range c.tables.trees {
			if other.used < oldest.used {
				oldest = other
			}
		}
		c.endTree(oldest, to)
	}
	c.tables.trees = c.tables.pool.treeLists.Add(c.tables.trees, t)
	return outcome{record: t}
}

// answerCreate reads [MS-SMB2] 2.2.14.
func (c *Conversation) answerCreate(h *header, p []byte, r *request, f *File, to told) outcome {
	if f == nil {
		if h.status.Failed() {
			return outcome{}
		}
		f = c.newFile(h, to)
		f.Unnamed = true
		r.file = f.ref()
	}
	f.Status, f.Answered = h.status, true
	if h.status.Failed() {
		return outcome{closed: f}
	}
	f.Action = Action(le32(p, 68))
	f.times(p, 72)
	f.Size = le64(p, 112)
	f.Attributes = le32(p, 120)
	f.Directory = f.Directory || f.Attributes&0x10 != 0 // [MS-FSCC] 2.6: FILE_ATTRIBUTE_DIRECTORY
	c.nameFile(f, fileID(p, 128), to)
	return outcome{}
}

// nameFile gives a file the identifier by which it is meant from here on.
func (c *Conversation) nameFile(f *File, id FileID, to told) {
	if old := c.tables.named(id); old != nil && old != f { // its CLOSE was not seen
		c.endFile(old, to)
	}
	c.tables.name(f, id)
}

// unanswered takes the oldest request out of those that wait. What it asked for is taken as done where its bytes
// have crossed the wire.
func (c *Conversation) unanswered(to told) {
	r := c.tables.waiting[0]
	c.tables.waiting = slices.Delete(c.tables.waiting, 0, 1)
	c.summary.Unanswered++
	o := outcome{}
	f := r.file.get()
	switch {
	case r.command == Write && f != nil:
		f.Writes++
		f.BytesWritten += uint64(r.length)
	case f != nil && (r.command == Create || f.ByPath):
		o.closed = f
	case r.command == Close && f != nil:
		f.Closed = true
		o.closed = f
	case r.signOn != nil:
		o.record, o.out = r.signOn, r.signOn
	case r.connect != nil:
		r.connect.Session = c.tables.session(r.session)
		o.record, o.left = r.connect, r.connect
	case r.command == Negotiate && !c.negotiation.Answered:
		o.record = &c.negotiation
	}
	h := header{command: r.command, message: r.message, session: r.session, tree: r.tree, smb1: r.smb1}
	c.tellTransaction(&h, &r, true, false, to)
	c.conclude(o, to)
}

// tellTransaction hands over a request with its answer, to who wants that.
func (c *Conversation) tellTransaction(h *header, r *request, asked, answered bool, to told) {
	if to.t != nil {
		c.fill(h, r, asked, answered)
		to.t.Transaction(&c.transaction)
	}
}

// fill fills in the transaction of a request and, where there is one, its answer.
func (c *Conversation) fill(h *header, r *request, asked, answered bool) {
	t := &c.transaction
	*t = Transaction{
		Version: 2, Command: h.command, MessageID: h.message, SessionID: r.session, TreeID: r.tree,
		Status: h.status, Answered: answered, Asked: asked, Async: r.async, Negotiation: &c.negotiation,
		Session: r.signOn, Tree: r.connect, File: r.file.get(),
		InfoType: r.infoType, InfoClass: r.class, Control: r.control, Length: r.length, Deletes: r.deletes, Proves: r.proves,
		Function: r.function, Level: r.level,
	}
	if r.smb1 {
		t.Version, t.Code, t.Process = 1, r.code, r.process
	}
	if t.SessionID == 0 {
		t.SessionID = h.session
	}
	if t.TreeID == 0 {
		t.TreeID = h.tree
	}
	if t.Session == nil {
		t.Session = c.tables.session(t.SessionID)
	}
	if t.Tree == nil {
		t.Tree = c.tables.tree(t.SessionID, t.TreeID)
	}
	t.Renames = r.command == SetInfo && r.infoType == infoFile && (r.class == classRename || r.class == classRenameEx)
}

// endFile reports a file and takes it out.
func (c *Conversation) endFile(f *File, to told) {
	to.h.Record(f)
	c.tables.drop(f)
}

// endFilesOf ends the files for which of is true.
func (c *Conversation) endFilesOf(of func(*File) bool, to told) {
	for i := 0; i < len(c.tables.files); {
		if f := c.tables.files[i]; of(f) {
			c.endFile(f, to)
		} else {
			i++
		}
	}
}

// endTree takes a tree out, and its files with it ([MS-SMB2] 3.3.5.8).
func (c *Conversation) endTree(t *Tree, to told) {
	c.endFilesOf(func(f *File) bool { return f.Tree == t }, to)
	if i := slices.Index(c.tables.trees, t); i >= 0 {
		c.tables.trees = slices.Delete(c.tables.trees, i, i+1)
	}
	c.tables.freeTrees = c.tables.pool.treeLists.Add(c.tables.freeTrees, t)
}

// endSession takes a session out, and its trees and files with it ([MS-SMB2] 3.3.5.6).
func (c *Conversation) endSession(s *Session, to told) {
	for i := 0; i < len(c.tables.trees); {
		if t := c.tables.trees[i]; t.Session == s {
			c.endTree(t, to)
		} else {
			i++
		}
	}
	c.endFilesOf(func(f *File) bool { return f.Session == s }, to)
	if i := slices.Index(c.tables.sessions, s); i >= 0 {
		c.tables.sessions = slices.Delete(c.tables.sessions, i, i+1)
	}
	c.tables.freeSessions = c.tables.pool.sessionLists.Add(c.tables.freeSessions, s)
}
