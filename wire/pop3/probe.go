package pop3

import (
	"bytes"

	"bulwark/wire"
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
	case names(line, "POP"):
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

// names reports whether line holds the word, which is in upper case.
func names(line []byte, word string) bool {
	for i := 0; i+len(word) <= len(line); i++ {
		if line[i]&^0x20 == word[0] && bytes.EqualFold(line[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return false
}

// own are commands that no other protocol begins with; shared are those of others too.
var (
	own    = [...]string{"APOP ", "CAPA\r\n", "STLS\r\n", "UIDL\r\n"}
	shared = [...]string{"USER ", "PASS ", "AUTH ", "STAT\r\n"}
)

func probeClient(p []byte) wire.Match {
	for range 8 {
		match := wire.No
		for _, o := range own {
			match = max(match, opens(p, o))
		}
		if match == wire.Yes {
			return wire.Yes
		}
		for _, o := range shared {
			if opens(p, o) != wire.No {
				match = wire.Unsure
			}
		}
		_, rest, whole := bytes.Cut(p, []byte{'\n'})
		if match == wire.No || !whole || len(rest) == 0 {
			return match
		}
		p = rest
	}
	return wire.No
}

// opens reports whether p begins with the text, or may when more of it comes.
func opens(p []byte, text string) wire.Match {
	n := min(len(p), len(text))
	switch {
	case !bytes.EqualFold(p[:n], []byte(text[:n])):
		return wire.No
	case n < len(text):
		return wire.Unsure
	}
	return wire.Yes
}
