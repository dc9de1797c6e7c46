package node

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/detect/logrule"
	"bulwark/detect/signature"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/ledger"
	"bulwark/platform/web"
)

// updateWait is how long the running program may take to bring sources up to date.
const updateWait = 30 * time.Minute

// askRules asks the running program about rules, or where none runs answers from what is on disk.
func askRules(cmd *cobra.Command, method, path string, asked, into any) error {
	body, err := json.Marshal(asked)
	if err != nil {
		return err
	}
	resp, err := callWithin(cmd, updateWait, method, path, "application/json", body)
	if errors.Is(err, errNotRunning) {
		return answerRules(cmd, method, path, body, into)
	}
	if err != nil {
		return err
	}
	return readAnswer(resp, into)
}

// answerRules answers a question about rules in this process.
func answerRules(cmd *cobra.Command, method, path string, body []byte, into any) error {
	c, err := loadConfig(cmd)
	if err != nil {
		return err
	}
	b, err := signature.Open(signature.Needs{Config: c.Rules, Dir: filepath.Join(dataDir(cmd), rulesDir), Clock: clock.System{},
		Log: slog.New(slog.DiscardHandler)})
	if b == nil {
		return &exit{ExitFailure, unwrapPath(err)}
	}
	if err != nil {
		fmt.Fprintf(cmd.ErrOrStderr(), "bulwark: %v\n", unwrapPath(err))
	}
	return answerHere(cmd, b.Doors(func(*http.Request) (string, error) { return ledger.Host, nil }).Routes(), method, path, body, into)
}

// answerHere has routes answer in this process.
func answerHere(cmd *cobra.Command, routes []web.Route, method, path string, body []byte, into any) error {
	mux := http.NewServeMux()
	for _, r := range routes {
		mux.Handle(r.Method+" "+r.Pattern, r.Handler)
	}
	r, err := http.NewRequestWithContext(cmd.Context(), method, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	w := &heard{header: http.Header{}, status: http.StatusOK}
	mux.ServeHTTP(w, r)
	if w.status != http.StatusOK {
		return &exit{ExitFailure, errors.New(wentWrong(w.text.Bytes()))}
	}
	return json.Unmarshal(w.text.Bytes(), into)
}

// heard is an answer of a handler in this process.
type heard struct {
	header http.Header
	status int
	text   bytes.Buffer
}

func (h *heard) Header() http.Header         { return h.header }
func (h *heard) WriteHeader(status int)      { h.status = status }
func (h *heard) Write(p []byte) (int, error) { return h.text.Write(p) }

// listedRule is a rule of either kind in a list.
type listedRule struct {
	id, state, severity, title, place, reason string
	fired                                     uint64
	last                                      time.Time
	share                                     float64
	json                                      any
}

func listRulesCommand(t Terminal) *cobra.Command {
	var o struct {
		state, source, technique, class, sort, about string
		limit                                        int
		json                                         bool
	}
	cmd := &cobra.Command{
		Use: "list [WORD]...", Short: "List the rules in which all words stand, with what became of each",
		Long: `List the rules in which all words stand, with what became of each: those about traffic (Suricata's language), and those
about logs (Sigma's), which have an id in place of a number. --about names one kind alone. Where Bulwark does not run, what rules about
logs matched and what was decided of them is not known.`,
		Example: `  bulwark rules list --state rejected
  bulwark rules list dicom --sort fired
  bulwark rules list --about logs --technique T1490`,
		Args: func(*cobra.Command, []string) error {
			if o.about == "" {
				return nil
			}
			if err := conf.OneOf(o.about, "traffic", "logs"); err != nil {
				return usage(fmt.Errorf("--about: %w", err))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			q := func() url.Values {
				return url.Values{"q": {strings.Join(args, " ")}, "state": {o.state}, "source": {o.source}, "technique": {o.technique},
					"class": {o.class}, "sort": {o.sort}, "limit": {fmt.Sprint(min(o.limit, 500))}}
			}
			var all []listedRule
			total := 0
			for _, kind := range [...]struct {
				about string
				page  func(*cobra.Command, url.Values, int) ([]listedRule, int, error)
			}{{"traffic", trafficRulesPage}, {"logs", logRulesPage}} {
				if o.about != "" && o.about != kind.about {
					continue
				}
				some, n, err := kind.page(cmd, q(), o.limit)
				if err != nil && !errors.Is(err, errNoDoor) {
					return err
				}
				all, total = append(all, some...), total+n
			}
			sortRules(all, o.sort)
			all = all[:min(len(all), o.limit)]
			if o.json {
				rows := make([]any, len(all))
				for k := range all {
					rows[k] = all[k].json
				}
				return writeJSON(t.Out, rows)
			}
			listRules(t.Out, all)
			if total > len(all) {
				fmt.Fprintf(t.Err, "%d more: add words, or --limit\n", total-len(all))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.about, "about", "", "only those about `traffic` or logs")
	f.StringVar(&o.state, "state", "", "only those in this `state`: loaded, rejected, disabled, noisy, blind or silent")
	f.StringVar(&o.source, "source", "", "only those of this `source`")
	f.StringVar(&o.technique, "technique", "", "only those about this `technique` or tactic of ATT&CK")
	f.StringVar(&o.class, "class", "", "only those of this `class`")
	f.StringVar(&o.sort, "sort", "id", "in the order of `id`, fired, cost or last")
	f.IntVar(&o.limit, "limit", 100, "at most so many")
	f.BoolVar(&o.json, "json", false, "as JSON")
	return cmd
}

// trafficRulesPage asks for the traffic rules that a query means, at most so many, and how many there are.
func trafficRulesPage(cmd *cobra.Command, q url.Values, limit int) (all []listedRule, total int, err error) {
	if q.Get("state") == logrule.ForOther {
		return nil, 0, nil // none of them is there for others
	}
	for len(all) < limit {
		var p signature.Page
		if err := askRules(cmd, http.MethodGet, "/api/rules?"+q.Encode(), nil, &p); err != nil {
			return nil, 0, err
		}
		for _, i := range p.Items[:min(len(p.Items), limit-len(all))] {
			r := listedRule{id: cmp.Or(strings.TrimPrefix(i.ID, "1:"), "-"), state: i.State, severity: i.Severity, fired: i.Fired, last: i.Last, share: i.Share,
				title: i.Title, place: i.Place, json: trafficRuleItem{"suricata", i}}
			if i.Reason != nil {
				r.reason = i.Reason.EN
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

// sortRules orders rules of both kinds; without a word those about traffic, by their numbers, go first.
func sortRules(all []listedRule, by string) {
	slices.SortStableFunc(all, func(a, b listedRule) int {
		switch by {
		case "fired":
			return cmp.Compare(b.fired, a.fired)
		case "last":
			return b.last.Compare(a.last)
		case "cost":
			return cmp.Compare(b.share, a.share) // of what all of its kind take
		}
		return 0 // as they came
	})
}

func listRules(out io.Writer, all []listedRule) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tSTATE\tSEVERITY\tFIRED\tTITLE\tPLACE\tREASON")
	for i := range all {
		r := &all[i]
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", printable(r.id), r.state, r.severity, r.fired, printable(r.title), printable(r.place), printable(r.reason))
	}
	w.Flush()
}

// ruleArgs asks for the number of one rule.
func ruleArgs() cobra.PositionalArgs {
	return exactly("a rule: the number of one about traffic, as sid or gid:sid, or the id of one about logs; bulwark rules list shows them")
}

func showRuleCommand(t Terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show RULE", Short: "Show a rule with all that is known of it", Args: ruleArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
			if isLogRule(args[0]) {
				d, err := askLogRule(cmd, args[0])
				switch {
				case err != nil:
					return err
				case asJSON:
					return writeJSON(t.Out, d)
				}
				showLogRule(t.Out, d)
				return nil
			}
			d, err := askRule(cmd, args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, d)
			}
			showRule(t.Out, d)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func askRule(cmd *cobra.Command, id string) (d signature.Detail, err error) {
	err = askRules(cmd, http.MethodGet, "/api/rules/"+url.PathEscape(id), nil, &d)
	return d, err
}

func showRule(out io.Writer, d signature.Detail) {
	fmt.Fprintf(out, "%s\n%s\n\n", printable(d.Title), d.Text)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, printable(value))
		}
	}
	row("Rule", fmt.Sprintf("%s revision %d", d.ID, d.Rev))
	row("Source", d.Source)
	row("Place", d.Place)
	row("State", d.State)
	if d.Reason != nil {
		row("", d.Reason.EN)
	}
	row("Severity", d.Severity)
	row("Class", d.Class)
	row("Techniques", strings.Join(d.Techniques, ", "))
	fired := fmt.Sprint(d.Fired)
	if !d.Last.IsZero() {
		fired += ", last on " + d.Last.Local().Format(time.DateTime)
	}
	row("Fired", fired)
	for _, v := range d.Variables {
		row(v.Name, v.Value)
	}
	for _, r := range d.References {
		row("Reference", strings.TrimSpace(r.System+" "+r.ID))
	}
	if d.Decided != nil {
		row("Decided", fmt.Sprintf("%s by %s: %s", d.Decided.When.Local().Format(time.DateTime), d.Decided.Who, d.Decided.Reason))
	}
	w.Flush()
	fmt.Fprintln(out)
	for _, s := range d.Explain.EN {
		fmt.Fprintln(out, printable(s))
	}
}

func explainRuleCommand(t Terminal) *cobra.Command {
	var french bool
	cmd := &cobra.Command{
		Use: "explain RULE", Short: "Put a rule into plain words", Args: ruleArgs(),
		Long: `Put a rule into plain words: what traffic it is about, in which direction, what must stand where, how often it tells, and
which marks of other rules it needs; of one about logs, which events of which log source it is about, and what they must say.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if isLogRule(args[0]) {
				d, err := askLogRule(cmd, args[0])
				if err == nil {
					fmt.Fprintln(t.Out, printable(d.Title))
					explainLogRule(t.Out, d, french)
				}
				return err
			}
			d, err := askRule(cmd, args[0])
			if err != nil {
				return err
			}
			all := d.Explain.EN
			if french {
				all = d.Explain.FR
			}
			fmt.Fprintln(t.Out, printable(d.Title))
			for _, s := range all {
				fmt.Fprintln(t.Out, "- "+printable(s))
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&french, "french", false, "in French")
	return cmd
}

func switchRulesCommand(t Terminal, on bool) *cobra.Command {
	var reason string
	verb, does := "disable", "Take rules out of force"
	if on {
		verb, does = "enable", "Put rules in force, also such as are commented out"
	}
	cmd := &cobra.Command{
		Use: verb + " RULES", Short: does,
		Args: exactly("a rule (sid or gid:sid, or the id of one about logs), or file:NAME, class:NAME, source:NAME, regex:EXPRESSION"),
		Long: does + `: one by its number, or its id where it is about logs; or traffic rules: those of a file by file:NAME (* stands for anything), of a class by class:NAME, of a source by
source:NAME, or those whose text an expression matches by regex:EXPRESSION. It holds until somebody says otherwise, also for
rules that come later. Who, when and why is kept; where Bulwark runs, in the ledger too, and it is in force at once. Of a rule
about logs it can be said only where Bulwark runs.`,
		Example: "  bulwark rules " + verb + ` 2027397 --reason "our backup does that every night"
  bulwark rules ` + verb + ` c947b146-0abc-4c87-9c64-b17e9d7274a2 --reason "the backup deletes old copies"
  bulwark rules ` + verb + ` class:policy-violation --reason "not our policy"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			id := args[0]
			if isLogRule(id) {
				return switchLogRule(cmd, t.Out, id, on, reason)
			}
			if p, err := signature.ParseID(id); err == nil {
				id = p.String()
				if _, err := askRule(cmd, id); err != nil {
					return err
				}
			}
			var put signature.Put
			err := askRules(cmd, http.MethodPost, "/api/rules/decide", map[string]any{"rules": id, "enabled": on, "reason": reason}, &put)
			if err != nil {
				return err
			}
			fmt.Fprintf(t.Out, "%s are usable now, %d are not\n", counted(put.Loaded, "rule", "rules"), put.Rejected)
			return nil
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "`why`, for those who come after")
	_ = cmd.MarkFlagRequired("reason") // the flag stands above
	return cmd
}

func sourcesCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "sources", Short: "List where rules come from, and what became of them", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var p struct {
				Items []signature.SourceView `json:"items"`
			}
			if err := askRules(cmd, http.MethodGet, "/api/rules/sources", nil, &p); err != nil {
				return err
			}
			w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SOURCE\tSTATE\tRULES\tUSABLE\tREJECTED\tUPDATED\tADDRESS\tREASON")
			for _, s := range p.Items {
				when := "-"
				if !s.Updated.IsZero() {
					when = s.Updated.Local().Format(time.DateTime)
				}
				fmt.Fprintf(w, "%s\t%s\t%d\t%d\t%d\t%s\t%s\t%s\n", s.Name, s.State, s.Rules, s.Loaded+s.Noisy+s.Blind, s.Rejected, when, s.Address, printable(s.Reason))
			}
			return w.Flush()
		},
	}
}

func updateRulesCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "update [SOURCE]", Short: "Fetch the rules of sources anew, verify them and put them in force",
		Long: `Fetch the rules of the sources that the setting rules.sources names, or of one of them; verify, read and keep them; and put
them in force without losing a packet. What cannot be fetched, verified or read leaves what was before in force, and is said;
the exit code is 3 then. The proxy is that of the variable HTTPS_PROXY.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var u signature.Updated
			if err := askRules(cmd, http.MethodPost, "/api/rules/update", map[string]string{"source": strings.Join(args, "")}, &u); err != nil {
				return err
			}
			failed := false
			for _, r := range u.Results {
				fmt.Fprintf(t.Out, "%s: %s", r.Source, r.Outcome)
				switch {
				case r.Reason != "":
					fmt.Fprintf(t.Out, ": %s", printable(r.Reason))
					failed = true
				default:
					fmt.Fprintf(t.Out, "; %s, %d new, %d gone, %d changed%s", counted(r.Rules, "rule", "rules"), r.Added, r.Removed, r.Changed, verifiedBy(&r))
				}
				fmt.Fprintln(t.Out)
			}
			fmt.Fprintf(t.Out, "%s are usable, %d are not\n", counted(u.Loaded, "rule", "rules"), u.Rejected)
			if failed {
				return &exit{code: ExitPartial}
			}
			return nil
		},
	}
}

func verifiedBy(r *signature.UpdatedSource) string {
	switch {
	case r.Local:
		return ""
	case r.Verified == "":
		return "; no checksum stands beside it"
	}
	return "; its " + r.Verified + " is right"
}
