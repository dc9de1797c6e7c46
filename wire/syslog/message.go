// Package syslog reads what machines report of themselves (RFC 5424, and RFC 3164 for what came before), over UDP (RFC
// 5426) and TCP (RFC 6587).
//
//	<34>1 2003-10-11T22:14:15.003Z mymachine su 123 ID47 [origin ip="192.0.2.1"] 'su root' failed
//	<34>Oct 11 22:14:15 mymachine su[123]: 'su root' failed
//
// The number tells who reports and how bad it is. On a stream a message is preceded by its length, or ends with a line.
package syslog

import (
	"bytes"
	"fmt"

	"bulwark/wire"
)

// ErrMalformed means a message without the number that each begins with.
var ErrMalformed = fmt.Errorf("syslog: no priority: %w", wire.ErrMalformed)

// Form is how a message is written.
type Form uint8

// The forms.
const (
	Bare    Form = iota // a text behind the priority
	RFC3164             // the older form: a time, a host, a tag
	RFC5424
)

func (f Form) String() string { return [...]string{"bare", "rfc3164", "rfc5424"}[f] }

// Message is one message. Its slices point into what was parsed.
type Message struct {
	Facility uint8
	Severity uint8
	Form     Form
	Time     []byte
	Host     []byte
	App      []byte
	Process  []byte
	ID       []byte
	Data     []byte // structured data, as it came
	Text     []byte
}

// Parse reads one message.
func Parse(p []byte, m *Message) error {
	*m = Message{}
	n, at := priority(p)
	if at == 0 {
		return ErrMalformed
	}
	m.Facility, m.Severity = uint8(n>>3), uint8(n&7)
	rest := bytes.TrimRight(p[at:], "\r\n\x00")
	if len(rest) >= 2 && rest[0] == '1' && rest[1] == ' ' {
		m.modern(rest[2:])
		return nil
	}
	m.old(rest)
	return nil
}

// priority reads "<34>": the number and where it ends; 0 when it is not there.
func priority(p []byte) (n, at int) {
	if len(p) < 3 || p[0] != '<' {
		return 0, 0
	}
	for i := 1; i < len(p) && i <= 4; i++ {
		switch c := p[i]; {
		case c == '>' && i > 1 && n <= 191:
			return n, i + 1
		case c < '0' || c > '9':
			return 0, 0
		default:
			n = n*10 + int(c-'0')
		}
	}
	return 0, 0
}

// modern reads RFC 5424 §6: five fields, of which a hyphen is none, structured data, and the text.
func (m *Message) modern(p []byte) {
	m.Form = RFC5424
	for _, f := range [...]*[]byte{&m.Time, &m.Host, &m.App, &m.Process, &m.ID} {
		v, rest, _ := bytes.Cut(p, []byte{' '})
		if string(v) != "-" {
			*f = v
		}
		p = rest
	}
	if len(p) > 0 && p[0] == '[' {
		n := structured(p)
		m.Data, p = p[:n], p[n:]
	} else if len(p) > 0 && p[0] == '-' {
		p = p[1:]
	}
	m.Text = bytes.TrimPrefix(bytes.TrimPrefix(p, []byte{' '}), []byte("\xef\xbb\xbf"))
}

// structured is how long the structured data at the beginning of p is (§6.3): elements in brackets, in which quoted
// values may hold brackets behind a backslash.
func structured(p []byte) int {
	quoted, depth := false, 0
	for i := 0; i < len(p); i++ {
		switch c := p[i]; {
		case c == '\\' && quoted:
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
			if depth == 0 && (i+1 == len(p) || p[i+1] != '[') {
				return i + 1
			}
		}
	}
	return len(p)
}

// old reads RFC 3164 §4.1, as far as it is kept: a time, a host and a tag, each of which may be missing.
func (m *Message) old(p []byte) {
	if n := stamp(p); n > 0 {
		m.Form, m.Time = RFC3164, p[:n]
		p = bytes.TrimLeft(p[n:], " ")
		if host, rest, ok := bytes.Cut(p, []byte{' '}); ok && hostname(host) {
			m.Host, p = host, rest
		}
	}
	if n := tag(p); n > 0 {
		m.tagged(p[:n])
		p = bytes.TrimLeft(p[n:], ": ")
	}
	m.Text = p
}

// tagged takes "su[123]" apart.
func (m *Message) tagged(t []byte) {
	m.App = t
	if i := bytes.IndexByte(t, '['); i > 0 {
		m.App, m.Process = t[:i], bytes.TrimSuffix(t[i+1:], []byte{']'})
	}
}

// stamp is how long the time at the beginning of p is: "Oct 11 22:14:15", or of RFC 3339; 0 when there is none.
func stamp(p []byte) int {
	if len(p) >= 16 && month(p) && p[3] == ' ' && p[6] == ' ' && p[9] == ':' && p[12] == ':' && p[15] == ' ' {
		return 15
	}
	if len(p) >= 20 && digit(p[0]) && digit(p[3]) && p[4] == '-' && p[7] == '-' && (p[10] == 'T' || p[10] == ' ') && p[13] == ':' {
		if n := bytes.IndexByte(p[19:], ' '); n >= 0 && n < 16 {
			return 19 + n
		}
	}
	return 0
}

func digit(c byte) bool { return c >= '0' && c <= '9' }

func month(p []byte) bool {
	switch string(p[:3]) {
	case "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec":
		return true
	}
	return false
}

// hostname reports whether p may be the name or the address of a host, and not a tag.
func hostname(p []byte) bool {
	if len(p) == 0 || len(p) > 255 {
		return false
	}
	for i, c := range p {
		if !word(c) && c != ':' || c == ':' && i+1 == len(p) {
			return false
		}
	}
	return true
}

func word(c byte) bool {
	return digit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '-' || c == '_' || c == '.' || c == '/' || c == '%'
}

// tag is how long the tag at the beginning of p is: a name, perhaps a process in brackets, then a colon; 0 when there is
// none.
func tag(p []byte) int {
	n := 0
	for n < len(p) && n < 64 && word(p[n]) {
		n++
	}
	if n == 0 || n == len(p) {
		return 0
	}
	if p[n] == '[' {
		end := bytes.IndexByte(p[n:], ']')
		if end < 0 || end > 32 {
			return 0
		}
		return n + end + 1
	}
	if p[n] == ':' && (n+1 == len(p) || p[n+1] == ' ') {
		return n
	}
	return 0
}

// FacilityName is who reports (RFC 5424 table 1).
func (m *Message) FacilityName() string {
	return [...]string{"kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "ntp",
		"audit", "alert", "clock", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7"}[min(m.Facility, 23)]
}

// SeverityName is how bad it is (RFC 5424 table 2).
func (m *Message) SeverityName() string {
	return [...]string{"emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug"}[m.Severity&7]
}
