package kerberos

import (
	"bytes"
	"encoding/binary"

	"bulwark/wire/ber"
)

// Proof is how the client of an AS-REQ proves that it knows its key. The zero value is not at all: what it then gets
// can be cracked offline.
type Proof uint8

// The proofs, each of which outweighs those before it.
const (
	Unproven      Proof = iota
	ByOther             // a one-time password, a hardware token, a proof of another draft
	ByPassword          // a time stamp, encrypted (RFC 4120 §5.2.7.2) or within FAST (RFC 6113 §5.4.6); SPAKE
	ByArmour            // something inside FAST, which does not show
	ByCertificate       // RFC 4556
)

func (p Proof) String() string {
	switch p {
	case Unproven:
		return "none"
	case ByPassword:
		return "password"
	case ByArmour:
		return "FAST"
	case ByCertificate:
		return "certificate"
	}
	return "other"
}

// Proof is how the client of an AS-REQ has proven itself, as far as that shows from outside.
func (m *Message) Proof() (p Proof) {
	for _, t := range m.PreAuth {
		switch t {
		case PreAuthEncTimestamp, PreAuthEncryptedChallenge, PreAuthSPAKE:
			p = max(p, ByPassword)
		case PreAuthPKASReq, PreAuthPKASReqOld, preAuthPKWindows2000:
			p = max(p, ByCertificate)
		case PreAuthFAST:
			p = max(p, ByArmour)
		case preAuthOTP, preAuthSAM:
			p = max(p, ByOther)
		}
	}
	return p
}

// preAuth reads SEQUENCE OF PA-DATA (RFC 4120 §5.2.7).
func (m *Message) preAuth(v ber.Element) {
	for r := v.Open(); r.More(); {
		data := r.Next().Open()
		t := PreAuth(number(data.Expect(ber.Context(1).Constructed()).Only()))
		value := data.Expect(ber.Context(2).Constructed()).Only()
		if data.Err() != nil || len(m.PreAuth) >= MaxTypes {
			return
		}
		m.PreAuth = append(m.PreAuth, t)
		m.preAuthValue(t, value)
	}
}

func (m *Message) preAuthValue(t PreAuth, value ber.Element) {
	switch t {
	case PreAuthTGSReq:
		m.apReq(value.Only())
	case PreAuthEncTimestamp:
		m.ProofEtype = encrypted(value.Only()).Etype
	case PreAuthPasswordSalt:
		m.passwordSalt(value.Body)
	case preAuthEtypeInfo:
		if len(m.Etypes) == 0 {
			m.etypeInfo(value.Only())
		}
	case PreAuthEtypeInfo2:
		m.etypeInfo(value.Only())
	case PreAuthPKASReq: // RFC 4556 §3.2.1
		m.signer(value.Only().Only().Only())
	case PreAuthPKASRep: // RFC 4556 §3.2.3: by Diffie-Hellman, else the signature is encrypted
		if reply := value.Only(); reply.Tag == ber.Context(0).Constructed() {
			m.signer(reply.Only().Only().Only())
		}
	case PreAuthPACRequest:
		flag := value.Only().Only().Only() // KERB-PA-PAC-REQUEST ([MS-KILE] 2.2.3)
		m.NoPAC = flag.Tag == ber.Boolean && !flag.Bool()
	case PreAuthPACOptions: // [MS-KILE] 2.2.10
		m.PACOptions = PACOptions(value.Only().Only().Only().Bits())
	case PreAuthForUser: // [MS-SFU] 2.2.1
		r := value.Only().Open()
		m.ForUser = m.principal(r.Expect(ber.Context(0).Constructed()).Only())
		m.ForUserRealm = m.keep(r.Expect(ber.Context(1).Constructed()).Only().Body)
	case PreAuthS4UX509User: // [MS-SFU] 2.2.2
		m.s4uUser(value.Only())
	case PreAuthFAST:
		m.fast(value.Only())
	}
}

// apReq reads the AP-REQ inside a TGS-REQ: the ticket that is shown and what its session key is of (RFC 4120 §5.2.7.1).
func (m *Message) apReq(v ber.Element) {
	for r := v.Only().Open(); r.More(); {
		switch f := r.Next(); f.Tag {
		case ber.Context(3).Constructed():
			m.Ticket = m.ticket(f.Only())
		case ber.Context(4).Constructed():
			m.Etype = encrypted(f.Only()).Etype
		}
	}
}

// fast reads PA-FX-FAST-REQUEST (RFC 6113 §5.4.2). A TGS-REQ needs no armour of its own: its ticket is that.
func (m *Message) fast(v ber.Element) {
	if v.Tag != ber.Context(0).Constructed() || m.Type != ASReq && m.Type != TGSReq {
		return
	}
	m.Armored = true
	const armorAPRequest = 1
	r := v.Only().Open()
	armor, ok := r.Optional(ber.Context(0).Constructed())
	if !ok {
		return
	}
	in := armor.Only().Open()
	kind := number(in.Expect(ber.Context(0).Constructed()).Only())
	value := in.Expect(ber.Context(1).Constructed()).Only()
	if kind != armorAPRequest {
		return
	}
	for ap := value.Only().Only().Open(); ap.More(); {
		if f := ap.Next(); f.Tag == ber.Context(3).Constructed() {
			m.Armor = m.ticket(f.Only())
			return
		}
	}
}

// etypeInfo reads ETYPE-INFO2 and ETYPE-INFO (RFC 4120 §5.2.7.5, §5.2.7.4): in an error what the KDC would take, in
// a reply what it took; and the salt.
func (m *Message) etypeInfo(v ber.Element) {
	if m.Type == Error {
		m.Etypes = m.Etypes[:0]
	}
	for r := v.Open(); r.More(); {
		entry := r.Next().Open()
		etype := entry.Expect(ber.Context(0).Constructed()).Only()
		if m.Type == Error {
			m.etype(etype)
		}
		if salt, ok := entry.Optional(ber.Context(1).Constructed()); ok && len(m.Salt) == 0 {
			m.Salt = m.keep(salt.Only().Body)
		}
	}
}

// passwordSalt reads PA-PW-SALT (RFC 4120 §5.2.7.3), in which Windows puts KERB-EXT-ERROR when it refuses
// ([MS-KILE] 2.2.2): status, reserved, flags, each of four bytes, the lowest first.
func (m *Message) passwordSalt(p []byte) {
	if m.Type != Error {
		m.Salt = m.keep(p)
		return
	}
	const size, flagged = 12, 1
	if len(p) == size && binary.LittleEndian.Uint32(p[8:])&flagged != 0 {
		m.NTStatus = binary.LittleEndian.Uint32(p)
	}
}

// errorData reads e-data: METHOD-DATA beside KDC_ERR_PREAUTH_REQUIRED (RFC 4120 §5.9.1), from Windows also
// KERB-ERROR-DATA ([MS-KILE] 2.2.1).
func (m *Message) errorData(v ber.Element) {
	data := v.Only()
	r := data.Open()
	if r.Peek() == ber.Sequence {
		m.preAuth(data)
		return
	}
	kind := r.Expect(ber.Context(1).Constructed())
	value := r.Expect(ber.Context(2).Constructed()).Only()
	const extended = 3
	if number(kind.Only()) == extended && len(value.Body) >= 4 {
		m.NTStatus = binary.LittleEndian.Uint32(value.Body)
	}
}

// s4uUser reads PA-S4U-X509-USER; whom PA-FOR-USER has named stands.
func (m *Message) s4uUser(v ber.Element) {
	named := len(m.ForUser.Name) > 0
	for r := v.Only().Only().Open(); r.More(); {
		f := r.Next()
		switch n := f.Tag.Number(); {
		case n == 1 && !named:
			m.ForUser = m.principal(f.Only())
		case n == 2 && !named:
			m.ForUserRealm = m.keep(f.Only().Body)
		case n == 3:
			m.certificate(f.Only())
		}
	}
}

// signer keeps the certificate that SignedData is signed with (RFC 5652 §5.1, §5.3), of which v is the ContentInfo.
// Of several certificates it is the one whose serial number the signature names, else the first.
func (m *Message) signer(v ber.Element) {
	const signedData = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02" // 1.2.840.113549.1.7.2
	r := v.Open()
	if string(r.Expect(ber.OID).Body) != signedData {
		return
	}
	in := r.Next().Only().Open()
	in.Expect(ber.Integer)
	in.Expect(ber.Set)
	in.Expect(ber.Sequence)
	set, ok := in.Optional(ber.Context(0).Constructed())
	if !ok {
		return
	}
	in.Optional(ber.Context(1).Constructed())
	info := in.Expect(ber.Set).Only().Open()
	info.Expect(ber.Integer)
	id := info.Next().Open()
	id.Expect(ber.Sequence)
	wanted := id.Expect(ber.Integer).Body
	var first ber.Element
	for list := set.Open(); list.More(); {
		c := list.Next()
		if first.Body == nil {
			first = c
		}
		if len(wanted) > 0 && bytes.Equal(serial(c), wanted) {
			first = c
			break
		}
	}
	m.certificate(first)
}

// serial is the serial number of a certificate (RFC 5280 §4.1.2.2).
func serial(certificate ber.Element) []byte {
	tbs := certificate.Only().Open()
	tbs.Optional(ber.Context(0).Constructed())
	return tbs.Expect(ber.Integer).Body
}

// certificate keeps a certificate with its header, unless its end is missing.
func (m *Message) certificate(c ber.Element) {
	if c.Tag == ber.OctetString {
		c = c.Only()
	}
	if c.Tag != ber.Sequence || c.Cut || len(c.Body) > MaxCertificate || len(m.Certificate) > 0 {
		return
	}
	m.der = append(m.der[:0], byte(ber.Sequence))
	switch n := len(c.Body); { // the header as DER has it (X.690 §10.1)
	case n < 0x80:
		m.der = append(m.der, byte(n))
	case n < 0x100:
		m.der = append(m.der, 0x81, byte(n))
	default:
		m.der = append(m.der, 0x82, byte(n>>8), byte(n))
	}
	m.der = append(m.der, c.Body...)
	m.Certificate = m.der
}
