// Package ldap reads LDAP (RFC 4511) over TCP and its connectionless form over UDP ([MS-ADTS] 6.3.3), by which a
// Windows domain's directory is asked and changed.
//
// A message is a BER sequence of a number, an operation and perhaps controls. The number joins a request with its
// answers: a search has one for each entry found and one that ends it, all else one or none. A client says who it is
// by a BIND, with a name and a password in clear (simple), or by SASL, in Active Directory with SPNEGO tokens. From
// then on SASL may wrap the messages, each behind four bytes of length (RFC 4422 §3.7): signed ones are still read,
// encrypted ones are not. StartTLS (RFC 4511 §4.14) ends what can be read.
//
// Who asks what of the directory shows a domain being mapped, weak sign-ons and rights being changed. So a
// [Conversation] hands its [Handler] one [Exchange] for each request with what came of it; entries are counted and
// skipped unseen. A [MessageHandler] is told of each message with its attributes and values too. Passwords are never
// handed on.
package ldap

import (
	"bytes"
	"errors"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/ber"
	"bulwark/wire/kerberos"
	"bulwark/wire/ntlm"
	"bulwark/wire/spnego"
)

// The bounds of a message as it is read; what goes beyond is left out.
const (
	MaxFilter     = 4096 // bytes of a filter as text
	MaxAttributes = 256
	MaxValues     = 1024 // of all attributes
	MaxControls   = 16
)

var (
	// ErrMessage means that the bytes are no LDAP message.
	ErrMessage = errors.New("ldap: no message")
	// ErrForm means a message whose operation is not built as it should be.
	ErrForm = fmt.Errorf("ldap: operation of a wrong form: %w", wire.ErrMalformed)
	// ErrTLS means that StartTLS has succeeded: what follows is TLS.
	ErrTLS = errors.New("ldap: the conversation goes on in TLS")
)

// OIDStartTLS and OIDDisconnection name the extended operations that are asked about here (RFC 4511 §4.14.1, §4.4.1).
const (
	OIDStartTLS      = "1.3.6.1.4.1.1466.20037"
	OIDDisconnection = "1.3.6.1.4.1.1466.20036"
	oidPassword      = "1.3.6.1.4.1.4203.1.11.1" // RFC 3062
)

// Attribute is an attribute with its values, or one that is asked for.
type Attribute struct {
	Type   []byte
	Values [][]byte
	// Change says what MODIFY does with it.
	Change Change
}

// Control extends a message (RFC 4511 §4.1.11).
type Control struct {
	Type     []byte // a dotted object identifier
	Critical bool
	Value    []byte
}

// Message is one message. Slices point into the bytes that were read, or into the message's own buffers, until the
// next [Parse] into it.
type Message struct {
	ID int32 // RFC 4511 §4.1.1.1; 0 in what a server sends unasked
	Op Op
	// Name is whom a BIND names, the base of a search, the entry of all other operations and of a result.
	Name []byte
	// Cut says that the message was longer than what could be read.
	Cut bool
	// Signed says that it came signed by SASL.
	Signed bool

	// BIND:
	Version   uint8
	Mechanism []byte // "simple", "sicily" or a SASL mechanism
	Password  bool   // a password crossed the wire in clear; in a change of it too
	// User, Domain and Workstation are whom an NTLM or PLAIN sign-on names; Service and Realm the service that a
	// Kerberos sign-on is to.
	User, Domain, Workstation []byte
	Service, Realm            []byte
	Ticket                    kerberos.Sealed // zero: none was shown
	Scheme                    ntlm.Scheme
	// Credentials are the token of a SASL sign-on, either side's, unless a password is in it.
	Credentials []byte

	// SEARCH:
	Scope                Scope
	Deref                Deref
	SizeLimit, TimeLimit uint32 // entries, seconds; 0: none
	TypesOnly            bool
	Filter               []byte // as text (RFC 4515)
	FilterCut            bool   // it is longer than that

	// Attributes are those asked for (SEARCH), given (ADD, entries), changed (MODIFY) or compared (COMPARE).
	Attributes []Attribute

	// MODIFY DN:
	NewRDN, NewSuperior []byte
	DeleteOldRDN        bool

	OID   []byte // of an extended operation or an intermediate answer
	Value []byte // of the same, unless a password is in it
	// Abandoned is the number of the request that an ABANDON takes back.
	Abandoned int32

	// Answers:
	Code       Code
	MatchedDN  []byte
	Diagnostic []byte
	Referrals  [][]byte // where else to ask: of a result, or in a reference

	Controls []Control

	values [][]byte
	filter []byte
	pool   *Pool
	text   []byte // what is not in the bytes read; of a message that is kept, all
	token  *spnego.Token
}

// Parse reads the first message in p and returns what is behind it. A message whose end is missing is read as far as
// it is there, with Cut set.
func Parse(p []byte, m *Message) (rest []byte, err error) {
	m.reset()
	r := ber.OpenCut(p)
	message := r.Expect(ber.Sequence)
	if r.Err() != nil {
		return nil, ErrMessage
	}
	m.Cut = message.Cut
	in := message.Open()
	id, ok := in.Expect(ber.Integer).Int()
	if !ok || id < 0 || id > 1<<31-1 {
		return nil, ErrMessage
	}
	m.ID = int32(id)
	op := in.Next()
	if !isOp(op.Tag) {
		return nil, ErrMessage
	}
	m.Op = Op(op.Tag.Number())
	err = m.operation(op)
	if controls, ok := in.Optional(ber.Context(0).Constructed()); ok {
		m.controls(controls)
	}
	return r.Rest(), err
}

func (m *Message) reset() {
	*m = Message{
		Attributes: m.Attributes[:0], Referrals: m.Referrals[:0], Controls: m.Controls[:0],
		values: m.values[:0], filter: m.filter[:0], text: m.text[:0], token: m.token, pool: m.pool,
	}
}

// keep makes m a copy of o that points at nothing of o's, without credentials, controls' values and values of
// attributes; but see [MeansRights].
func (m *Message) keep(o *Message) {
	m.reset()
	attributes, controls, text := m.Attributes, m.Controls, m.text
	values, filter, referrals, token, pool := m.values, m.filter, m.Referrals, m.token, m.pool
	*m = *o
	m.values, m.filter, m.Referrals, m.token, m.pool = values, filter, referrals, token, pool
	text = pool.space().Grow(text, 128)
	m.Credentials, m.Value = nil, nil
	for _, f := range []*[]byte{
		&m.Name, &m.Mechanism, &m.User, &m.Domain, &m.Workstation, &m.Service, &m.Realm, &m.Filter,
		&m.NewRDN, &m.NewSuperior, &m.OID, &m.MatchedDN, &m.Diagnostic,
	} {
		text, *f = kept(text, *f)
	}
	for _, a := range o.Attributes[:min(len(o.Attributes), maxKept)] {
		text, a.Type = kept(text, a.Type)
		given := a.Values
		a.Values = nil
		if len(given) > 0 && MeansRights(a.Type) {
			first := len(values)
			for _, v := range given[:min(len(given), maxKeptValues)] {
				text, v = kept(text, v[:min(len(v), maxKeptValue)])
				values = pool.rows().Add(values, v)
			}
			a.Values = values[first:len(values):len(values)]
		}
		attributes = pool.attributes().Add(attributes, a)
	}
	for _, c := range o.Controls {
		text, c.Type = kept(text, c.Type)
		c.Value = nil
		controls = append(controls, c)
	}
	m.Attributes, m.Controls, m.text, m.values = attributes, controls, text, values
}

// The bounds of a request that waits for its answer.
const (
	maxKept       = 64      // attributes
	maxKeptValues = 4       // of an attribute
	maxKeptValue  = 512     // bytes of one
	maxKeptText   = 8 << 10 // bytes of all texts together
)

// trim gives back buffers that have grown long.
func (m *Message) trim() {
	m.reset()
	const few, short = 32, 1024
	if cap(m.Attributes) > few {
		m.Attributes = nil
	}
	if cap(m.values) > few {
		m.values = nil
	}
	if cap(m.filter) > short {
		m.filter = nil
	}
	if cap(m.text) > short {
		m.text = nil
	}
}

// kept appends a copy of p to text, and returns both.
func kept(text, p []byte) (all, copied []byte) {
	start := len(text)
	text = append(text, p[:min(len(p), MaxFilter, max(0, maxKeptText-start))]...)
	return text, text[start:len(text):len(text)]
}

// operation reads protocolOp (RFC 4511 §4.2 and following).
func (m *Message) operation(op ber.Element) error {
	r := op.Open()
	switch m.Op {
	case BindRequest:
		return m.bind(&r)
	case SearchRequest:
		return m.search(&r)
	case SearchEntry, AddRequest:
		m.Name = r.Expect(ber.OctetString).Body
		m.attributes(r.Expect(ber.Sequence))
		m.passwords()
	case SearchReference:
		m.referrals(op)
	case ModifyRequest:
		m.Name = r.Expect(ber.OctetString).Body
		m.changes(r.Expect(ber.Sequence))
		m.passwords()
	case DelRequest:
		m.Name = op.Body
	case AbandonRequest:
		id, _ := op.Int()
		m.Abandoned = int32(id)
	case ModifyDNRequest:
		m.modifyDN(&r)
	case CompareRequest:
		m.Name = r.Expect(ber.OctetString).Body
		pair := r.Expect(ber.Sequence).Open()
		m.attribute(pair.Expect(ber.OctetString).Body)
		m.value(pair.Expect(ber.OctetString).Body)
	case ExtendedRequest, IntermediateResponse:
		m.extended(&r)
	case UnbindRequest:
	default:
		m.result(&r)
	}
	if r.Err() != nil && !m.Cut {
		return ErrForm
	}
	return nil
}

// bind reads BindRequest (RFC 4511 §4.2).
func (m *Message) bind(r *ber.Reader) error {
	version, _ := r.Expect(ber.Integer).Int()
	m.Version = uint8(version)
	m.Name = r.Expect(ber.OctetString).Body
	auth := r.Next()
	switch auth.Tag {
	case ber.Context(0): // simple: the password itself; none makes it anonymous (RFC 4513 §5.1)
		m.text = append(m.text, "simple"...)
		m.Mechanism = m.text
		m.Password = len(auth.Body) > 0
	case ber.Context(3).Constructed():
		sasl := auth.Open()
		m.Mechanism = sasl.Expect(ber.OctetString).Body
		m.credentials(sasl.Next().Body)
	case ber.Context(9), ber.Context(10), ber.Context(11): // [MS-ADTS] 5.1.1.1.3: NTLM without SASL
		m.text = append(m.text, "sicily"...)
		m.Mechanism = m.text
		m.credentials(auth.Body)
	default:
		return ErrForm
	}
	return nil
}

// credentials looks into a SASL token.
func (m *Message) credentials(p []byte) {
	if bytes.EqualFold(m.Mechanism, []byte("PLAIN")) { // RFC 4616: authorisation, user and password, zeros between
		_, rest, _ := bytes.Cut(p, []byte{0})
		user, password, _ := bytes.Cut(rest, []byte{0})
		m.User, m.Password = user, len(password) > 0
		return
	}
	if bytes.EqualFold(m.Mechanism, []byte("LOGIN")) {
		m.Password = len(p) > 0
		return
	}
	m.Credentials = p
	m.signOn(p)
}

// signOn reads a token of SPNEGO, Kerberos or NTLM, if it is one.
func (m *Message) signOn(p []byte) {
	if len(p) == 0 {
		return
	}
	if m.token == nil && m.pool != nil {
		m.token = m.pool.Token
	}
	if m.token == nil {
		m.token = new(spnego.Token)
	}
	if spnego.Parse(p, m.token) != nil {
		return
	}
	switch m.token.Inner {
	case spnego.NTLM:
		t := &m.token.NTLM
		m.User, m.Domain, m.Workstation, m.Scheme = t.User, t.Domain, t.Workstation, t.Scheme
		m.Service = t.SPN
	case spnego.Kerberos:
		t := &m.token.Kerberos
		m.Service, m.Realm, m.Ticket = t.Server.Name, t.Realm, t.Ticket.Sealed
	}
}

// search reads SearchRequest (RFC 4511 §4.5.1).
func (m *Message) search(r *ber.Reader) error {
	m.Name = r.Expect(ber.OctetString).Body
	scope, _ := r.Expect(ber.Enumerated).Int()
	deref, _ := r.Expect(ber.Enumerated).Int()
	size, _ := r.Expect(ber.Integer).Int()
	time, _ := r.Expect(ber.Integer).Int()
	m.Scope, m.Deref, m.SizeLimit, m.TimeLimit = Scope(scope), Deref(deref), uint32(size), uint32(time)
	m.TypesOnly = r.Expect(ber.Boolean).Bool()
	filter := r.Next()
	if r.Err() != nil {
		return ErrForm
	}
	m.filter = m.appendFilter(m.pool.space().Grow(m.filter, 64), filter)
	m.Filter = m.filter
	for list := r.Expect(ber.Sequence).Open(); list.More(); {
		m.attribute(list.Next().Body)
	}
	if r.Err() != nil && !m.Cut {
		return ErrForm
	}
	return nil
}

// attributes reads PartialAttributeList (RFC 4511 §4.5.2, §4.7).
func (m *Message) attributes(list ber.Element) {
	for r := list.Open(); r.More() && len(m.Attributes) < MaxAttributes; {
		m.partial(r.Next())
	}
}

// partial reads one attribute with its values (RFC 4511 §4.1.7).
func (m *Message) partial(e ber.Element) {
	in := e.Open()
	m.attribute(in.Expect(ber.OctetString).Body)
	for values := in.Expect(ber.Set).Open(); values.More(); {
		m.value(values.Next().Body)
	}
}

// passwords notes that a request brings some.
func (m *Message) passwords() {
	if m.Op == SearchEntry {
		return
	}
	for i := range m.Attributes {
		m.Password = m.Password || len(m.Attributes[i].Values) > 0 && IsSecret(m.Attributes[i].Type)
	}
}

// attribute adds an attribute without values.
func (m *Message) attribute(name []byte) {
	if len(m.Attributes) < MaxAttributes {
		m.Attributes = m.pool.attributes().Add(m.Attributes, Attribute{Type: name})
	}
}

// value adds a value to the last attribute.
func (m *Message) value(v []byte) {
	if len(m.values) >= MaxValues || len(m.Attributes) == 0 {
		return
	}
	last := &m.Attributes[len(m.Attributes)-1]
	m.values = m.pool.rows().Add(m.values, v)
	n := len(last.Values) + 1
	last.Values = m.values[len(m.values)-n : len(m.values) : len(m.values)]
}

// changes reads the changes of a ModifyRequest (RFC 4511 §4.6).
func (m *Message) changes(list ber.Element) {
	for r := list.Open(); r.More() && len(m.Attributes) < MaxAttributes; {
		change := r.Next().Open()
		kind, _ := change.Expect(ber.Enumerated).Int()
		m.partial(change.Expect(ber.Sequence))
		if n := len(m.Attributes); n > 0 {
			m.Attributes[n-1].Change = Change(kind)
		}
	}
}

// modifyDN reads ModifyDNRequest (RFC 4511 §4.9).
func (m *Message) modifyDN(r *ber.Reader) {
	m.Name = r.Expect(ber.OctetString).Body
	m.NewRDN = r.Expect(ber.OctetString).Body
	m.DeleteOldRDN = r.Expect(ber.Boolean).Bool()
	if e, ok := r.Optional(ber.Context(0)); ok {
		m.NewSuperior = e.Body
	}
}

// extended reads ExtendedRequest and IntermediateResponse (RFC 4511 §4.12, §4.13).
func (m *Message) extended(r *ber.Reader) {
	for r.More() {
		switch e := r.Next(); e.Tag.Number() {
		case 0:
			m.OID = e.Body
		case 1:
			m.Value = e.Body
		}
	}
	if string(m.OID) == oidPassword && m.Op == ExtendedRequest {
		m.passwordChange()
	}
}

// passwordChange reads PasswdModifyRequestValue (RFC 3062 §2), whose password is changed, and drops the passwords.
func (m *Message) passwordChange() {
	value := ber.OpenCut(m.Value)
	m.Value = nil
	for in := value.Expect(ber.Sequence).Open(); in.More(); {
		switch e := in.Next(); e.Tag.Number() {
		case 0:
			m.Name = e.Body
		case 1, 2:
			m.Password = true
		}
	}
}

// result reads LDAPResult and what some answers have behind it (RFC 4511 §4.1.9, §4.2.2, §4.12).
func (m *Message) result(r *ber.Reader) {
	code, _ := r.Expect(ber.Enumerated).Int()
	m.Code = Code(code)
	m.MatchedDN = r.Expect(ber.OctetString).Body
	m.Diagnostic = bytes.TrimRight(r.Expect(ber.OctetString).Body, "\x00") // Active Directory sends the C string's end
	for r.More() {
		switch e := r.Next(); e.Tag.Number() {
		case 3:
			m.referrals(e)
		case 7:
			m.Credentials = e.Body
		case 10:
			m.OID = e.Body
		case 11:
			m.Value = e.Body
		}
	}
}

// referrals reads a row of URIs (RFC 4511 §4.1.10, §4.5.3).
func (m *Message) referrals(e ber.Element) {
	for r := e.Open(); r.More() && len(m.Referrals) < MaxControls; {
		m.Referrals = append(m.Referrals, r.Next().Body)
	}
}

// controls reads Controls (RFC 4511 §4.1.11).
func (m *Message) controls(e ber.Element) {
	for r := e.Open(); r.More() && len(m.Controls) < MaxControls; {
		in := r.Next().Open()
		c := Control{Type: in.Expect(ber.OctetString).Body}
		if critical, ok := in.Optional(ber.Boolean); ok {
			c.Critical = critical.Bool()
		}
		if value, ok := in.Optional(ber.OctetString); ok {
			c.Value = value.Body
		}
		m.Controls = append(m.Controls, c)
	}
}
