package smb

import (
	"bytes"

	"bulwark/wire/ntlm"
	"bulwark/wire/spnego"
)

// request1 reads a request of SMB 1 and keeps what its answer does not repeat.
func (c *Conversation) request1(h *header, b *block, s *side, to told) {
	if h.code == codeNegotiate {
		c.askNegotiate1(b, to)
		return
	}
	r := request{smb1: true, code: h.code, process: h.process, message: h.message, session: h.session, tree: h.tree, command: h.command}
	if h.code.noAnswer() {
		c.goOn1(h, b, s)
		c.tellTransaction(h, &r, true, false, to)
		return
	}
	if len(c.tables.waiting) >= MaxWaiting {
		c.unanswered(to)
	}
	if at := fidAt(h.code); at >= 0 {
		r.file = c.file1(h, le16(b.words, at), &s.chain, to).ref()
	}
	c.ask1(h, b, &r, s, to)
	if h.command == Create {
		s.chain.file = r.file
	}
	c.tables.waiting = c.tables.pool.requests.Add(c.tables.waiting, r)
	if s.content.left > 0 && to.c != nil {
		c.fill(h, &r, true, false)
	}
}

// fidAt is where the words of a request name its file, -1 where they name none.
func fidAt(code Code) int {
	switch code {
	case codeClose, codeFlush, codeRead, codeWrite, codeLockAndRead, codeWriteAndUnlock, codeWriteAndClose:
		return 0
	case codeReadX, codeWriteX, codeLockingX:
		return 4
	}
	return -1
}

// ask1 reads what is particular to a command.
func (c *Conversation) ask1(h *header, b *block, r *request, s *side, to told) {
	switch h.code {
	case codeSessionX:
		r.session, r.tree = 0, 0 // the answer names them
		r.signOn, r.proves = c.askSignOn1(h, b, to)
	case codeTreeConnect, codeTreeConnectX:
		r.tree = 0
		r.connect = c.askTree1(h, b)
	case codeNTCreateX, codeOpenX, codeOpen, codeCreate, codeCreateNew, codeCreateTemporary:
		r.file = c.askCreate1(h, b, to).ref()
	case codeRead, codeLockAndRead, codeReadX:
		r.askRead1(b)
	case codeWrite, codeWriteX, codeWriteAndUnlock, codeWriteAndClose:
		c.askWrite1(b, r, s)
	case codeDelete, codeDeleteDirectory, codeCreateDirectory, codeRename, codeNTRename:
		r.file = c.askPath(h, b, r, to).ref()
	case codeTrans:
		c.askTrans(h, b, r, s, to)
	case codeTrans2:
		c.askTrans2(h, b, r, to)
	case codeNTTrans:
		c.askNTTrans(h, b, r, to)
	}
}

// askNegotiate1 reads the dialects that a client offers ([MS-CIFS] 2.2.4.52.1): each a 2, a name and a zero.
func (c *Conversation) askNegotiate1(b *block, to told) {
	n := &c.negotiation
	n.SMB1Dialects = n.SMB1Dialects[:0]
	if len(c.tables.waiting) >= MaxWaiting {
		c.unanswered(to)
	}
	c.tables.waiting = c.tables.pool.requests.Add(c.tables.waiting, request{command: Negotiate, code: codeNegotiate, smb1: true})
	for p := b.bytes(); len(p) > 1 && p[0] == 2 && len(n.SMB1Dialects) < MaxDialects; {
		end := bytes.IndexByte(p, 0)
		if end < 0 {
			return
		}
		n.SMB1Dialects = c.tables.pool.names.Add(n.SMB1Dialects, c.keep(p[1:end], false))
		p = p[end+1:]
	}
}

// file1 is the file that a request names. In a chain it is the one that the chain opens, which has no number yet.
func (c *Conversation) file1(h *header, fid uint16, ch *chain, to told) *File {
	if f := ch.file.get(); f != nil {
		f.used = true
		return f
	}
	return c.file(h, id1(fid), ch, to)
}

// askSignOn1 reads [MS-SMB] 2.2.4.6.1 and, of older clients, [MS-CIFS] 2.2.4.53.1. It returns a session that has no
// number yet.
func (c *Conversation) askSignOn1(h *header, b *block, to told) (fresh *Session, proves bool) {
	s := c.tables.session(h.session)
	if s == nil {
		s = c.tables.newSession()
		if s.ID = h.session; s.ID == 0 {
			fresh = s
		} else {
			c.addSession(s, to)
		}
	}
	s.Version, s.Negotiation = 1, &c.negotiation
	s.Rounds++
	at := b.at
	switch len(b.words) {
	case 24: // extended security
		n := int(le16(b.words, 14))
		if c.readToken(part(b.p, at, n)) {
			proves = s.client(c.token())
		}
		at += n
	case 26: // NT LM 0.12
		lm, nt := int(le16(b.words, 14)), int(le16(b.words, 16))
		at = s.challenged(b, at+lm+nt, lm, nt)
		proves = true
	case 20: // LANMAN
		lm := int(le16(b.words, 14))
		at = s.challenged(b, at+lm, lm, 0)
		proves = true
	}
	s.ClientOS, at = b.text(s.ClientOS[:0], at)
	s.ClientLM, _ = b.text(s.ClientLM[:0], at)
	return fresh, proves
}

// challenged takes over the names of a sign-on that answers the negotiation's challenge, and says what is behind them.
func (s *Session) challenged(b *block, at, lm, nt int) (next int) {
	s.Mechanism = spnego.NTLM
	s.Cleartext = s.Negotiation.PlainText && lm+nt > 1
	switch {
	case s.Cleartext:
	case nt > 24: // [MS-NLMP] 2.2.2.8
		s.Scheme = ntlm.NTLMv2
	case nt > 0:
		s.Scheme = ntlm.NTLMv1
	case lm > 1:
		s.Scheme = ntlm.LM
	}
	text := s.clientText[:0]
	text, at = b.text(text, at)
	user := len(text)
	text, next = b.text(text, at)
	s.clientText, s.User, s.Domain = text, text[:user:user], text[user:len(text):len(text)]
	return next
}

// askTree1 reads [MS-CIFS] 2.2.4.55.1 and 2.2.4.50.1.
func (c *Conversation) askTree1(h *header, b *block) *Tree {
	t := c.tables.newTree()
	t.Version, t.SessionID = 1, h.session
	if h.code == codeTreeConnect { // each behind a 4: path, password, service
		t.Path, _ = b.ascii(t.Path, b.at+1)
	} else {
		at := b.at + int(le16(b.words, 6))
		t.Path, at = b.text(t.Path, at)
		t.Asked, _ = b.ascii(t.Asked, at)
	}
	t.isIPC = isIPC(t.Path)
	return t
}

// askCreate1 reads a request that opens a file by its name.
func (c *Conversation) askCreate1(h *header, b *block, to told) *File {
	f := c.newFile(h, to)
	f.Version = 1
	w := b.words
	switch h.code {
	case codeNTCreateX: // [MS-CIFS] 2.2.4.64.1
		f.Desired, f.Attributes = Access(le32(w, 15)), le32(w, 27)
		f.Disposition, f.Options = Disposition(le32(w, 35)), le32(w, 39)
		at := b.at
		if b.unicode {
			at += at & 1
		}
		b.end = min(b.end, at+int(le16(w, 5))) // some names have no zero behind
		f.Name, _ = b.text(f.Name, at)
	case codeOpenX: // 2.2.4.41.1
		f.Desired, f.Disposition = desired(le16(w, 6)), disposition(le16(w, 16))
		f.Name, _ = b.text(f.Name, b.at)
	case codeOpen: // 2.2.4.3.1: a 4 before the name
		f.Desired, f.Disposition = desired(le16(w, 0)), Open
		f.Name, _ = b.text(f.Name, b.at+1)
	default: // 2.2.4.4.1, 2.2.4.15.1, 2.2.4.16.1
		f.Desired, f.Disposition = ReadData|WriteData, OverwriteIf
		if h.code != codeCreate {
			f.Disposition = CreateNew
		}
		f.Name, _ = b.text(f.Name, b.at+1)
	}
	f.Directory, f.DeleteOnClose = f.Options&DirectoryFile != 0, f.Options&DeleteOnClose != 0
	f.Pipe = f.Tree != nil && f.Tree.IsPipe() || f.Tree == nil && PipeService(f.Name) != ""
	return f
}

// desired turns the access mode of older requests ([MS-CIFS] 2.2.4.3.1) into rights.
func desired(mode uint16) Access {
	switch mode & 7 {
	case 0, 3:
		return ReadData
	case 1:
		return WriteData
	}
	return ReadData | WriteData
}

// disposition turns the open mode of OPEN_ANDX ([MS-CIFS] 2.2.4.41.1) into SMB 2's.
func disposition(mode uint16) Disposition {
	switch create := mode&0x10 != 0; mode & 3 {
	case 1:
		if create {
			return OpenIf
		}
		return Open
	case 2:
		if create {
			return OverwriteIf
		}
		return Overwrite
	}
	return CreateNew
}

// askRead1 reads [MS-CIFS] 2.2.4.42.1 and 2.2.4.11.1.
func (r *request) askRead1(b *block) {
	w := b.words
	if r.code != codeReadX {
		r.length, r.offset = uint32(le16(w, 2)), uint64(le32(w, 4))
		return
	}
	r.length, r.offset = uint32(le16(w, 10)), uint64(le32(w, 6))
	if high := le16(w, 14); high != 0xffff { // [MS-SMB] 2.2.4.2.1: else it is a time-out
		r.length |= uint32(high) << 16
	}
	if len(w) == 24 {
		r.offset |= uint64(le32(w, 20)) << 32
	}
}

// askWrite1 reads [MS-CIFS] 2.2.4.43.1, 2.2.4.12.1 and 2.2.4.40.1.
func (c *Conversation) askWrite1(b *block, r *request, s *side) {
	w := b.words
	at := b.at + 3 // behind a 1 and the length
	switch r.code {
	case codeWriteX:
		r.length = uint32(le16(w, 20)) | uint32(le16(w, 18))<<16
		r.offset = uint64(le32(w, 6))
		if len(w) == 28 {
			r.offset |= uint64(le32(w, 24)) << 32
		}
		at = max(int(le16(w, 22)), b.at)
	case codeWriteAndClose:
		r.length, r.offset = uint32(le16(w, 2)), uint64(le32(w, 4))
		at = b.at + 1
	default:
		r.length, r.offset = uint32(le16(w, 2)), uint64(le32(w, 4))
	}
	s.carry(r.file, r.offset, at, int(r.length))
}

// askPath reads a request that does something to what it names by a path: to delete, rename or make it ([MS-CIFS]
// 2.2.4.7.1, 2.2.4.8.1, 2.2.4.66.1, 2.2.4.1.1, 2.2.4.2.1). A 4 stands before each name.
func (c *Conversation) askPath(h *header, b *block, r *request, to told) *File {
	f := c.pathFile(h, to)
	at := b.at + 1
	f.Name, at = b.text(f.Name, at)
	switch h.code {
	case codeRename, codeNTRename:
		r.class = classRename
		f.rename, _ = b.text(f.rename[:0], at+1)
	case codeDelete:
		r.class, r.deletes = classDelete, true
	case codeDeleteDirectory:
		r.class, r.deletes, f.Directory = classDelete, true, true
	case codeCreateDirectory:
		f.Directory, f.Disposition = true, CreateNew
	}
	r.infoType = infoFile
	return f
}

// pathFile has a place for what a request names by a path.
func (c *Conversation) pathFile(h *header, to told) *File {
	f := c.newFile(h, to)
	f.Version, f.ByPath, f.Disposition = 1, true, Open
	return f
}
