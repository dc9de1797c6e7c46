// Package rdp reads how a Remote Desktop connection begins ([MS-RDPBCGR] §1.3.1.1), until it is encrypted.
//
// Everything stands in TPKT packets (RFC 1006) with X.224 PDUs. The client asks for a connection, with a cookie that names the
// user or tells a load balancer where to go, and the security that it can do; the server chooses or refuses. With TLS or
// CredSSP all that follows is TLS. With the old security of RDP the MCS connect PDUs (T.125) follow in clear, with
// conference data (T.124): the client's name, build, keyboard, screen and channels.
//
//	| 03 | 00 | length | X.224: length, E0 asks, D0 confirms, F0 data | Cookie: mstshash=user CR LF | 01 flags 08 00 protocols |
package rdp

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

var (
	// ErrTLS means that TLS follows: both sides agreed on it.
	ErrTLS = fmt.Errorf("rdp: TLS follows")
	// ErrPacket means bytes that are no packet of a connection's beginning.
	ErrPacket = fmt.Errorf("rdp: bad packet: %w", wire.ErrMalformed)
)

// Protocol is the security that protects a connection ([MS-RDPBCGR] §2.2.1.1.1).
type Protocol uint32

// The protocols, as bits where a client offers them.
const (
	ProtocolRDP      Protocol = 0
	ProtocolSSL      Protocol = 1
	ProtocolHybrid   Protocol = 2 // CredSSP
	ProtocolRDSTLS   Protocol = 4
	ProtocolHybridEx Protocol = 8
	ProtocolRDSAAD   Protocol = 16
)

func (p Protocol) String() string {
	switch p {
	case ProtocolRDP:
		return "rdp"
	case ProtocolSSL:
		return "ssl"
	case ProtocolHybrid:
		return "hybrid"
	case ProtocolRDSTLS:
		return "rds_tls"
	case ProtocolHybridEx:
		return "hybrid_ex"
	case ProtocolRDSAAD:
		return "rds_aad"
	}
	return "unknown"
}

// Failure is why a server refuses ([MS-RDPBCGR] §2.2.1.2.2).
type Failure uint32

func (f Failure) String() string {
	switch f {
	case 1:
		return "ssl required by server"
	case 2:
		return "ssl not allowed by server"
	case 3:
		return "ssl cert not on server"
	case 4:
		return "inconsistent flags"
	case 5:
		return "hybrid required by server"
	case 6:
		return "ssl with user auth required by server"
	}
	return "unknown"
}

// Flags of the negotiation.
const (
	RestrictedAdminRequired = 0x01 // of a request
	RedirectedAuthRequired  = 0x02
	CorrelationPresent      = 0x08

	ExtendedClientData        = 0x01 // of a response
	DynvcGfx                  = 0x02
	RestrictedAdminSupported  = 0x08
	RedirectedAuthIsSupported = 0x10
)

// Request is a client's connection request.
type Request struct {
	Cookie     []byte // the user's name, shortened to nine characters by most clients
	Token      []byte // routing token of a load balancer
	Negotiates bool   // it carries a negotiation request
	Flags      uint8
	Protocols  Protocol // a set of bits
}

// Response is a server's confirmation.
type Response struct {
	Negotiates bool
	Flags      uint8
	Protocol   Protocol
	Failure    Failure // 0: none
}

// Step says what a session has just learnt.
type Step uint8

// The steps of a connection.
const (
	Asked     Step = iota + 1 // connection request
	Confirmed                 // connection confirm
	Connects                  // MCS connect initial
	Connected                 // MCS connect response
)

// Session is what was seen of a connection's beginning. It is valid during the call that hands it over.
type Session struct {
	Request  Request
	Response Response
	Client   Client
	Server   Server
}

// Handler takes what a conversation learns.
type Handler interface{ Step(step Step, s *Session) }

const (
	tpktLen    = 4
	maxPacket  = 32 << 10
	maxPackets = 8 // of one side, of which an MCS connect PDU is the second
	rest       = 1 << 62

	x224Request = 0xE0
	x224Confirm = 0xD0
	x224Data    = 0xF0
)

// Probe tells whether p are the first bytes of a connection, and from which side. Other protocols stand in TPKT too (S7, MMS,
// H.323): only a cookie, a negotiation or an MCS connect PDU tells RDP.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.ToServer
	}
	if p[0] != 3 || len(p) > 1 && p[1] != 0 {
		return wire.No, wire.ToServer
	}
	if len(p) < 11 {
		return wire.Unsure, wire.ToServer
	}
	n := int(binary.BigEndian.Uint16(p[2:]))
	if n < 7 || n > maxPacket {
		return wire.No, wire.ToServer
	}
	switch p[5] {
	case x224Request:
		return probeRequest(p, n), wire.ToServer
	case x224Confirm:
		if int(p[4]) != n-5 {
			return wire.No, wire.ToClient
		}
		if n == 19 && len(p) >= 15 && (p[11] == 2 || p[11] == 3) && p[13] == 8 {
			return wire.Yes, wire.ToClient
		}
		if n == 19 && len(p) < 15 {
			return wire.Unsure, wire.ToClient
		}
		return wire.No, wire.ToClient
	case x224Data:
		if len(p) >= 9 && p[7] == 0x7F && (p[8] == 0x65 || p[8] == 0x66) {
			return wire.Yes, wire.Dir(p[8] - 0x65)
		}
	}
	return wire.No, wire.ToServer
}

// probeRequest looks for what tells RDP in a connection request of n bytes, or behind it where it holds nothing more.
func probeRequest(p []byte, n int) wire.Match {
	const head = 11
	if int(p[4]) != n-5 && n < 256 {
		return wire.No
	}
	if n == head { // an old client: the next packet tells
		switch {
		case len(p) < head+9:
			return wire.Unsure
		case p[head] == 3 && p[head+5] == x224Data && p[head+7] == 0x7F && p[head+8] == 0x65:
			return wire.Yes
		}
		return wire.No
	}
	body := p[head:min(len(p), n)]
	const cookie = "Cookie: mst"
	k := min(len(body), len(cookie))
	if string(body[:k]) == cookie[:k] {
		if k < len(cookie) {
			return wire.Unsure
		}
		return wire.Yes
	}
	if body[0] != 1 || n-head != 8 && n-head != 44 { // a negotiation request, with correlation data or without
		return wire.No
	}
	if len(body) < 8 {
		return wire.Unsure
	}
	if body[2] == 8 && body[3] == 0 && body[5]|body[6]|body[7] == 0 {
		return wire.Yes
	}
	return wire.No
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	session Session
	sides   [2]side
	arena   []byte
}

type side struct {
	packets int
	ended   bool
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	channels := c.session.Client.Channels[:0]
	*c = Conversation{arena: c.arena[:0]}
	c.session.Client.Channels = channels
}

// Decode reads one direction. It returns [ErrTLS] where both sides agreed on TLS, and skips what is encrypted otherwise.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	for !s.ended && done < len(p) {
		r := p[done:]
		if len(r) < tpktLen {
			return done, tpktLen, nil
		}
		n := int(binary.BigEndian.Uint16(r[2:]))
		if r[0] != 3 || n < 7 || n > maxPacket {
			return done, 0, ErrPacket
		}
		if len(r) < n {
			return done, n, nil
		}
		if err := c.packet(dir, r[tpktLen:n], h); err != nil {
			return done, 0, err
		}
		if s.packets++; s.packets >= maxPackets {
			s.ended = true
		}
		if done += n; dir == wire.ToClient && c.tls() {
			return done, 0, ErrTLS
		}
	}
	if s.ended {
		return rest, 0, nil
	}
	return done, 0, nil
}

// tls reports whether what follows is TLS.
func (c *Conversation) tls() bool {
	r := &c.session.Response
	return r.Negotiates && r.Failure == 0 && r.Protocol != ProtocolRDP
}

func (c *Conversation) packet(dir wire.Dir, p []byte, h Handler) error {
	switch p[1] {
	case x224Request:
		if dir == wire.ToServer && len(p) >= 7 {
			c.request(p[7:])
			h.Step(Asked, &c.session)
		}
	case x224Confirm:
		if dir == wire.ToClient && len(p) >= 7 {
			c.response(p[7:])
			h.Step(Confirmed, &c.session)
		}
	case x224Data:
		return c.data(dir, p[3:], h)
	}
	return nil
}

// request reads what stands behind the fixed part of a connection request ([MS-RDPBCGR] §2.2.1.1).
func (c *Conversation) request(p []byte) {
	q := &c.session.Request
	*q = Request{}
	if line, after, ok := bytes.Cut(p, []byte("\r\n")); ok && bytes.HasPrefix(line, []byte("Cookie: ")) {
		line = line[len("Cookie: "):]
		if user, ok := bytes.CutPrefix(line, []byte("mstshash=")); ok {
			q.Cookie = c.keep(user)
		} else if token, ok := bytes.CutPrefix(line, []byte("msts=")); ok {
			q.Token = c.keep(token)
		}
		p = after
	}
	if len(p) >= 8 && p[0] == 1 {
		q.Negotiates, q.Flags, q.Protocols = true, p[1], Protocol(binary.LittleEndian.Uint32(p[4:]))
	}
}

// response reads what stands behind the fixed part of a confirmation ([MS-RDPBCGR] §2.2.1.2).
func (c *Conversation) response(p []byte) {
	r := &c.session.Response
	*r = Response{}
	if len(p) < 8 {
		return
	}
	v := binary.LittleEndian.Uint32(p[4:])
	switch p[0] {
	case 2:
		*r = Response{Negotiates: true, Flags: p[1], Protocol: Protocol(v)}
	case 3:
		*r = Response{Negotiates: true, Failure: Failure(v)}
	}
}

// Gap tells that bytes were lost: the beginning cannot be read on.
func (c *Conversation) Gap(wire.Dir, int) error { return wire.ErrLost }

// Close ends the conversation. Nothing is ever open.
func (c *Conversation) Close(Handler) {}
