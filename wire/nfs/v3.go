package nfs

// handle reads a handle, and makes it the call's.
func (v *Call) handle(h []byte) {
	if len(h) > 0 {
		v.Handle, v.HandleC = hash(h), checksum(h)
	}
}

const (
	maxHandle3 = 64  // RFC 1813 §2.5
	size2      = 32  // RFC 1094 §2.3.3: a handle
	maxHandle4 = 128 // RFC 8881 §3.2
	attr2      = 68  // RFC 1094 §2.3.5
	attr3      = 84  // RFC 1813 §2.5: fattr3
)

// A write that is stable is kept before it is answered, and no COMMIT follows (RFC 1813 §3.3.7). One of less than whole
// pages is the last then: clients write whole pages.
const (
	fileSync = 2
	page     = 4096
)

// ask3 reads the arguments of version 3 (RFC 1813 §3.3).
func (c *Conversation) ask3(s *side, r *waiting, x *xdr, to told) {
	v := &r.call
	if v.Procedure == 0 || v.Procedure > 21 {
		return
	}
	v.handle(x.opaque(maxHandle3))
	switch v.Procedure {
	case 3, 8, 9, 10, 11: // LOOKUP, CREATE, MKDIR, SYMLINK, MKNOD
		r.folder, r.make = v.Handle, true
		v.Name = v.keep(x.opaque(MaxName))
	case 12, 13: // REMOVE, RMDIR
		r.folder = v.Handle
		v.Name = v.keep(x.opaque(MaxName))
	case 14: // RENAME
		r.folder = v.Handle
		v.Name = v.keep(x.opaque(MaxName))
		x.opaque(maxHandle3)
		v.NewName = v.keep(x.opaque(MaxName))
	case 15: // LINK
		x.opaque(maxHandle3)
		v.NewName = v.keep(x.opaque(MaxName))
	case 6: // READ
		r.reads = true
		v.Offset, v.Count = x.u64(), x.u32()
	case 7: // WRITE
		v.Offset, v.Count = x.u64(), x.u32()
		stable := x.u32() == fileSync && v.Count%page != 0
		c.carry(s, r, x, int(x.u32()&0xffffff), stable, to)
	}
}

// postAttributes reads what an answer says of a file, and returns its size; 0 when that is not said.
func postAttributes(x *xdr) (size uint64) {
	if x.u32() == 0 {
		return 0
	}
	x.skip(20)
	size = x.u64()
	x.skip(attr3 - 28)
	return size
}

// answer3 reads the results of version 3.
func (c *Conversation) answer3(s *side, r *waiting, x *xdr, to told) {
	v := &r.call
	v.Status = x.u32()
	if v.Status != 0 {
		return
	}
	switch v.Procedure {
	case 3: // LOOKUP
		c.names.put(c.pool(), c.given(x.opaque(maxHandle3)), r.folder, v.Name)
	case 8, 9, 10, 11:
		if x.u32() != 0 {
			c.names.put(c.pool(), c.given(x.opaque(maxHandle3)), r.folder, v.Name)
		}
	case 6: // READ
		size := postAttributes(x)
		x.u32()
		end := x.u32() != 0
		c.carry(s, r, x, int(x.u32()&0xffffff), end, to)
		c.sized(s, size)
	case 7: // WRITE
		x.skipBefore()
		c.wrote(r, postAttributes(x))
	case 17: // READDIRPLUS
		c.entries3(r, x)
	case 21: // COMMIT
		c.ended(v.Handle, v.XID, false, to)
	}
}

// skipBefore passes over what a file was before a change (RFC 1813 §2.5: pre_op_attr).
func (x *xdr) skipBefore() {
	if x.u32() != 0 {
		x.skip(24)
	}
}

// given is a handle that an answer gives, hashed; 0 for none.
func (c *Conversation) given(h []byte) uint64 {
	if len(h) == 0 {
		return 0
	}
	return hash(h)
}

// sized notes the size of the file whose content a side carries.
func (c *Conversation) sized(s *side, size uint64) {
	if f := s.content.file; f != nil && size > 0 {
		f.Size = size
	}
}

// wrote notes the size of a file that was written.
func (c *Conversation) wrote(r *waiting, size uint64) {
	for _, f := range c.files {
		if f.Handle == r.call.Handle && f.Dir == 0 {
			f.Size, f.Status = max(f.Size, size), r.call.Status
		}
	}
}

// entries3 keeps the names and handles that READDIRPLUS lists (RFC 1813 §3.3.17).
func (c *Conversation) entries3(r *waiting, x *xdr) {
	postAttributes(x)
	x.skip(8)
	for x.u32() != 0 && !x.bad {
		x.skip(8)
		name := x.opaque(MaxName)
		x.skip(8)
		postAttributes(x)
		if x.u32() == 0 {
			continue
		}
		if h := x.opaque(maxHandle3); !x.bad {
			c.names.put(c.pool(), c.given(h), r.call.Handle, name)
		}
	}
}

// ask2 reads the arguments of version 2 (RFC 1094 §2.2).
func (c *Conversation) ask2(s *side, r *waiting, x *xdr, to told) {
	v := &r.call
	if v.Procedure == 0 || v.Procedure > 17 {
		return
	}
	v.handle(x.fixed(size2))
	switch v.Procedure {
	case 4, 9, 14: // LOOKUP, CREATE, MKDIR
		r.folder, r.make = v.Handle, true
		v.Name = v.keep(x.opaque(MaxName))
	case 10, 13, 15: // REMOVE, SYMLINK, RMDIR
		r.folder = v.Handle
		v.Name = v.keep(x.opaque(MaxName))
	case 11: // RENAME
		r.folder = v.Handle
		v.Name = v.keep(x.opaque(MaxName))
		x.skip(size2)
		v.NewName = v.keep(x.opaque(MaxName))
	case 12: // LINK
		x.skip(size2)
		v.NewName = v.keep(x.opaque(MaxName))
	case 6: // READ
		r.reads = true
		v.Offset, v.Count = uint64(x.u32()), x.u32()
	case 8: // WRITE
		x.u32()
		v.Offset = uint64(x.u32())
		x.u32()
		v.Count = x.u32()
		c.carry(s, r, x, int(v.Count&0xffffff), false, to)
	}
}

// answer2 reads the results of version 2.
func (c *Conversation) answer2(s *side, r *waiting, x *xdr, to told) {
	v := &r.call
	v.Status = x.u32()
	if v.Status != 0 {
		return
	}
	switch v.Procedure {
	case 4, 9, 14:
		c.names.put(c.pool(), c.given(x.fixed(size2)), r.folder, v.Name)
	case 6:
		size := size2Of(x)
		n := int(x.u32() & 0xffffff)
		c.carry(s, r, x, n, v.Offset+uint64(n) >= size, to)
		c.sized(s, size)
	case 8:
		c.wrote(r, size2Of(x))
	}
}

// size2Of reads the attributes of a file in version 2 and returns its size.
func size2Of(x *xdr) (size uint64) {
	x.skip(20)
	size = uint64(x.u32())
	x.skip(attr2 - 24)
	return size
}
