package node

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/respond/playbook"
)

// attack publishes what is found of a workstation that writes over a share: enough for an incident.
func (r *running) attack() {
	r.t.Helper()
	var found event.Batch
	now := time.Now()
	found.Reset("finding", r.config.Site, uint64(now.UnixNano()))
	src, dst := netip.MustParseAddr("10.20.3.7"), netip.MustParseAddr("10.20.1.9")
	for n := range 6 {
		h := event.Header{Time: now.Add(time.Duration(n-6) * 20 * time.Second).UnixNano(), Src: src, Dst: dst}
		found.Add(&h, &event.Finding{UID: fmt.Sprint(900 + n), Title: fmt.Sprint("Ransomware writes over a share, ", n), Rule: fmt.Sprint("1:", 7000+n), Severity: "critical",
			Status: "open", Activity: "Create", Count: 1, Techniques: []string{"T1486"}, Tactics: []string{"TA0040"}, Entities: []string{"address:10.20.3.7", "address:10.20.1.9"}})
	}
	if err := r.publisher.Publish(r.t.Context(), event.KindFinding.Subject(), found.Bytes(), nil); err != nil {
		r.t.Fatal(err)
	}
}

// A playbook is played over what is kept of a real run: it would have waited for a person, as nobody confirmed a tier; then a
// named person makes it active.
func TestAPlaybookIsTestedOverWhatIsKept(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator()
	n.talk()
	n.attack()
	await(t, "an incident is there", func() bool {
		var page struct{ Total int }
		return admin.call(http.MethodGet, "/api/incidents", nil, &page) == http.StatusOK && page.Total == 1
	})
	var b playbook.BackTest
	if status := admin.call(http.MethodPost, "/api/backtests", map[string]any{"playbook": "ransomware", "days": 7}, &b); status != http.StatusOK {
		t.Fatalf("status %d", status)
	}
	path := fmt.Sprint("/api/backtests/", b.ID)
	await(t, "the back-test is done", func() bool {
		b = playbook.BackTest{}
		return admin.call(http.MethodGet, path, nil, &b) == http.StatusOK && b.State == playbook.Done
	})
	if b.Incidents != 1 || b.Runs != 1 || b.Unsaid != 1 || len(b.Items) < 2 || b.Asked != len(b.Items)-1 || b.Done != 1 {
		t.Errorf("%+v", b)
	}
	for _, x := range b.Items {
		if x.Act == "freeze-ring" {
			continue // evidence needs nobody's yes
		}
		if x.Outcome != "ask" || x.Needs != "soc" || x.Why[0].Code == "" {
			t.Errorf("%+v", x)
		}
	}
	code, out, errs := typed(t, "playbooks", "backtest", "ransomware", "--data", n.dir)
	if code != ExitOK || !strings.Contains(out, "In 30 days this would have kept the packets of 1 incident.") || !strings.Contains(out, "waits for soc") {
		t.Errorf("%d %q %q", code, out, errs)
	}
	mode := map[string]string{"mode": "active", "reason": "tested"}
	if status := admin.call(http.MethodPost, "/api/playbooks/ransomware/mode", mode, nil); status != http.StatusOK {
		t.Errorf("a person: %d", status)
	}
	if code, out, _ := typed(t, "playbooks", "list", "--data", n.dir); code != ExitOK || !strings.Contains(out, "active") {
		t.Errorf("%d %q", code, out)
	}
}
