package node

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"bulwark/decide/access"
	"bulwark/decide/identity"
	"bulwark/decide/safety"
	"bulwark/event"
	"bulwark/observe/logs"
	"bulwark/observe/sensor"
	"bulwark/platform/conf"
	"bulwark/platform/health"
	"bulwark/platform/keys"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
	"bulwark/platform/web/webtest"
	"bulwark/respond/containment"
	"bulwark/respond/notify"
)

func TestACaptureIsShownToWhoeverSetsTheNodeUp(t *testing.T) {
	needCage(t)
	dir := t.TempDir()
	n := start(t, made{config: settings(), dir: dir, capture: demoFile(t)})
	admin := n.administrator()

	t.Run("what crossed the wire can be searched", func(t *testing.T) {
		await(t, "DICOM, HL7 and FHIR can be searched", func() bool {
			return n.found("kind:dicom") > 100 && n.found("kind:hl7") > 100 && n.found("kind:fhir") > 30
		})
		q := url.Values{"q": {`kind:dicom dicom.calling_ae:HARVEST`}, "from": {"2020-01-01T00:00:00Z"}, "to": {"2100-01-01T00:00:00Z"}}
		var page struct{ Events []struct{ Kind string } }
		await(t, "who harvested the PACS at the capture's end is found", func() bool {
			status := admin.call(http.MethodGet, "/api/search?"+q.Encode(), nil, &page)
			if status != http.StatusOK {
				t.Fatalf("search = %d, want 200", status)
			}
			return len(page.Events) > 0 && page.Events[0].Kind == "dicom"
		})
	})
	t.Run("every search of the guide finds something", func(t *testing.T) {
		for _, search := range guideSearches(t) {
			if n.found(search) == 0 {
				t.Errorf("%s finds nothing", search)
			}
		}
	})
	t.Run("what the rules found is found, and judged", func(t *testing.T) { checkFindings(t, n, admin) })
	t.Run("the ledger is whole and tells of the set-up", func(t *testing.T) {
		status, text := admin.get("/api/ledger")
		if status != http.StatusOK || !strings.Contains(text, "identity.setup") {
			t.Errorf("ledger = %d %.200s", status, text)
		}
		report, err := n.ledger.Verify(t.Context())
		if err != nil || !report.Whole() {
			t.Errorf("verify = %+v, %v", report, err)
		}
	})
	t.Run("a second program keeps away from the directory", func(t *testing.T) {
		_, err := newNode(t.Context(), made{config: settings(), dir: dir, log: n.log})
		want := "another bulwark uses " + dir + ": stop it, or name another directory with --data"
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
	t.Run("the set-up link is good once, and there is no other", func(t *testing.T) {
		link := setupLink.FindStringSubmatch(n.greeted)
		if status, _ := n.browser().get(link[1]); status != http.StatusGone {
			t.Errorf("the link again = %d, want %d", status, http.StatusGone)
		}
		await(t, "the control socket answers", func() bool { _, err := os.Stat(controlPath(dir)); return err == nil })
		if code, out, errs := typed(t, "setup-link", "--data", dir); code != ExitFailure || out != "" || !strings.Contains(errs, "already") {
			t.Errorf("setup-link = %d %q %q, want a refusal", code, out, errs)
		}
		code, out, errs := typed(t, "reset-link", "alix", "--data", dir)
		if link := strings.TrimSpace(strings.TrimPrefix(out, n.server.URL())); code != ExitOK || !strings.HasPrefix(link, "/") {
			t.Errorf("reset-link = %d %q %q, want a link", code, out, errs)
		} else if status, _ := n.browser().get(link); status != http.StatusOK {
			t.Errorf("the reset link = %d, want 200", status)
		}
		if code, out, errs := typed(t, "reset-link", "nobody", "--data", dir); code != ExitFailure || out != "" || !strings.Contains(errs, `"nobody"`) {
			t.Errorf("reset-link = %d %q %q, want a refusal", code, out, errs)
		}
		if code, _, errs := typed(t, "nodes", "list", "--data", dir); code != ExitFailure || !strings.Contains(errs, "stands alone") {
			t.Errorf("nodes list = %d %q, want that it stands alone", code, errs)
		}
	})
	t.Run("health and metrics are told to whom they may be", func(t *testing.T) { checkStatus(t, n) })
}

// guideSearches are the searches in the table of docs/guide/first-hour.md.
func guideSearches(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../docs/guide/first-hour.md")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, row := range regexp.MustCompile("(?m)^\\| [^|]+ \\| `([^`]+)` \\|$").FindAllStringSubmatch(string(page), -1) {
		all = append(all, row[1])
	}
	if len(all) < 4 {
		t.Fatalf("got %d searches in the guide, want its table", len(all))
	}
	return all
}

func checkStatus(t *testing.T, n *running) {
	b := n.browser()
	await(t, "/readyz says ready", func() bool { status, text := b.get("/readyz"); return status == http.StatusOK && text == "ready\n" })
	for path, want := range map[string]string{"/healthz": "ok\n", "/metrics": "bulwark_http_requests_total"} {
		if status, text := b.get(path); status != http.StatusOK || !strings.Contains(text, want) {
			t.Errorf("%s = %d %.100q, want 200 and %q", path, status, text, want)
		}
	}
	_, metrics := b.get("/metrics")
	for _, want := range []string{"bulwark_bus", "bulwark_store", "go_goroutines"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("/metrics lacks %s", want)
		}
	}
	outside := func(token string) int {
		r := httptest.NewRequest(http.MethodGet, "https://localhost/metrics", nil)
		r.RemoteAddr = "192.0.2.7:4711"
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		w := httptest.NewRecorder()
		n.server.Handler().ServeHTTP(w, r)
		return w.Code
	}
	if got := outside(""); got != http.StatusUnauthorized {
		t.Errorf("/metrics from another machine = %d, want %d", got, http.StatusUnauthorized)
	}
	if got := outside("a guess"); got != http.StatusUnauthorized {
		t.Errorf("/metrics with a guessed token where there is none = %d, want %d", got, http.StatusUnauthorized)
	}
}

func TestMetricsAreToldToWhoBearsTheToken(t *testing.T) {
	c := settings()
	c.Console.MetricsToken = conf.NewSecret("a long and secret token")
	n := start(t, made{config: c, dir: t.TempDir(), roles: roles{"site"}})
	for token, want := range map[string]int{"a long and secret token": http.StatusOK, "another": http.StatusUnauthorized} {
		r := httptest.NewRequest(http.MethodGet, "https://bulwark.example/metrics", nil)
		r.RemoteAddr = "192.0.2.7:4711"
		r.Header.Set("Authorization", "Bearer "+token)
		w := httptest.NewRecorder()
		n.server.Handler().ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("/metrics with %q = %d, want %d", token, w.Code, want)
		}
	}
}

// publish publishes n batches of one DNS event each, numbered from first, and waits until they are acknowledged.
func (r *running) publish(first, n int) {
	r.t.Helper()
	begin := time.Now()
	for i := first; i < first+n; i++ {
		var b event.Batch
		b.Reset("probe", r.config.Site, uint64(i))
		b.Add(&event.Header{Time: begin.UnixNano() + int64(i)}, &event.DNS{ID: uint64(i), Hostname: "host.hospital.example"})
		if err := r.publisher.Publish(r.t.Context(), event.KindDNS.Subject(), b.Bytes(), nil); err != nil {
			r.t.Fatal(err)
		}
	}
	limit, cancel := context.WithTimeout(r.t.Context(), patience)
	defer cancel()
	if err := r.publisher.Flush(limit); err != nil {
		r.t.Fatal(err)
	}
}

func TestWhatANodeHeldIsThereAfterARestart(t *testing.T) {
	dir := t.TempDir()
	m := made{config: settings(), dir: dir, roles: roles{"site"}}
	first := start(t, m)
	first.administrator()
	first.publish(1, 500)
	first.stop() // at once: what is on the bus alone must be found as well

	again := start(t, m)
	if strings.Contains(again.greeted, "Set up") {
		t.Errorf("a node that is set up prints %q", again.greeted)
	}
	await(t, "the events of before are found", func() bool { return again.found("kind:dns") >= 500 })
	again.publish(501, 100)
	await(t, "new events are found", func() bool { return again.found("kind:dns") >= 600 })
	if got := again.found("kind:dns"); got != 600 {
		t.Errorf("got %d events, want 600", got)
	}
	b := again.browser()
	if status, text := b.form("/sign-in", "login", "alix", "password", password); status != http.StatusSeeOther {
		t.Errorf("signing in after a restart = %d %.200s", status, text)
	}
	if status, text := b.form("/sign-in/second", "code", first.app.Code(time.Now())); status != http.StatusSeeOther {
		t.Errorf("the code after a restart = %d %.200s", status, text)
	}
	if status, _ := b.get("/api/people"); status != http.StatusOK {
		t.Errorf("the people after a restart = %d, want 200", status)
	}
	report, err := again.ledger.Verify(t.Context())
	if err != nil || !report.Whole() {
		t.Errorf("verify = %+v, %v", report, err)
	}
}

// TestEveryRouteKeepsItsPromise tries each door of the whole program as nobody, as somebody without duties, and with
// each single duty. Who widens access changes testdata/routes.txt too.
func TestEveryRouteKeepsItsPromise(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator()
	cookies := map[web.Duty][]*http.Cookie{}
	for _, duty := range append(web.Duties(), "") {
		cookies[duty] = n.invited(admin, duty)
	}
	routes := n.routes
	webtest.CheckRoutes(t, routes, n.identity, func(duty web.Duty, r *http.Request) {
		for _, c := range cookies[duty] {
			r.AddCookie(c)
		}
	})
	const golden = "testdata/routes.txt"
	got := webtest.Table(routes)
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || got != string(want) {
		t.Errorf("%s is not what the program offers (%v); read the difference, then run go test ./node -run EveryRoute -update\ngot\n%s", golden, err, got)
	}
}

// invited is the cookies of somebody who was invited with one duty; "" is somebody whose duty was taken back.
func (r *running) invited(admin *browser, duty web.Duty) []*http.Cookie {
	r.t.Helper()
	first := duty
	if duty == "" {
		first = web.Reader
	}
	var out struct {
		Person struct{ ID string }
		Link   struct{ URL string }
	}
	who := map[string]any{"login": "person-" + string(duty) + "x", "name": "Dr " + string(duty), "duties": []web.Duty{first}}
	if status := admin.call(http.MethodPost, "/api/people", who, &out); status != http.StatusCreated {
		r.t.Fatalf("inviting %q = %d", duty, status)
	}
	b := r.browser()
	if status, text := b.form(strings.TrimPrefix(out.Link.URL, b.url), "password", password, "again", password); status != http.StatusSeeOther {
		r.t.Fatalf("accepting = %d %.200s", status, text)
	}
	b.enrol()
	if duty == "" { // the console lets nobody be without; an older or a foreign database may
		err := r.db.Write(r.t.Context(), func(ctx context.Context, tx bun.Tx) error {
			_, err := tx.ExecContext(ctx, "UPDATE identity_person SET duties = '[]' WHERE id = ?", out.Person.ID)
			return err
		})
		if err != nil {
			r.t.Fatal(err)
		}
	}
	at, err := url.Parse(b.url)
	if err != nil {
		r.t.Fatal(err)
	}
	return b.client.Jar.Cookies(at)
}

func TestWarnablesAreComplete(t *testing.T) {
	all := Warnables()
	all = append(all, sensor.Warnables()...)
	all = append(all, keys.Warnables()...)
	all = append(all, logs.Warnables()...)
	all = append(all, notify.Warnables()...)
	all = append(all, safety.Warnables()...)
	all = append(all, access.Warnables()...)
	all = append(all, identity.Warnables()...)
	all = append(all, containment.Warnables()...)
	all = append(all, ledger.Warnables()...)
	all = append(all, health.Warnables()...)
	seen := map[string]bool{}
	for _, w := range all {
		if err := w.Check(); err != nil {
			t.Error(err)
		}
		if seen[w.ID] {
			t.Errorf("%s is declared twice", w.ID)
		}
		seen[w.ID] = true
	}
	if len(all) < 10 {
		t.Errorf("got %d warnables, want all of them", len(all))
	}
}

func TestANodeDescribesItselfToTheConsole(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator()
	status, text := admin.get("/api/node")
	var node struct {
		Version, Dir string
		Retention    []struct {
			Kinds string
			Days  int
		}
	}
	if err := json.Unmarshal([]byte(text), &node); err != nil || status != http.StatusOK {
		t.Fatalf("node = %d %.200s", status, text)
	}
	if node.Dir != n.dir || node.Version != Version() || len(node.Retention) != 3 || node.Retention[0].Days != 30 {
		t.Errorf("got %+v", node)
	}
}
