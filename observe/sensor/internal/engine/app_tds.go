package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/kerberos"
	"bulwark/wire/ntlm"
	"bulwark/wire/spnego"
	"bulwark/wire/sql"
	"bulwark/wire/tds"
)

// tdsApp is a connection to a Microsoft SQL Server or a Sybase server.
type tdsApp struct {
	conv     tds.Conversation
	user, db []byte
	inner    nested // the TLS in its packets
	at
}

func (a *tdsApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}
func (a *tdsApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *tdsApp) close(w *Worker, f *flow) {
	a.w, a.f = w, f
	a.conv.Close(a)
	a.inner.close(w, f)
}
func (a *tdsApp) reset() {
	a.conv.Reset()
	a.inner.reset()
	a.user, a.db, a.at = a.user[:0], a.db[:0], at{}
}

// TLS takes the bytes of TLS.
func (a *tdsApp) TLS(dir wire.Dir, p []byte) { a.inner.feed(a.w, a.f, TLS, dir, p) }

// Login takes a sign-on.
func (a *tdsApp) Login(l *tds.Login) {
	w, e := a.w, &a.w.out.tds
	t := texts{buf: w.out.text[:0]}
	*e = event.TDS{Activity: "login", Version: t.tdsVersion(l.Version), User: event.View(l.User), Database: event.View(either2(l.Chosen, l.Database)), Host: event.View(l.Host),
		App: event.View(l.App), Library: event.View(l.Library), Driver: t.tdsRelease(l.Driver), Target: event.View(l.Server), Language: event.View(l.Language),
		Method: tdsMethod(l), Wanted: l.Offered.String(), Answered: l.Answered.String(), Sealed: tdsSealed(l), Program: event.View(l.Program),
		Release: t.tdsRelease(l.Release), Replied: l.Decided, Cleartext: l.Asked && l.Password}
	if e.Release == "" {
		e.Release = t.tdsRelease(l.Engine)
	}
	a.fault(e, &l.Error, &t)
	if l.Decided {
		e.Accepted = map[bool]string{true: "true", false: "false"}[l.Accepted]
		e.Latency = a.took()
	}
	w.out.text = t.buf
	token := w.tdsToken(l)
	if token != nil && token.Inner == spnego.NTLM && e.User == "" {
		e.User = event.View(token.NTLM.User)
	}
	if e.User == "" {
		e.User = event.View(refusedUser(&l.Error))
	}
	a.user, a.db = append(a.user[:0], e.User...), append(a.db[:0], e.Database...)
	w.emit(a.f, e)
	a.signOn(l, token)
	a.assets(l)
}

// refusedUser is the user whom the error to a sign-on names in quotes: where the sign-on is sealed nothing else does.
func refusedUser(x *tds.Error) []byte {
	const loginFailed = 18456
	if x.Number != loginFailed {
		return nil
	}
	_, name, _ := bytes.Cut(x.Message, []byte{'\''})
	name, _, _ = bytes.Cut(name, []byte{'\''})
	return name
}

// tdsToken is the token by which Windows proves who a user is; nil where there is none.
func (w *Worker) tdsToken(l *tds.Login) *spnego.Token {
	if !l.SSPI || len(l.Token) == 0 {
		return nil
	}
	return w.tokenOf(l.Token)
}

// signOn reports a sign-on that was decided.
func (a *tdsApp) signOn(l *tds.Login, token *spnego.Token) {
	if !l.Decided {
		return
	}
	w, e := a.w, &a.w.out.tds
	o := &w.out.auth
	*o = event.Auth{User: event.View(a.user), Domain: e.Database, Protocol: "TDS " + either(e.Method, "login"), Service: "tds", Host: e.Host, Cleartext: e.Cleartext, Outcome: "success"}
	if token != nil {
		switch {
		case token.Inner == spnego.NTLM:
			o.Protocol, o.Domain = "NTLM", event.View(token.NTLM.Domain)
		case token.Inner == spnego.Kerberos && token.Kerberos.Type == kerberos.APReq:
			o.Protocol, o.Domain = "Kerberos", event.View(token.Kerberos.Ticket.Realm)
		}
	}
	if !l.Accepted {
		t := texts{buf: w.out.text}
		o.Outcome = "failure"
		at := len(t.buf)
		t.number(uint64(l.Error.Number))
		o.Reason = t.from(at)
		w.out.text = t.buf
	}
	w.emit(a.f, o)
}

// assets tells what a sign-on names of the server and of the client.
func (a *tdsApp) assets(l *tds.Login) {
	w, e := a.w, &a.w.out.tds
	if e.Release != "" {
		w.out.asset = event.Asset{Software: e.Release, Role: "database server", Source: "tds"}
		if l.Version>>24 >= 0x70 || l.Version == 0 {
			w.out.asset.Vendor, w.out.asset.Model = "Microsoft", either(e.Program, "Microsoft SQL Server")
		}
		w.tellAssetOf(a.f, wire.ToClient, &w.out.asset)
	}
	if l.Asked && (e.Host != "" || e.App != "") {
		w.out.asset = event.Asset{Hostname: e.Host, Software: either(e.App, e.Library), Role: "database client", Source: "tds"}
		w.tellAssetOf(a.f, wire.ToServer, &w.out.asset)
	}
}

// tdsVersion is the version of the protocol: its first two digits.
func (t *texts) tdsVersion(v uint32) string {
	if v == 0 {
		return ""
	}
	at := len(t.buf)
	major, minor := v>>28, v>>24&0xF
	if major == 0 { // of version 5 and before, a byte each
		major, minor = v>>24, v>>16&0xFF
	}
	t.number(uint64(major))
	t.buf = append(t.buf, '.')
	t.number(uint64(minor))
	return t.from(at)
}

// tdsRelease is the version of a program: two numbers, and a third of two bytes. Empty where it is zero.
func (t *texts) tdsRelease(v [4]byte) string {
	if v == [4]byte{} {
		return ""
	}
	at := len(t.buf)
	t.number(uint64(v[0]))
	t.buf = append(t.buf, '.')
	t.number(uint64(v[1]))
	t.buf = append(t.buf, '.')
	t.number(uint64(v[2])<<8 | uint64(v[3]))
	return t.from(at)
}

// tdsMethod is how a user proves who he is.
func tdsMethod(l *tds.Login) string {
	switch {
	case l.FedAuth:
		return "token"
	case l.SSPI:
		return "windows"
	case l.Asked:
		return "password"
	}
	return ""
}

// tdsSealed is what of a connection is encrypted.
func tdsSealed(l *tds.Login) string {
	switch {
	case !l.Sealed:
		return "nothing"
	case l.Wholly():
		return "all"
	}
	return "login"
}

// Request takes a request with its answer. Those that only run transactions are not told.
func (a *tdsApp) Request(r *tds.Request) {
	if len(r.Database) > 0 {
		a.db = append(a.db[:0], r.Database...)
	}
	name := r.Name()
	if name == "" {
		return
	}
	w, e := a.w, &a.w.out.tds
	t := texts{buf: w.out.text[:0]}
	*e = event.TDS{Activity: name, User: event.View(a.user), Database: event.View(a.db), Procedure: event.View(r.Procedure), Statement: t.statement(r.Statement, sql.TSQL),
		Prepared: r.Prepares, Replied: r.Answered, Cancelled: r.Cancelled, Affected: r.Affected, Columns: r.Columns, Results: r.Results, Rows: r.Rows,
		Bytes: r.Bytes, Sent: r.Size, Failed: r.Failed}
	a.fault(e, &r.Error, &t)
	if r.Answered {
		e.Latency = a.took()
	}
	w.out.text = t.buf
	w.emit(a.f, e)
}

// fault fills in an error.
func (a *tdsApp) fault(e *event.TDS, x *tds.Error, t *texts) {
	e.Code, e.Class, e.State = uint64(x.Number), uint64(x.Class), uint64(x.State)
	said, _, quotes := bytes.Cut(x.Message, []byte{'('}) // a value that is there already stands in brackets, without marks
	at := len(t.buf)
	if t.buf = sql.Mask(t.buf, said, sql.MySQL); quotes {
		t.buf = append(t.buf, " (?)"...)
	}
	e.Message, e.Server, e.Raised = t.from(at), event.View(x.Server), event.View(x.Proc)
}

// Challenge reports the machine that a server's challenge names.
func (a *tdsApp) Challenge(p []byte) {
	token := a.w.tokenOf(p)
	if token == nil || token.Inner != spnego.NTLM || token.NTLM.Kind != ntlm.Challenge {
		return
	}
	s := &token.NTLM.Server
	a.w.out.asset = event.Asset{Hostname: either(event.View(s.DNSComputer), event.View(s.NetBIOSComputer)), Role: "database server", Source: "tds"}
	if a.w.out.asset.Hostname != "" {
		a.w.tellAssetOf(a.f, wire.ToClient, &a.w.out.asset)
	}
}
