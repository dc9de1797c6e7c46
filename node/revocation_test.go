package node

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/web"
)

// revocable is somebody whose console is open: a stream that tells what happens.
type revocable struct {
	id, login string
	open      io.ReadCloser
}

// watching is somebody with a duty whose stream has begun.
func (r *running) watching(admin *browser, login string, duty web.Duty) *revocable {
	r.t.Helper()
	var out struct {
		Person struct{ ID string }
		Link   struct{ URL string }
	}
	if status := admin.call(http.MethodPost, "/api/people", map[string]any{"login": login, "name": "Dr " + login, "duties": []web.Duty{duty}}, &out); status != http.StatusCreated {
		r.t.Fatalf("inviting %s = %d", login, status)
	}
	b := r.browser()
	if status, text := b.form(strings.TrimPrefix(out.Link.URL, b.url), "password", password, "again", password); status != http.StatusSeeOther {
		r.t.Fatalf("accepting = %d %.200s", status, text)
	}
	b.enrol()
	request, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, b.url+"/api/live", nil)
	if err != nil {
		r.t.Fatal(err)
	}
	resp, err := b.client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	if _, err := bufio.NewReader(resp.Body).ReadString('\n'); err != nil || resp.StatusCode != http.StatusOK {
		r.t.Fatalf("the stream = %d, %v", resp.StatusCode, err)
	}
	return &revocable{out.Person.ID, login, resp.Body}
}

// ended waits for the last byte of what they watch.
func (p *revocable) ended() { _, _ = io.Copy(io.Discard, p.open) }

// TestOpenStreamsEndWithWhatOpenedThem takes away what lets people watch: their account, their duty, their session, the trust in them. How long
// the last byte comes after that is printed where BULWARK_BENCH is set to how often each is tried.
func TestOpenStreamsEndWithWhatOpenedThem(t *testing.T) {
	times := 1
	if n := os.Getenv("BULWARK_BENCH"); n != "" {
		if _, err := fmt.Sscan(n, &times); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, policiesDir), 0o700); err != nil {
		t.Fatal(err)
	}
	own := `@id("trusted-alone") @why("Whoever weighs in an incident does not look on") forbid (principal is Person, action == Action::"use", resource == Door::"GET /api/live") when { principal.risk >= 3 };`
	if err := os.WriteFile(filepath.Join(dir, policiesDir, "own.cedar"), []byte(own), 0o600); err != nil {
		t.Fatal(err)
	}
	n := start(t, made{config: settings(), dir: dir, roles: roles{"site"}})
	admin := n.administrator()
	number := uint64(0)
	acts := []struct {
		name string
		do   func(p *revocable)
	}{
		{"disabled", func(p *revocable) { admin.call(http.MethodPost, "/api/people/"+p.id+"/disable", nil, nil) }},
		{"duty", func(p *revocable) {
			admin.call(http.MethodPost, "/api/people/"+p.id+"/duties", map[string]any{"duties": []web.Duty{web.Approver}}, nil)
		}},
		{"risk", func(p *revocable) {
			var b event.Batch
			number++
			b.Reset("probe", n.config.Site, number)
			b.Add(&event.Header{Time: time.Now().UnixNano()}, &event.Risk{Entity: "user:" + p.login, Score: 90, Band: "critical", Reason: "it was seen at night"})
			if err := n.publisher.Publish(t.Context(), event.KindRisk.Subject(), b.Bytes(), nil); err != nil {
				t.Error(err)
			}
		}},
	}
	var took []time.Duration
	for _, act := range acts {
		for k := range times {
			p := n.watching(admin, fmt.Sprintf("%s-%d", act.name, k), web.Reader)
			at := time.Now()
			act.do(p)
			p.ended() // the stream of whom nothing is taken away does not end: the test would not either
			took = append(took, time.Since(at))
		}
	}
	if times > 1 {
		slices.Sort(took)
		fmt.Printf("%d signals, the median after %.0f ms\nRESULT revocation_p99_ms %.0f ms\n", len(took), took[len(took)/2].Seconds()*1000, took[len(took)*99/100].Seconds()*1000)
	}
}
