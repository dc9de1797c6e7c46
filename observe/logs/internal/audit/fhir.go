package audit

import (
	"encoding/json"
	"strings"

	"bulwark/event"
	"bulwark/observe/logs/internal/intake"
	"bulwark/wire/atna"
)

// Bounds of one AuditEvent and of one Bundle.
const (
	maxAgents   = 16
	maxEntities = 64
	maxEntries  = 1000
)

// auditEvent is AuditEvent of FHIR R4 (https://hl7.org/fhir/R4/auditevent.html), with what R5 names otherwise.
type auditEvent struct {
	ResourceType string    `json:"resourceType"`
	Type         coding    `json:"type"`
	Subtype      []coding  `json:"subtype"`
	Category     []concept `json:"category"` // R5
	Code         concept   `json:"code"`     // R5
	Action       string    `json:"action"`
	Recorded     string    `json:"recorded"`
	Outcome      outcome   `json:"outcome"`
	OutcomeDesc  string    `json:"outcomeDesc"`
	Purpose      []concept `json:"purposeOfEvent"`
	Authorized   []concept `json:"authorization"` // R5
	Agent        []agent   `json:"agent"`
	Source       struct {
		Site     place     `json:"site"`
		Observer reference `json:"observer"`
	} `json:"source"`
	Entity  []entity  `json:"entity"`
	Patient reference `json:"patient"` // R5

	Entry []struct {
		Resource json.RawMessage `json:"resource"`
	} `json:"entry"` // of a Bundle
}

type coding struct {
	Code    string `json:"code"`
	Display string `json:"display"`
}

type concept struct {
	Coding []coding `json:"coding"`
	Text   string   `json:"text"`
}

func (c *concept) first() coding {
	if len(c.Coding) > 0 {
		return c.Coding[0]
	}
	return coding{Display: c.Text}
}

type reference struct {
	Reference  string `json:"reference"`
	Display    string `json:"display"`
	Type       string `json:"type"`
	Identifier struct {
		System string `json:"system"`
		Value  string `json:"value"`
	} `json:"identifier"`
}

// name is how a reference names what it points to.
func (r *reference) name() string {
	for _, s := range [...]string{r.Identifier.Value, r.Display, r.Reference} {
		if s != "" {
			return s
		}
	}
	return ""
}

type agent struct {
	Who       reference `json:"who"`
	AltID     string    `json:"altId"`
	Name      string    `json:"name"`
	Requestor bool      `json:"requestor"`
	Network   struct {
		Address string `json:"address"`
	} `json:"network"`
	NetworkString string    `json:"networkString"` // R5
	NetworkURI    string    `json:"networkUri"`    // R5
	Purpose       []concept `json:"purposeOfUse"`
}

type entity struct {
	What  reference `json:"what"`
	Type  coding    `json:"type"`
	Role  roleCode  `json:"role"`
	Name  string    `json:"name"`
	Query string    `json:"query"`
}

// patient reports whether an entity is a patient (role 1 of object-role).
func (e *entity) patient() bool {
	return e.Role.code == "1" || e.What.Type == "Patient" || strings.HasPrefix(e.What.Reference, "Patient/") ||
		strings.Contains(e.What.Reference, "/Patient/")
}

// outcome is a code (R4) or an object with one (R5).
type outcome struct{ code, text string }

// UnmarshalJSON reads either.
func (o *outcome) UnmarshalJSON(p []byte) error {
	if len(p) > 0 && p[0] == '"' {
		return json.Unmarshal(p, &o.code)
	}
	var five struct {
		Code   coding    `json:"code"`
		Detail []concept `json:"detail"`
	}
	err := json.Unmarshal(p, &five)
	o.code = five.Code.Code
	for i := range five.Detail {
		o.text = five.Detail[i].first().Display
	}
	return err
}

// place is a text (R4) or a reference (R5).
type place string

// UnmarshalJSON reads either.
func (s *place) UnmarshalJSON(p []byte) error {
	if len(p) > 0 && p[0] == '"' {
		return json.Unmarshal(p, (*string)(s))
	}
	var r reference
	err := json.Unmarshal(p, &r)
	*s = place(r.name())
	return err
}

// roleCode is the code of a coding (R4) or of a concept (R5).
type roleCode struct{ code string }

// UnmarshalJSON reads either.
func (r *roleCode) UnmarshalJSON(p []byte) error {
	var both struct {
		coding
		concept
	}
	err := json.Unmarshal(p, &both)
	if r.code = both.Code; r.code == "" {
		r.code = both.first().Code
	}
	return err
}

// Resource appends the events of an AuditEvent, or of those in a Bundle; none for another resource.
func (r *Reader) Resource(doc []byte, base intake.Record, out []intake.Record) []intake.Record {
	var a auditEvent
	if json.Unmarshal(doc, &a) != nil {
		return out
	}
	if a.ResourceType == "Bundle" {
		for _, e := range a.Entry[:min(len(a.Entry), maxEntries)] {
			var one auditEvent
			if json.Unmarshal(e.Resource, &one) == nil {
				out = r.resource(&one, base, out)
			}
		}
		return out
	}
	return r.resource(&a, base, out)
}

func (r *Reader) resource(a *auditEvent, base intake.Record, out []intake.Record) []intake.Record {
	if a.ResourceType != "AuditEvent" {
		return out
	}
	if a.Type.Code == "" && len(a.Category) > 0 {
		a.Type = a.Category[0].first()
	}
	if a.Code.first().Code != "" {
		a.Subtype = append(a.Subtype, a.Code.first())
	}
	e := r.ofFHIR(a)
	return records(e, a.is(atna.UserAuthentication) && a.is(atna.Login), base, out)
}

// is reports whether the event has a code.
func (a *auditEvent) is(code string) bool {
	for _, c := range append(a.Subtype, a.Type) {
		if c.Code == code {
			return true
		}
	}
	return false
}

// ofFHIR is the event of an AuditEvent.
func (r *Reader) ofFHIR(a *auditEvent) *event.ATNA {
	e := &event.ATNA{Event: short([]byte(a.Type.Display)), EventCode: short([]byte(a.Type.Code)), Action: actionOf(a.Action),
		Outcome: outcomeOf(a.Outcome.code), Source: short([]byte(a.Source.Observer.name())), Site: short([]byte(a.Source.Site)),
		Objects: uint64(len(a.Entity)), BreakGlass: a.emergency(), Time: short([]byte(a.Recorded))}
	if m := (&atna.Message{Event: atna.Code{Code: []byte(a.Type.Code)}}); m.Name() != "" {
		e.Event = m.Name()
	}
	for _, x := range a.Entity[:min(len(a.Entity), maxEntities)] {
		e.Query = e.Query || x.Query != ""
		if x.patient() {
			r.patientFHIR(e, &x.What, x.Name)
		} else if id := x.What.Identifier.Value; strings.HasPrefix(id, "urn:oid:") {
			e.Studies = add(e.Studies, short([]byte(strings.TrimPrefix(id, "urn:oid:"))))
		}
	}
	r.patientFHIR(e, &a.Patient, "")
	e.Reason = r.masked([]byte(first(a.OutcomeDesc, a.Outcome.text)))
	for _, c := range a.Subtype[:min(len(a.Subtype), maxTold)] {
		e.Types = add(e.Types, short([]byte(first(c.Display, c.Code))))
	}
	for i := range a.Agent[:min(len(a.Agent), maxAgents)] {
		g := &a.Agent[i]
		if strings.Contains(g.Who.Reference, "Patient/") {
			r.patientFHIR(e, &g.Who, g.Name)
		} else {
			r.user(e, []byte(first(g.Who.name(), first(g.Name, g.AltID))), g.Requestor)
		}
		e.Nodes = add(e.Nodes, short([]byte(first(g.Network.Address, first(g.NetworkString, g.NetworkURI)))))
	}
	return e
}

// patientFHIR adds a patient by the identifier of its reference, or by the id of its resource.
func (r *Reader) patientFHIR(e *event.ATNA, ref *reference, name string) {
	authority, id := ref.Identifier.System, ref.Identifier.Value
	if id == "" {
		_, id, _ = strings.Cut(ref.Reference, "Patient/")
		id, _, _ = strings.Cut(id, "/")
	}
	r.patient(e, []byte(authority), []byte(id), []byte(first(name, ref.Display)))
}

// emergency reports whether access was taken in an emergency.
func (a *auditEvent) emergency() bool {
	if a.is(atna.EmergencyStarted) || a.is(atna.EmergencyStopped) {
		return true
	}
	all := append(a.Purpose, a.Authorized...)
	for i := range a.Agent {
		all = append(all, a.Agent[i].Purpose...)
	}
	for _, p := range all {
		for _, c := range p.Coding {
			if c.Code == "BTG" || c.Code == "ETREAT" {
				return true
			}
		}
	}
	return false
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// actionOf is what was done, of the codes C R U D E.
func actionOf(code string) string {
	if len(code) != 1 {
		return ""
	}
	return (&atna.Message{Action: code[0]}).ActionName()
}

// outcomeOf is what came of it: of codes of R4 (audit-event-outcome) and of R5 (issue-severity).
func outcomeOf(code string) string {
	switch code {
	case "0", "success", "information":
		return "success"
	case "4", "warning":
		return "minor failure"
	case "8", "error":
		return "serious failure"
	case "12", "fatal":
		return "major failure"
	}
	return ""
}
