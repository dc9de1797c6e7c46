package http

import (
	"bytes"
	"iter"
	"slices"

	"bulwark/wire"
)

const (
	// maxLine is how much of one line is read, in bytes; the rest of a longer one is passed over.
	maxLine = 16 << 10
	// maxHead is how much of a head is kept, in bytes. Fields behind it are followed for what they say of the body.
	maxHead = 40 << 10
	// maxFields is how many fields of a head are kept.
	maxFields = 200
)

// Name is a field that is found without a search.
type Name uint8

// The fields that are known by number.
const (
	other Name = iota
	Host
	UserAgent
	Referer
	Accept
	AcceptEncoding
	AcceptLanguage
	Authorization
	ProxyAuthorization
	Cookie
	Connection
	ContentDisposition
	ContentEncoding
	ContentLength
	ContentRange
	ContentType
	Forwarded
	Location
	Origin
	Range
	Server
	SetCookie
	TransferEncoding
	Upgrade
	Via
	WWWAuthenticate
	XForwardedFor
	names
)

// nameOf finds the number of a field name, whatever its case (RFC 9110 §5.1).
func nameOf(b []byte) Name {
	n := plainName(b)
	if n == other && bytes.IndexByte(b, 0) >= 0 {
		var room [32]byte
		n = plainName(withoutZeros(room[:], b))
	}
	return n
}

func plainName(b []byte) Name {
	switch len(b) {
	case 3:
		return match(b, "via", Via)
	case 4:
		return match(b, "host", Host)
	case 5:
		return match(b, "range", Range)
	case 6:
		switch b[0] | 0x20 {
		case 'a':
			return match(b, "accept", Accept)
		case 'c':
			return match(b, "cookie", Cookie)
		case 'o':
			return match(b, "origin", Origin)
		}
		return match(b, "server", Server)
	case 7:
		if b[0]|0x20 == 'u' {
			return match(b, "upgrade", Upgrade)
		}
		return match(b, "referer", Referer)
	case 8:
		return match(b, "location", Location)
	case 9:
		return match(b, "forwarded", Forwarded)
	case 10:
		switch b[0] | 0x20 {
		case 'u':
			return match(b, "user-agent", UserAgent)
		case 's':
			return match(b, "set-cookie", SetCookie)
		}
		return match(b, "connection", Connection)
	case 12:
		return match(b, "content-type", ContentType)
	case 13:
		if b[0]|0x20 == 'a' {
			return match(b, "authorization", Authorization)
		}
		return match(b, "content-range", ContentRange)
	case 14:
		return match(b, "content-length", ContentLength)
	case 15:
		switch b[7] | 0x20 {
		case 'e':
			return match(b, "accept-encoding", AcceptEncoding)
		case 'l':
			return match(b, "accept-language", AcceptLanguage)
		}
		return match(b, "x-forwarded-for", XForwardedFor)
	case 16:
		if b[0]|0x20 == 'w' {
			return match(b, "www-authenticate", WWWAuthenticate)
		}
		return match(b, "content-encoding", ContentEncoding)
	case 17:
		return match(b, "transfer-encoding", TransferEncoding)
	case 19:
		if b[0]|0x20 == 'p' {
			return match(b, "proxy-authorization", ProxyAuthorization)
		}
		return match(b, "content-disposition", ContentDisposition)
	}
	return other
}

func match(b []byte, lower string, n Name) Name {
	if fold(b, lower) {
		return n
	}
	return other
}

// fold tells whether b is s, whatever the case of its letters. s is in lower case and as long as b.
func fold(b []byte, s string) bool {
	for i, c := range b {
		if c|0x20 != s[i] {
			return false
		}
	}
	return true
}

// Oddity is a set of ways in which a message departs from RFC 9112. Browsers and servers do not agree on what such
// a message means, which is what makes it worth telling.
type Oddity uint16

// The departures that are noticed.
const (
	BareLF           Oddity = 1 << iota // a line ends in LF without CR (§2.2)
	LeadingBlank                        // blank lines or spaces before the start line (§2.2)
	NoVersion                           // a request line without a version (§3)
	SpaceInTarget                       // a request target with blanks in it (§3.2)
	Folded                              // a field goes on on the next line (§5.2)
	SpaceBeforeColon                    // between a field name and its colon (§5.1)
	NoColon                             // a field without a colon (§5)
	LengthAndChunked                    // both Content-Length and Transfer-Encoding (§6.1)
	LengthsDiffer                       // several lengths that are not the same (§6.3)
	BadLength                           // a length that is no number (§6.3)
	BadChunk                            // a chunk without a size, or without an end (§7.1)
	TooLong                             // a line or a head beyond what is kept
	NoStatusLine                        // a response without one (§4)
	BadStatus                           // a status that is no number of three digits (§4)
	ChunkExtension                      // something behind the size of a chunk, which is allowed but hardly used (§7.1.1)
)

type field struct{ name, nameEnd, value, valueEnd uint16 }

// coding is what Transfer-Encoding says.
type coding uint8

const (
	identity coding = iota
	chunked         // the last coding is chunked (RFC 9112 §7.1)
	unknown         // some other: the body ends with the connection
)

// Head is the start line and the fields of a message. What it hands out points into its memory and is valid as long
// as its [Transaction].
type Head struct {
	Oddities Oddity

	pool   *Pool // where its memory comes from; nil: from the heap
	buf    []byte
	raw    int // bytes of buf that crossed the wire; behind them stand fields unfolded
	line   int // bytes of the start line in buf, without its end
	fields []field
	known  [names]uint8 // place of the first field of that name, from 1
	folded bool
	held   bool  // what the last field says of the body is not noted yet: it may go on
	bare   bool  // the last field has no colon
	length int64 // of the body; -1 when it is not told
	coding coding
}

func (h *Head) reset() {
	h.Oddities = 0
	h.buf, h.raw, h.line = h.buf[:0], 0, 0
	h.fields, h.known, h.folded = h.fields[:0], [names]uint8{}, false
	h.held, h.bare = false, false
	h.length, h.coding = -1, identity
}

// Line is the start line as sent, without its end.
func (h *Head) Line() []byte { return h.buf[:h.line] }

// Raw is the head as sent, with its start line, the ends of its lines, and the blank line.
func (h *Head) Raw() []byte { return h.buf[:h.raw] }

// Len is the number of fields.
func (h *Head) Len() int { return len(h.fields) }

// Field is the field at place i. A folded value is in one piece.
func (h *Head) Field(i int) (name, value []byte) {
	f := h.fields[i]
	return h.buf[f.name:f.nameEnd:f.nameEnd], h.buf[f.value:f.valueEnd:f.valueEnd]
}

// Fields yields the fields in the order sent.
func (h *Head) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for i := range h.fields {
			if !yield(h.Field(i)) {
				return
			}
		}
	}
}

// Get is the value of the first field of a known name, nil when there is none.
func (h *Head) Get(n Name) []byte {
	if i := h.known[n]; i > 0 {
		_, v := h.Field(int(i) - 1)
		return v
	}
	return nil
}

// Has tells whether there is a field of a known name.
func (h *Head) Has(n Name) bool { return h.known[n] > 0 }

// Find is the value of the first field of any name, in whatever case; nil when there is none.
func (h *Head) Find(name string) []byte {
	for i := range h.fields {
		if n, v := h.Field(i); len(n) == len(name) && bytes.EqualFold(n, []byte(name)) {
			return v
		}
	}
	return nil
}

// AuthScheme is the first word of Authorization: Basic, Bearer... What follows is a secret and stays where it is.
func (h *Head) AuthScheme() []byte { return word(h.Get(Authorization)) }

func word(b []byte) []byte {
	if i := bytes.IndexByte(b, ' '); i >= 0 {
		return b[:i]
	}
	return b
}

func (h *Head) space() *wire.Space {
	if h.pool == nil {
		return nil
	}
	return h.pool.Space
}

func (h *Head) rows() *wire.Rows[field] {
	if h.pool == nil {
		return nil
	}
	return &h.pool.fields
}

// keep appends bytes that crossed the wire. Once they are too many, only the fields that frame the body count.
func (h *Head) keep(raw []byte) (at int, ok bool) {
	at = len(h.buf)
	if at+len(raw) > maxHead {
		h.Oddities |= TooLong
		return at, false
	}
	if cap(h.buf) == 0 {
		h.buf = slices.Grow(h.space().Grow(nil, max(1<<10, len(raw))), max(1<<10, len(raw)))
	}
	h.buf = h.space().Append(h.buf, raw)
	h.raw = len(h.buf)
	return at, true
}

// startLine keeps the first line: text is raw without its end.
func (h *Head) startLine(raw, text []byte) {
	h.keep(raw)
	h.line = min(len(text), len(h.buf))
}

// add keeps a field line: text is raw without its end.
func (h *Head) add(raw, text []byte) {
	if blank(text[0]) && len(h.fields) > 0 {
		h.goOn(raw, text)
		return
	}
	h.own(raw, text)
}

// goOn keeps a line that belongs to the field before it.
func (h *Head) goOn(raw, text []byte) {
	at, kept := h.keep(raw)
	h.Oddities |= Folded
	if kept {
		h.folded = true
		h.fields[len(h.fields)-1].valueEnd = uint16(at + len(text))
	}
}

// own keeps a line that is a field of its own.
func (h *Head) own(raw, text []byte) {
	h.settleField()
	at, kept := h.keep(raw)
	colon := bytes.IndexByte(text, ':')
	h.bare = colon < 0
	if colon < 0 {
		h.Oddities |= NoColon
		colon = len(text)
	}
	first, last := 0, colon
	for first < last && spaceOrEnd(text[first]) {
		first++
		h.Oddities |= Folded
	}
	for first < last && spaceOrEnd(text[last-1]) {
		last--
		h.Oddities |= SpaceBeforeColon
	}
	from, to := min(colon+1, len(text)), len(text)
	for from < to && blank(text[from]) {
		from++
	}
	for from < to && blank(text[to-1]) {
		to--
	}
	n := nameOf(text[first:last])
	if !kept || len(h.fields) >= maxFields {
		h.frame(n, text[from:to])
		h.Oddities |= TooLong
		return
	}
	h.held = n == ContentLength || n == TransferEncoding
	if cap(h.fields) == 0 {
		h.fields = h.rows().Make(24)
	}
	h.fields = append(h.fields, field{uint16(at + first), uint16(at + last), uint16(at + from), uint16(at + to)})
	if n != other && h.known[n] == 0 {
		h.known[n] = uint8(len(h.fields))
	}
}

// trim takes the blanks off both ends.
func trim(b []byte) []byte {
	for len(b) > 0 && blank(b[0]) {
		b = b[1:]
	}
	for len(b) > 0 && blank(b[len(b)-1]) {
		b = b[:len(b)-1]
	}
	return b
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

// frame notes what a field says of where the body ends (RFC 9112 §6).
func (h *Head) frame(n Name, value []byte) {
	switch n {
	case ContentLength:
		v := number(value)
		switch {
		case v < 0:
			h.Oddities |= BadLength
		case h.length >= 0 && h.length != v:
			h.Oddities |= LengthsDiffer
		default:
			h.length = v
		}
	case TransferEncoding:
		// RFC 9112 §6.1: the last coding decides. Receivers look for the word anywhere, so that evasion uses that.
		switch {
		case containsFold(value, "chunked"):
			h.coding = chunked
		case h.coding == identity && len(value) > 0 && !(len(value) == 8 && fold(value, "identity")):
			h.coding = unknown
		}
	}
}

// number reads a length. RFC 9110 §8.6 lets a recipient take a list of equal numbers for one. -1 when it is none.
func number(b []byte) int64 {
	if i := bytes.IndexByte(b, ','); i > 0 {
		b = trim(b[:i])
	}
	if len(b) == 0 || len(b) > 18 {
		return -1
	}
	var v int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return -1
		}
		v = v*10 + int64(c-'0')
	}
	return v
}

func containsFold(b []byte, lower string) bool {
	for i := 0; i+len(lower) <= len(b); i++ {
		if fold(b[i:i+len(lower)], lower) {
			return true
		}
	}
	return false
}

// finish ends the head with its blank line.
func (h *Head) finish(raw []byte) {
	h.settleField()
	h.keep(raw)
	if h.length >= 0 && h.coding != identity {
		h.Oddities |= LengthAndChunked
	}
	if h.folded {
		h.unfold()
	}
}

// unfold writes each value that goes on over lines once more, behind the head, in one piece: the end of a line and
// the blanks behind it become one space (RFC 9112 §5.2).
func (h *Head) unfold() {
	for i := range h.fields {
		f := &h.fields[i]
		value := h.buf[f.value:f.valueEnd]
		if bytes.IndexByte(value, '\n') < 0 || len(h.buf)+len(value) > 1<<16-1 {
			continue
		}
		from := len(h.buf)
		gap := false
		for _, c := range h.buf[f.value:f.valueEnd] {
			switch {
			case c == '\r' || c == '\n':
				gap = true
			case gap && blank(c):
			default:
				if gap && len(h.buf) > from {
					h.buf = append(h.buf, ' ')
				}
				gap = false
				h.buf = append(h.buf, c)
			}
		}
		f.value, f.valueEnd = uint16(from), uint16(len(h.buf))
	}
}
