package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	findings "bulwark/decide/finding"
	"bulwark/platform/conf"
)

func findingsCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "findings", Short: "List what was found, and judge it",
		Long: `List what was found: each rule that matched, between whom, how often, and how bad that is. What a person says of a finding is
kept with name, reason and time; what is false or allowed is counted from then on, and not shown. See docs/guide/findings.md.`,
	}
	parent(cmd)
	cmd.AddCommand(listFindingsCommand(t), showFindingCommand(t), judgeFindingsCommand(t), suppressionsCommand(t), exportFindingsCommand(t))
	return cmd
}

// chosen are the flags by which findings are chosen.
type chosen struct {
	status, severity, rule, technique, entity, since string
}

func (c *chosen) flags(cmd *cobra.Command, status string) {
	f := cmd.Flags()
	f.StringVar(&c.status, "status", status, "only of this `status`: open, snoozed, closed or all")
	f.StringVar(&c.severity, "severity", "", "only of this `severity`: critical, high, medium, low or informational; several by commas")
	f.StringVar(&c.rule, "rule", "", "only of this `rule`: gid:sid")
	f.StringVar(&c.technique, "technique", "", "only of this ATT&CK `technique`, with its parts: T1021")
	f.StringVar(&c.entity, "entity", "", "only about this `entity`: device:12, 10.0.0.7, domain:bad.example")
	f.StringVar(&c.since, "since", "", "only seen last since this `time`: 2026-01-31T08:00:00Z, or so long ago: 24h")
}

// query is what was chosen, with words that must all stand in a finding.
func (c *chosen) query(words []string) (url.Values, error) {
	q := url.Values{}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	if c.status != "all" {
		if err := conf.OneOf(c.status, "open", "snoozed", "closed", "all"); err != nil {
			return nil, usage(fmt.Errorf("--status: %w", err))
		}
		q.Set("status", c.status)
	}
	for _, s := range strings.Split(c.severity, ",") {
		if s != "" {
			q.Add("severity", s)
		}
	}
	set("rule", c.rule)
	set("technique", c.technique)
	set("entity", c.entity)
	set("q", strings.Join(words, " "))
	if ago, err := time.ParseDuration(c.since); err == nil {
		c.since = time.Now().Add(-ago).UTC().Format(time.RFC3339)
	}
	set("since", c.since)
	return q, nil
}

func listFindingsCommand(t Terminal) *cobra.Command {
	var c chosen
	var sort string
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list [WORD]...", Short: "List the open findings in which all words stand, the last seen first",
		Example: `  bulwark findings list
  bulwark findings list --severity critical,high --since 24h
  bulwark findings list --entity device:12 --status all
  bulwark findings list --sort severity smb`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q, err := c.query(args)
			if err != nil {
				return err
			}
			q.Set("sort", sort)
			q.Set("limit", strconv.Itoa(limit))
			var page findings.Page
			if err := get(cmd, "/api/findings?"+q.Encode(), &page); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, page.Items)
			}
			listFindings(t.Out, page.Items)
			if page.Total > len(page.Items) {
				fmt.Fprintf(t.Err, "%d more: add words, --severity, --rule, or --limit\n", page.Total-len(page.Items))
			}
			return nil
		},
	}
	c.flags(cmd, "open")
	f := cmd.Flags()
	f.StringVar(&sort, "sort", "last", "by last, first, severity or count")
	f.IntVar(&limit, "limit", 100, "so many at most, up to 500")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func listFindings(out io.Writer, all []findings.Finding) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "FINDING\tSEVERITY\tSTATUS\tTITLE\tSOURCE\tTARGET\tCOUNT\tLAST SEEN")
	for i := range all {
		v := &all[i]
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%d\t%s\n", v.ID, v.Severity, statusOf(v), printable(v.Title), printable(whoIs(v, "source")),
			printable(whoIs(v, "target")), v.Count, v.Last.Local().Format(time.DateTime))
	}
	w.Flush()
}

// statusOf is a status with what was said last.
func statusOf(v *findings.Finding) string {
	if v.Verdict == "" {
		return string(v.Status)
	}
	return string(v.Status) + " (" + string(v.Verdict) + ")"
}

// whoIs is who has a role in a finding.
func whoIs(v *findings.Finding, role string) string {
	i := slices.IndexFunc(v.Entities, func(e findings.Entity) bool { return e.Role == role })
	if i < 0 {
		return "-"
	}
	switch e := &v.Entities[i]; {
	case e.Kind == "others":
		return "many"
	case e.Name != "" && e.Name != e.Value:
		return e.Name + " (" + e.Value + ")"
	default:
		return e.Value
	}
}

func showFindingCommand(t Terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show FINDING", Short: "Show a finding with its evidence, and what was said of it", Args: exactly("the number of a finding; bulwark findings list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var d findings.Detail
			if err := get(cmd, "/api/findings/"+url.PathEscape(args[0]), &d); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, d)
			}
			showFinding(t.Out, &d)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func showFinding(out io.Writer, d *findings.Detail) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(w, "%s\t%s\n", name, printable(value))
		}
	}
	fmt.Fprintf(w, "Finding %d\t%s\n", d.ID, printable(d.Title))
	row("Why", d.Why.EN)
	row("Severity", d.Severity)
	row("Confidence", d.Confidence)
	row("Status", statusOf(&d.Finding))
	if d.Reason != "" {
		row("Reason", d.Reason+" ("+d.By+")")
	}
	row("Rule", d.Rule+" rev "+strconv.FormatUint(d.Rev, 10))
	row("Category", d.Category)
	for _, x := range d.Techniques {
		row("ATT&CK "+d.Attack, x.ID+" "+x.Name)
	}
	for _, e := range d.Entities {
		row(strings.ToUpper(e.Role[:1])+e.Role[1:], strings.TrimSpace(e.Kind+" "+e.Value+" "+e.Name))
	}
	row("Seen", fmt.Sprintf("%d times, from %s to %s", d.Count, d.First.Local().Format(time.DateTime), d.Last.Local().Format(time.DateTime)))
	for _, r := range d.References {
		row("Reference", strings.TrimSpace(r.Kind+" "+r.ID))
	}
	fmt.Fprintln(w, "\nEVENT\tTIME\tFROM\tTO\tFLOW")
	for _, e := range d.Evidence.Events {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", printable(e.ID), e.Time.Local().Format(time.DateTime), ends(e.Src, e.SrcPort), ends(e.Dst, e.DstPort), e.Flow)
	}
	if d.Evidence.More > 0 {
		fmt.Fprintf(w, "%d more\tsearch for %s\n", d.Evidence.More, printable(d.Evidence.Search))
	}
	fmt.Fprintln(w, "\nWHEN\tWHO\tWHAT\tREASON")
	for _, h := range d.History {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", h.Time.Local().Format(time.DateTime), printable(h.By), strings.TrimSpace(h.What+" "+string(h.Verdict)), printable(h.Reason))
	}
	w.Flush()
}

// ends is an address with its port.
func ends(addr string, port uint16) string {
	if port == 0 {
		return addr
	}
	return addr + " port " + strconv.Itoa(int(port))
}

func judgeFindingsCommand(t Terminal) *cobra.Command {
	var a findings.Ask
	var until, scope string
	cmd := &cobra.Command{
		Use: "verdict WORD FINDING...", Short: "Say what findings are: true, false, benign, suppress, snooze or reopen",
		Long: `Say what findings are, for everybody, with a reason:

  true      it is what the rule says, and was dealt with. It is closed; what comes more than an hour later opens it again
  false     the rule is wrong here
  benign    the rule is right, and it is allowed here
  suppress  it is not to be shown, with --until for so long
  snooze    it is not to be shown until then
  reopen    look at it again; what was remembered of it is forgotten

False, benign and suppress are remembered: the rule between the same ends is counted from then on, and not shown. With --scope
rule it is the rule at all, with --scope entity --entity KIND:VALUE the rule wherever that device, address or name is in it.`,
		Example: `  bulwark findings verdict benign 17 --reason "our own scanner"
  bulwark findings verdict false 17 --scope rule --reason "matches the archive's own protocol"
  bulwark findings verdict suppress 17 --scope entity --entity address:10.0.0.7 --until 168h --reason "test of March"
  bulwark findings verdict snooze 17 18 --until 8h`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			a.Verdict, a.Scope = findings.Verdict(args[0]), findings.Scope(scope)
			for _, text := range args[1:] {
				id, err := strconv.ParseUint(text, 10, 63)
				if err != nil {
					return usage(fmt.Errorf("%q is no number of a finding; bulwark findings list shows them", text))
				}
				a.IDs = append(a.IDs, id)
			}
			var err error
			if a.Until, err = readUntil(until); err != nil {
				return usage(fmt.Errorf("--until: %w", err))
			}
			text, err := json.Marshal(a)
			if err != nil {
				return err
			}
			var said struct {
				Items        []findings.Finding     `json:"items"`
				Suppressions []findings.Suppression `json:"suppressions"`
			}
			if err := send(cmd, http.MethodPost, "/api/findings/verdicts", "application/json", text, &said); err != nil {
				return err
			}
			for i := range said.Items {
				fmt.Fprintf(t.Out, "Finding %d is %s.\n", said.Items[i].ID, statusOf(&said.Items[i]))
			}
			for _, s := range said.Suppressions {
				fmt.Fprintf(t.Out, "It is remembered as suppression %d; bulwark findings suppressions delete %d takes it back.\n", s.ID, s.ID)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&a.Reason, "reason", "", "why, for everybody and for the ledger")
	f.StringVar(&until, "until", "", "so long: 8h, or until this `time`: 2026-01-31T08:00:00Z")
	f.StringVar(&scope, "scope", "same", "how far it reaches: same, entity or rule")
	f.StringVar(&a.Entity, "entity", "", "of --scope entity: device:12, address:10.0.0.7, domain:bad.example")
	return cmd
}

// readUntil reads a time, or how long from now; empty: the zero time.
func readUntil(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil {
		return time.Now().Add(d), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, fmt.Errorf("%q is neither a span as 8h nor a time as 2026-01-31T08:00:00Z", text)
	}
	return at, nil
}

func suppressionsCommand(t Terminal) *cobra.Command {
	var rule string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "suppressions", Short: "List what is counted and not shown, because a person said so", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var said struct {
				Items []findings.Suppression `json:"items"`
			}
			if err := get(cmd, "/api/findings/suppressions?"+url.Values{"rule": {rule}}.Encode(), &said); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, said.Items)
			}
			listSuppressions(t.Out, said.Items)
			return nil
		},
	}
	cmd.Flags().StringVar(&rule, "rule", "", "only of this `rule`: gid:sid")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	var reason string
	del := &cobra.Command{
		Use: "delete SUPPRESSION", Short: "Take back what is not shown: it is shown when it comes again", Args: exactly("the number of a suppression; bulwark findings suppressions shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := json.Marshal(map[string]string{"reason": reason})
			if err != nil {
				return err
			}
			var said struct {
				ID uint64 `json:"id"`
			}
			if err := send(cmd, http.MethodDelete, "/api/findings/suppressions/"+url.PathEscape(args[0]), "application/json", text, &said); err != nil {
				return err
			}
			_, err = fmt.Fprintf(t.Out, "Suppression %d is taken back.\n", said.ID)
			return err
		},
	}
	del.Flags().StringVar(&reason, "reason", "", "why, for the ledger")
	cmd.AddCommand(del)
	return cmd
}

func listSuppressions(out io.Writer, all []findings.Suppression) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SUPPRESSION\tVERDICT\tRULE\tOF\tTITLE\tKEPT BACK\tUNTIL\tBY\tREASON")
	for i := range all {
		s := &all[i]
		until := "-"
		if !s.Until.IsZero() {
			until = s.Until.Local().Format(time.DateTime)
		}
		of := "all"
		if s.Scope != findings.ByRule {
			var ends []string
			for _, e := range s.Entities {
				switch {
				case e.Name != "":
					ends = append(ends, e.Name)
				case e.Value != "":
					ends = append(ends, e.Value)
				default:
					ends = append(ends, fmt.Sprintf("%s %d", e.Kind, e.Device))
				}
			}
			of = strings.Join(ends, " > ")
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%d\t%s\t%s\t%s\n", s.ID, s.Verdict, s.Rule, printable(of), printable(s.Title), s.Hits, until, printable(s.By), printable(s.Reason))
	}
	w.Flush()
}

func exportFindingsCommand(t Terminal) *cobra.Command {
	var c chosen
	var format, output string
	cmd := &cobra.Command{
		Use: "export [WORD]...", Short: "Write findings to a file, for people and other programs",
		Long: `Write findings, in one of these forms: csv; json; ocsf (Detection Finding, class 2004); ecs (Elastic Common Schema); sigma (fields
as Sigma names them); eve (the alerts of their evidence, as Suricata writes them). All but csv are a line of JSON each.`,
		Example: `  bulwark findings export -o findings.csv
  bulwark findings export --format ocsf --status all --since 24h`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := conf.OneOf(format, findings.Formats()...); err != nil {
				return usage(fmt.Errorf("--format: %w", err))
			}
			q, err := c.query(args)
			if err != nil {
				return err
			}
			q.Set("format", format)
			resp, err := call(cmd, http.MethodGet, "/api/findings/export?"+q.Encode(), nil)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if err := save(resp.Body, t, output); err != nil {
				return &exit{ExitFailure, err}
			}
			return nil
		},
	}
	c.flags(cmd, "all")
	f := cmd.Flags()
	f.StringVar(&format, "format", "csv", "form: csv, json, ocsf, ecs, sigma or eve")
	f.StringVarP(&output, "output", "o", "-", "write to this `file`; - is standard output")
	_ = cmd.MarkFlagFilename("output") // the flag stands above
	return cmd
}
