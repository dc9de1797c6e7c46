package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"bulwark/content/playbooks"
	"bulwark/respond/playbook"
)

func playbooksCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "playbooks", Short: "List what is done against attacks, test it on the past, check and exchange it",
		Long: `List what is done against attacks, check it, and exchange it with others. A hospital's own playbooks are files in the folder playbooks
of the data directory, read when the program starts. See docs/formats/playbook.md.`}
	parent(cmd)
	cmd.AddCommand(playbooksList(t), playbooksRuns(t), playbooksBackTest(t), playbooksCheck(t), playbooksImport(t), playbooksExport(t))
	return cmd
}

func playbooksList(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the playbooks, those that cannot be used too", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Items []playbook.View `json:"items"`
			}
			if err := get(cmd, "/api/playbooks", &v); err != nil {
				return err
			}
			out := tabwriter.NewWriter(t.Out, 0, 8, 2, ' ', 0)
			fmt.Fprintln(out, "PLAYBOOK\tSTATE\tRUNS\tTITLE")
			for _, p := range v.Items {
				state := string(p.Mode)
				title := p.Error
				switch {
				case p.Error != "":
					state = "refused"
				case !p.On:
					state = "off"
				case len(p.Missing) > 0:
					state += ", without " + strings.Join(p.Missing, ", ")
				}
				if p.Playbook != nil {
					title = p.Playbook.Title.EN
				}
				fmt.Fprintf(out, "%s\t%s\t%d\t%s\n", p.ID, state, p.Runs, title)
			}
			return out.Flush()
		}}
}

func playbooksRuns(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "runs", Short: "List what ran, the newest first", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Items []playbook.Run `json:"items"`
			}
			if err := get(cmd, "/api/playbooks/runs", &v); err != nil {
				return err
			}
			if len(v.Items) == 0 {
				_, err := fmt.Fprintln(t.Out, "Nothing ran yet.")
				return err
			}
			out := tabwriter.NewWriter(t.Out, 0, 8, 2, ' ', 0)
			fmt.Fprintln(out, "RUN\tBEGAN\tPLAYBOOK\tINCIDENT\tSTATE\tSTEPS")
			for _, r := range v.Items {
				fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\n", r.ID, r.Began.Local().Format("2006-01-02 15:04:05"), r.Playbook.ID, r.Incident, r.State, stepsOf(&r))
			}
			return out.Flush()
		}}
}

// stepsOf is a line on how far each step of a run is.
func stepsOf(r *playbook.Run) string {
	var all []string
	for _, s := range r.Steps {
		switch {
		case len(s.Targets) > 0:
			all = append(all, fmt.Sprintf("%s: %d", s.Step, len(s.Targets)))
		case !s.Done.IsZero():
			all = append(all, s.Step+": done")
		default:
			all = append(all, s.Step+": -")
		}
	}
	if r.Problem != "" {
		all = append(all, r.Problem)
	}
	return strings.Join(all, ", ")
}

// readPlaybook reads a file of ours or of CACAO.
func readPlaybook(name string) (*playbooks.Playbook, error) {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, usage(unwrapPath(err))
	}
	p, err := playbook.ReadAny(text, name)
	return p, usage(err)
}

func playbooksCheck(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "check FILE...", Short: "Check playbooks, ours or of CACAO 2.0, and say where they are wrong", Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			for _, name := range args {
				p, err := readPlaybook(name)
				if err != nil {
					return err
				}
				fmt.Fprintf(t.Out, "%s is sound: %s, %d steps.\n", name, p.Title.EN, len(p.Steps))
			}
			return nil
		}}
}

func playbooksImport(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "import FILE", Short: "Take a playbook, ours or of CACAO 2.0, into the data directory", Args: exactly("a playbook"),
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := readPlaybook(args[0])
			if err != nil {
				return err
			}
			dir := filepath.Join(dataDir(cmd), playbooksDir)
			if err := os.MkdirAll(dir, 0o700); err != nil {
				return &exit{ExitFailure, err}
			}
			name := filepath.Join(dir, p.ID+".yaml")
			f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return &exit{ExitFailure, fmt.Errorf("%w; remove it first to write it anew", err)}
			}
			if _, err = f.Write(playbooks.Write(p)); err == nil {
				err = f.Sync()
			}
			if err2 := f.Close(); err == nil {
				err = err2
			}
			if err != nil {
				return &exit{ExitFailure, err}
			}
			_, err = fmt.Fprintf(t.Out, "%s is kept. It is read when Bulwark starts.\n", name)
			return err
		}}
}

func playbooksExport(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "export PLAYBOOK", Short: "Write a playbook in CACAO 2.0", Args: exactly("the id of a playbook; bulwark playbooks list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			resp, err := call(cmd, http.MethodGet, "/api/playbooks/"+url.PathEscape(args[0])+"/cacao", nil)
			if err != nil {
				return err
			}
			var c json.RawMessage
			if err := readAnswer(resp, &c); err != nil {
				return err
			}
			return writeJSON(t.Out, c)
		}}
}
