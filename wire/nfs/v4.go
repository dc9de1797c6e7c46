package nfs

import "bytes"

// The operations of version 4 that are told of by name (RFC 8881 §16.2.1).
const (
	op4Compound    = 1 // no operation: where none says more
	op4Close       = 4
	op4Commit      = 5
	op4Create      = 6
	op4GetAttr     = 9
	op4GetFH       = 10
	op4Link        = 11
	op4Lookup      = 15
	op4Open        = 18
	op4PutFH       = 22
	op4PutRootFH   = 24
	op4Read        = 25
	op4ReadDir     = 26
	op4Remove      = 28
	op4Rename      = 29
	op4SetAttr     = 34
	op4SetClientID = 35
	op4Write       = 38
	op4ExchangeID  = 42
	op4Sequence    = 53
)

// says is how much an operation says about a call: of several the one that says most stands for it.
func says(op uint32) int {
	switch op {
	case op4Create, op4Remove, op4Rename, op4Link, op4Write, op4Read, op4ExchangeID, op4SetClientID:
		return 5
	case op4Open, op4Close, op4SetAttr, op4ReadDir:
		return 4
	case op4Commit:
		return 3
	case op4Lookup:
		return 2
	case op4PutFH, op4PutRootFH, op4GetFH, op4Sequence, 23, 31, 32: // PUTPUBFH, RESTOREFH, SAVEFH: they lead to others
		return 0
	}
	return 1
}

const maxOperations = 64

// ask4 reads a call of version 4: COMPOUND or nothing (RFC 8881 §16.2).
func (c *Conversation) ask4(s *side, r *waiting, x *xdr, to told) {
	v := &r.call
	if v.Procedure != op4Compound {
		return
	}
	x.opaque(MaxPath) // the tag
	v.Minor = x.u32()
	current := uint64(0)
	for range min(x.u32(), maxOperations) {
		op := x.u32()
		if x.bad {
			return
		}
		if n := says(op); n > 0 && n > says(v.Procedure) || !r.main && n > 0 {
			v.Procedure, r.main = op, true
		}
		if !c.operation4(s, r, x, op, &current, to) {
			return
		}
	}
}

// operation4 reads the arguments of one operation. It returns false when what follows cannot be read.
func (c *Conversation) operation4(s *side, r *waiting, x *xdr, op uint32, current *uint64, to told) bool {
	v := &r.call
	switch op {
	case op4PutFH:
		v.handle(x.opaque(maxHandle4))
		*current, r.within = v.Handle, false
	case op4PutRootFH, 16, 23, 31: // LOOKUPP, PUTPUBFH, RESTOREFH
		*current, r.within = 0, false
	case op4Lookup:
		c.enter(r, current)
		v.Name = v.keep(x.opaque(MaxName))
	case op4Open:
		return c.open4(r, x, current)
	case op4Create:
		kind := x.u32()
		switch kind { // RFC 8881 §18.4
		case 5:
			x.opaque(MaxPath)
		case 3, 4:
			x.skip(8)
		}
		c.enter(r, current)
		v.Name = v.keep(x.opaque(MaxName))
		x.attributes()
	case op4Remove:
		r.folder, r.make = c.folder(r, *current), false
		v.Name = v.keep(x.opaque(MaxName))
	case op4Rename:
		r.folder, r.make = c.folder(r, *current), false
		v.Name, v.NewName = v.keep(x.opaque(MaxName)), v.keep(x.opaque(MaxName))
	case op4Link:
		v.NewName = v.keep(x.opaque(MaxName))
	case op4Read:
		r.reads = true
		x.skip(16)
		v.Offset, v.Count = x.u64(), x.u32()
	case op4Write:
		x.skip(16)
		v.Offset = x.u64()
		stable := x.u32() == fileSync
		v.Count = x.u32()
		c.carry(s, r, x, int(v.Count&0xffffff), false, to)
		if f := s.content.file; f != nil && stable && v.Count%page != 0 {
			f.Last = true // but told when it is closed
		}
		return false // what follows stands behind the content
	case op4Close:
		c.ended(v.Handle, v.XID, true, to)
		x.skip(20)
	case op4Commit:
		x.skip(12)
	case op4SetClientID:
		x.skip(8)
		x.opaque(MaxPath)
		x.skip(4)
		x.opaque(MaxName)
		x.opaque(MaxName)
		x.skip(4)
	case op4ExchangeID:
		v.Software = v.keep(exchanged(x, true))
		return false
	default:
		return x.arguments(op)
	}
	return !x.bad
}

// enter notes that the name that follows leads on from the current handle.
func (c *Conversation) enter(r *waiting, current *uint64) {
	r.folder = c.folder(r, *current)
	r.make, r.within, *current = true, true, 0
	r.steps++
}

// folder is the handle that an operation is about. One that the names of a call lead to has no handle yet: it is known by the
// one before it and its name.
func (c *Conversation) folder(r *waiting, current uint64) uint64 {
	if !r.within || len(r.call.Name) == 0 {
		return current
	}
	made := (r.folder ^ hash(r.call.Name)) * 0x9e3779b97f4a7c15
	c.names.put(c.pool(), made, r.folder, r.call.Name)
	return made
}

// open4 reads the arguments of OPEN (RFC 8881 §18.16).
func (c *Conversation) open4(r *waiting, x *xdr, current *uint64) bool {
	x.skip(20)
	x.opaque(MaxPath) // the owner
	if x.u32() == 1 { // OPEN4_CREATE
		switch x.u32() {
		case 0, 1:
			x.attributes()
		case 2:
			x.skip(8)
		case 3:
			x.skip(8)
			x.attributes()
		}
	}
	switch x.u32() { // the claim
	case 0, 3:
		c.enter(r, current)
		r.call.Name = r.call.keep(x.opaque(MaxName))
	case 1:
		x.skip(4)
	case 2:
		x.skip(16)
		c.enter(r, current)
		r.call.Name = r.call.keep(x.opaque(MaxName))
	case 5:
		x.skip(16)
	}
	return !x.bad
}

// attributes passes over a list of attributes and their values (RFC 8881 §3.3.7: fattr4).
func (x *xdr) attributes() {
	x.words()
	x.opaque(64 << 10)
}

// arguments passes over those of an operation of which nothing is kept. It returns false where their form is not known.
func (x *xdr) arguments(op uint32) bool {
	switch op {
	case 3, 19, 52, 58: // ACCESS, OPENATTR, SECINFO_NO_NAME, RECLAIM_COMPLETE
		x.skip(4)
	case 7, 30, 57: // DELEGPURGE, RENEW, DESTROY_CLIENTID
		x.skip(8)
	case 8, 44, 45, 36: // DELEGRETURN, DESTROY_SESSION, FREE_STATEID, SETCLIENTID_CONFIRM
		x.skip(16)
	case op4GetAttr:
		x.words()
	case op4GetFH, 27, 31, 32: // READLINK, RESTOREFH, SAVEFH
	case 14: // LOCKU
		x.skip(40)
	case 17, 37: // NVERIFY, VERIFY
		x.attributes()
	case 20: // OPEN_CONFIRM
		x.skip(20)
	case 21: // OPEN_DOWNGRADE
		x.skip(28)
	case op4ReadDir:
		x.skip(24)
		x.words()
	case 33: // SECINFO
		x.opaque(MaxName)
	case op4SetAttr:
		x.skip(16)
		x.attributes()
	case 39: // RELEASE_LOCKOWNER
		x.skip(8)
		x.opaque(MaxPath)
	case 41: // BIND_CONN_TO_SESSION
		x.skip(24)
	case op4Sequence:
		x.skip(32)
	case 59, 62: // ALLOCATE, DEALLOCATE
		x.skip(32)
	case 69: // SEEK
		x.skip(28)
	default:
		return false
	}
	return !x.bad
}

// exchanged reads EXCHANGE_ID as far as the name of the software (RFC 8881 §18.35): the arguments, or the results.
func exchanged(x *xdr, asks bool) (software []byte) {
	if asks {
		x.skip(8)
		x.opaque(MaxPath) // who the client is
		x.skip(4)
	} else {
		x.skip(16)
	}
	if x.u32() != 0 { // state protection: seldom, and long
		return nil
	}
	if !asks {
		x.skip(8)
		x.opaque(MaxPath) // who the server is
		x.opaque(MaxPath) // and of what scope
	}
	if x.u32() == 0 {
		return nil
	}
	x.opaque(MaxName) // the maker's domain
	return bytes.TrimRight(x.opaque(MaxName), "\x00")
}

// answer4 reads the results of COMPOUND.
func (c *Conversation) answer4(s *side, r *waiting, x *xdr, to told) {
	v := &r.call
	if v.Procedure == 0 {
		return
	}
	v.Status = x.u32()
	x.opaque(MaxPath)
	steps := uint8(0) // names in the call that were met
	for range min(x.u32(), maxOperations) {
		op, status := x.u32(), x.u32()
		if x.bad {
			return
		}
		if op == v.Procedure {
			v.Status = status
		}
		switch {
		case status != 0 && op == op4SetAttr:
			x.words()
			continue
		case status != 0:
			return
		}
		switch op {
		case op4Lookup, op4Open, op4Create:
			steps++
		case op4GetFH:
			h := x.opaque(maxHandle4)
			if r.make && steps == r.steps && len(h) > 0 {
				c.names.put(c.pool(), hash(h), r.folder, v.Name)
				v.handle(h)
			}
			continue
		case op4Read:
			end := x.u32() != 0
			c.carry(s, r, x, int(x.u32()&0xffffff), end, to)
			return
		case op4ExchangeID:
			v.ServerSoftware = v.keep(exchanged(x, false))
			return
		case op4ReadDir: // its attributes differ from call to call
			return
		}
		if !x.results(op) {
			return
		}
	}
}

// results passes over what an operation gives that nothing is kept of. It returns false where its form is not known.
func (x *xdr) results(op uint32) bool {
	switch op {
	case 3, op4Commit: // ACCESS
		x.skip(8)
	case op4Close, 12, 14, 20, 21: // LOCK, LOCKU, OPEN_CONFIRM, OPEN_DOWNGRADE
		x.skip(16)
	case op4Create:
		x.skip(20)
		x.words()
	case 7, 8, 13, op4Lookup, 16, 17, 19, op4PutFH, 23, op4PutRootFH, 30, 31, 32, 36, 37, 39, 44, 45, 57, 58: // nothing
	case op4GetAttr:
		x.attributes()
	case op4Link, op4Remove:
		x.skip(20)
	case op4Open:
		return x.opened()
	case 27: // READLINK
		x.opaque(MaxPath)
	case op4Rename:
		x.skip(40)
	case op4SetAttr:
		x.words()
	case op4SetClientID:
		x.skip(16)
	case op4Write:
		x.skip(16)
	case op4Sequence:
		x.skip(36)
	default:
		return false
	}
	return !x.bad
}

// opened passes over the results of OPEN (RFC 8881 §18.16.2).
func (x *xdr) opened() bool {
	x.skip(16 + 20 + 4)
	x.words()
	switch x.u32() { // a delegation
	case 0:
	case 1:
		x.skip(20)
		x.skip(12)
		x.opaque(MaxName)
	case 2:
		x.skip(20)
		x.skip(12) // how much may be written: two forms of one length (RFC 8881 §18.16.2: nfs_space_limit4)
		x.skip(12)
		x.opaque(MaxName)
	case 3:
		if why := x.u32(); why == 1 || why == 2 {
			x.skip(4)
		}
	}
	return !x.bad
}
