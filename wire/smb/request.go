package smb

// request reads a request and keeps what its answer does not repeat.
func (c *Conversation) request(h *header, p []byte, s *side, to told) {
	if h.flags&flagRelated != 0 {
		h.session, h.tree = s.chain.session, s.chain.tree
	} else {
		s.chain = chain{session: h.session, tree: h.tree}
	}
	if h.command == Cancel { // [MS-SMB2] 2.2.30: has no answer and bears the number of the request it takes back
		c.tellTransaction(h, &request{message: h.message, session: h.session, tree: h.tree}, true, false, to)
		return
	}
	if len(c.tables.waiting) >= MaxWaiting {
		c.unanswered(to)
	}
	r := request{message: h.message, session: h.session, tree: h.tree, command: h.command}
	if at := fileAt(h.command); at > 0 {
		f := c.file(h, fileID(p, at), &s.chain, to)
		r.file, s.chain.file = f.ref(), f.ref()
	}
	c.ask(h, p, &r, s, to)
	if h.command == Create {
		s.chain.file = r.file
	}
	c.tables.waiting = c.tables.pool.requests.Add(c.tables.waiting, r)
	if s.content.left > 0 && to.c != nil {
		c.fill(h, &r, true, false)
	}
}

// fileAt is where a request names its file, 0 when it names none.
func fileAt(command Command) int {
	switch command {
	case Close, Flush, Lock, IOControl, QueryDirectory, ChangeNotify:
		return 72
	case Read, Write, SetInfo:
		return 80
	case QueryInfo:
		return 88
	}
	return 0
}

// ask reads what is particular to a command.
func (c *Conversation) ask(h *header, p []byte, r *request, s *side, to told) {
	switch h.command {
	case Negotiate:
		c.askNegotiate(p)
	case SessionSetup:
		r.signOn, r.proves = c.askSignOn(h, p, to)
	case TreeConnect:
		r.connect = c.askTree(h, p)
	case Create:
		r.file = c.askCreate(h, p, to).ref()
	case Read:
		r.length, r.offset = le32(p, 68), le64(p, 72)
	case Write:
		r.length, r.offset = le32(p, 68), le64(p, 72)
		s.carry(r.file, r.offset, int(le16(p, 66)), int(r.length))
	case IOControl:
		c.askControl(p, r, s)
	case QueryDirectory:
		c.askList(p, r)
	case QueryInfo:
		r.infoType, r.class = byteAt(p, 66), byteAt(p, 67)
	case SetInfo:
		c.askSet(p, r)
	}
}

func byteAt(p []byte, at int) byte {
	if at >= len(p) {
		return 0
	}
	return p[at]
}

// file is the file that a request means. One that is not known was opened before we looked.
func (c *Conversation) file(h *header, id FileID, ch *chain, to told) *File {
	if id == related {
		return ch.file.get()
	}
	f := c.tables.named(id)
	if f == nil {
		f = c.newFile(h, to)
		f.Unnamed = true
		f.Pipe = f.Tree != nil && f.Tree.IsPipe()
		c.tables.name(f, id)
	}
	f.used = true
	return f
}

// newFile has a place for a file of the request's tree; where there is none left, another file makes room.
func (c *Conversation) newFile(h *header, to told) *File {
	if len(c.tables.files) >= MaxFiles {
		c.endFile(c.tables.idle(), to)
	}
	f := c.tables.newFile()
	f.SessionID, f.TreeID = h.session, h.tree
	f.Session, f.Tree = c.tables.session(h.session), c.tables.tree(h.session, h.tree)
	return f
}

// askSignOn reads [MS-SMB2] 2.2.5. It returns a session that has no number yet; one that has is in its table.
func (c *Conversation) askSignOn(h *header, p []byte, to told) (fresh *Session, proves bool) {
	s := c.tables.session(h.session)
	if s == nil {
		s = c.tables.newSession()
		if s.ID = h.session; s.ID == 0 {
			fresh = s
		} else {
			c.addSession(s, to)
		}
	}
	s.Negotiation = &c.negotiation
	s.Rounds++
	s.Binding = byteAt(p, 66)&1 != 0
	s.ClientSecurity = Security(byteAt(p, 67))
	s.Previous = le64(p, 80)
	if c.readToken(part(p, int(le16(p, 76)), int(le16(p, 78)))) {
		proves = s.client(c.token())
	}
	return fresh, proves
}

// askTree reads [MS-SMB2] 2.2.9.
func (c *Conversation) askTree(h *header, p []byte) *Tree {
	t := c.tables.newTree()
	t.SessionID = h.session
	t.Path = appendName(c.tables.pool.Space, t.Path, part(p, int(le16(p, 68)), int(le16(p, 70))))
	t.isIPC = isIPC(t.Path)
	return t
}

// isIPC says whether path is that of the share of named pipes, which its name alone tells before the answer does.
func isIPC(path []byte) bool {
	if len(path) < 5 {
		return false
	}
	end := path[len(path)-5:]
	return end[0] == '\\' && end[1]|0x20 == 'i' && end[2]|0x20 == 'p' && end[3]|0x20 == 'c' && end[4] == '$'
}

// askCreate reads [MS-SMB2] 2.2.13.
func (c *Conversation) askCreate(h *header, p []byte, to told) *File {
	f := c.newFile(h, to)
	f.Desired = Access(le32(p, 88))
	f.Attributes = le32(p, 92)
	f.Disposition = Disposition(le32(p, 100))
	f.Options = le32(p, 104)
	f.Directory = f.Options&DirectoryFile != 0
	f.DeleteOnClose = f.Options&DeleteOnClose != 0
	f.Name = appendName(c.tables.pool.Space, f.Name, part(p, int(le16(p, 108)), int(le16(p, 110))))
	f.Pipe = f.Tree != nil && f.Tree.IsPipe() || f.Tree == nil && PipeService(f.Name) != ""
	return f
}

// askControl reads [MS-SMB2] 2.2.31.
func (c *Conversation) askControl(p []byte, r *request, s *side) {
	r.control = Control(le32(p, 68))
	r.length = le32(p, 92)
	f := r.file.get()
	if f == nil {
		return
	}
	f.Controls++
	if r.control != PipeTransceive {
		f.Control = r.control
		return
	}
	f.Pipe = true
	f.Transceives++
	f.BytesWritten += uint64(r.length)
	s.carry(r.file, 0, int(le32(p, 88)&0xffffff), int(r.length))
}

// askList reads [MS-SMB2] 2.2.33.
func (c *Conversation) askList(p []byte, r *request) {
	r.class = byteAt(p, 66)
	f := r.file.get()
	if f == nil {
		return
	}
	if f.Lists++; f.Lists == 1 {
		f.Pattern = appendName(c.tables.pool.Space, f.Pattern, part(p, int(le16(p, 88)), int(le16(p, 90))))
	}
}

// The kinds of SET_INFO that are read ([MS-SMB2] 2.2.39, [MS-FSCC] 2.4).
const (
	infoFile        = 1
	infoSecurity    = 3
	classRename     = 10
	classLink       = 11
	classDelete     = 13
	classRenameEx   = 65
	classDeleteEx   = 64
	classLinkEx     = 72
	deleteWhenDone  = 1
	renameNameStart = 20
)

// askSet reads [MS-SMB2] 2.2.39.
func (c *Conversation) askSet(p []byte, r *request) {
	r.infoType, r.class = byteAt(p, 66), byteAt(p, 67)
	f := r.file.get()
	if f == nil || r.infoType != infoFile {
		return
	}
	value := part(p, int(le16(p, 72)), int(le32(p, 68)&0xffff))
	switch r.class {
	case classRename, classRenameEx, classLink, classLinkEx: // [MS-FSCC] 2.4.42.2, 2.4.24.2
		f.rename = appendName(c.tables.pool.Space, f.rename[:0], part(value, renameNameStart, int(le32(value, 16)&0xffff)))
	case classDelete, classDeleteEx: // [MS-FSCC] 2.4.11, 2.4.12
		r.deletes = byteAt(value, 0)&deleteWhenDone != 0
	}
}
