// Package smb reads SMB 2 and 3 ([MS-SMB2]) and SMB 1 ([MS-CIFS], [MS-SMB]), the protocol by which Windows reaches
// files, printers and, through named pipes, the remote procedures that run a domain.
//
// Over TCP a message has four bytes before it: a zero and its length (NetBIOS session service, RFC 1002 §4.3; on port
// 445 the same without the rest, [MS-SMB2] 2.1). It begins with 0xFE 'SMB', or 0xFD when encrypted, 0xFC when
// compressed, 0xFF for SMB 1. A header of 64 bytes names the command, the session (who), the tree (which share) and a
// message number, by which an answer finds its request; a message may be a chain of several, the later of which mean
// the file of the first.
//
// A client negotiates a dialect, signs on (SESSION_SETUP, with SPNEGO tokens in several rounds), connects trees,
// opens files in them (CREATE, of pipes too), reads, writes, renames and closes them.
//
// What a defender wants is not each message but who signed on, which shares, which files and what was done with each.
// So a [Conversation] hands its [Handler] one record for the negotiation, for each sign-on, tree and file, the file's
// when it is closed; who wants every request with its answer offers a [TransactionHandler] too, and who wants what is
// read and written a [ContentHandler]. Once a conversation is encrypted, its end says how much there was of it.
//
// SMB 1 is older and different in every byte: a header of 32 bytes, blocks of words and bytes behind it, identifiers of
// two bytes, requests that name files by their paths. Its records are the same.
package smb

import (
	"bulwark/wire/kerberos"
	"bulwark/wire/ntlm"
	"bulwark/wire/spnego"
)

// The bounds of a conversation.
const (
	MaxName     = 1024 // bytes of a name as sent, which is UTF-16
	MaxFiles    = 512  // open files; of more, one not lately used is reported as it stands
	MaxTrees    = 64   // connected trees; of more, the oldest is forgotten
	MaxSessions = 32   // sessions; the same
	MaxWaiting  = 256  // requests without an answer; of more, the oldest is taken as unanswered
	MaxDialects = 16   // dialects that a client offers
)

// Handler is told what was done. A record and what it points to are valid during the call only.
type Handler interface {
	// Record is called with a *Negotiation, a *Session, a *Tree, a *File or, last of all, a *Summary.
	Record(r Record)
}

// TransactionHandler is a [Handler] that wants each request with its answer too, before the records that come of it.
type TransactionHandler interface {
	Handler
	Transaction(t *Transaction)
}

// Record is one of the types that a [Handler] is told of.
type Record interface{ record() }

func (*Negotiation) record() {}
func (*Session) record()     {}
func (*Tree) record()        {}
func (*File) record()        {}
func (*Summary) record()     {}

// Security says whether a side signs ([MS-SMB2] 2.2.3).
type Security uint8

// The bits of Security. A server that does not require signing can be relayed to.
const (
	SigningEnabled  Security = 1
	SigningRequired Security = 2
)

// Capabilities are what a side can ([MS-SMB2] 2.2.3, 2.2.4).
type Capabilities uint32

// The capabilities that are asked about here.
const (
	CanDFS        Capabilities = 0x01
	CanLease      Capabilities = 0x02
	CanLargeMTU   Capabilities = 0x04
	CanMultiple   Capabilities = 0x08 // several connections for a session
	CanPersist    Capabilities = 0x10
	CanLeaseDirs  Capabilities = 0x20
	CanEncrypt    Capabilities = 0x40
	CanNotifyMore Capabilities = 0x80
)

// Negotiation is what the two sides agreed on. It is reported when the server has answered, and stays at hand as
// [Session.Negotiation].
type Negotiation struct {
	// Dialects are the client's, in its order; SMB1Dialects those of an SMB 1 request, with which also clients of
	// SMB 2 may begin.
	Dialects     []Dialect
	SMB1Dialects [][]byte
	// Dialect is the server's choice, 0 when it refused or was not seen; SMB1Dialect its name in SMB 1.
	Dialect     Dialect
	SMB1Dialect []byte
	Status      Status
	Answered    bool

	ClientGUID, ServerGUID                 GUID
	ClientSecurity, ServerSecurity         Security
	ClientCapabilities, ServerCapabilities Capabilities
	// MaxTransact, MaxRead and MaxWrite are the server's limits, in bytes.
	MaxTransact, MaxRead, MaxWrite uint32
	// ServerTime is the server's clock, ServerStart when it was started (0 in all newer ones), Unix nanoseconds.
	ServerTime, ServerStart int64
	// Mechanisms are the ways to sign on that the server takes.
	Mechanisms []spnego.Mechanism
	// Cipher is the chosen encryption of SMB 3.1.1; Ciphers the client's offer.
	Cipher  Cipher
	Ciphers []Cipher
	// Compression is the server's first choice, 0 for none.
	Compression Compression
	// Netname is the server's name as the client wrote it (SMB 3.1.1).
	Netname []byte
	// Called and Calling are the NetBIOS names of a conversation on port 139.
	Called, Calling []byte
	// Domain is the server's domain or workgroup, in SMB 1 without extended security.
	Domain []byte
	// PlainText says that the server wants passwords as they are (SMB 1).
	PlainText bool
}

// DialectName is the chosen dialect as EVE writes it.
func (n *Negotiation) DialectName() string {
	if n.Dialect == SMB1 && len(n.SMB1Dialect) > 0 {
		if string(n.SMB1Dialect) == n.Dialect.String() {
			return n.Dialect.String()
		}
		return string(n.SMB1Dialect)
	}
	return n.Dialect.String()
}

// Session is somebody signed on, or who tried. It is reported when the server has decided, and again when the
// session ends by a LOGOFF.
type Session struct {
	Negotiation *Negotiation // what was negotiated before
	Version     uint8        // 1 or 2
	ID          uint64
	Status      Status
	Answered    bool // else nobody saw the server's decision
	LoggedOff   bool // this is the end of it
	// Guest, Null and Encrypted are the server's word ([MS-SMB2] 2.2.6): let in as guest, let in without a name,
	// must encrypt from here on.
	Guest, Null, Encrypted bool
	ClientSecurity         Security
	Binding                bool   // another connection of a session that exists
	Previous               uint64 // the session this one replaces; 0: none
	Rounds                 int    // requests it took

	// Mechanism is how; the names below are what it showed.
	Mechanism spnego.Mechanism
	// NTLM:
	User, Domain, Workstation []byte
	Scheme                    ntlm.Scheme
	ClientVersion             ntlm.Version
	ServerVersion             ntlm.Version
	Server                    ntlm.Server
	SPN                       []byte // the service the client believes to talk to
	// Kerberos:
	Realm   []byte
	Service []byte          // the service's principal, "cifs/files01"
	Ticket  kerberos.Sealed // zero: none was shown
	// Cleartext says that a password crossed the wire as it is (SMB 1).
	Cleartext bool
	// SMB 1: what each side says that it runs, its system and its file service.
	ClientOS, ClientLM, ServerOS, ServerLM []byte

	clientText, serverText []byte // where the names are
	used                   uint64
}

// Tree is a share that was connected, or that somebody tried to. It is reported when the server has answered.
type Tree struct {
	Session    *Session // nil when it was not seen
	SessionID  uint64
	ID         uint32
	Version    uint8  // 1 or 2
	Path       []byte // `\\server\share`; empty when the request was not seen
	Asked      []byte // SMB 1: the service the client asks for: A:, IPC, LPT1:, ?????
	Service    []byte // SMB 1: the one it gets
	Type       ShareType
	Flags      uint32 // [MS-SMB2] 2.2.10; 0x8000: must encrypt
	MaxAccess  Access
	Status     Status
	Answered   bool
	Capability uint32
	isIPC      bool
	used       uint64
}

// IsPipe says whether named pipes are in the tree and no files.
func (t *Tree) IsPipe() bool { return t.Type == Pipe || t.isIPC }

// File is a file, directory or pipe that was open, or that could not be opened. It is reported when it is closed: by
// the client, with its tree or session, or at the end of the conversation.
type File struct {
	Session   *Session // nil when it was not seen
	Tree      *Tree    // nil when it was not seen
	Version   uint8    // 1 or 2
	SessionID uint64
	TreeID    uint32
	ID        FileID
	// ByPath says that a request named it by its path, to change or list it: it was never open (SMB 1).
	ByPath bool
	// Name is its path in the tree, empty for the tree's root.
	Name []byte
	// Unnamed says that it was opened before we looked, so that its name is not known.
	Unnamed bool

	Disposition Disposition
	Desired     Access
	Options     uint32 // CREATE options ([MS-SMB2] 2.2.13)
	Action      Action
	Attributes  uint32
	// Size is its length when it was opened, in bytes, EndSize when it was closed, where the client asked.
	Size, EndSize uint64
	// Created, Accessed, Modified and Changed are its times when it was opened, Unix nanoseconds, 0 when not said.
	Created, Accessed, Modified, Changed int64
	Status                               Status // of the CREATE
	Answered                             bool   // the CREATE was answered

	Directory bool
	Pipe      bool
	// BytesRead and BytesWritten are what crossed the wire, in Reads and Writes requests; a pipe's calls count on
	// both sides.
	BytesRead, BytesWritten uint64
	Reads, Writes           uint32
	Lists                   uint32  // QUERY_DIRECTORY requests
	Pattern                 []byte  // what the first of them looked for
	Controls                uint32  // IOCTLs
	Transceives             uint32  // of these, calls through a pipe
	Control                 Control // the last other one
	InfoSet                 uint32  // SET_INFO requests
	SecuritySet             bool    // rights or owner were changed

	RenamedTo     []byte // its last new name
	LinkedTo      []byte // a second name it got
	DeleteOnClose bool   // it was to go when closed
	Deleted       bool   // and did
	Closed        bool   // by the client; else its tree, session or conversation ended before

	// Mark is the handler's own; 0 for a file that is new.
	Mark uint32

	gen    uint32
	used   bool
	inMap  bool
	rename []byte // asked for, not yet answered
}

// CreateOptions that are asked about here ([MS-SMB2] 2.2.13).
const (
	DirectoryFile uint32 = 0x00000001
	DeleteOnClose uint32 = 0x00001000
)

// Summary is the end of a conversation.
type Summary struct {
	Negotiation *Negotiation
	Messages    uint64 // all, encrypted and compressed ones too
	Encrypted   uint64
	Compressed  uint64
	SMB1        uint64 // of SMB 1
	Malformed   uint64 // that could not be read, or contradict themselves
	Unanswered  uint64 // requests
	Unasked     uint64 // answers
	Gaps        uint64 // places where bytes were lost
	// OpenFiles is how many files nobody closed.
	OpenFiles int
}

// Transaction is a request with its answer.
type Transaction struct {
	// Version is 1 or 2. Command is what the request amounts to; in SMB 1 its Code is another.
	Version   uint8
	Command   Command
	Code      Code   // SMB 1
	Process   uint32 // SMB 1: the process that asks
	MessageID uint64
	SessionID uint64
	TreeID    uint32
	// Status is the answer's; Answered says that there was one, Asked that the request was seen.
	Status          Status
	Answered, Asked bool
	Async           bool // the answer came in two parts

	// What it was about, nil where that is nothing or not known. Negotiation is that of the conversation.
	Negotiation *Negotiation
	Session     *Session
	Tree        *Tree
	File        *File

	// InfoType and InfoClass say what QUERY_INFO, SET_INFO and QUERY_DIRECTORY are about ([MS-SMB2] 2.2.37).
	InfoType, InfoClass uint8
	Control             Control // IOCTL
	Function, Level     uint16  // TRANS2, NT_TRANS: subcommand and information level ([MS-CIFS] 2.2.2.2, 2.2.2.3)
	Length              uint32  // READ, WRITE: bytes asked for or written
	Proves              bool    // SESSION_SETUP: the request showed who signs on, not only what the client can
	Renames             bool    // SET_INFO: File.RenamedTo is the new name, if Status is Success
	Deletes             bool    // SET_INFO: the file is to go when it is closed
}

// Name is the request's name as EVE writes it.
func (t *Transaction) Name() string {
	if t.Version == 1 {
		return t.Code.String()
	}
	return t.Command.String()
}
