// Package dicom decodes what imaging devices say to each other: the DICOM upper layer and the DIMSE messages in it.
//
// # The association (PS3.8)
//
// Two application entities, each named by a title of 16 characters, speak over TCP in protocol data units (PDUs, §9.3): a
// byte of type, a reserved byte, a length of four bytes, big endian. The requestor opens an association with A-ASSOCIATE-RQ: who calls
// whom, and up to 128 presentation contexts, each an odd number, an abstract syntax (the SOP class: what kind of
// object and service) and transfer syntaxes (how its data are encoded). The acceptor answers A-ASSOCIATE-AC with one transfer syntax or a
// refusal for each, or A-ASSOCIATE-RJ. User information (PS3.7 annex D) tells the largest PDU, the
// implementation's UID and version name, roles, and the kind of a user's identity. A-RELEASE ends in agreement, A-ABORT without.
//
// In between P-DATA-TF carries presentation data values (PDVs): a length, a presentation context, a control byte of which
// bit 0 tells a command from data and bit 1 the last fragment (§9.3.5, annex E), and a fragment.
//
// # The messages (PS3.7)
//
// A message is a command set, group 0000 in implicit VR little endian, and perhaps a data set in the context's
// transfer syntax. C-ECHO, C-FIND, C-GET, C-MOVE and C-STORE ask and answer, the N services manage printing,
// worklists and storage commitment. A response names the request's message id; one of pending status is followed by more.
//
// # The data set (PS3.5)
//
// Elements in ascending order: a tag of group and element, in explicit encodings a value representation (VR) of two
// letters, a length, a value. Sequences nest data sets, with a length or up to a delimiter (§7.5).
//
// # What is kept
//
// Of a data set the first 64 KiB at most are walked, byte by byte as they come, until the elements listed in
// [Elements] are passed; pixel data are never looked at, the caller skips them unless [Objects] are wanted. Patient id and name are handed on as
// they stand, for the caller to replace by pseudonyms. A user's identity is never kept, only its kind.
package dicom

import "bulwark/wire"

// Handler is told of associations and of the operations in them. What it is shown is valid during the call only.
type Handler interface {
	// Association is called when an association was accepted, and once at its end; one that was rejected, or whose
	// request or acceptance was not seen, is told once. [Association.State] says which it is.
	Association(*Association)
	// Command is called once for each operation: when its final response and that response's data have passed, or
	// at the end of the association without a response.
	Command(*Command)
}

// Objects takes the data sets that C-STORE sends.
type Objects interface {
	// Object is handed the next bytes of the data set of c; p is valid during the call only. last says that none
	// follow. A data set that is torn ends without that.
	Object(c *Command, p []byte, last bool)
}

// State is how far an association has come.
type State uint8

const (
	// Requested means that no answer was seen.
	Requested State = iota
	// Accepted means that it goes on.
	Accepted
	// Rejected means that the acceptor refused it (A-ASSOCIATE-RJ).
	Rejected
	// Released means that it ended in agreement (A-RELEASE).
	Released
	// Aborted means that one side, or a fault of the protocol, ended it (A-ABORT).
	Aborted
	// Dropped means that the connection ended without a word.
	Dropped
)

func (s State) String() string {
	return [...]string{"requested", "accepted", "rejected", "released", "aborted", "dropped"}[s]
}

// Identity is the kind of a user's identity (PS3.7 §D.3.3.7). What the user sent is never kept.
type Identity uint8

// The kinds of identity of PS3.7 table D.3-14. 0 means that none was sent.
const (
	Username Identity = iota + 1
	UsernameAndPasscode
	Kerberos
	SAML
	JWT
)

func (i Identity) String() string {
	names := [...]string{"", "username", "username and passcode", "kerberos", "saml", "jwt"}
	if int(i) < len(names) {
		return names[i]
	}
	return "unknown"
}

// User is what one side tells of its implementation (PS3.7 annex D).
type User struct {
	// MaxPDU is the longest P-DATA-TF it wants to be sent, in bytes; 0 means no limit.
	MaxPDU uint32
	// ImplementationUID and ImplementationVersion name the software, "OFFIS_DCMTK_367".
	ImplementationUID, ImplementationVersion string
	// Invoked and Performed are how many operations may be under way at once; 0 and 0 where the default of 1 was
	// left. Window tells whether they were negotiated, then 0 means no limit.
	Invoked, Performed uint16
	Window             bool
	// Roles are the SOP classes for which SCP and SCU were negotiated, as for C-GET.
	Roles []Role
	// Extended counts SOP class extended negotiation items.
	Extended int
}

// Role is a negotiated role (PS3.7 §D.3.3.4).
type Role struct {
	SOPClass string
	SCU, SCP bool
}

// PresentationContext is what was proposed for one SOP class, and what became of it.
type PresentationContext struct {
	ID uint8
	// AbstractSyntax is the SOP class UID; see [SOPClassName].
	AbstractSyntax string
	// Proposed are the transfer syntaxes the requestor offers.
	Proposed []string
	// Answered tells whether the acceptor answered; Result is then 0 acceptance, 1 user rejection, 2 no reason,
	// 3 abstract syntax not supported, 4 transfer syntaxes not supported (PS3.8 table 9-18).
	Answered bool
	Result   uint8
	// TransferSyntax is the accepted one; empty where the context was refused.
	TransferSyntax string
}

// Accepted reports whether the context can be used.
func (c *PresentationContext) Accepted() bool { return c.Answered && c.Result == 0 }

// Association is one association, its requestor being [wire.ToServer].
type Association struct {
	State State
	// Midstream means that the request was not seen: titles and contexts are not known.
	Midstream           bool
	CallingAE, CalledAE string
	ApplicationContext  string
	Contexts            []PresentationContext
	Requestor, Acceptor User
	// Identity is how the requestor's user identifies himself.
	Identity Identity

	// Result, Source and Reason are those of a rejection (PS3.8 table 9-21); of an abort, Source and Reason (table
	// 9-26). Ender is the side that rejected, aborted or asked for the release.
	Result, Source, Reason uint8
	Ender                  wire.Dir

	// Operations counts the operations by kind. What follows grows while the association lasts.
	Operations [NDelete + 1]Count
	// Stored counts the instances stored, with success or a warning.
	Stored int
	// SubOperations counts what C-MOVE and C-GET say to have completed; Matches what C-FIND found.
	SubOperations, Matches uint64
	// Studies and Series count the distinct ones among the instances stored; More says that there were too many to count.
	Studies, Series int
	More            bool
	// Bytes counts the bytes of data sets each side sent.
	Bytes [2]uint64
	// Cut means that bytes of the association were lost or beyond the bounds of this package.
	Cut bool
}

// Ended reports whether this is the last that is told of the association.
func (a *Association) Ended() bool { return a.State != Accepted }

// Count counts the operations of one kind.
type Count struct {
	// Requests is how many were asked for; Failed how many ended in failure; Unanswered how many without an answer.
	Requests, Failed, Unanswered int
}

// Operation is what is asked for (PS3.7 §9 and §10).
type Operation uint8

const (
	// UnknownOperation is a response whose request is not one of DIMSE's.
	UnknownOperation Operation = iota
	CEcho
	CFind
	CGet
	CMove
	CStore
	NEventReport
	NGet
	NSet
	NAction
	NCreate
	NDelete
)

func (o Operation) String() string {
	return [...]string{"unknown", "C-ECHO", "C-FIND", "C-GET", "C-MOVE", "C-STORE",
		"N-EVENT-REPORT", "N-GET", "N-SET", "N-ACTION", "N-CREATE", "N-DELETE"}[o]
}

// Command is an operation: a request, the responses to it, and what its data set tells.
type Command struct {
	Association *Association
	// Dir is the side that asked. The acceptor asks for C-STORE during a C-GET, and sends N-EVENT-REPORT.
	Dir       wire.Dir
	Operation Operation
	MessageID uint16
	// Context is the presentation context's number; TransferSyntax its transfer syntax, empty where not known.
	Context        uint8
	TransferSyntax string
	// SOPClass and SOPInstance are the affected or the requested ones.
	SOPClass    string
	SOPInstance []byte
	// Destination is the AE a C-MOVE sends to.
	Destination []byte
	// Originator and OriginatorID are the AE and message id of the C-MOVE that a C-STORE serves.
	Originator   []byte
	OriginatorID uint16
	// Type is the action or event type of N-ACTION and N-EVENT-REPORT.
	Type uint16

	// Answered tells whether a final response was seen, Status is then its status, else that of the last pending one.
	Answered bool
	Status   Status
	// Pending counts pending responses: the matches of a C-FIND.
	Pending int
	// Remaining, Completed, Failed and Warning are the last sub-operation counts a C-GET or C-MOVE told.
	Remaining, Completed, Failed, Warning uint16
	// Cancelled says that the asker sent C-CANCEL.
	Cancelled bool
	// RequestBytes and ResponseBytes are the bytes of data sets.
	RequestBytes, ResponseBytes uint64
	// Lost are the bytes of the connection that were lost while an object was stored, for [Objects].
	Lost uint64
	// Data is what the request's data set tells.
	Data Elements

	final bool   // the final response was seen, its data set is being passed
	arena []byte // memory of the values of Data
	keys  []Key  // and of its keys
}

// Status is the status of a response.
type Status uint16

// Class is the class of a status as PS3.7 annex C names it: success, pending, cancel, warning or failure.
func (s Status) Class() string {
	switch {
	case s == 0:
		return "success"
	case s.Pending():
		return "pending"
	case s == 0xFE00:
		return "cancel"
	case s == 1, s == 0x0107, s == 0x0116, s>>12 == 0xB:
		return "warning"
	}
	return "failure"
}

// Pending reports whether more responses follow.
func (s Status) Pending() bool { return s == 0xFF00 || s == 0xFF01 }

// String names the status codes of PS3.7 annex C and those of PS3.4 that services share; others get their class.
func (s Status) String() string {
	switch s {
	case 0x0105:
		return "no such attribute"
	case 0x0106:
		return "invalid attribute value"
	case 0x0107:
		return "attribute list error"
	case 0x0110:
		return "processing failure"
	case 0x0111:
		return "duplicate SOP instance"
	case 0x0112:
		return "no such SOP instance"
	case 0x0113:
		return "no such event type"
	case 0x0114:
		return "no such argument"
	case 0x0115:
		return "invalid argument value"
	case 0x0116:
		return "attribute value out of range"
	case 0x0117:
		return "invalid SOP instance"
	case 0x0118:
		return "no such SOP class"
	case 0x0119:
		return "class-instance conflict"
	case 0x0120:
		return "missing attribute"
	case 0x0121:
		return "missing attribute value"
	case 0x0122:
		return "SOP class not supported"
	case 0x0123:
		return "no such action"
	case 0x0124:
		return "not authorised"
	case 0x0210:
		return "duplicate invocation"
	case 0x0211:
		return "unrecognised operation"
	case 0x0212:
		return "mistyped argument"
	case 0x0213:
		return "resource limitation"
	case 0xA701:
		return "out of resources: unable to count matches"
	case 0xA702:
		return "out of resources: unable to perform sub-operations"
	case 0xA801:
		return "move destination unknown"
	case 0xB000:
		return "sub-operations complete, one or more failures or warnings"
	}
	return s.family()
}

// family names the ranges of PS3.4 tables B.2-1 and C.4-1.
func (s Status) family() string {
	switch {
	case s>>8 == 0xA7:
		return "out of resources"
	case s>>8 == 0xA9:
		return "data set does not match SOP class"
	case s>>12 == 0xC:
		return "unable to process"
	}
	return s.Class()
}
