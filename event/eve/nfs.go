package eve

import "bulwark/event"

// nfs writes a call, or a file that was read or written, as two objects: the file system's and the call's.
func (w *Writer) nfs(e *event.Event, p *event.NFS) {
	j := &w.j
	file := p.Procedure == "READ" || p.Procedure == "WRITE"
	start := len(j.buf)
	j.open("rpc")
	j.num("xid", p.XID)
	j.some("status", p.RPCStatus)
	if file && p.Version == 4 {
		j.str("auth_type", "NULL") // Suricata does not keep who wrote
	} else {
		w.credentials(p)
	}
	j.close()
	j.open("nfs")
	j.num("version", p.Version)
	j.str("procedure", p.Procedure)
	j.str("filename", p.File)
	j.some("hhash", p.HandleHash)
	j.num("id", p.TxID)
	j.truth("file_tx", file)
	j.str("type", "response")
	j.str("status", p.Status)
	if file {
		j.open(pick(p.Procedure == "READ", "read", "write"))
		j.truth("first", true)
		j.truth("last", p.Last)
		j.num("last_xid", p.LastXID)
		j.num("chunks", p.Chunks)
		j.close()
	}
	if p.NewName != "" {
		j.open("rename")
		j.str("from", p.File)
		j.str("to", p.NewName)
		j.close()
	}
	j.close()
	if file {
		w.remember(e, p.TxID, start)
	}
}

func (w *Writer) credentials(p *event.NFS) {
	j := &w.j
	j.str("auth_type", p.AuthType)
	if p.AuthType != "UNIX" {
		return
	}
	j.open("creds")
	j.str("machine_name", p.Machine)
	j.num("uid", p.UID-1)
	j.num("gid", p.GID-1)
	j.close()
}
