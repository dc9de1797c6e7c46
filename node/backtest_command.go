package node

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/platform/clock"
	"bulwark/respond/playbook"
)

// lookEvery is how often a command asks how far something is.
const lookEvery = 500 * time.Millisecond

func playbooksBackTest(t Terminal) *cobra.Command {
	var days int
	var asJSON bool
	cmd := &cobra.Command{Use: "backtest PLAYBOOK", Short: "Say what a playbook would have done in the last days", Args: exactly("the id of a playbook; bulwark playbooks list shows them"),
		Long: `Play a playbook over the incidents that are kept, in the order of time: to whom it would have done what, what that would have stopped, and
what would have waited for a person. Nothing is done. Ctrl-C ends it. A playbook is made active in the console, after a back-test of this
very version, by a named person. See docs/formats/playbook.md.`,
		Example: "  bulwark playbooks backtest ransomware --days 30",
		RunE: func(cmd *cobra.Command, args []string) error {
			var b playbook.BackTest
			if err := post(cmd, "/api/backtests", map[string]any{"playbook": args[0], "days": days}, &b); err != nil {
				return err
			}
			if err := followTest(cmd, t.Err, &b); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, b)
			}
			return tellTest(t.Out, &b)
		}}
	cmd.Flags().IntVar(&days, "days", 30, "so many `days` back, up to 90")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// followTest waits for the end of a back-test. Whoever does not want to wait ends it.
func followTest(cmd *cobra.Command, progress io.Writer, b *playbook.BackTest) error {
	path := fmt.Sprintf("/api/backtests/%d", b.ID)
	shown := -1
	for b.State == playbook.Testing {
		if !clock.Pause(cmd.Context(), lookEvery) {
			cmd.SetContext(context.WithoutCancel(cmd.Context()))
			return post(cmd, path+"/cancel", struct{}{}, b)
		}
		*b = playbook.BackTest{}
		if err := get(cmd, path, b); err != nil {
			return err
		}
		if b.State == playbook.Testing && b.Looked != shown {
			shown = b.Looked
			fmt.Fprintf(progress, "%d of %d incidents\n", b.Looked, b.Incidents)
		}
	}
	return nil
}

// tellTest tells what a back-test came to.
func tellTest(out io.Writer, b *playbook.BackTest) error {
	if b.State != playbook.Done {
		return &exit{ExitFailure, fmt.Errorf("the back-test is %s: %s", b.State, b.Problem)}
	}
	fmt.Fprintf(out, "%s, version %s: %s\n", b.Playbook, b.Version, b.Text.EN)
	fmt.Fprintf(out, "Incidents: %d, of which it is for %d.\n", b.Incidents, b.Runs)
	if !b.FlowsFrom.IsZero() {
		fmt.Fprintf(out, "What was said on the network is kept since %s: what acts before would have stopped is not known.\n", b.FlowsFrom.Local().Format(time.DateTime))
	}
	if len(b.Items) == 0 {
		return nil
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nWHEN\tINCIDENT\tACT\tTO\tTIER\tSTOPS\tCLINICAL\tBECOMES")
	for n := range b.Items {
		x := &b.Items[n]
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\n", x.At.Local().Format(time.DateTime), strings.TrimSpace(x.Incident+" "+x.Verdict), x.Act,
			printable(strings.TrimSpace(x.Target+" "+x.Name)), tierText(x), x.Conversations, x.Clinical, becomes(x))
	}
	if b.More > 0 {
		fmt.Fprintf(w, "%d more\n", b.More)
	}
	return w.Flush()
}

func tierText(x *playbook.Item) string {
	switch {
	case x.Tier < 0 || x.Tier > 3:
		return "-"
	case !x.Confirmed:
		return fmt.Sprintf("%d?", x.Tier)
	}
	return fmt.Sprint(x.Tier)
}

// becomes is what would have become of an act, with the reason where it would not have been done.
func becomes(x *playbook.Item) string {
	switch x.Outcome {
	case "allow":
		if x.Delay > 0 {
			return fmt.Sprintf("done after %d s", x.Delay)
		}
		return "done"
	case "ask", "wait":
		return "waits for " + x.Needs
	}
	if len(x.Why) > 0 {
		return x.Outcome + ": " + printable(x.Why[0].EN)
	}
	return x.Outcome
}
