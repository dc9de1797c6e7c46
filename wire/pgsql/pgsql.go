// Package pgsql reads version 3 of the protocol of PostgreSQL (PostgreSQL documentation, part VII, chapter 55): who signs on to
// which database and how, the statements, and what came of them.
//
// The first message of a client has no type: a length, then a code that is a version or asks for TLS or GSS encryption. All
// others are a byte of type, a length that counts itself, and the rest:
//
//	client   00 00 00 08 04 D2 16 2F          server  S or N
//	client   length 00 03 00 00 user NUL ...  server  R length kind ...   S length parameter ...   K ...   Z
//	client   Q length statement NUL           server  T ...  D ...  D ...  C tag  Z
//
// A request with what answers it, up to the server's word that it is ready, is an [Exchange]. Passwords and what proves them are
// passed over. Rows are counted.
package pgsql

import (
	"fmt"

	"bulwark/wire"
)

var (
	// ErrTLS means that TLS follows.
	ErrTLS = fmt.Errorf("pgsql: TLS follows")
	// ErrSealed means that the connection goes on encrypted by GSSAPI.
	ErrSealed = fmt.Errorf("pgsql: GSSAPI encryption follows")
	// ErrMessage means bytes that are no message.
	ErrMessage = fmt.Errorf("pgsql: bad message: %w", wire.ErrMalformed)
)

// Kind is what a client asks.
type Kind uint8

// The kinds of request. Unasked means that the server speaks of itself, or that the request was not seen.
const (
	Unasked Kind = iota
	SSLRequest
	GSSRequest
	Cancel
	Startup
	Password // a password in clear or hashed
	SASLInitial
	SASLResponse
	Query
	Terminate
)

func (k Kind) String() string {
	return [...]string{"unasked", "ssl_request", "gss_request", "cancel", "startup", "password", "sasl_initial", "sasl_response", "query", "terminate"}[k]
}

// Method is how a server wants a user to prove who he is (AuthenticationXXX).
type Method int32

// The methods, by their codes. NoMethod means that none was asked for yet.
const (
	NoMethod  Method = -1
	OK        Method = 0
	Kerberos  Method = 2
	Cleartext Method = 3
	MD5       Method = 5
	GSS       Method = 7
	GSSGoesOn Method = 8
	SSPI      Method = 9
	SASL      Method = 10
	SASLMore  Method = 11
	SASLFinal Method = 12
)

// Setting is a parameter of a session: of a client's startup or of a server's report.
type Setting struct{ Name, Value []byte }

// Field is a field of an error or a notice, by its letter (§55.8).
type Field struct {
	Code  byte
	Value []byte
}

// Exchange is a request with what answered it. Its slices point into memory of the conversation.
type Exchange struct {
	Kind         Kind
	Major, Minor int       // version of the protocol, of a startup
	Settings     []Setting // of a startup, the user among them
	Mechanism    []byte    // of SASL
	Statement    []byte    // as sent, at most 4096 bytes
	Prepared     bool      // by the extended protocol

	Accepted    bool // TLS or GSS was accepted
	Answered    bool // something came
	Methods     []Method
	Salt        [4]byte // of MD5
	Reports     []Setting
	HasKey      bool
	Process     uint32
	Key         uint32 // by which the session's statements can be cancelled
	HasColumns  bool
	Columns     uint16
	Rows        uint64
	RowBytes    uint64 // of the values
	CopyAsked   byte   // the server's word that a copy begins: 'G' in, 'H' out; 0: none did
	CopyColumns uint16 // columns of that copy
	CopyOut     uint64 // rows copied out
	CopyOutSize uint64 // their bytes
	CopyIn      uint64 // messages of rows copied in
	CopyInSize  uint64
	Tag         []byte // of the last command that was completed
	Error       []Field
	Notice      []Field
}

// User is the user of a startup.
func (x *Exchange) User() []byte { return x.setting("user") }

// Database is the database of a startup; a user's own where none is named.
func (x *Exchange) Database() []byte { return x.setting("database") }

func (x *Exchange) setting(name string) []byte {
	for i := range x.Settings {
		if string(x.Settings[i].Name) == name {
			return x.Settings[i].Value
		}
	}
	return nil
}

// ErrorField is a field of the error: C the code, M the message, S the severity; nil where there is none.
func (x *Exchange) ErrorField(code byte) []byte {
	for i := range x.Error {
		if x.Error[i].Code == code {
			return x.Error[i].Value
		}
	}
	return nil
}

// Handler takes what a conversation reads.
type Handler interface {
	// Exchange is called once for each request. n is its place, from 1.
	Exchange(x *Exchange, n int)
}

// Bounds of what is kept of one exchange.
const (
	maxStatement = 4096
	maxName      = 64 // NAMEDATALEN
	maxSettings  = 64
	maxFields    = 32
	maxValue     = 512
	maxArena     = 24 << 10
)
