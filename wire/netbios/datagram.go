package netbios

import (
	"bytes"
	"encoding/binary"
	"net/netip"
)

// Kind is the kind of a message of the datagram service (RFC 1002 §4.4.1).
type Kind uint8

// The kinds of message.
const (
	DirectUnique Kind = 0x10 + iota
	DirectGroup
	Broadcast
	Error
	DatagramQuery
	PositiveResponse
	NegativeResponse
)

func (k Kind) String() string {
	switch k {
	case DirectUnique:
		return "to a host"
	case DirectGroup:
		return "to a group"
	case Broadcast:
		return "to all"
	case Error:
		return "error"
	case DatagramQuery:
		return "query"
	case PositiveResponse:
		return "positive response"
	case NegativeResponse:
		return "negative response"
	}
	return ""
}

// Datagram is a message of the datagram service.
type Datagram struct {
	Kind   Kind
	ID     uint16
	Source netip.Addr // of the sender, as it says
	From   Name
	To     Name
	Data   []byte // what it carries; of one in parts the part

	Mailslot []byte // name of the mailslot that it goes to, \MAILSLOT\BROWSE; nil for another use
	Announce Announce
}

// Announce is what a server says of itself to browsers ([MS-BRWS] 2.2). Its zero value says nothing.
type Announce struct {
	Kind         AnnounceKind
	Name         []byte // of the host; of a domain for [Domain]
	Major, Minor uint8  // version of the system: 6.1 is Windows 7
	Type         uint32 // what it serves ([MS-RAP] 2.4.1 ServerType)
	Comment      []byte // free text about it; of [Domain] the master browser
}

// AnnounceKind is the command of a browser frame.
type AnnounceKind uint8

// The frames that tell of their sender.
const (
	Host        AnnounceKind = 1
	Election    AnnounceKind = 8
	Domain      AnnounceKind = 12
	LocalMaster AnnounceKind = 15
)

func (k AnnounceKind) String() string {
	switch k {
	case Host:
		return "host announcement"
	case Election:
		return "election"
	case Domain:
		return "domain announcement"
	case LocalMaster:
		return "local master announcement"
	}
	return ""
}

// datagramHead is what comes before the names: kind, flags, id, address, port, length, offset (RFC 1002 §4.4.1).
const datagramHead = 14

// LooksDatagram tells whether p is a message of the datagram service, whatever port it came from.
func LooksDatagram(p []byte) bool {
	if len(p) < datagramHead+2*(encodedLen+2) || p[0] < byte(DirectUnique) || p[0] > byte(Broadcast) || p[1]&0xf0 != 0 {
		return false
	}
	var n Name
	if int(binary.BigEndian.Uint16(p[10:])) > len(p)-datagramHead || p[datagramHead] != encodedLen {
		return false
	}
	at := readName(p, datagramHead, &n)
	return at > 0 && at < len(p) && p[at] == encodedLen && readName(p, at, &n) > 0
}

// ParseDatagram reads a message of the datagram service. After an error d holds what came before.
func ParseDatagram(p []byte, d *Datagram) error {
	*d = Datagram{}
	if len(p) < 10 {
		return ErrShort
	}
	d.Kind, d.ID = Kind(p[0]), binary.BigEndian.Uint16(p[2:])
	d.Source = netip.AddrFrom4([4]byte(p[4:8]))
	if d.Kind > Broadcast {
		return nil
	}
	if len(p) < datagramHead {
		return ErrShort
	}
	at := readName(p, datagramHead, &d.From)
	if at < 0 {
		return ErrName
	}
	if at = readName(p, at, &d.To); at < 0 {
		return ErrName
	}
	d.Data = p[at:]
	if binary.BigEndian.Uint16(p[12:]) == 0 {
		d.transaction()
	}
	return nil
}

// mailslots is the beginning of the names of mailslots.
var mailslots = []byte(`\MAILSLOT\`)

// transaction reads the SMB transaction that writes to a mailslot ([MS-MAIL] 2.2.1): a header of 32 bytes, 17 words, the
// name of the mailslot, and what is written, whose place is told from the beginning of the header.
func (d *Datagram) transaction() {
	const wordsAt, nameAt = 33, 69
	b := d.Data
	if len(b) < nameAt || !bytes.HasPrefix(b, []byte("\xffSMB\x25")) || b[32] != 17 {
		return
	}
	end := bytes.IndexByte(b[nameAt:], 0)
	if end < 0 || end < len(mailslots) || !bytes.EqualFold(b[nameAt:nameAt+len(mailslots)], mailslots) {
		return
	}
	d.Mailslot = b[nameAt : nameAt+end]
	n := int(binary.LittleEndian.Uint16(b[wordsAt+22:]))
	at := int(binary.LittleEndian.Uint16(b[wordsAt+24:]))
	if at < nameAt || at > len(b) || !bytes.EqualFold(d.Mailslot[len(mailslots):], []byte("BROWSE")) {
		return
	}
	if d.Announce.read(b[at:min(at+n, len(b))]) != nil {
		d.Announce = Announce{}
	}
}

// read reads a browser frame: a command, and what it announces.
func (a *Announce) read(b []byte) error {
	if len(b) < 1 {
		return errNone
	}
	switch a.Kind = AnnounceKind(b[0]); a.Kind {
	case Host, Domain, LocalMaster: // [MS-BRWS] 2.2.1, 2.2.3, 2.2.2
		if len(b) < 32 {
			return ErrShort
		}
		a.Name, a.Major, a.Minor = upToZero(b[6:22]), b[22], b[23]
		a.Type = binary.LittleEndian.Uint32(b[24:])
		a.Comment = upToZero(b[32:])
	case Election: // 2.2.5: version, criteria, uptime, a zero, the name
		if len(b) < 15 {
			return ErrShort
		}
		a.Name = upToZero(b[14:])
	default:
		return errNone
	}
	return nil
}

func upToZero(b []byte) []byte {
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return trim(b)
}

// Serves yields what a server is, by the bits of its type that tell something of it ([MS-RAP] 2.4.1).
func (a *Announce) Serves(yield func(string) bool) {
	for _, t := range serverTypes {
		if a.Type&t.bit != 0 && !yield(t.name) {
			return
		}
	}
}

var serverTypes = [...]struct {
	bit  uint32
	name string
}{{0x00000004, "sql server"}, {0x00000008, "domain controller"}, {0x00000010, "backup domain controller"},
	{0x00000020, "time server"}, {0x00000040, "apple server"}, {0x00000080, "novell server"}, {0x00000200, "print server"},
	{0x00000400, "dial-in server"}, {0x00000800, "unix server"}, {0x00008000, "windows server"}, {0x00040000, "master browser"},
	{0x00080000, "domain master browser"}, {0x01000000, "cluster"}, {0x02000000, "terminal server"}}
