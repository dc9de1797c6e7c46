package engine

import (
	"bytes"
	"encoding/base64"

	"bulwark/wire/http"
)

const dnsMedia = "application/dns-message"

// doh tells of the DNS messages in an exchange (RFC 8484 §4): a question in the address of a GET or in the body of a
// POST, an answer in the body of the response. Messages longer than what is kept of a body are not read.
func (a *exchanges) doh(x *http.Transaction) {
	q, r := &x.Request, &x.Response
	switch {
	case isDNS(&q.Message):
		a.dnsMessage(q.First, q.Length)
	case isDNS(&r.Message) || bytes.Equal(mediaType(q.Get(http.Accept)), []byte(dnsMedia)):
		a.w.out.question = appendQuestion(a.w.out.question[:0], q.Target)
		a.dnsMessage(a.w.out.question, int64(len(a.w.out.question)))
	default:
		return
	}
	if isDNS(&r.Message) {
		a.dnsMessage(r.First, r.Length)
	}
}

func isDNS(m *http.Message) bool {
	return bytes.Equal(mediaType(m.Get(http.ContentType)), []byte(dnsMedia))
}

// dnsMessage tells of a message that stands in p, if p has all n bytes of it.
func (a *exchanges) dnsMessage(p []byte, n int64) {
	if len(p) == 0 || int64(len(p)) != n {
		return
	}
	if a.f.app == HTTP2 {
		a.f.app = DoH2
	}
	m := &a.w.out.message
	a.w.tellDNS(a.f, m, m.Parse(p))
}

// appendQuestion appends the message that a target carries in its variable dns, in base64url without padding.
func appendQuestion(dst, target []byte) []byte {
	_, query, _ := bytes.Cut(target, []byte("?"))
	for len(query) > 0 {
		var pair []byte
		pair, query, _ = bytes.Cut(query, []byte("&"))
		name, value, _ := bytes.Cut(pair, []byte("="))
		if string(name) != "dns" {
			continue
		}
		value = bytes.TrimRight(value, "=")
		dst, err := base64.RawURLEncoding.AppendDecode(dst, value)
		if err != nil {
			return dst[:0]
		}
		return dst
	}
	return dst
}
