package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"bulwark/detect/signature"
	"bulwark/event"
	"bulwark/observe/sensor"
	"bulwark/platform/clock"
	"bulwark/platform/conf"
	"bulwark/platform/health"
)

func testRulesCommand(t Terminal) *cobra.Command {
	var o testRulesOptions
	cmd := &cobra.Command{
		Use: "test CASES...", Short: "Run captures and logs past the rules, and say what fired that must not and what did not",
		Long: `Run files of cases. Each case is a capture, the rules that must fire in it, and those that must not:

  - name: an archive refuses an association
    capture: refused.pcap          # beside this file
    fires: [9000001, 9000002 x3]   # x3: exactly three times
    silent: [9000003]
    all-others: true               # no other rule may fire
    rules: [ward.rules]            # where they are not those that are in force
    vars: {HOME_NET: "10.0.0.0/8"}

A case of rules about logs has a log (.evtx, JSON lines, or lines as a machine wrote them) or events instead; all rules
that fires does not name must stay silent, or those that silent names:

  - name: passwords are tried
    log: sshd.log                  # beside this file
    format: sshd                   # missing: the format that knows the lines
    fires: [Many failed sign-ons over SSH from one address]
  - name: a password is mistyped
    fires: []
    events:
      - {times: 2, every: 5s, of: {product: linux, service: sshd, event.outcome: failure, source.ip: 10.0.0.7}}

The captures are read as bulwark read reads them. The exit code is 3 where a case failed. See docs/guide/rules.md.`,
		Example: `  bulwark rules test ward.yaml
  bulwark rules test --rules ward.rules cases/*.yaml`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("rules test needs a file of cases")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			o.dir = filepath.Join(dataDir(cmd), rulesDir)
			return testRules(cmd.Context(), t, c, o, args)
		},
	}
	cmd.Flags().StringArrayVar(&o.rules, "rules", nil, "use these rules where a case names none: a `file` or a directory; may be given several times")
	cmd.Flags().StringToStringVar(&o.vars, "rule-var", nil, "set a variable of the rules: `NAME=VALUE`")
	cmd.Flags().BoolVarP(&o.verbose, "verbose", "v", false, "name what fired in each case")
	return cmd
}

type testRulesOptions struct {
	rules   []string
	vars    map[string]string
	verbose bool
	dir     string // of what is kept of rules
}

// testRules runs the cases of files.
func testRules(ctx context.Context, t Terminal, c Config, o testRulesOptions, files []string) error {
	var all []signature.Case
	logs := logTrial{c: &c, o: &o, out: t.Out}
	for _, name := range files {
		if ours, err := logs.file(name); err != nil {
			return &exit{ExitFailure, unwrapPath(err)}
		} else if ours {
			continue
		}
		cases, err := signature.LoadCases(name)
		if err != nil {
			return &exit{ExitFailure, unwrapPath(err)}
		}
		all = append(all, cases...)
	}
	base := c.Rules.Only(o.rules, o.vars)
	rules := func(paths []string, vars map[string]string) (*signature.Rules, error) {
		return base.Only(paths, vars).Load(o.dir, time.Now())
	}
	tester := signature.Tester{Rules: rules, Play: player(c.Sensor, t.Err)}
	failed := logs.failed
	for i := range all {
		out, err := tester.Test(ctx, &all[i])
		if ctx.Err() != nil {
			return &exit{ExitFailure, errInterrupted}
		}
		if err != nil {
			return &exit{ExitFailure, unwrapPath(err)}
		}
		if !out.Passed() {
			failed++
		}
		printOutcome(t.Out, &out, o.verbose)
	}
	fmt.Fprintf(t.Out, "%s, %d passed, %d failed\n", counted(len(all)+logs.cases, "case", "cases"), len(all)+logs.cases-failed, failed)
	if failed > 0 {
		return &exit{code: ExitPartial}
	}
	return nil
}

func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// printOutcome says what came of a case: a line, and below it what is wrong.
func printOutcome(out io.Writer, o *signature.Outcome, verbose bool) {
	word := "ok  "
	if !o.Passed() {
		word = "FAIL"
	}
	fmt.Fprintf(out, "%s  %s (%s, %s fired)\n", word, printable(o.Case.Name), counted(int(o.Played.Packets), "packet", "packets"),
		counted(len(o.Fired), "rule", "rules"))
	if !o.Passed() {
		fmt.Fprintf(out, "      %s\n", o.Case.Place)
	}
	if o.Played.Err != nil {
		fmt.Fprintf(out, "      %s: %s\n", o.Case.Capture, printable(o.Played.Err.Error()))
	}
	for _, f := range o.Faults {
		fmt.Fprintf(out, "      rule %s%s %s\n", f.ID.Short(), titled(o.Titles[f.ID]), printable(f.Text))
	}
	if verbose {
		for _, id := range o.IDs() {
			fmt.Fprintf(out, "      %s%s: %d\n", id.Short(), titled(o.Titles[id]), o.Fired[id])
		}
	}
}

func titled(title string) string {
	if title == "" {
		return ""
	}
	return fmt.Sprintf(" %q", title)
}

// player runs captures through the sensor, its parser in the cage as always. What takes long is said to say.
func player(c sensor.Config, say io.Writer) signature.Player {
	c.Captures = ""
	return func(ctx context.Context, capture string, rules *signature.Rules, fn func(*event.Header, *event.Alert)) (signature.Played, error) {
		if _, err := os.Stat(capture); err != nil {
			return signature.Played{}, errors.Unwrap(err) // who asks names the capture
		}
		var out signature.Played
		var events atomic.Uint64
		s := sensor.New(sensor.Options{
			Config: c, Name: "test", Site: "test", Start: starter(c, true), Publisher: alerts{&events, fn},
			Health: health.NewTracker(clock.System{}), Log: slog.New(slog.DiscardHandler), Clock: clock.System{},
			Files: []string{capture}, Seed: seedOf([]string{capture}), Ordered: true, Look: func() (*os.File, error) { return bundle(rules) },
			Looked: func(err error) { out.Err = errors.Join(out.Err, err) },
			Done:   func(r sensor.FileReport) { out.Packets, out.Err = r.Packets, errors.Join(out.Err, r.Err) },
		})
		stop := func() {}
		if say != nil {
			stop = tellProgress(say, capture, &events)
		}
		err := s.Run(ctx)
		stop()
		out.Events = events.Load()
		return out, err
	}
}

// progressEvery is how often it is said how far a capture is.
const progressEvery = 5 * time.Second

// tellProgress says from time to time how far a capture is, until it is stopped.
func tellProgress(say io.Writer, capture string, events *atomic.Uint64) (stop func()) {
	size := "of unknown size"
	if st, err := os.Stat(capture); err == nil {
		size = conf.Size(st.Size()).String()
	}
	over, done := make(chan struct{}), make(chan struct{})
	begun := time.Now()
	go func() {
		defer close(done)
		for tick := time.NewTicker(progressEvery); ; {
			select {
			case <-over:
				tick.Stop()
				return
			case <-tick.C:
				fmt.Fprintf(say, "bulwark: %s (%s): %d s, %d events so far\n", filepath.Base(capture), size, int(time.Since(begun).Seconds()), events.Load())
			}
		}
	}()
	return func() { close(over); <-done }
}

// alerts takes the alerts out of what a sensor publishes.
type alerts struct {
	events *atomic.Uint64
	fn     func(*event.Header, *event.Alert)
}

// Publish takes a batch.
func (p alerts) Publish(_ context.Context, _ event.Kind, batch []byte) error {
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	for r.Next(&e) {
		p.events.Add(1)
		if a, ok := e.Payload.(*event.Alert); ok {
			p.fn(&e.Header, a)
		}
	}
	return r.Err()
}
