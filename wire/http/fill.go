package http

// What fills a transaction that did not cross the wire as HTTP/1 does: another framing of HTTP.

// Get is an empty transaction to fill, which [Pool.Put] takes back.
func (p *Pool) Get() *Transaction { return p.get() }

// Put takes back a transaction that is over, with its memory.
func (p *Pool) Put(t *Transaction) { p.put(t) }

var version2 = []byte("HTTP/2")

// Stream is what HTTP/2 adds to a transaction. Its zero value is that of a transaction of HTTP/1.
type Stream struct {
	ID     uint32    // number of the stream
	Weight [2]int    // priority that each side told, and one; 0: none
	Error  [2]uint64 // code with which each side reset the stream, and one; 0: it did not
}

// AddField adds a field. A name of HTTP/2 that begins with a colon is one that the start line has in HTTP/1.
func (h *Head) AddField(name, value []byte) {
	at := len(h.buf)
	if at+len(name)+len(value)+4 > maxHead || len(h.fields) >= maxFields {
		h.Oddities |= TooLong
		h.frame(nameOf(name), value)
		return
	}
	h.buf = append(append(append(append(h.buf, name...), ": "...), value...), "\r\n"...)
	h.raw = len(h.buf)
	nameEnd, from := at+len(name), at+len(name)+2
	h.fields = append(h.fields, field{uint16(at), uint16(nameEnd), uint16(from), uint16(from + len(value))})
	n := nameOf(name)
	if string(name) == ":authority" {
		n = Host
	}
	h.frame(n, value)
	if n != other && h.known[n] == 0 {
		h.known[n] = uint8(len(h.fields))
	}
}

// ContentLength is the length that the head announces; -1 when it announces none.
func (h *Head) ContentLength() int64 { return h.length }

// Size is how much memory the head takes, in bytes.
func (h *Head) Size() int { return len(h.buf) }

// Gather counts a piece of a body, keeps the first bytes where they are wanted, and says what is wanted from then on.
func (m *Message) Gather(p []byte, want Want) Want {
	m.Length += int64(len(p))
	if want&First != 0 {
		m.First = append(m.First, p[:min(len(p), maxFirst-len(m.First))]...)
		if len(m.First) == maxFirst {
			want &^= First
		}
	}
	return want
}

// Begin makes a request of the fields that HTTP/2 has in place of a request line (RFC 9113 §8.3.1).
func (r *Request) Begin() {
	r.Seen = true
	r.Method, r.Target, r.Version = r.Find(":method"), r.Find(":path"), version2
	if r.Target == nil {
		r.Target = r.Get(Host) // CONNECT has no path
	}
}

// Begin makes a response of the field that HTTP/2 has in place of a status line (RFC 9113 §8.3.2).
func (r *Response) Begin() {
	r.Seen = true
	r.Version, r.Code = version2, r.Find(":status")
	if n := number(r.Code); len(r.Code) == 3 && n >= 100 {
		r.Status = int(n)
	} else {
		r.Oddities |= BadStatus
	}
}

// Again forgets an interim response: the final one follows (RFC 9110 §15.2).
func (r *Response) Again() { r.reset() }
