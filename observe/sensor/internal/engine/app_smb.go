package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ntlm"
	"bulwark/wire/smb"
)

// smbApp is a conversation with a file server.
type smbApp struct {
	conv     smb.Conversation
	told     uint64 // transactions; when EVE is written
	pipes    []*smbPipe
	contents []*smbContent
	at
}

func (a *smbApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a.handler())
}

func (a *smbApp) furnish(w *Worker) { a.conv.Pool = &w.smb }

func (a *smbApp) handler() smb.Handler {
	if a.w.opt.EVE {
		return (*smbTransactions)(a)
	}
	return a
}

func (a *smbApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *smbApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a.handler()) }
func (a *smbApp) reset()                        { a.conv.Reset(); a.resetPipes(); a.resetContents(); a.told, a.at = 0, at{} }

// Record takes what the conversation tells: each becomes one event.
func (a *smbApp) Record(r smb.Record) {
	e := &a.w.out.smb
	*e = event.SMB{Services: e.Services[:0], Dialects: e.Dialects[:0]}
	t := texts{buf: a.w.out.text[:0]}
	switch r := r.(type) {
	case *smb.Negotiation:
		t.negotiation(e, r)
	case *smb.Session:
		if r.LoggedOff {
			return
		}
		session(e, r)
		a.w.emit(a.f, e)
		a.authentication(r)
		a.ends(&t, r)
		return
	case *smb.Tree:
		a.gives(r)
		tree(e, r)
	case *smb.File:
		a.closePipe(r)
		t.buf = a.w.out.text[:0]
		a.file(&t, e, r)
		a.w.out.text = t.buf
		a.w.emit(a.f, e)
		a.closeContent(r, wire.ToClient)
		a.closeContent(r, wire.ToServer)
		a.done(r)
		return
	default:
		return
	}
	a.w.out.text = t.buf
	a.w.emit(a.f, e)
}

func status(e *event.SMB, s smb.Status, answered bool) {
	if answered {
		e.Status, e.StatusCode = s.String(), uint64(s)+1
	}
}

func (t *texts) negotiation(e *event.SMB, r *smb.Negotiation) {
	e.Command = smb.Negotiate.String()
	if r.Dialect == smb.SMB1 {
		e.Command = "SMB1_COMMAND_NEGOTIATE_PROTOCOL"
	}
	if r.Dialect != 0 {
		e.Dialect = r.DialectName()
	}
	status(e, r.Status, r.Answered)
	for _, d := range r.Dialects {
		e.Dialects = append(e.Dialects, d.String())
	}
	for _, d := range r.SMB1Dialects {
		e.Dialects = append(e.Dialects, event.View(d))
	}
	if r.ClientGUID != (smb.GUID{}) {
		at := len(t.buf)
		t.buf = r.ClientGUID.AppendEVE(t.buf)
		e.ClientGUID = t.from(at)
	}
	if r.ServerGUID != (smb.GUID{}) {
		at := len(t.buf)
		t.buf = r.ServerGUID.AppendEVE(t.buf)
		e.ServerGUID = t.from(at)
	}
	e.Encrypted = r.Cipher != 0
}

func session(e *event.SMB, r *smb.Session) {
	e.Command, e.SessionID = smb.SessionSetup.String(), r.ID
	if r.Version == 1 {
		e.Command = "SMB1_COMMAND_SESSION_SETUP_ANDX"
	}
	if r.Negotiation != nil && r.Negotiation.Dialect != 0 {
		e.Dialect = r.Negotiation.DialectName()
	}
	status(e, r.Status, r.Answered)
	e.User, e.Domain, e.Host = event.View(r.User), event.View(r.Domain), event.View(r.Workstation)
	e.Realm, e.Guest, e.Encrypted = event.View(r.Realm), r.Guest, r.Encrypted
	systems(e, r)
	if len(r.Service) > 0 {
		e.Services = append(e.Services, event.View(r.Service))
	}
}

// systems fills in what both sides say that they run, in SMB 1.
func systems(e *event.SMB, r *smb.Session) {
	e.ClientOS, e.ClientLM = event.View(r.ClientOS), event.View(r.ClientLM)
	e.ServerOS, e.ServerLM = event.View(r.ServerOS), event.View(r.ServerLM)
}

// ends reports what a sign-on tells about the machines of both sides.
func (a *smbApp) ends(t *texts, r *smb.Session) {
	o := &a.w.out.asset
	*o = event.Asset{Hostname: event.View(r.Workstation), Software: t.system(r.ClientOS, r.ClientVersion), Role: "smb client", Source: "smb"}
	if o.Hostname != "" || o.Software != "" {
		a.w.tellAsset(a.f, o)
	}
	*o = event.Asset{Hostname: either(event.View(r.Server.DNSComputer), event.View(r.Server.NetBIOSComputer)),
		Software: t.system(r.ServerOS, r.ServerVersion), Role: "smb server", Source: "smb"}
	if bytes.HasPrefix(r.ServerLM, []byte("Samba")) { // as its system it names the Windows that it is like
		o.Software = event.View(r.ServerLM)
	}
	if o.Hostname != "" || o.Software != "" {
		a.w.header(a.f)
		a.w.tellAssetAt(a.f, a.w.head.Dst, o)
	}
	a.w.out.text = t.buf
}

// gives reports what a server is known by that gives out a share: those that only domain controllers have ([MS-ADTS] 6.1.1.4.1,
// [MS-NRPC] 1.3.4), printers' drivers, or files. Shares for administrators, which every Windows has, say nothing.
func (a *smbApp) gives(r *smb.Tree) {
	if !r.Answered || r.Status != 0 {
		return
	}
	if host, ok := bytes.CutPrefix(r.Path, []byte(`\\`)); ok {
		host, _, _ = bytes.Cut(host, []byte(`\`))
		a.w.called(a.f, host, "smb")
	}
	o := &a.w.out.asset
	*o = event.Asset{Source: "smb"}
	share := r.Path[bytes.LastIndexByte(r.Path, '\\')+1:]
	switch {
	case len(share) == 0 || r.Type == smb.Pipe || bytes.EqualFold(share, []byte("IPC$")):
		return
	case bytes.EqualFold(share, []byte("SYSVOL")), bytes.EqualFold(share, []byte("NETLOGON")):
		o.Role = "shares sign-on scripts"
	case r.Type == smb.Print, bytes.EqualFold(share, []byte("print$")):
		o.Role = "shares printers"
	case share[len(share)-1] == '$':
		return
	default:
		o.Role = "shares files"
	}
	a.w.tellAssetOf(a.f, wire.ToClient, o)
}

// system is what a machine runs: by its own word, else by the version in its NTLM messages, of which a build number of
// 0 says that it is made up.
func (t *texts) system(native []byte, v ntlm.Version) string {
	at := len(t.buf)
	switch {
	case len(native) > 0:
		return event.View(native)
	case v.Build == 0:
		return ""
	}
	t.buf = v.Append(append(t.buf, "Windows "...))
	return t.from(at)
}

// authentication reports that somebody signed on, or tried.
func (a *smbApp) authentication(r *smb.Session) {
	a.w.ticketShown(a.f, "smb", r.Realm, r.Service, &r.Ticket)
	if !r.Answered || len(r.User) == 0 && len(r.Service) == 0 {
		return
	}
	e := &a.w.out.auth
	*e = event.Auth{User: event.View(r.User), Domain: either(event.View(r.Domain), event.View(r.Realm)),
		Protocol: r.Mechanism.String(), Host: event.View(r.Workstation), Service: either(event.View(r.Service), "smb"), Outcome: "success",
		Cleartext: r.Cleartext}
	if r.Status != 0 {
		e.Outcome, e.Reason = "failure", r.Status.String()
	}
	a.w.emit(a.f, e)
	if r.Status == 0 && len(r.Service) > 0 {
		a.w.called(a.f, r.Service, "smb")
	}
}

func tree(e *event.SMB, r *smb.Tree) {
	e.Command, e.SessionID, e.TreeID = smb.TreeConnect.String(), r.SessionID, uint64(r.ID)
	if r.Version == 1 {
		e.Command = "SMB1_COMMAND_TREE_CONNECT_ANDX"
		e.ServiceAsked, e.Service = event.View(r.Asked), event.View(r.Service)
	}
	e.Tree = event.View(r.Path)
	status(e, r.Status, r.Answered)
	if r.Answered && r.Status == 0 {
		e.ShareType = r.Type.String()
	}
	if r.Session != nil {
		e.User, e.Domain = event.View(r.Session.User), event.View(r.Session.Domain)
	}
}

// file fills in what was done with a file while it was open.
func (a *smbApp) file(t *texts, e *event.SMB, r *smb.File) {
	e.Command, e.SessionID, e.TreeID = smb.Create.String(), r.SessionID, uint64(r.TreeID)
	if r.Version == 1 {
		e.Command = "SMB1_COMMAND_NT_CREATE_ANDX"
	}
	status(e, r.Status, r.Answered)
	e.File = t.masked(a.w, r.Name)
	e.NewName = t.masked(a.w, r.RenamedTo)
	e.Disposition, e.Operation = r.Disposition.String(), operation(r)
	e.Access = "normal"
	if r.DeleteOnClose {
		e.Access = "delete on close"
	}
	e.Size = max(r.Size, r.EndSize)
	e.BytesRead, e.BytesWritten = r.BytesRead, r.BytesWritten
	e.Deleted, e.Directory = r.Deleted, r.Directory
	if r.Pipe {
		e.NamedPipe = e.File
	}
	if r.Tree != nil {
		e.Tree = event.View(r.Tree.Path)
	}
	if r.Session != nil {
		e.User, e.Domain, e.Host = event.View(r.Session.User), event.View(r.Session.Domain), event.View(r.Session.Workstation)
	}
}

// masked is a name with the patients in it replaced.
func (t *texts) masked(w *Worker, name []byte) string {
	at := len(t.buf)
	t.buf = w.opt.Patients.Text(t.buf, name)
	return t.from(at)
}

// operation is what was done with a file, in the words of OCSF 4006.
func operation(r *smb.File) string {
	failed := r.Answered && r.Status.Failed()
	switch {
	case failed && !r.ByPath:
		return "File Open"
	case r.Deleted, failed && r.DeleteOnClose:
		return "File Delete"
	case len(r.RenamedTo) > 0:
		return "File Rename"
	case r.Action == smb.Created, failed && r.Disposition == smb.CreateNew:
		return "File Create"
	case r.Action == smb.Superseded && r.Answered && !r.ByPath && !r.Unnamed:
		return "File Supersede"
	case r.Action == smb.Overwritten:
		return "File Overwrite"
	case r.BytesWritten > 0:
		return "File Update"
	}
	return "File Open"
}
