package logs

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bulwark/platform/web"
)

// letIn lets everybody in.
type letIn struct{}

func (letIn) Require(_ []web.Duty, next http.Handler) http.Handler { return next }

// keptLines are lines that are kept, by their events.
type keptLines map[string]map[string]string

func (k keptLines) Line(_ context.Context, id string) (func(string) string, bool, error) {
	e, ok := k[id]
	return func(a string) string { return e[a] }, ok, nil
}

// ask asks the doors of a room.
func ask(t *testing.T, l *Logs, method, path, body string) (int, string) {
	t.Helper()
	mux, err := web.NewMux(l.Doors(func(*http.Request) (string, error) { return "person:1", nil }).Routes(), letIn{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	mux.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func TestASealedLineIsOpenedForAReasonThatTheLedgerHas(t *testing.T) {
	l := opened(t, Config{}, &shelf{})
	s, err := newSeal([32]byte{1})
	if err != nil {
		t.Fatal(err)
	}
	l.needs.Lines = keptLines{"7": {"log.sealed": string(s.append(nil, []byte("badge of Jeanne Martin\xff"))), "log.source": "doors"}, "8": {"log.source": "doors"}}
	for _, c := range []struct {
		what, id, body string
		status         int
		want           string
	}{
		{"no reason", "7", `{"reason": " "}`, http.StatusBadRequest, "bad-reason"},
		{"a line that was understood", "8", `{"reason": "why"}`, http.StatusNotFound, "no-such-line"},
		{"no such event", "9", `{"reason": "why"}`, http.StatusNotFound, "no-such-line"},
		{"a reason", "7", `{"reason": "a parser is written"}`, http.StatusOK, "badge of Jeanne Martin\uFFFD"},
	} {
		if status, body := ask(t, l, http.MethodPost, "/api/logs/lines/"+c.id, c.body); status != c.status || !strings.Contains(body, c.want) {
			t.Errorf("%s: %d %s, want %d and %q", c.what, status, body, c.status, c.want)
		}
	}
	if n, err := l.needs.DB.Read().NewSelect().Table("ledger_entry").Count(t.Context()); err != nil || n != 1 {
		t.Errorf("the ledger has %d entries, %v, want that of the line that was opened", n, err)
	}
}

func TestSetupSaysWhereWhatListensAndWhatIsConfigured(t *testing.T) {
	l := opened(t, Config{Syslog: Syslog{UDP: "127.0.0.1:0"}}, &shelf{})
	l.needs.Authority = func() string { return "PEM" }
	_, body := ask(t, l, http.MethodGet, "/api/logs/setup", "")
	var s Setup
	if err := json.Unmarshal([]byte(body), &s); err != nil {
		t.Fatal(err)
	}
	doors := map[string]int{}
	for _, w := range s.Ways {
		doors[w.ID] = len(w.Doors)
	}
	if s.Authority != "PEM" || doors["syslog"] != 1 || doors["http"] != 0 {
		t.Errorf("authority %q, doors %v", s.Authority, doors)
	}
	seen := map[string]bool{}
	for _, p := range s.Products {
		if err := p.Check(); p.Form == 1 && err != nil || seen[p.ID] {
			t.Errorf("%s: %v, twice: %v", p.ID, err, seen[p.ID])
		}
		seen[p.ID] = true
	}
	if !seen["rsyslog"] || !seen["fortigate"] {
		t.Errorf("products: %v", seen)
	}
}

func TestWhereThereIsNoTokenTheListIsEmpty(t *testing.T) {
	l := opened(t, Config{}, &shelf{})
	if _, body := ask(t, l, http.MethodGet, "/api/logs/tokens", ""); strings.TrimSpace(body) != `{"items":[]}` {
		t.Errorf("the tokens are %s", body)
	}
}

func TestTheClockOfASourceIsTheMedianOfItsLastLines(t *testing.T) {
	var o offsets
	if _, ok := o.usual(); ok {
		t.Error("no line said its time, and there is a median")
	}
	o.note(-time.Hour) // one that waited on the way
	for range 40 {
		o.note(90 * time.Second)
	}
	for range 7 {
		o.note(-time.Minute)
	}
	if d, ok := o.usual(); !ok || d != 90*time.Second {
		t.Errorf("usual = %v %v, want 90 s", d, ok)
	}
}
