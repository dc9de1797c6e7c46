package engine

import (
	"errors"
	"strings"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/pgsql"
	"bulwark/wire/sql"
)

// pgsqlApp is a connection to a PostgreSQL server.
type pgsqlApp struct {
	conv      pgsql.Conversation
	user, db  []byte
	method    pgsql.Method // that was asked for
	tried     bool         // a password or its like was sent
	judged    bool         // the sign-on was decided
	prepared  int          // exchanges that EVE has no record of
	mechanism []byte
	at
}

func (a *pgsqlApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a)
	if errors.Is(err, pgsql.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *pgsqlApp) furnish(w *Worker)             { a.conv.Space = &w.space }
func (a *pgsqlApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *pgsqlApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a) }

func (a *pgsqlApp) reset() {
	a.conv.Reset()
	*a = pgsqlApp{conv: a.conv, user: a.user[:0], db: a.db[:0], mechanism: a.mechanism[:0]}
}

// pgsqlMethod is the name of an authentication method.
func pgsqlMethod(m pgsql.Method) string { return strings.TrimPrefix(pgsqlProtocol(m), "PostgreSQL ") }

// pgsqlProtocol is how one signs on with an authentication method.
func pgsqlProtocol(m pgsql.Method) string {
	switch m {
	case pgsql.OK:
		return "PostgreSQL trust"
	case pgsql.Kerberos:
		return "PostgreSQL kerberos"
	case pgsql.Cleartext:
		return "PostgreSQL cleartext"
	case pgsql.MD5:
		return "PostgreSQL md5"
	case pgsql.GSS, pgsql.GSSGoesOn:
		return "PostgreSQL gss"
	case pgsql.SSPI:
		return "PostgreSQL sspi"
	case pgsql.SASL, pgsql.SASLMore, pgsql.SASLFinal:
		return "PostgreSQL sasl"
	}
	return "PostgreSQL "
}

// Exchange takes a request with what answered it.
func (a *pgsqlApp) Exchange(x *pgsql.Exchange, n int) {
	w, e := a.w, &a.w.out.pgsql
	t := texts{buf: w.out.text[:0]}
	if x.Kind == pgsql.Startup {
		a.user, a.db = append(a.user[:0], x.User()...), append(a.db[:0], x.Database()...)
	}
	*e = event.PgSQL{Activity: x.Kind.String(), TxID: uint64(n), User: event.View(a.user), Database: event.View(a.db), Mechanism: event.View(x.Mechanism),
		Prepared: x.Prepared, Command: event.View(x.Tag), Rows: x.Rows, RowBytes: x.RowBytes, CopiedOut: x.CopyOut, CopyOut: x.CopyOutSize,
		CopiedIn: x.CopyIn, CopyIn: x.CopyInSize, Severity: event.View(x.ErrorField('S')), Code: event.View(x.ErrorField('C')),
		Message: t.said(x.ErrorField('M')), Statement: t.statement(x.Statement, sql.Standard)}
	a.describe(x, e, &t)
	if x.Answered {
		e.Latency = a.took()
	}
	told := !w.opt.EVE || !x.Prepared && x.Kind != pgsql.Unasked
	if !told {
		a.prepared++
	} else if w.opt.EVE {
		e.TxID = uint64(n - a.prepared)
		e.Record = t.pgsqlRecord(w, x, n-a.prepared)
	}
	w.out.text = t.buf
	if told {
		w.emit(a.f, e)
	}
	a.signOn(x, e)
	a.client(e)
	if e.Server != "" {
		w.out.asset = event.Asset{Software: e.Server, Vendor: "PostgreSQL", Role: "database server", Source: "pgsql"}
		w.tellAssetOf(a.f, wire.ToClient, &w.out.asset)
	}
}

// describe fills in what a startup and its answers tell.
func (a *pgsqlApp) describe(x *pgsql.Exchange, e *event.PgSQL, t *texts) {
	switch x.Kind {
	case pgsql.Startup:
		at := len(t.buf)
		t.number(uint64(x.Major))
		t.buf = append(t.buf, '.')
		t.number(uint64(x.Minor))
		e.Version = t.from(at)
		for i := range x.Settings {
			if string(x.Settings[i].Name) == "application_name" {
				e.App = event.View(x.Settings[i].Value)
			}
		}
	case pgsql.SSLRequest, pgsql.GSSRequest:
		if x.Answered {
			e.Sealed = map[bool]string{true: "true", false: "false"}[x.Accepted]
		}
	case pgsql.Password, pgsql.SASLInitial, pgsql.SASLResponse:
		a.tried = true
		if len(x.Mechanism) > 0 {
			a.mechanism = append(a.mechanism[:0], x.Mechanism...)
		}
		e.Cleartext = x.Kind == pgsql.Password && a.method == pgsql.Cleartext
	}
	for _, m := range x.Methods {
		if m != pgsql.OK && m != pgsql.SASLMore && m != pgsql.SASLFinal && m != pgsql.GSSGoesOn {
			a.method = m
		}
		e.Method, e.MethodCode = pgsqlMethod(m), uint64(m)+1
	}
	for i := range x.Reports {
		if string(x.Reports[i].Name) == "server_version" {
			e.Server = event.View(x.Reports[i].Value)
		}
	}
}

// statement is a statement or a message about one, without values.
func (t *texts) statement(q []byte, d sql.Dialect) string {
	at := len(t.buf)
	t.buf = sql.Mask(t.buf, q, d)
	return t.from(at)
}

// said is a message about a statement, without what it quotes.
func (t *texts) said(q []byte) string { return t.statement(q, sql.MySQL) }

// client tells the program that signs on.
func (a *pgsqlApp) client(e *event.PgSQL) {
	if e.App != "" {
		a.w.out.asset = event.Asset{Software: e.App, Role: "database client", Source: "pgsql"}
		a.w.tellAssetOf(a.f, wire.ToServer, &a.w.out.asset)
	}
}

// signOn reports the sign-on when it was decided.
func (a *pgsqlApp) signOn(x *pgsql.Exchange, e *event.PgSQL) {
	if a.judged || len(a.user) == 0 {
		return
	}
	accepted := false
	for _, m := range x.Methods {
		accepted = accepted || m == pgsql.OK
	}
	// SQLSTATE class 28: invalid authorization specification.
	refused := len(e.Code) == 5 && e.Code[:2] == "28"
	if !accepted && !refused {
		return
	}
	a.judged = true
	o := &a.w.out.auth
	*o = event.Auth{User: event.View(a.user), Domain: event.View(a.db), Protocol: pgsqlProtocol(a.method), Service: "pgsql",
		Cleartext: a.tried && a.method == pgsql.Cleartext, Outcome: "success"}
	if refused && a.method == pgsql.OK { // it asked for nothing: the host is not let in
		o.Protocol = "PostgreSQL"
	}
	if len(a.mechanism) > 0 {
		o.Protocol = event.View(a.mechanism)
	}
	if refused {
		o.Outcome, o.Reason = "failure", e.Code
	}
	a.w.emit(a.f, o)
}
