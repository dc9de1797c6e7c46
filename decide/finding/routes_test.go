package finding

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/web"
)

// asking asks the routes, with the duty that a header tells.
type asking struct {
	t *testing.T
	h http.Handler
}

// byHeader lets in who has a duty of the route.
type byHeader struct{}

func (byHeader) Require(duties []web.Duty, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !slices.Contains(duties, web.Duty(r.Header.Get("Duty"))) {
			web.Refuse(w, r, http.StatusForbidden, "duty")
			return
		}
		h.ServeHTTP(w, r)
	})
}

func ask(t *testing.T, f *Findings) *asking {
	t.Helper()
	h, err := web.NewMux(f.Doors(func(r *http.Request) (string, error) { return "person:" + r.Header.Get("Duty"), nil }).Routes(), byHeader{})
	if err != nil {
		t.Fatal(err)
	}
	return &asking{t, h}
}

func (a *asking) raw(duty web.Duty, method, path, body string) *httptest.ResponseRecorder {
	a.t.Helper()
	r := httptest.NewRequestWithContext(a.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Duty", string(duty))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.h.ServeHTTP(w, r)
	return w
}

// send asks, and reads the answer into v.
func (a *asking) send(duty web.Duty, method, path, body string, v any) int {
	a.t.Helper()
	w := a.raw(duty, method, path, body)
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		a.t.Fatalf("%s %s: %d %q: %v", method, path, w.Code, w.Body, err)
	}
	return w.Code
}

func filled(t *testing.T) *Findings {
	f, _ := open(t, dbtest.SQLite(t), Needs{Devices: people{"10.0.0.1": 12}})
	a := &alerts{}
	a.add(1, "10.0.0.1", "10.0.0.2")
	a.add(1, "10.0.0.1", "10.0.0.2")
	a.add(2, "10.0.0.3", "10.0.0.2")
	a.put("10.0.0.3", "198.51.100.7", &event.Alert{Title: "=cmd()", GID: 1, SID: 9_000_001, Rev: 1, Severity: 1, App: "dns", Record: `{"dns":{"queries":[{"rrname":"bad.example"}]}}`,
		Metadata: []string{"mitre_technique_id T1071.004", "mitre_technique_id T1562.001"}})
	hear(t, f, a)
	return f
}

// Everybody may look; analysts and administrators judge.
func TestWhoMayDoWhat(t *testing.T) {
	a := ask(t, filled(t))
	const verdict = `{"ids":[1],"verdict":"false","reason":"ours"}`
	for _, d := range web.Watchers() {
		judges := d == web.Analyst || d == web.Administrator
		for _, path := range []string{"/api/findings", "/api/findings/facets", "/api/findings/1", "/api/findings/suppressions", "/api/findings/export?format=csv"} {
			if got := a.raw(d, "GET", path, "").Code; got != http.StatusOK {
				t.Errorf("%s reads %s: %d", d, path, got)
			}
		}
		want := http.StatusForbidden
		if judges {
			want = http.StatusOK
		}
		var said judged
		if got := a.send(d, "POST", "/api/findings/verdicts", verdict, &said); got != want {
			t.Errorf("%s judges: %d, want %d", d, got, want)
		}
		if judges && (len(said.Items) != 1 || len(said.Suppressions) != 1 || said.Items[0].By != "person:"+string(d) || said.Items[0].Status != Closed) {
			t.Errorf("%s judged: %+v", d, said)
		}
		var all struct {
			Items []Suppression `json:"items"`
		}
		if judges {
			a.send(d, "GET", "/api/findings/suppressions?rule=1:1", "", &all)
			if len(all.Items) != 1 {
				t.Fatalf("suppressions: %+v", all)
			}
		}
		path := "/api/findings/suppressions/1"
		if len(all.Items) > 0 {
			path = strings.TrimSuffix(path, "1") + itoa(all.Items[0].ID)
		}
		if got := a.raw(d, "DELETE", path, `{"reason":"mistaken"}`).Code; got != want {
			t.Errorf("%s takes it back: %d, want %d", d, got, want)
		}
	}
}

func itoa(n uint64) string { return grouped(n, "") }

func TestWhatIsRefused(t *testing.T) {
	a := ask(t, filled(t))
	for _, c := range []struct {
		method, path, body string
		status             int
		code               string
	}{
		{"GET", "/api/findings/99", "", http.StatusNotFound, "finding.no-finding"},
		{"GET", "/api/findings/x", "", http.StatusNotFound, "finding.no-finding"},
		{"GET", "/api/findings?severity=awful", "", http.StatusBadRequest, "finding.query"},
		{"GET", "/api/findings?sort=colour", "", http.StatusBadRequest, "finding.query"},
		{"GET", "/api/findings?limit=501", "", http.StatusBadRequest, "finding.query"},
		{"GET", "/api/findings?since=yesterday", "", http.StatusBadRequest, "finding.query"},
		{"GET", "/api/findings?after=x", "", http.StatusBadRequest, "finding.query"},
		{"GET", "/api/findings/facets?entity=device:x", "", http.StatusBadRequest, "finding.query"},
		{"GET", "/api/findings/export?format=pdf", "", http.StatusBadRequest, "finding.format"},
		{"POST", "/api/findings/verdicts", `{"ids":[1],"verdict":"maybe"}`, http.StatusUnprocessableEntity, "finding.verdict"},
		{"POST", "/api/findings/verdicts", `{"ids":[77],"verdict":"true"}`, http.StatusNotFound, "finding.no-finding"},
		{"POST", "/api/findings/verdicts", `{"idz":[1]}`, http.StatusBadRequest, "finding.body"},
		{"DELETE", "/api/findings/suppressions/4", ``, http.StatusNotFound, "finding.no-suppression"},
	} {
		var p web.Problem
		if got := a.send(web.Analyst, c.method, c.path, c.body, &p); got != c.status || p.Code != c.code {
			t.Errorf("%s %s %s: %d %+v, want %d %s", c.method, c.path, c.body, got, p, c.status, c.code)
		}
	}
}

func TestListsAndFacets(t *testing.T) {
	f := filled(t)
	a := ask(t, f)
	for _, c := range []struct{ sentence, query, want string }{
		{"the newest first", "", "3 2 1"},
		{"pages go on where they ended", "limit=1", "3"},
		{"the worst first", "sort=severity", "3 2 1"},
		{"the most frequent first", "sort=count", "1 3 2"},
		{"of a severity", "severity=high&severity=critical", "3"},
		{"of a technique by its whole", "technique=T1071", "3"},
		{"of a technique by the id that was retired", "technique=T1562.001", "3"},
		{"of a tactic", "tactic=TA0112", "3"},
		{"about a device", "entity=device:12", "1"},
		{"about an address", "entity=10.0.0.3", "3 2"},
		{"about both", "entity=10.0.0.3&entity=address:10.0.0.2", "2"},
		{"about a name", "entity=domain:bad.example", "3"},
		{"about a value", "entity=bad.example", "3"},
		{"words in rule and ends", "q=RULE+10.0.0.3", "2"},
		{"words in techniques", "q=impair+tools", ""},
		{"a word in a technique", "q=disable", "3"},
		{"words of the title in French", "q=refuse+une+association", "3"},
		{"since later", "since=2026-03-03T00:00:00Z", ""},
		{"first seen earlier", "until=2026-03-01T00:00:00Z", ""},
		{"first seen until then", "until=2026-03-03T00:00:00Z", "3 2 1"},
		{"in a status", "status=closed", ""},
	} {
		t.Run(c.sentence, func(t *testing.T) {
			var p Page
			a.send(web.Reader, "GET", "/api/findings?"+c.query, "", &p)
			var ids []string
			for _, v := range p.Items {
				ids = append(ids, itoa(v.ID))
			}
			check(t, c.query, strings.Join(ids, " "), c.want)
		})
	}
	var seen []uint64
	for next := ""; ; {
		var p Page
		a.send(web.Reader, "GET", "/api/findings?limit=1&sort=count&after="+next, "", &p)
		for _, v := range p.Items {
			seen = append(seen, v.ID)
		}
		if next = p.Next; next == "" {
			break
		}
	}
	if !slices.Equal(seen, []uint64{1, 3, 2}) {
		t.Errorf("page by page: %v", seen)
	}
	var x Facets
	a.send(web.Reader, "GET", "/api/findings/facets?severity=high", "", &x)
	if x.Severity["medium"] != 2 || x.Severity["high"] != 1 || x.Status["open"] != 1 || len(x.Rule) != 1 || x.Rule[0].ID != "1:9000001" {
		t.Errorf("facets of what is high: %+v", x)
	}
	if len(x.Technique) != 2 || len(x.Entity) != 3 {
		t.Errorf("techniques and entities of it: %+v %+v", x.Technique, x.Entity)
	}
	a.send(web.Reader, "GET", "/api/findings/facets", "", &x)
	if len(x.Rule) != 3 || x.Entity[0].Count != 2 || x.Site["main"] != 3 || x.Source["signature"] != 3 {
		t.Errorf("facets of all: %+v", x)
	}
}

func TestExports(t *testing.T) {
	f := filled(t)
	say(t, f, Ask{IDs: []uint64{1}, Verdict: Benign, Reason: "allowed"})
	a := ask(t, f)
	for format, want := range map[string][]string{
		"csv":   {"'=cmd()", "10.0.0.1,CT 12,10.0.0.2"},
		"json":  {`"id":3`, `"was":"T1562.001"`},
		"ocsf":  {`"class_uid":2004`, `"type_uid":200401`, `"type_uid":200403`, `"severity_id":4`, `"verdict_id":5`, `"sub_technique":{"name":"Application Layer Protocol: DNS","uid":"T1071.004"}`, `"tactics":[{"name":"Command and Control","uid":"TA0011"}]`, `"data":{"app_name":"dns","domain":["bad.example"]}`},
		"ecs":   {`"kind":"alert"`, `"framework":"MITRE ATT\u0026CK"`, `"ruleset":"signature"`},
		"sigma": {`"level":"high"`, `"attack.t1071.004"`, `"attack.command-and-control"`, `"SourceIp":"10.0.0.3"`, `"QueryName":"bad.example"`},
		"eve":   {`"event_type":"alert"`, `"signature_id":9000001`},
	} {
		w := a.raw(web.Reader, "GET", "/api/findings/export?format="+format, "")
		text := w.Body.String()
		n := strings.Count(text, "\n")
		if w.Code != http.StatusOK || n < 3 {
			t.Errorf("%s: %d %q", format, w.Code, text)
		}
		for _, x := range want {
			if !strings.Contains(text, x) {
				t.Errorf("%s has no %s:\n%s", format, x, text)
			}
		}
		for s := bufio.NewScanner(strings.NewReader(text)); format != "csv" && s.Scan(); {
			if !json.Valid(s.Bytes()) {
				t.Errorf("%s: %q is no JSON", format, s.Text())
			}
		}
	}
	if w := a.raw(web.Reader, "GET", "/api/findings/export?format=csv&rule=1:2", ""); strings.Count(w.Body.String(), "\n") != 2 {
		t.Errorf("of one rule: %q", w.Body)
	}
}

// Those who look are shown what is new, the most telling of it, and how much more there is.
func TestLive(t *testing.T) {
	var shown []live
	f, _ := open(t, dbtest.SQLite(t), Needs{Live: func(topic string, v any) {
		if topic != "finding" {
			t.Errorf("topic %s", topic)
		}
		shown = append(shown, v.(live))
	}})
	a := &alerts{}
	for n := range 60 {
		a.add(uint64(n), "10.0.0.1", "10.0.0.2")
	}
	hear(t, f, a)
	f.show()
	f.show()
	if len(shown) != 1 || len(shown[0].Changed) != mostShown || shown[0].LeftOff != 10 || shown[0].Changed[0].Change != "new" {
		t.Fatalf("%d messages: %+v", len(shown), shown)
	}
	a.add(7, "10.0.0.1", "10.0.0.2")
	hear(t, f, a)
	say(t, f, Ask{IDs: []uint64{3}, Verdict: Snooze, Until: morning.Add(time.Hour)})
	f.show()
	if m := shown[1]; len(m.Changed) != 2 || m.Changed[0].Change != "verdict" || m.Changed[1].Change != "count" || m.Changed[1].Finding.Count != 2 {
		t.Errorf("%+v", m)
	}
}

// FuzzQuery asks in all ways: what is answered is a page or a refusal.
func FuzzQuery(f *testing.F) {
	f.Add("status=open&q=x&limit=3&after=5.2&entity=device:1&since=2026-01-01T00:00:00Z&sort=count")
	f.Add("entity=%00&technique=T1059.001&rule=1:2")
	d := dbtest.SQLite(f)
	room, _ := open(f, d, Needs{})
	a := &alerts{}
	a.add(1, "10.0.0.1", "10.0.0.2")
	hear(f, room, a)
	f.Fuzz(func(t *testing.T, text string) {
		r := httptest.NewRequest("GET", "/api/findings", nil)
		r.URL.RawQuery = text
		q, err := readQuery(r.URL.Query())
		if err != nil {
			return
		}
		if p := room.list(q); len(p.Items) > q.limit || p.Total > 1 {
			t.Errorf("%q: %+v", text, p)
		}
		room.facets(q)
	})
}

// FuzzBatch hands over whatever may come from the bus.
func FuzzBatch(f *testing.F) {
	a := &alerts{}
	a.add(1, "10.0.0.1", "10.0.0.2")
	f.Add(a.batch.Bytes())
	f.Fuzz(func(t *testing.T, batch []byte) {
		room := assemble(Needs{Clock: fixed{}, Fleeting: true})
		_ = room.read(1, batch) // it may be none
		for id := range room.items {
			if _, err := room.Show(t.Context(), id); err != nil {
				t.Errorf("finding %d: %v", id, err)
			}
		}
	})
}

type fixed struct{}

func (fixed) Now() time.Time { return morning }
