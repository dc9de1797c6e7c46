package node

import (
	"bytes"
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

	"bulwark/detect/signature"
	"bulwark/platform/clock"
	"bulwark/platform/ledger"
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
	mux := http.NewServeMux()
	for _, r := range b.Doors(func(*http.Request) (string, error) { return ledger.Host, nil }).Routes() {
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

func listRulesCommand(t Terminal) *cobra.Command {
	var o struct {
		state, source, technique, class, sort string
		limit                                 int
		json                                  bool
	}
	cmd := &cobra.Command{
		Use: "list [WORD]...", Short: "List the rules in which all words stand, with what became of each",
		Example: `  bulwark rules list --state rejected
  bulwark rules list dicom --sort fired
  bulwark rules list --technique T1046`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{"q": {strings.Join(args, " ")}, "state": {o.state}, "source": {o.source}, "technique": {o.technique},
				"class": {o.class}, "sort": {o.sort}, "limit": {fmt.Sprint(min(o.limit, 500))}}
			all := []signature.Item{}
			total := 0
			for len(all) < o.limit {
				var p signature.Page
				if err := askRules(cmd, http.MethodGet, "/api/rules?"+q.Encode(), nil, &p); err != nil {
					return err
				}
				all, total = append(all, p.Items[:min(len(p.Items), o.limit-len(all))]...), p.Total
				if p.Next == "" {
					break
				}
				q.Set("after", p.Next)
			}
			if o.json {
				return writeJSON(t.Out, all)
			}
			listRules(t.Out, all)
			if total > len(all) {
				fmt.Fprintf(t.Err, "%d more: add words, or --limit\n", total-len(all))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.state, "state", "", "only those in this `state`: loaded, rejected, disabled, noisy or blind")
	f.StringVar(&o.source, "source", "", "only those of this `source`")
	f.StringVar(&o.technique, "technique", "", "only those about this `technique` or tactic of ATT&CK")
	f.StringVar(&o.class, "class", "", "only those of this `class`")
	f.StringVar(&o.sort, "sort", "id", "in the order of `id`, fired, cost or last")
	f.IntVar(&o.limit, "limit", 100, "at most so many")
	f.BoolVar(&o.json, "json", false, "as JSON")
	return cmd
}

func listRules(out io.Writer, all []signature.Item) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "RULE\tSTATE\tSEVERITY\tFIRED\tTITLE\tPLACE\tREASON")
	for i := range all {
		r := &all[i]
		id, reason := strings.TrimPrefix(r.ID, "1:"), ""
		if id == "" {
			id = "-"
		}
		if r.Reason != nil {
			reason = r.Reason.EN
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%s\t%s\t%s\n", id, r.State, r.Severity, r.Fired, printable(r.Title), r.Place, printable(reason))
	}
	w.Flush()
}

// ruleArgs asks for the number of one rule.
func ruleArgs() cobra.PositionalArgs {
	return exactly("the number of a rule, as sid or gid:sid; bulwark rules list shows them")
}

func showRuleCommand(t Terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show RULE", Short: "Show a rule with all that is known of it", Args: ruleArgs(),
		RunE: func(cmd *cobra.Command, args []string) error {
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
which marks of other rules it needs.`,
		RunE: func(cmd *cobra.Command, args []string) error {
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
		Args: exactly("a rule (sid or gid:sid), or file:NAME, class:NAME, source:NAME, regex:EXPRESSION"),
		Long: does + `: one by its number, those of a file by file:NAME (* stands for anything), of a class by class:NAME, of a source by
source:NAME, or those whose text an expression matches by regex:EXPRESSION. It holds until somebody says otherwise, also for
rules that come later. Who, when and why is kept; where Bulwark runs, in the ledger too, and it is in force at once.`,
		Example: "  bulwark rules " + verb + ` 2027397 --reason "our backup does that every night"
  bulwark rules ` + verb + ` class:policy-violation --reason "not our policy"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			id := args[0]
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
