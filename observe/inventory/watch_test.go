package inventory

import (
	"context"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/db/dbtest"
)

// ear hears what the inventory publishes.
type ear struct {
	t   *testing.T
	all []event.Device
}

func (e *ear) Publish(_ context.Context, kind event.Kind, batch []byte) error {
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var x event.Event
	for r.Next(&x) {
		if kind != event.KindDevice {
			e.t.Errorf("published a %v", kind)
		}
		d := *x.Payload.(*event.Device)
		for _, s := range []*string{&d.Activity, &d.Name, &d.Class, &d.Tier, &d.Attribute, &d.Before, &d.After, &d.Value, &d.Reason} {
			*s = strings.Clone(*s)
		}
		first := d.Activity == Appeared || d.Activity == Serves || d.Activity == Uses // there may have been nothing before
		if d.Activity != Summary && (d.Attribute == "" || d.After == "" || d.Before == "" && !first) {
			e.t.Errorf("told without what was before or is after: %+v", d)
		}
		e.all = append(e.all, d)
	}
	return r.Err()
}

// lines are what was heard, a line each, without what has no bearing.
func (e *ear) lines() []string {
	var all []string
	for _, d := range e.all {
		s := fmt.Sprintf("%s %d", d.Activity, d.Number)
		if d.Attribute != "" && d.Activity != Appeared && d.Activity != Vanished && d.Activity != Returned {
			s += fmt.Sprintf(" %s %q %q", d.Attribute, d.Before, d.After)
		}
		if d.Count > 0 {
			s += fmt.Sprintf(" x%d", d.Count)
		}
		all = append(all, s)
	}
	return all
}

// diary plays lines on an inventory: "MINUTE ADDRESS FIELD VALUE", where the field is one of an asset, flow or nothing.
func diary(t *testing.T, i *Inventory, script string) {
	t.Helper()
	d := &day{n: i.book.events}
	for line := range strings.Lines(script) {
		var minute int
		var addr, field, value string
		words := strings.SplitN(strings.TrimSpace(line), " ", 4)
		if len(words) < 2 {
			continue
		}
		if _, err := fmt.Sscan(words[0], &minute); err != nil {
			t.Fatal(err)
		}
		addr = words[1]
		if len(words) == 4 {
			field, value = words[2], words[3]
		}
		a := &event.Asset{Source: "test"}
		switch field {
		case "mac":
			a.MAC, a.Source = value, "arp"
		case "name":
			a.Hostname = value
		case "serial":
			a.Serial = value
		case "software":
			a.Software = value
		case "role":
			a.Role = value
		case "":
			d.flow(minute, addr, "93.184.216.34", "tls")
			a = nil
		case "flow":
			to, app, _ := strings.Cut(value, " ")
			d.flow(minute, addr, to, app)
			a = nil
		}
		if a != nil {
			d.add(minute, addr, "", a)
		}
		hear(t, i, d)
	}
}

// hear reads a batch as Run does.
func hear(t *testing.T, i *Inventory, d *day) {
	t.Helper()
	if err := i.book.read(d.batch.Bytes()); err != nil {
		t.Fatal(err)
	}
	i.advance()
	if err := i.publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	d.n++
	d.batch.Reset("sensor", "site", d.n)
}

// clockwork is another device that speaks every few minutes, so that time passes for the watch.
func clockwork(from, to int) string {
	var b strings.Builder
	for m := from; m < to; m += 5 {
		fmt.Fprintf(&b, "%d 10.0.9.9 flow 10.0.9.8 ntp\n", m)
	}
	return b.String()
}

func TestWhatIsTold(t *testing.T) {
	const day = 24 * 60
	for _, c := range []struct {
		name, script string
		want         []string
	}{
		{"a new device is told once, when it has settled", "0 10.0.0.1 mac 00:11:22:33:44:55\n0 10.0.0.1 name ward3\n1 10.0.0.1\n2 10.0.0.1\n30 10.0.0.1", []string{"New 1"}},
		{"nothing is told before", "0 10.0.0.1 mac 00:11:22:33:44:55", nil},
		{"a device that moves is not told as new",
			"0 10.0.0.1 mac 00:11:22:33:44:55\n9 10.0.0.1\n60 10.0.0.7 mac 00:11:22:33:44:55\n70 10.0.0.7",
			[]string{"New 1", `Moved 1 address "10.0.0.1" "10.0.0.7"`}},
		{"one that is at both addresses has got another",
			"0 10.0.0.1 mac 00:11:22:33:44:55\n9 10.0.0.1\n60 10.0.0.7 mac 00:11:22:33:44:55\n61 10.0.0.1 flow 10.0.0.7 ssh\n70 10.0.0.7",
			[]string{"New 1", `Added Address 1 address "10.0.0.1" "10.0.0.7"`}},
		{"its first IPv6 address is no move", "0 10.0.0.1 mac 00:11:22:33:44:55\n9 10.0.0.1\n60 fd00::7 mac 00:11:22:33:44:55\n70 10.0.0.1", []string{"New 1"}},
		{"nor are those that it makes up",
			"0 fd00::1 mac 00:11:22:33:44:55\n9 fd00::1\n60 fd00::7 mac 00:11:22:33:44:55\n90 fd00::8 mac 00:11:22:33:44:55\n99 fd00::7", []string{"New 1"}},
		{"an address that another device has now",
			"0 10.0.0.1 mac 00:11:22:33:44:55\n0 10.0.0.1 name old\n9 10.0.0.1\n60 10.0.0.1 mac 00:11:22:33:44:66\n60 10.0.0.1 name new\n70 10.0.0.1",
			[]string{"New 1", "New 2", `Changed Owner 2 mac "old" "new"`}},
		{"another version of what it runs",
			"0 10.0.0.1 software OpenSSH_9.2\n0 10.0.0.1 software Orthanc 1.12.1\n9 10.0.0.1\n90 10.0.0.1 software Orthanc 1.12.4\n99 10.0.0.1\n100 10.0.0.1 software Orthanc 1.12.1\n110 10.0.0.1",
			[]string{"New 1", `Changed 1 software "Orthanc 1.12.1" "Orthanc 1.12.4"`}},
		{"what is learnt in the first hour is no change", "0 10.0.0.1 software Orthanc 1.12.1\n9 10.0.0.1 software Orthanc 1.12.4\n12 10.0.0.1", []string{"New 1"}},
		{"a protocol of the first days is not told",
			"0 10.0.0.1 flow 10.0.0.2 http\n9 10.0.0.1\n100 10.0.0.1 flow 10.0.0.2 ssh\n110 10.0.0.1", []string{"New 1", "New 2"}},
		{"one after that is, of both ends",
			"0 10.0.0.1 flow 10.0.0.2 http\n9 10.0.0.1\n" + fmt.Sprintf("%d 10.0.0.1 flow 10.0.0.2 ssh\n%d 10.0.0.1 flow 10.0.0.2 http", 8*day, 8*day+9),
			[]string{"New 1", "New 2", `Uses 1 uses "http, tls" "ssh"`, `Serves 2 serves "http" "ssh"`}},
		{"a device of a day that falls silent, and is back",
			"0 10.0.0.1 mac 00:11:22:33:44:55\n" + clockwork(5, day) + fmt.Sprintf("%d 10.0.0.1\n", 26*60) + clockwork(26*60+5, 6*day) +
				fmt.Sprintf("%d 10.0.0.1\n", 6*day) + clockwork(6*day+5, 6*day+60),
			[]string{"New 1", "New 2", "New 3", "Vanished 1", "Returned 1"}},
		{"one that was there for an hour goes untold",
			"0 10.0.0.1 mac 00:11:22:33:44:55\n60 10.0.0.1\n" + clockwork(65, 6*day), []string{"New 1", "New 2", "New 3"}},
		{"while the sensor sleeps nobody vanishes",
			"0 10.0.0.1 mac 00:11:22:33:44:55\n" + clockwork(5, day) + fmt.Sprintf("%d 10.0.0.1\n%d 10.0.9.9 flow 10.0.9.8 ntp\n%d 10.0.9.9 flow 10.0.9.8 ntp\n", 26*60, 9*day, 9*day+9),
			[]string{"New 1", "New 2", "New 3"}},
		{"a link address that a crowd shows", crowd(), []string{"New 1", "New 10", "New 11", "New 12", "New 13", "New 14", "New 15", "New 16", "New 9"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := &ear{t: t}
			i := open(t, dbtest.SQLite(t), Needs{Publisher: e, Site: "site"})
			diary(t, i, c.script)
			got := e.lines()
			got = slices.DeleteFunc(got, func(s string) bool { return strings.HasPrefix(s, Split) || strings.HasPrefix(s, Duplicated) })
			if !slices.Equal(got, c.want) {
				t.Errorf("told\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(c.want, "\n"))
			}
		})
	}
}

// crowd is a router: many addresses show its link address.
func crowd() string {
	var b strings.Builder
	for n := range 9 {
		fmt.Fprintf(&b, "0 10.0.0.%d mac 00:11:22:33:44:55\n", n+1)
	}
	return b.String() + "5 10.0.0.1"
}

// A flood of invented devices is counted, and what else happens is told all the same.
func TestFloodIsCounted(t *testing.T) {
	e := &ear{t: t}
	i := open(t, dbtest.SQLite(t), Needs{Publisher: e, Config: Config{Addresses: 4096}})
	d := &day{}
	for n := range 10_000 {
		a := netip.AddrFrom4([4]byte{10, 1, byte(n >> 8), byte(n)}).String()
		d.add(n/500, a, "", &event.Asset{Hostname: fmt.Sprintf("made-up-%d", n), Source: "mdns"})
		if n%100 == 99 {
			hear(t, i, d)
		}
	}
	diary(t, i, "30 10.0.0.1\n45 10.0.0.1\n60 10.0.0.1\n75 10.0.0.1")
	var news, counted uint64
	for _, x := range e.all {
		switch {
		case x.Activity == Appeared:
			news++
		case x.Activity == Summary && x.Attribute == Appeared:
			counted += x.Count
		}
	}
	if news > 2*mostTold || news+counted < 4000 {
		t.Errorf("%d new devices told and %d counted", news, counted)
	}
	if len(i.watch.waiting) > mostWaiting || len(i.watch.standings) > 4096 {
		t.Errorf("%d wait, %d standings", len(i.watch.waiting), len(i.watch.standings))
	}
}

// What was told is not told again after a restart, and what a device's silence is counted from is kept.
func TestWatchGoesOn(t *testing.T) {
	e := &ear{t: t}
	d := dbtest.SQLite(t)
	i := open(t, d, Needs{Publisher: e})
	diary(t, i, "0 10.0.0.1 mac 00:11:22:33:44:55\n"+clockwork(5, 26*60)+"1560 10.0.0.1\n"+clockwork(1565, 1600))
	if err := i.save(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := open(t, d, Needs{Publisher: e, Ledger: i.ledger})
	diary(t, again, clockwork(1600, 6*24*60))
	want := []string{"New 1", "New 2", "New 3", "Vanished 1"}
	if got := e.lines(); !slices.Equal(got, want) {
		t.Errorf("told %q, want %q", got, want)
	}
	all, err := again.Changes(t.Context(), 1)
	if err != nil || len(all) != 2 || all[0].Kind != "vanished" || all[0].Before != morning.Add(26*time.Hour).Format(time.RFC3339) {
		t.Errorf("kept %+v, %v", all, err)
	}
}
