package smb

import (
	"bytes"
	"encoding/binary"

	"bulwark/wire"
	"bulwark/wire/spnego"
)

// maxScan is how many bytes behind a gap are searched for the next message before the conversation is given up.
const maxScan = 64 << 20

// The types of NetBIOS session packets (RFC 1002 §4.3.1).
const (
	nbMessage   = 0x00
	nbRequest   = 0x81
	nbKeepAlive = 0x85
)

// Conversation reads the messages of one connection. The zero value is ready.
type Conversation struct {
	// Pool is shared with other conversations; nil: it has one of its own.
	Pool *Pool

	sides       [2]side
	negotiation Negotiation
	summary     Summary
	tables      tables
	transaction Transaction // scratch
	pieces      Piece       // scratch
	text        []byte      // of the negotiation
	room        struct {    // of its lists, as long as it is enough
		dialects   [6]Dialect
		mechanisms [6]spnego.Mechanism
	}
}

// side is one direction.
type side struct {
	dir     wire.Dir
	left    int  // bytes of the present frame that are not done
	skip    int  // bytes of it that a gap left over
	lost    bool // the place of the next frame is not known
	scanned int
	chain   chain
	content content
}

// chain is what later commands of a chain inherit ([MS-SMB2] 3.3.5.2.7.2).
type chain struct {
	session uint64
	tree    uint32
	file    ref
}

// Probe says whether p begins a conversation, and from which side.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	switch p[0] {
	case nbMessage:
		return probeMessage(p)
	case nbRequest:
		return probeSessionRequest(p)
	}
	return wire.No, wire.Either
}

// probeSessionRequest asks for a called name of 32 letters A-P (RFC 1002 §4.3.2, RFC 1001 §14.1).
func probeSessionRequest(p []byte) (wire.Match, wire.Dir) {
	for i, b := range p[:min(len(p), 5+32)] {
		ok := true
		switch i {
		case 0, 3:
		case 1:
			ok = b == 0
		case 2:
			ok = b == 0
		case 4:
			ok = b == 32
		default:
			ok = 'A' <= b && b <= 'P'
		}
		if !ok {
			return wire.No, wire.Either
		}
	}
	if len(p) < 5+32 {
		return wire.Unsure, wire.ToServer
	}
	return wire.Yes, wire.ToServer
}

func probeMessage(p []byte) (wire.Match, wire.Dir) {
	for i, b := range p[:min(len(p), 8)] {
		if i == 4 && b < 0xfc || i > 4 && b != "SMB"[i-5] {
			return wire.No, wire.Either
		}
	}
	if len(p) < 8 {
		return wire.Unsure, wire.Either
	}
	switch body := p[4:]; p[4] {
	case 0xfe:
		if len(body) < 20 {
			return wire.Unsure, wire.Either
		}
		if le16(body, 4) != headerSize {
			return wire.No, wire.Either
		}
		if le32(body, 16)&flagResponse != 0 {
			return wire.Yes, wire.ToClient
		}
		return wire.Yes, wire.ToServer
	case 0xff:
		if len(body) < 10 {
			return wire.Unsure, wire.Either
		}
		if body[9]&0x80 != 0 { // [MS-CIFS] 2.2.3.1: SMB_FLAGS_REPLY
			return wire.Yes, wire.ToClient
		}
		return wire.Yes, wire.ToServer
	}
	return wire.Yes, wire.Either
}

// Decode reads messages.
func (c *Conversation) Decode(dir wire.Dir, p []byte, h Handler) (done, need int, err error) {
	c.pool()
	s := &c.sides[dir&1]
	s.dir = dir & 1
	to := tell(h)
	done, s.skip = s.skip, 0
	for done < len(p) {
		if s.lost {
			n, err := s.find(p[done:])
			done += n
			if s.lost || err != nil {
				return done, 0, err
			}
		}
		n, need := c.step(s, p[done:], to)
		done += n
		if need > 0 {
			return done, need, nil
		}
	}
	return done, 0, nil
}

// step reads the four bytes before a message, or a command of it. need is above 0 when that takes more bytes.
func (c *Conversation) step(s *side, p []byte, to told) (n, need int) {
	switch {
	case s.left == 0:
		return c.frame(s, p)
	case s.content.left > 0:
		return c.stream(s, p, to), 0
	}
	return c.unit(s, p, to)
}

// told is the handler in its forms; t is nil when it does not want transactions, c when it does not want content.
type told struct {
	h Handler
	t TransactionHandler
	c ContentHandler
}

func tell(h Handler) told {
	t, _ := h.(TransactionHandler)
	c, _ := h.(ContentHandler)
	return told{h, t, c}
}

// frame reads the four bytes before a message.
func (c *Conversation) frame(s *side, p []byte) (n, need int) {
	if len(p) < 4 {
		return 0, 4
	}
	length := int(binary.BigEndian.Uint32(p) & 0xffffff) // [MS-SMB2] 2.1
	switch {
	case p[0] == nbMessage && length == 0:
		return 4, 0
	case p[0] == nbMessage:
		if len(p) < 8 && length >= 4 {
			return 0, 8
		}
		if length < 4 || !isMagic(le32(p, 4)) {
			return c.lose(s)
		}
		s.left = length
		s.chain, s.content = chain{}, content{}
		return 4, 0
	case p[0] == nbRequest && length <= 256:
		if len(p) < 4+length {
			return 0, 4 + length
		}
		c.netBIOS(p[4 : 4+length])
		return 4 + length, 0
	case p[0] > nbRequest && p[0] <= nbKeepAlive && length <= 256:
		return 4 + length, 0
	}
	return c.lose(s)
}

// lose begins the search for the next frame.
func (c *Conversation) lose(s *side) (n, need int) {
	c.summary.Malformed++
	s.lost, s.left, s.scanned, s.content = true, 0, 0, content{}
	return 1, 0 // not to find the same again
}

// find looks for the next frame and says how many bytes lie before it.
func (s *side) find(p []byte) (n int, err error) {
	const enough = 10 // the four bytes, a magic, the size of a header
	for from := 0; ; {
		i := bytes.Index(p[from:], []byte("SMB"))
		at := from + i - 5
		if i < 0 || at+enough > len(p) {
			break
		}
		if at >= 0 && p[at] == nbMessage && isMagic(le32(p, at+4)) && (p[at+4] != 0xfe || le16(p, at+8) == headerSize) {
			s.lost = false
			return at, nil
		}
		from += i + 1
	}
	n = max(0, len(p)-enough+1) // a frame may begin in what is left
	if s.scanned += n; s.scanned > maxScan {
		err = wire.ErrLost
	}
	return n, err
}

// unit reads one command of a frame.
func (c *Conversation) unit(s *side, p []byte, to told) (n, need int) {
	if s.left < 4 {
		return s.end(s.left), 0
	}
	if len(p) < 4 {
		return 0, 4
	}
	switch le32(p, 0) {
	case magicSMB2:
		return c.command(s, p, to)
	case magicSMB1:
		return c.smb1(s, p, to)
	case magicEncrypted:
		c.summary.Encrypted++
	case magicCompressed:
		const transform = 16
		if want := min(s.left, transform); len(p) < want {
			return 0, want
		}
		c.summary.Compressed++
		// 2.2.42.1: an offset behind the message is what CVE-2020-0796 is made of
		if s.left < transform || le16(p, 10) == 0 && uint64(le32(p, 12)) > uint64(s.left) {
			c.summary.Malformed++
		}
	default:
		c.summary.Malformed++
	}
	c.summary.Messages++
	return s.end(s.left), 0
}

// end is done with n bytes of the frame.
func (s *side) end(n int) int {
	s.left -= n
	return n
}

// command reads one SMB 2 command.
func (c *Conversation) command(s *side, p []byte, to told) (n, need int) {
	if s.left < headerSize {
		c.summary.Malformed++
		return s.end(s.left), 0
	}
	if len(p) < headerSize {
		return 0, headerSize
	}
	h := parseHeader(p)
	length := s.left
	if h.next >= headerSize && h.next < length {
		length = h.next
	}
	want := min(length, h.wanted())
	if len(p) < want {
		return 0, want
	}
	c.summary.Messages++
	p = p[:want]
	if h.response {
		c.response(&h, p, s, to)
	} else {
		c.request(&h, p, s, to)
	}
	return c.contents(s, p, length, to), 0
}

// Gap tells of lost bytes. Within a frame the reading goes on behind it, else at the next one that is found.
func (c *Conversation) Gap(dir wire.Dir, n int) error {
	s := &c.sides[dir&1]
	c.summary.Gaps++
	if s.skip == 0 && !s.lost && s.content.left > 0 {
		if n -= s.gap(n); n == 0 {
			return nil
		}
	}
	whole := s.skip + s.left
	s.skip, s.left, s.content = 0, 0, content{}
	if n <= whole && !s.lost {
		s.skip = whole - n
		return nil
	}
	if !s.lost {
		s.lost, s.scanned = true, 0
	}
	return nil
}

// Close reports what is open.
func (c *Conversation) Close(h Handler) {
	to := tell(h)
	c.pool()
	for len(c.tables.waiting) > 0 {
		c.unanswered(to)
	}
	for _, s := range c.tables.sessions {
		if !s.Answered && s.Rounds > 0 {
			h.Record(s)
		}
	}
	c.summary.OpenFiles = len(c.tables.files)
	for len(c.tables.files) > 0 {
		c.endFile(c.tables.files[0], to)
	}
	if c.summary.Messages > 0 {
		c.summary.Negotiation = &c.negotiation
		h.Record(&c.summary)
	}
}

// Reset makes c ready for another conversation.
func (c *Conversation) Reset() {
	c.tables.reset()
	n := &c.negotiation
	*c = Conversation{
		Pool: c.Pool, tables: c.tables, text: c.text[:0],
		room: c.room, negotiation: Negotiation{
			Dialects: n.Dialects[:0], SMB1Dialects: n.SMB1Dialects[:0], Mechanisms: n.Mechanisms[:0], Ciphers: n.Ciphers[:0],
		},
	}
}

// keep appends a text to the negotiation's.
func (c *Conversation) keep(p []byte, utf16 bool) []byte {
	start := len(c.text)
	switch {
	case start > maxText:
	case utf16:
		c.text = appendName(c.pool().Space, c.text, p)
	default:
		c.text = c.pool().Space.Append(c.text, p[:min(len(p), 64)])
	}
	return c.text[start:len(c.text):len(c.text)]
}

// maxText is how long the names of a negotiation may be together, in bytes, before no more are kept.
const maxText = 2048

// mechanisms keeps the ways to sign on that a server takes.
func (c *Conversation) mechanisms(list ...spnego.Mechanism) []spnego.Mechanism {
	kept := c.negotiation.Mechanisms[:0]
	if cap(kept) == 0 {
		kept = c.room.mechanisms[:0]
	}
	return append(kept, list...)
}

// netBIOS reads a session request: the names of both ends (RFC 1002 §4.3.2).
func (c *Conversation) netBIOS(p []byte) {
	if len(p) < 68 || len(c.negotiation.Called) > 0 {
		return
	}
	c.negotiation.Called = c.netBIOSName(p[1:33])
	c.negotiation.Calling = c.netBIOSName(p[35:67])
}

// netBIOSName reads 32 letters A-P, half a byte each (RFC 1001 §14.1), without the spaces behind and the last byte,
// which says what kind of name it is.
func (c *Conversation) netBIOSName(p []byte) []byte {
	var name [15]byte
	for i := range name {
		name[i] = (p[2*i]-'A')<<4 | (p[2*i+1]-'A')&15
	}
	return c.keep(bytes.TrimRight(name[:], " \x00"), false)
}
