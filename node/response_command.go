package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/decide/safety"
	"bulwark/respond/containment"
)

// containCommand asks for an act.
func containCommand(t Terminal) *cobra.Command {
	var w containment.Wish
	var preview, asJSON bool
	cmd := &cobra.Command{
		Use: "contain ACT TARGET [SCOPE]", Short: "Ban an address, block a peer, or isolate a device for a time",
		Long: `Ask for an act against an attack, for a time:

  ban      address:X            nothing from or to an address outside the hospital
  block    device:N  PEER       nothing between a device and a peer, or a port of it: 10.0.0.9, 10.0.0.9:445/tcp
  isolate  device:N             nothing from or to a device but its clinical conversations

Where care depends on what it would stop, persons must say yes, in the console: whoever types here has no name, and says yes for
nobody. With --preview it is only said what it would stop.`,
		Example: `  bulwark contain isolate device:12 --reason "ransomware on a share"
  bulwark contain ban address:192.0.2.66 --minutes 240 --reason "command and control"
  bulwark contain block device:12 10.20.1.30:445/tcp --preview`,
		Args: cobra.RangeArgs(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			w.Act, w.Target = args[0], args[1]
			if len(args) > 2 {
				w.Scope = args[2]
			}
			if preview {
				return printStops(cmd, t.Out, w, asJSON)
			}
			if strings.TrimSpace(w.Reason) == "" {
				return usage(errors.New("contain needs a reason: name it with --reason"))
			}
			var l containment.Lease
			if err := post(cmd, "/api/containments", w, &l); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, l)
			}
			return tellLease(t.Out, &l)
		},
	}
	f := cmd.Flags()
	f.IntVar(&w.Minutes, "minutes", 60, "so many `minutes`")
	f.StringVar(&w.Reason, "reason", "", "why")
	f.StringVar(&w.Incident, "incident", "", "the `incident` that it answers")
	f.BoolVar(&preview, "preview", false, "only say what it would stop")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// post sends a value, and reads the answer.
func post(cmd *cobra.Command, path string, v, into any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return send(cmd, http.MethodPost, path, "application/json", body, into)
}

func tellLease(out io.Writer, l *containment.Lease) error {
	fmt.Fprintf(out, "Containment %d: %s %s is %s.\n", l.ID, l.Act, printable(leaseTarget(l)), l.State)
	for _, r := range l.Verdict.Reasons {
		fmt.Fprintf(out, "  %s\n", printable(r.EN))
	}
	if len(l.Verdict.Missing) > 0 && l.State == containment.Proposed {
		fmt.Fprintf(out, "It waits for the yes of: %s.\n", strings.Join(l.Verdict.Missing, ", "))
	}
	if l.Problem != "" {
		fmt.Fprintf(out, "Problem: %s\n", printable(l.Problem))
	}
	return nil
}

func leaseTarget(l *containment.Lease) string {
	text := l.Target
	if l.Name != "" {
		text = l.Name + " (" + l.Target + ")"
	}
	if l.Scope != "" {
		text += " with " + l.Scope
	}
	return text
}

func printStops(cmd *cobra.Command, out io.Writer, w containment.Wish, asJSON bool) error {
	var v struct {
		Preview safety.Preview     `json:"preview"`
		Verdict safety.VerdictView `json:"verdict"`
		Effect  string             `json:"effect"`
	}
	if err := post(cmd, "/api/safety/preview", map[string]string{"act": w.Act, "target": w.Target, "scope": w.Scope}, &v); err != nil {
		return err
	}
	if asJSON {
		return writeJSON(out, v)
	}
	fmt.Fprintf(out, "%s would need: %s\n", v.Effect, v.Verdict.Needs)
	for _, r := range v.Verdict.Reasons {
		fmt.Fprintf(out, "  %s\n", printable(r.EN))
	}
	if !v.Preview.Seen {
		fmt.Fprintf(out, "What would stop could not be found out: %s\n", printable(v.Preview.Why))
	}
	tab := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tab, "\nPEER\tPROTOCOL\tPORT\tCLINICAL\tGOES ON\tCONVERSATIONS\tSEEN")
	for _, f := range v.Preview.Flows {
		fmt.Fprintf(tab, "%s\t%s\t%d/%s\t%s\t%s\t%d\t%s\n", printable(strings.TrimSpace(f.PeerName+" "+f.Peer)), printable(f.App), f.Port, f.Proto, yesNo(f.Clinical), yesNo(f.Kept),
			f.Conversations, strings.ReplaceAll(strings.Join(f.Windows, ", "), "_", " "))
	}
	return tab.Flush()
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// containmentsCommand looks after the acts that there are.
func containmentsCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "containments", Short: "List what is contained, and lift it",
		Long: `List acts against attacks, with their state: proposed, approved, applying, in_force, failed, released, reverting, reverted,
expired, refused, shadow. Only what the enforcement point was asked for and holds is in force. See docs/guide/response.md.`}
	parent(cmd)
	cmd.AddCommand(listContainments(t), showContainment(t), liftContainment(t), prolongContainment(t), containmentCode(t), enforcementPoints(t))
	return cmd
}

func listContainments(t Terminal) *cobra.Command {
	var states, target string
	var asJSON bool
	cmd := &cobra.Command{Use: "list", Short: "List containments, the newest first", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := url.Values{}
			if states != "" {
				q.Set("state", states)
			}
			if target != "" {
				q.Set("target", target)
			}
			var p containment.Page
			if err := get(cmd, "/api/containments?"+q.Encode(), &p); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, p.Items)
			}
			return tellLeases(t.Out, p.Items)
		}}
	cmd.Flags().StringVar(&states, "state", "", "only of these `states`, with commas")
	cmd.Flags().StringVar(&target, "target", "", "only of this `target`: device:12, address:10.0.0.7")
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func tellLeases(out io.Writer, all []containment.Lease) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CONTAINMENT\tSTATE\tACT\tTARGET\tUNTIL\tBY\tREASON")
	for i := range all {
		l := &all[i]
		until := "-"
		if !l.Until.IsZero() {
			until = l.Until.Local().Format(time.DateTime)
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.State, l.Act, printable(leaseTarget(l)), until, printable(l.By), printable(l.Reason))
	}
	return w.Flush()
}

func showContainment(t Terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "show CONTAINMENT", Short: "Show a containment with what happened to it", Args: exactly("the number of a containment; bulwark containments list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var d containment.Detail
			if err := get(cmd, "/api/containments/"+url.PathEscape(args[0]), &d); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, d)
			}
			if err := tellLease(t.Out, &d.Lease); err != nil {
				return err
			}
			w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "\nWHEN\tWHO\tWHAT\tSTATE\tREASON")
			for _, h := range d.History {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", h.At.Local().Format(time.DateTime), printable(h.By), h.What, h.State, printable(h.Reason))
			}
			return w.Flush()
		}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func liftContainment(t Terminal) *cobra.Command {
	var reason string
	cmd := &cobra.Command{Use: "lift CONTAINMENT", Short: "End a containment now", Args: exactly("the number of a containment; bulwark containments list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usage(errors.New("lift needs a reason: name it with --reason"))
			}
			var l containment.Lease
			if err := post(cmd, "/api/containments/"+url.PathEscape(args[0])+"/lift", map[string]string{"reason": reason}, &l); err != nil {
				return err
			}
			return tellLease(t.Out, &l)
		}}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	return cmd
}

func prolongContainment(t Terminal) *cobra.Command {
	var reason string
	var minutes int
	cmd := &cobra.Command{Use: "prolong CONTAINMENT", Short: "Have a containment that is in force last longer",
		Long: `Ask for a containment that is in force to last longer. What it stops is looked at and judged anew, and it needs no less than it needed
when it began: where persons must say yes it ends when it would have ended, until they have.`,
		Example: `  bulwark containments prolong 17 --minutes 60 --reason "not clean yet"`,
		Args:    exactly("the number of a containment; bulwark containments list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if strings.TrimSpace(reason) == "" {
				return usage(errors.New("prolong needs a reason: name it with --reason"))
			}
			var l containment.Lease
			if err := post(cmd, "/api/containments/"+url.PathEscape(args[0])+"/prolong", map[string]any{"reason": reason, "minutes": minutes}, &l); err != nil {
				return err
			}
			return tellLonger(t.Out, &l)
		}}
	cmd.Flags().StringVar(&reason, "reason", "", "why")
	cmd.Flags().IntVar(&minutes, "minutes", 60, "so many `minutes` longer")
	return cmd
}

// tellLonger tells whether a containment lasts longer, and for whose yes that waits.
func tellLonger(out io.Writer, l *containment.Lease) error {
	x := l.Longer
	if x == nil {
		return tellLease(out, l)
	}
	until := l.Until.Local().Format(time.DateTime)
	switch x.State {
	case containment.LongerGranted:
		fmt.Fprintf(out, "Containment %d lasts until %s.\n", l.ID, until)
	case containment.LongerAsked:
		fmt.Fprintf(out, "Containment %d ends at %s, unless these say yes: %s.\n", l.ID, until, strings.Join(x.Verdict.Missing, ", "))
	default:
		fmt.Fprintf(out, "Containment %d does not last longer than until %s.\n", l.ID, until)
	}
	for _, r := range x.Verdict.Reasons {
		fmt.Fprintf(out, "  %s\n", printable(r.EN))
	}
	return nil
}

func containmentCode(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "code CONTAINMENT", Short: "Print the code that lifts a containment at the bedside for 30 minutes", Args: exactly("the number of a containment; bulwark containments list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var v struct {
				Code string `json:"code"`
			}
			if err := post(cmd, "/api/containments/"+url.PathEscape(args[0])+"/code", nil, &v); err != nil {
				return err
			}
			_, err := fmt.Fprintln(t.Out, v.Code)
			return err
		}}
}

func enforcementPoints(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "points", Short: "Show where containments are enforced, and whether that works", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Items []containment.PointView `json:"items"`
			}
			if err := get(cmd, "/api/containments/points", &v); err != nil {
				return err
			}
			w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "POINT\tACTS\tWORKS\tHOLDS\tPROBLEM")
			for _, p := range v.Items {
				problem := printable(p.Problem)
				if !p.Set {
					problem = "not set up: docs/guide/response.md says how"
				}
				if p.Unproven {
					problem = strings.TrimSuffix("unproven: nobody here has confirmed that it works; "+problem, "; ")
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%d of %d\t%s\n", p.Name, strings.Join(p.Acts, ", "), yesNo(p.Works), p.Held, p.Wanted, problem)
			}
			return w.Flush()
		}}
}
