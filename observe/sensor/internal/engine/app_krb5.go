package engine

import (
	"bytes"
	"crypto/sha256"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/kerberos"
	"bulwark/wire/smb"
	"bulwark/wire/tls"
)

// krb5App is Kerberos over TCP or UDP.
type krb5App struct {
	conv kerberos.Conversation
	at
}

func (a *krb5App) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *krb5App) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *krb5App) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }
func (a *krb5App) reset()                        { a.conv.Reset(); a.at = at{} }

func looksLikeKerberos(p []byte) bool {
	m, _ := kerberos.ProbeDatagram(p)
	return m == wire.Yes
}

func (w *Worker) krb5Datagram(f *flow, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, Kerberos).(*krb5App)
	if !ok {
		return
	}
	a.stand(w, f, dir)
	if err := a.conv.Datagram(p, a); err != nil {
		w.count.malformed++
	}
}

// Exchange takes a request with its reply.
func (a *krb5App) Exchange(x kerberos.Exchange) {
	w, e := a.w, &a.w.out.krb5
	t := texts{buf: w.out.text[:0]}
	*e = event.Kerberos{Offered: e.Offered[:0], Options: e.Options[:0], PreAuth: e.PreAuth[:0], PACOptions: e.PACOptions[:0]}
	if m := x.Request; m != nil {
		t.ticketRequest(e, m)
		w.out.text = t.buf
		a.look(wire.ToServer, m, e)
	}
	if m := x.Reply; m != nil {
		t.ticketReply(e, x.Request, m)
		w.out.text = t.buf
		a.look(wire.ToClient, m, e)
	}
	w.out.text = t.buf
	if e.Message == "KRB_AP_REQ" || e.Message == "KRB_AP_REP" {
		if w.opt.EVE { // which has no such record
			return
		}
	}
	w.emit(a.f, e)
	a.authentication(x)
	a.ends(x)
}

// ticketRequest fills in what is asked for.
func (t *texts) ticketRequest(e *event.Kerberos, m *kerberos.Message) {
	e.Message = m.Type.String()
	e.Client, e.Realm, e.Service = event.View(m.Client.Name), event.View(m.Realm), event.View(m.Server.Name)
	e.Self, e.Proxy = m.S4U()
	e.S4U = e.Self || e.Proxy
	e.ForUser, e.ForRealm = event.View(m.ForUser.Name), event.View(m.ForUserRealm)
	e.Till, e.RenewTill = nanoseconds(m.Till), nanoseconds(m.RenewTill)
	for _, o := range m.Etypes {
		e.Offered = append(e.Offered, o.String())
	}
	for _, p := range m.PreAuth {
		e.PreAuth = append(e.PreAuth, p.String())
	}
	e.Options, e.PACOptions = m.Options.AppendNames(e.Options), m.PACOptions.AppendNames(e.PACOptions)
	e.WithoutPAC, e.Authorization, e.Armored, e.Host = m.NoPAC, m.Authorization, m.Armored, event.View(m.Host)
	if m.Type == kerberos.ASReq {
		e.Proof = m.Proof().String()
		if m.ProofEtype != 0 {
			e.ProofEncryption = m.ProofEtype.String()
		}
	} else {
		t.presented(e, &m.Ticket)
	}
	if m.Evidence.Etype != 0 {
		e.Evidence, e.EvidenceEncryption = event.View(m.Evidence.Server.Name), m.Evidence.Etype.String()
	}
	switch {
	case m.Password > 1:
		e.Password = "set"
	case m.Password == 1:
		e.Password = "change"
	}
	signer(e, m.Certificate)
}

// presented fills in the ticket that a client shows.
func (t *texts) presented(e *event.Kerberos, k *kerberos.Ticket) {
	if k.Etype == 0 {
		return
	}
	e.Presented, e.PresentedRealm = event.View(k.Server.Name), event.View(k.Realm)
	e.PresentedEncryption, e.PresentedWeak = k.Etype.String(), k.Etype.Weak()
	e.PresentedKvno, e.PresentedHash = uint64(k.Kvno), t.digest(&k.Sum)
}

// ticketReply fills in what came of it.
func (t *texts) ticketReply(e *event.Kerberos, request, m *kerberos.Message) {
	e.Message = m.Type.String()
	e.Client = either(event.View(m.Client.Name), e.Client)
	e.Realm = either(either(event.View(m.ClientRealm), event.View(m.Realm)), e.Realm)
	e.Service = either(event.View(m.Ticket.Server.Name), either(event.View(m.Server.Name), e.Service))
	e.Salt = event.View(m.Salt)
	if m.Type == kerberos.Error {
		e.ErrorCode, e.Error, e.Text = uint64(m.Error)+1, m.Error.String(), event.View(m.ErrorText)
		if m.NTStatus != 0 {
			e.NTStatus = smb.Status(m.NTStatus).String()
		}
		if request != nil {
			e.Failed = request.Type.String()
		}
		return
	}
	if m.Etype != 0 {
		e.Encryption, e.Weak = m.Etype.String(), m.Etype.Weak()
	}
	if m.Ticket.Etype != 0 {
		e.TicketEncryption, e.TicketWeak = m.Ticket.Etype.String(), m.Ticket.Etype.Weak()
		e.TicketKvno, e.TicketHash = uint64(m.Ticket.Kvno), t.digest(&m.Ticket.Sum)
	}
	if e.CertSHA256 == "" {
		signer(e, m.Certificate)
	}
}

// signer fills in a certificate.
func signer(e *event.Kerberos, der []byte) {
	if len(der) == 0 {
		return
	}
	c := tls.ParseCertificate(der)
	e.CertSubject, e.CertIssuer, e.CertSHA256, e.CertSelfSigned = c.Subject, c.Issuer, c.SHA256, c.SelfSigned
}

// digest is a SHA-256 in hexadecimal, empty when there is none.
func (t *texts) digest(sum *[sha256.Size]byte) string {
	if *sum == [sha256.Size]byte{} {
		return ""
	}
	return t.hexed(sum[:])
}

// nanoseconds are those of a time in seconds, 0 when it was not said.
func nanoseconds(unix int64) uint64 {
	if unix <= 0 {
		return 0
	}
	return uint64(unix) * 1e9
}

// authentication reports a proof of identity that was accepted or refused: an AS exchange with pre-authentication.
func (a *krb5App) authentication(x kerberos.Exchange) {
	if x.Request == nil || x.Reply == nil || x.Request.Type != kerberos.ASReq || x.Request.Proof() == kerberos.Unproven ||
		!x.Reply.Error.Decides() {
		return
	}
	e := &a.w.out.auth
	*e = event.Auth{User: event.View(x.Request.Client.Name), Domain: event.View(x.Request.Realm), Protocol: "Kerberos",
		Service: event.View(x.Request.Server.Name), Host: event.View(x.Request.Host), Outcome: "success"}
	if x.Reply.Type == kerberos.Error {
		e.Outcome, e.Reason = "failure", x.Reply.Error.String()
	}
	a.w.emit(a.f, e)
}

// ends reports what an exchange tells about the machines of both sides: that this one gives out tickets, and what that
// one is called, by the name among its addresses or the account it signs on with.
func (a *krb5App) ends(x kerberos.Exchange) {
	o := &a.w.out.asset
	if m := x.Reply; m != nil && (m.Type == kerberos.ASRep || m.Type == kerberos.TGSRep) {
		*o = event.Asset{Role: "kerberos kdc", Source: "krb5"}
		a.w.tellAssetOf(a.f, wire.ToClient, o)
	}
	m := x.Request
	if m == nil || m.Type != kerberos.ASReq {
		return
	}
	host := m.Host
	if x.Reply != nil && x.Reply.Type == kerberos.ASRep && m.Proof() != kerberos.Unproven {
		name := m.Client.Name
		if machine, ok := bytes.CutSuffix(name, []byte("$")); ok {
			host = machine
		} else if machine, ok := bytes.CutPrefix(name, []byte("host/")); ok {
			host = machine
		}
	}
	if len(host) > 0 {
		*o = event.Asset{Hostname: event.View(host), Role: "kerberos client", Source: "krb5"}
		a.w.tellAssetOf(a.f, wire.ToServer, o)
	}
}

// ticketShown reports the ticket of a sign-on by Kerberos within another protocol. EVE has no such record.
func (w *Worker) ticketShown(f *flow, carrier string, realm, service []byte, k *kerberos.Sealed) {
	if k.Etype == 0 || w.opt.EVE {
		return
	}
	e := &w.out.krb5
	t := texts{buf: w.out.text[:0]}
	*e = event.Kerberos{Offered: e.Offered[:0], Options: e.Options[:0], PreAuth: e.PreAuth[:0], PACOptions: e.PACOptions[:0]}
	e.Message, e.Carrier, e.Service = kerberos.APReq.String(), carrier, event.View(service)
	t.presented(e, &kerberos.Ticket{Realm: realm, Server: kerberos.Principal{Name: service}, Sealed: *k})
	w.out.text = t.buf
	w.emit(f, e)
}

func either(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
