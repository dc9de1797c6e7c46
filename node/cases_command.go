package node

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	incidents "bulwark/decide/incident"
	"bulwark/platform/conf"
)

func casesCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "cases", Short: "List what people do about incidents, print it and hand it on",
		Long: `List cases: incidents with an owner, tasks, notes, evidence and the clocks of the law. They are worked on in the console. See
docs/guide/incidents.md.`}
	parent(cmd)
	cmd.AddCommand(listCasesCommand(t), showCaseCommand(t), reportCaseCommand(t), exportCaseCommand(t))
	return cmd
}

func listCasesCommand(t Terminal) *cobra.Command {
	var status, owner string
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List the cases, the most urgent first", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := conf.OneOf(status, "open", "closed", "all"); err != nil {
				return usage(fmt.Errorf("--status: %w", err))
			}
			q := url.Values{"owner": {owner}}
			if status != "all" {
				q.Set("status", status)
			}
			var all []incidents.CaseItem
			for {
				var page incidents.CasePage
				if err := get(cmd, "/api/cases?"+q.Encode(), &page); err != nil {
					return err
				}
				all = append(all, page.Items...)
				if page.Next == "" {
					break
				}
				q.Set("after", page.Next)
			}
			if asJSON {
				return writeJSON(t.Out, all)
			}
			listCases(t.Out, all, time.Now())
			return nil
		}}
	f := cmd.Flags()
	f.StringVar(&status, "status", "open", "only of this `status`: open, closed or all")
	f.StringVar(&owner, "owner", "", "only of this `owner`")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func listCases(out io.Writer, all []incidents.CaseItem, now time.Time) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CASE\tSTATUS\tOWNER\tCHANGED\tTASKS LEFT\tNEXT DECLARATION\tTITLE")
	for _, c := range all {
		clock := "-"
		if c.Clock != nil {
			clock = c.Clock.Name.EN + ", " + dueIn(c.Clock.Due, now)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%d\t%s\t%s\n", c.ID, c.Status, printable(c.Owner), c.Changed.Local().Format(time.DateTime), c.Tasks, clock, printable(c.Title))
	}
	w.Flush()
}

func dueIn(due, now time.Time) string {
	if left := due.Sub(now).Round(time.Minute); left >= 0 {
		return "in " + strings.TrimSuffix(left.String(), "0s")
	}
	return "late since " + due.Local().Format(time.DateTime)
}

func casePath(id string) string { return "/api/cases/" + url.PathEscape(id) }

const caseWord = "the number of a case; bulwark cases list shows them"

func showCaseCommand(t Terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "show CASE", Short: "Show a case with its clocks, tasks, notes and evidence", Args: exactly(caseWord),
		RunE: func(cmd *cobra.Command, args []string) error {
			var c incidents.Case
			if err := get(cmd, casePath(args[0]), &c); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, c)
			}
			showCase(t.Out, &c, time.Now())
			return nil
		}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func showCase(out io.Writer, c *incidents.Case, now time.Time) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	defer w.Flush()
	fmt.Fprintf(w, "Case %d\t%s\nStatus\t%s\n", c.ID, printable(c.Title), c.Status)
	if c.Owner != "" {
		fmt.Fprintf(w, "Owner\t%s\n", printable(c.Owner))
	}
	for _, id := range c.Incidents {
		fmt.Fprintf(w, "Incident\t%d\n", id)
	}
	for _, k := range c.Clocks {
		state := "does not apply: " + k.Why.EN
		switch {
		case !k.Declared.IsZero():
			state = "declared " + k.Declared.Local().Format(time.DateTime)
		case k.Applies:
			state = "due " + k.Due.Local().Format(time.DateTime) + ", " + dueIn(k.Due, now)
		}
		fmt.Fprintf(w, "%s\t%s\n", k.Name.EN, state)
	}
	for _, k := range c.Tasks {
		done := "to do"
		if k.Done {
			done = "done"
		}
		fmt.Fprintf(w, "Task %d\t%s: %s\n", k.ID, done, printable(k.Text))
	}
	for _, e := range c.Evidence {
		fmt.Fprintf(w, "Evidence %d\t%s %s\n", e.ID, e.SHA256, printable(e.Name))
	}
	for _, n := range c.Notes {
		fmt.Fprintf(w, "%s\t%s\n", n.At.Local().Format(time.DateTime), printable(n.Text))
	}
}

func reportCaseCommand(t Terminal) *cobra.Command {
	var format, lang, name string
	cmd := &cobra.Command{Use: "report CASE", Short: "Write the report of a case, to be printed or handed on", Args: exactly(caseWord),
		Example: "  bulwark cases report 3 --output case-3.pdf",
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := errors.Join(conf.OneOf(format, "pdf", "html"), conf.OneOf(lang, "fr", "en")); err != nil {
				return usage(err)
			}
			body, err := fetch(cmd, casePath(args[0])+"/report?format="+format+"&lang="+lang)
			if err != nil || name == "" {
				_, err2 := t.Out.Write(body)
				return errors.Join(err, err2)
			}
			return writeNew(name, body)
		}}
	f := cmd.Flags()
	f.StringVar(&format, "format", "pdf", "pdf or html")
	f.StringVar(&lang, "lang", "fr", "fr or en")
	f.StringVarP(&name, "output", "o", "", "into this `file`, which must not be there (default: standard output)")
	return cmd
}

// fetch is the body of an answer.
func fetch(cmd *cobra.Command, path string) ([]byte, error) {
	resp, err := call(cmd, http.MethodGet, path, nil)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, &exit{ExitFailure, err}
	}
	return body, nil
}

// writeNew writes a file that is not there yet, for its owner alone.
func writeNew(name string, body []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.Write(body)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return &exit{ExitFailure, err}
	}
	return nil
}

func exportCaseCommand(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "export CASE FOLDER", Short: "Write a case with its evidence into a folder", Args: cobra.ExactArgs(2),
		Long: `Write a case into a new folder: case.json, report.pdf in French, the evidence that is kept, and SHA256SUMS over all of them, which sha256sum -c
checks. That the evidence was read is noted in its chain of custody.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var c incidents.Case
			if err := get(cmd, casePath(args[0]), &c); err != nil {
				return err
			}
			if err := os.Mkdir(args[1], 0o700); err != nil {
				return &exit{ExitFailure, err}
			}
			n, err := exportCase(cmd, args[1], &c)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(t.Out, "%d files in %s.\n", n, args[1])
			return err
		}}
}

// exportCase writes the files of a case, and returns how many.
func exportCase(cmd *cobra.Command, dir string, c *incidents.Case) (int, error) {
	id := strconv.FormatUint(c.ID, 10)
	var sums strings.Builder
	n := 0
	put := func(name string, body []byte, err error) error {
		if err != nil {
			return err
		}
		sum := sha256.Sum256(body)
		fmt.Fprintf(&sums, "%s  %s\n", hex.EncodeToString(sum[:]), name)
		n++
		return writeNew(filepath.Join(dir, name), body)
	}
	for _, e := range c.Evidence {
		if !e.Kept {
			continue
		}
		body, err := fetch(cmd, fmt.Sprintf("%s/evidence/%d", casePath(id), e.ID))
		if err := put(fmt.Sprintf("evidence-%d", e.ID), body, err); err != nil {
			return n, err
		}
	}
	if err := get(cmd, casePath(id), c); err != nil { // with the custody of what was just read
		return n, err
	}
	doc, err := json.MarshalIndent(c, "", "  ")
	if err := put("case.json", append(doc, '\n'), err); err != nil {
		return n, err
	}
	report, err := fetch(cmd, casePath(id)+"/report?format=pdf&lang=fr")
	if err := put("report.pdf", report, err); err != nil {
		return n, err
	}
	return n + 1, writeNew(filepath.Join(dir, "SHA256SUMS"), []byte(sums.String()))
}
