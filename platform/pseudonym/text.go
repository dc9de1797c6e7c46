package pseudonym

import "bytes"

// Text appends s, a URL, a part of one, a file name or a path, with what names a patient replaced:
//
//   - FHIR references: Patient/ID in a path or a value, and paths of web applications like /patients/4711;
//   - values of parameters whose names say it (see keys.go): patient=, ipp=, identifier=system|value, PatientName=, birthdate=...;
//   - French social security numbers (NIR, INS), UK NHS numbers, and names written FAMILY^GIVEN, wherever they stand;
//   - identifiers that were learnt ([Pseudonyms.Learn]), wherever they stand as a word of their own, with the capitalised
//     words that are joined to them;
//   - family and given names that were learnt ([Pseudonyms.LearnName]), where the same path segment or file name holds a
//     second hint: anything masked, a family and a given name, or a date beside the name. A learnt name alone stays
//     (petit.html, martin.css), and so does a host's name.
//
// Percent-encoded forms are found too, also encoded twice. Everything else stays as it is, byte for byte, so that
// an analyst can still hunt for URLs; and so does what is a pseudonym already. Text allocates nothing when dst has room.
func (p *Pseudonyms) Text(dst, s []byte) []byte {
	before := len(dst)
	t := p.scan(dst, s)
	t.run()
	dst = append(t.dst, s[t.copied:]...)
	if !t.named {
		return dst
	}
	p.masked = append(p.masked[:0], dst[before:]...)
	t = p.scan(dst[:before], p.masked)
	t.maskNames()
	return append(t.dst, p.masked[t.copied:]...)
}

// scan begins a walk over s.
func (p *Pseudonyms) scan(dst, s []byte) scan {
	t := scan{p: p, dst: dst, raw: s, text: s}
	if i := bytes.IndexByte(s, '%'); i >= 0 && p.decode(s, i) {
		t.text, t.origin = p.plain, p.origin
	}
	return t
}

// decode writes s without its percent-encoding (RFC 3986 §2.1) to p.plain, and where each byte came from to p.origin.
// It decodes what was encoded up to three times, and reports whether anything was.
func (p *Pseudonyms) decode(s []byte, first int) bool {
	p.plain, p.origin = append(p.plain[:0], s...), p.origin[:0]
	for i := range len(s) + 1 {
		p.origin = append(p.origin, i)
	}
	any := false
	for range 3 {
		n := decodeOnce(p.plain, p.origin, first)
		if n == len(p.plain) {
			break
		}
		any = true
		p.plain, p.origin = p.plain[:n], p.origin[:n+1]
	}
	return any
}

// decodeOnce decodes plain in place from first on, moves the origins along, and returns the new length.
func decodeOnce(plain []byte, origin []int, first int) int {
	n := first
	for i := first; i < len(plain); n++ {
		b, width := plain[i], 1
		if b == '%' && i+2 < len(plain) {
			hi, lo := unhex(plain[i+1]), unhex(plain[i+2])
			if hi < 16 && lo < 16 {
				b, width = hi<<4|lo, 3
			}
		}
		plain[n], origin[n] = b, origin[i]
		i += width
	}
	origin[n] = origin[len(plain)]
	return n
}

func unhex(b byte) byte {
	switch {
	case '0' <= b && b <= '9':
		return b - '0'
	case 'A' <= upper(b) && upper(b) <= 'F':
		return upper(b) - 'A' + 10
	}
	return 255
}
