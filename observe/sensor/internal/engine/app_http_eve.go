package engine

import (
	"bytes"
	"encoding/hex"

	"bulwark/wire/http"
)

func appendPlainHex(dst, b []byte) []byte {
	dst = hex.AppendEncode(dst, b)
	return dst
}

// headers are the fields of a head as texts, with patients replaced and secrets left out.
func (t *texts) headers(w *Worker, list []string, h *http.Head) []string {
	for name, value := range h.Fields() {
		at := len(t.buf)
		t.buf = append(append(t.buf, name...), ':', ' ')
		if !secret(name) {
			from, to := userinfo(value)
			if string(name) == ":authority" || len(name) == 4 && bytes.EqualFold(name, []byte("host")) {
				from, to = 0, bytes.LastIndexByte(value, '@')+1
			}
			t.buf = w.opt.Patients.Text(w.opt.Patients.Text(t.buf, value[:from]), value[to:])
		}
		list = append(list, t.from(at))
	}
	return list
}

// address is a URI with patients replaced, and without the user and the password in it.
func (t *texts) address(w *Worker, uri []byte) string {
	from, to := userinfo(uri)
	at := len(t.buf)
	t.buf = w.opt.Patients.Text(t.buf, uri[:from])
	t.buf = w.opt.Patients.Text(t.buf, uri[to:])
	return t.from(at)
}

// userinfo is where in a URI a user and a password stand, with the @ behind them (RFC 3986 §3.2.1): nowhere, mostly.
func userinfo(uri []byte) (from, to int) {
	at := bytes.IndexByte(uri, '@')
	if at < 0 {
		return 0, 0
	}
	from = bytes.Index(uri, []byte("//")) + 2
	if from < 2 || from > 10 || bytes.ContainsAny(uri[from:max(at, from)], "/?#") || at < from {
		return 0, 0
	}
	return from, at + 1
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
