package inventory

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
)

// Who calls by which name is told with when it was heard first; a person who confirms a device vouches for the names that it had
// by then. What a browser calls itself is no such name.
func TestCallers(t *testing.T) {
	now := clock.NewManual(morning)
	i := open(t, dbtest.SQLite(t), Needs{Clock: now})
	hear := func(n uint64, minute int, ae string) {
		d := &day{n: n}
		d.add(minute, "10.0.0.40", "", &event.Asset{AETitle: ae, Serial: "11026", Model: "SOMATOM", Source: "dicom"})
		d.add(minute, "10.0.0.50", "10.0.0.60", &event.HL7{Type: "ORU", Trigger: "R01", SendingApp: "LAB", ReceivingApp: "EHR", Ack: "AA"})
		d.add(minute, "10.0.0.50", "10.0.0.60", &event.HTTP{UserAgent: "curl/8"})
		d.add(minute, "10.0.0.3", "10.0.0.50", &event.DHCP{Message: "ack", MAC: "00:11:22:33:44:55", Assigned: "10.0.0.50", Server: "10.0.0.3", Routers: []string{"10.0.0.1"}})
		if err := i.book.read(d.batch.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	check := func(when, want string) {
		t.Helper()
		var got []string
		for _, c := range i.Callers() {
			got = append(got, fmt.Sprint(c.Protocol, " ", c.Name, " ", int(c.First.Sub(morning).Minutes()), " ", c.Confirmed))
		}
		slices.Sort(got)
		if s := strings.Join(got, ", "); s != want {
			t.Errorf("%s the callers are %s; want %s", when, s, want)
		}
	}
	hear(1, 1, "CT1")
	check("first", "dhcp 10.0.0.1 1 false, dhcp 10.0.0.3 1 false, dicom CT1 1 false, hl7 EHR 1 false, hl7 LAB 1 false")
	now.Add(10 * time.Minute)
	ct := find(t, i, "10.0.0.40")
	if _, err := i.Say(t.Context(), "person:ana", register.DeviceID(ct.ID), Word{Tier: LifeCritical, Confirmed: now.Now()}); err != nil {
		t.Fatal(err)
	}
	hear(2, 20, "EVIL")
	check("when a person has confirmed the device", "dhcp 10.0.0.1 1 false, dhcp 10.0.0.3 1 false, dicom CT1 1 true, dicom EVIL 20 false, hl7 EHR 1 false, hl7 LAB 1 false")
}
