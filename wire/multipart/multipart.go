// Package multipart takes apart the bodies of HTTP that hold several parts (RFC 2046 §5.1): forms with files (RFC 7578),
// and the objects of DICOMweb (PS3.18 §8.6). Unlike those of mail (package wire/mime) their parts are not encoded, so the
// bytes are handed on as they come.
//
//	--x
//	Content-Disposition: form-data; name="report"; filename="report.pdf"
//	Content-Type: application/pdf
//
//	%PDF-1.7 ...
//	--x--
package multipart

import "bytes"

// Part is what the head of a part says. Its slices hold until the next part.
type Part struct {
	Disposition []byte // Content-Disposition
	Type        []byte // Content-Type
	Encoded     bool   // its bytes are in an encoding of mail, which HTTP does not use
}

// Handler takes parts. What it is handed is valid during the call.
type Handler interface {
	// Begin begins a part; false: its bytes are not wanted.
	Begin(p *Part) bool
	// Bytes are the next ones of a part.
	Bytes(p []byte)
	// End ends a part. A body that is cut ends without.
	End()
}

const (
	maxBoundary = 70 // RFC 2046 §5.1.1
	maxHead     = 8 << 10
)

// Splitter takes one body apart. Make it ready with Reset.
type Splitter struct {
	delimiter [4 + maxBoundary]byte // CR LF, two hyphens, the boundary
	size      int
	state     state
	matched   int // bytes of the delimiter that were met at the end of what came
	fresh     bool
	line      []byte // of a head, or behind a delimiter
	kept      int    // bytes of the head so far
	part      Part
	wanted    bool
}

type state uint8

const (
	preamble state = iota
	behind         // a delimiter: two hyphens more end the body
	head
	body
	epilogue
)

// Reset makes s ready for a body whose Content-Type is given. It reports false where that names no boundary.
func (s *Splitter) Reset(contentType []byte) bool {
	b := Parameter(contentType, "boundary")
	if len(b) == 0 || len(b) > maxBoundary || bytes.IndexByte(b, '\r') >= 0 {
		return false
	}
	s.size = copy(s.delimiter[:], "\r\n--")
	s.size += copy(s.delimiter[s.size:], b)
	s.state, s.matched, s.fresh = preamble, 2, true // the first delimiter may stand at the very beginning
	s.line, s.kept, s.wanted = s.line[:0], 0, false
	return true
}

// Write takes the next bytes of the body.
func (s *Splitter) Write(p []byte, h Handler) {
	for len(p) > 0 {
		switch s.state {
		case epilogue:
			return
		case preamble, body:
			p = s.search(p, h)
		default:
			p = s.readLine(p, h)
		}
	}
}

// Lost notes that bytes were lost: what is at hand goes on to the next delimiter.
func (s *Splitter) Lost() {
	if s.matched, s.fresh = 0, false; s.state == head || s.state == behind {
		s.state, s.wanted = preamble, false
	}
}

// search looks for the next delimiter, hands on what stands before it, and returns what stands behind.
func (s *Splitter) search(p []byte, h Handler) []byte {
	d := s.delimiter[:s.size]
	if s.matched > 0 {
		return s.match(p, d, h)
	}
	if i := bytes.Index(p, d); i >= 0 {
		s.emit(p[:i], h)
		s.found(h)
		return p[i+len(d):]
	}
	at := len(p)
	for i := max(0, len(p)-len(d)+1); i < len(p); i++ {
		if p[i] == '\r' && bytes.HasPrefix(d, p[i:]) {
			at = i
			break
		}
	}
	s.emit(p[:at], h)
	s.matched = len(p) - at
	return nil
}

// match goes on with a delimiter whose beginning was met.
func (s *Splitter) match(p, d []byte, h Handler) []byte {
	n := 0
	for n < len(p) && s.matched+n < len(d) && p[n] == d[s.matched+n] {
		n++
	}
	switch {
	case s.matched+n == len(d):
		s.matched, s.fresh = 0, false
		s.found(h)
	case n == len(p):
		s.matched += n
	default: // it was none: a CR stands only at its beginning, so another may begin here at the earliest
		from := 0
		if s.fresh {
			from = 2
		}
		s.emit(d[from:s.matched+n], h)
		s.matched, s.fresh = 0, false
	}
	return p[n:]
}

func (s *Splitter) emit(p []byte, h Handler) {
	if len(p) > 0 && s.wanted {
		h.Bytes(p)
	}
}

// found ends the part before a delimiter.
func (s *Splitter) found(h Handler) {
	if s.wanted {
		h.End()
	}
	s.state, s.wanted, s.line = behind, false, s.line[:0]
}

// readLine reads the rest of the line of a delimiter, or a line of a head.
func (s *Splitter) readLine(p []byte, h Handler) []byte {
	end := bytes.IndexByte(p, '\n')
	part := p
	if end >= 0 {
		part = p[:end]
	}
	if room := maxHead - s.kept; len(part) > room {
		part = part[:room]
	}
	s.line = append(s.line, part...)
	s.kept += len(part)
	if s.state == behind && bytes.HasPrefix(s.line, []byte("--")) {
		s.state = epilogue
		return nil
	}
	if end < 0 {
		return nil
	}
	s.act(bytes.TrimSuffix(s.line, []byte("\r")), h)
	s.line = s.line[:0]
	return p[end+1:]
}

// act acts on a whole line.
func (s *Splitter) act(line []byte, h Handler) {
	switch {
	case s.state == behind:
		s.state, s.kept = head, 0
		s.part = Part{Disposition: s.part.Disposition[:0], Type: s.part.Type[:0]}
	case len(line) > 0:
		name, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimSpace(value)
		switch {
		case bytes.EqualFold(name, []byte("content-disposition")):
			s.part.Disposition = append(s.part.Disposition[:0], value...)
		case bytes.EqualFold(name, []byte("content-type")):
			s.part.Type = append(s.part.Type[:0], value...)
		case bytes.EqualFold(name, []byte("content-transfer-encoding")):
			s.part.Encoded = !bytes.EqualFold(value, []byte("binary")) && !bytes.EqualFold(value, []byte("8bit")) && !bytes.EqualFold(value, []byte("7bit"))
		}
	default:
		s.state, s.matched, s.fresh, s.kept = body, 2, true, 0
		s.wanted = h.Begin(&s.part)
	}
}

// Parameter is a parameter of a field such as Content-Type or Content-Disposition (RFC 9110 §5.6.6); nil where it is not
// there. Of a quoted value the backslashes are left as they stand, as browsers send names of files.
func Parameter(field []byte, name string) []byte {
	_, rest, _ := bytes.Cut(field, []byte(";"))
	for len(rest) > 0 {
		rest = bytes.TrimLeft(rest, " \t;")
		eq := bytes.IndexAny(rest, "=;")
		if eq < 0 {
			return nil
		}
		key := bytes.TrimSpace(rest[:eq])
		if rest[eq] == ';' {
			rest = rest[eq:]
			continue
		}
		var value []byte
		value, rest = parameterValue(bytes.TrimLeft(rest[eq+1:], " \t"))
		if bytes.EqualFold(key, []byte(name)) {
			return value
		}
	}
	return nil
}

// parameterValue reads a value, and returns what stands behind it.
func parameterValue(p []byte) (value, rest []byte) {
	if len(p) == 0 || p[0] != '"' {
		value, rest, _ = bytes.Cut(p, []byte(";"))
		return bytes.TrimSpace(value), rest
	}
	for i := 1; i < len(p); i++ {
		if p[i] == '"' && p[i-1] != '\\' {
			return p[1:i], p[i+1:]
		}
	}
	return p[1:], nil
}
