package engine

import (
	"encoding/binary"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/inspect"
	"bulwark/wire/nfs"
)

// show shows a call to who looks into the traffic.
func (a *nfsApp) show(v *nfs.Call) {
	w := a.w
	if !w.wanted(event.KindNFS) || v.Program != nfs.NFS {
		return
	}
	name := nfs.ProcedureName(v.Program, v.Version, v.Procedure)
	e, t := &w.out.nfs, texts{buf: w.out.text[:0]}
	*e = event.NFS{Program: nfs.ProgramName(v.Program), Version: uint64(v.Version), Minor: uint64(v.Minor), Procedure: name,
		XID: uint64(v.XID), RPCStatus: "ACCEPTED"}
	t.nfsFile(w, e, v.Name, v.Folder, v.HandleC)
	t.nfsCaller(e, &v.Who)
	if v.Answered {
		e.Status, e.StatusCode = nfs.StatusName(v.Status), uint64(v.Status)+1
	}
	more := &w.look.more
	at := len(t.buf)
	t.buf = append(binary.BigEndian.AppendUint32(t.buf, v.Procedure), name...)
	more.Value(inspect.NFSProcedure, t.buf[at:len(t.buf):len(t.buf)])
	more.Number("nfs_version", uint64(v.Version))
	w.out.text = t.buf
	w.showTurn(a.f, wire.ToServer, e)
}

// showFile shows a file that was read or written, as one call.
func (a *nfsApp) showFile(e *event.NFS) {
	w := a.w
	if !w.wanted(event.KindNFS) {
		return
	}
	number := map[uint64][2]uint32{2: {6, 8}, 3: {6, 7}, 4: {25, 38}}[e.Version]
	n := number[0]
	if e.Procedure == "WRITE" {
		n = number[1]
	}
	t := texts{buf: w.out.text}
	at := len(t.buf)
	t.buf = append(binary.BigEndian.AppendUint32(t.buf, n), e.Procedure...)
	w.look.more.Value(inspect.NFSProcedure, t.buf[at:len(t.buf):len(t.buf)])
	w.look.more.Number("nfs_version", e.Version)
	w.out.text = t.buf
	w.showTurn(a.f, wire.ToServer, e)
}
