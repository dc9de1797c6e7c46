package safety

import (
	"context"
	"crypto/ed25519"
	"errors"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	content "bulwark/content/safety"
	"bulwark/platform/clock"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// hospital is a few devices, and what was said between them.
type hospital struct {
	devices map[uint64]Device
	flows   []Flow
	people  map[string][]netip.Addr // where they signed on
	asked   map[string][]netip.Addr // who asked for a name
	links   map[uint64][]Link
	err     error
	stale   bool // nothing was kept lately
	more    bool
}

func (h *hospital) Ours(a netip.Addr) bool { return a.IsPrivate() }
func (h *hospital) At(a netip.Addr) (Device, bool) {
	for _, d := range h.devices {
		if slices.Contains(d.Addresses, a) {
			return d, true
		}
	}
	return Device{}, false
}
func (h *hospital) Device(id uint64) (Device, bool) { d, ok := h.devices[id]; return d, ok }
func (h *hospital) Crowds() (wards, classes map[string]int) {
	return map[string]int{"A": 100}, map[string]int{"workstation": 100}
}

func (h *hospital) Flows(_ context.Context, of []netip.Addr, from, to time.Time, apps []string) (all []Flow, more bool, err error) {
	if h.err != nil {
		return nil, false, h.err
	}
	if h.stale && to.Equal(noon) {
		err = errors.New("nobody's conversations were kept lately")
	}
	for _, f := range h.flows {
		if (slices.Contains(of, f.Client) || slices.Contains(of, f.Server)) && !f.Last.Before(from) && f.Last.Before(to) && (apps == nil || slices.Contains(apps, f.App)) {
			all = append(all, f)
		}
	}
	return all, h.more, err
}

func (h *hospital) People(context.Context, []netip.Addr, time.Time, time.Time) ([]string, error) {
	return []string{"j.durand"}, nil
}

func (h *hospital) SignedOn(_ context.Context, user string, _, _ time.Time) ([]netip.Addr, error) {
	return h.people[user], h.err
}

func (h *hospital) Asked(_ context.Context, domain string, _, _ time.Time) (all []Flow, more bool, err error) {
	for _, a := range h.asked[domain] {
		all = append(all, Flow{Client: a, Server: at("10.0.0.53"), App: "dns", Proto: 17, Port: 53, Conversations: 3, Last: noon})
	}
	return all, h.more, h.err
}

func (h *hospital) Links(id uint64) ([]Link, error) { return h.links[id], nil }

func at(text string) netip.Addr { return netip.MustParseAddr(text) }

// ours is a hospital with an office computer, an archive of images, an infusion pump with its server, and a new device.
func ours() *hospital {
	one := func(id uint64, name, class string, tier int, confirmed bool, addr string) Device {
		return Device{ID: id, Name: name, Class: class, Ward: "A", Tier: tier, Confirmed: confirmed, Addresses: []netip.Addr{at(addr)}}
	}
	h := &hospital{devices: map[uint64]Device{1: one(1, "pc", "workstation", 3, true, "10.0.0.1"), 2: one(2, "pacs", "pacs", 1, true, "10.0.0.2"),
		3: one(3, "pump", "infusion pump", 0, true, "10.0.0.3"), 4: one(4, "gateway", "server", 2, true, "10.0.0.4"), 5: one(5, "new", "", -1, false, "10.0.0.5")}}
	said := func(client, server, app string, port uint16) {
		h.flows = append(h.flows, Flow{Client: at(client), Server: at(server), App: app, Proto: 6, Port: port, Conversations: 2, Bytes: 100, Last: noon.Add(-time.Minute)})
	}
	h.devices[6] = one(6, "desk", "workstation", 3, true, "10.0.0.6")
	h.devices[7] = one(7, "ward", "workstation", 2, true, "10.0.0.7")
	h.people = map[string][]netip.Addr{"office": {at("10.0.0.6")}, "reader": {at("10.0.0.1")}, "nurse": {at("10.0.0.6"), at("10.0.0.7")}, "archive": {at("10.0.0.2")},
		"outside": {at("192.0.2.5")}, "pumps": {at("10.0.0.3")}}
	h.asked = map[string][]netip.Addr{"evil.example": {at("10.0.0.6")}, "vendor.example": {at("10.0.0.6"), at("10.0.0.2")}, "ward.example": {at("10.0.0.7")},
		"pump.example": {at("10.0.0.3")}, "guest.example": {at("10.0.0.77")}}
	said("10.0.0.1", "10.0.0.2", "dicom", 104)
	said("10.0.0.1", "10.0.0.9", "smb", 445)
	said("10.0.0.1", "192.0.2.66", "tls", 443)
	said("10.0.0.3", "10.0.0.4", "", 5000)
	said("10.0.0.2", "192.0.2.77", "dicom", 11112)
	said("10.0.0.1", "224.0.0.251", "mdns", 5353)
	return h
}

// Of what is in force the time before it began is looked at, too, and no moment twice.
func TestWhatLastsLonger(t *testing.T) {
	h := ours()
	for i := range h.flows {
		h.flows[i].Last = noon.Add(-50 * time.Minute)
	}
	s := newSafety(t, dbtest.SQLite(t), h, "")
	a := Asked{Act: Act{"block", "device:1", "10.0.0.2:104/tcp"}}
	if got, err := s.Weigh(t.Context(), a); err != nil || got.Verdict.Outcome != Allow {
		t.Fatalf("nothing was said lately: %v %v, want %v", got.Verdict, err, Allow)
	}
	a.Since = noon.Add(-45 * time.Minute)
	got, err := s.Weigh(t.Context(), a)
	if err != nil || got.Verdict.Outcome != Ask || len(got.Preview.Windows) != 3 || got.Preview.Windows[0].Conversations != 2 {
		t.Errorf("images were read before it began: %v %v %+v, want %v", got.Verdict, err, got.Preview.Windows, Ask)
	}
	a.Since = noon.Add(-5 * time.Minute)
	got, err = s.Weigh(t.Context(), a)
	if w := got.Preview.Windows; err != nil || !w[0].To.Equal(w[1].From) {
		t.Errorf("looked at %+v (%v)", w, err)
	}
	a.Before = []content.Needs{content.Both}
	if got, err = s.Weigh(t.Context(), a); err != nil || got.Verdict.Needs != content.Both {
		t.Errorf("it needs %v (%v), want %v", got.Verdict.Needs, err, content.Both)
	}
}

// uses has the office computer ask the archive for something else, and be answered so many bytes.
func uses(app string, answered uint64) func(*hospital) {
	return func(h *hospital) {
		h.flows = append(h.flows, Flow{Client: at("10.0.0.1"), Server: at("10.0.0.2"), App: app, Proto: 6, Port: 8080, Conversations: 2, Bytes: answered + 500, Answered: answered, Last: noon.Add(-time.Minute)})
	}
}

func newSafety(t *testing.T, d *db.DB, h *hospital, file string) *Safety {
	t.Helper()
	c := clock.NewManual(noon)
	l, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: c, Origin: "test/ledger", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Health: health.NewTracker(c)})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(t.Context(), Needs{DB: d, Ledger: l, Clock: c, Log: slog.New(slog.DiscardHandler), Health: health.NewTracker(c), Devices: h, Flows: h, Links: h, File: file})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestWeigh(t *testing.T) {
	tests := []struct {
		name    string
		act     Act
		edit    func(*hospital)
		outcome Outcome
		needs   content.Needs
		stopped uint64 // conversations of now, or of the month
		keeps   int
	}{
		{name: "an office computer is isolated but for its images", act: Act{"isolate", "device:1", ""}, outcome: Allow, needs: content.Auto, stopped: 4, keeps: 1},
		{name: "not where it reads a record that is a web page", act: Act{"isolate", "device:1", ""}, edit: uses("http", 9000), outcome: Ask, needs: content.SOC, stopped: 6, keeps: 1},
		{name: "or what nobody recognises", act: Act{"isolate", "device:1", ""}, edit: uses("", 9000), outcome: Ask, needs: content.SOC, stopped: 6, keeps: 1},
		{name: "it is where it only looked whether a port is open", act: Act{"isolate", "device:1", ""}, edit: uses("", 120), outcome: Allow, needs: content.Auto, stopped: 6, keeps: 1},
		{name: "or used what carries no care", act: Act{"isolate", "device:1", ""}, edit: uses("smb", 9000), outcome: Allow, needs: content.Auto, stopped: 6, keeps: 1},
		{name: "it is by its address, too", act: Act{"isolate", "address:10.0.0.1", ""}, outcome: Allow, needs: content.Auto, stopped: 4, keeps: 1},
		{name: "a pump's gateway is not: the pump would lose it", act: Act{"isolate", "device:4", ""}, outcome: Ask, needs: content.Both, stopped: 2},
		{name: "a pump is not", act: Act{"isolate", "device:3", ""}, outcome: Ask, needs: content.Both, stopped: 2},
		{name: "a device of which nobody said anything is not", act: Act{"isolate", "device:5", ""}, outcome: Ask, needs: content.SOC},
		{name: "nor an address of which nothing is known", act: Act{"isolate", "address:10.9.9.9", ""}, outcome: Ask, needs: content.SOC},
		{name: "an address outside is banned", act: Act{"ban", "address:192.0.2.66", ""}, outcome: Allow, needs: content.Auto, stopped: 2},
		{name: "one with which images are exchanged is not", act: Act{"ban", "address:192.0.2.77", ""}, outcome: Ask, needs: content.SOC, stopped: 2},
		{name: "a share is blocked: its server loses a client alone", act: Act{"block", "device:1", "10.0.0.9:445/tcp"}, outcome: Allow, needs: content.Auto, stopped: 2},
		{name: "images are not", act: Act{"block", "device:1", "10.0.0.2:104/tcp"}, outcome: Ask, needs: content.SOC, stopped: 2},
		{name: "another port stops nothing", act: Act{"block", "device:1", "10.0.0.2:105/tcp"}, outcome: Allow, needs: content.Auto},
		{name: "the account of somebody at an office computer is disabled", act: Act{"disable-account", "user:office", ""}, outcome: Allow, needs: content.Auto},
		{name: "that of somebody who looks at images is not", act: Act{"disable-account", "user:reader", ""}, outcome: Ask, needs: content.SOC, stopped: 2},
		{name: "that of somebody on a clinical workstation is not", act: Act{"disable-account", "user:nurse", ""}, outcome: Ask, needs: content.Both},
		{name: "a right of theirs is not taken, either", act: Act{"remove-group", "user:nurse", "admins"}, outcome: Ask, needs: content.SOC},
		{name: "nor are sessions revoked at what care depends on", act: Act{"revoke-sessions", "user:archive", ""}, outcome: Ask, needs: content.Both, stopped: 4},
		{name: "nobody locks out who is at a life-critical device", act: Act{"disable-account", "user:pumps", ""}, outcome: Refuse, needs: content.Never},
		{name: "of whom it is not known where they are a person says yes", act: Act{"disable-account", "user:nobody", ""}, outcome: Ask, needs: content.SOC},
		{name: "being outside is being nowhere", act: Act{"disable-account", "user:outside", ""}, outcome: Ask, needs: content.SOC},
		{name: "a name that the office asked for goes to the sinkhole", act: Act{"sinkhole", "domain:evil.example", ""}, outcome: Allow, needs: content.Auto, stopped: 3},
		{name: "so does one that nobody asked for", act: Act{"sinkhole", "domain:quiet.example", ""}, outcome: Allow, needs: content.Auto},
		{name: "one that what care depends on asked for does not", act: Act{"sinkhole", "domain:vendor.example", ""}, outcome: Ask, needs: content.SOC, stopped: 6},
		{name: "nor one that a ward asked for", act: Act{"sinkhole", "domain:ward.example", ""}, outcome: Ask, needs: content.SOC, stopped: 3},
		{name: "one that a pump asked for needs two", act: Act{"sinkhole", "domain:pump.example", ""}, outcome: Ask, needs: content.Both, stopped: 3},
		{name: "one that an unknown device asked for needs a person", act: Act{"sinkhole", "domain:guest.example", ""}, outcome: Ask, needs: content.SOC, stopped: 3},
		{name: "a clinical workstation may be isolated by the program", act: Act{"isolate", "device:7", ""}, outcome: Allow, needs: content.Auto},
		{name: "not where it gave care for weeks by what would stop", act: Act{"isolate", "device:7", ""}, edit: gaveCare(7, Link{App: "dicom", Peer: 2, First: noon.Add(-20 * 24 * time.Hour), Last: noon.Add(-20 * time.Hour)}), outcome: Ask, needs: content.SOC},
		{name: "nor where that was hidden, with a device on which care depends", act: Act{"isolate", "device:7", ""}, edit: gaveCare(7, Link{App: "tls", Peer: 2, Last: noon.Add(-week)}), outcome: Ask, needs: content.SOC},
		{name: "nor where it was over HTTP, which carries records", act: Act{"isolate", "device:7", ""}, edit: gaveCare(7, Link{App: "http", Peer: 2, Last: noon.Add(-week)}), outcome: Ask, needs: content.SOC},
		{name: "what it used of the office does not count", act: Act{"isolate", "device:7", ""}, edit: gaveCare(7, Link{App: "tls", Peer: 6, Last: noon.Add(-week)}), outcome: Allow, needs: content.Auto},
		{name: "nor what was months ago", act: Act{"isolate", "device:7", ""}, edit: gaveCare(7, Link{App: "dicom", Peer: 2, Last: noon.Add(-60 * 24 * time.Hour)}), outcome: Allow, needs: content.Auto},
		{name: "what goes on is not lost", act: Act{"isolate", "device:7", ""}, edit: func(h *hospital) {
			gaveCare(7, Link{App: "dicom", Peer: 2, Last: noon.Add(-time.Hour)})(h)
			h.flows = append(h.flows, Flow{Client: at("10.0.0.7"), Server: at("10.0.0.2"), App: "dicom", Proto: 6, Port: 104, Conversations: 1, Last: noon.Add(-time.Hour)})
		}, outcome: Allow, needs: content.Auto, keeps: 1},
		{name: "a block of the one by whom it gave care waits", act: Act{"block", "device:7", "10.0.0.2"}, edit: gaveCare(7, Link{App: "hl7", Peer: 2, Gives: true, Last: noon}), outcome: Ask, needs: content.SOC},
		{name: "a block of another does not", act: Act{"block", "device:7", "10.0.0.9"}, edit: gaveCare(7, Link{App: "hl7", Peer: 2, Gives: true, Last: noon}), outcome: Allow, needs: content.Auto},
		{name: "an office computer is not of clinical support", act: Act{"isolate", "device:6", ""}, edit: gaveCare(6, Link{App: "dicom", Peer: 2, Last: noon}), outcome: Allow, needs: content.Auto},
		{name: "what is not known waits for a person", act: Act{"isolate", "device:1", ""}, edit: func(h *hospital) { h.err = errors.New("disk full") }, outcome: Ask, needs: content.SOC},
		{name: "so does what was not kept lately, but for what was before", act: Act{"isolate", "device:1", ""}, edit: func(h *hospital) { h.stale = true }, outcome: Ask, needs: content.SOC, stopped: 4, keeps: 1},
		{name: "so does what is more than can be looked at", act: Act{"isolate", "device:1", ""}, edit: func(h *hospital) { h.more = true }, outcome: Ask, needs: content.SOC, stopped: 4, keeps: 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := ours()
			if tt.edit != nil {
				tt.edit(h)
			}
			s := newSafety(t, dbtest.SQLite(t), h, "")
			got, err := s.Weigh(t.Context(), Asked{Act: tt.act})
			if err != nil {
				t.Fatal(err)
			}
			if got.Verdict.Outcome != tt.outcome || got.Verdict.Needs != tt.needs {
				t.Errorf("%v, needs %v because of %v; want %v, %v", got.Verdict.Outcome, got.Verdict.Needs, got.Verdict.Reasons, tt.outcome, tt.needs)
			}
			var stopped uint64
			for _, w := range got.Preview.Windows {
				if w.Name == "now" || w.Name == "month" {
					stopped = w.Conversations
				}
			}
			if stopped != tt.stopped || len(got.Keep) != tt.keeps {
				t.Errorf("%d conversations would stop and %d be kept, want %d and %d; %+v", stopped, len(got.Keep), tt.stopped, tt.keeps, got.Preview.Flows)
			}
		})
	}
}

// gaveCare is what a device gave care by for weeks.
func gaveCare(id uint64, l Link) func(*hospital) {
	return func(h *hospital) { h.links = map[uint64][]Link{id: {l}} }
}

func TestWhatIsNoAct(t *testing.T) {
	s := newSafety(t, dbtest.SQLite(t), ours(), "")
	for name, a := range map[string]Act{"no act": {"shut", "device:1", ""}, "no target": {"isolate", "", ""}, "no device": {"isolate", "device:77", ""},
		"no address": {"ban", "address:x", ""}, "a ban of a device": {"ban", "address:10.0.0.1", ""}, "an isolation outside": {"isolate", "address:192.0.2.66", ""},
		"a scope where there is none": {"isolate", "device:1", "10.0.0.2"}, "a block without a peer": {"block", "device:1", ""},
		"a port without a protocol": {"block", "device:1", "10.0.0.2:104"}, "port 0": {"block", "device:1", "10.0.0.2:0/tcp"}} {
		if _, err := s.Weigh(t.Context(), Asked{Act: a}); !errors.Is(err, ErrWrong) {
			t.Errorf("%s: error %v, want %v", name, err, ErrWrong)
		}
	}
}

// Nothing is done by itself before a person ends shadow mode, and nothing while it is frozen.
func TestAutomation(t *testing.T) {
	d := dbtest.SQLite(t)
	s := newSafety(t, d, ours(), "")
	expect := func(what string, want Outcome) {
		t.Helper()
		got, err := s.Weigh(t.Context(), Asked{Act: Act{"isolate", "device:1", ""}, Automatic: true})
		if err != nil || got.Verdict.Outcome != want {
			t.Errorf("%s: %v (%v), want %v", what, got.Verdict.Outcome, err, want)
		}
	}
	expect("as it is set up", Shadow)
	if err := s.SetLive(t.Context(), true, "person:ana", "agreed"); err != nil {
		t.Fatal(err)
	}
	expect("live", Allow)
	trusted, err := s.Weigh(t.Context(), Asked{Act: Act{"isolate", "device:1", ""}, Automatic: true, Shadow: true})
	if err != nil || trusted.Verdict.Outcome != Shadow {
		t.Errorf("live, by what is not trusted yet: %v (%v)", trusted.Verdict.Outcome, err)
	}
	if err := s.Freeze(t.Context(), "person", "person:ana", "maintenance"); err != nil {
		t.Fatal(err)
	}
	expect("frozen", Ask)
	s = newSafety(t, d, ours(), "")
	expect("frozen after a restart", Ask)
	then, err := s.Rehearse(t.Context(), Asked{Act: Act{"isolate", "device:1", ""}, Automatic: true}, s.needs.Clock.Now(), ours())
	if err != nil || then.Verdict.Outcome != Allow {
		t.Errorf("as it would have been: %v (%v)", then.Verdict.Outcome, err)
	}
	if err := s.Thaw(t.Context(), "person:ana", "over"); err != nil {
		t.Fatal(err)
	}
	expect("thawed", Allow)
	s.needs.Whole = func() bool { return false }
	expect("the ledger is not whole", Ask)
	s.needs.Whole = func() bool { return true }
	s.needs.Unread = func() string { return "mine.yaml:4: wenn" }
	expect("a playbook cannot be read", Ask)
	if f := s.Frozen(); len(f) != 1 || f[0].Cause != "playbook" || f[0].Reason != "mine.yaml:4: wenn" {
		t.Errorf("frozen by %+v", f)
	}
}

// A file that cannot be read leaves the matrix before in force, and freezes.
func TestMatrixFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "safety.yaml")
	d := dbtest.SQLite(t)
	s := newSafety(t, d, ours(), file)
	_, shipped := content.Shipped()
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.reread(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	expect := func(what string, devices int, frozen bool, problem string) {
		t.Helper()
		v := s.Show()
		if v.Budgets.Devices != devices || len(v.Frozen) > 0 != frozen || !strings.Contains(v.Matrix.Problem, problem) || problem == "" && v.Matrix.Problem != "" {
			t.Errorf("%s: %d devices, frozen %v, problem %q; want %d, %v, %q", what, v.Budgets.Devices, v.Frozen, v.Matrix.Problem, devices, frozen, problem)
		}
	}
	edited := strings.Replace(string(shipped), "devices: 5", "devices: 3", 1)
	expect("no file", 5, false, "")
	write(edited)
	expect("the hospital's own", 3, false, "")
	write(strings.Replace(edited, "E3: soc+clinical", "E3: sock", 1))
	expect("malformed", 3, true, "safety.yaml:18: tiers.life-critical.E3")
	s = newSafety(t, d, ours(), file)
	expect("malformed at the start", 3, true, "safety.yaml:18")
	write(strings.Replace(edited, "version: 1", "version: 9", 1))
	expect("of a newer program", 3, true, "newer version")
	if err := s.SetMatrix(t.Context(), "version: 1", "person:ana", "x"); !errors.Is(err, ErrMatrix) {
		t.Errorf("a matrix without cells: %v, want %v", err, ErrMatrix)
	}
	if err := s.SetMatrix(t.Context(), strings.Replace(edited, "devices: 3", "devices: 2", 1), "person:ana", "fewer"); err != nil {
		t.Fatal(err)
	}
	expect("by a person", 2, false, "")
	s = newSafety(t, d, ours(), file)
	expect("after a restart", 2, false, "")
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	if err := s.reread(t.Context()); err != nil {
		t.Fatal(err)
	}
	expect("the file is gone", 5, false, "")
}

func TestTheMatrixShowsWhatHolds(t *testing.T) {
	m, text := content.Shipped()
	rows, over := view(m)
	if len(over) != 0 || rows[0].Cells[3].Inside != "soc+clinical" {
		t.Errorf("the shipped matrix is overruled in %v, and tier 0 needs %v for E3", over, rows[0].Cells[3])
	}
	loose, err := content.Parse([]byte(strings.Replace(string(text), "E3: soc\n", "E3: auto\n", 1)), "x")
	if err != nil {
		t.Fatal(err)
	}
	rows, over = view(loose)
	if want := (Overruled{1, "E3", "inside", "auto", "soc"}); !slices.Contains(over, want) || rows[1].Cells[3].Inside != "soc" {
		t.Errorf("overruled %v, want %v in it", over, want)
	}
}

// A row that somebody else wrote, or took away, is noticed while the program runs and at its start: the last good state stays, or
// what is shipped, and nothing is automatic.
func TestRowsThatSomebodyElseWrote(t *testing.T) {
	own := strings.Replace(string(func() []byte { _, text := content.Shipped(); return text }()), "devices: 5", "devices: 4", 1)
	for _, c := range []struct{ what, name, doc string }{
		{"a looser matrix", rowMatrix, strings.Replace(own, "devices: 4", "devices: 9", 1)},
		{"no matrix", rowMatrix, ""},
		{"no freeze any more", rowFreezes, ""},
		{"live", rowMode, `{"live":true}`},
	} {
		t.Run(c.what, func(t *testing.T) {
			d, file := dbtest.SQLite(t), filepath.Join(t.TempDir(), "safety.yaml")
			s := newSafety(t, d, ours(), file)
			if err := s.SetMatrix(t.Context(), own, "person:ana", "fewer"); err != nil {
				t.Fatal(err)
			}
			if err := s.Freeze(t.Context(), "person", "person:ana", "maintenance"); err != nil {
				t.Fatal(err)
			}
			if err := s.SetLive(t.Context(), false, "person:ana", "not yet"); err != nil {
				t.Fatal(err)
			}
			if err := s.compare(t.Context()); err != nil || len(s.Frozen()) != 1 {
				t.Fatalf("before: %v %v", s.Frozen(), err)
			}
			meddle := func() {
				t.Helper()
				err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
					_, err := tx.NewUpdate().Model(&stateRow{Name: c.name, Doc: c.doc}).Column("doc").WherePK().Exec(ctx)
					if c.doc == "" {
						_, err = tx.NewDelete().Model(&stateRow{Name: c.name}).WherePK().Exec(ctx)
					}
					return err
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			tampered := func(s *Safety, when string, frozen int) {
				t.Helper()
				all := s.Frozen()
				if len(all) != frozen || !slices.ContainsFunc(all, func(f Freeze) bool { return f.Cause == "tampered" }) || s.live {
					t.Errorf("%s: live %v, frozen %+v", when, s.live, all)
				}
			}
			meddle()
			if err := s.compare(t.Context()); err != nil {
				t.Fatal(err)
			}
			tampered(s, "running", 2)
			if s.matrix.Budgets.Devices != 4 {
				t.Error("the matrix is another")
			}
			s = newSafety(t, d, ours(), file)
			tampered(s, "a restart after it was put back", 2)
			if err := s.Thaw(t.Context(), "person:ana", "looked into"); err != nil {
				t.Fatal(err)
			}
			if err := s.Freeze(t.Context(), "person", "person:ana", "maintenance"); err != nil {
				t.Fatal(err)
			}
			meddle()
			s = newSafety(t, d, ours(), file)
			frozen := 2
			if c.name == rowFreezes {
				frozen = 1
			}
			tampered(s, "at the start", frozen)
		})
	}
}

// A ledger with an entry of a newer program is refused by the number of the entry: what is kept stays, and nothing is automatic.
func TestALedgerOfANewerProgram(t *testing.T) {
	d, file := dbtest.SQLite(t), filepath.Join(t.TempDir(), "safety.yaml")
	s := newSafety(t, d, ours(), file)
	_, text := content.Shipped()
	if err := s.SetMatrix(t.Context(), strings.Replace(string(text), "devices: 5", "devices: 4", 1), "person:ana", "fewer"); err != nil {
		t.Fatal(err)
	}
	if err := s.SetLive(t.Context(), true, "person:ana", "agreed"); err != nil {
		t.Fatal(err)
	}
	err := d.Write(t.Context(), func(ctx context.Context, tx bun.Tx) error {
		_, err := tx.NewRaw(`UPDATE ledger_entry SET record = replace(record, '"v":1', '"v":2')`).Exec(ctx)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	s = newSafety(t, d, ours(), file)
	all := s.Frozen()
	if len(all) != 1 || all[0].Cause != "tampered" || !strings.Contains(all[0].Reason, "unreadable entry 1: reading a record: version 2, and this program reads 1") || s.matrix.Budgets.Devices != 4 {
		t.Errorf("%+v, budget %d", all, s.matrix.Budgets.Devices)
	}
	got, err := s.Weigh(t.Context(), Asked{Act: Act{"isolate", "device:1", ""}, Automatic: true})
	if err != nil || got.Verdict.Outcome != Ask {
		t.Errorf("%v (%v), want %v", got.Verdict.Outcome, err, Ask)
	}
}
