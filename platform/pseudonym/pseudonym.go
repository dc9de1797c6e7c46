// Package pseudonym replaces what names a patient by a keyed hash, so that events can be stored, searched and
// shared, and the same patient is still seen to be the same. Every room uses it, and nothing else, for that purpose.
//
// A pseudonym is a prefix and the first 80 bits of an HMAC-SHA-256 (RFC 2104) under the site's key, as 16 letters
// and digits of lower-case base32 (RFC 4648 §6, without padding):
//
//	p~ an identifier: the HMAC of authority, 0x1F, identifier
//	n~ a person's name
//	s~ the number of somebody of the staff, whoever gave it: it is looked for among those that are known
//	x~ something else of a person: a date of birth, a phone number, an address
//
// Without the key nobody can find the identifier by trying all of them, which a plain hash of a number of six
// digits would allow. Whoever holds the key can: it is kept like a password.
//
// # Normal forms
//
// What is written differently and means the same gets the same pseudonym. Of an authority and an identifier the
// spaces around are dropped, runs of spaces are one space, and ASCII letters are upper-case: " ab  12" is "AB 12". Of a name
// only family and given name count, those of its first alphabet and first repetition: DURAND^PAUL, Durand^Paul^^^^^L
// (HL7 XPN) and DURAND^PAUL^^=... (DICOM PN) are one name. Leading zeros are part of an identifier.
//
// A name that was learnt and is known again in a file's name is read without accents, case and punctuation, and in either
// order: Durand-Paul, PAUL_DURAND and durand%20paul are DURAND^PAUL. Names that stand side by side and were not learnt
// of one person have a pseudonym of all their words, whatever their order.
package pseudonym

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"hash"
)

// Size is the length of a pseudonym in bytes, its prefix included.
const Size = 2 + 16

const (
	ofPatient = 'p'
	ofName    = 'n'
	ofStaff   = 's'
	ofOther   = 'x'
)

// Pseudonyms makes pseudonyms under one key. It is not safe for concurrent use: each worker has its own, and those
// of the same key agree. What [Pseudonyms.Learn] and [Pseudonyms.LearnName] were told is known to that instance alone.
type Pseudonyms struct {
	mac    hash.Hash
	sum    [sha256.Size]byte
	norm   []byte // the message of the HMAC
	plain  []byte // a text without its percent-encoding
	origin []int  // where each byte of plain begins in the text
	masked []byte // a text in which all but names is masked
	folded []byte // a name without its accents
	known  learned
	names  learned
}

// New returns pseudonyms under the site's key.
func New(key [32]byte) *Pseudonyms {
	p := &Pseudonyms{mac: hmac.New(sha256.New, key[:])}
	p.begin('k')
	p.known.seed = binary.LittleEndian.Uint64(p.digest())
	p.names.seed = p.known.seed
	return p
}

// Patient appends the pseudonym of an identifier that authority gave out: the issuer of a DICOM patient id, the
// assigning authority of an HL7 CX, the system of a FHIR identifier; empty where it is not known. It appends nothing for an empty id.
func (p *Pseudonyms) Patient(dst, authority, id []byte) []byte {
	p.begin(ofPatient)
	p.normal(authority)
	p.norm = append(p.norm, 0x1F)
	before := len(p.norm)
	p.normal(id)
	if len(p.norm) == before {
		return dst
	}
	return p.finish(dst, ofPatient)
}

// Name appends the pseudonym of a person's name as DICOM (PS3.5 §6.2.1) or HL7 (XPN) writes it. It appends nothing for an empty name.
func (p *Pseudonyms) Name(dst, raw []byte) []byte {
	p.begin(ofName)
	before := len(p.norm)
	family, given := nameParts(raw)
	p.normal(family)
	p.norm = append(p.norm, '^')
	p.normal(given)
	if len(p.norm) == before+1 {
		return dst
	}
	return p.finish(dst, ofName)
}

// Family appends the pseudonym of the family name alone, which relatives have in common. It appends nothing where there is none.
func (p *Pseudonyms) Family(dst, raw []byte) []byte {
	family, _ := nameParts(raw)
	return p.Name(dst, family)
}

// Staff appends the pseudonym of the number of somebody of the staff. It appends nothing for an empty number.
func (p *Pseudonyms) Staff(dst, number []byte) []byte { return p.single(dst, ofStaff, number) }

// Other appends the pseudonym of something else of a person. It appends nothing for an empty value.
func (p *Pseudonyms) Other(dst, value []byte) []byte { return p.single(dst, ofOther, value) }

func (p *Pseudonyms) single(dst []byte, kind byte, value []byte) []byte {
	p.begin(kind)
	before := len(p.norm)
	p.normal(value)
	if len(p.norm) == before {
		return dst
	}
	return p.finish(dst, kind)
}

// begin starts the message of an HMAC. An identifier's message is authority, 0x1F, identifier and nothing else; those
// of other kinds begin with a byte that no normal form begins with, so that kinds never meet.
func (p *Pseudonyms) begin(kind byte) {
	p.norm = p.norm[:0]
	if kind != ofPatient {
		p.norm = append(p.norm, 0x00, kind)
	}
}

// normal appends the normal form of v to the message.
func (p *Pseudonyms) normal(v []byte) {
	start, space := len(p.norm), false
	for _, b := range v {
		if b <= ' ' || b == 0x7F {
			space = true
			continue
		}
		if space && len(p.norm) > start {
			p.norm = append(p.norm, ' ')
		}
		space = false
		p.norm = append(p.norm, upper(b))
	}
}

func (p *Pseudonyms) digest() []byte {
	p.mac.Reset()
	p.mac.Write(p.norm)
	return p.mac.Sum(p.sum[:0])
}

func (p *Pseudonyms) finish(dst []byte, kind byte) []byte {
	sum := p.digest()
	dst = append(dst, kind, '~')
	hi := binary.BigEndian.Uint64(sum)
	lo := uint64(binary.BigEndian.Uint16(sum[8:]))
	for shift := 59; shift >= 4; shift -= 5 { // 12 letters of the first 60 bits
		dst = append(dst, alphabet[hi>>shift&31])
	}
	rest := hi&0xF<<16 | lo // 4 letters of the last 20
	for shift := 15; shift >= 0; shift -= 5 {
		dst = append(dst, alphabet[rest>>shift&31])
	}
	return dst
}

const alphabet = "abcdefghijklmnopqrstuvwxyz234567"

// nameParts is the family name and the given name of raw.
func nameParts(raw []byte) (family, given []byte) {
	for len(raw) > 0 && (raw[0] == '=' || raw[0] == '~') {
		raw = raw[1:]
	}
	end := len(raw)
	for i, b := range raw {
		if b == '=' || b == '~' { // DICOM: the next alphabet; HL7: the next repetition
			end = i
			break
		}
	}
	family, rest := cutByte(raw[:end], '^')
	family, _ = cutByte(family, '&') // HL7 FN: the surname before its prefixes
	given, _ = cutByte(rest, '^')
	return family, given
}

func cutByte(p []byte, sep byte) (before, after []byte) {
	for i, b := range p {
		if b == sep {
			return p[:i], p[i+1:]
		}
	}
	return p, nil
}

func upper(b byte) byte {
	if 'a' <= b && b <= 'z' {
		return b - 'a' + 'A'
	}
	return b
}

// isPseudonym reports whether p is a pseudonym already, so that masking twice changes nothing.
func isPseudonym(p []byte) bool {
	if len(p) != Size || p[1] != '~' || p[0] != ofPatient && p[0] != ofName && p[0] != ofStaff && p[0] != ofOther {
		return false
	}
	for _, b := range p[2:] {
		if !('a' <= b && b <= 'z' || '2' <= b && b <= '7') {
			return false
		}
	}
	return true
}
