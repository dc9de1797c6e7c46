// Package atna reads the audit messages by which the systems of a hospital report who opened, sent or changed what
// (IHE ITI-20; DICOM PS3.15 §A.5; RFC 3881): XML, carried by syslog.
//
//	<AuditMessage>
//	  <EventIdentification EventActionCode="R" EventDateTime="..." EventOutcomeIndicator="0"><EventID csd-code="110103" .../></EventIdentification>
//	  <ActiveParticipant UserID="..." UserIsRequestor="true" NetworkAccessPointID="10.0.0.9" .../>
//	  <AuditSourceIdentification AuditSourceID="PACS1"/>
//	  <ParticipantObjectIdentification ParticipantObjectID="..." ParticipantObjectTypeCode="1" .../>
//	</AuditMessage>
package atna

import (
	"bytes"
	"fmt"

	"bulwark/wire"
)

// ErrMalformed means bytes that are no audit message.
var ErrMalformed = fmt.Errorf("atna: no audit message: %w", wire.ErrMalformed)

const (
	maxParticipants = 16
	maxObjects      = 64
	maxCodes        = 8
	maxDecoded      = 8 << 10 // bytes of values with entities in them
)

// Code is a coded value: DICOM writes csd-code and originalText, RFC 3881 code and displayName.
type Code struct{ Code, System, Text []byte }

// The codes that are told apart (DICOM PS3.16 annex D).
const (
	UserAuthentication = "110114"
	Login              = "110122"
	Logout             = "110123"
	EmergencyStarted   = "110127"
	EmergencyStopped   = "110138"
	patientNumber      = "2"
	studyInstance      = "110180"
	emergencyTreatment = "ETREAT" // of HL7's PurposeOfUse
	breakTheGlass      = "BTG"
)

// Participant is who took part: a person, a process or a machine.
type Participant struct {
	UserID    []byte
	OtherID   []byte // "AETITLES=STORESCU;..." of DICOM nodes
	Node      []byte // name or address of the machine
	NodeType  byte   // '1' a name, '2' an address
	Requestor bool
	Role      Code
}

// Object is what it was about: a patient, a study, a query...
type Object struct {
	ID       []byte
	Name     []byte
	Type     byte // '1' person, '2' system object, '3' organisation
	Role     []byte
	IDType   Code
	HasQuery bool
}

// Patient reports whether an object is a patient.
func (o *Object) Patient() bool {
	return o.Type == '1' && string(o.Role) == "1" || string(o.IDType.Code) == patientNumber && o.Type != '2'
}

// Titles calls yield with the AE titles of a node: range p.Titles.
func (p *Participant) Titles(yield func([]byte) bool) {
	rest, ok := bytes.CutPrefix(p.OtherID, []byte("AETITLES="))
	for ok && len(rest) > 0 {
		title, next, _ := bytes.Cut(rest, []byte{';'})
		if title = bytes.TrimSpace(title); len(title) > 0 && !yield(title) {
			return
		}
		rest = next
	}
}

// Study reports whether an object is a study, whose identifier is its UID.
func (o *Object) Study() bool {
	return string(o.IDType.Code) == studyInstance || string(o.Role) == "3" && o.Type == '2' && bytes.HasPrefix(o.ID, []byte("1."))
}

// Message is one audit message. Its slices point into what was parsed and into memory of the message.
type Message struct {
	Event        Code
	Types        []Code
	Purposes     []Code
	Action       byte // 'C', 'R', 'U', 'D' or 'E'; 0 when not told
	Outcome      byte // '0', '4', '8' or '1' for 12; 0 when not told
	Time         []byte
	Description  []byte
	Participants []Participant
	Source       []byte
	Site         []byte
	Objects      []Object

	text []byte // values that had entities in them
}

// Is reports whether the event has a code among its types or is of that code itself.
func (m *Message) Is(code string) bool {
	if string(m.Event.Code) == code {
		return true
	}
	for i := range m.Types {
		if string(m.Types[i].Code) == code {
			return true
		}
	}
	return false
}

// Emergency reports whether access was taken in an emergency, by somebody who may not have it otherwise: break-glass.
func (m *Message) Emergency() bool {
	if m.Is(EmergencyStarted) || m.Is(EmergencyStopped) {
		return true
	}
	for i := range m.Purposes {
		if c := string(m.Purposes[i].Code); c == emergencyTreatment || c == breakTheGlass {
			return true
		}
	}
	return false
}

// Looks tells whether p begins as an audit message.
func Looks(p []byte) bool {
	p = bytes.TrimLeft(bytes.TrimPrefix(p, []byte("\xef\xbb\xbf")), " \t\r\n")
	if bytes.HasPrefix(p, []byte("<?xml")) {
		i := bytes.Index(p, []byte("?>"))
		if i < 0 {
			return false
		}
		p = p[i+2:]
	}
	head := p[:min(len(p), 512)]
	return bytes.Contains(head, []byte("AuditMessage")) && len(head) > 0 && bytes.IndexByte(head, '<') >= 0
}

// Parse reads one audit message. Of one that ends early what came before is kept.
func Parse(p []byte, m *Message) error {
	*m = Message{Types: m.Types[:0], Purposes: m.Purposes[:0], Participants: m.Participants[:0], Objects: m.Objects[:0], text: m.text[:0]}
	x := scanner{b: p}
	found := false
	for x.next() {
		switch name := string(x.name); {
		case name == "AuditMessage":
			found = true
		case !found:
		case x.end:
			m.leave(name, x.text)
		default:
			m.enter(name, &x)
		}
	}
	if !found {
		return ErrMalformed
	}
	return nil
}

// enter reads the attributes of an element.
func (m *Message) enter(name string, x *scanner) {
	switch name {
	case "EventIdentification":
		m.Action, m.Outcome = first(x.attribute("EventActionCode")), first(x.attribute("EventOutcomeIndicator"))
		m.Time = x.attribute("EventDateTime")
	case "EventID":
		m.Event = m.code(x)
	case "EventTypeCode":
		m.Types = m.add(m.Types, x)
	case "PurposeOfUse":
		m.Purposes = m.add(m.Purposes, x)
	case "ActiveParticipant":
		if len(m.Participants) < maxParticipants {
			m.Participants = append(m.Participants, Participant{UserID: m.value(x, "UserID"), OtherID: m.value(x, "AlternativeUserID"),
				Node: m.value(x, "NetworkAccessPointID"), NodeType: first(x.attribute("NetworkAccessPointTypeCode")),
				Requestor: truth(x.attribute("UserIsRequestor"))})
		}
	case "RoleIDCode":
		if n := len(m.Participants); n > 0 && m.Participants[n-1].Role.Code == nil {
			m.Participants[n-1].Role = m.code(x)
		}
	case "AuditSourceIdentification":
		m.Source, m.Site = m.value(x, "AuditSourceID"), m.value(x, "AuditEnterpriseSiteID")
	case "ParticipantObjectIdentification":
		if len(m.Objects) < maxObjects {
			m.Objects = append(m.Objects, Object{ID: m.value(x, "ParticipantObjectID"), Type: first(x.attribute("ParticipantObjectTypeCode")),
				Role: x.attribute("ParticipantObjectTypeCodeRole")})
		}
	case "ParticipantObjectIDTypeCode":
		if n := len(m.Objects); n > 0 {
			m.Objects[n-1].IDType = m.code(x)
		}
	}
}

// leave reads the text of an element that ends.
func (m *Message) leave(name string, text []byte) {
	n := len(m.Objects)
	switch {
	case name == "EventOutcomeDescription":
		m.Description = m.decoded(text)
	case name == "ParticipantObjectName" && n > 0:
		m.Objects[n-1].Name = m.decoded(text)
	case name == "ParticipantObjectQuery" && n > 0:
		m.Objects[n-1].HasQuery = len(text) > 0
	}
}

func (m *Message) add(list []Code, x *scanner) []Code {
	if len(list) < maxCodes {
		list = append(list, m.code(x))
	}
	return list
}

func (m *Message) code(x *scanner) Code {
	return Code{Code: either(x.attribute("csd-code"), x.attribute("code")), System: x.attribute("codeSystemName"),
		Text: either(m.value(x, "originalText"), m.value(x, "displayName"))}
}

func either(a, b []byte) []byte {
	if len(a) > 0 {
		return a
	}
	return b
}

// truth reads a Boolean of XML Schema.
func truth(b []byte) bool { return string(b) == "true" || string(b) == "1" }

func first(b []byte) byte {
	if len(b) == 0 {
		return 0
	}
	return b[0]
}

func (m *Message) value(x *scanner, name string) []byte { return m.decoded(x.attribute(name)) }
