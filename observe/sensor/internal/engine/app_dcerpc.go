package engine

import (
	"encoding/binary"
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/dcerpc"
	"bulwark/wire/inspect"
)

// dcerpcApp is a conversation of remote procedure calls, over TCP or UDP.
type dcerpcApp struct {
	conv dcerpc.Conversation
	udp  bool // conv is used as datagrams
	at
}

func (a *dcerpcApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a)
}

func (a *dcerpcApp) furnish(w *Worker) {
	a.conv.Pool, a.conv.Stubs = &w.rpc, w.wanted(event.KindDCERPC)
}

func (a *dcerpcApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }

func (a *dcerpcApp) close(w *Worker, f *flow) {
	a.w, a.f = w, f
	if a.udp {
		a.datagrams().Close(a)
		return
	}
	a.conv.Close(a)
}

func (a *dcerpcApp) datagrams() *dcerpc.Datagrams { return (*dcerpc.Datagrams)(&a.conv) }

func (a *dcerpcApp) reset() { a.conv.Reset(); a.udp = false; a.at = at{} }

func looksLikeDCERPC(p []byte) bool {
	ok, _ := dcerpc.Looks(p)
	return ok
}

func (w *Worker) dcerpcDatagram(f *flow, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, DCERPC).(*dcerpcApp)
	if !ok {
		return
	}
	a.stand(w, f, dir)
	a.udp = true
	if a.datagrams().Datagram(p, a) != nil {
		w.count.malformed++
	}
}

// Record takes what the conversation tells.
func (a *dcerpcApp) Record(r dcerpc.Record) {
	switch r := r.(type) {
	case *dcerpc.Bind, *dcerpc.Call:
		e, t := &a.w.out.rpc, texts{buf: a.w.out.text[:0]}
		t.rpc(a.w, e, r)
		a.w.out.text = t.buf
		a.w.emit(a.f, e)
		a.w.rpcRoles(a.f, e)
	case *dcerpc.SignOn:
		a.w.rpcSignOn(a.f, r, "dcerpc")
	case *dcerpc.Side:
		a.w.showCall(a.f, r, nil)
	}
}

// showCall shows one side of a call; more fills in what carries it.
func (w *Worker) showCall(f *flow, r *dcerpc.Side, more func(*texts, *event.DCERPC)) {
	e, t := &w.out.rpc, texts{buf: w.out.text[:0]}
	t.rpc(w, e, r.Call)
	if more != nil {
		more(&t, e)
	}
	m := &w.look.more
	if c := r.Call.Context; c != nil {
		at := len(t.buf)
		t.buf = append(t.buf, c.Interface[:]...)
		t.buf = binary.BigEndian.AppendUint16(t.buf, c.Major)
		m.Value(inspect.DCEInterface, t.buf[at:len(t.buf):len(t.buf)])
	}
	if r.Call.Asked {
		at := len(t.buf)
		t.buf = binary.BigEndian.AppendUint16(t.buf, r.Call.Op)
		m.Value(inspect.DCEOperation, t.buf[at:len(t.buf):len(t.buf)])
	}
	m.Value(inspect.DCEStub, r.Stub)
	m.Little = r.Little
	w.out.text = t.buf
	w.showTurn(f, r.Dir, e)
}

// rpc fills in a binding or a call.
func (t *texts) rpc(w *Worker, e *event.DCERPC, r dcerpc.Record) {
	*e = event.DCERPC{Interfaces: e.Interfaces[:0], Versions: e.Versions[:0], Services: e.Services[:0], Results: e.Results[:0],
		Reasons: e.Reasons[:0], Texts: e.Texts[:0]}
	switch r := r.(type) {
	case *dcerpc.Bind:
		t.binding(e, r)
	case *dcerpc.Call:
		t.call(w, e, r)
	case *dcerpc.Message:
		e.Request, e.CallID = r.Type.String(), uint64(r.ID)
	}
}

func (t *texts) binding(e *event.DCERPC, r *dcerpc.Bind) {
	e.Activity, e.CallID, e.Version = "Bind", uint64(r.ID), rpcVersion(r.Minor)
	if r.Asked {
		e.Request = dcerpc.BindType.String()
		if r.Alter {
			e.Request = dcerpc.AlterContext.String()
		}
	}
	if r.Answered {
		e.Response = r.Type.String()
	}
	for i := range r.Contexts {
		t.context(e, &r.Contexts[i])
	}
	e.Security, e.Level = r.Security.String(), r.Level.String()
	t.caller(e, r.SignOn)
}

func (t *texts) call(w *Worker, e *event.DCERPC, r *dcerpc.Call) {
	e.Activity, e.CallID, e.Version = "Call", uint64(r.ID), rpcVersion(r.Minor)
	if r.Version4 {
		e.Version, e.ActivityUUID, e.Sequence = "4.0", t.uuid(r.Activity), uint64(r.Sequence)
	}
	if r.Asked {
		e.Request, e.Opnum = dcerpc.Request.String(), uint64(r.Op)
	}
	if r.Answered {
		e.Response = r.Type.String()
	}
	if r.Context != nil {
		t.context(e, r.Context)
		if r.Asked {
			e.Operation = r.Context.Known().Operation(r.Op)
		}
	}
	if r.Object != (dcerpc.UUID{}) {
		e.Object = t.uuid(r.Object)
	}
	e.RequestFragments, e.RequestBytes = uint64(r.Request.Fragments), r.Request.Bytes
	e.ResponseFragments, e.ResponseBytes = uint64(r.Response.Fragments), r.Response.Bytes
	e.Fault, e.Level = r.Fault.String(), r.Level.String()
	for _, text := range r.Texts {
		e.Texts = append(e.Texts, t.masked(w, withoutArguments(text)))
	}
	t.caller(e, r.SignOn)
}

// context adds an interface.
func (t *texts) context(e *event.DCERPC, c *dcerpc.Context) {
	e.Interfaces = append(e.Interfaces, t.uuid(c.Interface))
	at := len(t.buf)
	t.buf = append(strconv.AppendUint(t.buf, uint64(c.Major), 10), '.')
	t.buf = strconv.AppendUint(t.buf, uint64(c.Minor), 10)
	e.Versions = append(e.Versions, t.from(at))
	name, result, reason := "-", "-", "-"
	if i := c.Known(); i != nil {
		name = i.Name
	}
	if c.Answered {
		result, reason = t.number(uint64(c.Result)), t.number(uint64(c.Reason))
	}
	e.Services, e.Results, e.Reasons = append(e.Services, name), append(e.Results, result), append(e.Reasons, reason)
}

func (t *texts) uuid(u dcerpc.UUID) string {
	at := len(t.buf)
	t.buf = u.Append(t.buf)
	return t.from(at)
}

// caller fills in who has signed on.
func (t *texts) caller(e *event.DCERPC, s *dcerpc.SignOn) {
	if s == nil {
		return
	}
	e.Security = s.Mechanism.String()
	e.User, e.Domain, e.Host = event.View(s.User), either(event.View(s.Domain), event.View(s.Realm)), event.View(s.Workstation)
}

func rpcVersion(minor uint8) string {
	if minor == 1 {
		return "5.1"
	}
	return "5.0"
}

// withoutArguments is the path of a program without what stands behind it: there may be passwords.
func withoutArguments(text []byte) []byte {
	if len(text) > 0 && text[0] == '"' {
		for i := 1; i < len(text); i++ {
			if text[i] == '"' {
				return text[1:i]
			}
		}
	}
	for i, b := range text {
		if b == ' ' && i+1 < len(text) && (text[i+1] == '/' || text[i+1] == '-') {
			return text[:i]
		}
	}
	return text
}

// rpcSignOn reports that somebody signed on, and the server that its token names.
func (w *Worker) rpcSignOn(f *flow, r *dcerpc.SignOn, service string) {
	if len(r.User) == 0 && len(r.Service) == 0 {
		return
	}
	w.ticketShown(f, "dcerpc", r.Realm, r.Service, &r.Ticket)
	if r.Decided {
		if !r.Refused && len(r.Service) > 0 {
			w.called(f, r.Service, service)
		}
		e := &w.out.auth
		*e = event.Auth{User: event.View(r.User), Domain: either(event.View(r.Domain), event.View(r.Realm)),
			Protocol: r.Mechanism.String(), Host: event.View(r.Workstation), Service: either(event.View(r.Service), service), Outcome: "success"}
		if r.Refused {
			e.Outcome, e.Reason = "failure", "access denied"
		}
		w.emit(f, e)
	}
	t := texts{buf: w.out.text[:0]}
	o := &w.out.asset
	*o = event.Asset{Hostname: either(event.View(r.Server.DNSComputer), event.View(r.Server.NetBIOSComputer)),
		Software: t.system(nil, r.ServerVersion), Role: "rpc server", Source: "dcerpc"}
	if o.Hostname != "" {
		w.header(f)
		w.tellAssetAt(f, w.head.Dst, o)
	}
	w.out.text = t.buf
}

// Roles of a host that answers calls which only a domain controller answers, or which only one that has groups does.
const (
	roleController = "domain controller interface"
	roleGroups     = "groups of a domain"
)

// rpcRoles reports what the server shows itself to be by what it answers: the interfaces of Netlogon ([MS-NRPC]), replication
// ([MS-DRSR]) and the backup of keys ([MS-BKRP]) are of domain controllers, and hosts that are none have aliases instead of groups
// ([MS-SAMR] §3.1.1.8.4).
func (w *Worker) rpcRoles(f *flow, e *event.DCERPC) {
	role := rpcRole(e)
	if role == "" {
		return
	}
	o := &w.out.asset
	*o = event.Asset{Role: role, Source: "dcerpc"}
	w.header(f)
	w.tellAssetAt(f, w.head.Dst, o)
}

// rpcRole is the role that an answered binding or call shows; empty for none. Calls of a binding that was seen say no more than it.
func rpcRole(e *event.DCERPC) string {
	switch {
	case e.Fault != "", e.Response == "", e.Response == "FAULT", e.Response == "BINDNACK":
		return ""
	}
	for i, s := range e.Services {
		if i < len(e.Results) && e.Results[i] == "2" {
			continue
		}
		switch s {
		case "netlogon", "drsuapi", "BackupKey", "backupkey", "dsaop":
			if e.Activity == "Bind" || e.Version == "4.0" {
				return roleController
			}
		case "samr":
			switch e.Operation {
			case "SamrOpenGroup", "SamrQueryInformationGroup", "SamrGetMembersInGroup", "SamrCreateGroupInDomain", "SamrAddMemberToGroup":
				return roleGroups
			}
		}
	}
	return ""
}
