package console

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/health"
	"bulwark/platform/store"
	"bulwark/platform/web"
)

// open lets everybody in.
type open struct{}

func (open) Require(_ []web.Duty, next http.Handler) http.Handler { return next }

// rig is a console over a store with a minute of a small hospital, and the time at which that minute ended.
type rig struct {
	*Console
	mux   *http.ServeMux
	end   time.Time
	noted []map[string]string
}

func newRig(t *testing.T) *rig {
	t.Helper()
	s, err := store.Open(store.Options{Dir: t.TempDir(), MinFree: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	end := time.Now().UTC().Truncate(time.Minute)
	c := clock.NewManual(end.Add(10 * time.Second))
	r := &rig{end: end}
	r.Console, err = New(Options{Store: s, Live: NewHub(c), Health: health.NewTracker(c), Clock: c,
		Files: fstest.MapFS{"index.html": {Data: []byte("<!doctype html>" + strings.Repeat(" ", 2000))}, "assets/a.js": {Data: []byte("1")}},
		Record: func(_ *http.Request, act string, detail map[string]string) error {
			detail["act"] = act
			r.noted = append(r.noted, detail)
			return nil
		}})
	if err != nil {
		t.Fatal(err)
	}
	if r.mux, err = web.NewMux(r.Routes(), open{}); err != nil {
		t.Fatal(err)
	}
	if err := s.Add(minute(end)); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	return r
}

// minute is 60 DNS answers, 60 flows of 1000 bytes out and 500 in, 6 DICOM stores, and the counters of 60 seconds.
func minute(end time.Time) []byte {
	var b event.Batch
	b.Reset("s1", "north", uint64(end.UnixMicro()))
	for i := range 60 {
		at := end.Add(-time.Duration(60-i) * time.Second)
		h := event.Header{Time: at.UnixNano(), Flow: uint64(i + 1), Proto: 17, Src: netip.MustParseAddr(fmt.Sprintf("10.0.0.%d", i%3)),
			Dst: netip.MustParseAddr("10.0.9.53"), Ports: event.Ports{Src: 40000, Dst: 53}}
		b.Add(&h, &event.DNS{Activity: "Response", Hostname: "pacs.hosp.example", Type: "A", Rcode: "NOERROR", Answers: []string{"10.1.0.1", "10.1.0.2"}})
		b.Add(&h, &event.Flow{Activity: "Close", App: "dns", BytesOut: 1000, BytesIn: 500})
		if i%10 == 0 {
			b.Add(&h, &event.DICOM{Activity: "Store", CallingAE: "=CT|1", CalledAE: "PACS", Modality: "CT", Instances: 2})
		}
		none := event.Header{Time: at.UnixNano()}
		b.Add(&none, &event.Stats{Interval: 1e9, Interface: "eth1", Bytes: 1500, Packets: 4, Flows: 1, Active: 7, DroppedKernel: 1})
		b.Add(&none, &event.Stats{Interval: 1e9, Interface: "eth1", App: "dns", Bytes: 1200, Messages: 1})
		b.Add(&none, &event.Stats{Interval: 1e9, Interface: "eth1", App: "hl7", Bytes: 100, Messages: 2})
		b.Add(&none, &event.Stats{Interval: 1e9, Interface: "eth1", VLAN: 12, OneSided: 3, TwoSided: 1})
	}
	return b.Bytes()
}

// get asks and decodes the answer into v.
func (r *rig) get(t *testing.T, path string, params url.Values, v any) *httptest.ResponseRecorder {
	t.Helper()
	if params == nil {
		params = url.Values{}
	}
	if !params.Has("from") {
		params.Set("from", r.end.Add(-time.Minute).Format(time.RFC3339))
		params.Set("to", r.end.Format(time.RFC3339))
	}
	w := httptest.NewRecorder()
	q := httptest.NewRequest(http.MethodGet, path+"?"+params.Encode(), nil)
	q.Header.Set("Accept-Language", "fr")
	r.mux.ServeHTTP(w, q)
	if v == nil {
		return w
	}
	if w.Code != http.StatusOK {
		t.Fatalf("GET %s = %d %s", path, w.Code, w.Body)
	}
	if err := json.Unmarshal(w.Body.Bytes(), v); err != nil {
		t.Fatal(err)
	}
	return w
}

func TestSearchPagesThroughEveryEventOnce(t *testing.T) {
	r := newRig(t)
	seen := map[string]bool{}
	before := ""
	for range 20 {
		var p page
		r.get(t, "/api/search", url.Values{"limit": {"7"}, "before": {before}, "q": {"kind:dns"}}, &p)
		for _, e := range p.Events {
			if seen[e.ID] {
				t.Errorf("event %s came twice", e.ID)
			}
			seen[e.ID] = true
		}
		if before = p.Next; before == "" {
			break
		}
	}
	if len(seen) != 60 {
		t.Errorf("got %d events, want 60", len(seen))
	}
}

func TestSearchGoesOnAmongEventsOfOneInstant(t *testing.T) {
	at := time.Unix(100, 0)
	rows := make([]store.Row, 5)
	for i := range rows {
		rows[i] = store.Row{Time: at, ID: fmt.Sprint(i)}
	}
	first := newPage(rows[:3], cursor{}, 2)
	c, err := readCursor(first.Next)
	if err != nil {
		t.Fatal(err)
	}
	second := newPage(rows, c, 2)
	third, err := readCursor(second.Next)
	if err != nil {
		t.Fatal(err)
	}
	last := newPage(rows, third, 2)
	var got []string
	for _, p := range []page{first, second, last} {
		for _, e := range p.Events {
			got = append(got, e.ID)
		}
	}
	if want := "[0 1 2 3 4]"; fmt.Sprint(got) != want || last.Next != "" {
		t.Errorf("got %v, next %q; want %s and no more", got, last.Next, want)
	}
}

func TestSearchTakesListsApart(t *testing.T) {
	r := newRig(t)
	var p page
	r.get(t, "/api/search", url.Values{"limit": {"1"}, "q": {"kind:dns"}}, &p)
	if got := fmt.Sprint(p.Events[0].Fields["answers.rdata"]); got != "[10.1.0.1 10.1.0.2]" {
		t.Errorf("answers = %s, want a list of two", got)
	}
}

func TestCountersAreNoTraffic(t *testing.T) {
	r := newRig(t)
	for q, want := range map[string]uint64{"": 126, "kind:stats": 240, "kind:dicom": 6} {
		var h histogram
		r.get(t, "/api/histogram", url.Values{"q": {q}}, &h)
		if h.Total != want {
			t.Errorf("%q: total = %d, want %d", q, h.Total, want)
		}
	}
}

func TestFacetsAndValues(t *testing.T) {
	r := newRig(t)
	var f struct{ Facets []facet }
	r.get(t, "/api/facets", url.Values{"fields": {"src_endpoint.ip,hl7.type,dicom.modality"}}, &f)
	if len(f.Facets) != 2 || len(f.Facets[0].Values) != 3 || f.Facets[1].Values[0] != (count{"CT", 6}) {
		t.Errorf("facets = %+v, want three sources and one modality", f.Facets)
	}
	var v struct{ Values []count }
	r.get(t, "/api/values", url.Values{"field": {"answers.rdata"}, "start": {"10.1.0.2"}}, &v)
	if len(v.Values) != 1 || v.Values[0] != (count{"10.1.0.2", 60}) {
		t.Errorf("values = %+v, want the one element of the lists that begins so", v.Values)
	}
}

func TestPeersSumBothWays(t *testing.T) {
	r := newRig(t)
	var p struct{ Peers []peer }
	r.get(t, "/api/peers", nil, &p)
	if len(p.Peers) != 3 || p.Peers[0].BytesOut != 20_000 || p.Peers[0].BytesIn != 10_000 {
		t.Errorf("peers = %+v, want three pairs of 20000 and 10000 bytes", p.Peers)
	}
	if got := fmt.Sprint(p.Peers[0].Apps); got != "[dns dicom]" {
		t.Errorf("apps = %s, want [dns dicom]", got)
	}
}

func TestTalkersSumBothRoles(t *testing.T) {
	r := newRig(t)
	var v struct{ Talkers []talker }
	r.get(t, "/api/talkers", nil, &v)
	if len(v.Talkers) != 4 || v.Talkers[0] != (talker{"10.0.9.53", 30_000, 60_000}) {
		t.Errorf("talkers = %+v, want the resolver first", v.Talkers)
	}
}

func TestNow(t *testing.T) {
	r := newRig(t)
	r.Health.Set(&health.Warnable{ID: "x", Severity: health.Degraded, Title: health.Text{FR: "titre", EN: "title"}}, nil)
	var n now
	r.get(t, "/api/now", nil, &n)
	if n.Total != (totals{Bytes: 90_000, Packets: 240, Dropped: 60, Flows: 60}) || n.Active != 7 {
		t.Errorf("total = %+v, active %d", n.Total, n.Active)
	}
	if len(n.Protos) != 3 || n.Protos[0].App != "dns" || n.Protos[1].App != "" || n.Protos[1].Bytes != 12_000 {
		t.Errorf("protocols = %+v, want dns, 12000 bytes not recognised, hl7", n.Protos)
	}
	if n.Clinical[0].Kind != "dicom" || n.Clinical[0].PerMinute[0] != 60 || n.Clinical[0].Total != 6 {
		t.Errorf("dicom = %+v, want one in the first second, 6 in all", n.Clinical[0])
	}
	if len(n.OneSided) != 1 || n.OneSided[0] != (oneSided{"eth1", 12, 180, 60}) {
		t.Errorf("one-sided = %+v, want VLAN 12", n.OneSided)
	}
	if len(n.Warnings) != 1 || n.Warnings[0].Title != "titre" {
		t.Errorf("warnings = %+v, want one, in French", n.Warnings)
	}
}

func TestNowOfASilentRangeNamesTheNewestEvent(t *testing.T) {
	r := newRig(t)
	var n now
	r.get(t, "/api/now", url.Values{"from": {"2020-01-01T00:00:00Z"}, "to": {"2020-01-01T01:00:00Z"}}, &n)
	if n.Newest == nil || n.Newest.Before(r.end.Add(-2*time.Second)) || n.Total.Bytes != 0 {
		t.Errorf("newest = %v, total %+v", n.Newest, n.Total)
	}
}

func TestExport(t *testing.T) {
	r := newRig(t)
	w := r.get(t, "/api/export", url.Values{"format": {"csv"}, "q": {"kind:dicom"}}, nil)
	rows, err := csv.NewReader(w.Body).ReadAll()
	if err != nil || len(rows) != 7 {
		t.Fatalf("csv has %d rows, %v; want a head and 6", len(rows), err)
	}
	if !strings.Contains(strings.Join(rows[1], " "), " '=CT|1 ") {
		t.Errorf("row = %q, want the formula made harmless", rows[1])
	}
	w = r.get(t, "/api/export", url.Values{"format": {"json"}, "q": {"kind:dicom"}}, nil)
	if got := bytes.Count(w.Body.Bytes(), []byte("\n")); got != 6 {
		t.Errorf("json has %d lines, want 6", got)
	}
	if len(r.noted) != 2 || r.noted[0]["act"] != "console.export" || r.noted[0]["search"] != "kind:dicom" {
		t.Errorf("ledger notes = %v, want both exports with what was searched for", r.noted)
	}
}

func TestWrongQuestions(t *testing.T) {
	r := newRig(t)
	tests := []struct {
		name, path string
		params     url.Values
		want       string
	}{
		{"a search that makes no sense says where", "/api/search", url.Values{"q": {"kind:dns foo:bar"}}, `"position":9`},
		{"added terms do not move the place", "/api/peers", url.Values{"q": {"kind:dns foo:bar"}}, `"position":9`},
		{"a search cannot break out of its parentheses", "/api/peers", url.Values{"q": {"kind:dns) or (kind:tls"}}, "bad-query"},
		{"a time that is none", "/api/search", url.Values{"from": {"yesterday"}}, "bad-time"},
		{"an end before the beginning", "/api/search", url.Values{"from": {"2026-01-02T00:00:00Z"}, "to": {"2026-01-01T00:00:00Z"}}, "bad-time"},
		{"a limit beyond the bound", "/api/search", url.Values{"limit": {"1001"}}, "bad-number"},
		{"a cursor that is none", "/api/search", url.Values{"before": {"x"}}, "bad-number"},
		{"an attribute that does not exist", "/api/values", url.Values{"field": {"x"}}, "bad-field"},
		{"an unknown facet", "/api/facets", url.Values{"fields": {"kind,x"}}, "bad-field"},
		{"an unknown format", "/api/export", url.Values{"format": {"xls"}}, "bad-format"},
		{"the sentence is in the language of whoever asks", "/api/export", url.Values{"format": {"xls"}}, "Le format est"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := r.get(t, tt.path, tt.params, nil)
			if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), tt.want) {
				t.Errorf("got %d %s, want 400 with %q", w.Code, w.Body, tt.want)
			}
		})
	}
}

func TestWhatASearchExpectsIsSaidInFrench(t *testing.T) {
	for text, want := range map[string]string{
		"foo:bar":  "« foo:bar » n’est pas compris ; attendu : un nom connu comme src, dst, port, app, kind, domain, url, user.",
		"(a":       "La recherche s’arrête trop tôt ; attendu : ) pour la ( au caractère 1.",
		"a and":    "La recherche s’arrête trop tôt ; attendu : un mot ou nom:valeur.",
		"src:x":    "« x » n’est pas compris ; attendu : une valeur que src_endpoint.ip peut avoir.",
		`url:"x`:   "« \"x » n’est pas compris ; attendu : un \" fermant.",
		"port:x":   "« x » n’est pas compris ; attendu : un nombre, ou un intervalle comme 1..1023.",
		"bytes:>x": "« >x » n’est pas compris ; attendu : un nombre après >, avec son unité s’il en a une (10KB, 5s).",
		"a|b":      "« |b » n’est pas compris ; attendu : une valeur, entre guillemets droits si elle a des espaces, des parenthèses ou |.",
	} {
		_, err := store.Parse(text)
		if _, got := refusalOf(err, true); got.Message != want {
			t.Errorf("%s:\ngot  %s\nwant %s", text, got.Message, want)
		}
	}
}

func TestEverySentenceIsInBothLanguages(t *testing.T) {
	for key, s := range sentences() {
		if s[0] == "" || s[1] == "" {
			t.Errorf("%s: %q", key, s)
		}
	}
}

func TestFiles(t *testing.T) {
	r := newRig(t)
	page := httptest.NewRequest(http.MethodGet, "/traffic", nil)
	page.Header.Set("Accept-Encoding", "gzip")
	w := httptest.NewRecorder()
	r.mux.ServeHTTP(w, page)
	if w.Header().Get("Content-Encoding") != "gzip" || w.Header().Get("Cache-Control") != "no-cache" {
		t.Errorf("page headers = %v", w.Header())
	}
	for path, want := range map[string]int{"/assets/a.js": 200, "/assets/b.js": 404, "/now": 200, "/settings/people": 200, "/other": 404} {
		w := httptest.NewRecorder()
		r.mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s = %d, want %d", path, w.Code, want)
		}
	}
	unbuilt, err := New(Options{Files: fstest.MapFS{}})
	if err != nil {
		t.Fatal(err)
	}
	w = httptest.NewRecorder()
	unbuilt.page(w, page)
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "npm ci") {
		t.Errorf("without a build: %d %s, want 503 and how to build", w.Code, w.Body)
	}
}

// TestDuties holds every route to what its duties may be, so that a new one is thought about.
func TestDuties(t *testing.T) {
	r := newRig(t)
	var got []string
	for _, route := range r.Routes() {
		got = append(got, route.String())
	}
	all := "administrator,analyst,biomedical-engineer,approver,reader"
	want := []string{"GET /{$} signed-in", "GET /now signed-in", "GET /incidents signed-in", "GET /incidents/{id} signed-in", "GET /response signed-in", "GET /response/{id} signed-in", "GET /safety signed-in", "GET /findings signed-in", "GET /findings/{id} signed-in", "GET /traffic signed-in", "GET /cases signed-in", "GET /cases/{id} signed-in", "GET /devices signed-in", "GET /devices/{id} signed-in", "GET /map signed-in", "GET /dependencies signed-in",
		"GET /sources signed-in", "GET /detections signed-in", "GET /playbooks signed-in", "GET /playbooks/{id} signed-in", "GET /oncall signed-in", "GET /access signed-in", "GET /people signed-in", "GET /people/{id} signed-in", "GET /sessions signed-in", "GET /settings signed-in", "GET /settings/{part} signed-in",
		"GET /assets/{name} public", "GET /theme.js public", "GET /icon.svg public", "GET /api/site signed-in",
		"GET /api/now " + all, "GET /api/talkers " + all, "GET /api/search " + all, "GET /api/access/decisions administrator,approver,auditor", "GET /api/histogram " + all, "GET /api/facets " + all,
		"GET /api/peers " + all, "GET /api/fields " + all, "GET /api/values " + all, "GET /api/export analyst,administrator", "GET /api/node " + all, "GET /api/packets analyst", "GET /api/files/{sum} analyst", "GET /api/live " + all}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("routes are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestPackets(t *testing.T) {
	r := newRig(t)
	var asked PacketQuery
	give, failing := uint64(3), error(nil)
	r.Packets = func(_ *http.Request, q PacketQuery, out io.Writer) (uint64, error) {
		asked = q
		_, err := io.WriteString(out, "packets")
		return give, errors.Join(err, failing)
	}
	w := r.get(t, "/api/packets", url.Values{"flow": {"77"}, "reason": {" incident 12 "}}, nil)
	if w.Code != http.StatusOK || w.Body.String() != "packets" || w.Header().Get("Content-Type") != "application/x-pcapng" ||
		!strings.Contains(w.Header().Get("Content-Disposition"), `filename="bulwark-flow-77-`) {
		t.Errorf("a flow: got %d %q %v", w.Code, w.Body, w.Header())
	}
	if asked.Flow != 77 || asked.Reason != "incident 12" || asked.Bytes != MaxPackets || !asked.To.Equal(r.end) {
		t.Errorf("asked for %+v", asked)
	}
	w = r.get(t, "/api/packets", url.Values{"host": {"2001:db8::7", "10.0.0.1"}, "filter": {"port 53"}, "reason": {"x"}}, nil)
	if w.Code != http.StatusOK || len(asked.Hosts) != 2 || asked.Filter != "port 53" {
		t.Errorf("addresses: got %d, asked for %+v", w.Code, asked)
	}
	for _, c := range []struct {
		name   string
		params url.Values
		give   uint64
		fail   error
		status int
		code   string
	}{
		{"nothing asked for", url.Values{"reason": {"x"}}, 1, nil, 400, "bad-packets"},
		{"an address that is none", url.Values{"host": {"pacs"}, "reason": {"x"}}, 1, nil, 400, "bad-packets"},
		{"a flow that is none", url.Values{"flow": {"-1"}, "reason": {"x"}}, 1, nil, 400, "bad-number"},
		{"a time that is none", url.Values{"flow": {"1"}, "reason": {"x"}, "from": {"now"}}, 1, nil, 400, "bad-time"},
		{"no reason", url.Values{"flow": {"1"}, "reason": {" "}}, 1, nil, 400, "no-reason"},
		{"a filter that is none", url.Values{"filter": {"port"}, "reason": {"x"}}, 0, ErrFilter, 400, "bad-filter"},
		{"no such packet", url.Values{"flow": {"1"}, "reason": {"x"}}, 0, nil, 404, "no-packets"},
		{"an error before the first byte", url.Values{"flow": {"1"}, "reason": {"x"}}, 1, errors.New("disk"), 500, "internal"},
	} {
		give, failing = c.give, c.fail
		w := r.get(t, "/api/packets", c.params, nil)
		if w.Code != c.status || !strings.Contains(w.Body.String(), `"error":"`+c.code+`"`) || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: got %d %s, want %d %s", c.name, w.Code, w.Body, c.status, c.code)
		}
	}
	r.Packets = nil
	if w := r.get(t, "/api/packets", url.Values{"flow": {"1"}, "reason": {"x"}}, nil); w.Code != http.StatusNotFound {
		t.Errorf("without a ring: got %d", w.Code)
	}
}

func TestCopiesOfFiles(t *testing.T) {
	r := newRig(t)
	var got FileQuery
	var failing error
	r.Copies = func(_ *http.Request, q FileQuery, out io.Writer) error {
		got = q
		if failing != nil {
			return failing
		}
		_, err := io.WriteString(out, "archive")
		return err
	}
	sum := strings.Repeat("ab", 32)
	w := r.get(t, "/api/files/"+sum, url.Values{"reason": {" why "}}, nil)
	if w.Code != http.StatusOK || w.Body.String() != "archive" || got.SHA256 != sum || got.Reason != "why" ||
		w.Header().Get("Content-Disposition") != `attachment; filename="bulwark-abababababababab.zip"` || w.Header().Get("Content-Type") != "application/zip" {
		t.Errorf("a copy: got %d %q %v, asked for %+v", w.Code, w.Body, w.Header(), got)
	}
	for _, c := range []struct {
		name, sum, reason string
		fail              error
		status            int
		code              string
	}{
		{"no reason", sum, " ", nil, 400, "no-reason"},
		{"no digest", "abc", "x", nil, 400, "bad-digest"},
		{"no such copy", sum, "x", ErrNoFile, 404, "no-file"},
		{"an error before the first byte", sum, "x", errors.New("disk"), 500, "internal"},
	} {
		failing = c.fail
		w := r.get(t, "/api/files/"+c.sum, url.Values{"reason": {c.reason}}, nil)
		if w.Code != c.status || !strings.Contains(w.Body.String(), `"error":"`+c.code+`"`) || w.Header().Get("Content-Disposition") != "" {
			t.Errorf("%s: got %d %s, want %d %s", c.name, w.Code, w.Body, c.status, c.code)
		}
	}
	r.Copies = nil
	if w := r.get(t, "/api/files/"+sum, url.Values{"reason": {"x"}}, nil); w.Code != http.StatusNotFound {
		t.Errorf("without copies: got %d", w.Code)
	}
}
