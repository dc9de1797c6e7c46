package smb

import "bulwark/wire"

// smb1HeaderSize is the length of a header of SMB 1 ([MS-CIFS] 2.2.3.1), and where its first block begins.
const smb1HeaderSize = 32

// The flags of a header of SMB 1 ([MS-CIFS] 2.2.3.1).
const (
	smb1Reply    = 0x80   // of Flags
	smb1NTStatus = 0x4000 // of Flags2
	smb1Unicode  = 0x8000
)

// maxChain is how many commands of one message of SMB 1 are read.
const maxChain = 8

// block is one command of a message of SMB 1 ([MS-CIFS] 2.2.3.2, 2.2.3.3): words of parameters, then bytes.
type block struct {
	p       []byte // the message, as far as it is there
	words   []byte
	at      int // where the bytes begin in p
	end     int // where they end; may be behind p
	unicode bool
	size    int // of the message, whether it is there or not
	space   *wire.Space
}

// bytes are those of the block that are there.
func (b *block) bytes() []byte { return part(b.p, b.at, b.end-b.at) }

// parseHeader1 reads a header of SMB 1.
func parseHeader1(p []byte) header {
	h := header{smb1: true, code: Code(p[4]), response: p[9]&smb1Reply != 0}
	if le16(p, 10)&smb1NTStatus != 0 {
		h.status = Status(le32(p, 5))
	} else {
		h.status = dosStatus(p[5], le16(p, 7))
	}
	h.process = uint32(le16(p, 26))
	h.message = uint64(le16(p, 12))<<32 | uint64(h.process)<<16 | uint64(le16(p, 30)) // 2.2.3.1: PIDHigh, PIDLow, MID
	h.tree, h.session = uint32(le16(p, 24)), uint64(le16(p, 28))
	return h
}

// wanted1 is how many bytes of a message of SMB 1 must be there to read it; what is read or written goes on behind.
func (h *header) wanted1() int {
	const words, names = 96, 4096
	switch h.code {
	case codeSessionX:
		return maxToken
	case codeWrite, codeWriteX, codeWriteAndClose, codeWriteAndUnlock:
		if !h.response {
			return words
		}
	case codeRead, codeReadX, codeLockAndRead, codeTrans, codeTrans2, codeNTTrans:
		if h.response {
			return smb1HeaderSize + words
		}
	}
	return names
}

// smb1 reads a message of SMB 1 ([MS-CIFS] 2.2.3).
func (c *Conversation) smb1(s *side, p []byte, to told) (n, need int) {
	if s.left < smb1HeaderSize+3 {
		c.summary.Messages++
		c.summary.SMB1++
		c.summary.Malformed++
		return s.end(s.left), 0
	}
	if len(p) < smb1HeaderSize {
		return 0, smb1HeaderSize
	}
	h := parseHeader1(p)
	want := min(s.left, h.wanted1())
	if len(p) < want {
		return 0, want
	}
	c.summary.Messages++
	c.summary.SMB1++
	c.blocks(&h, p[:want], s, to)
	return c.contents(s, p[:want], s.left, to), 0
}

// blocks reads the commands of a message: each that may be followed by another says where it stands ([MS-CIFS]
// 2.2.3.4). The header's status is that of the last.
func (c *Conversation) blocks(h *header, p []byte, s *side, to told) {
	status := h.status
	b := block{p: p, unicode: le16(p, 10)&smb1Unicode != 0, size: s.left, space: c.tables.pool.Space}
	for at, n := smb1HeaderSize, 0; n < maxChain; n++ {
		next, code := b.read(at, h.code)
		if b.words == nil {
			c.summary.Malformed++
			return
		}
		h.command, h.status = h.code.command(), status
		if next > 0 {
			h.status = Success
		}
		if h.response {
			c.response1(h, &b, s, to)
		} else {
			c.request1(h, &b, s, to)
		}
		if next == 0 {
			return
		}
		at, h.code = next, code
	}
}

// read takes the block at a place in the message, and says where the next one is and of what code; 0 for none.
func (b *block) read(at int, code Code) (next int, follows Code) {
	b.words = nil
	if at >= len(b.p) {
		return 0, 0
	}
	count := 2 * int(b.p[at])
	b.words = part(b.p, at+1, count)
	if len(b.words) < count || at+1+count+2 > len(b.p) {
		b.words = nil
		return 0, 0
	}
	b.at = at + 1 + count + 2
	b.end = b.at + int(le16(b.p, at+1+count))
	if !code.chains() || count < 4 {
		return 0, 0
	}
	next, follows = int(le16(b.words, 2)), Code(b.words[0])
	if follows == codeNone || next <= at || next >= len(b.p) {
		return 0, 0
	}
	return next, follows
}

// text appends the string at a place of the message to dst as UTF-8, and says what is behind it. UTF-16 begins at an
// even place ([MS-CIFS] 2.2.1.1.1); a string ends with a NUL or with the block.
func (b *block) text(dst []byte, at int) (text []byte, next int) {
	end := min(b.end, len(b.p))
	if b.unicode {
		at += at & 1
		raw := untilZero(part(b.p, at, max(0, end-at)))
		return appendName(b.space, dst, raw), at + len(raw) + 2
	}
	raw := part(b.p, at, max(0, end-at))
	for i, x := range raw {
		if x == 0 {
			raw = raw[:i]
			break
		}
	}
	return b.space.Append(dst, raw[:min(len(raw), MaxName)]), at + len(raw) + 1
}

// ascii is a string that is never UTF-16: a dialect, a service.
func (b *block) ascii(dst []byte, at int) (text []byte, next int) {
	plain := *b
	plain.unicode = false
	return plain.text(dst, at)
}

// id1 is the FileID of a file identifier of SMB 1, which has two bytes. The last byte keeps it apart from SMB 2's.
func id1(fid uint16) FileID { return FileID{0: byte(fid), 1: byte(fid >> 8), 15: 1} }

// AppendShort appends the text of id as EVE writes that of a file opened in SMB 1.
func (id FileID) AppendShort(dst []byte) []byte { return hexGroups(dst, id, []byte{1, 0}) }
