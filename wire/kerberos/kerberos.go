// Package kerberos reads the messages of Kerberos 5 (RFC 4120, [MS-KILE], [MS-SFU]) as far as they are in clear.
//
// A client first asks the authentication service of its realm for a ticket that lets it ask for more (AS-REQ,
// AS-REP), then shows that ticket to get one for each service it uses (TGS-REQ, TGS-REP), then shows those to the
// services themselves (AP-REQ, mostly inside SPNEGO in SMB, HTTP and LDAP). The KDC answers what it refuses with
// KRB-ERROR; the first AS-REQ of a Windows client is nearly always refused with KDC_ERR_PREAUTH_REQUIRED.
//
// What is in clear is who asks for which service in which realm, which encryption types are offered and chosen, for
// how long, and how the client proved itself. That shows weak encryption, roasting of tickets, users being guessed,
// and services acting in a user's name.
//
// Over UDP a datagram is a message ([Parse], [Conversation.Datagram]); over TCP each has four bytes of length before
// it (RFC 4120 §7.2.2) and [Conversation.Decode] reads them. Either way a request and its reply are one [Exchange].
package kerberos

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"time"

	"bulwark/wire"
	"bulwark/wire/ber"
)

// The bounds of a message as it is kept.
const (
	MaxName  = 1024 // bytes of a name or text
	MaxTypes = 32   // encryption types, pre-authentication types

	MaxCertificate = 8 << 10 // bytes of a certificate; of a longer one nothing is kept

	maxText = 8 << 10 // bytes of all names together
)

var (
	// ErrType means that the bytes are none of the messages known here.
	ErrType = errors.New("kerberos: not a message of Kerberos 5")
	// ErrVersion means another version of the protocol than 5.
	ErrVersion = fmt.Errorf("kerberos: version is not 5: %w", wire.ErrMalformed)
)

// Principal is the name of a user, a machine or a service (RFC 4120 §6.2).
type Principal struct {
	NameType int32
	// Name is its components joined by "/", as in "cifs/files01.hosp.example". Empty: no name was sent.
	Name []byte
}

// Sealed is what shows of a thing that is encrypted (RFC 4120 §5.2.9). The zero value is nothing.
type Sealed struct {
	Etype Etype
	Kvno  uint32 // which of the key's versions; 0 when not said
	// Sum is the SHA-256 of the encrypted part, by which a ticket is known again: what is shown but was never issued
	// is forged. Zero when it was not seen to its end.
	Sum [sha256.Size]byte
}

// Ticket is the part of a ticket that is in clear (RFC 4120 §5.3). The zero value is no ticket.
type Ticket struct {
	Realm  []byte
	Server Principal
	Sealed // under the server's key
}

// Message is one message. Its names live in its own buffer until the next [Parse] into it: nothing points into the
// packet.
type Message struct {
	Type MessageType

	// Client is who asks; empty in a TGS-REQ, where it is inside the ticket.
	Client      Principal
	ClientRealm []byte // replies and errors
	// Server is the service asked for; in replies and AP-REQ the one the ticket is for.
	Server Principal
	Realm  []byte // of the server; in an AS-REQ the client's too

	Options   Options // what the client wants of the ticket
	APOptions uint32  // AP-REQ; bit 2 (0x20000000) wants mutual authentication
	From      int64   // Unix seconds, 0 when not said, for this and the following
	Till      int64
	RenewTill int64
	Nonce     uint32

	// Etypes are the encryption types the client offers, the most wanted first; in a KDC_ERR_PREAUTH_REQUIRED the
	// ones the KDC would take.
	Etypes []Etype
	// PreAuth are the types of pre-authentication data that came with the message.
	PreAuth []PreAuth
	// ProofEtype is what the client's time stamp is encrypted with, a proof that it knows its password (AS-REQ).
	ProofEtype Etype
	// Etype is what the reply's or the authenticator's encrypted part is encrypted with; 0 when there is none.
	Etype Etype
	// Salt is what the KDC wants the password mixed with, of the first type that has one.
	Salt []byte
	// Host is the NetBIOS name among the client's addresses: the workstation, by its own word.
	Host []byte
	// NoPAC says that the client wants the ticket without its user's groups (PA-PAC-REQUEST).
	NoPAC      bool
	PACOptions PACOptions
	// Authorization says that a TGS-REQ brings authorization data of its own, encrypted.
	Authorization bool
	// Armored says that the proof lies encrypted inside FAST (RFC 6113); Armor is the ticket that armours it, when the
	// message itself shows one.
	Armored bool
	Armor   Ticket
	// Certificate is the DER of the certificate that signs (RFC 4556): in an AS-REQ the client's, in an AS-REP the
	// KDC's. In a TGS-REQ it is that of the user in whose name the service asks.
	Certificate []byte
	// Password says that the message lies in one that changes a password (RFC 3244): version 1 or 0xff80.
	Password uint16

	// Ticket is the one issued (AS-REP, TGS-REP) or shown (TGS-REQ, AP-REQ).
	Ticket Ticket
	// Evidence is the first additional ticket of a TGS-REQ.
	Evidence Ticket

	// ForUser is in whose name a service asks for a ticket to itself ([MS-SFU] S4U2self).
	ForUser      Principal
	ForUserRealm []byte

	Error      ErrorCode // KRB-ERROR; 0 in all else
	ErrorText  []byte
	NTStatus   uint32 // what Windows says beside Error ([MS-KILE] 2.2.2); 0 when not said
	ServerTime int64  // KRB-ERROR: the KDC's clock, Unix seconds

	text []byte
	der  []byte // of the certificate
}

// S4U says that a service asks in the name of a user: for a ticket to itself (S4U2self) or, with a ticket of the user
// as evidence, for one to another service (S4U2proxy).
func (m *Message) S4U() (self, proxy bool) {
	for _, t := range m.PreAuth {
		self = self || t == PreAuthForUser || t == PreAuthS4UX509User
	}
	// [MS-SFU] 2.2.3: cname-in-addl-tkt makes it S4U2proxy.
	return self && m.Type == TGSReq, m.Type == TGSReq && m.Options&CNameInAdditionalTicket != 0
}

// Parse reads one message, without the four bytes of length that TCP puts before it. A field that is broken inside is
// left empty; after an error m holds what was read up to the fault.
func Parse(p []byte, m *Message) error {
	p, version := unwrap(p)
	return parse(ber.Open(p), version, m)
}

// ParseCut reads one message whose end may be missing.
func ParseCut(p []byte, m *Message) error {
	p, version := unwrap(p)
	return parse(ber.OpenCut(p), version, m)
}

func parse(r ber.Reader, password uint16, m *Message) error {
	*m = Message{text: m.text[:0], der: m.der[:0], Etypes: m.Etypes[:0], PreAuth: m.PreAuth[:0]}
	t := messageType(r.Peek())
	if t == 0 {
		return ErrType
	}
	r = r.Next().Open()
	fields := r.Expect(ber.Sequence).Open()
	m.Type, m.Password = t, password
	for fields.More() {
		f := fields.Next()
		if err := m.field(f); err != nil {
			return err
		}
	}
	if err := r.Err(); err != nil {
		return err
	}
	return fields.Err()
}

// field reads one field of the message's outermost sequence.
func (m *Message) field(f ber.Element) error {
	n := f.Tag.Number()
	version := 0
	switch m.Type {
	case ASReq, TGSReq: // RFC 4120 §5.4.1: counts from 1
		m.requestField(n, f)
		version = 1
	case ASRep, TGSRep:
		m.replyField(n, f)
	case APReq:
		m.apField(n, f)
	case APRep:
		if n == 2 {
			m.Etype = encrypted(f.Only()).Etype
		}
	case Error:
		m.errorField(n, f)
	}
	if n == version {
		if v, ok := f.Only().Int(); !ok || v != 5 {
			return ErrVersion
		}
	}
	return nil
}

// requestField reads a field of KDC-REQ (RFC 4120 §5.4.1).
func (m *Message) requestField(n int, f ber.Element) {
	switch n {
	case 3:
		m.preAuth(f.Only())
	case 4:
		for body := f.Only().Open(); body.More(); {
			m.bodyField(body.Next())
		}
	}
}

// bodyField reads a field of KDC-REQ-BODY (RFC 4120 §5.4.1).
func (m *Message) bodyField(f ber.Element) {
	v := f.Only()
	switch f.Tag.Number() {
	case 0:
		m.Options = Options(v.Bits())
	case 1:
		m.Client = m.principal(v)
	case 2:
		m.Realm = m.keep(v.Body)
	case 3:
		m.Server = m.principal(v)
	case 4:
		m.From = unix(v.Body)
	case 5:
		m.Till = unix(v.Body)
	case 6:
		m.RenewTill = unix(v.Body)
	case 7:
		m.Nonce = uint32(number(v))
	case 8:
		for r := v.Open(); r.More(); {
			m.etype(r.Next())
		}
	case 9:
		m.addresses(v)
	case 10:
		m.Authorization = true
	case 11:
		tickets := v.Open()
		m.Evidence = m.ticket(tickets.Next())
	}
}

// addresses reads HostAddresses (RFC 4120 §5.2.5, §7.5.3). Windows sends one: its NetBIOS name, spaces behind.
func (m *Message) addresses(v ber.Element) {
	const netBIOS = 20
	for r := v.Open(); r.More(); {
		in := r.Next().Open()
		kind := number(in.Expect(ber.Context(0).Constructed()).Only())
		if name := in.Expect(ber.Context(1).Constructed()).Only().Body; kind == netBIOS && len(m.Host) == 0 {
			m.Host = m.keep(bytes.TrimRight(name, " \x00"))
		}
	}
}

// replyField reads a field of KDC-REP (RFC 4120 §5.4.2).
func (m *Message) replyField(n int, f ber.Element) {
	v := f.Only()
	switch n {
	case 2:
		m.preAuth(v)
	case 3:
		m.ClientRealm = m.keep(v.Body)
	case 4:
		m.Client = m.principal(v)
	case 5:
		m.shown(v)
	case 6:
		m.Etype = encrypted(v).Etype
	}
}

// apField reads a field of AP-REQ (RFC 4120 §5.5.1).
func (m *Message) apField(n int, f ber.Element) {
	v := f.Only()
	switch n {
	case 2:
		m.APOptions = v.Bits()
	case 3:
		m.shown(v)
	case 4:
		m.Etype = encrypted(v).Etype
	}
}

// shown keeps the ticket of a reply or an AP-REQ, and whom it is for.
func (m *Message) shown(v ber.Element) {
	m.Ticket = m.ticket(v)
	m.Server, m.Realm = m.Ticket.Server, m.Ticket.Realm
}

// errorField reads a field of KRB-ERROR (RFC 4120 §5.9.1).
func (m *Message) errorField(n int, f ber.Element) {
	v := f.Only()
	switch n {
	case 4:
		m.ServerTime = unix(v.Body)
	case 6:
		m.Error = ErrorCode(number(v))
	case 7:
		m.ClientRealm = m.keep(v.Body)
	case 8:
		m.Client = m.principal(v)
	case 9:
		m.Realm = m.keep(v.Body)
	case 10:
		m.Server = m.principal(v)
	case 11:
		m.ErrorText = m.keep(v.Body)
	case 12:
		m.errorData(v)
	}
}

func (m *Message) etype(v ber.Element) {
	if len(m.Etypes) < MaxTypes {
		m.Etypes = append(m.Etypes, Etype(number(v)))
	}
}

// ticket reads a Ticket (RFC 4120 §5.3).
func (m *Message) ticket(v ber.Element) (t Ticket) {
	if v.Tag != ber.Application(1).Constructed() {
		return Ticket{}
	}
	for r := v.Only().Open(); r.More(); {
		f := r.Next()
		switch f.Tag.Number() {
		case 1:
			t.Realm = m.keep(f.Only().Body)
		case 2:
			t.Server = m.principal(f.Only())
		case 3:
			t.Sealed = encrypted(f.Only())
			t.Sum = digest(f.Only())
		}
	}
	return t
}

// digest is the SHA-256 of what EncryptedData holds, zero when that is not there to its end.
func digest(v ber.Element) (sum [sha256.Size]byte) {
	for r := v.Open(); r.More(); {
		if f := r.Next(); f.Tag.Number() == 2 {
			if cipher := f.Only(); cipher.Tag == ber.OctetString && !cipher.Cut {
				return sha256.Sum256(cipher.Body)
			}
		}
	}
	return sum
}

// encrypted reads what is in clear of EncryptedData (RFC 4120 §5.2.9).
func encrypted(v ber.Element) (t Sealed) {
	for r := v.Open(); r.More(); {
		switch f := r.Next(); f.Tag.Number() {
		case 0:
			t.Etype = Etype(number(f.Only()))
		case 1:
			t.Kvno = uint32(number(f.Only()))
		}
	}
	return t
}

// principal reads a PrincipalName (RFC 4120 §5.2.2).
func (m *Message) principal(v ber.Element) (p Principal) {
	r := v.Open()
	p.NameType = int32(number(r.Expect(ber.Context(0).Constructed()).Only()))
	parts := r.Expect(ber.Context(1).Constructed()).Only().Open()
	start := len(m.text)
	for n := 0; parts.More() && len(m.text)-start < MaxName; n++ {
		if n > 0 {
			m.add([]byte{'/'}, 1)
		}
		m.add(parts.Next().Body, MaxName-(len(m.text)-start))
	}
	p.Name = m.text[start:len(m.text):len(m.text)]
	return p
}

// keep copies a text of at most [MaxName] bytes to the message's own buffer.
func (m *Message) keep(p []byte) []byte {
	start := len(m.text)
	m.add(p, MaxName)
	return m.text[start:len(m.text):len(m.text)]
}

// add appends at most limit bytes of p to the text.
func (m *Message) add(p []byte, limit int) {
	limit = max(0, min(limit, maxText-len(m.text)))
	m.text = append(m.text, p[:min(len(p), limit)]...)
}

func number(v ber.Element) int64 {
	n, _ := v.Int()
	return n
}

// unix reads a KerberosTime, "20370913024805Z" (RFC 4120 §5.2.3), as Unix seconds; 0 when it is none.
func unix(p []byte) int64 {
	if len(p) != 15 || p[14] != 'Z' {
		return 0
	}
	var d [14]int
	for i := range d {
		d[i] = int(p[i]) - '0'
		if d[i] < 0 || d[i] > 9 {
			return 0
		}
	}
	two := func(i int) int { return d[i]*10 + d[i+1] }
	return time.Date(two(0)*100+two(2), time.Month(two(4)), two(6), two(8), two(10), two(12), 0, time.UTC).Unix()
}
