package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	stdlog "log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"

	"github.com/lmittmann/tint"
	"github.com/spf13/cobra"

	"bulwark/console"
	"bulwark/content/demo"
	"bulwark/decide/identity"
	"bulwark/observe/sensor"
	"bulwark/platform/ledger"
)

func upCommand(t Terminal) *cobra.Command {
	var o upOptions
	cmd := &cobra.Command{
		Use: "up", Short: "Watch the network and open the console",
		Long: `Watch the network interfaces that the configuration names, or the one of the default route, and open the
console. With --pcap a capture, or a directory of captures, is analysed and shown instead; with --demo the
bundled one of a small invented hospital.

The console is on https://localhost:8443, for this machine alone, until console.names says under which names it
is reached. The first start prints a link that makes the first administrator.`,
		Args: func(cmd *cobra.Command, args []string) error {
			return errors.Join(nothing(cmd, args), apart(cmd, "pcap", "demo", "roles"))
		},
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			if o.roles, err = parseRoles(o.asked); err != nil {
				return usage(err)
			}
			return up(cmd.Context(), t, c, dataDir(cmd), o)
		},
	}
	cmd.Flags().StringVar(&o.asked, "roles", "", "do a `part` of the work: sensor, site or centre, or sensor,site")
	cmd.Flags().StringVar(&o.capture, "pcap", "", "show this capture `file` or directory instead of the network")
	cmd.Flags().BoolVar(&o.demo, "demo", false, "show the bundled capture of an invented hospital")
	_ = cmd.MarkFlagFilename("pcap", captureEndings()...) // the flags stand above
	_ = cmd.RegisterFlagCompletionFunc("roles", cobra.FixedCompletions([]string{"sensor", "site", "centre", "sensor,site"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

type upOptions struct {
	asked, capture string
	demo           bool
	roles          roles
}

func up(ctx context.Context, t Terminal, c Config, dir string, o upOptions) error {
	log := newLog(t.Err, c.Log)
	adoptStrayLines(log)
	if o.capture == "" && !o.demo && o.roles == nil {
		if err := sensor.CanCapture(); err != nil {
			fmt.Fprintf(t.Out, "This user may not watch the network. To grant it that right:\n\n  %s\n\nMeanwhile the bundled capture of an invented hospital is shown.\n\n", grant(err))
			o.demo = true
		}
	}
	if o.demo {
		var err error
		if o.capture, err = unpackDemo(dir); err != nil {
			return &exit{ExitFailure, err}
		}
	}
	n, err := newNode(ctx, made{config: c, roles: o.roles, dir: dir, capture: o.capture, log: log})
	if err != nil {
		return &exit{ExitFailure, err}
	}
	defer n.close()
	if err := n.greet(ctx, t.Out); err != nil {
		return &exit{ExitFailure, err}
	}
	if _, err := n.ledger.Record(ctx, ledger.Entry{Actor: ledger.Program("node"), Act: "node.start", Outcome: ledger.Done,
		Detail: map[string]string{"version": Version()}}); err != nil {
		return &exit{ExitFailure, err}
	}
	err = n.run(ctx)
	outcome := ledger.Done
	if err != nil {
		outcome = ledger.Failed
	}
	_, noted := n.ledger.Record(context.WithoutCancel(ctx), ledger.Entry{Actor: ledger.Program("node"), Act: "node.stop", Outcome: outcome})
	if err = errors.Join(err, noted); err != nil {
		return &exit{ExitFailure, err}
	}
	return nil
}

// newLog writes for a person where that is a terminal, JSON lines elsewhere.
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	if f, ok := w.(*os.File); ok {
		if st, err := f.Stat(); err == nil && st.Mode()&os.ModeCharDevice != 0 {
			return slog.New(tint.NewTextHandler(w, &tint.Options{Level: level}))
		}
	}
	return slog.New(slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level}))
}

// adoptStrayLines makes records of what libraries print to the log of the standard library.
func adoptStrayLines(l *slog.Logger) {
	stdlog.SetFlags(0)
	stdlog.SetOutput(slog.NewLogLogger(l.With("room", "libraries").Handler(), slog.LevelInfo).Writer())
}

// unpackDemo writes the bundled capture where the sensor can open it.
func unpackDemo(dir string) (string, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	name := filepath.Join(dir, demo.Name)
	return name, os.WriteFile(name, demo.Capture(), 0o600)
}

// greet says where the console is, and how to come in.
func (n *Node) greet(ctx context.Context, out io.Writer) error {
	fmt.Fprintf(out, "Bulwark %s\n", Version())
	if n.capture != "" {
		fmt.Fprintf(out, "Showing    %s\n", n.capture)
	} else if n.sensor != nil {
		fmt.Fprintf(out, "Watching   %s\n", n.watched())
	}
	if n.upper != nil {
		fmt.Fprintf(out, "Joined     %s as %s\n", n.upper.Address, n.upper.Name)
	}
	if n.authority != nil {
		fmt.Fprintf(out, "Others     join with bulwark nodes token NAME, at %s and %s\n", n.config.Join.Listen, n.config.Join.Leaf)
	}
	if !n.roles.keeps() {
		return nil
	}
	fmt.Fprintf(out, "Console    %s\n", n.server.URL())
	if n.certificates.SelfMade() {
		fmt.Fprintf(out, "           its certificate is Bulwark's own; import %s to be spared the browser's warning\n", n.certificates.Authority())
	}
	link, err := n.identity.SetupLink(ctx)
	if errors.Is(err, identity.ErrSetUp) {
		return nil
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "Set up     %s%s\n           good once, until %s\n", n.server.URL(), link.Path, link.Ends.Local().Format("15:04 on 2 January"))
	return nil
}

// watched names the interfaces for a person.
func (n *Node) watched() string {
	c := &n.config.Sensor
	switch {
	case c.Captures != "" && len(c.Interfaces) > 0:
		return fmt.Sprint(c.Interfaces) + " and the captures in " + c.Captures
	case c.Captures != "":
		return "the captures in " + c.Captures
	case len(c.Interfaces) > 0:
		return fmt.Sprint(c.Interfaces)
	}
	name, err := sensor.DefaultInterface()
	if err != nil {
		return "no interface yet: " + err.Error()
	}
	return name + " (the interface of the default route; sensor.interfaces names others)"
}

// describe tells the console how this node is.
func (n *Node) describe(context.Context) console.Node {
	days := func(kinds string, d int) console.Retention { return console.Retention{Kinds: kinds, Days: d} }
	s := n.config.Store
	c := console.Node{Version: Version(), Started: &n.started, Dir: n.dir, Retention: []console.Retention{
		days("flow", int(s.Flows/day)), days("event", int(s.Events/day)), days("audit", int(s.Findings/day))}}
	if n.sensor == nil {
		return c
	}
	st := n.sensor.State()
	for _, h := range st.Held {
		c.Cage = append(c.Cage, wall(h, true))
	}
	for _, m := range st.Missing {
		c.Cage = append(c.Cage, wall(m, false))
	}
	return c
}

// record notes in the ledger what a person did on the console.
func (n *Node) record(r *http.Request, act string, detail map[string]string) error {
	p, ok := identity.From(r.Context())
	if !ok {
		return errors.New("node: nobody is signed in")
	}
	_, err := n.ledger.Record(r.Context(), ledger.Entry{Actor: p.Actor(), Act: act, Outcome: ledger.Done, Detail: detail})
	return err
}
