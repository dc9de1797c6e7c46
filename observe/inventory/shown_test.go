package inventory

import (
	"testing"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
)

// What a list shows from before is what it would show if it had never been asked.
func TestListIsNeverStale(t *testing.T) {
	i := told(t, ward())
	more := func(add func(*day)) func() {
		return func() {
			d := &day{n: 10}
			add(d)
			if err := i.book.read(d.batch.Bytes()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		sentence string
		act      func()
	}{
		{"nothing has happened", func() {}},
		{"a device was seen again", more(func(d *day) { d.flow(30, "10.0.0.20", "10.0.0.2", "ldap") })},
		{"a device told a model", more(func(d *day) {
			d.add(31, "10.0.0.50", "", &event.Asset{Vendor: "Helvia", Model: "Archive 3", Source: "dicom"})
		})},
		{"a person has said something", func() {
			if _, err := i.Say(t.Context(), "engineer", register.DeviceID(find(t, i, "10.0.0.40").ID), Word{Tier: LifeCritical, Ward: "Radiology"}); err != nil {
				t.Fatal(err)
			}
		}},
		{"a device has another address", more(func(d *day) {
			d.add(40, "0.0.0.0", "255.255.255.255", &event.DHCP{Message: "ack", MAC: "00:11:22:33:44:55", Assigned: "10.0.0.21", Hostname: "WARD3-PC.hosp.example"})
		})},
		{"a device told another version", more(func(d *day) {
			d.add(41, "10.0.0.40", "", &event.Asset{Vendor: "Philips", Model: "SOMATOM go.Up", Software: "VA40", Source: "dicom"})
		})},
		{"and then the first again", more(func(d *day) {
			d.add(70, "10.0.0.40", "", &event.Asset{Vendor: "SIEMENS", Model: "SOMATOM go.Top", Serial: "11026", Software: "VA30A", AETitle: "CT_ROOM1", Source: "dicom"})
		})},
		{"two devices were made one", func() {
			if _, err := i.Merge(t.Context(), "engineer", find(t, i, "10.0.0.40").ID, find(t, i, "10.0.0.50").ID); err != nil {
				t.Fatal(err)
			}
		}},
		{"and two of one", func() {
			d := find(t, i, "10.0.0.40")
			if _, err := i.Split(t.Context(), "engineer", d.ID, []uint64{d.Addresses[0].Trace}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		c.act()
		got := text(t, i)
		clear(i.shown)
		if want := text(t, i); got != want {
			t.Errorf("%s: the list shows\n%s\nwant\n%s", c.sentence, got, want)
		}
	}
}
