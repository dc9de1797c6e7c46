package logs

import (
	"strings"
	"unsafe"

	"bulwark/event"
	"bulwark/platform/pseudonym"
)

// masked stands in place of a secret.
const masked = "****"

// mask has patients and secrets in the text and the fields replaced, and cuts what is too long to be told.
func (w *worker) mask() {
	l, cut := &w.log, false
	l.Message = w.hidden(l.Message[:min(len(l.Message), maxMessage)])
	if len(l.Fields) > 2*maxFields {
		l.Fields, cut = l.Fields[:2*maxFields], true
	}
	told := 0
	for i := 0; i+1 < len(l.Fields); i += 2 {
		v := &l.Fields[i+1]
		if room := min(maxValue, max(0, maxTold-told)); len(*v) > room {
			*v, cut = (*v)[:room], true
		}
		if isSecret(l.Fields[i]) && *v != "" {
			*v = masked
		} else {
			*v = w.hidden(*v)
		}
		told += len(l.Fields[i]) + len(*v)
	}
	if cut {
		w.faults = append(w.faults, faultCut)
	}
}

// shortest is the least text in which a patient or a secret can stand with what tells it.
const shortest = 8

// hidden is a text with patients and secrets replaced.
func (w *worker) hidden(s string) string {
	if len(s) < shortest || isPlain(s) {
		return s
	}
	w.secrets = pseudonym.WithoutSecrets(w.secrets[:0], unsafe.Slice(unsafe.StringData(s), len(s)))
	at := len(w.bytes)
	w.bytes = w.masks.Text(w.bytes, w.secrets)
	if string(w.bytes[at:]) == s {
		w.bytes = w.bytes[:at]
		return s
	}
	return event.View(w.bytes[at:])
}

// isPlain reports whether s is a number, an address, a time or an identifier of hexadecimal digits, in which nobody is named. Numbers of
// ten digits and more may be those of people.
func isPlain(s string) bool {
	run := 0
	for i := range len(s) {
		switch c := s[i]; {
		case c >= '0' && c <= '9':
			if run++; run >= 10 {
				return false
			}
		case c == '.' || c == ':' || c == '-' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F' || c == 'x' || c == 'T' || c == 'Z' || c == '{' || c == '}':
			run = 0
		default:
			return false
		}
	}
	return true
}

// isSecret reports whether a field of that name holds a secret.
func isSecret(name string) bool {
	name = name[strings.LastIndexByte(name, '.')+1:]
	switch len(name) {
	case 3, 6, 7, 8, 10, 12, 13:
	default:
		return false
	}
	for _, s := range [...]string{"password", "passwd", "pwd", "secret", "passphrase", "api_key", "apikey", "authorization", "access_token", "userpassword", "community"} {
		if strings.EqualFold(name, s) {
			return true
		}
	}
	return false
}
