package wef

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/observe/logs/internal/intake"
	"bulwark/observe/logs/internal/intake/intaketest"
	"bulwark/observe/logs/internal/revoked"
	"bulwark/observe/logs/internal/wef/weftest"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
)

const security = "Bulwark security"

// site is a collector with its authority.
type site struct {
	*Intake
	authority *weftest.Authority
	server    string
	opt       Options
	stop      func()
}

// open starts a collector that takes into a sink, and ends with the test.
func open(t *testing.T, d *db.DB, to intake.Sink) *site {
	t.Helper()
	s := &site{authority: weftest.NewAuthority(t, "CHU CA")}
	server := s.authority.Issue(t, "localhost", x509.ExtKeyUsageServerAuth, time.Now().Add(time.Hour))
	s.opt = Options{Listen: "127.0.0.1:0", DB: d, ClientCA: s.authority.File(t, filepath.Join(t.TempDir(), "ca.pem")),
		Certificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &server, nil }}
	s.stop = s.start(t, to)
	return s
}

// start makes the intake, at the address that it had before.
func (s *site) start(t *testing.T, to intake.Sink) (stop func()) {
	t.Helper()
	i, err := New(t.Context(), s.opt)
	if err != nil {
		t.Fatal(err)
	}
	s.Intake = i
	if s.opt.Kerberos == "" {
		s.opt.Listen = i.Addresses()[0][1]
	}
	s.server = "https://localhost:" + s.opt.Listen[strings.LastIndexByte(s.opt.Listen, ':')+1:]
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- i.Run(ctx, to) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-done; err != nil {
			t.Errorf("stopping: %v", err)
		}
	}
	t.Cleanup(stop)
	return stop
}

// machine has a certificate of the authority.
func (s *site) machine(t *testing.T, name string) *weftest.Machine {
	t.Helper()
	return weftest.NewMachine(name, s.server, s.authority.Client(s.authority.Issue(t, name, x509.ExtKeyUsageClientAuth, time.Now().Add(time.Hour))))
}

// offer is the subscription of a name.
func offer(t *testing.T, m *weftest.Machine, name string) *weftest.Offer {
	t.Helper()
	a, err := m.Enumerate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := range a.Offers {
		if a.Offers[n].Option("SubscriptionName") == name {
			return &a.Offers[n]
		}
	}
	t.Fatalf("no subscription %s among %d, status %d", name, len(a.Offers), a.Status)
	return nil
}

func logons(machine string, n int) (all []string) {
	for k := range n {
		all = append(all, weftest.Logon(machine, k+1))
	}
	return all
}

// numbers are those of the events that a sink has.
func numbers(s *intaketest.Sink) (all []string) {
	for _, r := range s.Records() {
		all = append(all, r.Log.Field("EventRecordID"))
	}
	return all
}

func TestAMachineForwardsFromWhereItStopped(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		to := &intaketest.Sink{}
		s := open(t, d, to)
		f := &weftest.Forwarder{Machine: s.machine(t, "ward3.chu.example"), Channel: "Security", Batch: 2}
		step := func(n int) {
			t.Helper()
			f.Events = logons("ward3.chu.example", n)
			if err := f.Forward(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if err := f.Refresh(t.Context(), security); err != nil {
			t.Fatal(err)
		}
		step(5)
		again := &weftest.Forwarder{Machine: f.Machine, Channel: "Security", Batch: 10, Events: logons("ward3.chu.example", 7)} // it was started anew
		if err := again.Refresh(t.Context(), security); err != nil {
			t.Fatal(err)
		}
		if err := again.Forward(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got, want := numbers(to), []string{"1", "2", "3", "4", "5", "6", "7"}; !slices.Equal(got, want) {
			t.Errorf("got events %v, want %v", got, want)
		}
	})
}

func TestEventsAreTakenWithWhoSentThem(t *testing.T) {
	to := &intaketest.Sink{}
	s := open(t, dbtest.SQLite(t), to)
	m := s.machine(t, "WARD3.chu.example")
	a, err := m.Deliver(t.Context(), offer(t, m, security), weftest.Bookmark("Security", 9), weftest.Logon("ward3.chu.example", 9),
		weftest.Logon("dc1.chu.example", 3), "no event")
	if err != nil || a.Status != http.StatusOK {
		t.Fatalf("got %+v, %v", a, err)
	}
	all := to.Records()
	if len(all) != 3 {
		t.Fatalf("got %d records, want 3", len(all))
	}
	r, l := all[0], all[0].Log
	got := []string{r.Intake, r.Identity, r.Sender.String(), r.Stream, r.Time.Format(time.RFC3339Nano), l.Format, l.Product, l.Code, l.Host, l.App, l.User,
		l.Outcome, l.Field("LogonType"), l.Field("Channel"), strings.Join(l.Faults, "")}
	want := []string{"wef", "ward3.chu.example", "127.0.0.1", "security", "2026-11-23T03:00:09.1234567Z", "windows-event", "windows", "4624",
		"ward3.chu.example", "Microsoft-Windows-Security-Auditing", "m.durand", "success", "3", "Security", ""}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got := all[1].Log.Faults; !slices.Equal(got, []string{faultOther}) {
		t.Errorf("an event of another machine has faults %q, want %q", got, faultOther)
	}
	if all[2].Log != nil || string(all[2].Text) != "no event" || s.Refused()[reasonEvent] != 1 {
		t.Errorf("what is no event: got %+v, refused %v", all[2], s.Refused())
	}
}

func TestNothingIsAcknowledgedBeforeItIsSafe(t *testing.T) {
	to := &intaketest.Sink{Room: 3}
	s := open(t, dbtest.SQLite(t), to)
	f := &weftest.Forwarder{Machine: s.machine(t, "ward3.chu.example"), Channel: "Security", Batch: 2}
	if err := f.Refresh(t.Context(), security); err != nil {
		t.Fatal(err)
	}
	f.Events = logons("ward3.chu.example", 4)
	if err := f.Forward(t.Context()); err == nil || !strings.Contains(err.Error(), "503") {
		t.Fatalf("into a full sink: got %v, want 503", err)
	}
	if o := offer(t, f.Machine, security); !strings.Contains(o.Bookmark.XML, `RecordId="2"`) {
		t.Errorf("got bookmark %s, want that of record 2", o.Bookmark.XML)
	}
	to.Room = 0
	if err := f.Forward(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := numbers(to), []string{"1", "2", "3", "4"}; !slices.Equal(got, want) {
		t.Errorf("got events %v, want %v", got, want)
	}
}

func TestADeliveryWhoseAnswerWasLostComesAgainAsItWas(t *testing.T) {
	to := &intaketest.Sink{}
	s := open(t, dbtest.SQLite(t), to)
	m := s.machine(t, "ward3.chu.example")
	o := offer(t, m, security)
	body := m.Delivery(o, weftest.Bookmark("Security", 2), logons("ward3.chu.example", 2)...)
	for range 2 {
		if a, err := m.Post(t.Context(), o.Address, body, "SLDC"); err != nil || a.Status != http.StatusOK {
			t.Fatalf("got %+v, %v", a, err)
		}
	}
	all := to.Records()
	if len(all) != 4 || !slices.Equal(all[0].Log.Fields, all[2].Log.Fields) || !all[1].Time.Equal(all[3].Time) || all[0].Stream != all[2].Stream {
		t.Errorf("got %d records: the sink tells by them that they came before", len(all))
	}
}

func TestBookmarksAreKeptAcrossAStart(t *testing.T) {
	to := &intaketest.Sink{}
	s := open(t, dbtest.SQLite(t), to)
	first, err := New(t.Context(), Options{Listen: "127.0.0.1:0", DB: s.opt.DB, ClientCA: s.opt.ClientCA, Certificate: s.opt.Certificate})
	if err != nil {
		t.Fatal(err)
	}
	if err := first.listener.Close(); err != nil {
		t.Fatal(err)
	}
	m := s.machine(t, "ward3.chu.example")
	o := offer(t, m, security)
	if _, err := m.Deliver(t.Context(), o, weftest.Bookmark("Security", 1), weftest.Logon("ward3", 1)); err != nil {
		t.Fatal(err)
	}
	if _, err := m.Heartbeat(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	bookmarks, err := first.book.of(t.Context(), "ward3.chu.example")
	if err != nil || bookmarks[o.ID] != weftest.Bookmark("Security", 1) {
		t.Errorf("another process: got %q, %v", bookmarks[o.ID], err)
	}
	if other := offer(t, s.machine(t, "ward4.chu.example"), security); other.Bookmark.XML != "" {
		t.Errorf("another machine is handed the bookmark %s", other.Bookmark.XML)
	}
}

func TestAHeartbeatSaysThatAMachineLives(t *testing.T) {
	to := &intaketest.Sink{}
	s := open(t, dbtest.SQLite(t), to)
	m := s.machine(t, "ward3.chu.example")
	o := offer(t, m, "Bulwark sysmon")
	for _, send := range []func(context.Context, *weftest.Offer) (*weftest.Answer, error){m.Heartbeat, m.Stop} {
		if a, err := send(t.Context(), o); err != nil || a.Status != http.StatusOK || !strings.HasSuffix(a.Action, "/Ack") {
			t.Fatalf("got %+v, %v", a, err)
		}
	}
	if a, err := m.End(t.Context(), o); err != nil || a.Status != http.StatusNoContent {
		t.Errorf("at its end: got %+v, %v", a, err)
	}
	all, err := s.Machines(t.Context())
	if err != nil || len(all) != 1 || all[0].Identity != "ward3.chu.example" || all[0].Seen == 0 || all[0].Bookmark != "" || len(to.Records()) != 0 {
		t.Errorf("got %+v, %v, %d records", all, err, len(to.Records()))
	}
}

func TestStrangersAreRefusedAndCounted(t *testing.T) {
	s := open(t, dbtest.SQLite(t), &intaketest.Sink{})
	stranger := weftest.NewAuthority(t, "CHU CA")
	hour, past := time.Now().Add(time.Hour), time.Now().Add(-time.Minute)
	taken := s.authority.Issue(t, "lost.example", x509.ExtKeyUsageClientAuth, hour)
	lists, err := revoked.Open(s.authority.Revoke(t, filepath.Join(t.TempDir(), "ca.crl"), hour, taken))
	if err != nil {
		t.Fatal(err)
	}
	s.stop()
	s.opt.Revoked = lists
	s.start(t, &intaketest.Sink{})
	tests := []struct {
		name, reason string
		way          *tls.Config
	}{
		{"one without a certificate", reasonNone, s.authority.Client()},
		{"one whose certificate has expired", reasonExpired, s.authority.Client(s.authority.Issue(t, "a.example", x509.ExtKeyUsageClientAuth, past))},
		{"one of an authority of the same name", reasonUnknown, s.authority.Client(stranger.Issue(t, "a.example", x509.ExtKeyUsageClientAuth, hour))},
		{"one that was revoked", reasonRevoked, s.authority.Client(taken)},
		{"a server", reasonPurpose, s.authority.Client(s.authority.Issue(t, "a.example", x509.ExtKeyUsageServerAuth, hour))},
		{"one without a name", reasonName, s.authority.Client(s.authority.Issue(t, "", x509.ExtKeyUsageClientAuth, hour))},
	}
	for _, tt := range tests {
		if a, err := weftest.NewMachine("a.example", s.server, tt.way).Enumerate(t.Context()); err == nil {
			t.Errorf("%s: got %+v, want no connection", tt.name, a)
		}
		if n := s.Refused()[tt.reason]; n != 1 {
			t.Errorf("%s: got %d counted as %q, want 1: %v", tt.name, n, tt.reason, s.Refused())
		}
	}
}

func TestASubscriptionThatChangedIsTakenUpAnew(t *testing.T) {
	to := &intaketest.Sink{}
	s := open(t, dbtest.SQLite(t), to)
	f := &weftest.Forwarder{Machine: s.machine(t, "ward3.chu.example"), Channel: "Security", Batch: 10}
	refresh := func(want int) {
		t.Helper()
		if err := f.Refresh(t.Context(), security); err != nil || f.Taken != want {
			t.Fatalf("taken up %d times, want %d: %v", f.Taken, want, err)
		}
	}
	refresh(1)
	refresh(1)
	text := `form: 1
id: security
guid: 4A0E2C5B-6D1F-4E0B-9C37-51B6E2D8A001
title: {en: a, fr: b}
existing: true
select: [{channel: Security, where: "*[System[(EventID=4624)]]"}]
`
	s.opt.Subscriptions = t.TempDir()
	if err := os.WriteFile(filepath.Join(s.opt.Subscriptions, "own.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s.opt.Listen = "127.0.0.1:0"
	s.start(t, to)
	f.Server = s.server
	f.Events = logons("ward3.chu.example", 3)
	refresh(2)
	if err := f.Forward(t.Context()); err != nil || len(to.Records()) != 3 {
		t.Errorf("a machine that is to tell what it has: %d records, %v", len(to.Records()), err)
	}
}

func TestMachinesAreToldTheirIssuer(t *testing.T) {
	s := open(t, dbtest.SQLite(t), &intaketest.Sink{})
	o := offer(t, s.machine(t, "a.example"), security)
	if want := []string{Thumbprint(s.authority.Certificate)}; !slices.Equal(o.Issuers, want) || !slices.Equal(s.Thumbprints(), want) {
		t.Errorf("got %v, want %v", o.Issuers, want)
	}
	if o.Address != s.server+"/wsman/subscriptions/"+o.ID || !strings.Contains(o.Query.XML, `Path="Security"`) || o.Option("Compression") != "SLDC" {
		t.Errorf("got %+v", o)
	}
}

func TestWhatIsNoRequestIsRefused(t *testing.T) {
	s := open(t, dbtest.SQLite(t), &intaketest.Sink{})
	m := s.machine(t, "a.example")
	o := offer(t, m, security)
	gone := *o
	gone.ID, gone.Address = "00000000-0000-4000-8000-000000000000", s.server+"/wsman/subscriptions/x"
	unknown, err := m.Deliver(t.Context(), &gone, weftest.Bookmark("Security", 1), weftest.Logon("a", 1))
	if err != nil || unknown.Status != http.StatusNotFound || unknown.Fault != "a:DestinationUnreachable" {
		t.Errorf("an unknown subscription: got %+v, %v", unknown, err)
	}
	tests := []struct {
		name, body, coding string
		status             int
		fault              string
	}{
		{"nothing: a machine that shows who it is", "", "", 200, ""},
		{"no XML", "hello", "", 400, "w:SchemaValidationError"},
		{"bytes that are not packed as they say", "\xff\xab\x00\x00", "SLDC", 400, "w:SchemaValidationError"},
		{"a body of 5 MiB", strings.Repeat(" ", 5<<20), "", 400, "w:EncodingLimit"},
		{"another SOAP", `<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"></s:Envelope>`, "", 400, ""},
		{"another action", `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><Action>x</Action><MessageID>1</MessageID>` +
			`</s:Header><s:Body/></s:Envelope>`, "", 400, "a:ActionNotSupported"},
		{"no number of the message", `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header/><s:Body/></s:Envelope>`, "", 400,
			"a:MessageInformationHeaderRequired"},
	}
	for _, tt := range tests {
		a, err := m.Post(t.Context(), s.server+"/wsman", []byte(tt.body), tt.coding)
		if err != nil || a.Status != tt.status || a.Fault != tt.fault {
			t.Errorf("%s: got %+v, %v; want %d %s", tt.name, a, err, tt.status, tt.fault)
		}
	}
}

func TestWithoutAnAuthorityNobodyListens(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	certificate := func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, nil }
	for name, o := range map[string]Options{"no file": {}, "a missing file": {ClientCA: "/nowhere/ca.pem", Certificate: certificate},
		"an empty file": {ClientCA: empty, Certificate: certificate}} {
		o.Listen, o.DB = "127.0.0.1:0", dbtest.SQLite(t)
		if _, err := New(t.Context(), o); err == nil {
			t.Errorf("%s: it listens", name)
		}
	}
}
