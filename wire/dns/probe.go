package dns

import "bulwark/wire"

// LooksLikeDNS tells whether the datagram p is DNS, multicast DNS or LLMNR, whatever port it came from. It is meant
// for every first datagram of a flow: nearly all that is not DNS is refused by the header alone. What it takes:
// a defined opcode, a bit Z of zero, response codes in responses only, counts that fit the length, a first
// name of printable labels, classes in use, and lists that end where the datagram ends.
// The name service of NetBIOS, which has the same form, is refused.
func LooksLikeDNS(p []byte) bool {
	return headerPlausible(p, len(p)) && bodyPlausible(p) && !netBIOS(p)
}

// LooksAtPort tells whether the datagram p, which came from or goes to a port of DNS, multicast DNS or LLMNR, has the
// form of a message. It takes opcodes, bits and names that [LooksLikeDNS] refuses for the sake of other ports.
func LooksAtPort(p []byte) bool {
	if len(p) < headerLen+minBody {
		return false
	}
	questions := int(u16(p, 4))
	records := int(u16(p, 6)) + int(u16(p, 8)) + int(u16(p, 10))
	return questions+records > 0 && fits(questions, records, len(p)) && bodyPlausible(p)
}

// Probe tells whether p begins a DNS conversation over TCP: a length, then a message that has it.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) < 2+headerLen {
		return wire.Unsure, wire.Either
	}
	n := int(u16(p, 0))
	dir := wire.ToServer
	if Flags(u16(p, 4)).Response() {
		dir = wire.ToClient
	}
	switch {
	case !headerPlausible(p[2:], n) || u16(p, 6) > 1: // RFC 9619: a message asks one question
		return wire.No, dir
	case 2+n <= len(p):
		return yes(bodyPlausible(p[2:2+n]) && !netBIOS(p[2:2+n])), dir
	}
	return beginning(p[2:]), dir
}

// beginning judges what is there of a message that is longer than p: its first name, type and class.
func beginning(p []byte) wire.Match {
	off := plausibleName(p, headerLen)
	if off < 0 && len(p) >= headerLen+maxOctets {
		return wire.No
	}
	if off < 0 || off+4 > len(p) {
		return wire.Unsure // the name may still be cut
	}
	return yes(typePlausible(p, off))
}

func yes(ok bool) wire.Match {
	if ok {
		return wire.Yes
	}
	return wire.No
}

// minBody is the shortest question: a root name, a type and a class.
const minBody = 5

// headerPlausible judges the twelve bytes of a message of n bytes.
func headerPlausible(p []byte, n int) bool {
	if len(p) < headerLen || n < headerLen+minBody {
		return false
	}
	f := Flags(u16(p, 2))
	qd, an, ns, ar := int(u16(p, 4)), int(u16(p, 6)), int(u16(p, 8)), int(u16(p, 10))
	if f.Z() || !inUse(f.Opcode()) || qd > 64 {
		return false
	}
	if !f.Response() {
		// Only an update (RFC 2136) and multicast DNS with known answers (RFC 6762 §7.1) ask with records.
		return f.Rcode() == 0 && qd >= 1 && fits(qd, an+ns+ar, n)
	}
	if f.Truncated() {
		return f.Rcode() <= 11 && qd == 1 // the counts may tell what there would have been
	}
	return f.Rcode() <= 11 && qd+an+ns+ar > 0 && fits(qd, an+ns+ar, n)
}

// fits tells whether so many questions and records can stand in n bytes: a record has eleven bytes at least.
func fits(questions, records, n int) bool {
	return questions*minBody+records*11 <= n-headerLen
}

func inUse(o Opcode) bool {
	switch o {
	case OpQuery, OpStatus, OpNotify, OpUpdate:
		return true
	}
	return false
}

// bodyPlausible walks the questions and records of a message without rendering a name.
func bodyPlausible(p []byte) bool {
	off := plausibleName(p, headerLen)
	if off < 0 {
		return false
	}
	cut := Flags(u16(p, 2)).Truncated()
	questions := int(u16(p, 4))
	records := int(u16(p, 6)) + int(u16(p, 8)) + int(u16(p, 10))
	for i := range questions + records {
		if off >= len(p) {
			return cut
		}
		if i > 0 {
			off = skipName(p, off)
		}
		if off < 0 || off+4 > len(p) {
			return false
		}
		if !typePlausible(p, off) {
			return false
		}
		if i < questions {
			off += 4
			continue
		}
		if off += 10 + int(u16(p, off+8)); off > len(p) {
			return cut
		}
	}
	return len(p)-off <= maxTrailer
}

// maxTrailer is how many bytes may follow the lists: padding to the smallest Ethernet frame is the longest that
// stacks are seen to add.
const maxTrailer = 18

// typePlausible takes a type that is assigned or may be (RFC 6895 §3.1), and a class in use; OPT has a size in its place.
func typePlausible(p []byte, off int) bool {
	t := Type(u16(p, off))
	return t == TypeOPT || t != 0 && classPlausible(u16(p, off+2))
}

// classPlausible takes the classes in use; multicast DNS sets the top bit.
func classPlausible(c uint16) bool {
	switch Class(c & 0x7fff) {
	case ClassIN, ClassCH, ClassHS, ClassNONE, ClassANY:
		return true
	}
	return false
}

// plausibleName is the offset behind the first name of a message, or -1. It cannot be a pointer, and its labels are
// of characters that hosts, services and people use: multicast DNS has UTF-8 and blanks in them.
func plausibleName(p []byte, off int) int {
	for off < len(p) {
		n := int(p[off])
		if n == 0 {
			return off + 1
		}
		if n > maxLabel || off+1+n >= len(p) {
			return -1
		}
		for _, c := range p[off+1 : off+1+n] {
			if c < ' ' || c == 0x7f {
				return -1
			}
		}
		off += 1 + n
	}
	return -1
}

// netBIOS recognises a name of RFC 1002 §4.1: a first label of 32 letters A to P, which code 16 bytes, and the type NB
// or NBSTAT. They share their numbers with NIMLOC and SRV.
func netBIOS(p []byte) bool {
	if p[headerLen] != 32 {
		return false
	}
	off := plausibleName(p, headerLen)
	if t := u16(p, max(off, 0)); off < 0 || t != 0x20 && t != 0x21 {
		return false
	}
	for _, c := range p[headerLen+1 : headerLen+33] {
		if c < 'A' || c > 'P' {
			return false
		}
	}
	return true
}
