package nfs

import (
	"encoding/binary"

	"bulwark/wire"
	"bulwark/wire/kerberos"
	"bulwark/wire/spnego"
)

const (
	call     = 0
	reply    = 1
	lastMark = 1 << 31 // RFC 5531 §11
	maxMark  = 16 << 20
	maxAuth  = 400 // RFC 5531 §8.2
)

// known says whether a program is one of those that are read, in a version that it has.
func known(program, version uint32) bool {
	switch program {
	case NFS:
		return version >= 2 && version <= 4
	case PortMapper:
		return version >= 2 && version <= 4
	case Mount:
		return version >= 1 && version <= 3
	case LockManager:
		return version >= 1 && version <= 4
	case ACL:
		return version == 2 || version == 3
	case Status:
		return version == 1
	}
	return false
}

// headSize is how many bytes tell a call or an answer from other things. The shortest message, a call that is not let
// in, has minSize.
const (
	headSize = 24
	minSize  = 20
)

// looks says whether p begins with a call of a program that is read, or with an answer that nothing speaks against.
func looks(p []byte) (match wire.Match, dir wire.Dir, program uint32) {
	word := func(i int) uint32 { return binary.BigEndian.Uint32(p[4*i:]) }
	if len(p) < 8 {
		return wire.Unsure, wire.Either, 0
	}
	switch word(1) {
	case call:
		if len(p) < headSize {
			return wire.Unsure, wire.Either, 0
		}
		if word(2) == 2 && known(word(3), word(4)) && word(5) < 100 {
			return wire.Yes, wire.ToServer, word(3)
		}
	case reply: // accepted, no verifier, carried out
		if len(p) < headSize {
			return wire.Unsure, wire.Either, 0
		}
		if word(2) == 0 && word(3) == 0 && word(4) == 0 && word(5) <= 5 {
			return wire.Yes, wire.ToClient, 0
		}
	}
	return wire.No, wire.Either, 0
}

// Probe says whether p begins a conversation with an NFS server over TCP, and from which side.
func Probe(p []byte) (wire.Match, wire.Dir) {
	match, dir, program := probe(p)
	if match == wire.Yes && dir == wire.ToServer && program != NFS && program != ACL {
		return wire.No, wire.Either
	}
	return match, dir
}

// ProbeOther says the same of the programs beside it.
func ProbeOther(p []byte) (wire.Match, wire.Dir) {
	match, dir, program := probe(p)
	if match == wire.Yes && (dir == wire.ToClient || program == NFS || program == ACL) {
		return wire.No, wire.Either
	}
	return match, dir
}

func probe(p []byte) (wire.Match, wire.Dir, uint32) {
	if len(p) < 4 {
		if len(p) > 0 && p[0] != 0x80 {
			return wire.No, wire.Either, 0
		}
		return wire.Unsure, wire.Either, 0
	}
	mark := binary.BigEndian.Uint32(p)
	if mark&lastMark == 0 || mark&^uint32(lastMark) < headSize || mark&^uint32(lastMark) > maxMark {
		return wire.No, wire.Either, 0
	}
	return looks(p[4:])
}

// Looks says whether a datagram is a call or an answer of NFS.
func Looks(p []byte) bool {
	match, _, program := looks(p)
	return match == wire.Yes && len(p)%4 == 0 && (program == NFS || program == ACL)
}

// LooksOther says the same of the programs beside it.
func LooksOther(p []byte) bool {
	match, _, program := looks(p)
	return match == wire.Yes && len(p)%4 == 0 && program != 0 && program != NFS && program != ACL
}

// credentials reads who asks (RFC 5531 §9 and appendix A, RFC 2203 §5).
func (w *Credentials) read(x *xdr) {
	*w = Credentials{Flavor: Flavor(x.u32()), machine: w.machine[:0]}
	body := xdr{p: x.opaque(maxAuth)}
	switch w.Flavor {
	case AuthSys:
		body.u32()
		w.machine = append(w.machine, body.opaque(MaxName)...)
		w.UID, w.GID = body.u32(), body.u32()
		w.Machine = w.machine
	case AuthGSS:
		if body.u32() == 1 {
			w.GSS = GSSProcedure(body.u32())
			body.u32()
			w.Service = GSSService(body.u32())
		}
	}
}

// copyOf takes over another's, with buffers of its own.
func (w *Credentials) copyOf(o *Credentials) {
	machine := append(w.machine[:0], o.Machine...)
	*w = *o
	w.machine, w.Machine = machine, machine
}

// ticket reads the Kerberos ticket in the arguments of a call that makes a security context.
func (c *Conversation) ticket(x *xdr, r *waiting) {
	token := x.opaque(32 << 10)
	if len(token) == 0 {
		return
	}
	if spnego.Parse(token, c.pool().token()) != nil || c.Pool.Token.Inner != spnego.Kerberos || c.Pool.Token.Kerberos.Type != kerberos.APReq {
		return
	}
	r.call.Principal = r.call.keep(c.Pool.Token.Kerberos.Ticket.Server.Name)
	r.call.Realm = r.call.keep(c.Pool.Token.Kerberos.Ticket.Realm)
	r.call.Ticket = c.Pool.Token.Kerberos.Ticket.Sealed
}

// keep copies a text into the call's own.
func (c *Call) keep(p []byte) []byte {
	start := len(c.text)
	if start+len(p) > 4*MaxPath {
		return nil
	}
	c.text = c.space.Append(c.text, p)
	return c.text[start:len(c.text):len(c.text)]
}

// unwrap opens arguments or results whose integrity is protected (RFC 2203 §5.3.2.2). ok is false when they are sealed.
func (w *Credentials) unwrap(x *xdr) (ok bool) {
	if w.Flavor != AuthGSS || w.GSS != GSSData {
		return true
	}
	switch w.Service {
	case GSSIntegrity:
		x.u32() // the length
		x.u32() // the sequence number
		return true
	case GSSPrivacy:
		return false
	}
	return true
}
