package node

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"bulwark/observe/logs"
)

func logsCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "logs", Short: "See what machines send of their logs, and let more send them",
		Long: `See which machines send logs and how much of it is understood, and make the tokens that senders by HTTP prove themselves with.
Where logs come in is said under logs: in the configuration; nothing listens otherwise.`,
	}
	parent(cmd)
	cmd.AddCommand(logSourcesCommand(t), logTokenCommand(t), testLogsCommand(t), readLogsCommand(t), openLogCommand(t))
	return cmd
}

func logSourcesCommand(t Terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "sources", Short: "List the log sources, the last heard first", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var page struct {
				Items []logs.Source `json:"items"`
			}
			if err := get(cmd, "/api/logs/sources", &page); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, page.Items)
			}
			listLogSources(t.Out, page.Items)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func listLogSources(out io.Writer, all []logs.Source) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "SOURCE\tBY\tSENDER\tHOST\tSTREAM\tLINES\tUNDERSTOOD\tA MINUTE\tLAST HEARD")
	for i := range all {
		s := &all[i]
		share := "-"
		if n := s.Counts.Lines; n > 0 {
			share = fmt.Sprintf("%.0f %%", 100*float64(s.Counts.Understood)/float64(n))
		}
		last := s.Last
		if s.Silent {
			last += " (silent)"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\t%.1f\t%s\n", s.ID, s.Intake, printable(s.Sender), printable(s.Host), printable(s.Stream),
			s.Counts.Lines, share, s.Rate, last)
	}
	w.Flush()
}

func logTokenCommand(t Terminal) *cobra.Command {
	var remove bool
	cmd := &cobra.Command{
		Use: "token NAME", Short: "Make the token that a sender by HTTP proves itself with", Args: exactly("the name of a sender, which its logs are counted under"),
		Long: `Make a token for a sender by HTTP (_bulk, OTLP, FHIR), and print it. It is kept as a digest alone: who loses it makes another,
which takes the place of the one before. Senders give it as Bearer, as ApiKey, or as the password of any user.`,
		Example: `  bulwark logs token winlogbeat
  bulwark logs token winlogbeat --remove`,
		RunE: func(cmd *cobra.Command, args []string) error {
			method := http.MethodPost
			if remove {
				method = http.MethodDelete
			}
			var made struct {
				Token string `json:"token"`
			}
			if err := send(cmd, method, "/api/logs/tokens/"+url.PathEscape(args[0]), "application/json", nil, &made); err != nil {
				return err
			}
			if remove {
				made.Token = "The token of " + args[0] + " opens nothing any more."
			}
			_, err := fmt.Fprintln(t.Out, made.Token)
			return err
		},
	}
	cmd.Flags().BoolVar(&remove, "remove", false, "have its token open nothing any more")
	return cmd
}
