package mime

import "bytes"

type encoding uint8

const (
	identity encoding = iota
	base64
	quotedPrintable
	uuencode
)

func encodingOf(v []byte) encoding {
	switch string(bytes.TrimSpace(v)) {
	case "base64":
		return base64
	case "quoted-printable":
		return quotedPrintable
	case "x-uuencode", "uuencode", "x-uue":
		return uuencode
	}
	return identity
}

// body is the content of a part that is no multipart.
type body struct {
	encoding encoding
	isText   bool // addresses are looked for in it
	isFile   bool // somebody wants it
	inline   bool // a uuencoded file within a text
	open     bool // the handler was told of it
	quads    quads
	eol      []byte // the line end before what comes next: it belongs to the boundary when one follows
	soft     []byte // quoted-printable: what may be the end of a line or an escape
	lost     int    // bytes never seen before what comes next
	out      []byte // decoded, not handed out yet
}

func (b *body) reset() {
	*b = body{eol: b.eol[:0], soft: b.soft[:0], out: b.out[:0]}
}

func (b *body) gap(n int) {
	b.lost += n
	b.eol, b.soft = b.eol[:0], b.soft[:0]
	b.quads = quads{}
}

// openPart begins a part that is no multipart.
func (m *Parser) openPart(h Handler) {
	m.state = inBody
	b := &m.body
	b.reset()
	m.text.reset()
	b.encoding = encodingOf(m.part.encoding)
	m.filename()
	b.isText = len(m.part.media) == 0 || bytes.HasPrefix(m.part.media, []byte("text/"))
	var kind [16]byte
	if len(m.part.name) > 0 || string(mediaType(kind[:0], m.part.disposition[:min(len(m.part.disposition), 16)])) == "attachment" {
		m.openFile(h)
	}
}

// openFile tells of an attachment whose content follows.
func (m *Parser) openFile(h Handler) {
	b := &m.body
	b.isFile, b.open = false, false
	if a := m.note(); a != nil {
		b.isFile = h.Open(a)
		b.open = b.isFile
	}
}

// filename puts the name of a part into its scratch (RFC 2183 §2.3; name= is older).
func (m *Parser) filename() {
	p := &m.part
	p.name = appendParameter(p.name[:0], p.disposition, "filename")
	if len(p.name) == 0 {
		p.name = appendParameter(p.name[:0], p.contentType, "name")
	}
	if len(p.name) > longFile {
		m.Oddities |= LongFilename
		p.name = p.name[:longFile]
	}
}

// note remembers the attachment whose name and type stand in the scratch; nil when there are too many.
func (m *Parser) note() *Attachment {
	if len(m.Attachments) >= maxAttachments {
		return nil
	}
	m.Attachments = append(m.Attachments, Attachment{})
	a := &m.Attachments[len(m.Attachments)-1]
	if len(m.part.name) > 0 {
		a.Name = m.keep(m.part.name)
	}
	if len(m.part.media) > 0 {
		a.Type = m.keep(m.part.media)
	}
	return a
}

// endPart ends the part at hand.
func (m *Parser) endPart(whole bool, h Handler) {
	if m.state != inBody {
		return
	}
	m.state = between
	b := &m.body
	if !b.inline && b.encoding == quotedPrintable {
		if len(b.soft) > 0 {
			m.decoded(b.soft)
		}
	}
	m.flush(h)
	m.text.end(m)
	if b.open {
		h.End(whole)
	}
	b.reset()
}

// content takes a line, or a piece of one, of a part.
func (m *Parser) content(p []byte, continued bool, h Handler) {
	b := &m.body
	if !b.isText && !b.isFile {
		return
	}
	bare := trimEnd(p)
	switch {
	case b.inline || b.encoding == uuencode || b.isText && b.encoding == identity && !continued && bytes.HasPrefix(bare, []byte("begin ")):
		m.uuline(p, bare, h)
	case b.encoding == base64:
		m.noteEncoded(len(bare), continued)
		b.out = b.quads.append(b.out, bare)
		if b.quads.bad {
			m.Oddities |= InvalidBase64
		}
	case b.encoding == quotedPrintable:
		m.noteEncoded(len(bare), continued)
		m.quoted(p)
	default:
		m.plainLine(p, bare)
	}
	if len(b.out) >= pieceSize {
		m.flush(h)
	}
}

// plainLine takes a line that is not encoded.
func (m *Parser) plainLine(p, bare []byte) {
	m.decoded(bare)
	m.body.eol = append(m.body.eol, p[len(bare):]...)
}

func (m *Parser) noteEncoded(n int, continued bool) {
	if n > longEncoded || continued {
		m.Oddities |= LongEncodedLine
	}
}

// decoded puts p behind the line end that waits.
func (m *Parser) decoded(p []byte) {
	b := &m.body
	b.out = append(append(b.out, b.eol...), p...)
	b.eol = b.eol[:0]
}

// flush hands out what is decoded.
func (m *Parser) flush(h Handler) {
	b := &m.body
	if len(b.out) == 0 && b.lost == 0 {
		return
	}
	if b.isText && !b.inline {
		m.text.look(m, b.out)
	}
	if b.open {
		h.Data(b.out, b.lost)
	}
	b.out, b.lost = b.out[:0], 0
}

// quoted undoes quoted-printable (RFC 2045 §6.7). An escape or a line end that is not all there waits in soft.
func (m *Parser) quoted(p []byte) {
	b := &m.body
	if len(b.soft) > 0 {
		b.soft = append(b.soft, p...)
		p = b.soft
	}
	i := 0
	for i < len(p) {
		n := bytes.IndexAny(p[i:], "= \t\r\n")
		if n < 0 {
			m.decoded(p[i:])
			i = len(p)
			break
		}
		if n > 0 {
			m.decoded(p[i : i+n])
		}
		i += n
		n = m.special(p[i:])
		if n == 0 {
			break
		}
		i += n
	}
	rest := p[i:]
	b.soft = append(b.soft[:0], rest[:min(len(rest), maxLine)]...)
}

// special takes an escape, blanks or a line end. It returns how many bytes they are; 0 when more must come.
func (m *Parser) special(p []byte) int {
	n := 0
	if p[0] == '=' {
		n = 1
	}
	for n < len(p) && (p[n] == ' ' || p[n] == '\t' || p[n] == '\r') {
		n++
	}
	switch {
	case n == len(p): // rule 3: blanks before the end of a line do not count
		return 0
	case p[n] == '\n' && p[0] == '=': // rule 5: a soft line break
		return n + 1
	case p[n] == '\n':
		m.decoded(nil)
		if n > 0 && p[n-1] == '\r' {
			m.body.eol = append(m.body.eol, '\r')
		}
		m.body.eol = append(m.body.eol, '\n')
		return n + 1
	case p[0] != '=':
		m.decoded(p[:n])
		return n
	}
	if len(p) < 3 && nibble(p[1]) < 16 {
		return 0
	}
	if len(p) >= 3 && nibble(p[1]) < 16 && nibble(p[2]) < 16 {
		m.decoded([]byte{nibble(p[1])<<4 | nibble(p[2])})
		return 3
	}
	m.Oddities |= InvalidQuotedPrintable
	m.decoded(p[:1])
	return 1
}

// uuline takes a line of a uuencoded file, or of the text around it.
func (m *Parser) uuline(p, bare []byte, h Handler) {
	b := &m.body
	if !b.inline {
		name, ok := uuName(bare)
		switch {
		case ok:
			m.beginInline(name, h)
		case b.encoding != uuencode:
			m.plainLine(p, bare)
		}
		return
	}
	if string(bytes.TrimSpace(bare)) == "end" {
		m.flush(h)
		if b.open && b.encoding != uuencode {
			h.End(true)
			b.open = false
		}
		b.inline = false
		return
	}
	b.out = appendUULine(b.out, bare)
}

// beginInline begins a uuencoded file. One in a part that is a file itself is that file.
func (m *Parser) beginInline(name []byte, h Handler) {
	b := &m.body
	m.flush(h)
	b.inline = true
	if b.open {
		return
	}
	m.part.name = append(m.part.name[:0], name...)
	m.part.media = m.part.media[:0]
	m.openFile(h)
}

// uuName reads "begin 644 NAME".
func uuName(p []byte) (name []byte, ok bool) {
	p, ok = bytes.CutPrefix(p, []byte("begin "))
	mode, name, found := bytes.Cut(p, []byte{' '})
	if !ok || !found || len(mode) < 3 || len(mode) > 4 || len(name) == 0 || len(name) > longFile {
		return nil, false
	}
	for _, c := range mode {
		if c < '0' || c > '7' {
			return nil, false
		}
	}
	return bytes.TrimSpace(name), true
}

// appendUULine undoes a line of uuencode: its first character is how many bytes it holds.
func appendUULine(dst, p []byte) []byte {
	if len(p) == 0 {
		return dst
	}
	n := int(p[0]-' ') & 63
	p = p[1:]
	for n > 0 && len(p) >= 2 {
		var q [4]byte
		for i := range q {
			if i < len(p) {
				q[i] = (p[i] - ' ') & 63
			}
		}
		three := [3]byte{q[0]<<2 | q[1]>>4, q[1]<<4 | q[2]>>2, q[2]<<6 | q[3]}
		k := min(n, 3)
		dst = append(dst, three[:k]...)
		n -= k
		p = p[min(4, len(p)):]
	}
	return dst
}
