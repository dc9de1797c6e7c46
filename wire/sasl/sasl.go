// Package sasl reads who signs on in an exchange of SASL (RFC 4422) as mail protocols carry it: lines of base64.
//
// Only names are read. What proves them is looked at, to tell whether it crossed the wire in clear, and never kept.
package sasl

import (
	"bytes"
	"encoding/base64"

	"bulwark/wire/ntlm"
)

// maxName is how many bytes of a name are kept.
const maxName = 256

// maxResponse is how many bytes of a response are decoded, in base64.
const maxResponse = 8 << 10

// Exchange is one attempt to sign on. Its zero value has not begun.
type Exchange struct {
	Mechanism []byte // in upper case; nil before it has begun
	User      []byte // nil when it was not told
	Domain    []byte // Windows domain or realm; nil when none was told
	Clear     bool   // the secret crossed the wire as it is: a password, or a token that lets its holder in

	step    int // responses seen
	decoded []byte
}

// Begin starts an exchange. initial is the response that came with the mechanism; nil when none did.
func (x *Exchange) Begin(mechanism, initial []byte) {
	x.Reset()
	for _, b := range mechanism[:min(len(mechanism), 32)] {
		if 'a' <= b && b <= 'z' {
			b -= 'a' - 'A'
		}
		x.Mechanism = append(x.Mechanism, b)
	}
	if len(initial) > 0 && string(initial) != "=" { // RFC 4954 §4: "=" is an empty one
		x.Respond(initial)
	}
}

// Reset makes x ready for another exchange.
func (x *Exchange) Reset() {
	*x = Exchange{Mechanism: x.Mechanism[:0], User: x.User[:0], Domain: x.Domain[:0], decoded: x.decoded[:0]}
}

// Respond takes a response of the client, in base64.
func (x *Exchange) Respond(line []byte) {
	x.step++
	line = bytes.TrimRight(bytes.TrimSpace(line), "=")
	if len(line) > maxResponse || string(line) == "*" {
		return
	}
	n := base64.RawStdEncoding.DecodedLen(len(line))
	if cap(x.decoded) < n {
		x.decoded = make([]byte, n)
	}
	n, err := base64.RawStdEncoding.Decode(x.decoded[:n], line)
	if err != nil {
		return
	}
	x.read(x.decoded[:n])
	clear(x.decoded[:n])
}

// Name notes a name that was told in clear, and that a password in clear follows.
func (x *Exchange) Name(user []byte) { x.set(user) }

func (x *Exchange) set(user []byte) { x.User = append(x.User[:0], user[:min(len(user), maxName)]...) }

// read takes a decoded response.
func (x *Exchange) read(p []byte) {
	switch m := string(x.Mechanism); m {
	case "LOGIN": // draft-murchison-sasl-login: name, then password
		if x.step == 1 {
			x.set(p)
		} else {
			x.Clear = true
		}
	case "PLAIN": // RFC 4616: authorization identity NUL name NUL password
		if parts := bytes.SplitN(p, []byte{0}, 3); len(parts) == 3 {
			x.set(parts[1])
			x.Clear = true
		}
	case "CRAM-MD5": // RFC 2195: name SP digest
		if i := bytes.LastIndexByte(p, ' '); i > 0 {
			x.set(p[:i])
		}
	case "XOAUTH2", "OAUTHBEARER": // RFC 7628
		x.token(p)
	case "DIGEST-MD5": // RFC 2831
		if user := quotedAfter(p, "username=\""); user != nil {
			x.set(user)
			realm := quotedAfter(p, "realm=\"")
			x.Domain = append(x.Domain[:0], realm[:min(len(realm), maxName)]...)
		}
	case "NTLM":
		x.ntlm(p)
	case "EXTERNAL", "ANONYMOUS":
		x.set(p)
	default:
		if bytes.HasPrefix(x.Mechanism, []byte("SCRAM-")) && x.step == 1 { // RFC 5802 §7
			x.scram(p)
		}
	}
}

func (x *Exchange) token(p []byte) {
	if user, ok := bytes.CutPrefix(p, []byte("user=")); ok {
		user, _, _ = bytes.Cut(user, []byte{1})
		x.set(user)
	} else if _, user, ok := bytes.Cut(p, []byte("a=")); ok {
		user, _, _ = bytes.Cut(user, []byte{','})
		x.set(user)
	}
	x.Clear = x.Clear || bytes.Contains(p, []byte("auth="))
}

func (x *Exchange) scram(p []byte) {
	if _, user, ok := bytes.Cut(p, []byte("n=")); ok {
		user, _, _ = bytes.Cut(user, []byte{','})
		x.set(user)
	}
}

func quotedAfter(p []byte, start string) []byte {
	_, rest, ok := bytes.Cut(p, []byte(start))
	if !ok {
		return nil
	}
	value, _, _ := bytes.Cut(rest, []byte{'"'})
	return value
}

func (x *Exchange) ntlm(p []byte) {
	var m ntlm.Message
	if !ntlm.Probe(p) || ntlm.Parse(p, &m) != nil || m.Kind != ntlm.Authenticate {
		return
	}
	x.set(m.User)
	x.Domain = append(x.Domain[:0], m.Domain[:min(len(m.Domain), maxName)]...)
}
