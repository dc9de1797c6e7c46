// Package sql takes the values out of SQL statements: what stands in a query of a hospital's database names patients, so that a
// statement may be told, but not what it asks for.
package sql

// Dialect is how a database writes strings and comments.
type Dialect uint8

// The dialects.
const (
	Standard Dialect = iota // '' within strings, "identifiers"; $$ strings and E'' of PostgreSQL
	MySQL                   // \ within strings, "strings", `identifiers`, # comments
	TSQL                    // '' within strings, [identifiers]
)

// Max is how many bytes of a statement [Mask] writes.
const Max = 1024

// Mask appends a statement with each string and number replaced by ?, comments left out and runs of blanks made one. What is
// beyond [Max] bytes is left out. A string without its end is taken to go on to the end: of a statement that was cut off
// nothing is told that may be a value.
func Mask(dst, q []byte, d Dialect) []byte {
	m := masker{dst: dst, start: len(dst), q: q, d: d}
	for m.at < len(q) && len(m.dst)-m.start < Max {
		m.step()
	}
	dst = m.dst[:min(len(m.dst), m.start+Max)]
	for len(dst) > m.start && dst[len(dst)-1] == ' ' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

type masker struct {
	dst   []byte
	start int
	q     []byte
	at    int
	d     Dialect
}

func (m *masker) step() {
	b := m.q[m.at]
	switch {
	case b <= ' ':
		m.blank()
		m.at++
	case b == '\'' || b == '"' && m.d == MySQL:
		m.value(m.quoted(b))
	case b == '"' || b == '`' && m.d == MySQL:
		m.copy(m.closed(b))
	case b == '[' && m.d == TSQL:
		m.copy(m.closed(']'))
	case b == '-' && m.peek(1) == '-', b == '#' && m.d == MySQL:
		m.skipLine()
	case b == '/' && m.peek(1) == '*' && m.d == MySQL && (m.peek(2) == '!' || m.peek(2) == 'M' && m.peek(3) == '!'):
		m.openComment()
	case b == '*' && m.peek(1) == '/' && m.d == MySQL: // of a comment that is carried out
		m.blank()
		m.at += 2
	case b == '/' && m.peek(1) == '*':
		m.skipComment()
	case b == '$' && m.d == Standard && m.dollar() > 0:
		m.value(m.dollar())
	case b == '$' && isDigit(m.peek(1)): // a parameter
		n := 1
		for isDigit(m.peek(n)) {
			n++
		}
		m.copy(n)
	case isDigit(b) || b == '.' && isDigit(m.peek(1)):
		m.value(m.number())
	case isWord(b):
		m.word()
	default:
		m.dst = append(m.dst, b)
		m.at++
	}
}

func (m *masker) peek(n int) byte {
	if m.at+n < len(m.q) {
		return m.q[m.at+n]
	}
	return 0
}

func (m *masker) blank() {
	if n := len(m.dst); n > m.start && m.dst[n-1] != ' ' {
		m.dst = append(m.dst, ' ')
	}
}

// value writes ? for the n bytes that are next.
func (m *masker) value(n int) {
	m.dst = append(m.dst, '?')
	m.at += n
}

func (m *masker) copy(n int) {
	m.dst = append(m.dst, m.q[m.at:m.at+n]...)
	m.at += n
}

// quoted is the length of the string that begins here: its end is a mark that is neither doubled nor escaped.
func (m *masker) quoted(mark byte) int { return m.quotedFrom(m.at, mark, m.d == MySQL) }

func (m *masker) quotedFrom(at int, mark byte, escapes bool) int {
	for i := at + 1; i < len(m.q); i++ {
		switch {
		case escapes && m.q[i] == '\\':
			i++
		case m.q[i] != mark:
		case i+1 < len(m.q) && m.q[i+1] == mark:
			i++
		default:
			return i + 1 - m.at
		}
	}
	return len(m.q) - m.at
}

// closed is the length of the identifier that begins here and ends with mark.
func (m *masker) closed(mark byte) int {
	for i := m.at + 1; i < len(m.q); i++ {
		if m.q[i] == mark {
			return i + 1 - m.at
		}
	}
	return len(m.q) - m.at
}

func (m *masker) skipLine() {
	for m.at < len(m.q) && m.q[m.at] != '\n' {
		m.at++
	}
}

// openComment passes over the head of a comment that MySQL carries out: /*!40101 or /*M!100100, of which the number is a version.
func (m *masker) openComment() {
	for m.at += 3; m.at < len(m.q) && (m.q[m.at] == '!' || isDigit(m.q[m.at])); m.at++ {
	}
	m.blank()
}

func (m *masker) skipComment() {
	for m.at += 2; m.at < len(m.q); m.at++ {
		if m.q[m.at] == '*' && m.peek(1) == '/' {
			m.at += 2
			return
		}
	}
}

// dollar is the length of the string of PostgreSQL that begins here: $tag$ ... $tag$; 0 where none does. A parameter ($1) is none.
func (m *masker) dollar() int {
	i := m.at + 1
	for i < len(m.q) && isWord(m.q[i]) && !isDigit(m.q[m.at+1]) {
		i++
	}
	if i >= len(m.q) || m.q[i] != '$' {
		return 0
	}
	tag := string(m.q[m.at : i+1])
	for j := i + 1; j+len(tag) <= len(m.q); j++ {
		if string(m.q[j:j+len(tag)]) == tag {
			return j + len(tag) - m.at
		}
	}
	return len(m.q) - m.at
}

// number is the length of the number that begins here: digits, letters of a hexadecimal or an exponent, points.
func (m *masker) number() int {
	i := m.at
	for i < len(m.q) && (isWord(m.q[i]) || m.q[i] == '.') {
		if b := m.q[i]; (b == 'e' || b == 'E') && i+1 < len(m.q) && (m.q[i+1] == '+' || m.q[i+1] == '-') {
			i++
		}
		i++
	}
	return i - m.at
}

// word copies a word with the digits in it. One that opens a string is part of its value: N”, X”, E”.
func (m *masker) word() {
	i := m.at
	for i < len(m.q) && (isWord(m.q[i]) || m.q[i] == '$') {
		i++
	}
	if i < len(m.q) && m.q[i] == '\'' && i-m.at <= 2 {
		escapes := m.d == MySQL || m.d == Standard && m.q[m.at]|0x20 == 'e'
		m.value(m.quotedFrom(i, '\'', escapes))
		return
	}
	if m.q[m.at] == '@' || m.q[m.at] == ':' {
		i = max(i, m.at+1)
	}
	m.copy(i - m.at)
}

func isDigit(b byte) bool { return '0' <= b && b <= '9' }

func isWord(b byte) bool {
	return isDigit(b) || 'a' <= b|0x20 && b|0x20 <= 'z' || b == '_' || b == '@' || b >= 0x80
}
