package node

import (
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	incidents "bulwark/decide/incident"
	"bulwark/platform/conf"
)

func incidentsCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "incidents", Short: "List what belongs together, and tell its story",
		Long: `List incidents: findings that belong together, each with the reason why it is there, the gravest first. See docs/guide/incidents.md.`,
	}
	parent(cmd)
	cmd.AddCommand(listIncidentsCommand(t), showIncidentCommand(t))
	return cmd
}

func listIncidentsCommand(t Terminal) *cobra.Command {
	var status, severity, entity, owner, sort string
	var limit int
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list [WORD]...", Short: "List the open incidents in which all words stand, the gravest first",
		Example: `  bulwark incidents list
  bulwark incidents list --status all --sort last
  bulwark incidents list --entity device:12 --severity critical,high`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := conf.OneOf(status, "open", "contained", "closed", "all"); err != nil {
				return usage(fmt.Errorf("--status: %w", err))
			}
			q := url.Values{"sort": {sort}, "limit": {strconv.Itoa(limit)}, "q": {strings.Join(args, " ")}, "entity": {entity}, "owner": {owner}}
			if status != "all" {
				q.Set("status", status)
			}
			for s := range strings.SplitSeq(severity, ",") {
				if s != "" {
					q.Add("severity", s)
				}
			}
			var page incidents.Page
			if err := get(cmd, "/api/incidents?"+q.Encode(), &page); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, page.Items)
			}
			listIncidents(t.Out, page.Items)
			if page.Total > len(page.Items) {
				fmt.Fprintf(t.Err, "%d more: add words, --severity, --entity, or --limit\n", page.Total-len(page.Items))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&status, "status", "open", "only of this `status`: open, contained, closed or all")
	f.StringVar(&severity, "severity", "", "only of this `severity`: critical, high, medium, low or informational; several by commas")
	f.StringVar(&entity, "entity", "", "only about this `entity`: device:12, 10.0.0.7, domain:bad.example")
	f.StringVar(&owner, "owner", "", "only of this `owner`; none: of nobody")
	f.StringVar(&sort, "sort", "risk", "by risk, last or first")
	f.IntVar(&limit, "limit", 100, "so many at most, up to 500")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func listIncidents(out io.Writer, all []incidents.Incident) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "INCIDENT\tRISK\tSEVERITY\tSTATUS\tTITLE\tFINDINGS\tFROM\tTO")
	for n := range all {
		v := &all[n]
		fmt.Fprintf(w, "%d\t%.1f\t%s\t%s\t%s\t%d\t%s\t%s\n", v.ID, v.Risk, v.Severity, strings.TrimSpace(string(v.Status)+" "+v.Verdict), printable(v.Title.EN), v.Findings,
			v.First.Local().Format(time.DateTime), v.Last.Local().Format(time.DateTime))
	}
	w.Flush()
}

func showIncidentCommand(t Terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show INCIDENT", Short: "Tell the story of an incident, with the reason of all that is in it", Args: exactly("the number of an incident; bulwark incidents list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var d incidents.Detail
			if err := get(cmd, "/api/incidents/"+url.PathEscape(args[0]), &d); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, d)
			}
			showIncident(t.Out, &d)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func showIncident(out io.Writer, d *incidents.Detail) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Incident %d\t%s\n", d.ID, printable(d.Title.EN))
	fmt.Fprintf(w, "Status\t%s\n", strings.TrimSpace(string(d.Status)+" "+d.Verdict))
	if d.Owner != "" {
		fmt.Fprintf(w, "Owner\t%s\n", printable(d.Owner))
	}
	fmt.Fprintf(w, "Risk\t%.1f (%s)\n", d.Risk, d.Band)
	fmt.Fprintf(w, "Why\t%s\n", printable(d.Why.EN))
	fmt.Fprintf(w, "Care\t%s\n", printable(d.Clinical.Text.EN))
	for _, e := range d.Entities {
		fmt.Fprintf(w, "Entity\t%s\n", printable(strings.TrimSpace(e.ID+" "+e.Name)))
	}
	fmt.Fprintln(w, "\nWHEN\tWHAT")
	for _, s := range d.Story {
		fmt.Fprintf(w, "%s\t%s\n", s.At.Local().Format(time.DateTime), printable(s.EN))
	}
	fmt.Fprintln(w, "\nFINDING\tSEVERITY\tTITLE\tOF\tWHY IT IS HERE")
	for n := range d.Joins {
		j := &d.Joins[n]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", printable(strings.Join(j.Findings, ",")), j.Severity, printable(j.Title), printable(j.Entity), printable(j.Because.EN))
	}
	w.Flush()
}
