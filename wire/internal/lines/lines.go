// Package lines recognises protocols of lines of text by their words: FTP, SMTP, POP3.
package lines

import (
	"bytes"

	"bulwark/wire"
)

// Opens reports whether p begins with the text, in any case, or may when more of it comes.
func Opens(p []byte, text string) wire.Match {
	n := min(len(p), len(text))
	switch {
	case !bytes.EqualFold(p[:n], []byte(text[:n])):
		return wire.No
	case n < len(text):
		return wire.Unsure
	}
	return wire.Yes
}

// Names reports whether line holds the word, which is in upper case, in any case.
func Names(line []byte, word string) bool {
	for i := 0; i+len(word) <= len(line); i++ {
		if line[i]&^0x20 == word[0] && bytes.EqualFold(line[i:i+len(word)], []byte(word)) {
			return true
		}
	}
	return false
}

// Commands judges by up to eight lines of a client: one that opens with a command of its own is of the protocol, one
// with a command that others share may be, any other is not.
func Commands(p []byte, own, shared []string) wire.Match {
	for range 8 {
		match := wire.No
		for _, o := range own {
			match = max(match, Opens(p, o))
		}
		if match == wire.Yes {
			return wire.Yes
		}
		for _, o := range shared {
			if Opens(p, o) != wire.No {
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
