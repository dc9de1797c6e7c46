package ftp

import (
	"bytes"

	"bulwark/wire"
	"bulwark/wire/internal/lines"
)

// Probe tells whether p begins a control connection. A banner that names FTP gives it away, as does the reply that
// follows one which names nothing. USER and PASS alone do not: POP3 has them too.
func Probe(p []byte) (wire.Match, wire.Dir) {
	switch c := p[0]; {
	case c == '1' || c == '2' || c == '4' || c == '5':
		return probeServer(p), wire.ToClient
	case 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z':
		return probeClient(p), wire.ToServer
	}
	return wire.No, wire.Either
}

func probeServer(p []byte) wire.Match {
	if len(p) < 4 {
		if p[0] == '2' && "220"[:len(p)] == string(p) {
			return wire.Unsure
		}
		return wire.No
	}
	code := number(p)
	if p[3] != ' ' && p[3] != '-' || code != 220 && code != 120 && code != 421 && code != 530 {
		return wire.No
	}
	multi := p[3] == '-'
	for first := true; ; first = false {
		line, rest, whole := bytes.Cut(p, []byte{'\n'})
		line = line[:min(len(line), 512)]
		switch {
		case !first && !multi && len(line) >= 4:
			return second(number(line))
		case lines.Names(line, "SMTP") || lines.Names(line, "LMTP"):
			return wire.No
		case lines.Names(line, "FTP"):
			return wire.Yes
		case !whole && code == 220:
			return wire.Unsure
		case !whole:
			return wire.No
		}
		if len(line) > 3 && number(line) == code && line[3] == ' ' {
			multi = false
		}
		p = rest
	}
}

// second judges by the first reply behind the banner: to USER, AUTH, FEAT or one that is not known.
func second(code int) wire.Match {
	switch code {
	case 331, 332, 230, 234, 334, 211, 215, 530:
		return wire.Yes
	}
	return wire.No
}

// own are commands that no other protocol has; shared are also of POP3 or SMTP and do not tell.
var (
	own = [...]string{"AUTH TLS", "AUTH SSL", "FEAT\r", "SYST\r", "PASV\r", "EPSV\r", "EPSV ", "PORT ", "EPRT ", "TYPE A", "TYPE I",
		"RETR /", "CWD ", "PBSZ ", "PROT ", "CLNT ", "OPTS UTF8"}
	shared = [...]string{"USER ", "PASS "}
)

func probeClient(p []byte) wire.Match { return lines.Commands(p, own[:], shared[:]) }
