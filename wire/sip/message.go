// Package sip reads the Session Initiation Protocol, by which telephones are called (RFC 3261), over UDP and TCP.
//
//	INVITE sip:bob@example.org SIP/2.0 CRLF
//	Name: value CRLF ... CRLF
//	body
//
// A request is answered by one or several responses, of which those below 200 are provisional. Both carry the call's
// identifier and a number, by which one is told from another.
package sip

import (
	"bytes"
	"fmt"

	"bulwark/wire"
)

var (
	// ErrLine means a first line that is none of SIP.
	ErrLine = fmt.Errorf("sip: malformed first line: %w", wire.ErrMalformed)
	// ErrHeader means a header that does not end, or is too long.
	ErrHeader = fmt.Errorf("sip: malformed header: %w", wire.ErrMalformed)
)

const (
	// maxHead is how long the first line and the fields may be together, in bytes.
	maxHead = 32 << 10
	version = "SIP/2.0"
)

// Message is a request or a response. Its slices point into what was parsed.
type Message struct {
	Line     []byte // the first line
	Response bool
	Method   []byte // of a request; of a response the method that it answers
	URI      []byte // of a request
	Version  []byte
	Code     int // of a response
	CodeText []byte
	Reason   []byte

	From, To      []byte // as they came
	CallID        []byte
	Sequence      uint32
	Via           []byte // the topmost
	Contact       []byte
	UserAgent     []byte
	Server        []byte
	Authorization []byte // or Proxy-Authorization
	Challenge     []byte // WWW-Authenticate or Proxy-Authenticate
	Subject       []byte
	ContentType   []byte
	Length        int // of the body; -1 when it is not told
	Expires       []byte
	Body          []byte
	Raw           []byte // all of it, as it was sent
	Head          []byte // the fields, with the empty line behind them
}

// Parse reads a message: all of a datagram, or as much of a stream as the length of the body says. It returns how many
// bytes the head takes; 0 when its end is not there.
func Parse(p []byte, m *Message) (int, error) {
	*m = Message{Length: -1}
	line, rest, ok := cutLine(p)
	if !ok {
		if len(p) > maxHead {
			return 0, ErrHeader
		}
		return 0, nil
	}
	if !m.first(line) {
		return 0, ErrLine
	}
	fields := rest
	for {
		line, next, ok := cutLine(rest)
		if !ok || len(p)-len(next) > maxHead {
			if len(rest) > maxHead {
				return 0, ErrHeader
			}
			return 0, nil
		}
		rest = next
		if len(line) == 0 {
			break
		}
		m.field(line)
	}
	head := len(p) - len(rest)
	m.Body = rest
	if m.Length >= 0 && m.Length < len(rest) {
		m.Body = rest[:m.Length]
	}
	m.Raw, m.Head = p[:head+len(m.Body)], p[len(p)-len(fields):head]
	return head, nil
}

func cutLine(p []byte) (line, rest []byte, ok bool) {
	i := bytes.IndexByte(p, '\n')
	if i < 0 {
		return nil, nil, false
	}
	return bytes.TrimSuffix(p[:i], []byte{'\r'}), p[i+1:], true
}

// first reads the first line (§7.1, §7.2).
func (m *Message) first(line []byte) bool {
	m.Line = line
	a, rest, ok := bytes.Cut(line, []byte{' '})
	if !ok {
		return false
	}
	b, c, _ := bytes.Cut(rest, []byte{' '})
	if bytes.HasPrefix(a, []byte("SIP/")) {
		if len(b) != 3 || b[0] < '1' || b[0] > '9' {
			return false
		}
		for _, d := range b {
			if d < '0' || d > '9' {
				return false
			}
			m.Code = m.Code*10 + int(d-'0')
		}
		m.Response, m.Version, m.CodeText, m.Reason = true, a, b, c
		return true
	}
	m.Method, m.URI, m.Version = a, b, c
	return method(a) && len(b) > 0 && bytes.HasPrefix(c, []byte("SIP/"))
}

// method reports whether p may be the name of a method.
func method(p []byte) bool {
	if len(p) == 0 || len(p) > 20 {
		return false
	}
	for _, c := range p {
		if (c < 'A' || c > 'Z') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}

// field reads one field (§7.3), whose name may be compact (§7.3.3). A line that goes on another is left out.
func (m *Message) field(line []byte) {
	name, value, ok := bytes.Cut(line, []byte{':'})
	if !ok || len(line) > 0 && (line[0] == ' ' || line[0] == '\t') {
		return
	}
	name, value = bytes.TrimRight(name, " \t"), bytes.TrimSpace(value)
	var to *[]byte
	switch {
	case is(name, "from", 'f'):
		to = &m.From
	case is(name, "to", 't'):
		to = &m.To
	case is(name, "call-id", 'i'):
		to = &m.CallID
	case is(name, "via", 'v'):
		to = &m.Via
	case is(name, "contact", 'm'):
		to = &m.Contact
	case is(name, "subject", 's'):
		to = &m.Subject
	case is(name, "content-type", 'c'):
		to = &m.ContentType
	case is(name, "user-agent", 0):
		to = &m.UserAgent
	case is(name, "server", 0):
		to = &m.Server
	case is(name, "expires", 0):
		to = &m.Expires
	case is(name, "authorization", 0), is(name, "proxy-authorization", 0):
		to = &m.Authorization
	case is(name, "www-authenticate", 0), is(name, "proxy-authenticate", 0):
		to = &m.Challenge
	case is(name, "cseq", 0):
		m.sequence(value)
	case is(name, "content-length", 'l'):
		if n, ok := decimal(value); ok {
			m.Length = n
		}
	}
	if to != nil && *to == nil {
		*to = value
	}
}

func is(name []byte, long string, compact byte) bool {
	if len(name) == 1 {
		return compact != 0 && name[0]|0x20 == compact
	}
	return len(name) == len(long) && bytes.EqualFold(name, []byte(long))
}

// sequence reads CSeq: a number and the method (§8.1.1.5).
func (m *Message) sequence(value []byte) {
	number, name, _ := bytes.Cut(value, []byte{' '})
	if n, ok := decimal(number); ok {
		m.Sequence = uint32(n)
	}
	if m.Response {
		m.Method = bytes.TrimSpace(name)
	}
}

// decimal reads a number of up to nine digits.
func decimal(p []byte) (n int, ok bool) {
	if len(p) == 0 || len(p) > 9 {
		return 0, false
	}
	for _, c := range p {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// Address is the address in a field such as From: what stands between angle brackets, or in front of the parameters
// (§20.10). The name in front of it is left out.
func Address(value []byte) []byte {
	if i := bytes.IndexByte(value, '<'); i >= 0 {
		value = value[i+1:]
		if j := bytes.IndexByte(value, '>'); j >= 0 {
			return value[:j]
		}
		return value
	}
	if i := bytes.IndexByte(value, ';'); i >= 0 {
		value = value[:i]
	}
	return bytes.TrimSpace(value)
}

// Parameter is the value of a parameter of credentials or of a challenge, without its quotes (§25.1): username, realm.
func Parameter(value []byte, name string) []byte {
	for rest := value; len(rest) > 0; {
		i := bytes.IndexByte(rest, '=')
		if i < 0 {
			return nil
		}
		key := bytes.TrimLeft(rest[:i], " \t,")
		if j := bytes.LastIndexAny(key, " \t"); j >= 0 {
			key = key[j+1:]
		}
		rest = rest[i+1:]
		v := rest
		if len(rest) > 0 && rest[0] == '"' {
			end := bytes.IndexByte(rest[1:], '"')
			if end < 0 {
				return nil
			}
			v, rest = rest[1:1+end], rest[end+2:]
		} else if end := bytes.IndexByte(rest, ','); end >= 0 {
			v, rest = bytes.TrimSpace(rest[:end]), rest[end+1:]
		} else {
			rest = nil
		}
		if len(key) == len(name) && bytes.EqualFold(key, []byte(name)) {
			return v
		}
	}
	return nil
}
