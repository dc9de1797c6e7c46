package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/kerberos"
)

// look shows a message of an exchange to who looks into the traffic.
func (a *krb5App) look(dir wire.Dir, m *kerberos.Message, e *event.Kerberos) {
	w := a.w
	if !w.wanted(event.KindKerberos) {
		return
	}
	more := &w.look.more
	more.Number("krb5.msg_type", uint64(m.Type))
	nameParts(more.Value, "krb5.cname", m.Client.Name)
	if m.Ticket.Etype != 0 && dir == wire.ToClient {
		nameParts(more.Value, "krb5.sname", m.Ticket.Server.Name)
		more.Number("krb5.ticket_encryption", uint64(uint32(m.Ticket.Etype)))
	} else {
		nameParts(more.Value, "krb5.sname", m.Server.Name)
	}
	if m.Type == kerberos.Error {
		more.Number("krb5.err_code", uint64(m.Error))
	}
	w.showTurn(a.f, dir, e)
}

// nameParts adds the parts of a name.
func nameParts(add func(string, []byte), field string, name []byte) {
	for len(name) > 0 {
		part, rest, _ := bytes.Cut(name, []byte{'/'})
		add(field, part)
		name = rest
	}
}
