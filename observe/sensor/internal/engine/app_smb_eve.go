package engine

import (
	"bulwark/event"
	"bulwark/wire/smb"
)

// smbTransactions is an [smbApp] that reports each transaction, as EVE does, in place of what came of them.
type smbTransactions smbApp

// Transaction takes a request with its answer. What is read and written through a file is told once, at its end; what
// is asked about a file, not at all.
func (a *smbTransactions) Transaction(x *smb.Transaction) {
	e := &a.w.out.smb
	t := texts{buf: a.w.out.text[:0]}
	if !x.Asked {
		return
	}
	a.begin(e, x)
	switch x.Command {
	case smb.Read, smb.Write, smb.QueryInfo:
		return
	case smb.SetInfo:
		if !x.Renames && !x.Deletes || x.File == nil {
			return
		}
	case smb.Negotiate:
		if x.Negotiation != nil {
			t.negotiation(e, x.Negotiation)
		}
	case smb.SessionSetup:
		if x.Proves && x.Session != nil {
			signOn(&t, e, x.Session)
		}
	case smb.IOControl:
		e.Function = x.Control.String()
	}
	if x.File != nil {
		(*smbApp)(a).opened(&t, e, x)
	}
	if x.Tree != nil && x.Command == smb.TreeConnect {
		tree(e, x.Tree)
	}
	a.number(e)
	a.w.out.text = t.buf
	a.w.emit(a.f, e)
}

// begin fills in what all transactions have.
func (a *smbTransactions) begin(e *event.SMB, x *smb.Transaction) {
	*e = event.SMB{Services: e.Services[:0], Dialects: e.Dialects[:0], Command: x.Command.String(), SessionID: x.SessionID,
		TreeID: uint64(x.TreeID)}
	if x.Negotiation != nil && x.Negotiation.Dialect != 0 {
		e.Dialect = x.Negotiation.DialectName()
	}
	status(e, x.Status, x.Answered)
}

func (a *smbTransactions) number(e *event.SMB) {
	a.told++
	e.TxID = a.told
}

// signOn fills in who signs on, by the request that shows it.
func signOn(t *texts, e *event.SMB, s *smb.Session) {
	e.User, e.Domain, e.Host = event.View(s.User), event.View(s.Domain), event.View(s.Workstation)
	e.Realm = event.View(s.Realm)
	if len(s.Service) > 0 {
		e.Services = append(e.Services, event.View(s.Service))
	}
	if v := s.ClientVersion; v.Major != 0 {
		at := len(t.buf)
		t.buf = v.Append(t.buf)
		e.System = t.from(at)
	}
}

// opened fills in the file that a transaction is about.
func (a *smbApp) opened(t *texts, e *event.SMB, x *smb.Transaction) {
	r := x.File
	switch x.Command {
	case smb.Create:
		e.File, e.FileID = t.masked(a.w, r.Name), t.fileID(r.ID)
		e.Disposition, e.Access, e.Size = r.Disposition.String(), access(r), r.Size
		e.Created, e.Accessed = uint64(max(r.Created, 0)), uint64(max(r.Accessed, 0))
		e.Modified, e.Changed = uint64(max(r.Modified, 0)), uint64(max(r.Changed, 0))
	case smb.SetInfo:
		e.File, e.FileID = t.masked(a.w, r.Name), t.fileID(r.ID)
		if x.Renames {
			e.NewName = t.masked(a.w, r.RenamedTo)
		} else {
			e.Access = "delete on close"
		}
	}
	if x.Tree != nil && x.Command == smb.SetInfo {
		e.Tree = event.View(x.Tree.Path)
	}
}

func access(r *smb.File) string {
	if r.Options&smb.DeleteOnClose != 0 {
		return "delete on close"
	}
	return "normal"
}

func (t *texts) fileID(id smb.FileID) string {
	at := len(t.buf)
	t.buf = id.AppendEVE(t.buf)
	return t.from(at)
}

// Record takes what came of the transactions: what was read and written, and who signed on.
func (a *smbTransactions) Record(r smb.Record) {
	app := (*smbApp)(a)
	switch r := r.(type) {
	case *smb.Session:
		if !r.LoggedOff {
			app.authentication(r)
		}
	case *smb.File:
		if r.Pipe || r.BytesRead+r.BytesWritten == 0 {
			return
		}
		e := &a.w.out.smb
		t := texts{buf: a.w.out.text[:0]}
		*e = event.SMB{Services: e.Services[:0], Dialects: e.Dialects[:0], SessionID: r.SessionID, TreeID: uint64(r.TreeID),
			Status: smb.Status(0).String(), StatusCode: 1, Size: max(r.Size, r.EndSize)}
		if r.Session != nil && r.Session.Negotiation != nil && r.Session.Negotiation.Dialect != 0 {
			e.Dialect = r.Session.Negotiation.DialectName()
		}
		e.File, e.FileID = t.masked(a.w, r.Name), t.fileID(r.ID)
		if r.Tree != nil {
			e.Tree = event.View(r.Tree.Path)
		}
		e.Command = smb.Read.String()
		if r.BytesWritten > 0 {
			e.Command = smb.Write.String()
		}
		a.number(e)
		a.w.out.text = t.buf
		a.w.emit(a.f, e)
		app.carried(e, r)
	}
}
