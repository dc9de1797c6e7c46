// Package node is the composition root: it reads the command line and the configuration, makes the parts that
// rooms.go lists, and runs them.
package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// Terminal is where the program reads and writes.
type Terminal struct {
	In       *os.File
	Out, Err io.Writer
}

// Exit codes of bulwark.
const (
	ExitOK      = 0
	ExitFailure = 1 // something went wrong, and was said
	ExitUsage   = 2 // the command line or the configuration is wrong
	ExitPartial = 3 // part of the input was not readable; the rest was done
)

// exit is an error that carries its exit code.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }
func (e *exit) Unwrap() error { return e.err }

// Main runs one command line and returns the exit code.
func Main(ctx context.Context, args []string, t Terminal) int {
	root := command(t)
	root.SetArgs(args)
	root.SetContext(ctx)
	err := root.Execute()
	if err == nil {
		return ExitOK
	}
	fmt.Fprintf(t.Err, "bulwark: %v\n", err)
	var e *exit
	if errors.As(err, &e) {
		return e.code
	}
	return ExitUsage
}

// command is the tree of commands.
func command(t Terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "bulwark",
		Short: "Defend a hospital: see, detect, decide, respond, learn",
		Long: `Bulwark watches a hospital's network and defends it: one program, self-hosted.

  bulwark up              watch the network and open the console
  bulwark read FILE       analyse captures and print what crossed the wire
  bulwark doctor          say what works here, what does not, and how to mend it

Exit codes: 0 done; 1 failed; 2 wrong command line or configuration; 3 part of the input was unreadable.`,
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetIn(t.In)
	root.SetOut(t.Out)
	root.SetErr(t.Err)
	root.PersistentFlags().String("config", "", "configuration `file` (default: bulwark.yaml in the data directory, if there is one)")
	root.PersistentFlags().String("data", "", "data `directory` (default: /var/lib/bulwark as root, else ~/.local/share/bulwark)")
	root.AddCommand(upCommand(t), readCommand(t), doctorCommand(t), configCommand(t),
		joinCommand(t), nodesCommand(t), setupLinkCommand(t), versionCommand(t), childCommand(t))
	return root
}

func versionCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which version this is", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(t.Out, "bulwark", Version())
			return err
		},
	}
}

// Version is the version of the program: its release, or the commit it was built from.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version := info.Main.Version
	if version == "" || version == "(devel)" {
		version = "development"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			version += " " + s.Value[:12]
		}
	}
	return version + " " + info.GoVersion
}
