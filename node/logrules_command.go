package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/detect/logrule"
	"bulwark/detect/signature"
	"bulwark/platform/clock"
	"bulwark/platform/ledger"
)

// isLogRule reports whether a rule about logs is meant: those of traffic have numbers, and lists of them a word before a colon.
func isLogRule(id string) bool {
	if _, err := signature.ParseID(id); err == nil {
		return false
	}
	kind, _, ok := strings.Cut(id, ":")
	return !ok || strings.Contains(kind, " ")
}

// askLogRules asks the running program about rules about logs, or where none runs answers from what is on disk.
func askLogRules(cmd *cobra.Command, method, path string, asked, into any) error {
	body, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	resp, err := callWithin(cmd, updateWait, method, path, "application/json", body)
	if err == nil {
		return readAnswer(resp, into)
	}
	if !errors.Is(err, errNotRunning) || method != http.MethodGet {
		return err
	}
	r, err := offlineLogRules(cmd)
	if err != nil {
		return &exit{ExitFailure, unwrapPath(err)}
	}
	return answerHere(cmd, r.Routes(func(*http.Request) (string, error) { return ledger.Host, nil }), method, path, body, into)
}

// offlineLogRules are the rules as they stand on disk, where no program runs.
func offlineLogRules(cmd *cobra.Command) (*logrule.Room, error) {
	c, err := loadConfig(cmd)
	if err != nil {
		return nil, err
	}
	dir := filepath.Join(dataDir(cmd), rulesDir)
	return logrule.Offline(logrule.Needs{Dir: filepath.Join(dir, "own"), Clock: clock.System{}, Log: slog.New(slog.DiscardHandler),
		Rules: func() ([]logrule.File, error) {
			traffic, err := c.Rules.Load(dir, time.Now())
			if err != nil {
				return nil, err
			}
			return withShipped(&c.Rules, asLogRules(traffic.Logs))
		}})
}

// logRuleItem is a rule about logs as lists show it as JSON.
type logRuleItem struct {
	Language string `json:"language"`
	Severity string `json:"severity"` // as traffic rules call their level
	logrule.Item
}

// trafficRuleItem is a traffic rule as lists show it as JSON.
type trafficRuleItem struct {
	Language string `json:"language"`
	signature.Item
}

// logRulesPage asks for the rules about logs that a query means, at most so many, and how many there are.
func logRulesPage(cmd *cobra.Command, q url.Values, limit int) (all []listedRule, total int, err error) {
	if q.Get("class") != "" {
		return nil, 0, nil // they have none
	}
	for name := range q {
		if q.Get(name) == "" {
			q.Del(name)
		}
	}
	for len(all) < limit {
		var p logrule.Page
		if err := askLogRules(cmd, http.MethodGet, "/api/logrules?"+q.Encode(), nil, &p); err != nil {
			return nil, 0, err
		}
		for _, i := range p.Items[:min(len(p.Items), limit-len(all))] {
			r := listedRule{id: i.ID, state: i.State, severity: i.Level, fired: i.Fired, last: i.Last, share: i.Share, title: i.Title, place: i.Place,
				json: logRuleItem{"sigma", i.Level, i}}
			if i.Reason != nil {
				r.reason = i.Reason.EN
			}
			if i.State == logrule.Refused {
				r.id = "-"
			}
			all = append(all, r)
		}
		if total = p.Total; p.Next == "" {
			break
		}
		q.Set("after", p.Next)
	}
	return all, total, nil
}

func askLogRule(cmd *cobra.Command, id string) (d logrule.Detail, err error) {
	err = askLogRules(cmd, http.MethodGet, "/api/logrules/"+url.PathEscape(id), nil, &d)
	return d, err
}

func showLogRule(out io.Writer, d logrule.Detail) {
	fmt.Fprintf(out, "%s\n%s\n\n", printable(d.Title), printable(d.Description))
	for line := range strings.Lines(d.Text) {
		fmt.Fprintln(out, printable(strings.TrimRight(line, "\r\n")))
	}
	fmt.Fprintln(out)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, printable(value))
		}
	}
	row("Rule", d.ID)
	row("Source", d.Set)
	row("Place", d.Place)
	row("State", d.State)
	if d.Reason != nil {
		row("", d.Reason.EN)
	}
	row("Severity", d.Level)
	row("Status", d.Status)
	row("Log source", strings.Join(strings.Fields(d.Product+" "+d.Category+" "+d.Service), " / "))
	row("Techniques", strings.Join(d.Techniques, ", "))
	fired := fmt.Sprint(d.Fired)
	if !d.Last.IsZero() {
		fired += ", last on " + d.Last.Local().Format(time.DateTime)
	}
	row("Fired", fired)
	if d.Asked > 0 {
		row("Asked", fmt.Sprintf("about %d of %d events, which took %.3f s", d.Asked, d.Events, d.Cost))
	}
	if d.Faults > 0 {
		row("Faults", fmt.Sprintf("Bulwark failed on it %d times: please report it", d.Faults))
	}
	for _, r := range d.References {
		row("Reference", r)
	}
	for _, f := range d.FalsePositives {
		row("False positives", f)
	}
	row("Author", d.Author)
	row("Licence", d.License)
	if d.Decided != nil {
		row("Decided", fmt.Sprintf("%s by %s: %s", d.Decided.When.Local().Format(time.DateTime), d.Decided.Who, d.Decided.Reason))
	}
	w.Flush()
	fmt.Fprintln(out)
	explainLogRule(out, d, false)
}

// explainLogRule prints what a rule asks for.
func explainLogRule(out io.Writer, d logrule.Detail, french bool) {
	for _, l := range d.Explain {
		text := l.EN
		if french {
			text = l.FR
		}
		fmt.Fprintln(out, strings.Repeat("  ", l.Depth)+"- "+printable(text))
	}
}

// switchLogRule puts a rule about logs in force, or out of it.
func switchLogRule(cmd *cobra.Command, out io.Writer, id string, on bool, reason string) error {
	var d logrule.Detail
	err := askLogRules(cmd, http.MethodPut, "/api/logrules/"+url.PathEscape(id), map[string]any{"enabled": on, "reason": reason}, &d)
	if err != nil {
		return err
	}
	verb := "out of force"
	if d.Enabled {
		verb = "in force"
	}
	fmt.Fprintf(out, "%s is %s now\n", printable(d.Title), verb)
	return nil
}
