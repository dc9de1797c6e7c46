// Package ssh reads what Secure Shell says before it encrypts (RFC 4253).
//
// Each side begins with a line that names the protocol's version and its software, then sends packets: a length of
// four bytes, a length of padding, a payload, the padding.
//
//	SSH-2.0-OpenSSH_9.6 Debian-4\r\n
//	| packet length | padding length | payload: 20 SSH_MSG_KEXINIT, cookie, ten lists of names | padding |
//
// In its first packet each side lists the algorithms it can use (SSH_MSG_KEXINIT); what is used is the first of the
// client's that the server has too. The lists and their order tell one implementation from another: HASSH. They
// agree on keys, say SSH_MSG_NEWKEYS, and nothing more can be read: [Conversation] skips the rest.
package ssh

import (
	"bytes"
	"encoding/binary"
	"fmt"

	"bulwark/wire"
)

// ErrBanner means that a side does not begin with the line that names the protocol.
var ErrBanner = fmt.Errorf("ssh: no identification line: %w", wire.ErrMalformed)

// ErrPacket means a packet of a length that no implementation sends.
var ErrPacket = fmt.Errorf("ssh: bad packet length: %w", wire.ErrMalformed)

const (
	// maxLine is RFC 4253 §4.2: 255 characters; some send more.
	maxLine = 1024
	// maxLines is how many other lines a server may send before the one that counts.
	maxLines = 50
	// maxPacket is beyond the 35,000 bytes of RFC 4253 §6.1, which some exceed.
	maxPacket = 60 << 10
	// rest skips all that may ever follow.
	rest = 1 << 62
)

// The messages that are read (RFC 4250 §4.1.2).
const (
	messageKexInit = 20
	messageNewKeys = 21
)

// Side is what one side said. Its slices point into memory of the conversation.
type Side struct {
	Protocol []byte // "2.0"; "1.99" for servers that speak version 1 too
	Software []byte // "OpenSSH_9.6"
	Comment  []byte // "Debian-4"
	Offer    KexInit
	HASSH    [32]byte // HASSH of a client, HASSHServer of a server; zero while there is no offer
}

// Session is what both sides said, as far as it was seen. It is valid during the call that hands it over.
type Session struct {
	Client, Server Side

	// Kex, HostKey, CipherOut, CipherIn, MACOut and MACIn are what both agree on; nil where they do not, or where an
	// offer was not seen. A cipher with its own integrity has a MAC that is not used (RFC 5647 §5.1).
	Kex, HostKey, CipherOut, CipherIn, MACOut, MACIn []byte

	Encrypted bool // both sides changed to the keys they agreed on
}

// Step says what a session has just learnt.
type Step uint8

// The steps of a greeting.
const (
	BannerSeen Step = iota + 1
	OfferSeen
)

// Handler takes what a conversation learns.
type Handler interface {
	// Step is called when a side has named itself or made its offer; dir is the side.
	Step(dir wire.Dir, step Step, s *Session)
	// Session is called once: when both sides encrypt, or when no more can come.
	Session(s *Session)
}

type state uint8

const (
	atBanner state = iota
	inPackets
	ended
)

type side struct {
	state   state
	lines   int
	newKeys bool
	banner  []byte
	offer   []byte
}

// Conversation is one connection. Its zero value is ready.
type Conversation struct {
	Space *wire.Space // of banners and offers; it may be nil

	session Session
	sides   [2]side
	text    []byte // scratch of the fingerprints
	told    bool
}

// Done tells whether nothing more will come of this conversation.
func (c *Conversation) Done() bool {
	return c.sides[0].state == ended && c.sides[1].state == ended
}

// Session is what both sides have said so far.
func (c *Conversation) Session() *Session { return &c.session }

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	for i := range c.sides {
		s := &c.sides[i]
		s.state, s.lines, s.newKeys, s.offer = atBanner, 0, false, s.offer[:0]
	}
	c.session, c.told = Session{}, false
}

func (c *Conversation) who(dir wire.Dir) *Side {
	if dir == wire.ToServer {
		return &c.session.Client
	}
	return &c.session.Server
}

// Decode reads one direction. Behind SSH_MSG_NEWKEYS it asks to skip the rest.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	s := &c.sides[dir]
	for s.state != ended && done < len(p) {
		n, need := 0, 0
		if s.state == atBanner {
			n, err = c.line(dir, p[done:], h)
		} else {
			n, need, err = c.packet(dir, p[done:], h)
		}
		if err != nil {
			c.sides[0].state, c.sides[1].state = ended, ended
			c.tell(h)
			return done, 0, err
		}
		if n == 0 {
			return done, need, nil
		}
		done += n
	}
	if s.state == ended {
		if c.Done() {
			c.session.Encrypted = c.sides[0].newKeys && c.sides[1].newKeys
			c.tell(h)
		}
		return rest, 0, nil
	}
	return done, 0, nil
}

// line reads a line before the packets. A server may send others before the one that counts (RFC 4253 §4.2).
func (c *Conversation) line(dir wire.Dir, p []byte, h Handler) (n int, err error) {
	s := &c.sides[dir]
	end := bytes.IndexByte(p[:min(len(p), maxLine)], '\n')
	if end < 0 {
		if len(p) >= maxLine || (s.lines == 0 && dir == wire.ToServer && !prefixed(p)) {
			return 0, ErrBanner
		}
		return 0, nil
	}
	text := bytes.TrimRight(p[:end], "\r")
	if !prefixed(text) || len(text) < 4 {
		if s.lines++; s.lines > maxLines || dir == wire.ToServer {
			return 0, ErrBanner
		}
		return end + 1, nil
	}
	s.banner = c.Space.Append(s.banner[:0], text)
	c.banner(dir, s.banner)
	s.state = inPackets
	h.Step(dir, BannerSeen, &c.session)
	if p := c.who(dir).Protocol; len(p) > 0 && p[0] == '1' && string(p) != "1.99" {
		s.state = ended // version 1 has packets of another form
	}
	return end + 1, nil
}

func prefixed(p []byte) bool {
	n := min(len(p), 4)
	return string(p[:n]) == "SSH-"[:n]
}

// banner takes "SSH-protoversion-softwareversion SP comments" apart (RFC 4253 §4.2).
func (c *Conversation) banner(dir wire.Dir, line []byte) {
	w := c.who(dir)
	w.Protocol = line[4:]
	i := bytes.IndexByte(w.Protocol, '-')
	if i < 0 {
		return
	}
	w.Protocol, w.Software = w.Protocol[:i], w.Protocol[i+1:]
	if i := bytes.IndexByte(w.Software, ' '); i >= 0 {
		w.Software, w.Comment = w.Software[:i], bytes.TrimSpace(w.Software[i+1:])
	}
}

// packet reads one packet (RFC 4253 §6), or skips it where it is of no interest.
func (c *Conversation) packet(dir wire.Dir, p []byte, h Handler) (n, need int, err error) {
	s := &c.sides[dir]
	if len(p) < 6 {
		return 0, 6, nil
	}
	length := binary.BigEndian.Uint32(p)
	if length < 2 || length > maxPacket {
		return 0, 0, ErrPacket
	}
	n = 4 + int(length)
	switch p[5] {
	case messageNewKeys:
		s.newKeys = true
		s.state = ended
		return n, 0, nil
	case messageKexInit:
		if c.who(dir).Offer.present {
			return n, 0, nil
		}
		if len(p) < n {
			return 0, n, nil
		}
		return n, 0, c.offer(dir, p[5:n-min(int(p[4]), n-5)], h)
	}
	return n, 0, nil
}

// offer keeps an SSH_MSG_KEXINIT, and settles what is agreed once both are known.
func (c *Conversation) offer(dir wire.Dir, payload []byte, h Handler) error {
	if len(payload) == 0 {
		return ErrKexInit
	}
	s, w := &c.sides[dir], c.who(dir)
	c.text = c.Space.Grow(c.text[:0], len(payload))
	s.offer = c.Space.Append(s.offer[:0], payload[1:])
	if err := w.Offer.Parse(s.offer); err != nil {
		return err
	}
	if dir == wire.ToServer {
		c.text = w.Offer.AppendHASSH(c.text[:0])
	} else {
		c.text = w.Offer.AppendHASSHServer(c.text[:0])
	}
	w.HASSH = md5Hex(c.text)
	h.Step(dir, OfferSeen, &c.session)
	c.agree()
	return nil
}

func (c *Conversation) agree() {
	s := &c.session
	a, b := &s.Client.Offer, &s.Server.Offer
	if !a.present || !b.present {
		return
	}
	s.Kex, s.HostKey = agreed(a.Kex, b.Kex), agreed(a.HostKeys, b.HostKeys)
	s.CipherOut, s.CipherIn = agreed(a.CiphersOut, b.CiphersOut), agreed(a.CiphersIn, b.CiphersIn)
	s.MACOut, s.MACIn = agreed(a.MACsOut, b.MACsOut), agreed(a.MACsIn, b.MACsIn)
}

func (c *Conversation) tell(h Handler) {
	if s := &c.session; !c.told && (s.Client.Protocol != nil || s.Server.Protocol != nil) {
		c.told = true
		h.Session(s)
	}
}

// Gap ends the reading of one side: where its next packet begins can no longer be known. A side whose first line was
// lost is not known at all.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	c.sides[dir].state = ended
	return nil
}

// Close hands over a session that was not.
func (c *Conversation) Close(h Handler) { c.tell(h) }

// Probe tells whether p begins an SSH connection. Both sides begin alike.
func Probe(p []byte) (wire.Match, wire.Dir) {
	switch {
	case !prefixed(p):
		return wire.No, wire.Either
	case len(p) < 5:
		return wire.Unsure, wire.Either
	case p[4] < '0' || p[4] > '9':
		return wire.No, wire.Either
	}
	return wire.Yes, wire.Either
}
