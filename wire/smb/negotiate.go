package smb

import (
	"bytes"

	"bulwark/wire/spnego"
)

// askNegotiate reads [MS-SMB2] 2.2.3.
func (c *Conversation) askNegotiate(p []byte) {
	n := &c.negotiation
	n.Dialects = n.Dialects[:0]
	for i := range min(int(le16(p, 66)), MaxDialects) {
		if d := Dialect(le16(p, 100+2*i)); d != 0 {
			n.Dialects = append(n.Dialects, d)
		}
	}
	n.ClientSecurity = Security(le16(p, 68))
	n.ClientCapabilities = Capabilities(le32(p, 72))
	n.ClientGUID = GUID(fileID(p, 76))
	for _, d := range n.Dialects {
		if d == SMB311 { // 2.2.3: only then contexts follow
			c.contexts(p, int(le32(p, 92)), int(le16(p, 96)), false)
		}
	}
}

// answerNegotiate reads [MS-SMB2] 2.2.4.
func (c *Conversation) answerNegotiate(h *header, p []byte) outcome {
	n := &c.negotiation
	n.Status, n.Answered = h.status, true
	if h.status.Failed() {
		return outcome{record: n}
	}
	n.ServerSecurity = Security(le16(p, 66))
	n.Dialect = Dialect(le16(p, 68))
	n.ServerGUID = GUID(fileID(p, 72))
	n.ServerCapabilities = Capabilities(le32(p, 88))
	n.MaxTransact, n.MaxRead, n.MaxWrite = le32(p, 92), le32(p, 96), le32(p, 100)
	n.ServerTime, n.ServerStart = unixNano(le64(p, 104)), unixNano(le64(p, 112))
	if c.readToken(part(p, int(le16(p, 120)), int(le16(p, 122)))) {
		n.Mechanisms = append(n.Mechanisms[:0], c.token.Offered...)
	}
	if n.Dialect == SMB311 {
		c.contexts(p, int(le32(p, 124)), int(le16(p, 70)), true)
	}
	return outcome{record: n}
}

// The negotiate contexts that are read ([MS-SMB2] 2.2.3.1).
const (
	contextEncryption  = 2
	contextCompression = 3
	contextNetname     = 5
)

// contexts reads the negotiate contexts of SMB 3.1.1 ([MS-SMB2] 2.2.3.1): type, length, four bytes, value, each at a
// multiple of eight.
func (c *Conversation) contexts(p []byte, at, count int, answer bool) {
	n := &c.negotiation
	for range min(count, 16) {
		if at < headerSize || at+8 > len(p) {
			return
		}
		length := int(le16(p, at+2))
		value := part(p, at+8, length)
		switch le16(p, at) {
		case contextEncryption:
			ciphers := min(int(le16(value, 0)), 8)
			if answer {
				n.Cipher = Cipher(le16(value, 2))
				break
			}
			n.Ciphers = n.Ciphers[:0]
			for i := range ciphers {
				n.Ciphers = append(n.Ciphers, Cipher(le16(value, 2+2*i)))
			}
		case contextCompression: // 2.2.3.1.3: count, two bytes, flags, algorithms
			if answer && le16(value, 0) > 0 {
				n.Compression = Compression(le16(value, 8))
			}
		case contextNetname:
			n.Netname = c.keep(value, true)
		}
		at += 8 + (length+7)&^7
	}
}

// smb1 reads a message of SMB 1 ([MS-CIFS] 2.2.3): the negotiation, nothing else.
func (c *Conversation) smb1(s *side, p []byte, to told) (n, need int) {
	const headerSize, negotiate = 32, 0x72
	want := min(s.left, 2048)
	if len(p) < want {
		return 0, want
	}
	p = p[:want]
	c.summary.Messages++
	c.summary.SMB1++
	if want < headerSize+3 {
		c.summary.Malformed++
		return s.end(s.left), 0
	}
	if p[4] == negotiate {
		if p[9]&0x80 == 0 { // [MS-CIFS] 2.2.3.1: SMB_FLAGS_REPLY
			c.smb1Ask(p[headerSize:], to)
		} else {
			c.smb1Answer(Status(le32(p, 5)), p[headerSize:], to)
		}
	}
	return s.end(s.left), 0
}

// smb1Ask reads the dialects that a client offers ([MS-CIFS] 2.2.4.52.1): each a 2, a name and a zero. They come
// behind a count of words, which is 0, and a length of two bytes.
func (c *Conversation) smb1Ask(p []byte, to told) {
	n := &c.negotiation
	n.SMB1Dialects = n.SMB1Dialects[:0]
	if len(c.tables.waiting) >= MaxWaiting {
		c.unanswered(to)
	}
	c.tables.waiting = append(c.tables.waiting, request{command: Negotiate, smb1: true})
	for p = p[min(3, len(p)):]; len(p) > 1 && p[0] == 2 && len(n.SMB1Dialects) < MaxDialects; {
		end := bytes.IndexByte(p, 0)
		if end < 0 {
			return
		}
		n.SMB1Dialects = append(n.SMB1Dialects, c.keep(p[1:end], false))
		p = p[end+1:]
	}
}

// smb1Answer reads the server's choice ([MS-CIFS] 2.2.4.52.2, [MS-SMB] 2.2.4.5.2).
func (c *Conversation) smb1Answer(status Status, p []byte, to told) {
	n := &c.negotiation
	r, asked := c.tables.take(0, false)
	n.Status, n.Answered = status, true
	words, index := int(p[0]), int(le16(p, 1))
	if !status.Failed() && index != 0xffff { // else no dialect suits
		n.Dialect = SMB1
		if index < len(n.SMB1Dialects) {
			n.SMB1Dialect = n.SMB1Dialects[index]
		}
	}
	if words == 17 { // NT LM 0.12
		c.ntLM(p[1:])
	}
	h := header{command: Negotiate, status: status}
	r.command, r.smb1 = Negotiate, true
	if !asked {
		c.summary.Unasked++
	}
	c.tellTransaction(&h, &r, asked, true, to)
	to.h.Record(n)
}

// ntLM reads the 17 words and the bytes behind of the last dialect of SMB 1.
func (c *Conversation) ntLM(p []byte) {
	const words = 34
	n := &c.negotiation
	mode := byteAt(p, 2)
	n.ServerSecurity = 0
	if mode&0x04 != 0 {
		n.ServerSecurity |= SigningEnabled
	}
	if mode&0x08 != 0 {
		n.ServerSecurity |= SigningRequired
	}
	n.ServerTime = unixNano(le64(p, 23))
	challenge := int(byteAt(p, 33))
	data := part(p, words+2, int(le16(p, words)))
	const extendedSecurity = 0x80000000
	if le32(p, 19)&extendedSecurity != 0 {
		n.ServerGUID = GUID(fileID(data, 0))
		if len(data) > 16 && c.readToken(data[16:]) {
			n.Mechanisms = append(n.Mechanisms[:0], c.token.Offered...)
		}
		return
	}
	n.Mechanisms = append(n.Mechanisms[:0], spnego.NTLM)
	names := part(data, challenge, len(data))
	n.Domain = c.keep(untilZero(names), true)
}

// untilZero is UTF-16 text up to its end mark.
func untilZero(p []byte) []byte {
	for i := 0; i+1 < len(p); i += 2 {
		if p[i] == 0 && p[i+1] == 0 {
			return p[:i]
		}
	}
	return p
}
