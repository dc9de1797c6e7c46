package engine

import (
	"bytes"
	"encoding/hex"
	"errors"
	"unicode/utf8"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ldap"
	"bulwark/wire/ntlm"
	"bulwark/wire/spnego"
)

// ldapApp is LDAP over TCP, or CLDAP over UDP.
type ldapApp struct {
	conv    ldap.Conversation
	records map[int32]*ldapRecord // by message id; when EVE is written
	record  []byte                // of the exchange in hand
	root    rootAnswer
	signOn  ldapSignOn
	at
}

// ldapSignOn is what the first round of a bind by Kerberos has shown; the round that is decided shows nothing.
type ldapSignOn struct{ service, realm string }

// rootAnswer is what a server has said of its domain in the exchange with an id.
type rootAnswer struct {
	id       int32
	netlogon ldap.Netlogon
	found    bool
}

func (a *ldapApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	done, need, err := a.conv.Decode(dir, p, a.handler())
	if errors.Is(err, ldap.ErrTLS) {
		err = errAnother
	}
	return done, need, err
}
func (a *ldapApp) furnish(w *Worker)             { a.conv.Pool = &w.ldap }
func (a *ldapApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *ldapApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a.handler()) }
func (a *ldapApp) reset() {
	a.conv.Reset()
	clear(a.records)
	a.root, a.signOn, a.at = rootAnswer{}, ldapSignOn{}, at{}
}

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
	if !w.opt.EVE {
		a.showBoth(x)
	}
	t := texts{buf: w.out.text[:0]}
	*e = event.LDAP{Attributes: e.Attributes[:0], Controls: e.Controls[:0], Changes: e.Changes[:0], DCFlags: e.DCFlags[:0],
		Entries: x.Entries, Bytes: x.Bytes, Record: event.View(a.record)}
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
		t.directory(e, q)
	}
	if r := x.Reply; r != nil {
		if e.Operation == "" {
			e.Operation, e.MessageID = r.Op.String(), uint64(r.ID)
		}
		e.ResultCode, e.Result, e.Message = uint64(r.Code)+1, r.Code.String(), event.View(r.Diagnostic)
	}
	if a.root.found && e.MessageID == uint64(a.root.id) {
		a.netlogon(e, x.Request)
	}
	w.out.text = t.buf
	w.emit(a.f, e)
	a.authentication(x)
}

// directory fills in what a request says beyond whom and what it is about.
func (t *texts) directory(e *event.LDAP, q *ldap.Message) {
	e.Extended, e.Signed = ldap.ExtendedName(q.OID), q.Signed
	for i := range q.Controls {
		oid := q.Controls[i].Type
		e.Controls = append(e.Controls, either(ldap.ControlName(oid), event.View(oid)))
	}
	switch q.Op {
	case ldap.BindRequest:
		e.User, e.Domain, e.Host = event.View(q.User), either(event.View(q.Domain), event.View(q.Realm)), event.View(q.Workstation)
		e.Service = event.View(q.Service)
	case ldap.ModifyDNRequest:
		at := len(t.buf)
		t.buf = append(t.buf, q.NewRDN...)
		above := q.NewSuperior
		if len(above) == 0 {
			above = parentName(q.Name)
		}
		if len(above) > 0 {
			t.buf = append(append(t.buf, ','), above...)
		}
		e.NewName = t.from(at)
	case ldap.ModifyRequest, ldap.AddRequest:
		for i := range q.Attributes {
			e.Changes = append(e.Changes, t.change(q, &q.Attributes[i]))
		}
	}
}

// parentName is the name of the entry above one: what stands behind the first comma that is not escaped (RFC 4514 §2.4).
func parentName(name []byte) []byte {
	for i := 0; i < len(name); i++ {
		switch name[i] {
		case '\\':
			i++
		case ',':
			return name[i+1:]
		}
	}
	return nil
}

// change says what is done with an attribute: "add member: CN=a; CN=b".
func (t *texts) change(q *ldap.Message, a *ldap.Attribute) string {
	at := len(t.buf)
	if q.Op == ldap.ModifyRequest {
		t.buf = append(append(t.buf, a.Change.String()...), ' ')
	}
	t.buf = append(t.buf, a.Type...)
	for i, v := range a.Values {
		t.buf = append(t.buf, [...]string{": ", "; "}[min(i, 1)]...)
		t.buf = appendDirectoryValue(t.buf, a.Type, v)
	}
	return t.from(at)
}

// appendDirectoryValue appends a value as text: security identifiers as such, other bytes that are no text in
// hexadecimal.
func appendDirectoryValue(dst, attribute, v []byte) []byte {
	at := len(dst)
	switch {
	case bytes.EqualFold(attribute, []byte("sIDHistory")):
		dst = ldap.AppendSID(dst, v)
	case bytes.EqualFold(attribute, []byte("msDS-AllowedToActOnBehalfOfOtherIdentity")),
		bytes.EqualFold(attribute, []byte("msDS-GroupMSAMembership")):
		dst = ldap.AppendAllowed(dst, v)
	case utf8.Valid(v):
		return append(dst, v...)
	}
	if len(dst) == at {
		dst = hex.AppendEncode(dst, v[:min(len(v), 64)])
	}
	return dst
}

// netlogon fills in what a domain controller has answered to a search for it.
func (a *ldapApp) netlogon(e *event.LDAP, q *ldap.Message) {
	n := &a.root.netlogon
	a.root.found = false
	e.Ping, e.Forest, e.NetBIOSDomain = event.View(n.Domain), event.View(n.Forest), event.View(n.NetBIOSDomain)
	e.Controller = either(event.View(n.Host), event.View(n.NetBIOSComputer))
	e.Site, e.ClientSite, e.Account = event.View(n.Site), event.View(n.ClientSite), event.View(n.User)
	e.DCFlags = n.Flags.AppendNames(e.DCFlags)
	if q != nil {
		e.Host = event.View(filterValue(q.Filter, "Host"))
	}
	if e.Host != "" {
		a.w.out.asset = event.Asset{Hostname: e.Host, Role: "domain member", Source: "ldap"}
		a.w.tellAssetOf(a.f, wire.ToServer, &a.w.out.asset)
	}
}

// server reports the server that its challenge names.
func (a *ldapApp) server(r *ldap.Message) {
	if len(r.Credentials) == 0 {
		return
	}
	w := a.w
	token := w.tokenOf(r.Credentials)
	if token == nil || token.Inner != spnego.NTLM || token.NTLM.Kind != ntlm.Challenge {
		return
	}
	t := texts{buf: w.out.text[:0]}
	s := &token.NTLM.Server
	w.out.asset = event.Asset{Hostname: either(event.View(s.DNSComputer), event.View(s.NetBIOSComputer)),
		Software: t.system(nil, token.NTLM.Version), Role: "ldap server", Source: "ldap"}
	w.out.text = t.buf
	if w.out.asset.Hostname != "" {
		w.tellAssetOf(a.f, wire.ToClient, &w.out.asset)
	}
}

// filterValue is what a filter wants an attribute to be.
func filterValue(filter []byte, attribute string) []byte {
	_, rest, ok := bytes.Cut(filter, []byte("("+attribute+"="))
	if !ok {
		return nil
	}
	value, _, _ := bytes.Cut(rest, []byte{')'})
	return value
}

// Entry takes what a server says of itself.
func (a *ldapApp) Entry(_, m *ldap.Message) {
	o := &a.w.out.asset
	*o = event.Asset{Role: "ldap server", Source: "ldap"}
	var program, version []byte
	for i := range m.Attributes {
		x := &m.Attributes[i]
		if len(x.Values) == 0 {
			continue
		}
		v := x.Values[0]
		switch {
		case bytes.EqualFold(x.Type, []byte("netlogon")):
			if ldap.ParseNetlogon(v, &a.root.netlogon) != nil {
				continue
			}
			a.root.id, a.root.found = m.ID, true
			o.Role = "domain controller"
			o.Hostname = either(event.View(a.root.netlogon.Host), event.View(a.root.netlogon.NetBIOSComputer))
		case bytes.EqualFold(x.Type, []byte("dnsHostName")):
			o.Hostname = event.View(v)
		case bytes.EqualFold(x.Type, []byte("domainControllerFunctionality")):
			o.Role = "domain controller"
		case bytes.EqualFold(x.Type, []byte("vendorName")):
			program = v
		case bytes.EqualFold(x.Type, []byte("vendorVersion")):
			version = v
		}
	}
	t := texts{buf: a.w.out.text[:0]}
	t.buf = append(t.buf, program...)
	if len(version) > 0 {
		t.buf = append(append(t.buf, ' '), version...)
	}
	o.Software = t.from(0)
	a.w.out.text = t.buf
	if o.Hostname != "" || o.Software != "" {
		a.w.tellAssetOf(a.f, wire.ToClient, o)
	}
}

// authentication reports a bind that was decided. An anonymous one proves nothing.
func (a *ldapApp) authentication(x *ldap.Exchange) {
	q, r := x.Request, x.Reply
	if q == nil || r == nil || q.Op != ldap.BindRequest {
		return
	}
	a.w.ticketShown(a.f, "ldap", q.Realm, q.Service, &q.Ticket)
	a.server(r)
	if r.Code == ldap.SASLBindInProgress {
		if len(q.Service) > 0 {
			a.signOn = ldapSignOn{string(q.Service), string(q.Realm)}
		}
		return
	}
	user := either(event.View(q.User), event.View(q.Name))
	shown := a.signOn
	a.signOn = ldapSignOn{}
	if len(q.Service) > 0 {
		shown = ldapSignOn{event.View(q.Service), event.View(q.Realm)}
	}
	if user == "" && shown.service == "" {
		return
	}
	e := &a.w.out.auth
	*e = event.Auth{User: user, Domain: either(event.View(q.Domain), shown.realm), Protocol: ldapWay(q.Mechanism),
		Service: either(shown.service, "ldap"), Host: event.View(q.Workstation), Cleartext: q.Password, Outcome: "success"}
	if r.Code != ldap.Success {
		e.Outcome, e.Reason = "failure", r.Code.String()
	}
	a.w.emit(a.f, e)
	if len(q.Workstation) > 0 {
		a.w.out.asset = event.Asset{Hostname: event.View(q.Workstation), Role: "ldap client", Source: "ldap"}
		a.w.tellAssetOf(a.f, wire.ToServer, &a.w.out.asset)
	}
	if r.Code == ldap.Success && shown.service != "" {
		a.w.called(a.f, []byte(shown.service), "ldap")
	}
}

// ldapWay names how somebody signed on.
func ldapWay(mechanism []byte) string {
	switch string(mechanism) {
	case "simple":
		return "LDAP simple"
	case "GSS-SPNEGO":
		return "LDAP GSS-SPNEGO"
	case "GSSAPI":
		return "LDAP GSSAPI"
	case "":
		return "LDAP "
	}
	return "LDAP " + string(mechanism)
}
