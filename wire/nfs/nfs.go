// Package nfs reads the network file system of Unix, versions 2 (RFC 1094), 3 (RFC 1813), 4.0 and 4.1 (RFC 7530, RFC
// 8881), over ONC RPC (RFC 5531), and of the programs beside it the port mapper (RFC 1833) and the mount service.
//
// A call has a transaction number, a program, its version and a procedure, who asks (AUTH_SYS: a machine's name, a user
// and a group, which it merely claims; RPCSEC_GSS: Kerberos) and arguments; its answer repeats the number. Over TCP a
// record mark of four bytes stands before each message (RFC 5531 §11), over UDP a datagram is a message. Numbers are of
// four bytes, big-endian; texts and handles have a length before them and are filled up to a multiple of four (XDR).
//
// Files are named once, in LOOKUP, CREATE, READDIRPLUS or OPEN, and from then on by a handle of the server's; a bounded
// table keeps the names. A call of version 4 is a list of operations on a current handle.
//
// What is told of is each file that was read or written, when it is done with, and each call that changes or lists what
// there is; who wants all calls offers a [CallHandler], who wants what is read and written a [ContentHandler].
package nfs

import (
	"bulwark/wire"
	"bulwark/wire/kerberos"
)

// The bounds of a conversation.
const (
	MaxName    = 255  // bytes of a file's name
	MaxPath    = 1024 // bytes of a path
	MaxNames   = 1024 // handles whose names are kept; of more, the oldest is forgotten
	MaxWaiting = 128  // calls without an answer; of more, the oldest is told as it stands
	MaxOpen    = 64   // files under way; of more, one not lately used is told as it stands
	maxDepth   = 16   // folders above a file
)

// The programs (IANA registry "RPC Program Numbers").
const (
	PortMapper  uint32 = 100000
	NFS         uint32 = 100003
	Mount       uint32 = 100005
	LockManager uint32 = 100021
	Status      uint32 = 100024
	ACL         uint32 = 100227 // Sun's, for NFS 2 and 3
)

// Handler is told what was done. A record and what it points to are valid during the call only.
type Handler interface {
	// Record is called with a *Call that changes or lists something, or that failed to be understood, or a *File.
	Record(r Record)
}

// CallHandler is a [Handler] that wants each call with its answer too, but for READ and WRITE.
type CallHandler interface {
	Handler
	Call(c *Call)
}

// ContentHandler is a [Handler] that wants what is read from and written to files too.
type ContentHandler interface {
	Handler
	Content(p *Piece)
}

// Record is one of the types that a [Handler] is told of.
type Record interface{ record() }

func (*Call) record() {}
func (*File) record() {}

// Credentials are who asks, by the client's word (AUTH_SYS) or by Kerberos (RPCSEC_GSS).
type Credentials struct {
	Flavor Flavor
	// AUTH_SYS (RFC 5531 appendix A):
	UID, GID uint32
	Machine  []byte
	// RPCSEC_GSS (RFC 2203 §5): what is done, and how the arguments are protected.
	GSS     GSSProcedure
	Service GSSService

	machine []byte // where Machine is
}

// Call is a call with its answer.
type Call struct {
	XID       uint32
	Program   uint32
	Version   uint32
	Minor     uint32 // of version 4
	Procedure uint32 // in version 4 that of the operation that says most; 1 where none does
	Who       Credentials
	Asked     bool // else only the answer was seen
	Answered  bool
	Denied    bool   // the call was not let in
	Accept    uint32 // RFC 5531 §9: 0 carried out, 1 no such program, 2 no such version, 3 no such procedure...
	Auth      uint32 // RFC 5531 §9: why it was denied
	Status    uint32 // of the procedure; see [StatusName]

	Handle  uint64 // of the file or folder, hashed; 0: none
	HandleC uint32 // the same as EVE hashes it (CRC-32)
	Name    []byte // of the file, in its folder
	Folder  []byte // above it, as far as it is known
	NewName []byte // RENAME, LINK
	Offset  uint64
	Count   uint32
	// Path is that of a mount, Target the program that is looked for, Port where it is.
	Path   []byte
	Target uint32
	Port   uint32
	// Software is what the client, and ServerSoftware what the server says that it runs (EXCHANGE_ID).
	Software, ServerSoftware []byte
	// Principal is the service of a Kerberos ticket, Realm its realm.
	Principal, Realm []byte
	Ticket           kerberos.Sealed // zero: none was shown

	text  []byte
	space *wire.Space
}

// File is a file that was read or written. It is told of when it is closed (CLOSE, COMMIT, a read that meets its end, a
// write that says it is stable), or when the conversation ends.
type File struct {
	Version uint32
	Minor   uint32
	Who     Credentials
	XID     uint32 // of the first call, LastXID of the last
	LastXID uint32
	Handle  uint64
	HandleC uint32
	Name    []byte
	Folder  []byte
	Dir     wire.Dir // ToServer: written
	Bytes   uint64   // that crossed the wire
	Size    uint64   // as the server last said; 0: it did not
	Chunks  uint32   // calls
	Last    bool     // the end was seen
	Status  uint32   // of the last call
	Denied  bool
	// Mark is the handler's own; 0 for a file that is new.
	Mark uint32

	used bool
	over bool // its end came before its turn
	text []byte
}

// Piece is a part of what one READ or WRITE carries.
type Piece struct {
	File   *File
	Offset uint64 // of Bytes in the file
	Bytes  []byte
	Lost   int // bytes that were lost right before these
	// Early says that what comes before it in the file has been asked for too, and is not here yet: servers answer in
	// any order.
	Early bool
}
