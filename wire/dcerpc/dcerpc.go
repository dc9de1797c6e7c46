// Package dcerpc reads remote procedure calls of DCE ([C706]) as Windows makes them ([MS-RPCE]): the calls by which a
// domain is run, and by which it is taken over.
//
// Over TCP, and through the named pipes of SMB, a message (PDU) has a header of 16 bytes: version 5, its type, flags,
// how numbers are written, its length, how much of it is a signature, and the number of the call. A client binds: it
// offers interfaces, each by a UUID and a version under a number of its own, the context, and the server takes or
// refuses each. A request names a context and an operation by its number; arguments and results follow as they lie in
// memory (NDR). Either may come in fragments. Sign-on tokens stand at the end of the messages that bind.
//
// Over UDP (version 4) each datagram names interface, operation, activity and sequence number in a header of 80 bytes.
//
// What is told of is each binding and each call with its answer, who signed on, and the names of interfaces and
// operations that are known here. Arguments are not read, but for the texts in a few operations that attackers use.
package dcerpc

import (
	"bulwark/wire/kerberos"
	"bulwark/wire/ntlm"
	"bulwark/wire/spnego"
)

// The bounds of a conversation.
const (
	MaxContexts = 64 // contexts of a binding and of a conversation; of more, the first are kept
	MaxWaiting  = 32 // calls without an answer; of more, the oldest is told as it stands
	MaxTexts    = 4  // texts of a call's arguments
	maxText     = 512
	maxStub     = 1024 // bytes of arguments that are looked through
)

// Handler is told what was done. A record and what it points to are valid during the call only.
type Handler interface {
	// Record is called with a *Bind, a *Call, a *Message or a *SignOn, and a *Side where they are asked for.
	Record(r Record)
}

// Record is one of the types that a [Handler] is told of.
type Record interface{ record() }

func (*Bind) record()    {}
func (*Call) record()    {}
func (*Message) record() {}
func (*SignOn) record()  {}
func (*Side) record()    {}

// UUID names an interface or an activity, in the order in which it is read out. The zero value was not said.
type UUID [16]byte

// Context is an interface that a client wants to speak, and what the server said to that.
type Context struct {
	ID           uint16
	Interface    UUID
	Major, Minor uint16
	Answered     bool
	Result       uint16 // [C706] 12.6: 0 taken, 2 refused, 3 a word about features ([MS-RPCE] 2.2.2.4)
	Reason       uint16
	// wide says that numbers are written as in 64-bit NDR ([MS-RPCE] 2.2.5).
	wide bool

	known  *Interface
	looked bool // for known
}

// Known is the interface where it is known here; else nil.
func (c *Context) Known() *Interface {
	if !c.looked {
		c.known, c.looked = Lookup(c.Interface), true
	}
	return c.known
}

// Bind is one BIND or ALTER_CONTEXT with its answer.
type Bind struct {
	ID       uint32 // of the call
	Asked    bool   // the request was seen
	Alter    bool   // it adds to a binding
	Minor    uint8  // of the protocol's version
	Contexts []Context
	Type     Type // of the answer; Request when there was none
	Answered bool
	Security Security
	Level    Level
	SignOn   *SignOn // who has signed on; nil: nobody yet
}

// Part is one side of a call.
type Part struct {
	Fragments uint32
	// Bytes are those behind the fragments' headers: arguments or results, padding and signature.
	Bytes uint64
	whole bool // the last fragment was seen
}

// Call is one REQUEST with its answer.
type Call struct {
	ID        uint32
	ContextID uint16
	Context   *Context // nil when the binding was not seen
	Op        uint16   // the operation
	Object    UUID
	Minor     uint8 // of the protocol's version
	Asked     bool  // the request was seen
	Answered  bool
	Type      Type // of the answer: Response, Fault...
	Fault     Fault
	Request   Part
	Response  Part
	Level     Level
	SignOn    *SignOn // who has signed on; nil: nobody
	// Texts are what stands in the arguments of an operation of which texts are shown.
	Texts [][]byte
	// Activity, Sequence and Version4 are of calls over UDP.
	Version4 bool
	Activity UUID
	Sequence uint32
	Unbound  Context // its interface, over UDP

	order text      // scratch for Texts
	stubs [2][]byte // arguments and results; of a conversation that keeps them
}

// Message is one that belongs to no call: AUTH3, CO_CANCEL, ORPHANED, SHUTDOWN.
type Message struct {
	ID   uint32
	Type Type
}

// SignOn is somebody who proves who it is to a server, in the messages that bind.
type SignOn struct {
	Security  Security
	Level     Level
	Mechanism spnego.Mechanism
	Decided   bool // else nobody saw what became of it
	Refused   bool
	// NTLM:
	User, Domain, Workstation []byte
	ClientVersion             ntlm.Version
	ServerVersion             ntlm.Version
	Server                    ntlm.Server
	// Kerberos:
	Realm, Service []byte
	Ticket         kerberos.Sealed // zero: none was shown

	client, server text // where the names are
}

// text is a buffer of copied bytes.
type text []byte

// keep appends a copy of p and returns it.
func (t *text) keep(p []byte) []byte {
	start := len(*t)
	*t = append(*t, p...)
	return (*t)[start:len(*t):len(*t)]
}
