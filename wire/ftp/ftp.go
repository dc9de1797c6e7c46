// Package ftp reads the commands and replies of the File Transfer Protocol (RFC 959) with its extensions: IPv6 and NAT
// (RFC 2428), TLS (RFC 4217), listings by machine (RFC 3659).
//
// One connection carries commands and replies. For each file or listing the two ends agree on another one, on which
// nothing but its bytes goes: either end may be the one that listens.
//
//	C: PASV
//	S: 227 Entering Passive Mode (10,2,0,1,185,13)      the server listens at port 185*256+13
//	C: RETR study.zip
//	S: 150 Opening data connection
//	S: 226 Transfer complete
//
// [Conversation] joins commands with their replies, and tells of the data connections when they are agreed on, so that
// whoever sees them knows them by their address and port.
package ftp

import (
	"errors"
	"fmt"
	"net/netip"

	"bulwark/wire"
)

var (
	// ErrTLS means that TLS follows (RFC 4217 §4).
	ErrTLS = errors.New("ftp: TLS follows")
	// ErrReplies means that a server answers in another language.
	ErrReplies = fmt.Errorf("ftp: replies without numbers: %w", wire.ErrMalformed)
)

const (
	// MaxLine is how many bytes of a line are read where nothing else is asked for.
	MaxLine    = 4 << 10
	maxWaiting = 64      // commands that wait for their replies
	maxReplies = 64      // lines of the replies to a command that are kept
	maxText    = 8 << 10 // bytes of them
	maxUser    = 256     // bytes of a name
	maxInvalid = 8       // lines that are no replies
)

// Exchange is a command with the replies to it. It is valid during the call that hands it over.
type Exchange struct {
	Number    int      // from 1
	Command   []byte   // in upper case; nil for what a server says unasked, its greeting above all
	Data      []byte   // what follows the command; that of PASS and ACCT too: it is not to be told
	Codes     [][]byte // numbers of the lines of the replies that have one
	Replies   [][]byte // the lines without their numbers
	Code      int      // number of the last reply; 0: none was seen
	Done      bool     // the last reply was seen
	Truncated bool     // the command was longer than a line may be
	Cut       bool     // so was a reply

	// Where the data connection goes that PORT, PASV and the like agree on. Port 0: none.
	Port    uint16
	Addr    netip.Addr // as said; invalid where it is that of the control connection
	Passive bool       // the server listens

	kept []byte
	room struct{ codes, replies [2][]byte } // of Codes and Replies, as long as it is enough
}

// reset makes x ready to be used again.
func (x *Exchange) reset() {
	clear(x.Codes)
	clear(x.Replies)
	*x = Exchange{Command: x.Command[:0], Data: x.Data[:0], Codes: x.Codes[:0], Replies: x.Replies[:0], kept: x.kept[:0]}
}

// SignOn is an attempt to sign on that has ended.
type SignOn struct {
	User      []byte
	Password  bool // one was sent, in clear
	Anonymous bool // in which case it is none
	Granted   bool
	Reply     []byte
}

// Transfer is a command that moves bytes over a data connection.
type Transfer struct {
	Command []byte // RETR, STOR, STOU, APPE, LIST, NLST or MLSD
	Name    []byte // of the file; nil of a listing
	Listing bool
}

// Handler takes what a conversation learns.
type Handler interface {
	// Exchange takes a command with its replies, or what a server said unasked.
	Exchange(x *Exchange)
	// Agreed tells that a data connection will be made to x.Port.
	Agreed(x *Exchange)
	// Transfer tells what the data connection that was agreed on last will carry.
	Transfer(t *Transfer)
	// SignOn tells how an attempt to sign on ended.
	SignOn(s *SignOn)
}
