package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ldap"
)

// maxLDAPNumbers is how many answers of an exchange are counted one by one.
const maxLDAPNumbers = 256

// ldapAnswers are what the answers of an exchange have said so far.
type ldapAnswers struct {
	operations []uint8
	codes      []uint32
	count      uint64
}

// add notes an answer.
func (l *ldapAnswers) add(m *ldap.Message) {
	if l.count++; len(l.operations) < maxLDAPNumbers {
		l.operations = append(l.operations, uint8(m.Op))
	}
	if len(l.codes) < maxLDAPNumbers && hasResult(m.Op) {
		l.codes = append(l.codes, uint32(m.Code))
	}
}

// hasResult reports whether an answer says what came of the request (RFC 4511 section 4.1.9).
func hasResult(o ldap.Op) bool {
	switch o {
	case 1, 5, 7, 9, 11, 13, 15, 24:
		return true
	}
	return false
}

// show shows a message of an exchange to who looks into the traffic; record is the exchange as EVE has it so far.
func (a *ldapApp) show(dir wire.Dir, m *ldap.Message, answers *ldapAnswers, record string) {
	w := a.w
	if !w.look.on() {
		return
	}
	more := &w.look.more
	more.Tx = uint64(uint32(m.ID)) + 1
	if m.Op.IsRequest() {
		more.Number("ldap.request.operation", uint64(m.Op))
		more.Value("ldap.request.dn", m.Name)
		for i := range m.Attributes {
			more.Value("ldap.request.attribute_type", m.Attributes[i].Type)
		}
	} else {
		for _, o := range answers.operations {
			more.Number("ldap.responses.operation", uint64(o))
		}
		for _, c := range answers.codes {
			more.Number("ldap.responses.result_code", uint64(c))
		}
		more.Number("ldap.responses.count", answers.count)
		if hasResult(m.Op) {
			more.Value("ldap.responses.message", m.Diagnostic)
			more.Value("ldap.responses.dn", m.MatchedDN)
		} else {
			more.Value("ldap.responses.dn", m.Name)
		}
		for i := range m.Attributes {
			more.Value("ldap.responses.attribute_type", m.Attributes[i].Type)
		}
	}
	e := &w.out.ldap
	*e = event.LDAP{Attributes: e.Attributes[:0], Controls: e.Controls[:0], Changes: e.Changes[:0], DCFlags: e.DCFlags[:0],
		Operation: m.Op.String(), MessageID: uint64(m.ID), Record: record}
	w.showTurn(a.f, dir, e)
}

// showBoth shows the request of an exchange and what came of it, where messages are not shown one by one.
func (a *ldapApp) showBoth(x *ldap.Exchange) {
	if x.Request != nil {
		a.show(wire.ToServer, x.Request, nil, "")
	}
	if x.Reply != nil {
		l := &a.w.look.answers
		l.operations, l.codes, l.count = l.operations[:0], l.codes[:0], 0
		l.add(x.Reply)
		l.count += x.Entries
		a.show(wire.ToClient, x.Reply, l, "")
	}
}
