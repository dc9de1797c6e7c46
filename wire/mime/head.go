package mime

import "bytes"

// Field is one of the fields of the first head that are kept.
type Field uint8

// The fields, with where they are defined.
const (
	From           Field = iota // RFC 5322 §3.6.2
	To                          // §3.6.3
	Cc                          // §3.6.3
	Bcc                         // §3.6.3
	ReplyTo                     // §3.6.2
	Subject                     // §3.6.5
	MessageID                   // §3.6.4
	InReplyTo                   // §3.6.4
	References                  // §3.6.4
	Date                        // §3.6.1
	XMailer                     // by custom
	UserAgent                   // by custom
	XOriginatingIP              // by custom
	Importance                  // RFC 4021 §2.1.35
	Priority                    // RFC 4021 §2.1.33
	Sensitivity                 // RFC 4021 §2.1.34
	Organization                // by custom
	ContentMD5                  // RFC 1864
	fieldCount
)

var fieldNames = [fieldCount]string{"from", "to", "cc", "bcc", "reply-to", "subject", "message-id", "in-reply-to",
	"references", "date", "x-mailer", "user-agent", "x-originating-ip", "importance", "priority", "sensitivity",
	"organization", "content-md5"}

// String is the name of the field in lower case.
func (f Field) String() string { return fieldNames[f] }

// head takes a line of a head. A field that continues begins with a space (RFC 5322 §2.2.3).
func (m *Parser) head(p []byte, continued bool, h Handler) {
	bare := trimEnd(p)
	folded := continued || len(bare) > 0 && (bare[0] == ' ' || bare[0] == '\t')
	switch {
	case folded && len(m.header) > 0:
		m.extend(bare)
	case continued:
	case len(bare) == 0:
		m.field()
		m.endHead(h)
	case len(m.levels) > 0 && bytes.HasPrefix(bare, []byte("--")) && m.boundary(p, h): // a part that has no body
	default:
		m.field()
		m.extend(bare)
	}
}

// extend adds to the field at hand.
func (m *Parser) extend(p []byte) {
	m.header = append(m.header, p[:min(len(p), maxHeader-len(m.header))]...)
}

// field takes the field at hand, which is complete.
func (m *Parser) field() {
	p := m.header
	m.header = m.header[:0]
	i := bytes.IndexByte(p, ':')
	if i <= 0 {
		return
	}
	name, value := bytes.TrimRight(p[:i], " \t"), bytes.Trim(p[i+1:], " \t")
	if len(name) > longName {
		m.Oddities |= LongHeaderName
	}
	if len(value) > longValue {
		m.Oddities |= LongHeaderValue
	}
	m.HasHead = true
	var lower [32]byte
	if len(name) > len(lower) {
		return
	}
	m.keepField(lowered(lower[:0], name), value)
}

func (m *Parser) keepField(name, value []byte) {
	switch string(name) {
	case "content-type":
		m.part.contentType = append(m.part.contentType[:0], value...)
		return
	case "content-disposition":
		m.part.disposition = append(m.part.disposition[:0], value...)
		return
	case "content-transfer-encoding":
		m.part.encoding = lowered(m.part.encoding[:0], value)
		return
	}
	if m.HasBody || len(value) == 0 { // of a part: what is kept is the head of the message
		return
	}
	value = value[:min(len(value), maxValue)]
	if string(name) == "received" {
		if len(m.Received) < maxReceived {
			m.Received = append(m.Received, m.keep(value))
		}
		return
	}
	for f := range fieldNames {
		if string(name) == fieldNames[f] && m.Fields[f] == nil {
			m.Fields[f] = m.keep(value)
			return
		}
	}
}

// endHead takes the empty line behind a head: what kind of body follows?
func (m *Parser) endHead(h Handler) {
	p := &m.part
	m.HasBody = true
	p.media = mediaType(p.media[:0], p.contentType)
	p.name = appendParameter(p.name[:0], p.contentType, "boundary")
	switch {
	case bytes.HasPrefix(p.media, []byte("multipart/")) && len(p.name) > 0:
		m.open(p.name)
		m.state = between
	case string(p.media) == "message/rfc822" && plain(p.encoding):
		m.nested()
	case string(p.media) == "message/rfc822":
		m.doubt, m.state = true, inHead
		return
	default:
		m.openPart(h)
	}
	p.forget()
}

// settle decides by the first line of a message in the message what an encoding is worth that it must not have (RFC 2046
// §5.2.1): it does not hold where a field of a head stands there.
func (m *Parser) settle(p []byte, h Handler) {
	m.doubt = false
	name, _, found := bytes.Cut(p, []byte{':'})
	if found && len(name) > 0 && bytes.IndexFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) < 0 {
		m.nested()
	} else {
		m.openPart(h)
	}
	m.part.forget()
}

// open begins a multipart.
func (m *Parser) open(boundary []byte) {
	if len(boundary) > maxBoundary {
		m.Oddities |= LongBoundary
	}
	n := len(m.levels)
	if n >= maxDepth {
		m.Oddities |= TooDeep
		return
	}
	if n < cap(m.levels) {
		m.levels = m.levels[:n+1]
	} else {
		m.levels = append(m.levels, level{})
	}
	l := &m.levels[n]
	l.boundary = append(l.boundary[:0], boundary[:min(len(boundary), 2*maxBoundary)]...)
}

// nested begins a message within the message: its head follows.
func (m *Parser) nested() {
	if m.filename(); len(m.part.name) > 0 {
		m.note()
	}
	m.state = inHead
}

// plain reports whether an encoding leaves the lines as they are (RFC 2045 §6.2).
func plain(encoding []byte) bool {
	switch string(encoding) {
	case "", "7bit", "8bit", "binary":
		return true
	}
	return false
}

// boundary reports whether p is the boundary of one of the multiparts it stands in, and goes on behind it if so.
func (m *Parser) boundary(p []byte, h Handler) bool {
	rest := bytes.TrimRight(p[2:], " \t\r\n")
	for i := len(m.levels) - 1; i >= 0; i-- {
		after, ok := bytes.CutPrefix(rest, m.levels[i].boundary)
		if !ok || len(after) > 0 && string(after) != "--" {
			continue
		}
		if m.state == inHead {
			m.field()
		}
		m.endPart(true, h)
		m.levels = m.levels[:i+1]
		m.part.forget()
		m.state = inHead
		if len(after) > 0 { // the last one
			m.levels = m.levels[:i]
			m.state = between
		}
		return true
	}
	return false
}

func trimEnd(p []byte) []byte {
	if n := len(p); n > 0 && p[n-1] == '\n' {
		p = p[:n-1]
	}
	if n := len(p); n > 0 && p[n-1] == '\r' {
		p = p[:n-1]
	}
	return p
}

// lineEnd is the length of the line that p begins with; ended is false when its end is not in p.
func lineEnd(p []byte) (n int, ended bool) {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		return i + 1, true
	}
	return len(p), false
}

func lowered(dst, p []byte) []byte {
	for _, c := range p {
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		dst = append(dst, c)
	}
	return dst
}
