package eve

import "bulwark/event"

func (w *Writer) ftp(p *event.FTP) {
	j := &w.j
	if p.TxID > 0 {
		j.num("tx_id", p.TxID-1)
	}
	j.open("ftp")
	j.some("command", p.Command)
	if p.Data != "" {
		j.str("command_data", p.Data)
	}
	if p.Data != "" || p.Truncated {
		j.truth("command_truncated", p.Truncated)
	}
	j.list("completion_code", p.Codes)
	j.list("reply", p.Replies)
	if p.Port != 0 {
		j.num("dynamic_port", p.Port)
	}
	if p.Command == "PORT" || p.Command == "EPRT" {
		j.some("mode", p.Mode)
	}
	j.str("reply_received", map[bool]string{true: "yes", false: "no"}[p.Done])
	j.truth("reply_truncated", p.Cut)
	j.close()
}

func (w *Writer) ftpData(p *event.FTPData) {
	j := &w.j
	j.open("ftp_data")
	j.some("filename", p.Name)
	j.some("command", p.Command)
	j.close()
}
