package conformance

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"

	"bulwark/event"
	"bulwark/event/eve"
)

// expectation is what INDEX.md of the data states about a capture: how many events have all the values of match.
type expectation struct {
	capture string
	family  string
	what    string
	want    int
	match   map[string]string // attribute and value; of a list one element; "" asks that it is absent
}

const (
	dcmtkUID     = "1.2.276.0.7230010.3.0.3.6.7"
	dcmtkVersion = "OFFIS_DCMTK_367"
)

// dicomIs is an event of an association, by what happened, who called whom and the port.
func dicomIs(activity, calling, called, port string, more ...string) map[string]string {
	m := map[string]string{"kind": "dicom", "activity_name": activity, "dicom.calling_ae": calling, "dicom.called_ae": called,
		"dst_endpoint.port": port}
	return with(m, more...)
}

func hl7Is(kind, trigger, version, from, at string, more ...string) map[string]string {
	m := map[string]string{"kind": "hl7", "hl7.type": kind, "hl7.trigger": trigger, "hl7.version": version, "hl7.sending_app": from,
		"hl7.sending_facility": at}
	return with(m, more...)
}

func with(m map[string]string, more ...string) map[string]string {
	for i := 0; i+1 < len(more); i += 2 {
		m[more[i]] = more[i+1]
	}
	return m
}

func expectations() []expectation {
	const dicom, hl7, ward = "generated-hospital/dicom_dcmtk.pcap", "generated-hospital/hl7.pcap", "generated-hospital/ward.pcap"
	const orm, oru, get = "medical-tapirx/HL7-ORM.pcap", "medical-tapirx/HL7-ORU.pcap", "medical-tapirx/dicom_arq_2_get_testclient.pcap"
	ct := []string{"dicom.modality", "CT", "device.vendor_name", "GE MEDICAL SYSTEMS", "device.model", "Revolution EVO", "dicom.sop_classes", "CT Image Storage"}
	is := func(activity string) map[string]string {
		return map[string]string{"kind": "dicom", "activity_name": activity}
	}
	return []expectation{
		{dicom, "dicom", "six associations are accepted", 6, is("Associate")},
		{dicom, "dicom", "one association is rejected", 1, is("Reject")},
		{dicom, "dicom", "six associations are released", 6, is("Release")},
		{dicom, "dicom", "no association is aborted", 0, is("Abort")},
		{dicom, "dicom", "the requestor's implementation is told of each accepted association", 6, with(is("Associate"), "dicom.calling_implementation_uid", dcmtkUID, "dicom.calling_implementation_version", dcmtkVersion)},
		{dicom, "dicom", "the acceptor's implementation is told of each accepted association", 6, with(is("Associate"), "dicom.called_implementation_uid", dcmtkUID, "dicom.called_implementation_version", dcmtkVersion)},
		{dicom, "dicom", "the X-ray room asks for an echo", 1, dicomIs("Echo", "XR_ROOM1", "PACS1", "11112", "status_detail", "success")},
		{dicom, "dicom", "there is one echo", 1, is("Echo")},
		{dicom, "dicom", "the scanner stores two images", 2, dicomIs("Store", "CT_ROOM1", "PACS1", "11112", ct...)},
		{dicom, "dicom", "the first of them is from the first scanner", 1, dicomIs("Store", "CT_ROOM1", "PACS1", "11112", "device.serial_number", "SN-4711-0")},
		{dicom, "dicom", "the second of them is from the second scanner", 1, dicomIs("Store", "CT_ROOM1", "PACS1", "11112", "device.serial_number", "SN-4711-1")},
		{dicom, "dicom", "the unknown title is rejected with its reason", 1, dicomIs("Reject", "BOGUS", "WRONGAE", "11112", "dicom.result", "rejected permanently by the service user: called AE title not recognised")},
		{dicom, "dicom", "the rejected requestor's implementation is told", 1, dicomIs("Reject", "BOGUS", "WRONGAE", "11112", "dicom.calling_implementation_version", dcmtkVersion)},
		{dicom, "dicom", "the workstation searches for studies", 1, dicomIs("Find", "WS1", "PACS1", "11112", "dicom.query_level", "STUDY", "dicom.query_keys", "PatientName*")},
		{dicom, "dicom", "the workstation moves a study", 1, dicomIs("Move", "WS1", "PACS1", "11112", "dicom.move_destination", "WS1")},
		{dicom, "dicom", "the workstation gets a study", 1, dicomIs("Get", "WS1", "PACS1", "11112")},
		{dicom, "dicom", "the move sends the image in an association of its own", 1, dicomIs("Store", "PACS1", "WS1", "11113", "dicom.asked_by", "requestor")},
		{dicom, "dicom", "the get sends the image back in the same association", 1, dicomIs("Store", "WS1", "PACS1", "11112", "dicom.asked_by", "acceptor")},
		{dicom, "dicom", "seven conversations are DICOM", 7, map[string]string{"kind": "flow", "app_name": "dicom"}},
		{dicom, "dicom", "both patients are told apart", 2, dicomIs("Store", "CT_ROOM1", "PACS1", "11112", "patient.uid", "p~*")},
		{hl7, "hl7", "the laboratory sends 17 results", 17, hl7Is("ORU", "R01", "2.4", "LAB", "HOSP", "hl7.receiving_app", "EHR", "hl7.receiving_facility", "HOSP", "hl7.ack", "AA")},
		{hl7, "hl7", "16 patients are admitted", 16, hl7Is("ADT", "A01", "2.5", "ADT1", "MCM", "hl7.receiving_app", "LABADT", "hl7.ack", "AA")},
		{hl7, "hl7", "the pump reports 14 times", 14, hl7Is("ORU", "R01", "2.6", "PUMP", "INFUSEOMATIC", "hl7.ack", "AA")},
		{hl7, "hl7", "47 messages in all, each with its acknowledgement", 47, map[string]string{"kind": "hl7", "hl7.ack": "AA"}},
		{hl7, "hl7", "nothing else", 47, map[string]string{"kind": "hl7"}},
		{hl7, "hl7", "the pump is named in each of its messages", 14, hl7Is("ORU", "R01", "2.6", "PUMP", "INFUSEOMATIC", "hl7.devices", "0003B1FFFEB5B648^EUI-64")},
		{hl7, "hl7", "its model too", 14, hl7Is("ORU", "R01", "2.6", "PUMP", "INFUSEOMATIC", "hl7.devices", "Infuse-O-Matic Peach B+*")},
		{hl7, "hl7", "all on port 2575", 47, map[string]string{"kind": "hl7", "dst_endpoint.port": "2575", "dst_endpoint.ip": "10.2.0.1"}},
		{orm, "hl7", "an order", 1, hl7Is("ORM", "O01", "2.3", "SendingApp", "SendingFac", "hl7.receiving_app", "ReceivingApp", "hl7.receiving_facility", "ReceivingFac", "hl7.ack", "AA")},
		{orm, "hl7", "nothing but the order", 1, map[string]string{"kind": "hl7"}},
		{oru, "hl7", "a result", 1, hl7Is("ORU", "R01", "2.3", "SendingApp", "SendingFac", "hl7.receiving_app", "ReceivingApp", "hl7.receiving_facility", "ReceivingFac", "hl7.ack", "AA")},
		{oru, "hl7", "nothing but the result", 1, map[string]string{"kind": "hl7"}},
		{get, "dicom", "an association that offers C-GET", 1, map[string]string{"kind": "dicom", "dicom.calling_ae": "testclient", "dicom.called_ae": "testserver", "dicom.sop_classes": "Patient Root Query/Retrieve Information Model - GET"}},
		{ward, "fhir", "22 reads of patients", 22, map[string]string{"kind": "fhir", "fhir.resource": "Patient", "fhir.interaction": "read", "http_request.url.hostname": "ehr.hosp.example", "http_response.code": "200", "patient.uid": "p~*"}},
		{ward, "fhir", "nothing but these", 22, map[string]string{"kind": "fhir"}},
		{ward, "fhir", "60 requests over HTTP/1.1 in all", 60, map[string]string{"kind": "http", "http_request.version": "HTTP/1.1"}},
		{ward, "ward", "90 packets of DNS", 90, map[string]string{"kind": "dns"}},
		{ward, "ward", "14 sessions of TLS", 14, map[string]string{"kind": "tls", "tls.sni": "intranet.hosp.example"}},
	}
}

// fulfils reports whether an event has all the values. "x*" asks for what begins with x, unless it stands so.
func fulfils(r record, match map[string]string) bool {
	for k, want := range match {
		if k == "" {
			continue
		}
		got := texts(r[k])
		if want == "" && len(got) > 0 {
			return false
		}
		prefix, wild := strings.CutSuffix(want, "*")
		if want != "" && !slices.Contains(got, want) && !(wild && slices.ContainsFunc(got, func(g string) bool { return strings.HasPrefix(g, prefix) })) {
			return false
		}
	}
	return true
}

// runHospital checks what INDEX.md states about the captures of hospitals, and that no patient appears in clear.
func runHospital(ctx context.Context, b *Bench) ([]Case, error) {
	events := map[string][]record{}
	var cases []Case
	for _, x := range expectations() {
		if events[x.capture] == nil {
			all, err := watchEvents(ctx, b.file(x.capture))
			if err != nil {
				return nil, err
			}
			events[x.capture] = all
			leaks, err := b.leaks(ctx, x.capture)
			if err != nil {
				return nil, err
			}
			cases = append(cases, leaks...)
		}
		got := 0
		for _, r := range events[x.capture] {
			if fulfils(r, x.match) {
				got++
			}
		}
		c := Case{Family: x.family, Name: x.capture + ": " + x.what}
		if got != x.want {
			c.Why = fmt.Sprintf("got %d, want %d", got, x.want)
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// leaks looks for the patients of a capture in everything that Bulwark writes about it.
func (b *Bench) leaks(ctx context.Context, capture string) ([]Case, error) {
	raw, err := os.ReadFile(b.file(capture))
	if err != nil {
		return nil, err
	}
	patients := patientsIn(raw)
	var said, saidEVE bytes.Buffer
	var p event.Printer
	var w eve.Writer
	err = watch(ctx, b.file(capture), nil, func(e *event.Event) error {
		said.Write(append(p.AppendJSON(nil, "", e), '\n'))
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = watch(ctx, b.file(capture), &eve.Options{}, func(e *event.Event) error {
		saidEVE.Write(append(w.Append(nil, e), '\n'))
		return nil
	})
	if err != nil {
		return nil, err
	}
	var cases []Case
	for i, out := range []*bytes.Buffer{&said, &saidEVE} {
		c := Case{Family: "privacy", Name: capture + ": no patient in clear in " + []string{"the events", "EVE"}[i]}
		for _, patient := range patients {
			if line := lineWith(out.Bytes(), patient); line != "" {
				c.Why = fmt.Sprintf("%q (of %d names and identifiers) stands in %s", patient, len(patients), line)
				break
			}
		}
		cases = append(cases, c)
	}
	return cases, nil
}

// lineWith is the line of out that holds the word; empty where none does.
func lineWith(out []byte, word string) string {
	find := regexp.MustCompile(`(?i)(?:^|[^A-Za-z0-9])` + regexp.QuoteMeta(word) + `(?:[^A-Za-z0-9]|$)`)
	for line := range bytes.Lines(out) {
		at := find.FindIndex(line)
		if at == nil {
			continue
		}
		return string(line[max(0, at[0]-60):min(len(line), at[1]+20)])
	}
	return ""
}

var (
	pid        = regexp.MustCompile(`PID\|[^|\r]*\|([^|\r]*)\|([^|\r]*)\|[^|\r]*\|([^|\r]*)\|[^|\r]*\|(\d*)`)
	resource   = regexp.MustCompile(`\{"resourceType":"Patient","id":"([^"]+)","identifier":\[\{"system":"[^"]*","value":"([^"]+)"\}\],"name":\[\{"family":"([^"]+)","given":\["([^"]+)"`)
	nameTag    = []byte{0x10, 0x00, 0x10, 0x00}
	identifier = []byte{0x10, 0x00, 0x20, 0x00}
)

// patientsIn lists the names and identifiers of patients in the bytes of a capture, found by their surroundings in the
// bytes and not by any decoder of ours.
func patientsIn(raw []byte) []string {
	var all []string
	add := func(s string) {
		s = strings.Trim(s, " \x00*")
		if len(s) > 3 && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	for _, m := range pid.FindAllSubmatch(raw, -1) {
		for _, field := range m[1:3] {
			id, _, _ := strings.Cut(string(field), "^")
			add(id)
		}
		for part := range strings.SplitSeq(string(m[3]), "^") {
			add(part)
		}
		add(string(m[4]))
	}
	for _, m := range resource.FindAllSubmatch(raw, -1) {
		for _, v := range m[1:] {
			add(string(v))
		}
	}
	for _, tag := range [][]byte{nameTag, identifier} {
		for at := 0; ; {
			i := bytes.Index(raw[at:], tag)
			if i < 0 {
				break
			}
			at += i + len(tag)
			add(dicomValue(raw[at:]))
		}
	}
	return all
}

// dicomValue is the value of an element whose tag stands before p: explicit VR has a name and two bytes of length,
// implicit VR four (PS3.5 §7.1). It is empty where the bytes are no such text.
func dicomValue(p []byte) string {
	if len(p) < 8 {
		return ""
	}
	n := int(binary.LittleEndian.Uint32(p))
	if vr := string(p[:2]); vr == "PN" || vr == "LO" {
		n = int(binary.LittleEndian.Uint16(p[2:]))
	}
	if n <= 0 || n > 64 || 4+n > len(p) {
		return ""
	}
	for _, c := range p[4 : 4+n] {
		if c < 0x20 || c > 0x7e {
			return ""
		}
	}
	v, _ := json.Marshal(strings.TrimSpace(string(p[4 : 4+n]))) // text always marshals
	return strings.Trim(string(v), `"`)
}
