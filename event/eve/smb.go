package eve

import (
	"strconv"
	"strings"

	"bulwark/event"
)

func (w *Writer) smb(e *event.Event, p *event.SMB) {
	j := &w.j
	start := len(j.buf)
	old := strings.HasPrefix(p.Command, "SMB1")
	j.open("smb")
	if p.TxID > 0 {
		j.num("id", p.TxID)
	}
	j.str("dialect", orUnknown(p.Dialect))
	j.some("command", p.Command)
	w.smbStatus(p.Status, p.StatusCode)
	j.num("session_id", p.SessionID)
	j.num("tree_id", p.TreeID)
	w.smbFile(p)
	if strings.HasSuffix(strings.ToUpper(p.Tree), `\IPC$`) {
		j.str("named_pipe", p.Tree)
	} else {
		j.some("share", p.Tree)
	}
	switch {
	case p.Service != "" || p.ServiceAsked != "":
		j.open("service")
		j.some("request", p.ServiceAsked)
		j.some("response", p.Service)
		j.close()
	case !old:
		j.some("share_type", p.ShareType)
	}
	j.some("function", p.Function)
	j.list("client_dialects", p.Dialects)
	j.some("client_guid", p.ClientGUID)
	j.some("server_guid", p.ServerGUID)
	if p.MaxRead+p.MaxWrite > 0 {
		j.num("max_read_size", p.MaxRead)
		j.num("max_write_size", p.MaxWrite)
	}
	w.smbSignOn(p, old)
	j.close()
	if p.FileID != "" && p.Disposition == "" {
		w.remember(e, p.TxID, start)
	}
}

// smbStatus writes what became of a request: a number where it has no name, and of an error class and code the code.
func (w *Writer) smbStatus(status string, code uint64) {
	j := &w.j
	if code == 0 { // not said
		j.some("status", status)
		return
	}
	code--
	if strings.HasPrefix(status, "0x") {
		j.str("status", strconv.FormatUint(code, 10))
	} else {
		j.some("status", status)
	}
	if code>>24 == 0xf1 {
		hex := strconv.FormatUint(code&0xffff, 16)
		j.str("status_code", "0x0000"[:6-len(hex)]+hex)
		return
	}
	j.str("status_code", "0x"+strconv.FormatUint(code, 16))
}

// smbSignOn writes who signs on, and what both sides say that they run.
func (w *Writer) smbSignOn(p *event.SMB, old bool) {
	j := &w.j
	if p.User != "" || p.Domain != "" || p.Host != "" {
		j.open("ntlmssp")
		j.str("domain", p.Domain)
		j.str("user", p.User)
		j.str("host", p.Host)
		j.some("version", p.System)
		j.close()
	}
	if p.Realm != "" {
		j.open("kerberos")
		j.str("realm", p.Realm)
		j.list("snames", p.Services)
		j.close()
	}
	if !old || !strings.HasSuffix(p.Command, "SESSION_SETUP_ANDX") {
		return
	}
	j.open("request")
	j.str("native_os", p.ClientOS)
	j.str("native_lm", p.ClientLM)
	j.close()
	if p.StatusCode > 0 {
		j.open("response")
		j.str("native_os", p.ServerOS)
		j.str("native_lm", p.ServerLM)
		j.close()
	}
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
		if strings.HasPrefix(p.Command, "SMB2") {
			j.open("set_info")
			j.str("class", "FILE_INFO")
			j.str("info_level", "SMB2_FILE_RENAME_INFO")
			j.close()
		}
		j.open("rename")
		j.str("from", p.File)
		j.str("to", p.NewName)
		j.close()
		j.some("fuid", p.FileID)
		return
	}
	switch {
	case p.File == "" && p.Access != "":
		j.str("filename", "<share_root>")
	case p.Directory:
		j.str("directory", p.File)
	default:
		j.some("filename", p.File)
	}
	j.some("disposition", p.Disposition)
	j.some("access", p.Access)
	if p.Disposition != "" {
		j.num("created", p.Created/1e9)
		j.num("accessed", p.Accessed/1e9)
		j.num("modified", p.Modified/1e9)
		j.num("changed", p.Changed/1e9)
		j.num("size", p.Size)
	}
	j.some("subcmd", p.Subcommand)
	j.some("level_of_interest", p.Level)
	j.some("fuid", p.FileID)
}
