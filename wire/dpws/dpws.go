// Package dpws reads the messages by which devices find one another after WS-Discovery and say what they are after the
// Devices Profile for Web Services: SOAP in UDP datagrams to port 3702, and over HTTP. Medical devices of the family
// ISO/IEEE 11073-20702 and SDC (11073-20701, 11073-10207) begin so, before they change to TLS; so do Windows computers,
// printers, scanners and cameras.
//
//	<s:Envelope><s:Header><a:Action>.../discovery/2009/01/Hello</a:Action>...</s:Header>
//	  <s:Body><d:Hello><a:EndpointReference><a:Address>urn:uuid:...</a:Address></a:EndpointReference>
//	    <d:Types>dpws:Device mdpws:MedicalDevice</d:Types><d:Scopes>sdc.ctxt.loc:/... sdc.cdc.type:///130535</d:Scopes>
//	    <d:XAddrs>https://10.0.0.7:6464/...</d:XAddrs></d:Hello></s:Body></s:Envelope>
//
// Elements are told by their local names. The scopes of a medical device may name a patient, whose identifier is handed
// over for the caller to replace.
package dpws

import (
	"bytes"
	"fmt"

	"bulwark/wire"
	"bulwark/wire/internal/markup"
)

// ErrOther means a document that is no message of WS-Discovery or DPWS.
var ErrOther = fmt.Errorf("dpws: another document: %w", wire.ErrMalformed)

// Message is what a message says. Its slices are valid until it is parsed into again.
type Message struct {
	Action   []byte // Hello, Bye, Probe, ProbeMatches, Resolve, ResolveMatches, GetResponse
	Endpoint []byte // address of the endpoint: urn:uuid:... that stays the same over restarts
	Matches  int    // ProbeMatch and ResolveMatch in it; of several the first is told
	Types    [][]byte
	XAddrs   []byte // addresses at which it is reached, with blanks between them

	// Location is the query of the scope sdc.ctxt.loc: fac=..&poc=..&bed=... (11073-20701 §9.4). Codes are the nomenclature
	// codes of the device's parts (sdc.cdc.type), Profiles the identifiers of what it can (sdc.mds.pkp). Patients are the
	// scopes sdc.ctxt.pat as written.
	Location                  []byte
	Codes, Profiles, Patients [][]byte

	// What DPWS tells of model and device.
	Manufacturer, Model, ModelNumber, Name, Firmware, Serial []byte

	arena []byte
}

const (
	maxList  = 16
	maxValue = 256
	maxArena = 8 << 10
)

func (m *Message) reset() {
	*m = Message{arena: m.arena[:0], Types: m.Types[:0], Codes: m.Codes[:0], Profiles: m.Profiles[:0], Patients: m.Patients[:0]}
}

// Medical reports whether m tells of a medical device (11073-20702: type MedicalDevice).
func (m *Message) Medical() bool { return m.Has("MedicalDevice") }

// Has reports whether m has the type, by its local name.
func (m *Message) Has(kind string) bool {
	for _, t := range m.Types {
		if string(t) == kind {
			return true
		}
	}
	return false
}

// namespaces are what the messages of WS-Discovery 1.0 and 1.1 and of DPWS metadata hold.
var namespaces = [...][]byte{[]byte("/ns/discovery/2009/01"), []byte("/ws/2005/04/discovery"), []byte("devprof"), []byte("/ns/dpws/2009/01")}

// head is how far the namespaces are looked for.
const head = 2048

// Looks tells whether p is a message.
func Looks(p []byte) bool {
	p = bytes.TrimLeft(bytes.TrimPrefix(p, []byte("\xef\xbb\xbf")), " \t\r\n")
	if len(p) < 64 || p[0] != '<' {
		return false
	}
	p = p[:min(len(p), head)]
	for _, n := range namespaces[:2] {
		if bytes.Contains(p, n) {
			return true
		}
	}
	return false
}

// Parse reads a document into m, whose memory it reuses. Of one that is cut off it reads what is there.
func Parse(p []byte, m *Message) error {
	m.reset()
	if first := p[:min(len(p), head)]; !bytes.Contains(first, namespaces[0]) && !bytes.Contains(first, namespaces[1]) &&
		!bytes.Contains(first, namespaces[2]) && !bytes.Contains(first, namespaces[3]) {
		return ErrOther
	}
	reference := false
	for r := markup.NewReader(p); ; {
		text, t, ok := r.Next()
		if !ok {
			break
		}
		name := string(t.Local())
		switch {
		case name == "EndpointReference":
			reference = !t.Close
		case !t.Close && (name == "ProbeMatch" || name == "ResolveMatch"):
			m.Matches++
		case t.Close && m.Matches < 2 && len(text) > 0:
			m.element(name, text, reference)
		}
	}
	if len(m.Action) == 0 {
		return ErrOther
	}
	return nil
}

// element takes the text of an element.
func (m *Message) element(name string, text []byte, reference bool) {
	switch name {
	case "Action":
		m.Action = m.keep(text[bytes.LastIndexByte(text, '/')+1:])
	case "Address":
		if reference {
			m.Endpoint = m.keep(text)
		}
	case "Types":
		m.types(text)
	case "Scopes":
		m.scopes(text)
	case "XAddrs":
		m.XAddrs = m.keep(text)
	case "Manufacturer":
		m.Manufacturer = m.keep(text)
	case "ModelName":
		m.Model = m.keep(text)
	case "ModelNumber":
		m.ModelNumber = m.keep(text)
	case "FriendlyName":
		m.Name = m.keep(text)
	case "FirmwareVersion":
		m.Firmware = m.keep(text)
	case "SerialNumber":
		m.Serial = m.keep(text)
	}
}

// types takes the names of types without their prefixes.
func (m *Message) types(text []byte) {
	for word := range bytes.FieldsSeq(text) {
		m.Types = m.add(m.Types, word[bytes.IndexByte(word, ':')+1:])
	}
}

// scopes takes the scopes of a medical device (11073-20701 §9).
func (m *Message) scopes(text []byte) {
	for scope := range bytes.FieldsSeq(text) {
		kind, value, ok := bytes.Cut(scope, []byte{':'})
		if !ok {
			continue
		}
		switch string(kind) {
		case "sdc.ctxt.loc":
			if _, query, ok := bytes.Cut(value, []byte{'?'}); ok {
				m.Location = m.keep(query)
			}
		case "sdc.ctxt.pat":
			m.Patients = m.add(m.Patients, bytes.TrimLeft(value, "/"))
		case "sdc.cdc.type":
			m.Codes = m.add(m.Codes, bytes.TrimLeft(value, "/"))
		case "sdc.mds.pkp":
			m.Profiles = m.add(m.Profiles, value)
		}
	}
}

func (m *Message) add(list [][]byte, v []byte) [][]byte {
	if len(list) == maxList || len(v) == 0 {
		return list
	}
	return append(list, m.keep(v))
}

// keep copies a value into m's memory, its entities replaced.
func (m *Message) keep(v []byte) []byte {
	v = v[:min(len(v), maxValue, maxArena-len(m.arena))]
	start := len(m.arena)
	m.arena = markup.AppendText(m.arena, v)
	return m.arena[start:len(m.arena):len(m.arena)]
}
