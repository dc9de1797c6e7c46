package tls

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"bulwark/wire"
	"bulwark/wire/ber"
)

// ErrCertificate means that the bytes are not the DER of a certificate; what stands before the fault is kept.
var ErrCertificate = fmt.Errorf("tls: certificate not readable: %w", wire.ErrMalformed)

// maxNames is how many alternative names of one certificate are kept.
const maxNames = 256

// Certificate is what a certificate says (RFC 5280 §4.1), as text ready to be told. It is read leniently: the
// certificates of appliances break rules that libraries insist on.
type Certificate struct {
	DER        []byte
	Version    int    // 1, 2 or 3
	Serial     string // hexadecimal, upper case, colons between the bytes
	Issuer     string // "C=US, O=Let's Encrypt, CN=R3", in the order of the certificate
	Subject    string
	CommonName string   // of the subject, the last one
	Names      []string // subject alternative names: DNS names, addresses, mail addresses, URIs; at most 256
	NotBefore  time.Time
	NotAfter   time.Time
	Key        string // "RSA 2048", "ECDSA P-256", "Ed25519"
	KeyBits    int    // size of the key; 0 when it is not known
	Signature  string // "SHA256-RSA", or the object identifier
	SHA1       string // of the DER: hexadecimal, lower case, colons between the bytes
	SHA256     string // of the DER: hexadecimal
	SelfSigned bool   // subject and issuer are the same
	CA         bool   // it may sign others
	Err        error  // [ErrCertificate] where the DER was not readable to its end

	text strings.Builder // of all its texts
}

// ParseCertificate reads a certificate. It always returns one; what could not be read is in Err.
func ParseCertificate(der []byte) *Certificate {
	c := &Certificate{DER: bytes.Clone(der)}
	one, two := sha1.Sum(c.DER), sha256.Sum256(c.DER)
	c.text.Grow(len(der)/2 + 256)
	c.SHA1, c.SHA256 = c.hexed(one[:], lower, ':'), c.hexed(two[:], lower, 0)
	if err := c.read(); err != nil {
		c.Err = fmt.Errorf("%w: %w", ErrCertificate, err)
	}
	return c
}

// from is the text written since at. Earlier texts stay as they are.
func (c *Certificate) from(at int) string { return c.text.String()[at:] }

const (
	lower = "0123456789abcdef"
	upper = "0123456789ABCDEF"
)

// hexed writes bytes in hexadecimal, with a character between them unless it is 0.
func (c *Certificate) hexed(p []byte, digits string, between byte) string {
	at := c.text.Len()
	for i, b := range p {
		if i > 0 && between != 0 {
			c.text.WriteByte(between)
		}
		c.text.WriteByte(digits[b>>4])
		c.text.WriteByte(digits[b&15])
	}
	return c.from(at)
}

// The tags of X.680 that package ber leaves out.
const (
	tagUTCTime   ber.Tag = 0x17
	tagBMPString ber.Tag = 0x1e
)

func (c *Certificate) read() error {
	outer := ber.Open(c.DER)
	parts := outer.Expect(ber.Sequence).Open()
	tbs := parts.Expect(ber.Sequence).Open()
	c.Signature = algorithm(parts.Expect(ber.Sequence))
	if err := errors.Join(outer.Err(), parts.Err()); err != nil && !tbs.More() {
		return err
	}
	c.Version = 1
	if v, ok := tbs.Optional(ber.Context(0).Constructed()); ok {
		n, _ := v.Only().Int()
		c.Version = int(n) + 1
	}
	c.Serial = c.hexed(cut(tbs.Expect(ber.Integer).Body, 64), upper, ':')
	tbs.Expect(ber.Sequence) // the signature algorithm, said twice
	issuer := tbs.Expect(ber.Sequence)
	c.Issuer, _ = c.name(issuer)
	validity := tbs.Expect(ber.Sequence).Open()
	c.NotBefore, c.NotAfter = c.instant(validity.Next()), c.instant(validity.Next())
	subject := tbs.Expect(ber.Sequence)
	c.Subject, c.CommonName = c.name(subject)
	c.SelfSigned = len(subject.Body) > 0 && bytes.Equal(subject.Body, issuer.Body)
	c.readKey(tbs.Expect(ber.Sequence))
	for tbs.More() {
		if e := tbs.Next(); e.Tag == ber.Context(3).Constructed() {
			c.readExtensions(e.Only())
		}
	}
	return errors.Join(tbs.Err(), parts.Err())
}

func cut(b []byte, n int) []byte { return b[:min(n, len(b))] }

// dotted is an object identifier; its text is told apart without being copied.
type dotted struct {
	room [272]byte // four characters for each of 64 bytes and more
	n    int
}

func oid(body []byte) (d dotted) {
	d.n = copy(d.room[:], ber.AppendOID(d.room[:0], cut(body, 64)))
	return d
}

func (d *dotted) text() []byte { return d.room[:d.n] }

// attribute is the abbreviation of a type of name (RFC 4514 §3, and those that certificates use beside them).
func attribute(body []byte) string {
	id := oid(body)
	switch string(id.text()) {
	case "2.5.4.3":
		return "CN"
	case "2.5.4.4":
		return "SN"
	case "2.5.4.5":
		return "serialNumber"
	case "2.5.4.6":
		return "C"
	case "2.5.4.7":
		return "L"
	case "2.5.4.8":
		return "ST"
	case "2.5.4.9":
		return "street"
	case "2.5.4.10":
		return "O"
	case "2.5.4.11":
		return "OU"
	case "2.5.4.12":
		return "title"
	case "2.5.4.15":
		return "businessCategory"
	case "2.5.4.17":
		return "postalCode"
	case "2.5.4.42":
		return "GN"
	case "0.9.2342.19200300.100.1.1":
		return "UID"
	case "0.9.2342.19200300.100.1.25":
		return "DC"
	case "1.2.840.113549.1.9.1":
		return "emailAddress"
	case "1.3.6.1.4.1.311.60.2.1.1":
		return "jurisdictionL"
	case "1.3.6.1.4.1.311.60.2.1.2":
		return "jurisdictionST"
	case "1.3.6.1.4.1.311.60.2.1.3":
		return "jurisdictionC"
	}
	return string(id.text())
}

// name writes a distinguished name (RFC 5280 §4.1.2.4) in the order of the certificate.
func (c *Certificate) name(e ber.Element) (text, common string) {
	b, at := &c.text, c.text.Len()
	sets := e.Open()
	for sets.More() && b.Len()-at < 4096 {
		set := sets.Next().Open()
		for set.More() && b.Len()-at < 4096 {
			pair := set.Next().Open()
			kind := pair.Next()
			value := pair.Next()
			if pair.Err() != nil {
				continue
			}
			if b.Len() > at {
				b.WriteString(", ")
			}
			label := attribute(kind.Body)
			b.WriteString(label)
			b.WriteByte('=')
			said := c.str(value)
			if label == "CN" {
				common = said
			}
		}
	}
	return c.from(at), common
}

// str is a string of any of the ASN.1 types as UTF-8, at most 1024 bytes of it. Bytes that are not UTF-8 are taken for
// Latin-1, which is what such certificates mean.
func (c *Certificate) str(e ber.Element) string {
	b, at := cut(e.Body, 1024), c.text.Len()
	switch {
	case e.Tag == tagBMPString:
		for i := 0; i+1 < len(b); i += 2 {
			c.text.WriteRune(rune(binary.BigEndian.Uint16(b[i:])))
		}
	case utf8.Valid(b):
		c.text.Write(b)
	default:
		for _, x := range b {
			c.text.WriteRune(rune(x))
		}
	}
	return c.from(at)
}

// instant reads a UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5), with or without seconds and zone. The zero Time
// when it is neither.
func (c *Certificate) instant(e ber.Element) time.Time {
	b, at := cut(e.Body, 32), c.text.Len()
	if e.Tag == tagUTCTime && len(b) >= 2 {
		century := "20"
		if b[0] >= '5' { // RFC 5280 §4.1.2.5.1: from 50 it is the last century
			century = "19"
		}
		c.text.WriteString(century)
	}
	c.text.Write(b)
	s := c.from(at)
	for _, layout := range []string{"20060102150405Z0700", "20060102150405.999999999Z0700", "200601021504Z0700", "20060102150405"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}

// algorithm names how a certificate is signed (RFC 5280 §4.1.1.2).
func algorithm(e ber.Element) string {
	parts := e.Open()
	id := oid(parts.Expect(ber.OID).Body)
	switch string(id.text()) {
	case "1.2.840.113549.1.1.2":
		return "MD2-RSA"
	case "1.2.840.113549.1.1.4":
		return "MD5-RSA"
	case "1.2.840.113549.1.1.5", "1.3.14.3.2.29":
		return "SHA1-RSA"
	case "1.2.840.113549.1.1.10":
		return "RSA-PSS"
	case "1.2.840.113549.1.1.11":
		return "SHA256-RSA"
	case "1.2.840.113549.1.1.12":
		return "SHA384-RSA"
	case "1.2.840.113549.1.1.13":
		return "SHA512-RSA"
	case "1.2.840.10040.4.3":
		return "DSA-SHA1"
	case "2.16.840.1.101.3.4.3.2":
		return "DSA-SHA256"
	case "1.2.840.10045.4.1":
		return "ECDSA-SHA1"
	case "1.2.840.10045.4.3.2":
		return "ECDSA-SHA256"
	case "1.2.840.10045.4.3.3":
		return "ECDSA-SHA384"
	case "1.2.840.10045.4.3.4":
		return "ECDSA-SHA512"
	case "1.3.101.112":
		return "Ed25519"
	case "1.3.101.113":
		return "Ed448"
	}
	return string(id.text())
}

// readKey reads the SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 3279 §2.3, RFC 5480 §2, RFC 8410 §3).
func (c *Certificate) readKey(e ber.Element) {
	info := e.Open()
	kind := info.Expect(ber.Sequence).Open()
	id := oid(kind.Expect(ber.OID).Body)
	parameters := kind.Next()
	key := info.Expect(ber.BitString)
	switch string(id.text()) {
	case "1.2.840.113549.1.1.1", "1.2.840.113549.1.1.10":
		if len(key.Body) > 1 {
			inner := ber.Open(key.Body[1:])
			parts := inner.Expect(ber.Sequence).Open()
			c.KeyBits = bitLen(parts.Expect(ber.Integer).Body)
		}
		c.Key = "RSA " + strconv.Itoa(c.KeyBits)
	case "1.2.840.10045.2.1":
		c.Key, c.KeyBits = curve(oid(parameters.Body))
	case "1.2.840.10040.4.1":
		p := parameters.Open()
		c.KeyBits = bitLen(p.Expect(ber.Integer).Body)
		c.Key = "DSA " + strconv.Itoa(c.KeyBits)
	case "1.3.101.112":
		c.Key, c.KeyBits = "Ed25519", 256
	case "1.3.101.113":
		c.Key, c.KeyBits = "Ed448", 456
	default:
		c.Key = string(id.text())
	}
}

func curve(id dotted) (string, int) {
	switch string(id.text()) {
	case "1.2.840.10045.3.1.1":
		return "ECDSA P-192", 192
	case "1.3.132.0.33":
		return "ECDSA P-224", 224
	case "1.2.840.10045.3.1.7":
		return "ECDSA P-256", 256
	case "1.3.132.0.34":
		return "ECDSA P-384", 384
	case "1.3.132.0.35":
		return "ECDSA P-521", 521
	case "1.3.132.0.10":
		return "ECDSA secp256k1", 256
	}
	return "ECDSA " + string(id.text()), 0
}

func bitLen(b []byte) int {
	for len(b) > 0 && b[0] == 0 {
		b = b[1:]
	}
	if len(b) == 0 {
		return 0
	}
	return (len(b)-1)*8 + bits.Len8(b[0])
}

// readExtensions reads the alternative names and whether the certificate may sign others (RFC 5280 §4.2).
func (c *Certificate) readExtensions(e ber.Element) {
	list := e.Open()
	for list.More() {
		x := list.Next().Open()
		id := oid(x.Expect(ber.OID).Body)
		x.Optional(ber.Boolean)
		value := x.Expect(ber.OctetString)
		if x.Err() != nil {
			continue
		}
		switch string(id.text()) {
		case "2.5.29.17":
			c.readNames(value.Only())
		case "2.5.29.19":
			basic := value.Only().Open()
			ca, ok := basic.Optional(ber.Boolean)
			c.CA = ok && ca.Bool()
		}
	}
}

// readNames reads GeneralNames (RFC 5280 §4.2.1.6).
func (c *Certificate) readNames(e ber.Element) {
	list, count := e.Open(), 0
	for all := e.Open(); all.More() && count < maxNames; count++ {
		all.Next()
	}
	c.Names = slices.Grow(c.Names, count)
	for list.More() && len(c.Names) < maxNames {
		n := list.Next()
		switch n.Tag {
		case ber.Context(1), ber.Context(2), ber.Context(6): // mail, DNS, URI
			c.Names = append(c.Names, c.str(n))
		case ber.Context(7):
			if a, ok := netip.AddrFromSlice(n.Body); ok {
				c.Names = append(c.Names, a.String())
			}
		}
	}
}

// Certificates remembers the certificates seen last, so that one that comes again costs a comparison. Its zero value
// is ready. It holds at most 512 of them and is not safe for use by several goroutines.
type Certificates struct {
	sets [128]struct {
		kept [4]*Certificate
		next uint8
	}
}

// Get returns what der says. The result is not changed afterwards and may be kept.
func (m *Certificates) Get(der []byte) *Certificate {
	if m == nil || len(der) < 8 {
		return ParseCertificate(der)
	}
	// The last bytes of a certificate are its signature: as good as random.
	s := &m.sets[binary.LittleEndian.Uint64(der[len(der)-8:])*0x9e3779b97f4a7c15>>57]
	for _, c := range s.kept {
		if c != nil && bytes.Equal(c.DER, der) {
			return c
		}
	}
	c := ParseCertificate(der)
	s.kept[s.next%4] = c
	s.next++
	return c
}
