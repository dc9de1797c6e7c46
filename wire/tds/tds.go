// Package tds reads the protocol of Microsoft SQL Server ([MS-TDS], versions 7.0 to 7.4), and of Sybase the sign-on of the version 5
// that it comes from: who signs on to which database and how, batches and procedures, and what came of them.
//
// Everything stands in packets of eight bytes of head and a payload; those up to one that says it is the last are a message. The
// client asks beforehand (PRELOGIN) whether TLS is wanted: its handshake then stands in such packets, and what follows either is
// TLS to the end, or the sign-on alone is and the rest is readable. In version 8 TLS comes first, and none of this is seen.
//
// Statements are handed over as sent, in UTF-8; passwords and what proves them are passed over.
package tds

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

// ErrPacket means bytes that are no packet of the protocol.
var ErrPacket = fmt.Errorf("tds: bad packet: %w", wire.ErrMalformed)

// Types of packets ([MS-TDS] §2.2.3.1.1).
const (
	typeBatch       = 1
	typeOldLogin    = 2
	typeRPC         = 3
	typeAnswer      = 4
	typeAttention   = 6
	typeBulk        = 7
	typeFedAuth     = 8
	typeTransaction = 14
	typeNormal      = 15 // of version 5
	typeLogin       = 16
	typeSSPI        = 17
	typePrelogin    = 18
)

// Encryption is what a side wants of encryption ([MS-TDS] §2.2.6.5), plus one. Zero was not said.
type Encryption uint8

// What a side wants.
const (
	Unsaid      Encryption = iota
	EncryptOff             // the sign-on alone
	EncryptOn              // everything
	EncryptNone            // it can none
	EncryptReq             // everything, or nothing is said
)

func (e Encryption) String() string {
	return [...]string{"", "login", "on", "unsupported", "required"}[min(e, EncryptReq)]
}

// Login is a sign-on with its answer. Its slices are valid during the call.
type Login struct {
	Version  uint32 // of the protocol: 0x74000004; 0 where it is not known
	Asked    bool   // the sign-on was seen
	Host     []byte // name of the client's machine, as it says
	User     []byte
	App      []byte
	Server   []byte // the name by which the client knows it
	Library  []byte
	Language []byte
	Database []byte
	SSPI     bool   // Windows proves who the user is
	FedAuth  bool   // a token of an identity provider does
	Token    []byte // of SSPI, of the client
	Password bool   // one was sent, in a form that hides nothing

	Driver   [4]byte    // version of the client's driver, of PRELOGIN
	Offered  Encryption // by the client
	Answered Encryption // by the server
	Engine   [4]byte    // version of the server, of PRELOGIN
	Sealed   bool       // by TLS

	Decided  bool
	Accepted bool
	Program  []byte  // of the server
	Release  [4]byte // of the server's program
	Chosen   []byte  // database that the server chose
	Error    Error
}

// Error is an error or a message of the server.
type Error struct {
	Number  uint32
	State   uint8
	Class   uint8 // above 10 it is an error
	Message []byte
	Server  []byte
	Proc    []byte
}

// Request is what a client asks for, with the answer. Its slices are valid during the call.
type Request struct {
	Type      uint8
	Procedure []byte // of a remote procedure call, or its name where it is known by number
	Calls     int    // of procedures
	Statement []byte // of a batch, or of a procedure that carries one; at most 4096 bytes
	Prepares  bool   // the statement is prepared
	Database  []byte // that was chosen
	Size      uint64 // bytes of the request
	Answered  bool
	Cancelled bool
	Failed    bool
	Columns   uint64 // of the last result
	Results   uint64 // that have rows
	Rows      uint64 // of all results
	Affected  uint64 // rows that statements changed
	Bytes     uint64 // of the answer
	Error     Error  // the first
}

// Name is what is done; empty for what is of no interest.
func (r *Request) Name() string {
	switch r.Type {
	case typeBatch, typeNormal:
		return "batch"
	case typeRPC:
		return "rpc"
	case typeBulk:
		return "bulk_load"
	case typeAttention:
		return "attention"
	}
	return ""
}

// Handler takes what a conversation reads.
type Handler interface {
	// Login is called when a sign-on was decided, when everything that follows is TLS, or when no more of it can come.
	Login(l *Login)
	// Request is called once for each request, with its answer where that came.
	Request(r *Request)
	// Challenge is called with a token of SSPI of the server.
	Challenge(token []byte)
	// TLS is called with the bytes of TLS, whose handshake stands in packets.
	TLS(dir wire.Dir, p []byte)
}

// Bounds of what is kept.
const (
	maxStatement = 4096
	maxBody      = 12 << 10 // of a message of the client
	maxValue     = 256
	maxColumns   = 4096
	maxToken     = 4 << 10
)

// Probe tells whether p are the first bytes of a client. A connection that was there before its observer is told by the head that
// requests have since version 7.2, or by their text.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.ToServer
	}
	switch p[0] {
	case typePrelogin, typeLogin, typeOldLogin, typeBatch, typeRPC, typeTransaction:
	default:
		return wire.No, wire.ToServer
	}
	if len(p) > 1 && p[1] > 1 && p[1] != 8 && p[1] != 9 || len(p) > 7 && p[7] != 0 {
		return wire.No, wire.ToServer
	}
	if len(p) < 4 {
		return wire.Unsure, wire.ToServer
	}
	if n := binary.BigEndian.Uint16(p[2:]); n < 16 || n > 32767 {
		return wire.No, wire.ToServer
	}
	if len(p) < 26 {
		return wire.Unsure, wire.ToServer
	}
	return probeBody(p[0], p[8:]), wire.ToServer
}

// probeBody looks at the payload of the first packet.
func probeBody(kind byte, p []byte) wire.Match {
	sure := false
	switch kind {
	case typePrelogin: // VERSION comes first, at the end of the list, and is six bytes
		at := int(binary.BigEndian.Uint16(p[1:]))
		sure = p[0] == 0 && p[3] == 0 && p[4] == 6 && at >= 6 && at <= 64 && at%5 == 1
	case typeLogin:
		n, v := binary.LittleEndian.Uint32(p), binary.LittleEndian.Uint32(p[4:])
		sure = n >= 86 && n < 128<<10 && known(v)
	case typeOldLogin:
		return probeOld(p)
	case typeBatch:
		sure = headed(p) || plain(p)
	case typeRPC:
		n := 2 * int(binary.LittleEndian.Uint16(p))
		sure = headed(p) || n >= 8 && n <= 256 && plain(p[2:min(2+n, len(p))])
	default:
		sure = headed(p)
	}
	if sure {
		return wire.Yes
	}
	return wire.No
}

// plain reports whether p is text of ASCII in UTF-16, as far as it is looked at: requests have no headers before version 7.2.
func plain(p []byte) bool {
	for i := 0; i+1 < min(len(p), 128); i += 2 {
		if c := p[i]; p[i+1] != 0 || (c < ' ' || c > '~') && c != '\r' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// known reports whether v is a version of the protocol that a LOGIN7 may name.
func known(v uint32) bool {
	switch v {
	case 0x70000000, 0x71000000, 0x71000001, 0x72090002, 0x730A0003, 0x730B0003, 0x74000004, 0x08000000:
		return true
	}
	return false
}

// headed reports whether p begins with ALL_HEADERS ([MS-TDS] §2.2.5.3) that hold the description of a transaction.
func headed(p []byte) bool {
	return len(p) >= 18 && binary.LittleEndian.Uint32(p) >= 22 && binary.LittleEndian.Uint32(p) < 1024 && binary.LittleEndian.Uint32(p[4:]) == 18 && p[8] == 2 && p[9] == 0
}
