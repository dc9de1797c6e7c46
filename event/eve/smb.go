package eve

import (
	"strconv"
	"strings"

	"bulwark/event"
)

func (w *Writer) smb(p *event.SMB) {
	j := &w.j
	j.open("smb")
	if p.TxID > 0 {
		j.num("id", p.TxID)
	}
	j.str("dialect", orUnknown(p.Dialect))
	j.some("command", p.Command)
	j.some("status", p.Status)
	if p.StatusCode != 0 {
		j.str("status_code", "0x"+strconv.FormatUint(p.StatusCode-1, 16))
	}
	j.num("session_id", p.SessionID)
	j.num("tree_id", p.TreeID)
	w.smbFile(p)
	if strings.HasSuffix(strings.ToUpper(p.Tree), `\IPC$`) {
		j.str("named_pipe", p.Tree)
	} else {
		j.some("share", p.Tree)
	}
	j.some("share_type", p.ShareType)
	j.some("function", p.Function)
	j.list("client_dialects", p.Dialects)
	j.some("client_guid", p.ClientGUID)
	j.some("server_guid", p.ServerGUID)
	if p.User != "" || p.Domain != "" || p.Host != "" {
		j.open("ntlmssp")
		j.str("domain", p.Domain)
		j.str("user", p.User)
		j.some("host", p.Host)
		j.some("version", p.System)
		j.close()
	}
	if p.Realm != "" {
		j.open("kerberos")
		j.str("realm", p.Realm)
		j.list("snames", p.Services)
		j.close()
	}
	j.close()
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// smbFile writes the file that a transaction is about: of a CREATE all that its answer says.
func (w *Writer) smbFile(p *event.SMB) {
	j := &w.j
	if p.NewName != "" {
		j.open("rename")
		j.str("from", p.File)
		j.str("to", p.NewName)
		j.close()
		return
	}
	j.some("filename", p.File)
	j.some("disposition", p.Disposition)
	j.some("access", p.Access)
	if p.Disposition != "" {
		j.num("created", p.Created/1e9)
		j.num("accessed", p.Accessed/1e9)
		j.num("modified", p.Modified/1e9)
		j.num("changed", p.Changed/1e9)
		j.num("size", p.Size)
	}
	j.some("fuid", p.FileID)
}
