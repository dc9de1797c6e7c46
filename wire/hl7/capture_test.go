package hl7

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// tally counts exchanges by what they are, and lists the devices.
type tally struct {
	counts  map[string]int
	devices map[string]bool
	alone   int
}

func (t *tally) Exchange(x *Exchange) {
	for _, m := range [...]*Message{x.Message, x.Ack} {
		if m == nil {
			continue
		}
		t.counts[fmt.Sprintf("%s^%s^%s v%s %s/%s -> %s/%s", m.Type, m.Trigger, m.Structure, m.Version,
			m.SendingApplication.Namespace, m.SendingFacility.Namespace, m.ReceivingApplication.Namespace, m.ReceivingFacility.Namespace)]++
		for _, d := range m.Devices {
			t.devices[fmt.Sprintf("%v %s^%s^%s^%s", d.Field, d.ID, d.Authority.Namespace, d.Authority.UniversalID, d.Authority.Type)] = true
		}
		if m.Cut {
			t.counts["cut"]++
		}
	}
	if x.Join == Unjoined {
		t.alone++
	}
}

func lines[V any](m map[string]V) string {
	var out []string
	for k, v := range m {
		out = append(out, fmt.Sprintf("%v %v", v, k))
	}
	sort.Strings(out)
	return strings.Join(out, "\n")
}

func TestCaptures(t *testing.T) {
	tests := []struct {
		name, path, want string
	}{
		{"laboratory, admissions and an infusion pump", "generated-hospital/hl7.pcap", `14 ORU^R01^ORU_R01 v2.6 PUMP/INFUSEOMATIC -> EHR/HOSP
16 ADT^A01^ v2.5 ADT1/MCM -> LABADT/MCM
17 ORU^R01^ v2.4 LAB/HOSP -> EHR/HOSP
47 ACK^^ v2.5 EHR/HOSP -> LAB/HOSP
alone 0
true MSH-4 ^INFUSEOMATIC^0003B1FFFEB5B648^EUI-64
true PRT-10 Infuse-O-Matic Peach B+^^urn:oid:1.2.3^`},
		{"an order of tapirx", "medical-tapirx/HL7-ORM.pcap", `1 ACK^^ v2.3 ReceivingApp/ReceivingFac -> SendingApp/SendingFac
1 ORM^O01^ v2.3 SendingApp/SendingFac -> ReceivingApp/ReceivingFac
alone 0
`},
		{"a result of tapirx", "medical-tapirx/HL7-ORU.pcap", `1 ACK^^ v2.3 ReceivingApp/ReceivingFac -> SendingApp/SendingFac
1 ORU^R01^ v2.3 SendingApp/SendingFac -> ReceivingApp/ReceivingFac
alone 0
`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			path := corpus.Data(t, "sensor", filepath.FromSlash(tt.path))
			h := &tally{counts: map[string]int{}, devices: map[string]bool{}}
			for _, s := range corpus.Connections(t, path) {
				f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: h}
				if err := f.Play(s.Chunks); err != nil {
					t.Errorf("%s: %v", s.Name, err)
				}
				wiretest.Splits(t, s.Chunks, fresh)
			}
			if got := fmt.Sprintf("%s\nalone %d\n%s", lines(h.counts), h.alone, lines(h.devices)); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestDamagedCaptures(t *testing.T) {
	for _, s := range corpus.Connections(t, corpus.Data(t, "sensor", "generated-hospital", "hl7.pcap")) {
		wiretest.Damage(t, s.Chunks, 200, fresh)
	}
}

// TestLabels compares identifiers and names with what plain string splitting found in public messages.
func TestLabels(t *testing.T) {
	data, err := os.ReadFile(corpus.Data(t, "dlp", "labels", "hl7v2.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for row := range strings.Lines(string(data)) {
		var label struct {
			File   string
			Values [][3]string
		}
		if err := json.Unmarshal([]byte(row), &label); err != nil {
			t.Fatal(err)
		}
		message, err := os.ReadFile(corpus.Data(t, "dlp", filepath.FromSlash(label.File)))
		if err != nil {
			t.Fatal(err)
		}
		framed := []wiretest.Chunk{{Bytes: append(append([]byte{startBlock}, message...), endBlock, '\r')}}
		found := &patients{}
		f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: found}
		if err := f.Play(framed); err != nil {
			t.Fatalf("%s: %v", label.File, err)
		}
		for _, v := range label.Values {
			value := strings.TrimSpace(v[2])
			if value == "" || v[1] != "PID-3" && v[1] != "PID-5" || strings.ContainsFunc(value, notASCII) {
				continue
			}
			checked++
			if !strings.Contains(found.String(), value) {
				t.Errorf("%s: no %s %q in\n%s", label.File, v[1], value, found)
			}
		}
		wiretest.Splits(t, framed, fresh)
	}
	if checked < 50 {
		t.Errorf("only %d values were compared", checked)
	}
}

func notASCII(r rune) bool { return r >= 0x80 }

// patients lists all identifiers and names.
type patients struct{ strings.Builder }

func (l *patients) Exchange(x *Exchange) {
	for _, m := range [...]*Message{x.Message, x.Ack} {
		if m == nil {
			continue
		}
		for _, p := range m.Patients {
			fmt.Fprintf(l, "%s\n", p.ID)
		}
		fmt.Fprintf(l, "%s\n", m.PatientName)
	}
}
