package dcerpc

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// log writes records down, one line each.
type log struct{ lines []string }

func (l *log) Record(r Record) {
	switch r := r.(type) {
	case *Bind:
		line := fmt.Sprintf("bind %d alter=%v asked=%v", r.ID, r.Alter, r.Asked)
		if r.Answered {
			line += " " + r.Type.String()
		}
		for _, c := range r.Contexts {
			line += fmt.Sprintf(" [%d %s %d.%d answered=%v %d %d]", c.ID, named(c.Interface), c.Major, c.Minor, c.Answered, c.Result, c.Reason)
		}
		l.lines = append(l.lines, line)
	case *Call:
		line := fmt.Sprintf("call %d", r.ID)
		if r.Version4 {
			line = fmt.Sprintf("call %s/%d", r.Activity, r.Sequence)
		}
		if r.Asked {
			line += fmt.Sprintf(" op=%d", r.Op)
			if r.Context != nil {
				line += " " + named(r.Context.Interface) + "." + Lookup(r.Context.Interface).Operation(r.Op)
			}
		}
		line += fmt.Sprintf(" sent=%d/%d", r.Request.Fragments, r.Request.Bytes)
		if r.Answered {
			line += fmt.Sprintf(" %s got=%d/%d", r.Type, r.Response.Fragments, r.Response.Bytes)
		}
		if r.Fault != 0 {
			line += " fault=" + r.Fault.String()
		}
		if r.Level != 0 {
			line += " level=" + r.Level.String()
		}
		if r.SignOn != nil {
			line += " by=" + string(r.SignOn.User)
		}
		for _, t := range r.Texts {
			line += fmt.Sprintf(" %q", t)
		}
		l.lines = append(l.lines, line)
	case *Message:
		l.lines = append(l.lines, fmt.Sprintf("message %d %s", r.ID, r.Type))
	case *SignOn:
		l.lines = append(l.lines, fmt.Sprintf("signon %s %s user=%s domain=%s host=%s server=%s decided=%v refused=%v",
			r.Security, r.Mechanism, r.User, r.Domain, r.Workstation, r.Server.DNSComputer, r.Decided, r.Refused))
	}
}

func named(u UUID) string {
	if i := Lookup(u); i != nil {
		return i.Name
	}
	return u.String()
}

// uuid reads the text of a UUID.
func uuid(text string) (u UUID) {
	digits := strings.ReplaceAll(text, "-", "")
	for i := range u {
		fmt.Sscanf(digits[2*i:2*i+2], "%02x", &u[i])
	}
	return u
}

const (
	svcctlUUID = "367abb81-9844-35f1-ad32-98f038001003"
	drsUUID    = "e3514235-4b06-11d1-ab04-00c04fc2dcd2"
	samrUUID   = "12345778-1234-abcd-ef00-0123456789ac"
	efsUUID    = "c681d488-d850-11d0-8c52-00c04fd90f7e"
	ndrUUID    = "8a885d04-1ceb-11c9-9fe8-08002b104860"
	ndr64UUID  = "71710533-beba-4937-8319-b5dbef9ccc36"
)

var le = binary.LittleEndian

// wireUUID is a UUID as little-endian messages hold it.
func wireUUID(text string) []byte {
	u := uuid(text)
	p := make([]byte, 16)
	le.PutUint32(p, binary.BigEndian.Uint32(u[:]))
	le.PutUint16(p[4:], binary.BigEndian.Uint16(u[4:]))
	le.PutUint16(p[6:], binary.BigEndian.Uint16(u[6:]))
	copy(p[8:], u[8:])
	return p
}

// pdu makes a message: body, and a token behind it when there is one.
func pdu(kind Type, flags byte, call uint32, body []byte, level Level, token []byte) []byte {
	p := make([]byte, headerSize, headerSize+len(body)+8+len(token))
	p[0], p[2], p[3], p[4] = 5, byte(kind), flags, 0x10
	p = append(p, body...)
	if len(token) > 0 {
		p = append(p, 10, byte(level), 0, 0, 0, 0, 0, 0)
		p = append(p, token...)
		le.PutUint16(p[10:], uint16(len(token)))
	}
	le.PutUint16(p[8:], uint16(len(p)))
	le.PutUint32(p[12:], call)
	return p
}

const whole = firstFragment | lastFragment

// contexts are the body of a BIND.
func contexts(list ...string) []byte {
	p := make([]byte, 12)
	p[8] = byte(len(list))
	for i, u := range list {
		p = append(p, byte(i), 0, 1, 0)
		p = append(append(p, wireUUID(u)...), 1, 0, 0, 0)
		p = append(append(p, wireUUID(ndrUUID)...), 2, 0, 0, 0)
	}
	return p
}

// results are the body of a BIND_ACK.
func results(transfer string, list ...uint16) []byte {
	p := slices.Concat(make([]byte, 8), []byte{4, 0}, []byte("135\x00"), []byte{0, 0})
	p = append(p, byte(len(list)), 0, 0, 0)
	for _, r := range list {
		p = append(append(p, byte(r), 0, 0, 0), wireUUID(transfer)...)
		p = append(p, 2, 0, 0, 0)
	}
	return p
}

func ask(call uint32, op uint16, stub []byte) []byte {
	return pdu(Request, whole, call, requestBody(op, stub), 0, nil)
}

func requestBody(op uint16, stub []byte) []byte {
	p := make([]byte, 8, 8+len(stub))
	le.PutUint16(p[6:], op)
	return append(p, stub...)
}

func answer(call uint32, stub []byte) []byte {
	return pdu(Response, whole, call, append(make([]byte, 8), stub...), 0, nil)
}

func fault(call uint32, status uint32) []byte {
	p := make([]byte, 16)
	le.PutUint32(p[8:], status)
	return pdu(FaultType, whole, call, p, 0, nil)
}

// ndr is a string in the arguments.
func ndr(s string) []byte {
	u := append(utf16.Encode([]rune(s)), 0)
	p := le.AppendUint32(nil, uint32(len(u)))
	p = le.AppendUint32(p, 0)
	p = le.AppendUint32(p, uint32(len(u)))
	for _, x := range u {
		p = le.AppendUint16(p, x)
	}
	for len(p)%4 != 0 {
		p = append(p, 0)
	}
	return p
}

// ntlmMessage is an NTLMSSP message with fields at the given places of its fixed part.
func ntlmMessage(kind byte, size int, fields map[int]string) []byte {
	p := make([]byte, size)
	copy(p, "NTLMSSP\x00")
	p[8] = kind
	for at := 12; at < size; at += 4 {
		text, ok := fields[at]
		if !ok {
			continue
		}
		le.PutUint16(p[at:], uint16(2*len(text)))
		le.PutUint32(p[at+4:], uint32(len(p)))
		for _, u := range utf16.Encode([]rune(text)) {
			p = le.AppendUint16(p, u)
		}
	}
	if kind == 3 {
		le.PutUint32(p[60:], 1)
	}
	return p
}

func client(p ...[]byte) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToServer, Bytes: slices.Concat(p...)}
}

func server(p ...[]byte) wiretest.Chunk {
	return wiretest.Chunk{Dir: wire.ToClient, Bytes: slices.Concat(p...)}
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	l := new(log)
	return new(Conversation), l, func() string { return strings.Join(l.lines, "\n") }
}

// datagram makes a message of version 4.
func datagram(kind Type, flags byte, sequence uint32, op uint16, body []byte) []byte {
	p := make([]byte, datagramSize, datagramSize+len(body))
	p[0], p[1], p[2], p[4] = 4, byte(kind), flags, 0x10
	copy(p[24:], wireUUID(samrUUID))
	copy(p[40:], wireUUID("00112233-4455-6677-8899-aabbccddeeff"))
	le.PutUint32(p[60:], 1)
	le.PutUint32(p[64:], sequence)
	le.PutUint16(p[68:], op)
	le.PutUint16(p[74:], uint16(len(body)))
	return append(p, body...)
}
