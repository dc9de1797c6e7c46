package inventory

import (
	"fmt"
	"strings"
	"testing"

	"bulwark/event"
	"bulwark/observe/inventory/internal/register"
	"bulwark/platform/db/dbtest"
)

// Each thing that can happen to a device is told once, with what was before and what is after, from events as the sensor sends them.
func TestEachHappening(t *testing.T) {
	const day1 = 24 * 60
	card := func(minute int, addr string) func(*day) {
		return func(d *day) { d.add(minute, addr, "", &event.Asset{MAC: "00:11:22:33:44:55", Source: "arp"}) }
	}
	dicom := func(minute int, addr, software string) func(*day) {
		return func(d *day) {
			d.add(minute, addr, "", &event.Asset{Vendor: "Helvia", Model: "CT 5", Serial: "H1026", Software: software, AETitle: "CT1", Source: "dicom"})
		}
	}
	alive := func(from, to, every int, addr string) (all []func(*day)) {
		for m := from; m < to; m += every {
			all = append(all, func(d *day) { d.flow(m, addr, "10.0.0.2", "ntp") })
		}
		return all
	}
	join := func(parts ...[]func(*day)) (all []func(*day)) {
		for _, p := range parts {
			all = append(all, p...)
		}
		return all
	}
	one := func(all ...func(*day)) []func(*day) { return all }
	for _, c := range []struct {
		name, want string
		play       []func(*day)
	}{
		{"new", `New class "" "unknown"`, join(one(card(0, "10.0.0.9")), alive(1, 30, 5, "10.0.0.2"))},
		{"vanished", `Vanished last seen "2026-03-03T08:00:00Z" "silent"`, join(one(card(0, "10.0.0.9")), alive(0, day1, 60, "10.0.0.9"), one(card(day1, "10.0.0.9")), alive(day1, 6*day1, 9, "10.0.0.3"))},
		{"returned", `Returned last seen "2026-03-03T08:00:00Z" "2026-03-08T08:00:00Z"`, join(one(card(0, "10.0.0.9")), alive(0, day1, 60, "10.0.0.9"), one(card(day1, "10.0.0.9")), alive(day1, 6*day1, 9, "10.0.0.3"),
			one(card(6*day1, "10.0.0.9")), alive(6*day1, 6*day1+60, 9, "10.0.0.3"))},
		{"moved", `Moved address "10.0.0.9" "10.0.0.19"`, join(one(card(0, "10.0.0.9")), alive(1, 200, 9, "10.0.0.3"), one(card(200, "10.0.0.19")), alive(201, 230, 9, "10.0.0.3"))},
		{"duplicated", `Duplicated ae "CT1" "10.5.0.66"`, join(one(dicom(0, "10.0.0.9", "A1")), alive(1, 90, 2, "10.0.0.9"), one(func(d *day) {
			d.add(90, "10.5.0.66", "", &event.Asset{AETitle: "CT1", Source: "dicom"})
		}), alive(91, 300, 2, "10.0.0.9"), one(func(d *day) {
			d.add(300, "10.5.0.66", "", &event.Asset{AETitle: "CT1", Source: "dicom"})
		}), alive(301, 320, 5, "10.0.0.9"))},
		{"changed software", `Changed software "A1" "A2"`, join(one(dicom(0, "10.0.0.9", "A1")), alive(1, 90, 9, "10.0.0.3"), one(dicom(100, "10.0.0.9", "A2")), alive(101, 120, 9, "10.0.0.3"))},
		{"changed class", `Changed class "workstation" "domain controller"`, join(one(func(d *day) {
			d.add(0, "10.0.0.9", "", &event.Asset{Hostname: "srv-1", Software: "Windows 10.0 build 19045 rev 15", Source: "smb"})
			d.add(0, "10.0.0.9", "", &event.Asset{Class: "workstation", Source: "test"})
			d.flow(0, "10.0.0.9", "10.0.0.2", "krb5")
			d.add(0, "10.0.0.9", "10.0.0.2", &event.HTTP{UserAgent: "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120 Safari/537.36"})
		}), alive(1, 120, 9, "10.0.0.3"), one(func(d *day) { d.add(130, "10.0.0.9", "", &event.Asset{Role: "kerberos kdc", Source: "krb5"}) }), alive(131, 200, 9, "10.0.0.3"))},
		{"speaks a new protocol", `Uses uses "ntp" "ssh"`, join(alive(0, 8*day1, 60, "10.0.0.9"), one(func(d *day) { d.flow(8*day1, "10.0.0.9", "10.0.0.3", "ssh") }), alive(8*day1, 8*day1+60, 9, "10.0.0.2"))},
		{"criticality", `Changed tier "unknown" "1"`, join(alive(0, 120, 9, "10.0.0.9"), one(func(d *day) { d.add(130, "10.0.0.9", "", &event.Asset{Role: "kerberos kdc", Source: "krb5"}) }), alive(131, 200, 9, "10.0.0.9"))},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &ear{t: t}
			i := open(t, dbtest.SQLite(t), Needs{Publisher: e})
			for n, p := range c.play {
				d := &day{n: uint64(n)}
				p(d)
				if err := i.book.read(d.batch.Bytes()); err != nil {
					t.Fatal(err)
				}
				i.advance()
			}
			if err := i.publish(t.Context()); err != nil {
				t.Fatal(err)
			}
			n, number := 0, find(t, i, "10.0.0."+map[bool]string{true: "19", false: "9"}[c.name == "moved"]).ID
			var all []string
			for _, x := range e.all {
				s := strings.Join(strings.Fields(fmt.Sprintf("%s %s %q %q", x.Activity, x.Attribute, x.Before, x.After)), " ")
				if all = append(all, fmt.Sprint(x.Number, " ", s)); s == c.want && x.Number == number {
					n++
				}
			}
			if n != 1 {
				t.Errorf("told %d times %s; in all\n%s", n, c.want, strings.Join(all, "\n"))
			}
		})
	}
}

// Two that turn out to be one are told with the one that is no more, and what a person splits with both.
func TestJoinsAndSplitsAreTold(t *testing.T) {
	e := &ear{t: t}
	i := open(t, dbtest.SQLite(t), Needs{Publisher: e})
	diary(t, i, "0 10.0.0.1 mac 00:11:22:33:44:55\n0 10.0.0.7 name seven\n9 10.0.0.1\n90 10.0.0.7 mac 00:11:22:33:44:55\n200 10.0.0.7\n210 10.0.0.7")
	d := find(t, i, "10.0.0.7")
	other, err := i.Split(t.Context(), "person:ana", d.ID, []uint64{d.Addresses[0].Trace})
	if err != nil {
		t.Fatal(err)
	}
	if err := i.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	told := map[string]event.Device{}
	for _, x := range e.all {
		told[x.Activity] = x
	}
	if x := told[Joined]; x.Attribute != "mac" || x.Value != "00:11:22:33:44:55" || x.Before != "device 2" || x.After != "seven" {
		t.Errorf("joined: %+v", x)
	}
	left, _ := i.Show(d.ID)
	for _, what := range []string{Split, Duplicated} {
		if x := told[what]; x.Number != left.ID || x.Other != other.ID || x.Before != left.Name || x.After != other.Name || x.Reason != "split by person:ana" {
			t.Errorf("%s: %+v; it is %q and %q", what, x, left.Name, other.Name)
		}
	}
}

// What a person says of how much care depends on a device is told with what it was.
func TestTierIsTold(t *testing.T) {
	e := &ear{t: t}
	i := open(t, dbtest.SQLite(t), Needs{Publisher: e})
	hear(t, i, ward())
	diary(t, i, "20 10.0.0.40\n40 10.0.0.40")
	d := find(t, i, "10.0.0.40")
	if _, err := i.Say(t.Context(), "person:ana", register.DeviceID(d.ID), Word{Tier: LifeCritical}); err != nil {
		t.Fatal(err)
	}
	if err := i.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	last := e.all[len(e.all)-1]
	if last.Attribute != "tier" || last.After != "0" || last.Tier != "0" || !last.Confirmed {
		t.Errorf("told %+v", last)
	}
}
