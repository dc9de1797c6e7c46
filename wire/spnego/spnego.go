// Package spnego reads the tokens by which GSS-API peers sign on: SPNEGO (RFC 4178, [MS-SPNG]) and what lies in it,
// Kerberos (RFC 4121) or NTLMSSP ([MS-NLMP]), or either of these bare.
//
// The client's first token lists the mechanisms it can, the best first, and already holds a token of the best. The
// server answers with its choice and how far things are; further tokens go back and forth until both are content.
// SMB, LDAP, HTTP, RDP and DCE/RPC all carry these tokens, and a reader of any of them wants one thing: who signs on
// to what, and how.
package spnego

import (
	"errors"

	"bulwark/wire/ber"
	"bulwark/wire/kerberos"
	"bulwark/wire/ntlm"
)

// ErrToken means that the bytes are no token known here.
var ErrToken = errors.New("spnego: no security token")

// MaxOffered is how many mechanisms of a client's list are kept.
const MaxOffered = 8

// Mechanism is a way to sign on. The zero value is none.
type Mechanism uint8

// The mechanisms met in Windows domains.
const (
	None Mechanism = iota
	Other
	NTLM
	Kerberos
	KerberosU2U // to a service without a key of its own, by the user's ticket
	NegoEx      // a second negotiation inside, [MS-NEGOEX]
	IAKerb      // Kerberos through the server, for clients that do not reach a KDC
)

func (m Mechanism) String() string {
	switch m {
	case None:
		return "none"
	case NTLM:
		return "NTLM"
	case Kerberos:
		return "Kerberos"
	case KerberosU2U:
		return "Kerberos user-to-user"
	case NegoEx:
		return "NegoEx"
	case IAKerb:
		return "IAKerb"
	}
	return "other"
}

// The object identifiers, as they are encoded.
const (
	oidSPNEGO      = "\x2b\x06\x01\x05\x05\x02"                 // 1.3.6.1.5.5.2
	oidKerberos    = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02"     // 1.2.840.113554.1.2.2
	oidKerberosU2U = "\x2a\x86\x48\x86\xf7\x12\x01\x02\x02\x03" // 1.2.840.113554.1.2.2.3
	oidMSKerberos  = "\x2a\x86\x48\x82\xf7\x12\x01\x02\x02"     // 1.2.840.48018.1.2.2, Windows 2000's misprint
	oidNTLM        = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x0a" // 1.3.6.1.4.1.311.2.2.10
	oidNegoEx      = "\x2b\x06\x01\x04\x01\x82\x37\x02\x02\x1e" // 1.3.6.1.4.1.311.2.2.30
	oidIAKerb      = "\x2b\x06\x01\x05\x02\x05"                 // 1.3.6.1.5.2.5
	tagGSS         = 0x60                                       // RFC 2743 §3.1: [APPLICATION 0]
	tagInit        = 0xa0                                       // RFC 4178 §4.2: negTokenInit
	tagResponse    = 0xa1                                       // negTokenResp
)

func mechanism(oid []byte) Mechanism {
	switch string(oid) {
	case oidNTLM:
		return NTLM
	case oidKerberos, oidMSKerberos:
		return Kerberos
	case oidKerberosU2U:
		return KerberosU2U
	case oidNegoEx:
		return NegoEx
	case oidIAKerb:
		return IAKerb
	}
	return Other
}

// State is how far the server says things are (RFC 4178 §4.2.2). The zero value was not said.
type State uint8

// The states.
const (
	Unsaid State = iota
	Completed
	Incomplete
	Rejected
	WantsMIC
)

// Token is one token. Lists and messages are reused by the next [Parse] into it; nothing points into the packet.
type Token struct {
	// Offered is what the client offers, or what the server says beforehand that it takes, the best first.
	Offered []Mechanism
	// Chosen is the server's choice.
	Chosen Mechanism
	State  State

	// Inner says which of the following messages the token holds: NTLM, Kerberos or None.
	Inner    Mechanism
	NTLM     ntlm.Message
	Kerberos kerberos.Message
}

// Parse reads one token, whose end may be missing.
func Parse(p []byte, t *Token) error {
	t.Offered, t.Chosen, t.State, t.Inner = t.Offered[:0], None, Unsaid, None
	switch {
	case len(p) == 0:
		return ErrToken
	case p[0] == tagGSS || p[0] == tagInit || p[0] == tagResponse:
		return t.wrapped(p)
	}
	return t.bare(p)
}

// wrapped reads a token in DER.
func (t *Token) wrapped(p []byte) error {
	r := ber.OpenCut(p)
	e := r.Next()
	if e.Tag == tagGSS { // RFC 2743 §3.1: the mechanism, then a token of its own form
		in := e.Open()
		oid := in.Expect(ber.OID)
		if string(oid.Body) != oidSPNEGO {
			t.Chosen = mechanism(oid.Body)
			return t.bare(in.Rest())
		}
		e = in.Next()
	}
	seq := e.Only()
	if seq.Tag != ber.Sequence {
		return ErrToken
	}
	var inner []byte
	for fields := seq.Open(); fields.More(); {
		f := fields.Next()
		switch e.Tag {
		case tagInit:
			inner = t.initField(f, inner)
		case tagResponse:
			inner = t.responseField(f, inner)
		default:
			return ErrToken
		}
	}
	if len(inner) > 0 {
		_ = t.mech(inner) // a mechanism that is not read here leaves Inner None
	}
	return nil
}

// initField reads a field of NegTokenInit (RFC 4178 §4.2.1).
func (t *Token) initField(f ber.Element, inner []byte) []byte {
	switch f.Tag.Number() {
	case 0:
		for list := f.Only().Open(); list.More() && len(t.Offered) < MaxOffered; {
			t.Offered = append(t.Offered, mechanism(list.Next().Body))
		}
	case 2:
		return f.Only().Body
	}
	return inner
}

// responseField reads a field of NegTokenResp (RFC 4178 §4.2.2).
func (t *Token) responseField(f ber.Element, inner []byte) []byte {
	switch v := f.Only(); f.Tag.Number() {
	case 0:
		if n, ok := v.Int(); ok && n >= 0 && n <= 3 {
			t.State = Completed + State(n)
		}
	case 1:
		t.Chosen = mechanism(v.Body)
	case 2:
		return v.Body
	}
	return inner
}

// mech reads a mechanism's token.
func (t *Token) mech(p []byte) error {
	if p[0] == tagGSS {
		r := ber.OpenCut(p)
		in := r.Next().Open()
		in.Expect(ber.OID)
		p = in.Rest()
	}
	return t.bare(p)
}

// bare reads NTLMSSP, or Kerberos with or without the two bytes that GSS-API puts before it (RFC 4121 §4.1).
func (t *Token) bare(p []byte) error {
	if ntlm.Probe(p) {
		if err := ntlm.Parse(p, &t.NTLM); err != nil {
			return err
		}
		t.Inner = NTLM
		return nil
	}
	// TOK_ID: 0100 AP-REQ, 0200 AP-REP, 0300 KRB-ERROR
	if len(p) > 2 && p[0] >= 1 && p[0] <= 3 && p[1] == 0 {
		p = p[2:]
	}
	if err := kerberos.ParseCut(p, &t.Kerberos); err != nil {
		if ntlm.Parse(ntlm.Find(p), &t.NTLM) != nil {
			return ErrToken
		}
		t.Inner = NTLM
		return nil
	}
	t.Inner = Kerberos
	return nil
}
