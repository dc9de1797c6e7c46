package imap

import (
	"bytes"

	"bulwark/wire"
)

// Probe tells whether p begins a session: by the greeting, or by a first command that bears a tag.
func Probe(p []byte) (wire.Match, wire.Dir) {
	if p[0] == '*' {
		return probeServer(p), wire.ToClient
	}
	if c := p[0]; c == '.' || '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' {
		return probeClient(p), wire.ToServer
	}
	return wire.No, wire.Either
}

func probeServer(p []byte) wire.Match {
	match := wire.No
	for _, g := range [...]string{"* OK", "* PREAUTH", "* BYE"} {
		n := min(len(p), len(g))
		if string(p[:n]) != g[:n] {
			continue
		}
		if n < len(g) {
			return wire.Unsure
		}
		match = wire.Unsure
	}
	if match == wire.No {
		return wire.No
	}
	line, rest, whole := bytes.Cut(p, []byte{'\n'})
	switch line = line[:min(len(line), 1024)]; {
	case lastFold(line, "IMAP") >= 0 || bytes.Contains(line, []byte("[CAPABILITY ")):
		return wire.Yes
	case !whole || len(rest) < 2:
		return wire.Unsure
	case bytes.HasPrefix(rest, []byte("* ")):
		return wire.Yes
	}
	_, answer := word(rest) // a tag and a status
	if status, _ := word(answer); isStatus(status) {
		return wire.Yes
	}
	return wire.No
}

// openings are commands with which a session begins.
var openings = [...]string{"LOGIN ", "CAPABILITY", "AUTHENTICATE ", "STARTTLS", "ID (", "ID NIL"}

func probeClient(p []byte) wire.Match {
	n := 0
	for n < len(p) && n < 16 && p[n] > ' ' && p[n] < 0x7f && p[n] != '/' && p[n] != ':' {
		n++
	}
	if n == len(p) && n < 16 {
		if n > 6 {
			return wire.No
		}
		return wire.Unsure
	}
	if n == 16 || p[n] != ' ' || !digits(p[:n]) {
		return wire.No
	}
	p = p[n+1:]
	match := wire.No
	for _, o := range openings {
		k := min(len(p), len(o))
		if !bytes.EqualFold(p[:k], []byte(o[:k])) {
			continue
		}
		if k == len(o) {
			return wire.Yes
		}
		match = wire.Unsure
	}
	return match
}

// digits reports whether a tag has a number in it, as those of programs have.
func digits(tag []byte) bool { return bytes.ContainsAny(tag, "0123456789") }
