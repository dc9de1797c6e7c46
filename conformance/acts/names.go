package acts

import (
	"encoding/binary"
	"strings"
)

// tlv is an element of BER (X.690).
func tlv(tag byte, parts ...string) string {
	body := strings.Join(parts, "")
	switch n := len(body); {
	case n < 0x80:
		return string([]byte{tag, byte(n)}) + body
	case n < 0x100:
		return string([]byte{tag, 0x81, byte(n)}) + body
	default:
		return string([]byte{tag, 0x82, byte(n >> 8), byte(n)}) + body
	}
}

func integer(n byte) string { return tlv(2, string([]byte{n})) }

// field is a member of a sequence of Kerberos: number n in its context.
func field(n byte, value string) string { return tlv(0xa0|n, value) }

func general(s string) string { return tlv(0x1b, s) }

func principal(kind byte, parts ...string) string {
	names := ""
	for _, p := range parts {
		names += general(p)
	}
	return tlv(0x30, field(0, integer(kind)), field(1, tlv(0x30, names)))
}

const realm = "HOSPITAL.EXAMPLE"

func sealed(cipher byte) string {
	return tlv(0x30, field(0, integer(cipher)), field(2, tlv(4, strings.Repeat("\x5a", 48))))
}

// asked is a request for a ticket: kind 10 AS-REQ, 12 TGS-REQ (RFC 4120 section 5.4.1).
func asked(kind byte, client string, service ...string) string {
	body := field(0, tlv(3, "\x00\x40\x81\x00\x10")) + field(1, principal(1, client)) + field(2, general(realm)) + field(3, principal(2, service...)) +
		field(5, tlv(0x18, "20370913024805Z")) + field(7, tlv(2, "\x12\x34\x56\x78")) + field(8, tlv(0x30, integer(18), integer(17), integer(23)))
	return tlv(0x60|kind, tlv(0x30, field(1, integer(5)), field(2, integer(kind)), field(4, tlv(0x30, body))))
}

// ticket is the answer: kind 11 AS-REP, 13 TGS-REP; the ciphers of the ticket and of what is for the client.
func ticket(kind, cipher, part byte, client string, service ...string) string {
	t := tlv(0x61, tlv(0x30, field(0, integer(5)), field(1, general(realm)), field(2, principal(2, service...)), field(3, sealed(cipher))))
	return tlv(0x60|kind, tlv(0x30, field(0, integer(5)), field(1, integer(kind)), field(3, general(realm)), field(4, principal(1, client)), field(5, t), field(6, sealed(part))))
}

// krbError is a refusal.
func krbError(code byte) string {
	return tlv(0x7e, tlv(0x30, field(0, integer(5)), field(1, integer(30)), field(4, tlv(0x18, "20261122090000Z")), field(5, integer(7)), field(6, integer(code)),
		field(9, general(realm)), field(10, principal(2, "krbtgt", realm))))
}

// kerberos asks the domain controller over UDP.
func (s *Scene) kerberos(from, request, answer string) {
	s.port++
	s.Datagram(from, 40000+s.port, dc, 88, []byte(request))
	s.Datagram(dc, 88, from, 40000+s.port, []byte(answer))
}

// bind is a sign-on to the directory with its result code (RFC 4511 section 4.2).
func (s *Scene) bind(from string, result byte) {
	c := s.Connect(from, dc, 389)
	c.Up(tlv(0x30, integer(1), tlv(0x60, integer(3), tlv(4, "cn=nurse,dc=hospital,dc=example"), tlv(0x80, "secret"))))
	c.Down(tlv(0x30, integer(1), tlv(0x61, tlv(0x0a, string([]byte{result})), tlv(4, ""), tlv(4, ""))))
	c.Close()
}

// search is a search of the directory by a filter, as it crosses the wire.
func (s *Scene) search(from, filter string, attributes ...string) {
	list := ""
	for _, a := range attributes {
		list += tlv(4, a)
	}
	c := s.Connect(from, dc, 389)
	c.Up(tlv(0x30, integer(2), tlv(0x63, tlv(4, "dc=hospital,dc=example"), tlv(0x0a, "\x02"), tlv(0x0a, "\x00"), integer(0), integer(0), tlv(1, "\x00"), filter, tlv(0x30, list))))
	c.Down(tlv(0x30, integer(2), tlv(0x65, tlv(0x0a, "\x00"), tlv(4, ""), tlv(4, ""))))
	c.Close()
}

// domain is a name as DNS writes it.
func domain(name string) string {
	b := ""
	for label := range strings.SplitSeq(name, ".") {
		b += string([]byte{byte(len(label))}) + label
	}
	return b + "\x00"
}

func be16(v int) string { return string(binary.BigEndian.AppendUint16(nil, uint16(v))) }

// question is a message of DNS that asks; flags is its second word.
func question(id, flags int, name string, kind int) string {
	return be16(id) + be16(flags) + be16(1) + zero(6) + domain(name) + be16(kind) + be16(1)
}

// reply answers a question with one record.
func reply(id, flags int, name string, kind int, data string) string {
	return be16(id) + be16(flags) + be16(1) + be16(1) + zero(4) + domain(name) + be16(kind) + be16(1) + "\xc0\x0c" + be16(kind) + be16(1) + "\x00\x00\x01\x2c" + be16(len(data)) + data
}

// lookUp asks the name server, which answers with an address.
func (s *Scene) lookUp(from, name string, kind int, data string) {
	s.port++
	s.Datagram(from, 40000+s.port, names, 53, []byte(question(int(s.port), 0x0100, name, kind)))
	s.Datagram(names, 53, from, 40000+s.port, []byte(reply(int(s.port), 0x8180, name, kind, data)))
}
