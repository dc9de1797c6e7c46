package match

import (
	"bytes"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"unsafe"

	"golang.org/x/net/publicsuffix"
)

func dotPrefix(_ *Machine, out, in []byte) []byte {
	if len(in) == 0 {
		return out
	}
	return append(append(out, '.'), in...)
}

// space reports what C's isspace does.
func space(b byte) bool { return b == ' ' || '\t' <= b && b <= '\r' }

func stripSpace(_ *Machine, out, in []byte) []byte {
	for _, b := range in {
		if !space(b) {
			out = append(out, b)
		}
	}
	return out
}

// compressSpace keeps the first byte of each run of blanks.
func compressSpace(_ *Machine, out, in []byte) []byte {
	before := false
	for _, b := range in {
		is := space(b)
		if !is || !before {
			out = append(out, b)
		}
		before = is
	}
	return out
}

// stripPseudoHeaders leaves out lines that begin with a colon: HTTP/2's.
func stripPseudoHeaders(_ *Machine, out, in []byte) []byte {
	for len(in) > 0 {
		n := bytes.IndexByte(in, '\n') + 1
		if n == 0 {
			n = len(in)
		}
		if in[0] != ':' {
			out = append(out, in[:n]...)
		}
		in = in[n:]
	}
	return out
}

func lowerHeaderNames(_ *Machine, out, in []byte) []byte {
	name := true
	for _, b := range in {
		switch {
		case name && b == ':':
			name = false
		case name:
			b = lower(b)
		case b == '\n':
			name = true
		}
		out = append(out, b)
	}
	return out
}

func lower(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b | 0x20
	}
	return b
}

func toLower(_ *Machine, out, in []byte) []byte {
	for _, b := range in {
		out = append(out, lower(b))
	}
	return out
}

func toUpper(_ *Machine, out, in []byte) []byte {
	for _, b := range in {
		if 'a' <= b && b <= 'z' {
			b &^= 0x20
		}
		out = append(out, b)
	}
	return out
}

// urlDecode turns %41 into A and + into a blank; what is no such code stays as it is, up to where that shows.
func urlDecode(_ *Machine, out, in []byte) []byte {
	for i := 0; i < len(in); i++ {
		if in[i] == '+' {
			out = append(out, ' ')
			continue
		}
		if in[i] != '%' {
			out = append(out, in[i])
			continue
		}
		n := 1
		for n < 3 && i+n < len(in) && digit(in[i+n]) < 16 {
			n++
		}
		if n == 3 {
			out = append(out, byte(digit(in[i+1])<<4|digit(in[i+2])))
		} else {
			n = min(n+1, len(in)-i)
			out = append(out, in[i:i+n]...)
		}
		i += n - 1
	}
	return out
}

func toMD5(_ *Machine, out, in []byte) []byte {
	if len(in) == 0 {
		return out
	}
	sum := md5.Sum(in)
	return append(out, sum[:]...)
}

func toSHA1(_ *Machine, out, in []byte) []byte {
	if len(in) == 0 {
		return out
	}
	sum := sha1.Sum(in)
	return append(out, sum[:]...)
}

func toSHA256(_ *Machine, out, in []byte) []byte {
	if len(in) == 0 {
		return out
	}
	sum := sha256.Sum256(in)
	return append(out, sum[:]...)
}

// domain is the part of a name that somebody can register: example.co.uk of www.example.co.uk (by the Public Suffix
// List). Nothing is left of a name that has none.
func domain(_ *Machine, out, in []byte) []byte {
	at, _ := registered(toLower(nil, out, in))
	return append(out, in[at:]...)
}

// tld is the public suffix of a name: co.uk of www.example.co.uk.
func tld(_ *Machine, out, in []byte) []byte {
	_, suffix := registered(toLower(nil, out, in))
	return append(out, in[suffix:]...)
}

// registered is where the registered domain and its suffix begin in a name of lower case; its end where there is none.
func registered(name []byte) (domain, suffix int) {
	none := len(name)
	whole := bytes.TrimSuffix(name, []byte("."))
	// The list looks at the name and keeps nothing of it.
	public, _ := publicsuffix.PublicSuffix(unsafe.String(unsafe.SliceData(whole), len(whole)))
	suffix = len(whole) - len(public)
	if public == "" || suffix < 2 {
		return none, none
	}
	at := bytes.LastIndexByte(name[:suffix-1], '.') + 1
	if at >= suffix-1 {
		return none, none
	}
	return at, suffix
}
