package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	content "bulwark/content/policies"
	"bulwark/decide/access"
)

func accessCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "access", Short: "Say who may do what and why, check policies and try them",
		Long: `Say who may do what and why, and check the policies by which it is decided. A hospital's own policies are files in the folder policies
of the data directory. See docs/guide/access.md.`}
	parent(cmd)
	cmd.AddCommand(accessCheck(t), accessTest(t), accessPolicies(t), accessExplain(t), accessWho(t), accessSeen(t))
	return cmd
}

// atMost takes so many arguments and no more.
func atMost(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return fmt.Errorf("%s takes %s alone: %q is too much", name(cmd), what, args[n])
		}
		return nil
	}
}

// words takes one argument for each of what it needs.
func words(needs ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < len(needs) {
			return fmt.Errorf("%s needs %s", name(cmd), needs[len(args)])
		}
		return atMost(len(needs), fmt.Sprint(len(needs), " arguments"))(cmd, args)
	}
}

// packOf is what is shipped, with the files of a folder over it.
func packOf(args []string) (content.Pack, error) {
	if len(args) == 0 {
		return content.Read(nil)
	}
	if _, err := os.Stat(args[0]); err != nil {
		return content.Pack{}, err
	}
	return content.Read(os.DirFS(args[0]))
}

func accessCheck(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "check [FOLDER]", Short: "Check policies without a running Bulwark: the shipped ones, with those of a folder over them", Args: atMost(1, "FOLDER"),
		Long: `Check policies: that they can be read, that they speak of what there is, and that no invariant breaks. Each fault is told with its place.`,
		RunE: func(_ *cobra.Command, args []string) error {
			pack, err := packOf(args)
			if err != nil {
				return err
			}
			r := access.Check(pack, time.Now())
			for _, p := range r.Problems {
				fmt.Fprintln(t.Out, printable(p.String()))
			}
			for _, b := range r.Breaches {
				fmt.Fprintf(t.Out, "invariant %s breaks (%d cases): %s\n  %s: %s, %s, %s: %s (%s)\n", b.Invariant, b.Cases, printable(b.Why.EN), printable(b.Who.EN), b.Action,
					printable(b.What.EN), printable(b.When.EN), b.Got, strings.Join(b.By, ", "))
			}
			if len(r.Problems)+len(r.Breaches) > 0 {
				return errors.New("the policies are not as they must be")
			}
			fmt.Fprintf(t.Out, "%d policies, %d invariants: they hold in all of %d questions.\n", r.Policies, r.Invariants, r.Asked)
			return nil
		}}
}

func accessTest(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "test [FOLDER]", Short: "Ask policies the cases of a folder, or those that are shipped, without a running Bulwark", Args: atMost(1, "FOLDER"),
		Long: `Ask policies the questions of a file cases.yaml, and compare what they answer with what they must: the shipped cases, and those in a folder.`,
		RunE: func(_ *cobra.Command, args []string) error {
			pack, err := packOf(args)
			if err != nil {
				return err
			}
			texts := []string{content.Cases()}
			if len(args) > 0 {
				own, err := os.ReadFile(args[0] + "/" + content.CasesFile)
				if err == nil {
					texts = []string{string(own)}
				} else if !errors.Is(err, os.ErrNotExist) {
					return err
				}
			}
			wrong, all := 0, 0
			for _, text := range texts {
				outcomes, err := access.Test(pack, text, time.Now())
				if err != nil {
					return err
				}
				for _, o := range outcomes {
					if all++; o.Wrong != "" {
						wrong++
						fmt.Fprintf(t.Out, "%s: %s\n", printable(o.Name), printable(o.Wrong))
					}
				}
			}
			fmt.Fprintf(t.Out, "%d of %d cases are as they must be.\n", all-wrong, all)
			if wrong > 0 {
				return errors.New("the policies answer otherwise")
			}
			return nil
		}}
}

func accessPolicies(t Terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{Use: "policies", Short: "List the policies that are in force, in words", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v access.PoliciesView
			if err := get(cmd, "/api/access/policies", &v); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, v)
			}
			w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "POLICY\tEFFECT\tUSED\tWHY\tASKS\tFILE")
			for _, p := range v.Policies {
				fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%s\t%s:%d\n", p.ID, p.Effect, p.Used, printable(p.Why.EN), strings.Join(p.Obligations, "; "), p.File, p.Line)
			}
			if err := w.Flush(); err != nil {
				return err
			}
			for _, p := range v.Problems {
				fmt.Fprintln(t.Err, "not in force: "+printable(p.String()))
			}
			return nil
		}}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// withFlags are how somebody would ask.
func withFlags(cmd *cobra.Command, q *access.Question) {
	f := cmd.Flags()
	f.StringVar(&q.With.Zone, "from", "clinical", "`network` from which they ask: clinical, biomedical, office, guest, vendor or internet")
	f.IntVar(&q.With.Assurance, "assurance", 2, "how surely they signed in: 1, 2 or 3 factors as docs/guide/access.md says")
	f.BoolVar(&q.With.Resistant, "passkey", false, "they signed in with a passkey or a card")
	f.IntVar(&q.With.Minutes, "minutes", 0, "`minutes` since they signed in")
	f.BoolVar(&q.With.Unmanaged, "unmanaged", false, "at a device that the hospital does not look after")
	f.BoolVar(&q.With.Shared, "shared", false, "at a shared workstation")
	f.BoolVar(&q.With.Bound, "certificate", false, "at a device that proved itself with its certificate")
}

func accessExplain(t Terminal) *cobra.Command {
	var q access.Question
	var asJSON bool
	cmd := &cobra.Command{Use: "explain WHO ACTION WHAT", Short: "Say whether somebody may do something, by what policy, and what would help",
		Args: words("who (a login, Person:ID or Machine:NUMBER)", "an action, like readRecord or open", "what it is about"),
		Example: `  bulwark access explain ada readRecord P-3f2a
  bulwark access explain ada use "POST /api/people" --from internet --passkey`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Who, q.Action, q.What = args[0], args[1], args[2]
			var v access.Answer
			if err := post(cmd, "/api/access/explain", q, &v); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, v)
			}
			tellAnswer(t.Out, &v)
			return nil
		}}
	withFlags(cmd, &q)
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func tellAnswer(out io.Writer, v *access.Answer) {
	word := "No"
	if v.Allow {
		word = "Yes"
	}
	fmt.Fprintf(out, "%s: %s\n", word, printable(v.Why.EN))
	for _, id := range v.Policies {
		fmt.Fprintf(out, "  by %s\n", id)
	}
	for _, o := range v.Obligations {
		fmt.Fprintf(out, "  asks %s\n", o)
	}
	for _, e := range v.Errors {
		fmt.Fprintf(out, "  could not be worked out: %s\n", printable(e))
	}
	if !v.Until.IsZero() {
		fmt.Fprintf(out, "  until %s\n", v.Until.Local().Format(time.DateTime))
	}
	for _, n := range v.Next {
		fmt.Fprintf(out, "  %s\n", printable(n.Text.EN))
	}
}

func accessWho(t Terminal) *cobra.Command {
	var q access.Question
	cmd := &cobra.Command{Use: "who ACTION WHAT", Short: "List the people who may do something", Args: words("an action, like readRecord or open", "what it is about"),
		RunE: func(cmd *cobra.Command, args []string) error {
			q.Action, q.What = args[0], args[1]
			var v struct {
				People []string `json:"people"`
			}
			if err := post(cmd, "/api/access/who", q, &v); err != nil {
				return err
			}
			for _, id := range v.People {
				fmt.Fprintln(t.Out, printable(id))
			}
			return nil
		}}
	withFlags(cmd, &q)
	return cmd
}
