package smtp

import (
	"bytes"

	"bulwark/wire"
	"bulwark/wire/internal/lines"
)

// Probe tells whether p begins a session of SMTP. A client that says hello gives it away at once. A server's banner
// may be that of FTP too, unless it names the protocol; then its next reply tells, or the client.
func Probe(p []byte) (wire.Match, wire.Dir) {
	switch p[0] {
	case 'E', 'e', 'H', 'h', 'L', 'l', 'M', 'm', 'R', 'r':
		return probeClient(p), wire.ToServer
	case '2', '4', '5':
		return probeServer(p), wire.ToClient
	}
	return wire.No, wire.Either
}

var openings = [...]string{"EHLO ", "HELO ", "LHLO ", "EHLO\r", "HELO\r", "MAIL FROM:", "RCPT TO:"}

func probeClient(p []byte) wire.Match {
	match := wire.No
	for _, o := range openings {
		n := min(len(p), len(o))
		if !bytes.EqualFold(p[:n], []byte(o[:n])) {
			continue
		}
		if n == len(o) {
			return wire.Yes
		}
		match = wire.Unsure
	}
	return match
}

func probeServer(p []byte) wire.Match {
	if len(p) < 4 {
		if p[0] == '2' && "220"[:len(p)] == string(p) {
			return wire.Unsure
		}
		return wire.No
	}
	code := number(p[:4])
	if code != 220 && code != 554 && code != 421 {
		return wire.No
	}
	for first := true; ; first = false {
		line, rest, whole := bytes.Cut(p, []byte{'\n'})
		upper := line[:min(len(line), maxText)]
		switch {
		case !first && len(line) >= 4 && number(line[:4]) != code:
			return second(number(line[:4]))
		case lines.Names(upper, "SMTP") || lines.Names(upper, "LMTP"):
			return wire.Yes
		case lines.Names(upper, "FTP"):
			return wire.No
		case !whole && code == 220:
			return wire.Unsure
		case !whole:
			return wire.No
		}
		p = rest
		if len(p) == 0 {
			break
		}
	}
	if code == 220 {
		return wire.Unsure
	}
	return wire.No
}

// second judges by the first reply behind the banner: that to EHLO is 250, where FTP asks for a password.
func second(code int) wire.Match {
	if code == 250 {
		return wire.Yes
	}
	return wire.No
}
