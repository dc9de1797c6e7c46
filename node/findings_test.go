package node

import (
	"net/http"
	"strings"
	"testing"

	findings "bulwark/decide/finding"
)

// checkFindings sees that what the shipped rules find in the demonstration is found, named, searched and judged.
func checkFindings(t *testing.T, n *running, admin *browser) {
	var page findings.Page
	await(t, "the attacks of the capture are found, and what they named", func() bool {
		if status := admin.call(http.MethodGet, "/api/findings?sort=first", nil, &page); status != http.StatusOK {
			t.Fatalf("findings = %d", status)
		}
		named := 0
		for _, v := range page.Items {
			for _, e := range v.Entities {
				if e.Role == "other" {
					named++
				}
			}
		}
		return page.Total >= 5 && named > 0
	})
	for _, v := range page.Items {
		if e := v.Entities[0]; e.Kind != "device" || !strings.Contains(e.Name+e.Value, "HARVEST") && e.Value != "10.20.4.66" || len(v.Techniques) == 0 || !v.Hospital {
			t.Errorf("%+v", v)
		}
	}
	await(t, "events of findings can be searched", func() bool { return n.found("kind:finding") >= page.Total })
	var detail findings.Detail
	if status := admin.call(http.MethodGet, "/api/findings/1", nil, &detail); status != http.StatusOK || detail.RuleText == "" || len(detail.RuleSays.FR) == 0 || len(detail.Evidence.Events) == 0 {
		t.Errorf("the first = %d %+v", status, detail)
	}
	if n.found(detail.Evidence.Search) == 0 {
		t.Errorf("%s finds nothing", detail.Evidence.Search)
	}
	code, out, errs := typed(t, "findings", "verdict", "benign", "1", "--reason", "a drill", "--data", n.dir)
	if code != ExitOK || !strings.Contains(out, "Finding 1 is closed (benign).") {
		t.Errorf("verdict = %d %q %q", code, out, errs)
	}
	for _, c := range []struct{ args, want string }{
		{"list --status closed", "closed (benign)"}, {"show 1", "a drill"}, {"suppressions", "a drill"}, {"export --format ocsf", `"class_uid":2004`},
	} {
		args := append(append([]string{"findings"}, strings.Fields(c.args)...), "--data", n.dir)
		if code, out, errs := typed(t, args...); code != ExitOK || !strings.Contains(out, c.want) {
			t.Errorf("findings %s = %d %q %q, want %s in it", c.args, code, out, errs, c.want)
		}
	}
	if code, _, errs := typed(t, "findings", "verdict", "false", "2", "--data", n.dir); code != ExitFailure || !strings.Contains(errs, "needs a reason") {
		t.Errorf("a verdict without a reason = %d %q", code, errs)
	}
	status, text := admin.get("/api/rules/" + detail.Rule)
	if status != http.StatusOK || !strings.Contains(text, "a drill") {
		t.Errorf("the rule = %d %.300s, want what was said of it", status, text)
	}
	if _, text := admin.get("/api/ledger"); !strings.Contains(text, "finding.benign") {
		t.Errorf("the ledger does not tell of the verdict: %.300s", text)
	}
}
