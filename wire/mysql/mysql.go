// Package mysql reads the protocol of MySQL and MariaDB (MySQL Internals, Client/Server Protocol; MariaDB Knowledge Base): who
// signs on to which database and how, the statements, and what came of them.
//
// Everything stands in packets: three bytes of length, least significant first, a number that counts within an exchange, and
// the payload. The server greets with its version and how it wants to be asked; the client answers with its user or asks for
// TLS. Then each command of the client begins with number 0, and the server answers with OK, an error or rows.
//
// Statements are handed over as sent; passwords and what proves them are passed over. Rows are counted.
package mysql

import (
	"fmt"

	"bulwark/wire"
)

var (
	// ErrTLS means that TLS follows.
	ErrTLS = fmt.Errorf("mysql: TLS follows")
	// ErrPacket means bytes that are no packet of the protocol.
	ErrPacket = fmt.Errorf("mysql: bad packet: %w", wire.ErrMalformed)
)

// Capabilities of both sides that change what is read.
const (
	capConnectDB  = 1 << 3
	capCompress   = 1 << 5
	capProtocol41 = 1 << 9
	capSSL        = 1 << 11
	capPluginAuth = 1 << 19
	capAttributes = 1 << 20
	capLengthAuth = 1 << 21
	capNoEOF      = 1 << 24
	capZstd       = 1 << 26
	capQueryAttrs = 1 << 27
	// The result is described only where the server says so (CLIENT_OPTIONAL_RESULTSET_METADATA).
	capOptionalMeta = 1 << 25
)

// Login is a sign-on. Its slices point into memory of the conversation.
type Login struct {
	Server   []byte // version: 8.0.36, 5.5.5-10.11.6-MariaDB
	Thread   uint32
	User     []byte
	Database []byte
	Plugin   []byte // by which the user proves who he is
	Program  []byte // program_name of the client, or its driver where it names none
	Driver   []byte // _client_name and _client_version
	OS       []byte
	Asked    bool // the client has answered the greeting
	Changes  bool // a user signs on in place of another
	Packed   bool // the client wants the connection to be compressed
	Decided  bool
	Accepted bool
	Code     uint16 // of an error
	State    []byte // SQLSTATE of an error
	Message  []byte // of an error
}

// Command is a command with what answered it. Its slices are valid during the call.
type Command struct {
	Code      byte   // COM_QUERY and so on
	Statement []byte // of a query, of a preparation or of what executes it, at most 4096 bytes; the database of COM_INIT_DB
	Answered  bool
	OK        bool
	Affected  uint64 // rows changed, of all results
	Columns   uint64 // of the last result
	Results   uint64 // that have rows
	Rows      uint64 // of all results
	RowBytes  uint64 // of the packets that hold them
	File      []byte // of the client, that the server asked for (LOAD DATA LOCAL)
	Sent      uint64 // bytes of it
	Error     uint16
	State     []byte
	Message   []byte
}

// The commands.
const (
	Quit            = 0x01
	InitDB          = 0x02
	Query           = 0x03
	fieldList       = 0x04
	CreateDB        = 0x05
	DropDB          = 0x06
	Shutdown        = 0x08
	ProcessInfo     = 0x0A
	Kill            = 0x0C
	ChangeUser      = 0x11
	BinlogDump      = 0x12
	TableDump       = 0x13
	RegisterReplica = 0x15
	Prepare         = 0x16
	Execute         = 0x17
	sendLongData    = 0x18
	closeStatement  = 0x19
	fetch           = 0x1C
	BinlogDumpGTID  = 0x1E
	BulkExecute     = 0xFA
)

// Name is the name of a command; empty for one that is of no interest.
func (c *Command) Name() string {
	switch c.Code {
	case InitDB:
		return "init_db"
	case Query:
		return "query"
	case CreateDB:
		return "create_db"
	case DropDB:
		return "drop_db"
	case Shutdown:
		return "shutdown"
	case ProcessInfo:
		return "process_list"
	case Kill:
		return "kill"
	case BinlogDump, BinlogDumpGTID:
		return "binlog_dump"
	case TableDump:
		return "table_dump"
	case RegisterReplica:
		return "register_replica"
	case Prepare:
		return "prepare"
	case Execute, BulkExecute:
		return "execute"
	}
	return ""
}

// Handler takes what a conversation reads.
type Handler interface {
	// Login is called when a sign-on was decided, when TLS follows, or when no more of it can come.
	Login(l *Login)
	// Command is called once for each command, with its answer where that came.
	Command(c *Command)
}

// Bounds of what is kept.
const (
	maxStatement = 4096
	maxValue     = 256
	maxArena     = 12 << 10
	maxGreeting  = 1024
)

// Probe tells whether p are the first bytes of a server, or a query in a connection that was there before its observer.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) > 12 && p[3] == 0 && p[4] == Query && length(p) == len(p)-head && opens(p[head+1:]) {
		return wire.Yes, wire.ToServer
	}
	if len(p) < 5 {
		if len(p) > 2 && p[2] != 0 || len(p) > 3 && p[3] != 0 {
			return wire.No, wire.ToClient
		}
		return wire.Unsure, wire.ToClient
	}
	n := int(p[0]) | int(p[1])<<8 | int(p[2])<<16
	if p[3] != 0 || n < 9 || n > maxGreeting {
		return wire.No, wire.ToClient
	}
	switch p[4] {
	case 10:
		return probeVersion(p[5:], n), wire.ToClient
	case 0xFF: // the server refuses before it greets: 1040 too many connections, 1129 and 1130 host not allowed
		if len(p) < 9 {
			return wire.Unsure, wire.ToClient
		}
		if code := int(p[5]) | int(p[6])<<8; (code == 1040 || code == 1129 || code == 1130) && p[7] >= ' ' && p[7] < 0x7F {
			return wire.Yes, wire.ToClient
		}
	}
	return wire.No, wire.ToClient
}

// probeVersion looks for a version of digits and points that ends with a zero, in a greeting of n bytes.
func probeVersion(p []byte, n int) wire.Match {
	for i, b := range p {
		switch {
		case i == 0 && (b < '0' || b > '9'), i > 80 || i > n:
			return wire.No
		case b == 0 && i >= 3:
			return wire.Yes
		case b < ' ' || b >= 0x7F:
			return wire.No
		}
	}
	return wire.Unsure
}

// opens reports whether p begins as statements do.
func opens(p []byte) bool {
	var word [8]byte
	i := 0
	for ; i < len(word) && i < len(p) && 'a' <= p[i]|0x20 && p[i]|0x20 <= 'z'; i++ {
		word[i] = p[i] | 0x20
	}
	if i >= len(p) || p[i] != ' ' && p[i] != '\n' {
		return false
	}
	switch string(word[:i]) {
	case "select", "insert", "update", "delete", "replace", "set", "show", "call", "begin", "start", "with", "create", "alter", "drop":
		return true
	}
	return false
}
