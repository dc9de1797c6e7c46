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
	"github.com/jcmturner/gokrb5/v8/iana/keyusage"
	"github.com/jcmturner/gokrb5/v8/iana/msgtype"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/jcmturner/gokrb5/v8/messages"
	"github.com/jcmturner/gokrb5/v8/types"

	"bulwark/internal/spnego"
)

// skew is how far the clock of a machine may be from ours: as domains have it.
const skew = 5 * time.Minute

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
		if spnego.Strong(e.Key.KeyType) {
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

// Accept takes the token by which a machine begins, one of Kerberos or of SPNEGO, and returns what it is answered.
func (k *Keys) Accept(token []byte) (c *Context, answer []byte, err error) {
	defer func() { // the library reads fields that a forged ticket may not have
		if r := recover(); r != nil {
			c, answer, err = nil, nil, fmt.Errorf("%w: %v", ErrToken, r)
		}
	}()
	raw, mech, err := spnego.Open(token)
	q := new(messages.APReq)
	if err != nil || q.Unmarshal(raw) != nil || len(q.Ticket.SName.NameString) == 0 {
		return nil, nil, ErrToken
	}
	if c, answer, err = k.accept(q); err == nil && mech != nil {
		answer, err = answered(asn1.ObjectIdentifier(mech), answer)
	}
	return c, answer, err
}

// kindReply begins an AP-REP in a token (RFC 4121 §4.1).
const kindReply = "\x02\x00"

// mechanism is Kerberos.
var mechanism = asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2}

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
	if !spnego.Strong(q.Ticket.EncPart.EType) || !spnego.Strong(q.EncryptedAuthenticator.EType) {
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
	if err != nil || !spnego.Strong(key.KeyType) {
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

// agreed is a NegTokenResp (RFC 4178 §4.2.2).
type agreed struct {
	State     asn1.Enumerated       `asn1:"explicit,tag:0"` // 0: complete
	Mechanism asn1.ObjectIdentifier `asn1:"explicit,tag:1"`
	Token     []byte                `asn1:"explicit,tag:2"`
}

// answered puts an answer into one of SPNEGO: the machine's first choice is taken, so that none needs a sum of the choices.
func answered(mech asn1.ObjectIdentifier, answer []byte) ([]byte, error) {
	inner, err := asn1.Marshal(agreed{Mechanism: mech, Token: answer})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: inner})
}
