package node

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/observe/logs"
	"bulwark/platform/ledger"
)

// anyFormat stands for the format that knows a line.
const anyFormat = "any"

func testLogsCommand(t Terminal) *cobra.Command {
	var parsers string
	cmd := &cobra.Command{
		Use: "test FORMAT FILE", Short: "Say what is understood of the lines of a file, as lines of one format",
		Long: `Read the lines of a file as lines of FORMAT, or with the word any of whatever format knows each, and print what is understood of
each. Nothing is taken in. The exit code is 3 where some line is not understood. - is standard input.`,
		Example: `  bulwark logs test stormshield sample.log
  bulwark logs test mine sample.log --parsers ./parsers`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return errors.New("logs test needs a format and a file")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			format := args[0]
			if format == anyFormat {
				format = ""
			}
			lines, known := 0, 0
			err := tryFile(t, parsers, format, args[1], func(u *logs.Understood) error {
				lines++
				if u.Known {
					known++
				}
				return showUnderstood(t.Out, u)
			})
			if err != nil {
				return &exit{ExitFailure, err}
			}
			fmt.Fprintf(t.Out, "%d of %d lines are understood.\n", known, lines)
			if known < lines {
				return &exit{ExitPartial, nil}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&parsers, "parsers", "", "a `directory` of formats of your own")
	_ = cmd.MarkFlagDirname("parsers") // the flag stands above
	return cmd
}

// tryFile understands the lines of a file.
func tryFile(t Terminal, parsers, format, name string, each func(*logs.Understood) error) error {
	if name == "-" {
		return logs.Try(parsers, format, t.In, each)
	}
	f, err := os.Open(name)
	if err != nil {
		return unwrapPath(err)
	}
	defer f.Close()
	return logs.Try(parsers, format, f, each)
}

// showUnderstood prints a line for people.
func showUnderstood(out io.Writer, u *logs.Understood) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	if !u.Known {
		fmt.Fprintf(w, "line %d\tnot understood: %s\n", u.Number, printable(string(u.Text[:min(len(u.Text), 300)])))
		return w.Flush()
	}
	l := u.Log
	fmt.Fprintf(w, "line %d\t%s\n", u.Number, l.Format)
	if !u.Time.IsZero() {
		fmt.Fprintf(w, "  time\t%s\n", u.Time.Format(time.RFC3339Nano))
	}
	for _, p := range [...][2]string{{"host", l.Host}, {"program", l.App}, {"code", l.Code}, {"action", l.Action}, {"outcome", l.Outcome},
		{"user", l.User}, {"severity", l.Severity}, {"message", l.Message}} {
		if p[1] != "" {
			fmt.Fprintf(w, "  %s\t%s\n", p[0], printable(p[1]))
		}
	}
	for i := 0; i+1 < len(l.Fields); i += 2 {
		fmt.Fprintf(w, "  %s\t%s\n", printable(l.Fields[i]), printable(l.Fields[i+1]))
	}
	return w.Flush()
}

func readLogsCommand(t Terminal) *cobra.Command {
	var parsers, format string
	cmd := &cobra.Command{
		Use: "read FILE...", Short: "Print the lines of files as JSON, as far as they are understood",
		Long: `Read the lines of files, and print what is understood of each as a line of JSON. Nothing is taken in, and nothing is masked: it is
your file. The exit code is 3 where some line is not understood. - is standard input.`,
		Example: `  bulwark logs read /var/log/auth.log | jq 'select(.outcome == "failure")'`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("logs read needs a file")
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			out, unknown := json.NewEncoder(t.Out), 0
			for _, name := range args {
				err := tryFile(t, parsers, format, name, func(u *logs.Understood) error {
					if !u.Known {
						unknown++
					}
					return out.Encode(u)
				})
				if err != nil {
					return &exit{ExitFailure, fmt.Errorf("%s: %w", said(name), err)}
				}
			}
			if unknown > 0 {
				return &exit{ExitPartial, fmt.Errorf("%d lines are not understood", unknown)}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&format, "format", "", "read all lines as lines of this `format`")
	cmd.Flags().StringVar(&parsers, "parsers", "", "a `directory` of formats of your own")
	_ = cmd.MarkFlagDirname("parsers") // the flag stands above
	return cmd
}

func openLogCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "open EVENT", Short: "Print a line that nobody understood, as it came", Args: exactly("the id of an event of logs"),
		Long: `Print a line that no format understood, whole and as it came. Such lines are kept sealed, as nobody knows what stands in them; that
one was opened stands in the ledger.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var line []byte
			if err := ask(cmd, http.MethodPost, "/logs/open", order{Name: args[0]}, &line); err != nil {
				return err
			}
			_, err := t.Out.Write(append(line, '\n'))
			return err
		},
	}
}

// orderLog opens a line that was kept sealed.
func (n *Node) orderLog(w http.ResponseWriter, r *http.Request) {
	var o order
	err := json.NewDecoder(r.Body).Decode(&o)
	var line []byte
	if err == nil {
		line, err = n.logs.OpenLine(r.Context(), ledger.Host, o.Name, "")
	}
	answer(w, line, err)
}
