package nfs

import (
	"slices"

	"bulwark/wire"
)

// file is the file under way of a handle in a direction; begun where there is none.
func (c *Conversation) file(r *waiting, dir wire.Dir, to told) *File {
	v := &r.call
	for _, f := range c.files {
		if f.Handle == v.Handle && f.Dir == dir {
			f.used = true
			return f
		}
	}
	if len(c.files) >= MaxOpen {
		c.endFile(c.idle(), false, to)
	}
	var f *File
	if n := len(c.free); n > 0 {
		f, c.free = c.free[n-1], c.free[:n-1]
	} else {
		f = c.pool().files.Fresh()
	}
	who := f.Who
	*f = File{Version: v.Version, Minor: v.Minor, XID: v.XID, Handle: v.Handle, HandleC: v.HandleC, Dir: dir, used: true, text: f.text[:0]}
	f.Who = who
	f.Who.copyOf(&v.Who)
	f.names(c)
	c.files = c.pool().fileLists.Add(c.files, f)
	return f
}

// names fills in the name of a file, as far as it is known.
func (f *File) names(c *Conversation) {
	e := c.names.get(f.Handle)
	if e == nil {
		return
	}
	f.text = c.pool().Space.Append(f.text[:0], e.name)
	n := len(f.text)
	f.text = c.names.path(f.text, e.folder, 0)
	f.Name, f.Folder = f.text[:n:n], f.text[n:len(f.text):len(f.text)]
}

// idle is a file to make room: the first that was not used since this was last asked, else the oldest.
func (c *Conversation) idle() *File {
	for _, f := range c.files {
		if !f.used {
			return f
		}
		f.used = false
	}
	return c.files[0]
}

// endFile tells of a file and takes it out.
func (c *Conversation) endFile(f *File, last bool, to told) {
	i := slices.Index(c.files, f)
	if i < 0 { // it was taken out to make room
		return
	}
	f.Last = f.Last || last
	if len(f.Name) == 0 {
		f.names(c)
	}
	c.files = slices.Delete(c.files, i, i+1)
	for d := range c.sides {
		if c.sides[d].content.file == f {
			c.sides[d].content.file = nil
		}
	}
	to.h.Record(f)
	c.free = c.pool().fileLists.Add(c.free, f)
}

// ended closes the file of a handle that was written, if one is under way; and that which was read, where both are done
// with.
func (c *Conversation) ended(handle uint64, xid uint32, both bool, to told) {
	for i := 0; i < len(c.files); {
		if f := c.files[i]; f.Handle == handle && (both || f.Dir == wire.ToServer) {
			f.LastXID = xid
			c.endFile(f, f.Dir == wire.ToServer, to)
		} else {
			i++
		}
	}
}

// carry says that n bytes of a file's content stand where x is, n being what the message says.
func (c *Conversation) carry(s *side, r *waiting, x *xdr, n int, ends bool, to told) {
	if x.bad || n < 0 || r.call.Handle == 0 {
		return
	}
	f := c.file(r, s.dir, to)
	f.Chunks++
	f.LastXID = r.call.XID
	f.Bytes += uint64(n)
	s.content = content{file: f, offset: r.call.Offset, left: n, ends: ends, early: s.dir == wire.ToClient && c.early(r)}
	switch {
	case s.content.early && ends: // the end came first
		s.content.ends, f.over = false, true
	case f.over && !s.content.early:
		s.content.ends = true
	}
}

// early says whether bytes of a file before those in hand are asked for and not here yet.
func (c *Conversation) early(r *waiting) bool {
	for _, w := range c.waiting {
		if w.reads && w.call.Handle == r.call.Handle && w.call.Offset < r.call.Offset {
			return true
		}
	}
	return false
}

// piece hands over p.
func (c *Conversation) piece(s *side, p []byte, to told) {
	x := &s.content
	if x.file != nil && to.p != nil && len(p) > 0 {
		c.pieces = Piece{File: x.file, Offset: x.offset, Bytes: p, Lost: x.lost, Early: x.early}
		to.p.Content(&c.pieces)
	}
	x.offset += uint64(len(p))
	x.left -= len(p)
	x.lost = 0
}
