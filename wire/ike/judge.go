package ike

import "bytes"

// Weakness is what is wrong with what a side offers or chooses.
type Weakness uint8

// The weaknesses.
const (
	WeakEncryption Weakness = 1 << iota // DES, 3DES, IDEA, CAST, Blowfish, RC5 or none
	WeakPRF                             // MD5 or SHA-1 in the derivation of keys; of version 1 as hash
	WeakIntegrity                       // MD5, SHA-1 of 96 bits, DES
	WeakGroup                           // fewer than 2,048 bits
	NoGroup                             // a proposal without a key exchange
	NoIntegrity                         // neither integrity nor a cipher that has it
	NoEncryption                        // AH
	NullPRF                             // no derivation of keys, or no group by name
)

// Weaknesses are those of all proposals of a message.
func (m *Message) Weaknesses() (w Weakness) {
	for i := range m.Proposals {
		p := &m.Proposals[i]
		if p.Protocol == AH {
			w |= NoEncryption
		}
		if m.Major == 1 {
			for _, t := range m.Transforms[p.From:p.To] {
				w |= weak1(t.Attributes)
			}
			continue
		}
		w |= weak2(m.Transforms[p.From:p.To])
	}
	return w
}

func weak1(a Attributes) (w Weakness) {
	switch a.Get(Cipher) {
	case 1, 2, 3, 4, 5, 6:
		w |= WeakEncryption
	}
	switch a.Get(Hash) {
	case 1, 2:
		w |= WeakPRF
	}
	switch a.Get(GroupID) {
	case 1, 2, 5, 22:
		w |= WeakGroup
	}
	return w
}

// weak2 judges a proposal of version 2 by the rules of Suricata's parser.
func weak2(list []Transform) (w Weakness) {
	group, integrity, aead := false, false, false
	for i := range list {
		switch t := &list[i]; t.Kind {
		case Encryption:
			if t.ID >= 1 && t.ID <= 11 && t.ID != 10 {
				w |= WeakEncryption
			}
			aead = aead || t.ID >= 14 && t.ID <= 20 || t.ID >= 25 && t.ID <= 28
		case PRF:
			switch t.ID {
			case 0:
				w |= NullPRF
			case 1, 2:
				w |= WeakPRF
			}
		case Integrity:
			if t.ID >= 1 && t.ID <= 7 {
				w |= WeakIntegrity
			}
			integrity = integrity || t.ID != 0
		case DH:
			group = true
			switch t.ID {
			case 0:
				w |= NullPRF
			case 1, 2, 5, 22:
				w |= WeakGroup
			}
		}
	}
	if !group {
		w |= NoGroup
	}
	if !integrity && !aead {
		w |= NoIntegrity
	}
	return w
}

// Vendor is what a vendor id that is known says: the maker of the sender, or a skill of it. maker tells which of the two.
func Vendor(id []byte) (name string, maker bool) {
	for i := range vendors {
		if v := &vendors[i]; bytes.HasPrefix(id, []byte(v.prefix)) {
			return v.name, v.maker
		}
	}
	return "", false
}

// Readable reports whether a vendor id is a text.
func Readable(id []byte) bool {
	for _, c := range id {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return len(id) > 3
}

var vendors = [...]struct {
	prefix, name string
	maker        bool
}{
	{"\xaf\xca\xd7\x13\x68\xa1\xf1\xc9\x6b\x86\x96\xfc\x77\x57", "dead peer detection", false},   // RFC 3706
	{"\x4a\x13\x1c\x81\x07\x03\x58\x45\x5c\x57\x28\xf2\x0e\x95\x45\x2f", "NAT traversal", false}, // RFC 3947
	{"\x7d\x94\x19\xa6\x53\x10\xca\x6f\x2c\x17\x9d\x92\x15\x52\x9d\x56", "NAT traversal draft 3", false},
	{"\xcd\x60\x46\x43\x35\xdf\x21\xf8\x7c\xfd\xb2\xfc\x68\xb6\xa4\x48", "NAT traversal draft 2", false},
	{"\x90\xcb\x80\x91\x3e\xbb\x69\x6e\x08\x63\x81\xb5\xec\x42\x7b\x1f", "NAT traversal draft 2", false},
	{"\x09\x00\x26\x89\xdf\xd6\xb7\x12", "XAUTH", false},
	{"\x40\x48\xb7\xd5\x6e\xbc\xe8\x85", "fragmentation", false},
	{"\x12\xf5\xf2\x8c\x45\x71\x68\xa9\x70\x2d\x9f\xe2\x74\xcc", "Cisco Unity", true},
	{"\x88\x2f\xe5\x6d\x6f\xd2\x0d\xbc\x22\x51\x61\x3b\x2e\xbe\x5b\xeb", "strongSwan", true},
	{"\x1e\x2b\x51\x69\x05\x99\x1c\x7d\x7c\x96\xfc\xbf\xb5\x87\xe4\x61", "Microsoft Windows", true},
	{"\xf4\xed\x19\xe0\xc1\x14\xeb\x51\x6f\xaa\xac\x0e\xe3\x7d\xaf\x28", "Check Point", true},
}
