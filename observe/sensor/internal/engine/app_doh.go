package engine

import (
	"bytes"
	"encoding/base64"

	"bulwark/wire/http"
)

const dnsMedia = "application/dns-message"

// dohMessages are the DNS messages in an exchange (RFC 8484 §4): a question in the address of a GET or in the body of a
// POST, an answer in the body of the response. Messages longer than what is kept of a body are not read.
func (a *exchanges) dohMessages(x *http.Transaction) (question, answer []byte) {
	q, r := &x.Request, &x.Response
	if isDNS(&r.Message) {
		answer = whole(&r.Message)
	}
	switch {
	case isDNS(&q.Message):
		question = whole(&q.Message)
	case isDNS(&r.Message) || bytes.Equal(mediaType(q.Get(http.Accept)), []byte(dnsMedia)):
		a.w.out.question = appendQuestion(a.w.out.question[:0], q.Target)
		question = a.w.out.question
	}
	return question, answer
}

// asksDNS reports whether a request is of DNS over HTTP/2, which makes the conversation so (RFC 8484 §4.1).
func asksDNS(x *http.Transaction) bool {
	q := &x.Request
	return isDNS(&q.Message) || bytes.Equal(mediaType(q.Get(http.Accept)), []byte(dnsMedia)) || bytes.Contains(q.Target, []byte("?dns="))
}

// doh tells of DNS messages. Suricata has one record of an exchange, of the answer where there is one.
func (a *exchanges) doh(question, answer []byte) {
	if a.f.app == HTTP2 && len(question)+len(answer) > 0 {
		a.f.app = DoH2
	}
	m := &a.w.out.message
	if len(question) > 0 && (!a.w.opt.EVE || len(answer) == 0) {
		a.w.tellDNS(a.f, m, m.Parse(question))
	}
	if len(answer) > 0 {
		a.w.tellDNS(a.f, m, m.Parse(answer))
	}
}

func isDNS(m *http.Message) bool {
	return bytes.Equal(mediaType(m.Get(http.ContentType)), []byte(dnsMedia))
}

// whole is the body of m where all of it was kept.
func whole(m *http.Message) []byte {
	if int64(len(m.First)) != m.Length {
		return nil
	}
	return m.First
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
