package smb

import (
	"slices"

	"bulwark/wire/spnego"
)

// response1 reads an answer of SMB 1 and joins it with its request.
func (c *Conversation) response1(h *header, b *block, s *side, to told) {
	if h.code == codeNegotiate {
		c.answerNegotiate1(h, b, to)
		return
	}
	if h.code == codeLockingX && h.message&0xffff == 0xffff { // [MS-CIFS] 3.3.4.2: an oplock break, which nobody asked for
		return
	}
	var l layout
	if h.code == codeTrans || h.code == codeTrans2 || h.code == codeNTTrans {
		l = b.answerLayout(h.code)
		l.missing = l.missing || h.status == Success && len(b.words) == 0 // 3.2.5.1.4: the rest of the request may come
	}
	r, asked := c.tables.take1(h, l.missing)
	if !asked {
		c.summary.Unasked++
		r = request{smb1: true, code: h.code, process: h.process, message: h.message, session: h.session, tree: h.tree, command: h.command}
	}
	h.command = r.command
	if r.code == codeTrans && r.control == PipeTransceive && !h.status.Failed() {
		s.carry(r.file, 0, l.data, l.length)
		if f := r.file.get(); f != nil {
			f.BytesRead += uint64(l.length)
		}
	}
	var o outcome
	if !l.missing {
		o = c.answer1(h, b, &l, &r, s, to)
	}
	if to.c != nil && s.content.left > 0 {
		c.fill(h, &r, asked, true)
	}
	if !l.missing {
		c.tellTransaction(h, &r, asked, true, to)
		c.conclude(o, to)
	}
}

// take1 is the request of SMB 1 that h answers; ok is false when none does. One whose answer goes on stays.
func (t *tables) take1(h *header, stay bool) (r request, ok bool) {
	for i := range t.waiting {
		w := &t.waiting[i]
		if !w.smb1 || w.code != h.code || w.message != h.message && h.code != codeNegotiate {
			continue
		}
		r = *w
		if !stay {
			t.waiting = slices.Delete(t.waiting, i, i+1)
		}
		return r, true
	}
	return request{}, false
}

// answer1 reads what is particular to a command.
func (c *Conversation) answer1(h *header, b *block, l *layout, r *request, s *side, to told) (o outcome) {
	f := r.file.get()
	switch r.command {
	case SessionSetup:
		return c.answerSignOn1(h, b, r, to)
	case TreeConnect:
		return c.answerTree1(h, b, r, to)
	case Create:
		return c.answerCreate1(h, b, l, r, f, to)
	case Logoff, TreeDisconnect:
		return c.answer(h, b.p, r, to)
	case Read:
		if f != nil && !h.status.Failed() {
			f.answerRead1(b, r, s)
		}
	case Write:
		if f != nil && !h.status.Failed() {
			f.Writes++
			f.BytesWritten += uint64(r.length)
		}
	}
	switch {
	case f == nil:
	case f.ByPath:
		f.donePath(h, r)
		o.closed = f
	case r.command == Close && !h.status.Failed(), r.code == codeWriteAndClose && !h.status.Failed():
		f.Closed, f.Deleted = true, f.DeleteOnClose
		o.closed = f
	case r.command == SetInfo && !h.status.Failed():
		f.set(r)
	}
	return o
}

// donePath takes over what became of a request that named a file by its path.
func (f *File) donePath(h *header, r *request) {
	f.Status, f.Answered = h.status, true
	if r.command != SetInfo {
		return
	}
	f.set(r)
	if h.status.Failed() {
		return
	}
	f.Deleted = f.DeleteOnClose
	if f.Disposition == CreateNew {
		f.Action = Created
	}
}

// answerRead1 reads [MS-CIFS] 2.2.4.42.2 and 2.2.4.11.2.
func (f *File) answerRead1(b *block, r *request, s *side) {
	length, at := int(le16(b.words, 0)), b.at+3
	if r.code == codeReadX {
		length, at = int(le16(b.words, 10))|int(le16(b.words, 14))<<16, max(int(le16(b.words, 12)), b.at)
	}
	f.Reads++
	f.BytesRead += uint64(length)
	s.carry(r.file, r.offset, at, length)
}

// answerSignOn1 reads [MS-SMB] 2.2.4.6.2 and [MS-CIFS] 2.2.4.53.2.
func (c *Conversation) answerSignOn1(h *header, b *block, r *request, to told) outcome {
	at := b.at
	var token []byte
	if len(b.words) == 8 { // extended security
		token = part(b.p, at, int(le16(b.words, 6)))
		at += len(token)
	}
	o := c.decided(h, r, token, le16(b.words, 4)&1, to) // 2.2.4.53.2: SMB_SETUP_GUEST
	s := r.signOn
	s.Version = 1
	if len(b.words) >= 6 {
		s.ServerOS, at = b.text(s.ServerOS[:0], at)
		s.ServerLM, _ = b.text(s.ServerLM[:0], at)
	}
	return o
}

// answerTree1 reads [MS-CIFS] 2.2.4.55.2, [MS-SMB] 2.2.4.7.2 and [MS-CIFS] 2.2.4.50.2.
func (c *Conversation) answerTree1(h *header, b *block, r *request, to told) outcome {
	t := c.treeOf(h, r)
	t.Version = 1
	if t.SessionID == 0 {
		t.SessionID = h.session
	}
	if h.status.Failed() {
		return c.connected(h, t, to)
	}
	if h.code == codeTreeConnect { // its identifier stands in a word
		h.tree = uint32(le16(b.words, 2))
	} else {
		t.Service, _ = b.ascii(t.Service, b.at)
		t.MaxAccess = Access(le32(b.words, 6))
	}
	t.Type = Disk
	switch string(t.Service) {
	case "IPC":
		t.Type = Pipe
	case "LPT1:":
		t.Type = Print
	case "":
		if t.isIPC {
			t.Type = Pipe
		}
	}
	return c.connected(h, t, to)
}

// answerCreate1 reads an answer that opens a file.
func (c *Conversation) answerCreate1(h *header, b *block, l *layout, r *request, f *File, to told) outcome {
	if f == nil {
		if h.status.Failed() {
			return outcome{}
		}
		f = c.newFile(h, to)
		f.Version, f.Unnamed = 1, true
		r.file = f.ref()
	}
	f.Status, f.Answered = h.status, true
	if h.status.Failed() {
		return outcome{closed: f}
	}
	w := b.words
	var fid uint16
	switch r.code {
	case codeNTCreateX: // [MS-CIFS] 2.2.4.64.2
		fid = le16(w, 5)
		f.Action = Action(le32(w, 7))
		f.times(w, 11)
		f.Attributes, f.Size = le32(w, 43), le64(w, 55)
		f.Directory = f.Directory || byteAt(w, 67) != 0
		f.resource(le16(w, 63))
	case codeNTTrans: // 2.2.7.1.2
		fid = le16(l.params, 2)
		f.Action = Action(le32(l.params, 4))
		f.times(l.params, 12)
		f.Attributes, f.Size = le32(l.params, 44), le64(l.params, 56)
		f.resource(le16(l.params, 64))
	case codeOpenX: // 2.2.4.41.2
		fid = le16(w, 4)
		f.Attributes, f.Size = uint32(le16(w, 6)), uint64(le32(w, 12))
		f.resource(le16(w, 18))
		f.Action = [...]Action{Superseded, Opened, Created, Overwritten}[le16(w, 22)&3]
	case codeOpen: // 2.2.4.3.2
		fid, f.Action = le16(w, 0), Opened
		f.Attributes, f.Size = uint32(le16(w, 2)), uint64(le32(w, 8))
	default: // 2.2.4.4.2
		fid, f.Action = le16(w, 0), Created
	}
	c.nameFile(f, id1(fid), to)
	return outcome{}
}

// times reads the four times of an answer.
func (f *File) times(p []byte, at int) {
	f.Created, f.Accessed = unixNano(le64(p, at)), unixNano(le64(p, at+8))
	f.Modified, f.Changed = unixNano(le64(p, at+16)), unixNano(le64(p, at+24))
}

// resource says what kind of thing was opened ([MS-CIFS] 2.2.4.64.2: 1 and 2 are pipes).
func (f *File) resource(kind uint16) { f.Pipe = f.Pipe || kind == 1 || kind == 2 }

// answerNegotiate1 reads the server's choice ([MS-CIFS] 2.2.4.52.2, [MS-SMB] 2.2.4.5.2).
func (c *Conversation) answerNegotiate1(h *header, b *block, to told) {
	n := &c.negotiation
	r, asked := c.tables.take1(h, false)
	n.Status, n.Answered = h.status, true
	if index := int(le16(b.words, 0)); !h.status.Failed() && index != 0xffff && len(b.words) > 0 { // else no dialect suits
		n.Dialect = SMB1
		if index < len(n.SMB1Dialects) {
			n.SMB1Dialect = n.SMB1Dialects[index]
		}
	}
	if len(b.words) == 34 { // NT LM 0.12
		c.ntLM(b)
	}
	r.command, r.code, r.smb1 = Negotiate, codeNegotiate, true
	if !asked {
		c.summary.Unasked++
	}
	r.session, r.tree = h.session, h.tree
	c.tellTransaction(h, &r, asked, true, to)
	to.h.Record(n)
}

// ntLM reads the 17 words and the bytes behind of the last dialect of SMB 1.
func (c *Conversation) ntLM(b *block) {
	n := &c.negotiation
	w, mode := b.words, byteAt(b.words, 2)
	n.ServerSecurity = 0
	if mode&0x04 != 0 {
		n.ServerSecurity |= SigningEnabled
	}
	if mode&0x08 != 0 {
		n.ServerSecurity |= SigningRequired
	}
	n.PlainText = mode&0x02 == 0 // 2.2.4.52.2: no challenge, so passwords cross as they are
	n.ServerTime = unixNano(le64(w, 23))
	data := b.bytes()
	n.ServerGUID = GUID(fileID(data, 0))
	const extendedSecurity = 0x80000000
	if le32(w, 19)&extendedSecurity != 0 {
		n.PlainText = false
		if len(data) > 16 && c.readToken(data[16:]) {
			n.Mechanisms = c.mechanisms(c.token().Offered...)
		}
		return
	}
	n.ServerGUID = GUID{}
	n.Mechanisms = c.mechanisms(spnego.NTLM)
	names := part(data, int(byteAt(w, 33)), len(data))
	n.Domain = c.keep(untilZero(names), true)
}
