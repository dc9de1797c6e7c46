// Package gss accepts contexts of Kerberos (RFC 4120, RFC 4121) and seals messages under them, for machines that prove who they are by
// their account in the domain: once on a connection, whose messages are then sealed with a key that both have just made.
package gss

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jcmturner/gofork/encoding/asn1"
	"github.com/jcmturner/gokrb5/v8/asn1tools"
	"github.com/jcmturner/gokrb5/v8/crypto"
	"github.com/jcmturner/gokrb5/v8/iana"
	"github.com/jcmturner/gokrb5/v8/iana/asnAppTag"
	"github.com/jcmturner/gokrb5/v8/iana/chksumtype"
	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"
)

// skew is how far the clock of a machine may be from ours: as domains have it.
const skew = 5 * time.Minute

// maxToken is the size of what a machine may show, in bytes: the largest that Windows makes.
const maxToken = 48_000

// Why a token is refused.
var (
	ErrToken   = errors.New("gss: not a token of Kerberos")
	ErrTicket  = errors.New("gss: a ticket that is not for us, has ended, or was made for a clock far from ours")
	ErrWeak    = errors.New("gss: a key of another kind than AES")
	ErrOneWay  = errors.New("gss: the machine does not ask who we are")
	ErrMachine = errors.New("gss: not the account of a machine")
)

// Keys are the long-term keys of our own account.
type Keys struct{ table *keytab.Keytab }

// ReadKeys reads a keytab in Base64.
func ReadKeys(text string) (*Keys, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(text), ""))
	if err != nil {
		return nil, fmt.Errorf("the keytab is not Base64: %w", err)
	}
	k := &Keys{keytab.New()}
	if err := k.table.Unmarshal(raw); err != nil {
		return nil, fmt.Errorf("the keytab cannot be read: %w", err)
	}
	for _, e := range k.table.Entries {
		if strong(e.Key.KeyType) {
			return k, nil
		}
	}
	return nil, errors.New("the keytab holds no key for AES")
}

// Principals are the names that the keys are of.
func (k *Keys) Principals() (all []string) {
	for _, e := range k.table.Entries {
		all = append(all, strings.Join(e.Principal.Components, "/")+"@"+e.Principal.Realm)
	}
	return all
}

// strong reports whether a key is of AES (RFC 3962, RFC 8009).
func strong(kind int32) bool {
	switch kind {
	case etypeID.AES128_CTS_HMAC_SHA1_96, etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA256_128, etypeID.AES256_CTS_HMAC_SHA384_192:
		return true
	}
	return false
}

// Accept takes the token by which a machine begins, one of Kerberos or of SPNEGO, and returns what it is answered.
func (k *Keys) Accept(token []byte) (c *Context, answer []byte, err error) {
	defer func() { // the library reads fields that a forged ticket may not have
		if r := recover(); r != nil {
			c, answer, err = nil, nil, fmt.Errorf("%w: %v", ErrToken, r)
		}
	}()
	if len(token) > maxToken {
		return nil, nil, ErrToken
	}
	o, wrapped := offered(token)
	if wrapped {
		token = o.Token
	}
	q, err := request(token)
	if err != nil {
		return nil, nil, err
	}
	if c, answer, err = k.accept(q); err == nil && wrapped {
		answer, err = o.agree(answer)
	}
	return c, answer, err
}

// Kinds of tokens (RFC 4121 §4.1).
const (
	kindRequest = "\x01\x00"
	kindReply   = "\x02\x00"
)

// Names of mechanisms.
var (
	mechanism  = asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2} // Kerberos
	mechanismM = asn1.ObjectIdentifier{1, 2, 840, 48018, 1, 2, 2}  // Kerberos too ([MS-SPNG] 2.2.1)
	pseudo     = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2}        // SPNEGO
)

// request is what stands in a token: its frame (RFC 2743 §3.1), its kind, and an AP-REQ.
func request(token []byte) (*messages.APReq, error) {
	var oid asn1.ObjectIdentifier
	rest, err := asn1.UnmarshalWithParams(token, &oid, "application,explicit,tag:0")
	if err != nil || !oid.Equal(mechanism) || len(rest) < 2 || string(rest[:2]) != kindRequest {
		return nil, ErrToken
	}
	q := new(messages.APReq)
	if q.Unmarshal(rest[2:]) != nil || len(q.Ticket.SName.NameString) == 0 {
		return nil, ErrToken
	}
	return q, nil
}

// own is the name in the keytab of the service that a ticket is for: directories do not mind capitals, keytabs do.
func (k *Keys) own(t *messages.Ticket) *types.PrincipalName {
	want := strings.Join(t.SName.NameString, "/")
	for _, e := range k.table.Entries {
		if strings.EqualFold(strings.Join(e.Principal.Components, "/"), want) && strings.EqualFold(e.Principal.Realm, t.Realm) {
			t.Realm = e.Principal.Realm
			return &types.PrincipalName{NameType: e.Principal.NameType, NameString: e.Principal.Components}
		}
	}
	return nil
}

// What a machine asks of a context, in the checksum of its authenticator (RFC 4121 §4.1.1).
const (
	wantsMutual = 2
	wantsDCE    = 0x1000 // a third message, which HTTP has no place for
)

func (k *Keys) accept(q *messages.APReq) (*Context, []byte, error) {
	name := k.own(&q.Ticket)
	if name == nil {
		return nil, nil, ErrTicket
	}
	if !strong(q.Ticket.EncPart.EType) || !strong(q.EncryptedAuthenticator.EType) {
		return nil, nil, ErrWeak
	}
	if ok, err := q.Verify(k.table, skew, types.HostAddress{}, name); err != nil || !ok {
		return nil, nil, fmt.Errorf("%w: %w", ErrTicket, err)
	}
	a := &q.Authenticator
	if a.Cksum.CksumType != chksumtype.GSSAPI || len(a.Cksum.Checksum) < 24 {
		return nil, nil, ErrToken
	}
	if f := binary.LittleEndian.Uint32(a.Cksum.Checksum[20:]); f&wantsMutual == 0 || f&wantsDCE != 0 {
		return nil, nil, ErrOneWay
	}
	identity, ok := machine(q.Ticket.DecryptedEncPart.CName.NameString, q.Ticket.DecryptedEncPart.CRealm)
	if !ok {
		return nil, nil, ErrMachine
	}
	key := q.Ticket.DecryptedEncPart.Key
	c := &Context{Identity: identity, Ends: q.Ticket.DecryptedEncPart.EndTime, expected: uint64(uint32(a.SeqNumber))}
	answer, err := c.reply(a, key)
	return c, answer, err
}

// machine is the name of a machine as its certificate would have it: WARD3$@CHU.EXAMPLE is ward3.chu.example. Accounts of people are none.
func machine(name []string, realm string) (string, bool) {
	if len(name) != 1 {
		return "", false
	}
	host, ok := strings.CutSuffix(name[0], "$")
	return strings.ToLower(host + "." + realm), ok && host != "" && realm != ""
}

// reply makes the key of the context, a new one, so that nothing of an earlier connection can be played again, and the AP-REP that tells
// it to the machine.
func (c *Context) reply(a *types.Authenticator, key types.EncryptionKey) ([]byte, error) {
	kind, err := crypto.GetEtype(key.KeyType)
	if err != nil || !strong(key.KeyType) {
		return nil, ErrWeak
	}
	if c.key, err = types.GenerateEncryptionKey(kind); err != nil {
		return nil, err
	}
	var number [4]byte
	_, _ = rand.Read(number[:]) // never fails (crypto/rand)
	c.next = uint64(binary.BigEndian.Uint32(number[:]) >> 2)
	part, err := asn1.Marshal(messages.EncAPRepPart{CTime: a.CTime, Cusec: a.Cusec, Subkey: c.key, SequenceNumber: int64(c.next)})
	if err != nil {
		return nil, err
	}
	_, sealed, err := kind.EncryptMessage(key.KeyValue, asn1tools.AddASNAppTag(part, asnAppTag.EncAPRepPart), keyusage.AP_REP_ENCPART)
	if err != nil {
		return nil, err
	}
	reply, err := asn1.Marshal(messages.APRep{PVNO: iana.PVNO, MsgType: msgtype.KRB_AP_REP, EncPart: types.EncryptedData{EType: key.KeyType, Cipher: sealed}})
	if err != nil {
		return nil, err
	}
	frame, err := asn1.Marshal(mechanism)
	if err != nil {
		return nil, err
	}
	frame = append(append(frame, kindReply...), asn1tools.AddASNAppTag(reply, asnAppTag.APREP)...)
	return asn1tools.AddASNAppTag(frame, 0), nil
}

// offer is a NegTokenInit (RFC 4178 §4.2.1).
type offer struct {
	Mechanisms []asn1.ObjectIdentifier `asn1:"explicit,tag:0"`
	Flags      asn1.BitString          `asn1:"explicit,optional,tag:1"`
	Token      []byte                  `asn1:"explicit,optional,tag:2"`
	MIC        asn1.RawValue           `asn1:"explicit,optional,tag:3"`
}

// offered reads a token of SPNEGO that begins with Kerberos; false: it is none.
func offered(token []byte) (o offer, ok bool) {
	var oid asn1.ObjectIdentifier
	rest, err := asn1.UnmarshalWithParams(token, &oid, "application,explicit,tag:0")
	if err != nil || !oid.Equal(pseudo) {
		return o, false
	}
	_, err = asn1.UnmarshalWithParams(rest, &o, "explicit,tag:0")
	return o, err == nil && len(o.Mechanisms) > 0 && (o.Mechanisms[0].Equal(mechanism) || o.Mechanisms[0].Equal(mechanismM))
}

// agreed is a NegTokenResp (RFC 4178 §4.2.2).
type agreed struct {
	State     asn1.Enumerated       `asn1:"explicit,tag:0"` // 0: complete
	Mechanism asn1.ObjectIdentifier `asn1:"explicit,tag:1"`
	Token     []byte                `asn1:"explicit,tag:2"`
}

// agree puts an answer into one of SPNEGO: the machine's first choice is taken, so that none needs a sum of the choices.
func (o *offer) agree(answer []byte) ([]byte, error) {
	inner, err := asn1.Marshal(agreed{Mechanism: o.Mechanisms[0], Token: answer})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: inner})
}
