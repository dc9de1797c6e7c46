package netbios

import "strconv"

// nameLen is how many bytes a name has: 15 and a suffix (RFC 1001 §14).
const nameLen = 16

// encodedLen is how many letters encode them: two for each byte (RFC 1001 §14.1).
const encodedLen = 2 * nameLen

// Name is a NetBIOS name. Its zero value is none.
type Name struct {
	raw   [nameLen]byte
	Scope []byte // NetBIOS scope, its labels as they were sent; nil where there is none, as nearly always
}

// Suffix is the last byte: what the name is for.
func (n *Name) Suffix() byte { return n.raw[nameLen-1] }

// Text is the name without its suffix and what fills it up: blanks, or zero bytes. It points into n.
func (n *Name) Text() []byte { return trim(n.raw[:nameLen-1]) }

// Wildcard reports whether the name is the one that every host answers to: an asterisk (RFC 1002 §4.2.12).
func (n *Name) Wildcard() bool { return n.raw[0] == '*' && n.raw[1] == 0 }

// AppendText appends the name as people read it: bytes that do not print as <01>.
func AppendText(dst, text []byte) []byte {
	for _, c := range text {
		if c >= ' ' && c != 0x7f {
			dst = append(dst, c)
			continue
		}
		dst = appendSuffix(dst, c)
	}
	return dst
}

// AppendScope appends a scope with dots between its labels.
func AppendScope(dst, scope []byte) []byte {
	for i := 0; len(scope) > 0; i++ {
		n := min(1+int(scope[0]), len(scope))
		if i > 0 {
			dst = append(dst, '.')
		}
		dst = AppendText(dst, scope[1:n])
		scope = scope[n:]
	}
	return dst
}

// appendSuffix appends <1c>.
func appendSuffix(dst []byte, c byte) []byte {
	const digits = "0123456789abcdef"
	return append(dst, '<', digits[c>>4], digits[c&15], '>')
}

func trim(b []byte) []byte {
	for len(b) > 0 && (b[len(b)-1] == ' ' || b[len(b)-1] == 0) {
		b = b[:len(b)-1]
	}
	return b
}

// Use is what a name with the suffix is for, in Microsoft's words ([MS-NBTE] and its knowledge base article 163409):
// workstation, file server... Names of groups and of hosts use suffixes differently.
func Use(suffix byte, group bool) string {
	switch suffix {
	case 0x00:
		if group {
			return "domain"
		}
		return "workstation"
	case 0x01:
		if group {
			return "master browsers"
		}
		return "messenger"
	case 0x03:
		return "messenger"
	case 0x06:
		return "remote access server"
	case 0x1b:
		return "domain master browser"
	case 0x1c:
		return "domain controllers"
	case 0x1d:
		return "master browser"
	case 0x1e:
		return "browser elections"
	case 0x1f:
		return "network dde"
	case 0x20:
		return "file server"
	case 0x21:
		return "remote access client"
	case 0xbe:
		return "network monitor agent"
	case 0xbf:
		return "network monitor"
	}
	return "suffix " + strconv.FormatUint(uint64(suffix), 16)
}

// readName reads a name at off of p and is the offset behind it; -1 where there is none. A pointer may stand for the
// whole name, or for its scope (RFC 1002 §4.1 refers to RFC 883).
func readName(p []byte, off int, n *Name) int {
	n.Scope = nil
	next := -1
	if off+1 < len(p) && p[off] >= 0xc0 {
		next = off + 2
		if off = int(p[off]&0x3f)<<8 | int(p[off+1]); off >= next {
			return -1 // names stand before their pointers
		}
	}
	if off+1+encodedLen >= len(p) || p[off] != encodedLen || !decode(p[off+1:], &n.raw) {
		return -1
	}
	end := scope(p, off+1+encodedLen, n)
	if next > 0 && end > 0 {
		return next
	}
	return end
}

// scope reads the labels behind a name up to the end of it.
func scope(p []byte, off int, n *Name) int {
	from := off
	for off < len(p) {
		c := int(p[off])
		switch {
		case c == 0:
			if off > from {
				n.Scope = p[from:off]
			}
			return off + 1
		case c >= 0xc0:
			if off+2 > len(p) {
				return -1
			}
			return off + 2
		case c > 63:
			return -1
		}
		off += 1 + c
	}
	return -1
}

// decode takes two letters from A to P for each byte.
func decode(p []byte, to *[nameLen]byte) bool {
	for i := range to {
		a, b := p[2*i]-'A', p[2*i+1]-'A'
		if a > 15 || b > 15 {
			return false
		}
		to[i] = a<<4 | b
	}
	return true
}
