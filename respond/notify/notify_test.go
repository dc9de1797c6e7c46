package notify

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/db"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// gateway is where webhooks and chats arrive.
type gateway struct {
	*httptest.Server
	mu     sync.Mutex
	status int
	got    []request
}

type request struct {
	method, path string
	header       http.Header
	body         string
}

func newGateway(t *testing.T) *gateway {
	g := &gateway{status: http.StatusOK}
	g.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		g.mu.Lock()
		defer g.mu.Unlock()
		g.got = append(g.got, request{r.Method, r.URL.RequestURI(), r.Header, string(body)})
		w.WriteHeader(g.status)
	}))
	t.Cleanup(g.Close)
	return g
}

// taken are the bodies that arrived since it was last asked.
func (g *gateway) taken() (all []string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, r := range g.got {
		all = append(all, r.body)
	}
	g.got = nil
	return all
}

func (g *gateway) answers(status int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.status = status
}

type bench struct {
	*Notify
	t       *testing.T
	clock   *clock.Manual
	gateway *gateway
	health  *health.Tracker
	ledger  *ledger.Ledger
}

func open(t *testing.T, d *db.DB, g *gateway) *bench {
	t.Helper()
	clk := clock.NewManual(time.Date(2026, 11, 23, 3, 0, 0, 0, time.UTC))
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	warn := health.NewTracker(clk)
	l, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: clk, Origin: "bulwark/test/ledger", Key: key, Keeper: ledger.File(filepath.Join(t.TempDir(), "kept")), Health: warn})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{Channels: []Channel{{Name: "hook", Type: "webhook", URL: conf.NewSecret(g.URL + "/secret-path")}, {Name: "sms", Type: "sms", URL: conf.NewSecret(g.URL), Body: `{{.To}} {{.Text}}`}}}
	n, err := New(t.Context(), Needs{Config: c, DB: d, Ledger: l, Clock: clk, Log: slog.New(slog.DiscardHandler), Health: warn, Key: [32]byte{1},
		URL: func() string { return "https://bulwark.example" }, Hospital: "CH Test"})
	if err != nil {
		t.Fatal(err)
	}
	return &bench{n, t, clk, g, warn, l}
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// staff are three contacts, a rota and a policy: who is on call first, ten minutes later the others, twice.
func (b *bench) staff() {
	b.t.Helper()
	for _, id := range []string{"anne", "bruno", "chloe"} {
		b.must(b.PutContact(b.t.Context(), "host", &Contact{ID: id, Name: strings.ToUpper(id), Language: "fr", Ways: []Way{{Channel: "hook"}, {Channel: "sms", To: "+33612345678", Least: "critical"}}}))
	}
	b.must(b.PutRota(b.t.Context(), "host", &Rota{Name: "soc", Turns: []string{"anne", "bruno"}, Days: 7, Start: "2026-11-16", At: "08:00", Zone: "Europe/Paris"}))
	b.must(b.PutPolicy(b.t.Context(), "host", &Policy{Name: "incident", Least: "high", Rounds: 2, Steps: []Step{{0, []string{"rota:soc"}}, {10, []string{"contact:bruno", "contact:chloe"}}}}))
}

// round tells and sends what is due, and returns the bodies that arrived.
func (b *bench) round() []string {
	b.t.Helper()
	b.must(b.tellDue(b.t.Context()))
	for _, c := range []string{"hook", "sms"} {
		if _, err := b.sendDue(b.t.Context(), c); err != nil {
			b.t.Fatal(err)
		}
	}
	return b.gateway.taken()
}

func (b *bench) count(what string, want int) []string {
	b.t.Helper()
	got := b.round()
	if len(got) != want {
		b.t.Errorf("%s: %d messages, want %d: %q", what, len(got), want, got)
	}
	return got
}

func (b *bench) happens(severity string, over bool) {
	b.t.Helper()
	b.must(b.raise(b.t.Context(), []Happening{{About: "incident:7", Kind: "incident", Severity: severity, Over: over, At: b.clock.Now(), Path: "/incidents/7",
		Title: Text{EN: "Ransomware on a share", FR: "Rançongiciel sur un partage"}, Text: Text{EN: "Three hosts.", FR: "Trois postes."}}}))
}

func (b *bench) state(want State) *Notice {
	b.t.Helper()
	all, err := b.Notices(b.t.Context(), "", 0, 10)
	b.must(err)
	if len(all) == 0 || all[0].State != want {
		b.t.Fatalf("the notices are %+v, want the newest %s", all, want)
	}
	return all[0]
}

func TestPeopleAreToldOneAfterTheOther(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		b := open(t, d, newGateway(t))
		b.staff()
		b.happens("medium", false)
		b.count("what is not grave enough", 0)
		b.state(Untold)
		b.happens("high", false)
		got := b.count("it is grave now: who is on call", 1)
		if !strings.Contains(got[0], "Rançongiciel") || !strings.Contains(got[0], "https://bulwark.example/incidents/7") {
			t.Errorf("the message is %s", got[0])
		}
		b.happens("high", false)
		b.clock.Add(9 * time.Minute)
		b.count("told a second time, and within ten minutes", 0)
		b.clock.Add(time.Minute)
		b.count("nobody answered: the two others", 2)
		b.happens("critical", false)
		b.count("it is graver: who is on call, also by text message", 2)
		b.clock.Add(10 * time.Minute)
		b.count("the others", 4)
		again(t, b)
		b.clock.Add(leastBetween)
		b.count("the second round, after a restart", 2)
		b.clock.Add(10 * time.Minute)
		b.count("and its end", 4)
		b.state(Unanswered)
		if w := b.health.Warnings(); len(w) != 1 || w[0].ID != "notify.unanswered" {
			t.Errorf("warnings %+v", w)
		}
		b.happens("critical", true)
		if got := b.count("it is over: those who were told", 6); !strings.Contains(got[0], "terminé") {
			t.Errorf("the end is told as %s", got[0])
		}
		b.state(Over)
	})
}

// again takes the room up anew from the same database.
func again(t *testing.T, b *bench) {
	t.Helper()
	next, err := New(t.Context(), b.needs)
	b.must(err)
	b.Notify = next
}

func TestWhoAnswersSparesTheOthers(t *testing.T) {
	b := open(t, dbtest.SQLite(t), newGateway(t))
	b.staff()
	b.happens("critical", false)
	got := b.count("who is on call, in both ways", 2)
	_, ticket, _ := strings.Cut(got[1], "https://bulwark.example/answer/")
	routes := http.NewServeMux()
	for _, r := range b.Doors(nil).Routes() {
		routes.Handle(r.Method+" "+r.Pattern, r.Handler)
	}
	ask := func(method, ticket string) (int, string) {
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequest(method, "/answer/"+ticket, nil))
		return w.Code, w.Body.String()
	}
	if code, page := ask("GET", ticket); code != http.StatusOK || !strings.Contains(page, "<button") || !strings.Contains(page, "Rançongiciel") {
		t.Errorf("the page is %d %s", code, page)
	}
	b.state(Telling) // looking answers nothing
	if code, _ := ask("POST", ticket[:len(ticket)-1]+"x"); code != http.StatusNotFound {
		t.Errorf("a forged link is %d", code)
	}
	if code, page := ask("POST", ticket); code != http.StatusOK || strings.Contains(page, "<button") {
		t.Errorf("the answer is %d %s", code, page)
	}
	if x := b.state(Answered); x.By != "ANNE" {
		t.Errorf("%+v", x)
	}
	b.clock.Add(time.Hour)
	b.count("after an answer", 0)
	if code, page := ask("POST", ticket); code != http.StatusOK || !strings.Contains(page, "ANNE") {
		t.Errorf("a second answer is %d %s", code, page)
	}
	page, err := b.ledger.List(t.Context(), ledger.Query{})
	b.must(err)
	if !strings.Contains(asText(page), "notify.answer") || !strings.Contains(asText(page), "contact:anne") {
		t.Errorf("the ledger is %s", asText(page))
	}
	for range tries {
		ask("GET", "forged")
	}
	if code, _ := ask("GET", "forged"); code != http.StatusTooManyRequests {
		t.Errorf("after many tries a forged link is %d", code)
	}
	if code, _ := ask("GET", ticket); code != http.StatusOK {
		t.Errorf("and a good one is %d", code)
	}
}

func asText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func TestAChannelThatRefusesIsTriedAgain(t *testing.T) {
	g := newGateway(t)
	b := open(t, dbtest.SQLite(t), g)
	b.staff()
	b.happens("high", false)
	g.answers(http.StatusBadGateway)
	b.count("refused", 1)
	if w := b.health.Warnings(); len(w) != 1 || strings.Contains(asText(w), "secret-path") {
		t.Errorf("warnings %+v", w)
	}
	b.count("not at once", 0)
	g.answers(http.StatusOK)
	b.clock.Add(firstPause)
	b.count("soon after", 1)
	if len(b.health.Warnings()) != 0 {
		t.Error("the warning stands")
	}
	x, err := b.Notice(t.Context(), b.state(Telling).ID)
	b.must(err)
	if x.Sent != 1 || x.Messages[0].Tries != 2 || x.Messages[0].State != sent {
		t.Errorf("%+v", x)
	}
}

func TestAMessageThatNobodyTakesFails(t *testing.T) {
	b := open(t, dbtest.SQLite(t), newGateway(t))
	b.staff()
	b.must(b.PutPolicy(t.Context(), "host", &Policy{Name: "incident", Least: "high", Rounds: 1, Steps: []Step{{0, []string{"contact:anne"}}}}))
	b.happens("high", false)
	b.gateway.Close() // nobody listens any more
	for range mostTries + 1 {
		b.round()
		b.clock.Add(longestPause)
	}
	x, err := b.Notice(t.Context(), b.state(Unanswered).ID)
	b.must(err)
	if len(x.Messages) != 1 || x.Messages[0].State != failed || x.Messages[0].Tries != mostTries || strings.Contains(x.Messages[0].Error, "secret-path") {
		t.Errorf("%+v", x.Messages)
	}
}

func TestOneContactIsNotSentMoreThanHeReads(t *testing.T) {
	b := open(t, dbtest.SQLite(t), newGateway(t))
	b.staff()
	for n := range 2 * mostInTime {
		b.must(b.raise(t.Context(), []Happening{{About: "incident:" + string(rune('a'+n)), Kind: "incident", Severity: "high", At: b.clock.Now(), Title: Text{"x", "x"}}}))
	}
	total := 0
	for range 5 {
		total += len(b.round())
	}
	if total != mostInTime {
		t.Errorf("%d messages, want %d", total, mostInTime)
	}
	if x := b.state(Telling); x.Held != 1 {
		t.Errorf("the last notice is %+v", x)
	}
}

func TestWhereNobodyIsOnCallTheNextAreTold(t *testing.T) {
	b := open(t, dbtest.SQLite(t), newGateway(t))
	b.staff()
	b.must(b.PutRota(t.Context(), "host", &Rota{Name: "soc", Turns: []string{"anne"}, Days: 7, Start: "2027-01-01", At: "08:00", Zone: "Europe/Paris"}))
	b.happens("high", false)
	b.count("nobody is on call: the others at once", 2)
	if x := b.state(Telling); x.Missed != 1 {
		t.Errorf("%+v", x)
	}
}

func TestWhatIsNamedIsNotRemoved(t *testing.T) {
	b := open(t, dbtest.SQLite(t), newGateway(t))
	b.staff()
	for _, c := range []struct{ kind, id string }{{"contact", "anne"}, {"rota", "soc"}, {"contact", "chloe"}, {"thing", "x"}} {
		if err := b.Remove(t.Context(), "host", c.kind, c.id); !errors.Is(err, ErrAsk) {
			t.Errorf("removing %s %s: %v, want ErrAsk", c.kind, c.id, err)
		}
	}
	if err := b.Remove(t.Context(), "host", "contact", "nobody"); !errors.Is(err, ErrNoContact) {
		t.Errorf("removing nobody: %v", err)
	}
	for _, c := range []struct{ kind, id string }{{"policy", "incident"}, {"rota", "soc"}, {"contact", "anne"}} {
		b.must(b.Remove(t.Context(), "host", c.kind, c.id))
	}
	v, err := b.View(t.Context())
	b.must(err)
	if len(v.Contacts) != 2 || len(v.Rotas) != 0 || len(v.Policies) != 0 || strings.Contains(asText(v), b.gateway.URL) {
		t.Errorf("%s", asText(v))
	}
}

func TestPeopleAreToldOfGraveWarnings(t *testing.T) {
	b := open(t, dbtest.SQLite(t), newGateway(t))
	b.staff()
	b.must(b.PutPolicy(t.Context(), "host", &Policy{Name: "health", Least: "high", Rounds: 1, Steps: []Step{{5, []string{"contact:anne"}}}}))
	grave := health.Warnable{ID: "sensor.blind", Severity: health.Unprotected, Title: health.Text{EN: "Blind", FR: "Aveugle"}, Text: health.Text{EN: "No packets.", FR: "Aucun paquet."},
		NextStep: health.Text{EN: "Look.", FR: "Regardez."}}
	standing := map[string]Happening{}
	look := func(settled bool) {
		t.Helper()
		b.must(b.raise(t.Context(), b.healthNews(standing, settled)))
	}
	b.health.Set(&grave, nil)
	look(false)
	b.clock.Add(4 * time.Minute)
	b.count("it may pass", 0)
	b.clock.Add(time.Minute)
	b.count("it stands", 1)
	again(t, b)
	var err error
	standing, err = b.toldOfHealth(t.Context())
	b.must(err)
	b.health.Clear(&grave, "")
	look(false)
	b.count("just after a start nothing is over", 0)
	look(true)
	b.count("it is over", 1)
	b.state(Over)
}

func TestTestMessagesSayWhatBecameOfThem(t *testing.T) {
	g := newGateway(t)
	b := open(t, dbtest.SQLite(t), g)
	b.staff()
	all, err := b.Test(t.Context(), "host", "anne")
	if err != nil || len(all) != 2 || all[0].State != sent || all[1].State != sent {
		t.Errorf("%+v %v", all, err)
	}
	g.answers(http.StatusForbidden)
	if all, err = b.Test(t.Context(), "host", "anne"); err != nil || all[0].State != failed || !strings.Contains(all[0].Error, "403") {
		t.Errorf("%+v %v", all, err)
	}
	if v, err := b.View(t.Context()); err != nil || !strings.Contains(v.Channels[0].Problem, "403") || v.Channels[0].Tried.IsZero() || len(b.health.Warnings()) != 2 {
		t.Errorf("channels that do not take messages are %+v, with %d warnings, %v", v.Channels, len(b.health.Warnings()), err)
	}
	g.answers(http.StatusOK)
	if _, err := b.Test(t.Context(), "host", "anne"); err != nil || len(b.health.Warnings()) != 0 {
		t.Errorf("a test that got through: %d warnings, %v", len(b.health.Warnings()), err)
	}
	if v, err := b.View(t.Context()); err != nil || v.Channels[0].Problem != "" {
		t.Errorf("channels that take messages again are %+v, %v", v.Channels, err)
	}
	if _, err := b.Test(context.Background(), "host", "nobody"); !errors.Is(err, ErrNoContact) {
		t.Errorf("%v", err)
	}
}

func TestWhatEventsTellOf(t *testing.T) {
	for _, c := range []struct {
		what    string
		payload event.Payload
		want    Happening
	}{
		{"an incident that is open", &event.Incident{UID: "7", Title: "x", Severity: "high", Status: "open"}, Happening{About: "incident:7", Kind: "incident", Severity: "high"}},
		{"one that is closed", &event.Incident{UID: "7", Severity: "high", Status: "closed"}, Happening{About: "incident:7", Kind: "incident", Severity: "high", Over: true}},
		{"an act that waits for a yes", &event.Containment{UID: "3", State: "proposed"}, Happening{About: "containment:3", Kind: "approval", Severity: "high"}},
		{"one that should be in force", &event.Containment{UID: "3", State: "failed"}, Happening{About: "containment:3", Kind: "approval", Severity: "critical"}},
		{"one that is", &event.Containment{UID: "3", State: "in_force"}, Happening{About: "containment:3", Kind: "approval", Severity: "high", Over: true}},
		{"one on its way", &event.Containment{UID: "3", State: "applying"}, Happening{}},
		{"what nobody needs to know at night", &event.DNS{}, Happening{}},
	} {
		h, ok := happening(&event.Event{Payload: c.payload})
		got := Happening{About: h.About, Kind: h.Kind, Severity: h.Severity, Over: h.Over}
		if ok != (c.want.About != "") || ok && got != c.want {
			t.Errorf("%s: %v %+v, want %+v", c.what, ok, got, c.want)
		}
	}
}
