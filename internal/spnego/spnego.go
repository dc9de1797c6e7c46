// Package spnego reads the tokens by which browsers and machines begin to prove who they are: Kerberos, alone or negotiated (RFC 2743, RFC 4121, RFC 4178).
package spnego

import (
	"bytes"
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"

	"github.com/jcmturner/gokrb5/v8/iana/etypeID"
	"golang.org/x/crypto/cryptobyte"
	tags "golang.org/x/crypto/cryptobyte/asn1"
)

// MostToken bounds a token, in bytes: the largest that Windows makes. That of somebody in a hundred groups takes six thousand.
const MostToken = 48_000

var (
	// ErrToken means that it is no token of this protocol.
	ErrToken = errors.New("spnego: the token cannot be read")
	// ErrNTLM means that who sends it has no ticket and offers NTLM.
	ErrNTLM = errors.New("spnego: it is NTLM, not a ticket")
)

// The mechanisms of RFC 4178 and RFC 4121, and what Windows wrote for the latter first (MS-SPNG, 2.2.1).
var (
	negotiation = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 2}
	kerberos    = asn1.ObjectIdentifier{1, 2, 840, 113554, 1, 2, 2}
	windows     = asn1.ObjectIdentifier{1, 2, 840, 48018, 1, 2, 2}
)

// Open takes the AP-REQ (RFC 4120, 5.5.1) out of a token. mech is the mechanism by which it was negotiated; nil: it came alone.
func Open(token []byte) (apReq []byte, mech asn1.ObjectIdentifier, err error) {
	switch {
	case len(token) > MostToken:
		return nil, nil, fmt.Errorf("%w: it is longer than %d bytes", ErrToken, MostToken)
	case bytes.HasPrefix(token, []byte("NTLMSSP\x00")):
		return nil, nil, ErrNTLM
	}
	is, inner, err := initial(token)
	switch {
	case err != nil:
		return nil, nil, err
	case is.Equal(negotiation):
		return negotiated(inner)
	}
	apReq, err = bare(is, inner)
	return apReq, nil, err
}

// initial opens an initial context token: a mechanism, and what belongs to it (RFC 2743, 3.1).
func initial(token []byte) (mech asn1.ObjectIdentifier, inner []byte, err error) {
	s, body := cryptobyte.String(token), cryptobyte.String(nil)
	if !s.ReadASN1(&body, tags.Tag(0).Constructed()|0x40) || !s.Empty() || !body.ReadASN1ObjectIdentifier(&mech) {
		return nil, nil, fmt.Errorf("%w: it is no initial context token", ErrToken)
	}
	return mech, body, nil
}

// negotiated takes the request out of a NegTokenInit (RFC 4178, 4.2.1), whose first mechanism it must be of.
func negotiated(b []byte) ([]byte, asn1.ObjectIdentifier, error) {
	s := cryptobyte.String(b)
	var choice, init, list, mechs, holder, token cryptobyte.String
	var mech asn1.ObjectIdentifier
	context := func(n uint8) tags.Tag { return tags.Tag(n).Constructed().ContextSpecific() }
	if !s.ReadASN1(&choice, context(0)) || !choice.ReadASN1(&init, tags.SEQUENCE) || !init.ReadASN1(&list, context(0)) || !list.ReadASN1(&mechs, tags.SEQUENCE) ||
		!mechs.ReadASN1ObjectIdentifier(&mech) {
		return nil, nil, fmt.Errorf("%w: it is no NegTokenInit", ErrToken)
	}
	if !mech.Equal(kerberos) && !mech.Equal(windows) { // the token is for another mechanism: NTLM, in practice
		return nil, nil, ErrNTLM
	}
	if init.PeekASN1Tag(context(1)) && !init.SkipASN1(context(1)) { // reqFlags, which nobody uses
		return nil, nil, fmt.Errorf("%w: its flags", ErrToken)
	}
	if !init.ReadASN1(&holder, context(2)) || !holder.ReadASN1(&token, tags.OCTET_STRING) {
		return nil, nil, fmt.Errorf("%w: it holds no ticket", ErrToken)
	}
	is, inner, err := initial(token)
	if err != nil {
		return nil, nil, err
	}
	apReq, err := bare(is, inner)
	return apReq, mech, err
}

// bare takes the request out of a token of Kerberos, behind its kind (RFC 4121, 4.1).
func bare(mech asn1.ObjectIdentifier, b []byte) ([]byte, error) {
	if !mech.Equal(kerberos) || !bytes.HasPrefix(b, []byte{1, 0}) {
		return nil, fmt.Errorf("%w: it is no AP-REQ of Kerberos", ErrToken)
	}
	return b[2:], nil
}

// Strong tells whether a cipher is AES (RFC 3962, RFC 8009). RC4 and DES are broken (RFC 8429).
func Strong(etype int32) bool {
	return slices.Contains([]int32{etypeID.AES128_CTS_HMAC_SHA1_96, etypeID.AES256_CTS_HMAC_SHA1_96, etypeID.AES128_CTS_HMAC_SHA256_128, etypeID.AES256_CTS_HMAC_SHA384_192}, etype)
}
