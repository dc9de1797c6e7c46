package tls

import (
	"iter"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

// Alert is why a side ended the connection, where that was said in the clear.
type Alert struct {
	Dir         wire.Dir
	Fatal       bool
	Description AlertDescription
}

// Session is one handshake as far as it could be read. It is valid during the call that hands it over.
type Session struct {
	Client *ClientHello // nil when it was not seen
	Server *ServerHello // nil when it was not seen

	JA3  [32]byte // zero while there is no ClientHello
	JA4  JA4      // zero while there is no ClientHello
	JA3S [32]byte // zero while there is no ServerHello

	ServerCertificate *Certificate // the leaf; may be kept. Nil in TLS 1.3 and on resumption
	ClientCertificate *Certificate // likewise

	Alert       *Alert // the first fatal alert in the clear; nil when there was none
	AsksClient  bool   // up to TLS 1.2: the server asks for a certificate of the client
	Retried     bool   // the server asked for another ClientHello; Client is the first of them
	Resumed     bool   // an older session goes on: no certificate is shown
	Established bool   // both sides have finished the handshake, as far as they could be seen
	SSL2        bool   // the client greeted in the form of SSL 2.0

	chain []byte
}

// Version is what the server chose; 0 before it did.
func (s *Session) Version() Version {
	if s.Server == nil {
		return 0
	}
	return s.Server.Version
}

// Chain yields the DER of the certificates that came last, leaf first. It yields during [CertificateSeen] only.
func (s *Session) Chain() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := octets.Of(s.chain)
		for len(c.Rest) > 3 {
			if der := c.Take(c.U24()); c.Short || !yield(der) {
				return
			}
		}
	}
}

// Step says what a session has just learnt.
type Step uint8

// The steps of a handshake.
const (
	ClientHelloSeen Step = iota + 1
	ServerHelloSeen
	CertificateSeen
	AlertSeen
	ServerDone // up to TLS 1.2 the server has said all that it says in the clear but for its end (RFC 5246 §7.4.5)
)

// Handler takes what a conversation learns.
type Handler interface {
	// Step is called as soon as a message of the handshake was read; dir is who sent it.
	Step(dir wire.Dir, step Step, s *Session)
	// Session is called once, when the handshake is over one way or another, or with the connection.
	Session(s *Session)
}
