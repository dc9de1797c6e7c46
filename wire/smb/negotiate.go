package smb

// askNegotiate reads [MS-SMB2] 2.2.3.
func (c *Conversation) askNegotiate(p []byte) {
	n := &c.negotiation
	n.Dialects = n.Dialects[:0]
	for i := range min(int(le16(p, 66)), MaxDialects) {
		if d := Dialect(le16(p, 100+2*i)); d != 0 {
			if cap(n.Dialects) == 0 {
				n.Dialects = c.room.dialects[:0]
			}
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
		n.Mechanisms = c.mechanisms(c.token().Offered...)
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

// untilZero is UTF-16 text up to its end mark.
func untilZero(p []byte) []byte {
	for i := 0; i+1 < len(p); i += 2 {
		if p[i] == 0 && p[i+1] == 0 {
			return p[:i]
		}
	}
	return p
}
