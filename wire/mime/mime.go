// Package mime reads messages of electronic mail while they cross the wire (RFC 5322, RFC 2045-2049).
//
// A message is a head, an empty line and a body. The head of a multipart names a boundary, and its body is a row of
// parts between lines of that boundary, each again a head, an empty line and a body; a part may be a whole message.
//
//	Content-Type: multipart/mixed; boundary=x
//
//	--x
//	Content-Type: text/plain
//
//	See https://hospital.example
//	--x
//	Content-Type: application/pdf; name=report.pdf
//	Content-Transfer-Encoding: base64
//
//	JVBERi0xLjQK
//	--x--
//
// [Parser] takes the bytes as they come and keeps none of the bodies: it remembers the fields of the first head, the
// names of attachments and the addresses in texts, and hands the content of attachments on, decoded, piece by piece.
package mime

import (
	"crypto/md5"
	"hash"

	"bulwark/wire"
)

// What a parser keeps at most; what is beyond is left out and told by [Message.Oddities].
const (
	maxLine        = 4 << 10  // bytes of a line of a body that are looked at together
	maxHeader      = 16 << 10 // bytes of one field with its continuations
	maxValue       = 8 << 10  // bytes of one value that are kept
	maxKept        = 64 << 10 // bytes of all values, names and addresses
	maxDepth       = 12       // multiparts and messages within one another
	maxBoundary    = 254      // RFC 2046 §5.1.1 allows 70; Suricata calls longer ones than this an anomaly
	maxReceived    = 64
	maxAttachments = 256
	maxURLs        = 256
	maxURL         = 2 << 10
	pieceSize      = 8 << 10 // decoded bytes handed out at a time
)

// Limits above which a message is called odd, as in Suricata.
const (
	longLine    = 998  // RFC 5322 §2.1.1
	longEncoded = 76   // RFC 2045 §6.7, §6.8
	longName    = 75   // RFC 2047 §2: a line of 76 with the colon
	longValue   = 2000 // without a rule behind it
	longFile    = 255
)

// Oddities are what is wrong with a message, one bit each. Zero: nothing.
type Oddities uint16

// What a message should not have.
const (
	InvalidBase64 Oddities = 1 << iota
	InvalidQuotedPrintable
	LongLine
	LongEncodedLine
	LongHeaderName
	LongHeaderValue
	LongBoundary
	LongFilename
	TooDeep // more parts within one another than are read
)

// Attachment is a part with a name, or one that is said to be an attachment.
type Attachment struct {
	Name []byte // as sent, with its encodings undone; nil where none is given
	Type []byte // declared media type, lower case; nil where none is given
}

// Message is what is known of a message. Its slices hold until the parser is reset.
type Message struct {
	Fields      [fieldCount][]byte // values of the first head as sent, unfolded; nil where a field is not there
	Received    [][]byte           // the trace, last hop first
	Attachments []Attachment
	URLs        [][]byte // in texts, in order
	BodyMD5     [md5.Size]byte
	Size, Lost  uint64 // octets of the message, and of them those that were never seen
	HasBody     bool   // the first head has ended
	Body        uint64 // octets behind it; BodyMD5 is their digest once the parser is closed
	HasHead     bool   // a field was seen
	Closed      bool   // the message has ended
	Oddities    Oddities
}

// SubjectMD5 is the digest of the Subject as sent.
func (m *Message) SubjectMD5() [md5.Size]byte { return md5.Sum(m.Fields[Subject]) }

// Handler takes the content of attachments.
type Handler interface {
	// Open tells of an attachment whose content follows. False says that nobody wants it.
	Open(a *Attachment) bool
	// Data hands over decoded bytes of the attachment that was opened last. lost bytes before them were never seen.
	Data(p []byte, lost int)
	// End tells that the attachment has ended; whole is false where the message broke off in it.
	End(whole bool)
}

type state uint8

const (
	inHead state = iota
	inBody
	between // the parts of a multipart: preamble or epilogue
)

// Parser reads one message. Its zero value is ready.
type Parser struct {
	Message

	state  state
	within bool   // the bytes that come next stand within a line
	torn   bool   // of which the beginning was lost
	doubt  bool   // a message within the message has begun, with an encoding that it must not have
	line   []byte // the beginning of a line
	header []byte // the field at hand with its continuations
	kept   []byte // what Message points to
	levels []level
	part   part
	body   body
	text   scanner
	md5    hash.Hash
}

// level is a multipart that has begun.
type level struct{ boundary []byte }

// part is what the head at hand says of its body.
type part struct {
	contentType, disposition, encoding []byte
	media, name                        []byte // scratch
}

// forget makes p ready for another head.
func (p *part) forget() {
	p.contentType, p.disposition, p.encoding = p.contentType[:0], p.disposition[:0], p.encoding[:0]
}

// Furnish gives a new parser the memory for what most messages have.
func (m *Parser) Furnish(s *wire.Space) {
	m.line, m.header, m.kept = s.Grow(m.line, 256), s.Grow(m.header, 256), s.Grow(m.kept, 1<<10)
	m.body.out, m.body.eol = s.Grow(m.body.out, 512), s.Grow(m.body.eol, 2)
	m.part.contentType, m.part.disposition = s.Grow(m.part.contentType, 64), s.Grow(m.part.disposition, 64)
	m.part.encoding, m.part.media, m.part.name = s.Grow(m.part.encoding, 16), s.Grow(m.part.media, 32), s.Grow(m.part.name, 32)
}

// Reset makes m ready for another message.
func (m *Parser) Reset() {
	received, attachments, urls := m.Received, m.Attachments, m.URLs
	clear(received)
	clear(attachments)
	clear(urls)
	m.Message = Message{Received: received[:0], Attachments: attachments[:0], URLs: urls[:0]}
	m.state, m.within, m.torn, m.doubt = inHead, false, false, false
	m.line, m.header, m.kept, m.levels = m.line[:0], m.header[:0], m.kept[:0], m.levels[:0]
	m.part.forget()
	m.body.reset()
	m.text.reset()
	if m.md5 != nil {
		m.md5.Reset()
	}
}

// keep copies v into memory that holds until the parser is reset; as much as there is room for.
func (m *Parser) keep(v []byte) []byte {
	v = v[:min(len(v), maxKept-len(m.kept))]
	at := len(m.kept)
	m.kept = append(m.kept, v...)
	return m.kept[at:len(m.kept):len(m.kept)]
}

// Write takes the next bytes of the message.
func (m *Parser) Write(p []byte, h Handler) {
	m.Size += uint64(len(p))
	for len(p) > 0 {
		n, ended := lineEnd(p)
		n = min(n, maxLine-len(m.line))
		ended = ended && p[n-1] == '\n'
		piece := p[:n]
		p = p[n:]
		if len(m.line) > 0 || !ended && n < maxLine {
			m.line = append(m.line, piece...)
			piece = m.line
		}
		if ended || len(piece) >= maxLine {
			m.piece(piece, ended, h)
			m.line = m.line[:0]
		}
	}
}

// piece takes a line, or a part of one that is longer than what is looked at together.
func (m *Parser) piece(p []byte, ended bool, h Handler) {
	continued := m.within
	m.within = !ended
	if continued && !m.torn || len(p) > longLine+2 {
		m.Oddities |= LongLine
	}
	m.torn = m.torn && !ended
	if m.HasBody {
		m.digest(p)
	}
	if m.doubt {
		m.settle(p, h)
	}
	if m.state == inHead {
		m.head(p, continued, h)
		return
	}
	if !continued && len(p) > 2 && p[0] == '-' && p[1] == '-' && m.boundary(p, h) {
		return
	}
	if m.state == inBody {
		m.content(p, continued, h)
	}
}

func (m *Parser) digest(p []byte) {
	if m.md5 == nil {
		m.md5 = md5.New()
	}
	m.md5.Write(p)
	m.Body += uint64(len(p))
}

// Gap tells that n bytes of the message were never seen.
func (m *Parser) Gap(n int, h Handler) {
	m.Size += uint64(n)
	m.Lost += uint64(n)
	if len(m.line) > 0 {
		m.piece(m.line, false, h)
		m.line = m.line[:0]
	}
	m.within, m.torn = true, true // a boundary in what was lost is missed; one that follows is not
	if m.state == inBody {
		m.decoded(m.body.soft)
		m.flush(h)
		m.body.gap(n)
	}
}

// Close tells that the message has ended; whole is false where it broke off.
func (m *Parser) Close(whole bool, h Handler) {
	if len(m.line) > 0 {
		m.piece(m.line, true, h)
		m.line = m.line[:0]
	}
	if m.state == inHead && !m.doubt {
		m.field()
	}
	m.endPart(whole, h)
	if m.Body > 0 {
		m.md5.Sum(m.BodyMD5[:0])
	}
	m.Closed = whole
}
