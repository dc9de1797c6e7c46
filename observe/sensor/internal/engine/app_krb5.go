package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/kerberos"
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
	*e = event.Kerberos{Offered: e.Offered[:0], Options: e.Options[:0], PreAuth: e.PreAuth[:0]}
	if m := x.Request; m != nil {
		e.Message = m.Type.String()
		e.Client, e.Realm, e.Service = event.View(m.Client.Name), event.View(m.Realm), event.View(m.Server.Name)
		self, proxy := m.S4U()
		e.S4U = self || proxy
		if m.Till > 0 {
			e.Till = uint64(m.Till) * 1e9
		}
		for _, t := range m.Etypes {
			e.Offered = append(e.Offered, t.String())
		}
		for _, t := range m.PreAuth {
			e.PreAuth = append(e.PreAuth, t.String())
		}
		e.Options = m.Options.AppendNames(e.Options)
	}
	if m := x.Reply; m != nil {
		a.reply(e, x.Request, m)
	}
	w.emit(a.f, e)
	a.authentication(x)
}

func (a *krb5App) reply(e *event.Kerberos, request, m *kerberos.Message) {
	e.Message = m.Type.String()
	e.Client = either(event.View(m.Client.Name), e.Client)
	e.Realm = either(either(event.View(m.ClientRealm), event.View(m.Realm)), e.Realm)
	e.Service = either(event.View(m.Ticket.Server.Name), either(event.View(m.Server.Name), e.Service))
	if m.Type == kerberos.Error {
		e.ErrorCode, e.Error = uint64(m.Error)+1, m.Error.String()
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
	}
}

// authentication reports a proof of identity that was accepted or refused: an AS exchange with pre-authentication.
func (a *krb5App) authentication(x kerberos.Exchange) {
	if x.Request == nil || x.Reply == nil || x.Request.Type != kerberos.ASReq || !x.Request.Proven() {
		return
	}
	e := &a.w.out.auth
	*e = event.Auth{User: event.View(x.Request.Client.Name), Domain: event.View(x.Request.Realm), Protocol: "Kerberos",
		Service: event.View(x.Request.Server.Name), Outcome: "success"}
	if x.Reply.Type == kerberos.Error {
		e.Outcome, e.Reason = "failure", x.Reply.Error.String()
	}
	a.w.emit(a.f, e)
}

func either(s, otherwise string) string {
	if s != "" {
		return s
	}
	return otherwise
}
