package eve

import "bulwark/event"

func (w *Writer) pop3(p *event.POP3) {
	j := &w.j
	if p.TxID > 0 {
		j.num("tx_id", p.TxID-1)
	}
	j.open("pop3")
	if p.Command != "" {
		j.open("request")
		j.str("command", p.Command)
		w.all("args", p.Args)
		j.close()
	}
	if p.Status != "" {
		j.open("response")
		j.truth("success", p.Status == "OK")
		j.str("status", p.Status)
		j.str("header", p.Reply)
		w.all("data", p.Data)
		j.close()
	}
	j.close()
}

// all writes a list, an empty one too.
func (w *Writer) all(name string, list []string) {
	j := &w.j
	j.array(name)
	for _, v := range list {
		j.comma()
		j.quoted(v)
	}
	j.end()
}
