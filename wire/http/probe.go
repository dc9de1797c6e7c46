package http

import (
	"bytes"

	"bulwark/wire"
)

// prefaceText is how a client that knows of HTTP/2 begins (RFC 9113 §3.4).
const prefaceText = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

func preface(p []byte) bool {
	return len(p) >= 14 && string(p[:14]) == prefaceText[:14]
}

// methods are those that are taken for HTTP without a look at the version (IANA registry "HTTP Methods", the common
// ones).
var methods = [...]string{
	"get", "post", "head", "put", "options", "delete", "patch", "connect", "trace", "propfind", "proppatch", "mkcol",
	"copy", "move", "lock", "unlock", "report", "search", "pri",
}

// Probe tells whether p begins a conversation of HTTP/1: a request line or a status line.
func Probe(p []byte) (wire.Match, wire.Dir) {
	for len(p) > 0 && lineEnd(p[0]) {
		p = p[1:]
	}
	if len(p) == 0 {
		return wire.Unsure, wire.Either
	}
	if k := min(len(p), 5); fold(p[:k], "http/"[:k]) {
		return statusPlausible(p), wire.ToClient
	}
	return requestPlausible(p), wire.ToServer
}

// statusPlausible judges "HTTP/1.1 200".
func statusPlausible(p []byte) wire.Match {
	if len(p) < 9 {
		return wire.Unsure
	}
	if p[5] < '0' || p[5] > '9' || (p[6] != '.' && !blank(p[6])) {
		return wire.No
	}
	return wire.Yes
}

// requestPlausible judges a request line, or what there is of it: a known method and a target that begins like one, or
// any token with a version at the end of the line.
func requestPlausible(p []byte) wire.Match {
	p = trim(p)
	end := indexBlank(p)
	if end < 0 {
		if len(p) > 20 || len(p) > 0 && !token(p) {
			return wire.No
		}
		return wire.Unsure
	}
	if end == 0 || end > 20 || !token(p[:end]) {
		return wire.No
	}
	target := trim(p[end:])
	if len(target) == 0 {
		return wire.Unsure
	}
	if known(p[:end]) && (target[0] == '/' || len(target) >= 4 && fold(target[:4], "http")) {
		return wire.Yes
	}
	i := bytes.IndexByte(target, '\n')
	if i < 0 {
		if len(target) < 2048 {
			return wire.Unsure
		}
		return wire.No
	}
	line := bytes.TrimRight(target[:i], "\r \t")
	if n := len(line); n > 9 && fold(line[n-8:n-3], "http/") && blank(line[n-9]) {
		return wire.Yes
	}
	return wire.No
}

func known(method []byte) bool {
	for _, m := range methods {
		if len(m) == len(method) && fold(method, m) {
			return true
		}
	}
	return false
}

// findStart looks behind a gap for a start line. Where there is none it says how many bytes can be passed over.
func findStart(dir wire.Dir, p []byte) (n int, found bool) {
	if dir == wire.ToClient {
		return findStatus(p)
	}
	for n < len(p) {
		line := p[n:]
		end := bytes.IndexByte(line, '\n')
		if end < 0 {
			if len(line) < 2048 && requestPlausible(line) != wire.No {
				return n, false // the line may still become one
			}
			return len(p), false
		}
		text := bytes.TrimRight(line[:end], "\r \t")
		if k := len(text); k > 14 && fold(text[k-8:k-3], "http/") && requestPlausible(line[:end+1]) == wire.Yes {
			return n, true
		}
		n += end + 1
	}
	return n, false
}

// findStatus looks for a status line. It may stand behind a body that does not end in a line.
func findStatus(p []byte) (n int, found bool) {
	const mark = "HTTP/1."
	for {
		i := bytes.Index(p[n:], []byte(mark))
		if i < 0 {
			break
		}
		n += i
		if len(p)-n < 12 {
			return n, false
		}
		if q := p[n:]; blank(q[8]) && number(q[9:12]) >= 100 {
			return n, true
		}
		n += len(mark)
	}
	// The last bytes may be the beginning of one.
	for k := min(len(mark)-1, len(p)-n); k > 0; k-- {
		if string(p[len(p)-k:]) == mark[:k] {
			return len(p) - k, false
		}
	}
	return len(p), false
}
