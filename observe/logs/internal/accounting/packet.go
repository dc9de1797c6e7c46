package accounting

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net/netip"

	"bulwark/wire/radius"
)

// Attributes of RADIUS that are not told, but looked at.
const (
	proxyState           = 33
	acctDelay            = 41
	messageAuthenticator = 80
)

const (
	headLen = 20
	maxLen  = 4096
)

var (
	errLength = errors.New("accounting: not a message of RADIUS")
	errCode   = errors.New("accounting: neither accounting nor a question whether somebody is here")
	errSecret = errors.New("accounting: made with another secret")
)

// checked is p without what stands behind the message, where it was made with the secret (RFC 2866 §3, RFC 2869 §5.14, RFC 5997 §3).
func checked(p, secret []byte) ([]byte, error) {
	if len(p) < headLen || len(p) > maxLen {
		return nil, errLength
	}
	n := int(binary.BigEndian.Uint16(p[2:]))
	if n < headLen || n > len(p) || !whole(p[headLen:n]) {
		return nil, errLength
	}
	p = p[:n]
	switch radius.Code(p[0]) {
	case radius.AccountingRequest:
		if !digestFits(p, secret) || hasSignature(p) && !signatureFits(p, secret, make([]byte, 16)) {
			return nil, errSecret
		}
	case radius.StatusServer:
		if !hasSignature(p) || !signatureFits(p, secret, p[4:headLen]) {
			return nil, errSecret
		}
	default:
		return nil, errCode
	}
	return p, nil
}

// whole reports whether attributes fill p to its end.
func whole(p []byte) bool {
	for len(p) > 0 {
		if len(p) < 2 || p[1] < 2 || int(p[1]) > len(p) {
			return false
		}
		p = p[p[1]:]
	}
	return true
}

// attributes calls fn for each attribute of a message: its type, its value, and where that stands.
func attributes(p []byte, fn func(kind byte, value []byte, at int)) {
	for at := headLen; at < len(p); at += int(p[at+1]) {
		fn(p[at], p[at+2:at+int(p[at+1])], at+2)
	}
}

// digestFits reports whether the authenticator is the digest of the message and the secret.
func digestFits(p, secret []byte) bool {
	h := md5.New()
	h.Write(p[:4])
	h.Write(make([]byte, 16))
	h.Write(p[headLen:])
	h.Write(secret)
	return hmac.Equal(h.Sum(nil), p[4:headLen])
}

func hasSignature(p []byte) (has bool) {
	attributes(p, func(kind byte, value []byte, _ int) { has = has || kind == messageAuthenticator && len(value) == 16 })
	return has
}

// signatureFits reports whether the Message-Authenticator is that of the message with the given authenticator.
func signatureFits(p, secret, authenticator []byte) bool {
	var told []byte
	blank := append([]byte(nil), p...)
	copy(blank[4:headLen], authenticator)
	attributes(p, func(kind byte, value []byte, at int) {
		if kind == messageAuthenticator && len(value) == 16 {
			told = value
			clear(blank[at : at+16])
		}
	})
	return hmac.Equal(signature(blank, secret), told)
}

func signature(p, secret []byte) []byte {
	m := hmac.New(md5.New, secret)
	m.Write(p)
	return m.Sum(nil)
}

// answer is the Accounting-Response to a message, with what proxies on the way put in. One to a question whether somebody is here has
// a Message-Authenticator (RFC 5997 §3); of others no two servers agree with which authenticator it is made.
func answer(p, secret []byte) []byte {
	a := append(make([]byte, 0, 64), byte(radius.AccountingResponse), p[1], 0, 0)
	a = append(a, p[4:headLen]...) // the request's, of which the digest is made
	signed := -1
	if radius.Code(p[0]) == radius.StatusServer {
		a = append(a, messageAuthenticator, 18)
		signed = len(a)
		a = append(a, make([]byte, 16)...)
	}
	attributes(p, func(kind byte, value []byte, _ int) {
		if kind == proxyState {
			a = append(append(a, kind, byte(len(value)+2)), value...)
		}
	})
	binary.BigEndian.PutUint16(a[2:], uint16(len(a)))
	if signed >= 0 {
		copy(a[signed:], signature(a, secret))
	}
	h := md5.New()
	h.Write(a)
	h.Write(secret)
	copy(a[4:headLen], h.Sum(nil))
	return a
}

// sum is the same for a message that its sender sends again, also where its identifier, its delay or the way that it took differ.
func sum(p []byte, from netip.Addr) (out [16]byte) {
	h := sha256.New()
	a := from.As16()
	h.Write(a[:])
	h.Write(p[:1])
	attributes(p, func(kind byte, value []byte, _ int) {
		if kind != acctDelay && kind != proxyState && kind != messageAuthenticator {
			h.Write([]byte{kind, byte(len(value))})
			h.Write(value)
		}
	})
	copy(out[:], h.Sum(nil))
	return out
}
