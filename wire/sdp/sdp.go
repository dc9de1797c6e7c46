// Package sdp reads descriptions of sessions: what is to be sent to which address, in which form (RFC 4566, RFC 8866).
//
//	v=0
//	o=alice 2890844526 2890844526 IN IP4 host.example
//	m=audio 49170 RTP/AVP 0
//
// A description is lines of a letter, an equals sign and a value. Those behind a line m= belong to that medium.
package sdp

import (
	"bytes"
	"fmt"

	"bulwark/wire"
)

// ErrMalformed means bytes that are no description.
var ErrMalformed = fmt.Errorf("sdp: malformed description: %w", wire.ErrMalformed)

// maxLines is how many lines of a description are kept.
const maxLines = 256

// Line is one line.
type Line struct {
	Type  byte
	Value []byte
}

// Description is a description of a session. Its slices point into what was parsed.
type Description struct {
	Lines []Line
}

// Parse reads a description. The last line may lack its end.
func Parse(b []byte, d *Description) error {
	d.Lines = d.Lines[:0]
	if !bytes.HasPrefix(b, []byte("v=0")) {
		return ErrMalformed
	}
	for len(b) > 0 && len(d.Lines) < maxLines {
		line := b
		if i := bytes.IndexByte(b, '\n'); i >= 0 {
			line, b = b[:i], b[i+1:]
		} else {
			b = nil
		}
		line = bytes.TrimRight(line, "\r")
		if len(line) == 0 {
			continue
		}
		if len(line) < 2 || line[1] != '=' {
			return ErrMalformed
		}
		d.Lines = append(d.Lines, Line{line[0], line[2:]})
	}
	return nil
}

// Session are the lines in front of the first medium.
func (d *Description) Session() []Line {
	for i, l := range d.Lines {
		if l.Type == 'm' {
			return d.Lines[:i]
		}
	}
	return d.Lines
}

// Media calls yield with the lines of each medium, the first of which is its m=: range d.Media.
func (d *Description) Media(yield func([]Line) bool) {
	rest := d.Lines[len(d.Session()):]
	for len(rest) > 0 {
		n := 1
		for n < len(rest) && rest[n].Type != 'm' {
			n++
		}
		if !yield(rest[:n]) {
			return
		}
		rest = rest[n:]
	}
}

// First is the value of the first line of that type; nil when there is none.
func First(lines []Line, kind byte) []byte {
	for _, l := range lines {
		if l.Type == kind {
			return l.Value
		}
	}
	return nil
}

// Secret is how many bytes at the beginning of a value may be shown: all, but of a key in a line k= (RFC 4566 §5.12),
// or in an attribute crypto (RFC 4568 §9.1), what stands in front of the key.
func (l Line) Secret() (shown int, secret bool) {
	switch {
	case l.Type == 'k' && (bytes.HasPrefix(l.Value, []byte("clear:")) || bytes.HasPrefix(l.Value, []byte("base64:"))):
		return bytes.IndexByte(l.Value, ':') + 1, true
	case l.Type == 'a' && bytes.HasPrefix(l.Value, []byte("crypto:")):
		if i := bytes.Index(l.Value, []byte("inline:")); i >= 0 {
			return i + len("inline:"), true
		}
	}
	return len(l.Value), false
}
