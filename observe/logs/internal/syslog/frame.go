package syslog

import "bytes"

// MaxLine is how much of a message is read, in bytes; of a longer one the rest is skipped.
const MaxLine = 1 << 20

// framer cuts a stream into messages (RFC 6587 §3.4, RFC 5425 §4.3): each behind its length, or up to the end of a line or a zero byte.
// Both may stand on one stream.
type framer struct {
	skip   int  // bytes of a counted message that are still to be skipped
	toLine bool // up to the next end of a line all is to be skipped
	seen   int  // bytes of what is to be read next that hold no end of a line
}

// message is what a framer found at the beginning of a stream.
type message struct {
	text []byte // the message, or as much of it as is read; empty where only something was skipped
	n    int    // bytes of the stream that are done with it; 0: more bytes are needed
	size int    // bytes of the message in truth, as far as that is known
	need int    // bytes that there must be to go on, where n is 0
}

// next finds a message at the beginning of b. last says that nothing follows.
func (f *framer) next(b []byte, last bool) message {
	if f.skip > 0 {
		n := min(f.skip, len(b))
		f.skip -= n
		return message{n: n}
	}
	if !f.toLine && f.seen == 0 {
		at, length := counted(b)
		if at > 0 {
			return f.counted(b, at, length, last)
		}
		if at == 0 && !last {
			return message{need: len(b) + 1}
		}
	}
	end := indexEnd(b[f.seen:])
	if end >= 0 {
		end += f.seen
	}
	switch {
	case f.toLine && end < 0:
		return message{n: len(b)}
	case f.toLine:
		f.toLine = false
		return message{n: end + 1}
	case end >= 0 && end <= MaxLine:
		f.seen = 0
		return message{text: bytes.TrimRight(b[:end], "\r"), n: end + 1, size: end}
	case len(b) >= MaxLine:
		f.seen, f.toLine = 0, true
		return message{text: b[:MaxLine], n: MaxLine, size: MaxLine + 1}
	case last:
		return message{text: bytes.TrimRight(b, "\r"), n: len(b), size: len(b)}
	}
	f.seen = len(b)
	return message{need: len(b) + 1}
}

// counted reads a message of which the length is known.
func (f *framer) counted(b []byte, at, length int, last bool) message {
	show := min(length, MaxLine)
	if len(b) < at+show {
		if !last {
			return message{need: at + show}
		}
		show = len(b) - at
	}
	f.skip = length - show
	return message{text: b[at : at+show], n: at + show, size: length}
}

// counted reads "123 " before a priority: where the message begins and how long it is. at is 0 when more bytes would tell, and -1 when
// there is no length.
func counted(b []byte) (at, length int) {
	for i, c := range b {
		switch {
		case c >= '0' && c <= '9' && i < 9:
			length = length*10 + int(c-'0')
		case c == ' ' && i > 0 && b[0] != '0':
			if i+1 == len(b) {
				return 0, 0
			}
			if b[i+1] != '<' {
				return -1, 0
			}
			return i + 1, length
		default:
			return -1, 0
		}
	}
	return 0, 0
}

func indexEnd(b []byte) int {
	line, zero := bytes.IndexByte(b, '\n'), bytes.IndexByte(b, 0)
	if line < 0 || zero >= 0 && zero < line {
		return zero
	}
	return line
}
