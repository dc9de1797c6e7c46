package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/detect/signature"
	"bulwark/event"
	"bulwark/observe/sensor"
	"bulwark/platform/clock"
	"bulwark/platform/health"
)

func profileRulesCommand(t Terminal) *cobra.Command {
	var o struct {
		rules []string
		vars  map[string]string
		top   int
	}
	cmd := &cobra.Command{
		Use: "profile [CAPTURE...]", Short: "Say which rules cost most",
		Long: `Run captures past the rules with a clock on each evaluation, and list the rules that took most: how often each was
checked, that is evaluated because its bytes and its ends were there, how often it matched, and how long that took. Without
a capture it asks the running program, which times one of 1,024 evaluations of live traffic.`,
		Example: `  bulwark rules profile monday.pcap
  bulwark rules profile --rules ward.rules monday.pcap
  bulwark rules profile`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return profileLive(cmd, t, o.top)
			}
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			files, err := captures(args)
			if err != nil {
				return &exit{ExitFailure, err}
			}
			rules, err := c.Rules.Only(o.rules, o.vars).Load(filepath.Join(dataDir(cmd), rulesDir), time.Now())
			if err != nil {
				return &exit{ExitFailure, unwrapPath(err)}
			}
			return profileCaptures(cmd.Context(), t, c.Sensor, rules, files, o.top)
		},
	}
	f := cmd.Flags()
	f.StringArrayVar(&o.rules, "rules", nil, "these rules instead of those in force: a `file` or a directory; may be given several times")
	f.StringToStringVar(&o.vars, "rule-var", nil, "set a variable of the rules: `NAME=VALUE`")
	f.IntVar(&o.top, "top", 20, "list so many")
	return cmd
}

// profileLive lists what the running program says of its rules.
func profileLive(cmd *cobra.Command, t Terminal, top int) error {
	var p signature.Page
	q := url.Values{"sort": {"cost"}, "limit": {fmt.Sprint(min(max(top, 1), 500))}}
	if err := get(cmd, "/api/rules?"+q.Encode(), &p); err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "SHARE\tCHECKS\tALERTS\tNS/CHECK\tRULE\t TITLE")
	for _, r := range p.Items {
		if r.Checked > 0 {
			fmt.Fprintf(w, "%.1f %%\t%d\t%d\t%d\t%s\t %s\n", r.Share*100, r.Checked, r.Fired, r.Cost, r.ID, printable(r.Title))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.Out, "%s in force since %s\n", counted(p.Set.Rules, "rule", "rules"), p.Set.Since.Local().Format(time.DateTime))
	return err
}

// profileCaptures runs captures past rules, and lists what these cost.
func profileCaptures(ctx context.Context, t Terminal, c sensor.Config, rules *signature.Rules, files []string, top int) error {
	costs := map[signature.ID]signature.Cost{}
	titles := rules.Titles()
	rules.Timed = true
	c.Captures = ""
	var packets uint64
	var failed error
	s := sensor.New(sensor.Options{
		Config: c, Name: "profile", Site: "profile", Start: starter(c, true), Publisher: nowhere{}, Health: health.NewTracker(clock.System{}),
		Log: slog.New(slog.DiscardHandler), Clock: clock.System{}, Files: files, Ordered: true,
		Look:   func() (*os.File, error) { return bundle(rules) },
		Looked: func(err error) { failed = errors.Join(failed, err) },
		Done: func(r sensor.FileReport) {
			packets += r.Packets
			if r.Err != nil {
				fmt.Fprintf(t.Err, "bulwark: %s: %s\n", r.Name, printable(r.Err.Error()))
			}
		},
		Costs: func(text []byte) {
			some, err := signature.ReadCosts(text)
			failed = errors.Join(failed, err)
			for id, c := range some {
				costs[id] = c
			}
		},
	})
	if err := errors.Join(s.Run(ctx), failed); err != nil {
		return &exit{ExitFailure, err}
	}
	if ctx.Err() != nil {
		return &exit{ExitFailure, errInterrupted}
	}
	return listCosts(t.Out, costs, titles, packets, top)
}

func listCosts(out io.Writer, costs map[signature.ID]signature.Cost, titles map[signature.ID]string, packets uint64, top int) error {
	var checks, nanos uint64
	for _, c := range costs {
		checks += c.Checked
		nanos += c.Nanos
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "SHARE\tCHECKS\tMATCHES\tNS/CHECK\tµs\tRULE\t TITLE")
	for _, id := range signature.Dearest(costs, top) {
		c := costs[id]
		fmt.Fprintf(w, "%.1f %%\t%d\t%d\t%d\t%d\t%s\t %s\n", 100*float64(c.Nanos)/float64(max(nanos, 1)), c.Checked, c.Matched,
			c.Nanos/max(c.Sampled, 1), c.Nanos/1000, id.Short(), printable(titles[id]))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d packets, %d checks of %s, %.1f ms\n", packets, checks, counted(len(costs), "rule", "rules"), float64(nanos)/1e6)
	return err
}

// nowhere throws events away.
type nowhere struct{}

// Publish does nothing.
func (nowhere) Publish(context.Context, event.Kind, []byte) error { return nil }
