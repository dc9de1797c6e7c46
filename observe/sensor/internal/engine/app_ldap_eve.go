package engine

import (
	"bytes"

	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/ldap"
)

// ldapMessages is an [ldapApp] that writes down the messages of each exchange, as EVE does.
type ldapMessages ldapApp

// The bounds of what is written down: bytes of one exchange, and exchanges under way. An exchange that is one too many
// is told without its messages.
const (
	maxRecord  = 64 << 10
	maxRecords = 2 * ldap.MaxWaiting
)

// ldapRecord is what was written down of an exchange that is under way.
type ldapRecord struct {
	request, responses []byte
	answers            ldapAnswers
}

// Message writes one message down.
func (a *ldapMessages) Message(dir wire.Dir, m *ldap.Message) {
	if r := a.write(m); r != nil {
		var record []byte
		if a.w.wanted(event.KindLDAP) {
			record = r.object()
		}
		(*ldapApp)(a).show(dir, m, &r.answers, event.View(record))
	}
}

// write writes one message down, and is what it belongs to; nil where there is too much of it.
func (a *ldapMessages) write(m *ldap.Message) *ldapRecord {
	if a.records == nil {
		a.records = map[int32]*ldapRecord{}
	}
	r := a.records[m.ID]
	if r == nil && len(a.records) >= maxRecords {
		return nil
	}
	if r == nil || m.Op.IsRequest() && len(r.responses) > 0 {
		r = &ldapRecord{}
		a.records[m.ID] = r
	}
	if !m.Op.IsRequest() {
		r.answers.add(m)
	}
	if len(r.request)+len(r.responses) > maxRecord {
		return r
	}
	j := jsonText{fresh: true}
	j.begin("")
	j.str("operation", m.Op.String())
	secrets := a.w.opt.Records.Passwords
	if m.Op.IsRequest() {
		j.num("message_id", int64(m.ID))
		ldapRequest(&j, m, secrets)
		ldapControls(&j, m)
		j.finish()
		r.request = j.buf
		return r
	}
	if len(r.request) == 0 {
		j.num("message_id", int64(m.ID))
	}
	ldapResponse(&j, m, secrets)
	ldapControls(&j, m)
	j.finish()
	if len(r.responses) > 0 {
		r.responses = append(r.responses, ',')
	}
	r.responses = append(r.responses, j.buf...)
	return r
}

// object is what was written down, as one object.
func (r *ldapRecord) object() []byte {
	j := jsonText{fresh: true}
	j.begin("")
	if len(r.request) > 0 {
		j.key("request")
		j.buf = append(j.buf, r.request...)
	}
	if len(r.responses) > 0 {
		j.key("responses")
		j.buf = append(append(append(j.buf, '['), r.responses...), ']')
	}
	j.finish()
	return j.buf
}

// Exchange tells what was written down.
func (a *ldapMessages) Exchange(x *ldap.Exchange) {
	var id int32
	switch {
	case x.Request != nil:
		id = x.Request.ID
	case x.Reply != nil:
		id = x.Reply.ID
	}
	if r := a.records[id]; r != nil {
		a.record = r.object()
		delete(a.records, id)
	}
	(*ldapApp)(a).Exchange(x)
	a.record = nil
}

// Entry takes what a server says of itself.
func (a *ldapMessages) Entry(q, m *ldap.Message) { (*ldapApp)(a).Entry(q, m) }

// Sealed reports that the rest of the conversation is encrypted.
func (a *ldapMessages) Sealed(by ldap.Layer) { (*ldapApp)(a).Sealed(by) }

// ldapRequest writes what a request asks. The token of a sign-on lets anybody try passwords: secrets says that it was
// asked for.
func ldapRequest(j *jsonText, m *ldap.Message, secrets bool) {
	switch m.Op {
	case ldap.UnbindRequest:
		return
	case ldap.AbandonRequest:
		j.begin(m.Op.String())
		j.num("message_id", int64(m.Abandoned))
		j.finish()
		return
	}
	j.begin(m.Op.String())
	switch m.Op {
	case ldap.BindRequest:
		j.num("version", int64(m.Version))
		j.text("name", m.Name)
		if !m.Password && string(m.Mechanism) != "simple" {
			j.begin("sasl")
			j.text("mechanism", m.Mechanism)
			if secrets && len(m.Credentials) > 0 {
				j.hex("credentials", m.Credentials)
			}
			j.finish()
		}
	case ldap.SearchRequest:
		j.text("base_object", m.Name)
		j.num("scope", int64(m.Scope))
		j.num("deref_alias", int64(m.Deref))
		j.num("size_limit", int64(m.SizeLimit))
		j.num("time_limit", int64(m.TimeLimit))
		j.truth("types_only", m.TypesOnly)
		if present, ok := presence(m.Filter); ok { // Suricata writes no others
			j.begin("filter")
			j.str("type", "present")
			j.text("value", present)
			j.finish()
		}
		if len(m.Attributes) > 0 {
			j.list("attributes")
			for i := range m.Attributes {
				j.comma()
				j.buf = event.AppendJSONString(j.buf, event.View(m.Attributes[i].Type))
			}
			j.endList()
		}
	case ldap.ModifyRequest:
		j.text("object", m.Name)
		ldapChanges(j, m)
	case ldap.AddRequest:
		j.text("entry", m.Name)
		ldapAttributes(j, "name", m)
	case ldap.DelRequest:
		j.text("dn", m.Name)
	case ldap.ModifyDNRequest:
		j.text("entry", m.Name)
		j.text("new_rdn", m.NewRDN)
		j.truth("delete_old_rdn", m.DeleteOldRDN)
		if len(m.NewSuperior) > 0 {
			j.text("new_superior", m.NewSuperior)
		}
	case ldap.CompareRequest:
		j.text("entry", m.Name)
		if len(m.Attributes) > 0 {
			a := &m.Attributes[0]
			j.begin("attribute_value_assertion")
			j.text("description", a.Type)
			if len(a.Values) > 0 {
				j.text("value", shown(a, a.Values[0]))
			}
			j.finish()
		}
	case ldap.ExtendedRequest:
		j.text("name", m.OID)
		if len(m.Value) > 0 {
			j.text("value", m.Value)
		}
	}
	j.finish()
}

func ldapResponse(j *jsonText, m *ldap.Message, secrets bool) {
	if m.Op == ldap.SearchReference { // Suricata tells that there is one
		return
	}
	j.begin(m.Op.String())
	switch m.Op {
	case ldap.SearchEntry:
		j.text("base_object", m.Name)
		ldapAttributes(j, "type", m)
		j.finish()
		return
	case ldap.IntermediateResponse:
		if len(m.OID) > 0 {
			j.text("name", m.OID)
		}
		if len(m.Value) > 0 {
			j.text("value", m.Value)
		}
		j.finish()
		return
	}
	j.str("result_code", m.Code.String())
	j.text("matched_dn", m.MatchedDN)
	j.text("message", m.Diagnostic)
	if m.Op == ldap.BindResponse && secrets && len(m.Credentials) > 0 {
		j.hex("server_sasl_creds", m.Credentials)
	}
	if m.Op == ldap.ExtendedResponse {
		if len(m.OID) > 0 {
			j.text("name", m.OID)
		}
		if len(m.Value) > 0 {
			j.text("value", m.Value)
		}
	}
	j.finish()
}

// ldapControls writes what was asked or told beside an operation.
func ldapControls(j *jsonText, m *ldap.Message) {
	if len(m.Controls) == 0 {
		return
	}
	j.list("controls")
	for i := range m.Controls {
		c := &m.Controls[i]
		j.comma()
		j.begin("")
		j.text("control_type", c.Type)
		j.truth("criticality", c.Critical)
		if len(c.Value) > 0 {
			j.hex("control_value", c.Value)
		}
		j.finish()
	}
	j.endList()
}

func ldapChanges(j *jsonText, m *ldap.Message) {
	if len(m.Attributes) == 0 {
		return
	}
	j.list("changes")
	for i := range m.Attributes {
		j.comma()
		j.begin("")
		j.str("operation", m.Attributes[i].Change.String())
		j.begin("modification")
		j.text("attribute_type", m.Attributes[i].Type)
		ldapValues(j, "attribute_values", &m.Attributes[i])
		j.finish()
		j.finish()
	}
	j.endList()
}

// presence is the attribute of a filter that asks only whether there is one: (objectClass=*).
func presence(filter []byte) ([]byte, bool) {
	name, ok := bytes.CutPrefix(filter, []byte("("))
	if ok {
		name, ok = bytes.CutSuffix(name, []byte("=*)"))
	}
	return name, ok && len(name) > 0 && !bytes.ContainsAny(name, "()=<>~:*&|!")
}

func ldapAttributes(j *jsonText, name string, m *ldap.Message) {
	if len(m.Attributes) == 0 {
		return
	}
	j.list("attributes")
	for i := range m.Attributes {
		j.comma()
		j.begin("")
		j.text(name, m.Attributes[i].Type)
		ldapValues(j, "values", &m.Attributes[i])
		j.finish()
	}
	j.endList()
}

func ldapValues(j *jsonText, name string, a *ldap.Attribute) {
	if len(a.Values) == 0 {
		return
	}
	j.list(name)
	for _, v := range a.Values {
		j.comma()
		j.buf = event.AppendJSONString(j.buf, event.View(shown(a, v)))
	}
	j.endList()
}

// shown is a value, or nothing where it is a password.
func shown(a *ldap.Attribute, v []byte) []byte {
	if ldap.IsSecret(a.Type) {
		return nil
	}
	return v
}
