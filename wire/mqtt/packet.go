// Package mqtt reads MQTT 3.1, 3.1.1 and 5.0 (OASIS mqtt-v5.0-os, mqtt-v3.1.1-os, IBM MQTT V3.1).
//
// A control packet is a byte that names it, its length in one to four bytes of seven bits, a variable header and a
// payload.
//
//	| type, 4 bits | DUP | QoS, 2 bits | RETAIN | remaining length | variable header | payload |
//
// A client says CONNECT and the broker CONNACK; then either side publishes, and the other acknowledges as the quality
// of service asks. An acknowledgement repeats the packet identifier: a [Conversation] puts a packet and what answers
// it together as one [Exchange].
package mqtt

import (
	"fmt"
	"strconv"

	"bulwark/wire"
	"bulwark/wire/internal/octets"
)

var (
	// ErrMalformed means a packet that breaks the rules of its type.
	ErrMalformed = fmt.Errorf("mqtt: malformed packet: %w", wire.ErrMalformed)
	// ErrLength means a remaining length of more than four bytes (§2.1.4 of version 5).
	ErrLength = fmt.Errorf("mqtt: bad remaining length: %w", wire.ErrMalformed)
)

// Type is the type of a control packet (§2.1.2). Zero is none.
type Type uint8

// The types of control packet.
const (
	Connect Type = iota + 1
	Connack
	Publish
	Puback
	Pubrec
	Pubrel
	Pubcomp
	Subscribe
	Suback
	Unsubscribe
	Unsuback
	Pingreq
	Pingresp
	Disconnect
	Auth
)

func (t Type) String() string {
	names := [...]string{"unassigned", "connect", "connack", "publish", "puback", "pubrec", "pubrel", "pubcomp",
		"subscribe", "suback", "unsubscribe", "unsuback", "pingreq", "pingresp", "disconnect", "auth"}
	if int(t) < len(names) {
		return names[t]
	}
	return "type_" + strconv.Itoa(int(t))
}

// Filter is one topic filter of a subscription, with what it asks for.
type Filter struct {
	Topic   []byte
	Options uint8 // QoS in the lower two bits (§3.8.3.1)
}

// maxFilters is how many filters of one packet are kept.
const maxFilters = 256

// Packet is one control packet. Its slices point into what was parsed.
type Packet struct {
	Type   Type
	Dup    bool
	QoS    uint8
	Retain bool
	Length int // bytes behind the fixed header

	// Skipped is set of a packet that is too long to be read: only the fields above are known.
	Skipped bool
	Raw     []byte // all of it as it was sent, of an exchange; the end may be missing

	Protocol    []byte // "MQTT" or "MQIsdp"
	Version     uint8  // 3, 4 or 5
	Flags       uint8  // of a CONNECT (§3.1.2.3)
	KeepAlive   uint16 // seconds; 0: none
	ClientID    []byte
	User        []byte
	Password    []byte // zeros in what a [Conversation] hands over, unless it keeps secrets
	WillTopic   []byte
	WillMessage []byte

	Code    uint8 // return or reason code
	HasCode bool
	Session bool // of a CONNACK: the broker still knows the client

	ID      uint16 // packet identifier; 0: none
	Topic   []byte
	Payload []byte // of a PUBLISH, the beginning that was kept
	Size    int    // of a PUBLISH, bytes of its whole payload
	Filters []Filter
	Codes   []byte // of a SUBACK or UNSUBACK: one for each filter

	Properties     Properties
	WillProperties Properties
}

// The flags of a CONNECT.
const (
	flagClean      = 0x02
	flagWill       = 0x04
	flagWillRetain = 0x20
	flagPassword   = 0x40
	flagUser       = 0x80
)

// CleanSession, HasWill, WillRetain, HasPassword and HasUser are the flags of a CONNECT.
func (p *Packet) CleanSession() bool { return p.Flags&flagClean != 0 }
func (p *Packet) HasWill() bool      { return p.Flags&flagWill != 0 }
func (p *Packet) WillRetain() bool   { return p.Flags&flagWillRetain != 0 }
func (p *Packet) HasPassword() bool  { return p.Flags&flagPassword != 0 }
func (p *Packet) HasUser() bool      { return p.Flags&flagUser != 0 }

// header reads the fixed header (§2.1): how long it is and how many bytes follow. at is 0 when it is not there yet.
func header(p []byte) (at, length int, err error) {
	for i := 1; i <= 4 && i < len(p); i++ {
		length |= int(p[i]&0x7f) << (7 * (i - 1))
		if p[i]&0x80 == 0 {
			return i + 1, length, nil
		}
	}
	if len(p) > 4 {
		return 0, 0, ErrLength
	}
	return 0, 0, nil
}

// Parse reads one control packet of the protocol's version, as the CONNECT gave it; 0 when that was not seen. The
// payload of a PUBLISH may be cut.
func Parse(b []byte, version uint8, p *Packet) error {
	at, length, err := header(b)
	if err != nil || at == 0 {
		return ErrLength
	}
	*p = Packet{Filters: p.Filters[:0], Type: Type(b[0] >> 4), Dup: b[0]&8 != 0, QoS: b[0] >> 1 & 3, Retain: b[0]&1 != 0,
		Length: length}
	r := reader{octets.Of(b[at:])}
	if p.Type != Publish {
		if len(r.Rest) < length {
			return ErrMalformed
		}
		r.Rest = r.Rest[:length]
	} else if len(r.Rest) > length {
		r.Rest = r.Rest[:length]
	}
	p.body(&r, version)
	if r.Short {
		return ErrMalformed
	}
	return nil
}

func (p *Packet) body(r *reader, version uint8) {
	switch p.Type {
	case Connect:
		p.connect(r)
	case Connack:
		p.Session = r.U8()&1 != 0
		p.Code, p.HasCode = r.U8(), true
		if version == 5 {
			p.Properties = r.properties()
		}
	case Publish:
		p.publish(r, version)
	case Puback, Pubrec, Pubrel, Pubcomp:
		p.ID = r.U16()
		p.reason(r, version)
	case Subscribe, Unsubscribe:
		p.filters(r, version)
	case Suback, Unsuback:
		p.ID = r.U16()
		if version == 5 {
			p.Properties = r.properties()
		}
		p.Codes = r.Rest
	case Disconnect:
		p.reason(r, version)
	case Auth:
		p.reason(r, 5)
	}
}

// connect reads §3.1.
func (p *Packet) connect(r *reader) {
	p.Protocol, p.Version, p.Flags, p.KeepAlive = r.text(), r.U8(), r.U8(), r.U16()
	if p.Version == 5 {
		p.Properties = r.properties()
	}
	p.ClientID = r.text()
	if p.HasWill() {
		if p.Version == 5 {
			p.WillProperties = r.properties()
		}
		p.WillTopic, p.WillMessage = r.text(), r.text()
	}
	if p.HasUser() {
		p.User = r.text()
	}
	if p.HasPassword() {
		p.Password = r.text()
	}
	if len(r.Rest) > 0 {
		r.Short = true // §3.1.3: nothing follows
	}
}

// publish reads §3.3.
func (p *Packet) publish(r *reader, version uint8) {
	whole := len(r.Rest)
	p.Topic = r.text()
	if p.QoS > 0 {
		p.ID = r.U16()
	}
	if version == 5 {
		p.Properties = r.properties()
	}
	p.Payload = r.Rest
	p.Size = p.Length - (whole - len(r.Rest))
}

// reason reads the reason code and the properties, both of which a sender may leave out (§3.4.2).
func (p *Packet) reason(r *reader, version uint8) {
	if version != 5 {
		return
	}
	p.HasCode = true
	if len(r.Rest) > 0 {
		p.Code = r.U8()
	}
	if len(r.Rest) > 0 {
		p.Properties = r.properties()
	}
}

// filters reads §3.8 and §3.10.
func (p *Packet) filters(r *reader, version uint8) {
	p.ID = r.U16()
	if version == 5 {
		p.Properties = r.properties()
	}
	for len(r.Rest) > 0 && !r.Short && len(p.Filters) < maxFilters {
		f := Filter{Topic: r.text()}
		if p.Type == Subscribe {
			f.Options = r.U8()
		}
		p.Filters = append(p.Filters, f)
	}
}

// reader takes the fields of a packet.
type reader struct{ octets.Reader }

// text reads a string or binary data: two bytes of length and as many bytes (§1.5.4, §1.5.6).
func (r *reader) text() []byte { return r.Take(int(r.U16())) }

// variable reads a number of one to four bytes (§1.5.5).
func (r *reader) variable() (n uint32) {
	for i := range 4 {
		b := r.U8()
		n |= uint32(b&0x7f) << (7 * i)
		if b&0x80 == 0 {
			return n
		}
	}
	r.Short = true
	return 0
}
