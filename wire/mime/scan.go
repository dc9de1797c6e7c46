package mime

import "bytes"

// scanner looks for addresses of pages and files (RFC 3986) in a text that comes in pieces.
type scanner struct{ tail []byte } // what may go on in the next piece

func (s *scanner) reset() { s.tail = s.tail[:0] }

// look takes the next piece of a text.
func (s *scanner) look(m *Parser, p []byte) {
	if len(m.URLs) >= maxURLs {
		return
	}
	if len(s.tail) > 0 {
		n := 0
		for n < len(p) && !ends(p[n]) && len(s.tail)+n < maxURL {
			n++
		}
		s.tail = append(s.tail, p[:n]...)
		if n == len(p) && len(s.tail) < maxURL {
			return
		}
		s.end(m)
		p = p[n:]
	}
	from := len(p)
	for from > 0 && len(p)-from < maxURL && !ends(p[from-1]) {
		from--
	}
	m.findURLs(p[:from])
	s.tail = append(s.tail[:0], p[from:]...)
}

// end takes what waited for more.
func (s *scanner) end(m *Parser) {
	m.findURLs(s.tail)
	s.tail = s.tail[:0]
}

// findURLs notes the addresses in p, which begins and ends where words do.
func (m *Parser) findURLs(p []byte) {
	for len(m.URLs) < maxURLs {
		i := bytes.Index(p, []byte("://"))
		if i < 0 {
			return
		}
		from, to := i, i+3
		for from > 0 && i-from < 12 && letter(p[from-1]) {
			from--
		}
		for to < len(p) && to-from < maxURL && !ends(p[to]) {
			to++
		}
		if url := bytes.TrimRight(p[from:to], ".,;:!?"); i-from >= 2 && len(url) > i-from+3 {
			m.URLs = append(m.URLs, m.keep(url))
		}
		p = p[to:]
	}
}

// letter reports whether c may stand in the name of a scheme of those that matter here.
func letter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// ends reports whether an address ends before c, as Suricata has it.
func ends(c byte) bool {
	switch c {
	case '"', '\'', '<', '>', ']':
		return true
	}
	return c <= ' '
}
