package lab

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Finding is what a program says that it found, as far as it is checked.
type Finding struct {
	Title      string `json:"title"`
	Rule       string `json:"rule"`
	Severity   string `json:"severity"`
	Status     string `json:"status"`
	Count      int    `json:"count"`
	Techniques []struct {
		ID string `json:"id"`
	} `json:"techniques"`
	Entities []struct {
		Role   string `json:"role"`
		Kind   string `json:"kind"`
		Value  string `json:"value"`
		Device int    `json:"device"`
	} `json:"entities"`
}

// Findings are what the program found.
func (w *Watcher) Findings(ctx context.Context) ([]Finding, error) {
	text, err := w.get(ctx, w.base+"/api/findings?limit=500&sort=first")
	if err != nil {
		return nil, err
	}
	var list struct {
		Items []Finding `json:"items"`
	}
	return list.Items, json.Unmarshal(text, &list)
}

// suspected is a finding that there must be: of one of these rules, about what one station did to another.
type suspected struct {
	name     string
	rules    []string
	from, to string // to: empty for anybody
}

var attacks = [...]suspected{
	{"the scan of the servers is found", []string{"1:9000401", "1:9000402", "1:9000403", "1:9000404", "1:9000405"}, "attacker", ""},
	{"the search of the PACS by wildcards is found", []string{"1:9000004"}, "attacker", "pacs"},
	{"the question for all patients is found", []string{"1:9000003"}, "attacker", "pacs"},
	{"the guessing over SMB is found", []string{"1:9000502"}, "attacker", "files"},
	{"the guessing over SSH is found", []string{"1:9000501"}, "attacker", "files"},
	{"the guessing over SSH stands in the server's log, too", []string{"5f0f2a40-6f0e-4f5c-9a2c-0d2c4a7b1002"}, "attacker", ""},
	{"the names that carry data are found", []string{"1:9000805"}, "attacker", "names"},
}

// CheckFindings judges whether each attack is found, of whom and by what technique, and that nobody else is suspected of
// anything grave.
func CheckFindings(all []Finding) []Result {
	var results []Result
	judge := func(name, reason string) {
		results = append(results, Result{Expectation: Expectation{Name: name}, Passed: reason == "", Reason: reason})
	}
	for _, s := range attacks {
		judge(s.name, s.missed(all))
	}
	judge("nobody but who attacks is suspected of anything grave", innocents(all))
	return results
}

// missed says why a finding is not as it must be; empty when it is.
func (s *suspected) missed(all []Finding) string {
	var near []string
	for i := range all {
		f := &all[i]
		if !slices.Contains(s.rules, f.Rule) {
			continue
		}
		switch {
		case !f.has("source", s.from) || s.to != "" && !f.has("target", s.to):
			near = append(near, f.String())
		case len(f.Techniques) == 0:
			return "it names no technique"
		case f.Status != "open":
			return "it is " + f.Status
		default:
			return ""
		}
	}
	if len(near) > 0 {
		return "there is only " + strings.Join(near, "; ")
	}
	return "there is no finding of rule " + strings.Join(s.rules, ", ")
}

// has reports whether a station has a role in a finding.
func (f *Finding) has(role, station string) bool {
	for _, e := range f.Entities {
		if e.Role == role && e.Value == at(station) {
			return true
		}
	}
	return false
}

func (f *Finding) String() string {
	ends := map[string]string{}
	for _, e := range f.Entities {
		if e.Role != "other" && ends[e.Role] == "" {
			ends[e.Role] = e.Kind + " " + e.Value
		}
	}
	return fmt.Sprintf("%q of %s to %s", f.Title, ends["source"], ends["target"])
}

// meant are stations that do something grave once, on purpose, and the rule that tells of it.
var meant = map[string]string{"us1": "1:9000009", "lis": "1:9000101"}

// innocents are grave findings of others than those who attack.
func innocents(all []Finding) string {
	var found []string
	for i := range all {
		f := &all[i]
		if grave := f.Severity == "critical" || f.Severity == "high"; grave && !f.has("source", "attacker") && !f.has("source", laptop) &&
			!f.onPurpose() {
			found = append(found, f.String())
		}
	}
	return strings.Join(found, "; ")
}

func (f *Finding) onPurpose() bool {
	for station, rule := range meant {
		if f.Rule == rule && f.has("source", station) {
			return true
		}
	}
	return false
}
