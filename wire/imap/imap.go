// Package imap reads how mail is read on its server by the Internet Message Access Protocol (RFC 9051, RFC 3501) with
// its extensions: literals that are not waited for (RFC 7888), initial responses (RFC 4959), programs (RFC 2971).
//
// Each command bears a tag; the server answers with any number of lines that begin with a star, and at last with one
// that begins with the tag. What does not fit into a line stands in a literal: its length in braces, a line end, and as
// many octets.
//
//	S: * OK IMAP4rev1 ready
//	C: a1 LOGIN anna {6}
//	S: + go ahead
//	C: secret
//	S: a1 OK logged in
//	C: a2 FETCH 1 BODY[]
//	S: * 1 FETCH (BODY[] {120}
//	S: (120 octets of message))
//	S: a2 OK done
package imap

import (
	"errors"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/sasl"
)

var (
	// ErrTLS means that TLS follows (RFC 9051 §6.2.1).
	ErrTLS = errors.New("imap: TLS follows")
	// ErrPacked means that what follows is compressed (RFC 4978).
	ErrPacked = errors.New("imap: the rest is compressed")
	// ErrLines means that a server speaks another language.
	ErrLines = fmt.Errorf("imap: lines of no known form: %w", wire.ErrMalformed)
)

const (
	maxLine    = 16 << 10 // bytes of a command or an answer that are kept, without its messages
	maxPiece   = 8 << 10  // bytes of a line that are looked at together
	maxInline  = 1 << 10  // octets of a literal that are kept as if they stood in the line
	maxWaiting = 64       // commands that wait for their answers
	maxArgs    = 512      // bytes of the arguments that are told
	maxInvalid = 32       // lines of no known form
)

// Exchange is a command with what came of it. It is valid during the call that hands it over.
type Exchange struct {
	Number   int    // from 1
	Tag      []byte // nil of the greeting
	Command  []byte // in upper case, with UID before those that have it; nil of the greeting
	Args     []byte // without the password of LOGIN and what a literal holds
	Status   []byte // OK, NO, BAD; PREAUTH or BYE of a greeting; nil where there was no answer
	Text     []byte // what follows the status
	Mailbox  []byte // that was selected before
	Messages int    // that the answer told of

	kept []byte
}

func (x *Exchange) reset() {
	*x = Exchange{Tag: x.Tag[:0], Command: x.Command[:0], kept: x.kept[:0]}
}

// Message is a message, or a part of one, that crosses in a literal.
type Message struct {
	Stored   bool   // by the client (APPEND); otherwise the server sends it
	Sequence uint64 // number of the message in its box; 0 where it is not told
	UID      uint64 // likewise, for ever
	Section  []byte // which part of it: empty, all; HEADER, TEXT, 1.2, 1.2.MIME...
	Partial  bool   // only some octets of it were asked for
	Origin   uint64 // octet of the part that this begins with
	Size     uint64 // octets of this
	Mailbox  []byte
	Whole    bool  // all of it came
	Last     bool  // of one that is partial: it is shorter than what was asked for, so that nothing stands behind it
	Part     *Part // what was said of it before; nil: nothing
}

// SignOn is an attempt to sign on that has ended.
type SignOn struct {
	Mechanism    []byte // LOGIN, or of SASL
	User, Domain []byte
	Clear        bool // the password crossed the wire as it is
	Granted      bool
	Text         []byte
}

// Handler takes what a conversation learns.
type Handler interface {
	// Exchange takes a command with what came of it, or a greeting.
	Exchange(x *Exchange)
	// Body hands over octets of a message; lost ones before them were never seen. None of both: it has ended.
	Body(m *Message, p []byte, lost int)
	// SignOn tells how an attempt to sign on ended.
	SignOn(s *SignOn)
	// Program tells what the end that sends the bytes of dir says of itself.
	Program(dir wire.Dir, name, version []byte)
}

// sink is where the octets of a literal go.
type sink uint8

const (
	nowhere sink = iota
	inline       // into the line
	body         // to the handler
)

// side is one direction.
type side struct {
	line    []byte // the command or answer so far
	literal uint64 // octets of a literal that are still to come
	sink    sink
	skip    bool // the rest of a line that is too long or was lost
	cut     bool // the line is longer than what is kept
	looked  bool // what it says of a message was read already, as far as it had come
	holed   bool // octets of the literal were lost
	torn    bool // the end of a message was lost
	lost    int  // octets of the literal that were never seen before what comes next
	message Message
	section []byte
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	// Exchanges is where its exchanges come from, and go back to; nil: it makes a stock of its own.
	Exchanges *wire.Stock[Exchange]

	sides   [2]side
	waiting []*Exchange
	count   int
	greeted bool
	invalid int

	mailbox  []byte
	parts    parts // of the messages in it
	auth     sasl.Exchange
	user     []byte // of LOGIN
	signing  bool   // an AUTHENTICATE is under way
	idle     bool   // DONE is waited for
	secured  bool
	packed   bool
	attempt  SignOn
	argument []byte // scratch
}
