// Package smtp reads the sending of mail (RFC 5321) with its extensions: pipelining (RFC 2920), chunks (RFC 3030),
// sign-on (RFC 4954), TLS (RFC 3207), and LMTP (RFC 2033).
//
// The server greets, the client says who it is, names the sender and the recipients of a message, sends the message,
// and may go on with another. The server answers each command with a number and a text.
//
//	S: 220 mail.hospital.example ESMTP
//	C: EHLO ct1.hospital.example
//	S: 250-mail.hospital.example
//	S: 250 PIPELINING
//	C: MAIL FROM:<ct1@hospital.example>
//	C: RCPT TO:<service@vendor.example>
//	C: DATA
//	S: 250 ok (twice), 354 go ahead
//	C: (the message; a dot at the beginning of a line is doubled)
//	C: .
//	S: 250 queued
//
// A client that pipelines does not wait: [Conversation] keeps the commands that wait for their replies in a queue, and
// with each the transaction that it belongs to. The message itself is handed on in pieces and never kept.
package smtp

import (
	"errors"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/sasl"
)

var (
	// ErrTLS means that TLS follows (RFC 3207 §4).
	ErrTLS = errors.New("smtp: TLS follows")
	// ErrReplies means that a server answers in another language.
	ErrReplies = fmt.Errorf("smtp: replies without numbers: %w", wire.ErrMalformed)
)

const (
	maxLine       = 4 << 10  // bytes of a line that are read; RFC 5321 §4.5.3.1 allows 512
	longCommand   = 1 << 10  // RFC 5321 §4.5.3.1.4 and the 500 bytes of RFC 3461 §4
	maxQueue      = 256      // commands that wait for their replies
	maxOpen       = 8        // transactions that wait for their replies
	maxRecipients = 1000     // of a transaction; RFC 5321 §4.5.3.1.8 asks for 100
	maxKept       = 64 << 10 // bytes of the recipients of a transaction
	maxText       = 512      // bytes of a reply
	maxInvalid    = 8        // replies without numbers
)

// Transaction is the sending of one message, or what a session did without sending one. It is valid until it was
// handed to [Handler.Transaction].
type Transaction struct {
	Number     int      // from 1
	Helo       []byte   // who the client says it is; nil where it does not say, and until the transaction is over
	From       []byte   // as it stands behind MAIL FROM: with its brackets; nil where none was named
	To         [][]byte // as they stand behind RCPT TO:
	Refused    int      // recipients that the server did not take
	Size       uint64   // octets of the message, dots undone
	Code       int      // of the reply that decided: to the message, or to the command that failed; 0: none was seen
	Reply      []byte   // its text
	HasMessage bool     // a message was begun
	Whole      bool     // and ended

	kept    []byte
	room    [2][]byte // of To, as long as it is enough
	refused bool      // the sender was not taken
	sent    bool
	begun   bool // a command or reply belongs to it
}

// Session is what is known of a connection. Its slices hold until the conversation is reset.
type Session struct {
	Banner     []byte // what the server says of itself
	Helo       []byte
	Extended   bool // the client said EHLO
	Pipelining bool // the server takes commands without waiting for its replies
	StartTLS   bool // the server offers TLS
	Auth       *sasl.Exchange
	Code       int    // of the reply that a notice is about
	Text       []byte // of the same
}

// Notice is something that happened in a session.
type Notice uint8

// What happens. Those from InvalidReply on should not, and bear Suricata's names.
const (
	Greeted  Notice = iota + 1 // the banner is known
	SignedOn                   // an attempt to sign on has ended; Session.Code is 235 where it was granted
	Secured                    // TLS follows
	InvalidReply
	UnableToMatchReply
	LongCommand
	InvalidPipelining
	BadChunk
	ChunkExceeded
	NoWelcome
	TLSRejected
	DataRejected
	DuplicateFields
	UnparsableContent
	TruncatedLine
	OddEnd // a line with a dot alone between other line ends than CR LF: one server ends the message there, another does not
)

var noticeNames = [...]string{Greeted: "greeted", SignedOn: "signed on", Secured: "secured",
	InvalidReply: "INVALID_REPLY", UnableToMatchReply: "UNABLE_TO_MATCH_REPLY_WITH_REQUEST",
	LongCommand: "MAX_COMMAND_LINE_LEN_EXCEEDED", InvalidPipelining: "INVALID_PIPELINED_SEQUENCE",
	BadChunk: "INVALID_BDAT", ChunkExceeded: "BDAT_CHUNK_LEN_EXCEEDED", NoWelcome: "NO_SERVER_WELCOME_MESSAGE",
	TLSRejected: "TLS_REJECTED", DataRejected: "DATA_COMMAND_REJECTED", DuplicateFields: "DUPLICATE_FIELDS",
	UnparsableContent: "UNPARSABLE_CONTENT", TruncatedLine: "TRUNCATED_LINE", OddEnd: "AMBIGUOUS_END_OF_DATA"}

// String is the name of the notice; of one that should not be, Suricata's where it has one.
func (n Notice) String() string { return noticeNames[n] }

// Odd reports whether n tells of something that should not be.
func (n Notice) Odd() bool { return n >= InvalidReply }

// Handler takes what a conversation learns.
type Handler interface {
	// Body hands over octets of a message, dots undone. lost octets before them were never seen. Neither the one nor
	// the other means that the message has ended; t.Whole says whether all of it came.
	Body(t *Transaction, p []byte, lost int)
	// Transaction tells that a transaction is over.
	Transaction(t *Transaction)
	// Notice tells of something else.
	Notice(n Notice, s *Session)
}
