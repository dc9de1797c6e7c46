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
	{"the guessing over SSH stands in the server's log, too", []string{logRule + "1002"}, "attacker", "files"},
	{"guesses at one account stand in the logs of SSH and of the shares together", []string{logRule + "1030"}, "attacker", "files"},
	{"a guess over SSH that was right stands in the server's log", []string{logRule + "1001"}, laptop, "files"},
	{"attacks on the web server stand in its log", []string{logRule + "1611"}, laptop, "ehr"},
	{"names tried at the web server stand in its log", []string{logRule + "1601"}, laptop, "ehr"},
	{"accounts tried at a socket stand in the log of the RADIUS server", []string{logRule + "2112"}, laptop, ""},
	{"accounts tried at a socket are seen on the way to the RADIUS server", []string{logRule + "2110"}, laptop, "dc"},
	{"files renamed one after the other stand in the log of the shares", []string{logRule + "2501"}, laptop, "files"},
	{"the records of very many patients stand in the audit of the record", []string{logRule + "2001"}, laptop, "ehr"},
	{"records that are taken away stand in the audit of the record", []string{logRule + "2040"}, laptop, "ehr"},
	{"the names that carry data are found", []string{"1:9000805"}, "attacker", "names"},
}

// logRule begins the identifiers of the shipped rules about events of logs.
const logRule = "5f0f2a40-6f0e-4f5c-9a2c-0d2c4a7b"

// oneStory is what the sensor sees and what servers write of the same thing, each by its rules.
type oneStory struct {
	name          string
	traffic, logs []string
}

var oneStories = [...]oneStory{
	{"the guessing over SSH, seen and written down, is one incident", []string{"1:9000501"}, []string{logRule + "1002"}},
	{"the ransom, seen and written down, is one incident", []string{"1:9000701", "1:9000703", "1:9000704", "1:9000706"}, []string{logRule + "2501"}},
	{"the records taken, seen and written down, are one incident", []string{"1:9000201", "1:9000203", "1:9000204", "1:9000205"}, []string{logRule + "2040"}},
	{"attacks on the web server, seen and written down, are one incident", []string{"1:9001001", "1:9001002", "1:9001005"}, []string{logRule + "1611"}},
}

// CheckIncidents judges whether what is seen and what logs say comes together, and says so.
func (s *Seen) CheckIncidents() (results []Result) {
	for _, o := range oneStories {
		reason := "no incident has both"
		for i := range s.incidents {
			in := &s.incidents[i]
			if !in.saw(&stage{rules: o.traffic}) || !in.saw(&stage{rules: o.logs}) {
				continue
			}
			if reason = ""; !strings.Contains(in.Story[0].EN, "logs") {
				reason = "it does not say that logs tell of it: " + in.Story[0].EN
			}
			break
		}
		results = append(results, Result{Expectation: Expectation{Name: o.name}, Passed: reason == "", Reason: reason})
	}
	return results
}

// Stories are the incidents as they are told.
func (s *Seen) Stories() string {
	var b strings.Builder
	for i := range s.incidents {
		in := &s.incidents[i]
		fmt.Fprintf(&b, "incident %d: %s (%s, %d findings)\n", in.ID, in.Title.EN, in.Band, in.Findings)
		for _, line := range in.Story {
			fmt.Fprintf(&b, "  %s\n", line.EN)
		}
	}
	return b.String()
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
