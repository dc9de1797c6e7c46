package http

import (
	"bytes"

	"bulwark/wire"
)

// maxFirst is how much of a body is gathered on request, in bytes.
const maxFirst = 4096

// Want says what a handler wants of a body. The zero value wants nothing: the body is skipped.
type Want uint8

const (
	// First gathers the first bytes of the body, at most 4096, into [Message.First].
	First Want = 1 << iota
	// Pieces hands the body to [Handler.Body] as it comes.
	Pieces
)

// Handler takes what a conversation reads. A transaction and all it points to are valid until its End has returned.
type Handler interface {
	// Head is called when the head of a request or response was read. It says what is wanted of the body.
	Head(dir wire.Dir, t *Transaction) Want
	// Body is handed a piece of a body that was asked for, without the framing of chunks; p is valid during the call.
	Body(dir wire.Dir, t *Transaction, p []byte)
	// End is called when request and response are over, or will never be.
	End(t *Transaction)
}

// Message is what request and response have alike.
type Message struct {
	Head
	Seen     bool  // its start line was read
	Complete bool  // it was read to its end
	Length   int64 // bytes of the body, without the framing of chunks and without Lost
	Lost     int64 // bytes of the body that were lost on the way
	// First are the first bytes of the body, where the handler wanted them.
	First []byte

	over bool // nothing more comes, complete or not
}

func (m *Message) reset() {
	m.Head.reset()
	m.Seen, m.Complete, m.over = false, false, false
	m.Length, m.Lost, m.First = 0, 0, m.First[:0]
}

// Request is what a client asks.
type Request struct {
	Message
	Method  []byte // as sent
	Target  []byte // as sent: /path?query, or https://host/path, or host:port of CONNECT
	Version []byte // HTTP/1.1; empty in HTTP/0.9
}

func (r *Request) reset() {
	r.Message.reset()
	r.Method, r.Target, r.Version = nil, nil, nil
}

// Response is what a server answers.
type Response struct {
	Message
	Version []byte // HTTP/1.1
	Status  int    // three digits; 0 when they are none
	Code    []byte // the status as sent
	Reason  []byte
}

func (r *Response) reset() {
	r.Message.reset()
	r.Version, r.Status, r.Code, r.Reason = nil, 0, nil, nil
}

// Transaction is a request with its response, as far as they were seen.
type Transaction struct {
	Number   int // its place in the conversation, from 1
	Request  Request
	Response Response
	Interim  int // responses 1xx that came before the final one
	Stream   Stream

	// Mark is for the handler's own use; a new transaction has zeros there.
	Mark [2]int64
}

func (t *Transaction) reset() {
	t.Number, t.Interim, t.Stream, t.Mark = 0, 0, Stream{}, [2]int64{}
	t.Request.reset()
	t.Response.reset()
}

// Authority is the host that a request names, with the port where it names one: in an absolute target, in that
// of CONNECT, else in the field Host (RFC 9112 §3.2, §3.3). A user and a password before it are left out.
func (r *Request) Authority() []byte {
	if string(r.Method) == "CONNECT" && (len(r.Target) == 0 || r.Target[0] != '/') {
		return r.Target
	}
	if i := bytes.Index(r.Target, []byte("://")); i > 0 && i < 10 && r.Target[0] != '/' {
		a := r.Target[i+3:]
		if end := bytes.IndexAny(a, "/?#"); end >= 0 {
			a = a[:end]
		}
		return a[bytes.LastIndexByte(a, '@')+1:]
	}
	host := r.Get(Host)
	return host[bytes.LastIndexByte(host, '@')+1:] // RFC 9113 §8.3.1: there must be none
}

// Hostname is the authority without its port; port is 0 where there is none.
func (r *Request) Hostname() (host []byte, port int) {
	host = r.Authority()
	i := bytes.LastIndexByte(host, ':')
	if i < 0 || bytes.IndexByte(host[i:], ']') >= 0 {
		return host, 0
	}
	digits := host[i+1:]
	if len(digits) > 5 {
		return host, 0
	}
	for _, c := range digits {
		if c < '0' || c > '9' {
			return host, 0
		}
		port = port*10 + int(c-'0')
	}
	return host[:i], port
}

// parse reads a request line (RFC 9112 §3). It is as lenient as servers are: blanks before it, between its parts and
// in the target, and no version at all.
func (r *Request) parse() bool {
	line := r.Line()
	for len(line) > 0 && blank(line[0]) {
		line = line[1:]
		r.Oddities |= LeadingBlank
	}
	end := indexBlank(line)
	if end <= 0 || end > 64 || !token(line[:end]) {
		return false
	}
	r.Method = line[:end]
	rest := trim(line[end:])
	at := len(rest)
	for at > 0 && !blank(rest[at-1]) {
		at--
	}
	if v := rest[at:]; len(v) >= 5 && fold(v[:5], "http/") {
		r.Version = v
		rest = trim(rest[:at])
	} else {
		r.Oddities |= NoVersion
	}
	if indexBlank(rest) >= 0 {
		r.Oddities |= SpaceInTarget
	}
	r.Target = rest
	return true
}

// refresh points the parts of the request line into the memory of the head once it is whole.
func (r *Request) refresh() {
	odd := r.Oddities
	r.parse()
	r.Oddities |= odd
}

// parse reads a status line (RFC 9112 §4).
func (r *Response) parse() {
	line := r.Line()
	end := indexBlank(line)
	if end < 0 {
		end = len(line)
	}
	r.Version = line[:end]
	rest := trim(line[end:])
	if end = indexBlank(rest); end < 0 {
		end = len(rest)
	}
	r.Code, r.Reason = rest[:end], trim(rest[end:])
	if n := number(r.Code); len(r.Code) == 3 && n >= 100 {
		r.Status = int(n)
	} else {
		r.Oddities |= BadStatus
	}
}

func indexBlank(b []byte) int {
	for i, c := range b {
		if blank(c) {
			return i
		}
	}
	return -1
}

// token tells whether b is made of the characters of a token (RFC 9110 §5.6.2).
func token(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f || c == '"' || c == '(' || c == ')' || c == ',' || c == '/' || c == ':' || c == ';' ||
			c == '<' || c == '=' || c == '>' || c == '?' || c == '@' || c == '[' || c == '\\' || c == ']' || c == '{' || c == '}' {
			return false
		}
	}
	return len(b) > 0
}

// keepBuffer is how much memory of a head is kept for the next one, in bytes.
const keepBuffer = 8 << 10

func (h *Head) shrink() {
	if cap(h.buf) > keepBuffer {
		h.buf = nil
	}
}

// maxFree is how many transactions a pool keeps for later.
const maxFree = 1024

// Pool keeps transactions that are over, with their memory, for those to come. One pool serves all conversations of
// a core; its zero value is ready. It is not safe for use by several goroutines.
type Pool struct {
	Space *wire.Space // of heads and the first bytes of bodies; it may be nil

	free   []*Transaction
	made   wire.Stock[Transaction]
	fields wire.Rows[field]
	queues wire.Rows[*Transaction]
}

func (p *Pool) get() *Transaction {
	if n := len(p.free); n > 0 {
		t := p.free[n-1]
		p.free = p.free[:n-1]
		return t
	}
	t := p.made.Fresh()
	t.Request.pool, t.Response.pool = p, p
	t.reset()
	return t
}

func (p *Pool) put(t *Transaction) {
	if len(p.free) < maxFree {
		t.Request.shrink()
		t.Response.shrink()
		t.reset()
		p.free = append(p.free, t)
	}
}
