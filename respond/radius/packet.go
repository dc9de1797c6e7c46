package radius

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5" // RFC 2865 and RFC 5176 know no other
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	wire "bulwark/wire/radius"
)

// Types of attributes that are sent (IANA registry "RADIUS Attribute Types").
const (
	filterID             = 11
	vendorSpecific       = 26
	callingStation       = 31
	eventTimestamp       = 55
	tunnelType           = 64
	tunnelMedium         = 65
	messageAuthenticator = 80
	tunnelGroup          = 81
)

// What answers do wrong.
var (
	errForged   = errors.New("its answer is not signed with the secret")
	errUnsigned = errors.New("its answer has no Message-Authenticator, which signed asks for")
)

// number is an attribute of four bytes.
func number(kind uint8, name, shown string, v uint32) Attribute {
	return Attribute{kind: kind, value: binary.BigEndian.AppendUint32(nil, v), shown: name + "=" + shown}
}

func text(kind uint8, name, v string) Attribute {
	return Attribute{kind: kind, value: []byte(v), shown: name + "=" + v}
}

// station is a device as a NAS writes it (RFC 3580 §3.21 for dashes). mac is 00:11:22:aa:bb:cc.
func (n *NAS) station(mac string) Attribute {
	plain := strings.ReplaceAll(strings.ToLower(mac), ":", "")
	switch n.MAC {
	case "colons":
		return text(callingStation, "Calling-Station-Id", strings.ToLower(mac))
	case "plain":
		return text(callingStation, "Calling-Station-Id", plain)
	case "dots":
		return text(callingStation, "Calling-Station-Id", plain[:4]+"."+plain[4:8]+"."+plain[8:])
	}
	return text(callingStation, "Calling-Station-Id", strings.ToUpper(strings.ReplaceAll(mac, ":", "-")))
}

// quarantine are the attributes that put a device where it harms nobody. RFC 3580 §3.31: a VLAN is a tunnel of type 13 over medium
// 6; a tag of zero stands before the numbers (RFC 2868 §3.1).
func (n *NAS) quarantine() (all []Attribute) {
	if n.VLAN != "" {
		all = append(all, number(tunnelType, "Tunnel-Type", "VLAN", 13), number(tunnelMedium, "Tunnel-Medium-Type", "IEEE-802", 6),
			text(tunnelGroup, "Tunnel-Private-Group-Id", n.VLAN))
	}
	if n.Filter != "" {
		all = append(all, text(filterID, "Filter-Id", n.Filter))
	}
	return append(all, n.Attributes...)
}

// request is a message to a NAS, signed (RFC 5176 §3): its authenticator is the digest of it with zeros in that place and the
// secret behind; the Message-Authenticator is made before.
func request(code wire.Code, id uint8, attributes []Attribute, now time.Time, secret string) []byte {
	p := append(make([]byte, 0, 256), byte(code), id)
	p = append(p, make([]byte, 18)...)
	for _, a := range attributes {
		if a.vendor != 0 {
			p = append(p, vendorSpecific, byte(len(a.value)+8))
			p = binary.BigEndian.AppendUint32(p, a.vendor)
		}
		p = append(p, a.kind, byte(len(a.value)+2))
		p = append(p, a.value...)
	}
	p = append(p, eventTimestamp, 6)
	p = binary.BigEndian.AppendUint32(p, uint32(now.Unix()))
	p = append(p, messageAuthenticator, 18)
	p = append(p, make([]byte, 16)...)
	binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
	copy(p[len(p)-16:], sign(p, secret)) // RFC 5176 §3.4: the authenticator is zeros meanwhile
	copy(p[4:20], digest(p, secret))
	return p
}

func sign(p []byte, secret string) []byte {
	h := hmac.New(md5.New, []byte(secret))
	h.Write(p)
	return h.Sum(nil)
}

func digest(p []byte, secret string) []byte {
	h := md5.New()
	h.Write(p)
	h.Write([]byte(secret))
	return h.Sum(nil)
}

// answer reads what came back for a request. An error means that it is not the answer, or not of whom it should be.
func (n *NAS) answer(p, asked []byte, secret string) (*wire.Message, error) {
	m := &wire.Message{}
	if err := wire.Parse(p, m); err != nil {
		return nil, err
	}
	if !m.Code.Answers(wire.Code(asked[0])) || m.ID != asked[1] {
		return nil, fmt.Errorf("its answer is of another kind, or to another request")
	}
	p = bytes.Clone(p[:binary.BigEndian.Uint16(p[2:])])
	said := [16]byte(p[4:20])
	copy(p[4:20], asked[4:20]) // RFC 2865 §3: both are made with the authenticator of the request
	if !hmac.Equal(said[:], digest(p, secret)) {
		return nil, errForged
	}
	mac := find(p, messageAuthenticator)
	if mac == nil {
		if n.Signed {
			return nil, errUnsigned
		}
		return m, nil
	}
	signed := bytes.Clone(mac)
	clear(mac)
	if !hmac.Equal(signed, sign(p, secret)) {
		return nil, errForged
	}
	return m, nil
}

// find is the value of the first attribute of a kind of 16 bytes in a message that was parsed; nil: there is none.
func find(p []byte, kind uint8) []byte {
	for b := p[20:]; len(b) >= 2 && b[1] >= 2 && int(b[1]) <= len(b); b = b[b[1]:] {
		if b[0] == kind && b[1] == 18 {
			return b[2:18]
		}
	}
	return nil
}

// notFound is the error cause of a NAS at which the device is not.
const notFound = 503

// cause is why a NAS refuses (RFC 5176 §3.5).
func cause(n uint32) string {
	words := map[uint32]string{401: "unsupported attribute", 402: "missing attribute", 403: "NAS identification mismatch", 404: "invalid request",
		405: "unsupported service", 406: "unsupported extension", 407: "invalid attribute value", 501: "administratively prohibited",
		502: "request not routable", notFound: "session context not found", 504: "session context not removable", 505: "other proxy processing error",
		506: "resources unavailable", 507: "request initiated", 508: "multiple session selection unsupported"}
	if n == 0 {
		return "no cause"
	}
	if w := words[n]; w != "" {
		return fmt.Sprintf("%d, %s", n, w)
	}
	return fmt.Sprint(n)
}
