package dicom

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// teller tells of each association and operation in a few words.
type teller struct{ lines []string }

func (l *teller) Association(a *Association) {
	if a.State == Accepted {
		l.lines = append(l.lines, fmt.Sprintf("%s -> %s accepted, %s %s", a.CallingAE, a.CalledAE, a.Requestor.ImplementationUID, a.Requestor.ImplementationVersion))
		return
	}
	line := strings.TrimRight(fmt.Sprintf("%s -> %s %v %s", a.CallingAE, a.CalledAE, a.State, a.Outcome()), " ")
	if a.State == Requested {
		last := a.Contexts[len(a.Contexts)-1]
		line += fmt.Sprintf(", %s %s, %d contexts, %d roles, last %d %s %q", a.Requestor.ImplementationUID, a.Requestor.ImplementationVersion,
			len(a.Contexts), len(a.Requestor.Roles), last.ID, SOPClassName(last.AbstractSyntax), last.Proposed)
	}
	l.lines = append(l.lines, line)
}

func (l *teller) Command(c *Command) {
	d := &c.Data
	line := fmt.Sprintf("  %v %s %s", c.Operation, SOPClassName(c.SOPClass), c.Status)
	for _, v := range [][]byte{c.Destination, d.Level, d.Manufacturer, d.Model, d.SerialNumber, d.PatientName} {
		if len(v) > 0 {
			line += fmt.Sprintf(", %s", v)
		}
	}
	if c.Pending > 0 || c.Completed > 0 {
		line += fmt.Sprintf(", %d pending, %d completed", c.Pending, c.Completed)
	}
	if c.Data.Cut {
		line += " cut"
	}
	l.lines = append(l.lines, line)
}

func tell(t *testing.T, elem ...string) []string {
	t.Helper()
	var all []string
	for _, s := range corpus.Connections(t, corpus.Data(t, elem...)) {
		l := &teller{}
		f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: l}
		if err := f.Play(s.Chunks); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
		port := s.Name[strings.LastIndexByte(s.Name, ':')+1:]
		all = append(all, port+" "+strings.Join(l.lines, "\n"))
		wiretest.Splits(t, s.Chunks, fresh)
	}
	slices.Sort(all)
	return all
}

func TestCaptures(t *testing.T) {
	tests := []struct {
		name string
		path []string
		want []string
	}{
		{
			"DCMTK's tools and a PACS", []string{"sensor", "generated-hospital", "dicom_dcmtk.pcap"},
			[]string{
				`11112 BOGUS -> WRONGAE rejected rejected permanently by the service user: called AE title not recognised`,
				`11112 CT_ROOM1 -> PACS1 accepted, 1.2.276.0.7230010.3.0.3.6.7 OFFIS_DCMTK_367
  C-STORE CT Image Storage success, GE MEDICAL SYSTEMS, Revolution EVO, SN-4711-0, TEST^PATIENT0
  C-STORE CT Image Storage success, GE MEDICAL SYSTEMS, Revolution EVO, SN-4711-1, TEST^PATIENT1
CT_ROOM1 -> PACS1 released`,
				`11112 WS1 -> PACS1 accepted, 1.2.276.0.7230010.3.0.3.6.7 OFFIS_DCMTK_367
  C-FIND Study Root Query/Retrieve Information Model - FIND success, STUDY, TEST*, 2 pending, 0 completed
WS1 -> PACS1 released`,
				`11112 WS1 -> PACS1 accepted, 1.2.276.0.7230010.3.0.3.6.7 OFFIS_DCMTK_367
  C-MOVE Study Root Query/Retrieve Information Model - MOVE success, WS1, STUDY, 1 pending, 1 completed
WS1 -> PACS1 released`,
				`11112 WS1 -> PACS1 accepted, 1.2.276.0.7230010.3.0.3.6.7 OFFIS_DCMTK_367
  C-STORE CT Image Storage success, GE MEDICAL SYSTEMS, Revolution EVO, SN-4711-1, TEST^PATIENT1
  C-GET Study Root Query/Retrieve Information Model - GET success, STUDY, 1 pending, 1 completed
WS1 -> PACS1 released`,
				`11112 XR_ROOM1 -> PACS1 accepted, 1.2.276.0.7230010.3.0.3.6.7 OFFIS_DCMTK_367
  C-ECHO Verification success
XR_ROOM1 -> PACS1 released`,
				`11113 PACS1 -> WS1 accepted, 1.2.276.0.7230010.3.0.3.6.7 OFFIS_DCMTK_367
  C-STORE CT Image Storage success, GE MEDICAL SYSTEMS, Revolution EVO, SN-4711-0, TEST^PATIENT0
PACS1 -> WS1 released`,
			},
		},
		{
			"the request of tapirx, in a connection picked up late", []string{"sensor", "medical-tapirx", "dicom_arq_2_get_testclient.pcap"},
			[]string{`104 testclient -> testserver requested, 1.2.826.0.1.3680043.9.7133.1.1 GODICOM_1_1, 123 contexts, 0 roles, last 245 Implant Template Group Storage ` +
				`["1.2.840.10008.1.2" "1.2.840.10008.1.2.1" "1.2.840.10008.1.2.2" "1.2.840.10008.1.2.1.99"]`},
		},
	}
	for _, tt := range tests {
		got := tell(t, tt.path...)
		if g, w := strings.Join(got, "\n\n"), strings.Join(tt.want, "\n\n"); g != w {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, g, w)
		}
	}
}

func TestDamagedCaptures(t *testing.T) {
	for _, s := range corpus.Connections(t, corpus.Data(t, "sensor", "generated-hospital", "dicom_dcmtk.pcap")) {
		wiretest.Damage(t, s.Chunks, 200, fresh)
	}
}
