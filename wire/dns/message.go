// Package dns reads the messages of the Domain Name System (RFC 1035) and of the protocols that borrow their form:
// multicast DNS (RFC 6762) and LLMNR (RFC 4795).
//
// A message is a header of twelve bytes, then four lists: the questions, and the answers, authorities and
// additional records. The header counts what each list holds. A record is a name, a type, a class, the seconds
// it may be kept, and data whose form the type tells.
//
//	+----+----+----+----+----+----+
//	| id | flags | qd | an | ns | ar |   six big-endian numbers of 16 bits
//	+----+----+----+----+----+----+
//
// A name is a row of labels, each a length of at most 63 and as many bytes, ended by a label of length 0. So that
// a name need not be said twice, a length whose two top bits are set is a pointer: the rest of the name stands
// where the 14 bits after them point (RFC 1035 §4.1.4). A hostile message points in circles; names are therefore
// followed over a bounded number of pointers.
//
// Over UDP a datagram is a message: [Message.Parse]. Over TCP each message has its length in two bytes before it
// (RFC 1035 §4.2.2): [Conversation].
//
// Names come out in presentation form without the last dot, in the case they were sent in; the root is ".". An
// octet that is not a printable character, a dot within a label, and a backslash are escaped as RFC 4343 §2.1
// tells: \DDD or \. or \\.
package dns

import (
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

// headerLen is RFC 1035 §4.1.1: six numbers of two bytes.
const headerLen = 12

// maxScratch is how many bytes the names of one message may take. A message of 64 KiB that names each record by
// a pointer to a long name could ask for more; none that a resolver sends does.
const maxScratch = 256 << 10

var (
	// ErrShort means that the bytes end before the message does: it was cut on the way, or its counts lie.
	ErrShort = fmt.Errorf("dns: message ends early: %w", wire.ErrMalformed)
	// ErrPointer means a compression pointer out of the message, or too many of them in one name.
	ErrPointer = fmt.Errorf("dns: bad compression pointer: %w", wire.ErrMalformed)
	// ErrLabel means a label of the types 01 and 10, which no standard in force defines (RFC 6891 §5).
	ErrLabel = fmt.Errorf("dns: unknown label type: %w", wire.ErrMalformed)
	// ErrLarge means that the names of one message would fill more memory than any real message asks for.
	ErrLarge = fmt.Errorf("dns: names too large: %w", wire.ErrMalformed)
)

// Message is one DNS message. It may be used again and again: [Message.Parse] keeps the memory of the lists.
type Message struct {
	ID    uint16
	Flags Flags

	Questions   []Question
	Answers     []Record
	Authorities []Record
	Additionals []Record // the OPT record is among them, as it came

	// EDNS is what the OPT record says (RFC 6891); its zero value means that there is none.
	EDNS EDNS

	// Broken is the section in which the message broke off; after an error.
	Broken Section

	// LongName tells that a name broke the limit of 255 octets (RFC 1035 §2.3.4). It was cut at 1025 characters.
	LongName bool

	wire  []byte
	names names
}

// Section is a part of a message (RFC 1035 §4.1). The zero value is the header.
type Section uint8

// The sections.
const (
	Header Section = iota
	QuestionSection
	AnswerSection
	AuthoritySection
	AdditionalSection
)

// Question is what is asked (RFC 1035 §4.1.2).
type Question struct {
	Name  []byte
	Type  Type
	Class Class // for multicast DNS without the QU bit, which is in Unicast
	// Unicast is the top bit of the class: multicast DNS asks for a unicast response (RFC 6762 §5.4).
	Unicast bool
}

// Record is one resource record (RFC 1035 §4.1.3).
type Record struct {
	Name []byte
	// Target is the first domain name in the data: of CNAME, DNAME, NS, PTR, MX, SRV, SOA (the primary server), SVCB,
	// HTTPS, NAPTR (the replacement) and RRSIG (the signer). Nil where the type has none.
	Target []byte
	// Mailbox is the second name of SOA: who is responsible.
	Mailbox []byte
	// Data is the data as it came. Names in it may be compressed: read them from Target and Mailbox.
	Data  []byte
	TTL   uint32 // seconds; in OPT: extended rcode and flags
	Type  Type
	Class Class // for OPT: the largest UDP payload, in bytes
	// Flush is the top bit of the class: multicast DNS replaces what is cached (RFC 6762 §10.2).
	Flush bool
}

// Flags is the second word of the header (RFC 1035 §4.1.1; AD and CD of RFC 4035 §3).
type Flags uint16

// Response is QR: the message answers.
func (f Flags) Response() bool { return f&0x8000 != 0 }

// Opcode is the kind of query.
func (f Flags) Opcode() Opcode { return Opcode(f >> 11 & 0xf) }

// Authoritative is AA.
func (f Flags) Authoritative() bool { return f&0x0400 != 0 }

// Truncated is TC: ask again over TCP.
func (f Flags) Truncated() bool { return f&0x0200 != 0 }

// RecursionDesired is RD.
func (f Flags) RecursionDesired() bool { return f&0x0100 != 0 }

// RecursionAvailable is RA.
func (f Flags) RecursionAvailable() bool { return f&0x0080 != 0 }

// Z is the bit that must be zero.
func (f Flags) Z() bool { return f&0x0040 != 0 }

// Authentic is AD: the data were validated.
func (f Flags) Authentic() bool { return f&0x0020 != 0 }

// CheckingDisabled is CD.
func (f Flags) CheckingDisabled() bool { return f&0x0010 != 0 }

// Rcode is the four bits in the header alone; see [Message.Rcode].
func (f Flags) Rcode() Rcode { return Rcode(f & 0xf) }

// Rcode is the response code with the eight upper bits that EDNS adds (RFC 6891 §6.1.3).
func (m *Message) Rcode() Rcode { return Rcode(m.EDNS.ExtendedRcode)<<4 | m.Flags.Rcode() }

// Parse reads one message; what m holds points into p and into memory of m, until the next Parse.
// After an error m holds what could be read before the place of the error. Bytes behind the message are ignored.
func (m *Message) Parse(p []byte) error {
	m.reset(p)
	if len(p) < headerLen {
		return ErrShort
	}
	m.ID = binary.BigEndian.Uint16(p)
	m.Flags = Flags(binary.BigEndian.Uint16(p[2:]))
	m.Broken = QuestionSection
	off, err := m.questions(headerLen, int(binary.BigEndian.Uint16(p[4:])))
	if err != nil {
		return err
	}
	m.Broken = AnswerSection
	if off, err = m.records(off, &m.Answers, int(binary.BigEndian.Uint16(p[6:]))); err != nil {
		return err
	}
	m.Broken = AuthoritySection
	if off, err = m.records(off, &m.Authorities, int(binary.BigEndian.Uint16(p[8:]))); err != nil {
		return err
	}
	m.Broken = AdditionalSection
	_, err = m.records(off, &m.Additionals, int(binary.BigEndian.Uint16(p[10:])))
	return err
}

// Raw is the message as it was sent.
func (m *Message) Raw() []byte { return m.wire }

func (m *Message) reset(p []byte) {
	m.ID, m.Flags, m.LongName = 0, 0, false
	m.Questions, m.Answers = m.Questions[:0], m.Answers[:0]
	m.Authorities, m.Additionals = m.Authorities[:0], m.Additionals[:0]
	m.EDNS, m.Broken = EDNS{}, Header
	m.wire = p
	m.names.reset()
}

func (m *Message) questions(off, n int) (int, error) {
	for range n {
		name, next, err := m.name(off)
		if err != nil {
			return off, err
		}
		if next+4 > len(m.wire) {
			return off, ErrShort
		}
		class := binary.BigEndian.Uint16(m.wire[next+2:])
		m.Questions = append(m.Questions, Question{
			Name:    name,
			Type:    Type(binary.BigEndian.Uint16(m.wire[next:])),
			Class:   Class(class & 0x7fff),
			Unicast: class&0x8000 != 0,
		})
		off = next + 4
	}
	return off, nil
}

// records reads n records from off into list. A record takes at least eleven bytes, so that a list is never
// longer than a message can be.
func (m *Message) records(off int, list *[]Record, n int) (int, error) {
	for range n {
		name, next, err := m.name(off)
		if err != nil {
			return off, err
		}
		if next+10 > len(m.wire) {
			return off, ErrShort
		}
		h := m.wire[next : next+10]
		start := next + 10
		end := start + int(binary.BigEndian.Uint16(h[8:]))
		if end > len(m.wire) {
			return off, ErrShort
		}
		*list = append(*list, Record{})
		r := &(*list)[len(*list)-1]
		r.Name = name
		r.Type = Type(binary.BigEndian.Uint16(h))
		r.Class = Class(binary.BigEndian.Uint16(h[2:]))
		r.TTL = binary.BigEndian.Uint32(h[4:])
		r.Data = m.wire[start:end:end]
		if r.Type == TypeOPT {
			m.EDNS.read(r)
		} else {
			r.Flush = r.Class&0x8000 != 0
			r.Class &= 0x7fff
			if err := m.targets(r, start, end); err != nil {
				return off, err
			}
		}
		off = end
	}
	return off, nil
}

// targets reads the names within the data of r, which is at start of the message and ends at end. Data too short
// for its type is left as it is: the record is kept, its names are nil.
func (m *Message) targets(r *Record, start, end int) error {
	at := start
	switch r.Type {
	case TypeCNAME, TypeNS, TypePTR, TypeDNAME, TypeSOA:
	case TypeMX, TypeSVCB, TypeHTTPS:
		at += 2
	case TypeSRV:
		at += 6
	case TypeRRSIG:
		at += 18
	case TypeNAPTR:
		n, ok := naptrTarget(r.Data)
		if !ok {
			return nil
		}
		at += n
	default:
		return nil
	}
	if at >= end {
		return nil
	}
	var err error
	if r.Target, at, err = m.name(at); err != nil {
		return err
	}
	if r.Type == TypeSOA && at < end {
		r.Mailbox, _, err = m.name(at)
	}
	return err
}
