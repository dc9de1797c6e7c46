package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/smb"
)

// smbTransactions is an [smbApp] that reports each transaction, as EVE does, in place of what came of them.
type smbTransactions smbApp

// Transaction takes a request with its answer. What is read and written through a file is told once, at its end; what
// is asked about a file, not at all.
func (a *smbTransactions) Transaction(x *smb.Transaction) {
	if !x.Asked || !recorded(x) || a.calls(x) {
		return
	}
	e := &a.w.out.smb
	t := texts{buf: a.w.out.text[:0]}
	a.begin(e, x)
	switch x.Command {
	case smb.Negotiate:
		if x.Negotiation != nil {
			t.negotiation(e, x.Negotiation)
			e.Command = x.Name()
			e.MaxRead, e.MaxWrite = uint64(x.Negotiation.MaxRead), uint64(x.Negotiation.MaxWrite)
		}
	case smb.SessionSetup:
		if x.Session != nil {
			signOn(&t, e, x)
		}
	case smb.IOControl:
		if x.Version == 2 {
			e.Function = x.Control.String()
		}
	}
	if x.File != nil {
		(*smbApp)(a).opened(&t, e, x)
	}
	if x.Tree != nil && x.Command == smb.TreeConnect {
		tree(e, x.Tree)
		e.Command = x.Name()
	}
	a.number(e)
	a.w.out.text = t.buf
	a.w.emit(a.f, e)
}

// recorded says whether EVE has a record of a transaction by itself.
func recorded(x *smb.Transaction) bool {
	changes := x.File != nil && (x.Renames || x.Deletes)
	if x.Version == 1 {
		return changes || !x.Code.Bulk()
	}
	switch x.Command {
	case smb.Read, smb.Write, smb.QueryInfo:
		return false
	case smb.SetInfo:
		return changes
	}
	return true
}

// calls says whether a transaction carries calls through a pipe that EVE follows, which are told of instead.
func (a *smbTransactions) calls(x *smb.Transaction) bool {
	return x.Command == smb.IOControl && x.Control == smb.PipeTransceive && x.File != nil &&
		x.File.Mark&^markPlace == markPipe && a.pipes[x.File.Mark&markPlace].eve
}

// Content takes what is read from and written to files and pipes.
func (a *smbTransactions) Content(p *smb.Piece) { (*smbApp)(a).Content(p) }

// begin fills in what all transactions have. EVE's session of SMB 1 is the process and the user.
func (a *smbTransactions) begin(e *event.SMB, x *smb.Transaction) {
	*e = event.SMB{Services: e.Services[:0], Dialects: e.Dialects[:0], Command: x.Name(), SessionID: x.SessionID | uint64(x.Process)<<16,
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
func signOn(t *texts, e *event.SMB, x *smb.Transaction) {
	s := x.Session
	if x.Version == 1 {
		systems(e, s)
	}
	if !x.Proves {
		return
	}
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
		e.File, e.FileID = t.masked(a.w, r.Name), t.fileID(r)
		e.Disposition, e.Access, e.Size = r.Disposition.String(), access(r), r.Size
		e.Directory = r.Options&smb.DirectoryFile != 0
		e.Created, e.Accessed = uint64(max(r.Created, 0)), uint64(max(r.Accessed, 0))
		e.Modified, e.Changed = uint64(max(r.Modified, 0)), uint64(max(r.Changed, 0))
	case smb.SetInfo:
		e.File = t.masked(a.w, r.Name)
		if !r.ByPath {
			e.FileID = t.fileID(r)
		}
		switch {
		case x.Renames:
			e.NewName = t.masked(a.w, r.RenamedTo)
		case x.Version == 2:
			e.Access = "delete on close"
		case x.Level != 0:
			e.Access, e.Subcommand, e.Level = "delete on close", "SET_FILE_INFO", "Set Disposition Information"
			if r.ByPath {
				e.Subcommand = "SET_PATH_INFO"
			}
		}
	}
	if x.Tree != nil && x.Command == smb.SetInfo && x.Version == 2 {
		e.Tree = event.View(x.Tree.Path)
	}
}

func access(r *smb.File) string {
	if r.Options&smb.DeleteOnClose != 0 {
		return "delete on close"
	}
	return "normal"
}

func (t *texts) fileID(r *smb.File) string {
	at := len(t.buf)
	if r.Version == 1 {
		t.buf = r.ID.AppendShort(t.buf)
	} else {
		t.buf = r.ID.AppendEVE(t.buf)
	}
	return t.from(at)
}

// Record takes what came of the transactions: what was read and written, and who signed on.
func (a *smbTransactions) Record(r smb.Record) {
	app := (*smbApp)(a)
	switch r := r.(type) {
	case *smb.Session:
		if !r.LoggedOff {
			app.authentication(r)
			t := texts{buf: a.w.out.text[:0]}
			app.ends(&t, r)
		}
	case *smb.File:
		app.closePipe(r)
		if r.Mark == markReadLate || !r.Pipe && r.BytesRead > 0 {
			a.content(r, smb.Read, "SMB1_COMMAND_READ_ANDX")
			app.closeContent(r, wire.ToClient)
		}
		if !r.Pipe && r.BytesWritten > 0 {
			a.content(r, smb.Write, "SMB1_COMMAND_WRITE_ANDX")
			app.closeContent(r, wire.ToServer)
		}
		app.done(r)
	}
}
