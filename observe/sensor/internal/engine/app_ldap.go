package engine

import (
	"errors"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ldap"
)

// ldapApp is LDAP over TCP, or CLDAP over UDP.
type ldapApp struct {
	conv    ldap.Conversation
	records map[int32]*ldapRecord // by message id; when EVE is written
	record  []byte                // of the exchange in hand
	at
}

func (a *ldapApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a.handler())
	if errors.Is(err, ldap.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *ldapApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *ldapApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a.handler()) }
func (a *ldapApp) reset()                        { a.conv.Reset(); clear(a.records); a.at = at{} }

func (a *ldapApp) handler() ldap.Handler {
	if a.w.opt.EVE {
		return (*ldapMessages)(a)
	}
	return a
}

func looksLikeLDAP(p []byte) bool {
	m, _ := ldap.ProbeDatagram(p)
	return m == wire.Yes
}

func (w *Worker) ldapDatagram(f *flow, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, LDAP).(*ldapApp)
	if !ok {
		return
	}
	a.stand(w, f, dir)
	if err := a.conv.Datagram(dir, p, a.handler()); err != nil {
		w.count.malformed++
	}
}

// Sealed reports that the rest of the conversation is encrypted.
func (a *ldapApp) Sealed(by ldap.Layer) {
	a.w.out.ldap = event.LDAP{Operation: "sealed", Mechanism: by.String(), Sealed: true}
	a.w.emit(a.f, &a.w.out.ldap)
}

// Exchange takes a request with what came of it.
func (a *ldapApp) Exchange(x *ldap.Exchange) {
	w, e := a.w, &a.w.out.ldap
	*e = event.LDAP{Attributes: e.Attributes[:0], Entries: x.Entries, Record: event.View(a.record)}
	if q := x.Request; q != nil {
		e.Operation, e.MessageID = q.Op.String(), uint64(q.ID)
		e.Name, e.Mechanism, e.Cleartext = event.View(q.Name), event.View(q.Mechanism), q.Password
		e.OID = event.View(q.OID)
		if q.Op == ldap.SearchRequest {
			e.Name, e.Base, e.Scope, e.Filter = "", event.View(q.Name), q.Scope.String(), event.View(q.Filter)
		}
		for i := range q.Attributes {
			e.Attributes = append(e.Attributes, event.View(q.Attributes[i].Type))
		}
	}
	if r := x.Reply; r != nil {
		if e.Operation == "" {
			e.Operation, e.MessageID = r.Op.String(), uint64(r.ID)
		}
		e.ResultCode, e.Result, e.Message = uint64(r.Code)+1, r.Code.String(), event.View(r.Diagnostic)
	}
	w.emit(a.f, e)
	a.authentication(x)
}

// authentication reports a bind that was decided. An anonymous one proves nothing.
func (a *ldapApp) authentication(x *ldap.Exchange) {
	q, r := x.Request, x.Reply
	if q == nil || r == nil || q.Op != ldap.BindRequest || r.Code == ldap.SASLBindInProgress {
		return
	}
	user := either(event.View(q.User), event.View(q.Name))
	if user == "" && len(q.Service) == 0 {
		return
	}
	e := &a.w.out.auth
	*e = event.Auth{User: user, Domain: either(event.View(q.Domain), event.View(q.Realm)), Protocol: "LDAP " + event.View(q.Mechanism),
		Service: either(event.View(q.Service), "ldap"), Host: event.View(q.Workstation), Cleartext: q.Password, Outcome: "success"}
	if r.Code != ldap.Success {
		e.Outcome, e.Reason = "failure", r.Code.String()
	}
	a.w.emit(a.f, e)
}
