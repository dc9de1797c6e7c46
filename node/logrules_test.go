package node

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	findings "bulwark/decide/finding"
	"bulwark/detect/logrule"
	"bulwark/event"
)

func TestARuleAboutLogsMakesAFinding(t *testing.T) {
	n := start(t, made{config: settings(), dir: t.TempDir(), roles: roles{"site"}})
	admin := n.administrator()
	var b event.Batch
	b.Reset("site.logs", n.config.Site, 7)
	h := event.Header{Time: time.Now().UnixNano()}
	b.Add(&h, &event.Log{Intake: "syslog", Product: "windows", Host: "FILES01", User: `HOSP\j.durand`, Fields: []string{
		"Channel", "Microsoft-Windows-Sysmon/Operational", "EventID", "1", "CommandLine", "vssadmin.exe delete shadows /all", "User", `HOSP\j.durand`}})
	if err := n.publisher.Publish(t.Context(), event.KindLog.Subject(), b.Bytes(), nil); err != nil {
		t.Fatal(err)
	}
	var page findings.Page
	await(t, "the finding", func() bool {
		if status := admin.call(http.MethodGet, "/api/findings", nil, &page); status != http.StatusOK {
			t.Fatalf("findings = %d", status)
		}
		return page.Total > 0
	})
	v := page.Items[0]
	if v.Source != "log" || v.Entities[0].Kind != "host" || v.Entities[0].Value != "FILES01" || v.Techniques[0].ID != "T1490" || v.Severity != "high" {
		t.Errorf("got %+v", v)
	}
	var detail findings.Detail
	if status := admin.call(http.MethodGet, "/api/findings/1", nil, &detail); status != http.StatusOK || len(detail.Evidence.Events) != 1 {
		t.Fatalf("the finding = %d %+v", status, detail)
	}
	await(t, "its events can be searched", func() bool { return n.found(detail.Evidence.Search) == 1 && n.found("CommandLine:*shadows*") == 1 })
	const id = "5f0f2a40-6f0e-4f5c-9a2c-0d2c4a7b1301"
	var rules logrule.Page
	if status := admin.call(http.MethodGet, "/api/logrules?sort=fired", nil, &rules); status != http.StatusOK || rules.Items[0].ID != id || rules.Items[0].Fired != 1 || rules.Items[0].State != logrule.Loaded {
		t.Fatalf("the rules = %d %+v", status, rules)
	}
	tried := map[string]string{"rules": deletesCopies, "query": "kind:log", "from": "2026-01-01T00:00:00Z", "to": time.Now().Add(time.Hour).UTC().Format(time.RFC3339)}
	var outcome logrule.Outcome
	if status := admin.call(http.MethodPost, "/api/logrules/try", tried, &outcome); status != http.StatusOK || len(outcome.Fires) != 1 || outcome.Fires[0].First[0].Host != "FILES01" {
		t.Errorf("the trial = %d %+v", status, outcome)
	}
	var off logrule.Detail
	if status := admin.call(http.MethodPut, "/api/logrules/"+id, map[string]any{"enabled": false, "reason": "the backup does that"}, &off); status != http.StatusOK || off.State != logrule.Disabled || !strings.Contains(off.Text, "vssadmin") {
		t.Errorf("out of force = %d %+v", status, off)
	}
	if _, text := admin.get("/api/ledger"); !strings.Contains(text, "logrule.disable") {
		t.Errorf("the ledger does not tell of it: %.300s", text)
	}
	logRulesByCommand(t, n.dir, id)
}

// logRulesByCommand asks for a rule about logs, which is out of force and matched once, by commands.
func logRulesByCommand(t *testing.T, dir, id string) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"list", "shadow"}, "disabled  high"},
		{[]string{"list", "--state", "disabled", "--json"}, `"language": "sigma"`},
		{[]string{"list", "--sort", "fired", "--limit", "1"}, id},
		{[]string{"list", "--about", "traffic", "shadow"}, "REASON\n"},
		{[]string{"show", id}, "the backup does that"},
		{[]string{"show", id, "--json"}, `"fired": 1`},
		{[]string{"explain", id}, "CommandLine contains all of"},
		{[]string{"explain", id, "--french"}, "CommandLine contient"},
		{[]string{"enable", id, "--reason", "it was an attack"}, "is in force now"},
		{[]string{"disable", id, "--reason", "it was not"}, "is out of force now"},
	} {
		if code, out, errs := typed(t, append([]string{"rules", "--data", dir}, c.args...)...); code != ExitOK || !strings.Contains(out, c.want) {
			t.Errorf("rules %v = %d %q %q, want %q", c.args, code, out, errs, c.want)
		}
	}
	if code, _, errs := typed(t, "rules", "enable", "no-such-rule", "--reason", "x", "--data", dir); code != ExitFailure || errs == "" {
		t.Errorf("a rule that there is not = %d %q", code, errs)
	}
}

func TestLogRulesAreListedWhereNothingRuns(t *testing.T) {
	dir := t.TempDir()
	const id = "5f0f2a40-6f0e-4f5c-9a2c-0d2c4a7b1301"
	code, out, errs := typed(t, "rules", "list", "shadow", "--data", dir)
	if code != ExitOK || !strings.Contains(out, id+"  loaded") {
		t.Errorf("rules list = %d %q %q", code, out, errs)
	}
	if code, _, errs := typed(t, "rules", "disable", id, "--reason", "x", "--data", dir); code != ExitFailure || !strings.Contains(errs, "no bulwark runs") {
		t.Errorf("rules disable = %d %q", code, errs)
	}
}

const deletesCopies = `title: copies
logsource: {product: windows, category: process_creation}
detection:
  a: {CommandLine|contains: shadows}
  condition: a
`

func TestCasesOfLogsAreRun(t *testing.T) {
	dir := t.TempDir()
	cases := filepath.Join(dir, "cases.yml")
	text := `- name: passwords are tried
  log: sshd.log
  fires: [Many failed sign-ons over SSH from one address]
- name: something else is wanted
  log: sshd.log
  fires: [5f0f2a40-6f0e-4f5c-9a2c-0d2c4a7b1301]
`
	var log strings.Builder
	for n := range 12 {
		fmt.Fprintf(&log, "Nov 23 02:00:%02d srv1 sshd[%d]: Failed password for root from 203.0.113.9 port 4%d ssh2\n", n, 100+n, 1000+n)
	}
	for name, text := range map[string]string{cases: text, filepath.Join(dir, "sshd.log"): log.String()} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	code, out, errs := typed(t, "rules", "test", cases, "--data", dir)
	for _, want := range []string{"ok    passwords are tried", "FAIL  something else is wanted", "b1301 did not fire", "b1002 fired", "2 cases, 1 passed, 1 failed"} {
		if code != ExitPartial || !strings.Contains(out, want) {
			t.Errorf("rules test = %d %q %q, want %q in it", code, out, errs, want)
		}
	}
}

// What people wrote in the console is checked, and asked in cases, as what is in force; not where files are named.
func TestRulesWrittenInTheConsoleAreCheckedAndTested(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"rules/own/ward.yml": deletesCopies, "rules/own/broken.yml": strings.Replace(deletesCopies, "condition: a", "condition: b", 1),
		"other.yml": deletesCopies, "cases.yml": "- {name: copies, fires: [copies], events: [{of: {product: windows, category: process_creation, CommandLine: list shadows}}]}\n"} {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if code, out, errs := typed(t, "rules", "check", "--data", dir); code != ExitPartial || !strings.Contains(out, "own/broken.yml:5") {
		t.Errorf("rules check = %d %q %q", code, out, errs)
	}
	if code, out, errs := typed(t, "rules", "check", filepath.Join(dir, "other.yml"), "--data", dir); code != ExitOK || out != "1 rules are usable, 0 are not\n" {
		t.Errorf("rules check FILE = %d %q %q", code, out, errs)
	}
	if code, out, errs := typed(t, "rules", "test", filepath.Join(dir, "cases.yml"), "--data", dir); code != ExitOK {
		t.Errorf("rules test = %d %q %q", code, out, errs)
	}
}
