// Package pop3 reads how mail is fetched by the Post Office Protocol (RFC 1939) with its extensions: capabilities
// (RFC 2449), TLS (RFC 2595), sign-on by SASL (RFC 5034).
//
// The server greets. Each command has one reply, of one line or, where the command asks for a list or a message, of
// several up to one with a dot alone.
//
//	S: +OK ready
//	C: RETR 1
//	S: +OK 120 octets
//	S: (the message; a dot at the beginning of a line is doubled)
//	S: .
package pop3

import (
	"errors"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/sasl"
)

var (
	// ErrTLS means that TLS follows (RFC 2595 §4).
	ErrTLS = errors.New("pop3: TLS follows")
	// ErrReplies means that a server answers in another language.
	ErrReplies = fmt.Errorf("pop3: replies of no known form: %w", wire.ErrMalformed)
)

const (
	maxLine    = 4 << 10 // bytes of a line that are read
	longAsk    = 255     // RFC 2449 §4, with its end
	longReply  = 512     // the same
	maxWaiting = 128     // commands that wait for their replies
	maxArgs    = 8
	maxData    = 256      // lines of a list that are kept
	maxText    = 16 << 10 // bytes of them
	maxInvalid = 32       // lines that are no replies
)

// Status is how a server answers. Zero: it has not.
type Status uint8

// The answers.
const (
	OK       Status = iota + 1
	Err             // -ERR
	Continue        // a challenge: "+ " (RFC 5034 §4)
)

// Exchange is a command with its reply. It is valid until the next call.
type Exchange struct {
	Number  int      // from 1
	Command []byte   // in upper case; nil of the greeting; "<SASL DATA>" of what answers a challenge
	Args    [][]byte // the password too: it is not to be told
	Status  Status
	Header  []byte   // what follows the status
	Data    [][]byte // lines of a list
	Size    uint64   // octets of the message that was fetched, dots undone
	Whole   bool     // all of the reply came

	multi bool // the reply has several lines, if it is OK
	text  bool // which are a message
	kept  []byte
	room  struct{ args, data [2][]byte } // of Args and Data, as long as it is enough
}

func (x *Exchange) reset() {
	clear(x.Args)
	clear(x.Data)
	*x = Exchange{Command: x.Command[:0], Args: x.Args[:0], Data: x.Data[:0], kept: x.kept[:0]}
}

// SignOn is an attempt to sign on that has ended.
type SignOn struct {
	Mechanism    []byte // USER, APOP, or of SASL
	User, Domain []byte
	Clear        bool // the password crossed the wire as it is
	Granted      bool
	Reply        []byte
}

// Notice is something that should not be.
type Notice uint8

// What should not be; the names are Suricata's.
const (
	TooMany Notice = iota + 1
	RequestTooLong
	BadArguments
	UnknownCommand
	ResponseTooLong
)

var noticeNames = [...]string{TooMany: "too_many_transactions", RequestTooLong: "request_too_long",
	BadArguments: "incorrect_argument_count", UnknownCommand: "unknown_command", ResponseTooLong: "response_too_long"}

func (n Notice) String() string { return noticeNames[n] }

// Handler takes what a conversation learns.
type Handler interface {
	// Exchange takes a command with its reply, or a greeting.
	Exchange(x *Exchange)
	// Body hands over octets of a message that is fetched, dots undone; lost ones before them were never seen.
	Body(x *Exchange, p []byte, lost int)
	// SignOn tells how an attempt to sign on ended.
	SignOn(s *SignOn)
	// Notice tells of something that should not be.
	Notice(n Notice)
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	// Space is where its buffers come from; it may be nil.
	Space *wire.Space
	// Exchanges is where its exchanges come from, and go back to; nil: it makes a stock of its own.
	Exchanges *wire.Stock[Exchange]

	skip    [2]bool // the rest of a line that is too long or was lost
	waiting []*Exchange
	count   int
	greeted bool // a reply was seen
	deaf    bool // replies were lost: the next one is looked for
	invalid int

	list   *Exchange // whose reply has more lines
	inLine bool      // within a line of a message
	lost   int       // octets of it that were never seen before what comes next

	user    []byte
	auth    sasl.Exchange
	signing bool // an AUTH is under way
	asked   bool // for a response to a challenge
	secured bool
	attempt SignOn
}
