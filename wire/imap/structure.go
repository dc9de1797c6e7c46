package imap

import (
	"bytes"
	"strconv"
)

// Part is what a server has said of a part of a message before it was fetched: of what kind it is (BODYSTRUCTURE) and how
// long.
type Part struct {
	// Head is a head of the form that the part has in its message (RFC 2045): type, name and encoding, and the empty line
	// behind it. It is empty of a whole message.
	Head []byte
	Size uint64 // octets, encoded as they are; 0: not told
}

const (
	maxParts   = 64       // that are remembered
	maxHead    = 600      // bytes of a head
	maxNesting = 16       // lists within lists that are looked into
	maxNodes   = 2 * 1024 // lists and words of an answer that are looked at
	maxSection = 32       // bytes of the number of a part: 1.2.1
)

// known is a part of a message in the box that is selected.
type known struct {
	sequence uint64
	part     Part
	text     []byte // its section, and behind that its head
	section  int    // how long
}

// parts are what is remembered of messages: the latest.
type parts struct {
	list []known
	next int
}

// reset forgets all, but for the memory.
func (p *parts) reset() { p.list, p.next = p.list[:0], 0 }

// find is a part of a message; nil where nothing is known of it.
func (p *parts) find(sequence uint64, section []byte) *Part {
	for i := range p.list {
		if k := &p.list[i]; k.sequence == sequence && bytes.Equal(k.text[:k.section], section) {
			return &k.part
		}
	}
	return nil
}

// place has a place for a part: its own, a free one, or that of the oldest.
func (p *parts) place(sequence uint64, section []byte) *known {
	for i := range p.list {
		if k := &p.list[i]; k.sequence == sequence && bytes.Equal(k.text[:k.section], section) {
			return k
		}
	}
	if n := len(p.list); n < cap(p.list) && n < maxParts {
		p.list = p.list[:n+1]
		return &p.list[n]
	} else if n < maxParts {
		p.list = append(p.list, known{})
		return &p.list[n]
	}
	p.next = (p.next + 1) % maxParts
	return &p.list[p.next]
}

// expunge forgets a message: those behind it move up (RFC 9051 §7.5.1).
func (p *parts) expunge(sequence uint64) {
	for i := range p.list {
		k := &p.list[i]
		switch {
		case k.sequence == sequence:
			k.sequence = 0
		case k.sequence > sequence:
			k.sequence--
		}
	}
}

// items reads what an answer to FETCH says of a message: (UID 7 RFC822.SIZE 4711 BODYSTRUCTURE (...) BODY[1] "").
func (p *parts) items(sequence uint64, text []byte) {
	if sequence == 0 || len(text) == 0 {
		return
	}
	r := reader{p: text}
	if !r.open() {
		return
	}
	for !r.ends() {
		key := r.key()
		switch {
		case bytes.EqualFold(key, []byte("RFC822.SIZE")):
			if n := r.number(); n > 0 {
				p.keep(sequence, nil, nil, n)
			}
		case bytes.EqualFold(key, []byte("BODYSTRUCTURE")), bytes.EqualFold(key, []byte("BODY")):
			var room [maxSection]byte
			p.body(&r, sequence, room[:0], maxNesting)
		default:
			r.skip()
		}
	}
}

// keep remembers a part.
func (p *parts) keep(sequence uint64, section, head []byte, size uint64) {
	k := p.place(sequence, section)
	k.sequence, k.section = sequence, len(section)
	k.text = append(append(k.text[:0], section...), head...)
	k.part = Part{Head: k.text[len(section):], Size: size}
}

// body reads a body and those in it (RFC 9051 §7.5.2): section is its number, empty of the outermost.
func (p *parts) body(r *reader, sequence uint64, section []byte, deep int) {
	if !r.open() {
		r.skip()
		return
	}
	if deep == 0 || len(section)+5 > maxSection {
		r.close()
		return
	}
	if r.peek() != '(' {
		if len(section) == 0 {
			section = append(section, '1')
		}
		p.single(r, sequence, section, deep)
		return
	}
	for n := 1; r.peek() == '(' && n < 1000; n++ {
		p.body(r, sequence, child(section, n), deep-1)
	}
	r.close()
}

// child is the number of part n of a part.
func child(section []byte, n int) []byte {
	if len(section) > 0 {
		section = append(section, '.')
	}
	return strconv.AppendUint(section, uint64(n), 10)
}

// single reads a body that is no multipart, behind its opening bracket.
func (p *parts) single(r *reader, sequence uint64, section []byte, deep int) {
	var room [maxHead]byte
	head := append(room[:0], "Content-Type: "...)
	kind := len(head)
	head = r.lower(head)
	head = append(head, '/')
	head = r.lower(head)
	media := head[kind:]
	message, text := string(media) == "message/rfc822", bytes.HasPrefix(media, []byte("text/"))
	head = r.parameters(head)
	r.skip() // its id
	r.skip() // its description
	head = append(head, "\r\nContent-Transfer-Encoding: "...)
	head = r.lower(head)
	size := r.number()
	if message {
		r.skip() // its envelope
		inner := section
		if !r.multipart() {
			inner = child(section, 1)
		}
		p.body(r, sequence, inner, deep-1)
	}
	if message || text {
		r.skip() // lines
	}
	if r.skip(); r.peek() == '(' && r.open() { // its MD5, its disposition
		head = append(head, "\r\nContent-Disposition: "...)
		head = r.lower(head)
		head = r.parameters(head)
		r.close()
	}
	r.close()
	head = append(head, "\r\n\r\n"...)
	if len(head) <= maxHead {
		p.keep(sequence, section, head, size)
	}
}

// reader reads lists in brackets, words and texts in quotes. Where p ends early nothing more comes of it.
type reader struct{ p []byte }

// peek is what follows; 0 at the end.
func (r *reader) peek() byte {
	r.p = bytes.TrimLeft(r.p, " ")
	if len(r.p) == 0 {
		return 0
	}
	return r.p[0]
}

// ends reports whether the list has no more.
func (r *reader) ends() bool { c := r.peek(); return c == 0 || c == ')' }

func (r *reader) open() bool {
	if r.peek() != '(' {
		return false
	}
	r.p = r.p[1:]
	return true
}

// close passes over the rest of the list at hand.
func (r *reader) close() {
	for !r.ends() {
		r.skip()
	}
	if len(r.p) > 0 {
		r.p = r.p[1:]
	}
}

// skip passes over what follows, whatever it is.
func (r *reader) skip() {
	switch r.peek() {
	case 0, ')':
	case '(':
		for deep := 0; ; {
			switch r.peek() {
			case 0:
				return
			case '(':
				deep++
				r.p = r.p[1:]
			case ')':
				deep--
				r.p = r.p[1:]
			default:
				r.text()
			}
			if deep == 0 {
				return
			}
		}
	default:
		r.text()
	}
}

// text is the word or the text in quotes that follows, with its escapes; nil where there is none, or NIL.
func (r *reader) text() []byte {
	switch r.peek() {
	case 0, '(', ')':
		return nil
	case '"':
		for i := 1; i < len(r.p); i++ {
			switch r.p[i] {
			case '\\':
				i++
			case '"':
				t := r.p[1:i]
				r.p = r.p[i+1:]
				return t
			}
		}
		r.p = nil
		return nil
	}
	n := bytes.IndexAny(r.p, " ()")
	if n < 0 {
		n = len(r.p)
	}
	t := r.p[:n]
	r.p = r.p[n:]
	if bytes.EqualFold(t, []byte("NIL")) {
		return nil
	}
	return t
}

// key is the name of an item, which may have a list in brackets: BODY[HEADER.FIELDS (FROM TO)]<0>.
func (r *reader) key() []byte {
	r.peek()
	for i, c := range r.p {
		switch c {
		case '[':
			n := bytes.IndexByte(r.p, ']')
			if n < 0 {
				r.p = nil
				return nil
			}
			r.p = r.p[n+1:]
			r.text() // <0>, if anything
			return nil
		case ' ', ')', '(':
			k := r.p[:i]
			r.p = r.p[i:]
			if i == 0 {
				r.skip() // no item at all
			}
			return k
		}
	}
	r.p = nil
	return nil
}

func (r *reader) number() uint64 {
	t := r.text()
	n, _ := strconv.ParseUint(string(t[:min(len(t), 20)]), 10, 62) // what is no number is 0
	return n
}

// multipart reports whether a body follows that has others in it.
func (r *reader) multipart() bool {
	if r.peek() != '(' {
		return false
	}
	rest := bytes.TrimLeft(r.p[1:], " ")
	return len(rest) > 0 && rest[0] == '('
}

// lower appends a word in lower case, as far as it is one.
func (r *reader) lower(dst []byte) []byte {
	for _, c := range r.text() {
		switch {
		case len(dst) >= maxHead:
			return dst
		case 'A' <= c && c <= 'Z':
			c |= 0x20
		case c <= ' ' || c >= 0x7f || c == ';' || c == '"' || c == '\\':
			continue
		}
		dst = append(dst, c)
	}
	return dst
}

// parameters appends a list of names and values as a head has them: ; name="plan.pdf".
func (r *reader) parameters(dst []byte) []byte {
	if !r.open() {
		r.skip()
		return dst
	}
	for !r.ends() {
		before := len(dst)
		dst = append(r.lower(append(dst, "; "...)), `="`...)
		value := r.text()
		if r.peek() == '(' {
			r.skip()
		}
		if len(dst)+len(value) >= maxHead-100 { // the rest of the head must find room
			dst = dst[:before]
			continue
		}
		for _, c := range value {
			if c >= ' ' {
				dst = append(dst, c)
			}
		}
		dst = append(dst, '"')
	}
	r.close()
	return dst
}
