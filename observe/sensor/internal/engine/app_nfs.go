package engine

import (
	"strconv"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/nfs"
)

// nfsApp is a conversation with an NFS server, or with a program beside it.
type nfsApp struct {
	conv  nfs.Conversation
	files []ordered // by the mark of a file, from 1
	told  uint64    // calls and files; when EVE is written
	at
}

func (a *nfsApp) decode(w *Worker, f *flow, dir wire.Dir, p []byte) (int, int, error) {
	a.stand(w, f, dir)
	return a.conv.Decode(dir, p, a.handler())
}

func (a *nfsApp) furnish(w *Worker) { a.conv.Pool = &w.nfs }

func (a *nfsApp) handler() nfs.Handler {
	if a.w.opt.EVE {
		return (*nfsCalls)(a)
	}
	return a
}

func (a *nfsApp) gap(dir wire.Dir, n int) error { return a.conv.Gap(dir, n) }
func (a *nfsApp) close(w *Worker, f *flow)      { a.w, a.f = w, f; a.conv.Close(a.handler()) }

func (a *nfsApp) reset() {
	a.conv.Reset()
	for i := range a.files {
		a.files[i].reset()
	}
	a.files, a.told, a.at = a.files[:0], 0, at{}
}

func (w *Worker) nfsDatagram(f *flow, dir wire.Dir, p []byte) { w.rpcDatagram(f, NFS, dir, p) }

func (w *Worker) oncrpcDatagram(f *flow, dir wire.Dir, p []byte) { w.rpcDatagram(f, ONCRPC, dir, p) }

func (w *Worker) rpcDatagram(f *flow, app App, dir wire.Dir, p []byte) {
	a, ok := w.stateful(f, app).(*nfsApp)
	if !ok {
		return
	}
	a.stand(w, f, dir)
	if a.conv.Datagram(dir, p, a.handler()) != nil {
		w.count.malformed++
	}
}

// nfsCalls is an [nfsApp] that reports each call, as EVE does.
type nfsCalls nfsApp

// Record takes files; calls come by themselves.
func (a *nfsCalls) Record(r nfs.Record) { (*nfsApp)(a).Record(r) }

// Content takes what is read and written.
func (a *nfsCalls) Content(p *nfs.Piece) { (*nfsApp)(a).Content(p) }

// Call takes a call with its answer. EVE has no record of READ, WRITE and COMMIT, which are told with their files, nor of
// GETATTR; of version 4 it has those of CREATE and REMOVE alone.
func (a *nfsCalls) Call(v *nfs.Call) {
	if v.Program == nfs.NFS {
		name := nfs.ProcedureName(v.Program, v.Version, v.Procedure)
		switch name {
		case "READ", "WRITE", "COMMIT", "GETATTR":
			return
		case "CREATE", "REMOVE":
		default:
			if v.Version == 4 {
				return
			}
		}
	}
	(*nfsApp)(a).show(v)
	(*nfsApp)(a).call(v)
}

// Record takes what the conversation tells.
func (a *nfsApp) Record(r nfs.Record) {
	switch r := r.(type) {
	case *nfs.Call:
		a.show(r)
		a.call(r)
	case *nfs.File:
		a.file(r)
	}
}

// call tells of a call.
func (a *nfsApp) call(v *nfs.Call) {
	e, t := &a.w.out.nfs, texts{buf: a.w.out.text[:0]}
	*e = event.NFS{Program: nfs.ProgramName(v.Program), Version: uint64(v.Version), Minor: uint64(v.Minor),
		Procedure: nfs.ProcedureName(v.Program, v.Version, v.Procedure), XID: uint64(v.XID), RPCStatus: "ACCEPTED",
		Path: t.masked(a.w, v.Path), Port: uint64(v.Port), Software: event.View(v.Software), ServerSoftware: event.View(v.ServerSoftware),
		Principal: event.View(v.Principal), Realm: event.View(v.Realm)}
	t.nfsFile(a.w, e, v.Name, v.Folder, v.HandleC)
	e.NewName = t.masked(a.w, v.NewName)
	t.nfsCaller(e, &v.Who)
	switch {
	case v.Denied:
		e.RPCStatus = "DENIED"
	case v.Answered:
		e.Status, e.StatusCode = nfs.StatusName(v.Status), uint64(v.Status)+1
	}
	if v.Target != 0 {
		e.Target = nfs.ProgramName(v.Target)
	}
	if v.Program == nfs.NFS {
		e.Operation = nfsOperation(e.Procedure)
	}
	if v.Program == nfs.NFS {
		a.number(e)
	}
	a.w.out.text = t.buf
	a.w.emit(a.f, e)
	a.knows(v)
}

// nfsOperation is what a procedure does, in the words of OCSF 1001.
func nfsOperation(procedure string) string {
	switch procedure {
	case "CREATE", "MKDIR", "MKNOD", "SYMLINK", "LINK":
		return "Create"
	case "REMOVE", "RMDIR":
		return "Delete"
	case "RENAME":
		return "Rename"
	}
	return ""
}

func (a *nfsApp) number(e *event.NFS) {
	if a.w.opt.EVE {
		a.told++
		e.TxID = a.told
	}
}

// nfsFile fills in which file it is.
func (t *texts) nfsFile(w *Worker, e *event.NFS, name, folder []byte, handle uint32) {
	e.File, e.Folder = t.masked(w, name), t.masked(w, folder)
	if handle != 0 {
		at := len(t.buf)
		t.buf = strconv.AppendUint(t.buf, uint64(handle), 16)
		e.HandleHash = t.from(at)
	}
}

// nfsCaller fills in who asks.
func (t *texts) nfsCaller(e *event.NFS, who *nfs.Credentials) {
	e.AuthType, e.Protection = who.Flavor.String(), who.Service.String()
	if who.Flavor == nfs.AuthSys {
		e.Machine, e.UID, e.GID = event.View(who.Machine), uint64(who.UID)+1, uint64(who.GID)+1
	}
}

// knows reports what a call tells about the machines of both sides, and a sign-on by Kerberos.
func (a *nfsApp) knows(v *nfs.Call) {
	o := &a.w.out.asset
	if len(v.Who.Machine) > 0 || len(v.Software) > 0 {
		*o = event.Asset{Hostname: event.View(v.Who.Machine), Software: event.View(v.Software), Role: "nfs client", Source: "nfs"}
		a.w.tellAsset(a.f, o)
	}
	if v.Answered && v.Program == nfs.NFS {
		*o = event.Asset{Software: event.View(v.ServerSoftware), Role: "nfs server", Source: "nfs"}
		a.w.header(a.f)
		a.w.tellAssetAt(a.f, a.w.head.Dst, o)
	}
	a.w.ticketShown(a.f, "nfs", v.Realm, v.Principal, &v.Ticket)
	if len(v.Principal) > 0 && v.Answered {
		e := &a.w.out.auth
		*e = event.Auth{Domain: event.View(v.Realm), Protocol: "Kerberos", Service: event.View(v.Principal), Outcome: "success"}
		if v.Denied || v.Accept != 0 {
			e.Outcome, e.Reason = "failure", "denied"
		}
		a.w.emit(a.f, e)
	}
}

// Content takes what is read and written.
func (a *nfsApp) Content(p *nfs.Piece) {
	f := p.File
	if f.Mark == 0 {
		f.Mark = a.place()
		t := texts{buf: a.w.out.text[:0]}
		at := len(t.buf)
		t.buf = append(t.buf, f.Folder...)
		if len(f.Folder) > 0 {
			t.buf = append(t.buf, '/')
		}
		t.buf = append(t.buf, f.Name...)
		a.files[f.Mark-1].open(a.w, a.f, f.Dir, fileFacts{App: "nfs", Name: t.buf[at:]})
		a.w.out.text = t.buf
	}
	a.files[f.Mark-1].write(p.Offset, p.Bytes, p.Early || f.Dir == wire.ToServer)
}

// place is the mark of a place that no file has.
func (a *nfsApp) place() uint32 {
	for i := range a.files {
		if !a.files[i].isOpen() {
			return uint32(i + 1)
		}
	}
	a.files = append(a.files, ordered{})
	return uint32(len(a.files))
}

// file tells of a file that was read or written.
func (a *nfsApp) file(r *nfs.File) {
	e, t := &a.w.out.nfs, texts{buf: a.w.out.text[:0]}
	*e = event.NFS{Program: "nfs", Version: uint64(r.Version), Minor: uint64(r.Minor), Procedure: "READ", Operation: "Read", XID: uint64(r.XID),
		LastXID: uint64(r.LastXID), RPCStatus: "ACCEPTED", Status: nfs.StatusName(r.Status), StatusCode: uint64(r.Status) + 1,
		Size: r.Size, Chunks: uint64(r.Chunks), Last: r.Last}
	if r.Dir == wire.ToServer {
		e.Procedure, e.Operation, e.BytesWritten = "WRITE", "Update", r.Bytes
	} else {
		e.BytesRead = r.Bytes
	}
	t.nfsFile(a.w, e, r.Name, r.Folder, r.HandleC)
	t.nfsCaller(e, &r.Who)
	a.number(e)
	a.w.out.text = t.buf
	a.showFile(e)
	a.w.emit(a.f, e)
	if r.Mark != 0 {
		a.files[r.Mark-1].close(a.told, r.Last)
	}
}
