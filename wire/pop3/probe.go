package pop3

import (
	"bytes"

	"bulwark/wire"
	"bulwark/wire/internal/lines"
)

// Probe tells whether p begins a session. "+OK" alone is said by others too (Redis): the greeting must name the
// protocol or bear a time stamp, or a second reply must follow.
func Probe(p []byte) (wire.Match, wire.Dir) {
	switch p[0] {
	case '+':
		return probeServer(p), wire.ToClient
	case 'A', 'a', 'C', 'c', 'S', 's', 'U', 'u':
		return probeClient(p), wire.ToServer
	}
	return wire.No, wire.Either
}

func probeServer(p []byte) wire.Match {
	if n := min(len(p), 4); string(p[:n]) != "+OK "[:n] {
		return wire.No
	}
	line, rest, whole := bytes.Cut(p, []byte{'\n'})
	line = line[:min(len(line), longReply)]
	switch {
	case lines.Names(line, "POP"):
		return wire.Yes
	case !whole:
		return wire.Unsure
	case bytes.IndexByte(line, '<') >= 0 && bytes.IndexByte(line, '@') > 0: // RFC 1939 §7
		return wire.Yes
	case len(rest) < 3:
		return wire.Unsure
	case bytes.HasPrefix(rest, []byte("+OK")) || bytes.HasPrefix(rest, []byte("-ER")) || bytes.HasPrefix(rest, []byte("+ \r")):
		return wire.Yes
	}
	return wire.No
}

// own are commands that no other protocol begins with; shared are those of others too.
var (
	own    = [...]string{"APOP ", "CAPA\r\n", "STLS\r\n", "UIDL\r\n"}
	shared = [...]string{"USER ", "PASS ", "AUTH ", "STAT\r\n"}
)

func probeClient(p []byte) wire.Match { return lines.Commands(p, own[:], shared[:]) }
