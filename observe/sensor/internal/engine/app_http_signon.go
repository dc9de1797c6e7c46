package engine

import (
	"bytes"
	"encoding/base64"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/kerberos"
	"bulwark/wire/ntlm"
	"bulwark/wire/spnego"
)

// signOn reports who signs on by SPNEGO, Kerberos or NTLM within HTTP (RFC 4559), and the server that the answer names.
func (a *exchanges) signOn(x *http.Transaction) {
	w := a.w
	if t := w.token(x.Response.Get(http.WWWAuthenticate)); t != nil && t.Inner == spnego.NTLM && t.NTLM.Kind == ntlm.Challenge {
		s, text := &t.NTLM.Server, texts{buf: w.out.text[:0]}
		w.out.asset = event.Asset{Hostname: either(event.View(s.DNSComputer), event.View(s.NetBIOSComputer)),
			Software: text.system(nil, t.NTLM.Version), Role: "http server", Source: "http"}
		w.out.text = text.buf
		if w.out.asset.Hostname != "" {
			w.tellAssetOf(a.f, wire.ToClient, &w.out.asset)
		}
	}
	t := w.token(x.Request.Get(http.Authorization))
	if t == nil || t.Inner == spnego.NTLM && t.NTLM.Kind != ntlm.Authenticate {
		return
	}
	e := &w.out.auth
	switch t.Inner {
	case spnego.NTLM:
		*e = event.Auth{User: event.View(t.NTLM.User), Domain: event.View(t.NTLM.Domain), Protocol: "NTLM",
			Host: event.View(t.NTLM.Workstation), Service: either(event.View(t.NTLM.SPN), "http")}
	case spnego.Kerberos:
		k := &t.Kerberos.Ticket
		if t.Kerberos.Type != kerberos.APReq {
			return
		}
		w.ticketShown(a.f, "http", k.Realm, k.Server.Name, &k.Sealed)
		*e = event.Auth{Domain: event.View(k.Realm), Protocol: "Kerberos", Service: event.View(k.Server.Name)}
	default:
		return
	}
	if !x.Response.Seen {
		return
	}
	e.Outcome = "success"
	if x.Response.Status == 401 || x.Response.Status == 403 {
		e.Outcome, e.Reason = "failure", "refused"
	}
	w.emit(a.f, e)
}

// token reads the security token in a field of HTTP; nil when there is none.
func (w *Worker) token(field []byte) *spnego.Token {
	scheme, text, ok := bytes.Cut(field, []byte{' '})
	if !ok || !bytes.EqualFold(scheme, []byte("Negotiate")) && !bytes.EqualFold(scheme, []byte("NTLM")) &&
		!bytes.EqualFold(scheme, []byte("Kerberos")) {
		return nil
	}
	w.out.shown, _ = base64.StdEncoding.AppendDecode(w.out.shown[:0], bytes.Trim(text, " \t"))
	return w.tokenOf(w.out.shown)
}

// tokenOf reads a security token, which holds until the next one is read; nil when it is none.
func (w *Worker) tokenOf(p []byte) *spnego.Token {
	if spnego.Parse(p, &w.out.token) != nil {
		return nil
	}
	return &w.out.token
}
