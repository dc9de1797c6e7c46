package frames

import (
	"encoding/binary"

	"bulwark/wire"
)

// nbssSize reads the header before a message of SMB over TCP ([MS-SMB2] §2.1).
func nbssSize(_ *Cutter, p []byte) int {
	if len(p) < 4 {
		return 0
	}
	return 4 + int(p[1])<<16 + int(p[2])<<8 + int(p[3])
}

func nbssParts(c *Cutter, p []byte, size int) {
	c.whole([3]string{"smb.nbss.pdu", "smb.nbss.hdr", "smb.nbss.data"}, p, 4, size)
	if p[0] != 0 || len(p) < 8 {
		return
	}
	var names [3]string
	head := 0
	switch string(p[4:8]) {
	case "\xffSMB":
		names, head = [3]string{"smb.smb1.pdu", "smb.smb1.hdr", "smb.smb1.data"}, 32
	case "\xfdSMB":
		names, head = [3]string{"smb.smb3.pdu", "smb.smb3.hdr", "smb.smb3.data"}, 52
	case "\xfeSMB":
		c.smb2(p, size)
		return
	default:
		return
	}
	c.part(names[0], p, 4, size)
	c.part(names[1], p, 4, min(4+head, size))
	c.part(names[2], p, 4+head, size)
}

// smb2 shows each of the messages that stand one behind the other ([MS-SMB2] §2.2.1: NextCommand).
func (c *Cutter) smb2(p []byte, size int) {
	for at := 4; at+64 <= len(p) && string(p[at:at+4]) == "\xfeSMB"; {
		end := size
		next := int(binary.LittleEndian.Uint32(p[at+20:]))
		if next >= 64 && next < size-at {
			end = at + next
		}
		c.part("smb.smb2.pdu", p, at, end)
		c.part("smb.smb2.hdr", p, at, at+64)
		c.part("smb.smb2.data", p, at+64, end)
		if end == size {
			return
		}
		at = end
	}
}

// rpc is what is kept of the calls of a conversation: the version of NFS that they were of.
type rpc struct {
	calls [16]struct{ xid, version uint32 }
	next  int
}

const nfsProgram = 100003 // RFC 1813 §2.1

// rpcSize reads the mark of a record (RFC 5531 §11); a datagram has none.
func rpcSize(c *Cutter, p []byte) int {
	switch {
	case !c.stream:
		return len(p)
	case len(p) < 4:
		return 0
	}
	return 4 + int(binary.BigEndian.Uint32(p)&0x7fffffff)
}

func rpcParts(c *Cutter, p []byte, size int) {
	mark := 0
	if c.stream {
		mark = 4
	}
	if len(p) < mark+24 {
		return
	}
	c.part("nfs.rpc.pdu", p, 0, size)
	head := mark + 24
	if c.dir == wire.ToClient {
		head = mark + 8
	}
	c.part("nfs.rpc.hdr", p, 0, head)
	c.part("nfs.rpc.data", p, head, size)
	if c.dir == wire.ToClient {
		c.reply(p, mark, size)
		return
	}
	c.call(p, mark, size)
}

// word is a number of four bytes; 0 where it is not there.
func word(p []byte, at int) uint32 {
	if at < 0 || at+4 > len(p) {
		return 0
	}
	return binary.BigEndian.Uint32(p[at:])
}

// call shows the parts of a call behind its header: credentials, a verifier, what is asked of NFS (RFC 5531 §9).
func (c *Cutter) call(p []byte, mark, size int) {
	creds := mark + 24
	end := creds + 8 + padded(word(p, creds+4))
	c.part("nfs.rpc.creds", p, creds, min(end, size))
	body := end + 8 + padded(word(p, end+4))
	if word(p, mark+12) != nfsProgram || body >= len(p) {
		return
	}
	version := word(p, mark+16)
	c.rpc.calls[c.rpc.next%len(c.rpc.calls)] = struct{ xid, version uint32 }{word(p, mark), version}
	c.rpc.next++
	if version < 4 {
		c.part("nfs.nfs.pdu", p, body, size)
		return
	}
	c.part("nfs.nfs4.pdu", p, body, size)
	if size > body+8 {
		c.part("nfs.nfs4.hdr", p, body, body+8)
		c.part("nfs.nfs4.ops", p, body+8, size)
	}
}

// reply shows the answer of NFS in a reply that was accepted.
func (c *Cutter) reply(p []byte, mark, size int) {
	verifier := mark + 12
	body := verifier + 8 + padded(word(p, verifier+4)) + 4
	if body >= len(p) {
		return
	}
	version := uint32(3)
	for _, call := range c.rpc.calls {
		if call.version != 0 && call.xid == word(p, mark) {
			version = call.version
		}
	}
	if version < 4 {
		c.part("nfs.nfs.pdu", p, body, size)
		c.part("nfs.nfs.status", p, body, body+4)
		return
	}
	c.part("nfs.nfs4.pdu", p, body, size)
	c.part("nfs.nfs4.status", p, body, body+4)
	if size > body+8 {
		c.part("nfs.nfs4.hdr", p, body, body+8)
		c.part("nfs.nfs4.ops", p, body+8, size)
	}
}

// padded is a length of XDR with what fills it up (RFC 4506 §3), at most what a unit may hold.
func padded(n uint32) int { return int(min(n, maxHeld)+3) &^ 3 }
