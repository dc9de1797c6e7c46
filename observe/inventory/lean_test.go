package inventory

import (
	"fmt"
	"testing"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/db/dbtest"
)

func TestCriticality(t *testing.T) {
	for _, c := range []struct {
		name  string
		play  func(*day)
		tier  Tier
		why   string
		class string // that a person has said, of 10.0.0.50
	}{
		{"nothing is known of a silent device", func(d *day) { d.flow(0, "10.0.0.50", "10.0.0.9", "http") }, NotKnown, "", ""},
		{"a directory is essential by its class", func(d *day) { d.flow(0, "10.0.0.40", "10.0.0.50", "http") }, ClinicalEssential, "usual for domain controller", "domain controller"},
		{"an archive that three devices store to", func(d *day) {
			for n := range 3 {
				d.flow(n, fmt.Sprintf("10.0.0.%d", 40+n), "10.0.0.50", "dicom")
			}
		}, ClinicalEssential, "3 clinical devices use its dicom", ""},
		{"two are not many", func(d *day) {
			for n := range 2 {
				d.flow(n, fmt.Sprintf("10.0.0.%d", 40+n), "10.0.0.50", "dicom")
			}
		}, NotKnown, "", ""},
		{"a server of names for those that store images", func(d *day) {
			for n := range 3 {
				d.flow(n, fmt.Sprintf("10.0.0.%d", 40+n), "10.0.0.60", "dicom")
				d.flow(n, fmt.Sprintf("10.0.0.%d", 40+n), "10.0.0.50", "dns")
			}
		}, ClinicalEssential, "3 clinical devices use its dns", ""},
		{"one of workstations is not", func(d *day) {
			for n := range 30 {
				d.flow(n, fmt.Sprintf("10.0.0.%d", 80+n), "10.0.0.50", "dns")
			}
		}, NotKnown, "", ""},
		{"what nobody needs to work does not count", func(d *day) {
			for n := range 3 {
				d.flow(n, fmt.Sprintf("10.0.0.%d", 40+n), "10.0.0.60", "hl7")
				d.flow(n, fmt.Sprintf("10.0.0.%d", 40+n), "10.0.0.50", "ssh")
			}
		}, NotKnown, "", ""},
		{"a gateway with a thousand messages a day", func(d *day) {
			d.add(0, "10.0.0.50", "10.0.0.60", &event.Flow{Activity: "Close", App: "hl7", BytesOut: 2 << 20, BytesIn: 1000})
		}, ClinicalEssential, "2048 KiB of clinical messages a day", ""},
		{"many short conversations", func(d *day) {
			for n := range 600 {
				d.flow(n/60, "10.0.0.50", "10.0.0.60", "fhir")
			}
		}, ClinicalEssential, "600 clinical conversations a day", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			i := open(t, dbtest.SQLite(t), Needs{})
			d := &day{}
			c.play(d)
			hear(t, i, d)
			if c.class != "" {
				id := register.DeviceID(find(t, i, "10.0.0.50").ID)
				if _, err := i.Say(t.Context(), "person:ana", id, Word{Class: c.class, Tier: NotKnown}); err != nil {
					t.Fatal(err)
				}
			}
			if got := find(t, i, "10.0.0.50").Tier; got.Proposed != c.tier || got.Why != c.why {
				t.Errorf("tier %d, %q; want %d, %q", got.Proposed, got.Why, c.tier, c.why)
			}
		})
	}
}
