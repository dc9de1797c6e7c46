package engine

import (
	"bytes"

	"bulwark/wire/http"
)

func appendPlainHex(dst, b []byte) []byte {
	for _, c := range b {
		dst = append(dst, hexDigits[c>>4], hexDigits[c&15])
	}
	return dst
}

// headers are the fields of a head as texts, with patients replaced and secrets left out.
func (t *texts) headers(w *Worker, list []string, h *http.Head) []string {
	for name, value := range h.Fields() {
		at := len(t.buf)
		t.buf = append(append(t.buf, name...), ':', ' ')
		if !secret(name) {
			t.buf = w.opt.Patients.Text(t.buf, value)
		}
		list = append(list, t.from(at))
	}
	return list
}

// secret reports whether a field carries what lets its holder in.
func secret(name []byte) bool {
	for _, s := range [...]string{"authorization", "proxy-authorization", "cookie", "set-cookie"} {
		if len(name) == len(s) && bytes.EqualFold(name, []byte(s)) {
			return true
		}
	}
	return false
}
