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
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"bulwark/platform/conf"
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

// exit is an error that carries its exit code. A nil err was said already.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return fmt.Sprint(e.err) }
func (e *exit) Unwrap() error { return e.err }

// Main runs one command line and returns the exit code.
func Main(ctx context.Context, args []string, t Terminal) int {
	root := command(t)
	root.SetArgs(args)
	root.SetContext(ctx)
	cmd, err := root.ExecuteC()
	var e *exit
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // who read the output has seen enough
		return ExitOK
	case !errors.As(err, &e): // of cobra: the command line is wrong
		if cmd.Name() == helpName {
			cmd = root
		}
		fmt.Fprintf(t.Err, "bulwark: %v\nRun %s --help to see what it takes.\n", err, cmd.CommandPath())
		return ExitUsage
	case e.err != nil:
		fmt.Fprintf(t.Err, "bulwark: %v\n", err)
	}
	return e.code
}

// command is the tree of commands.
func command(t Terminal) *cobra.Command {
	root := &cobra.Command{
		Use:   "bulwark",
		Short: "Defend a hospital: see, detect, decide, respond, learn",
		Long: `Bulwark watches a hospital's network and defends it: one program, self-hosted.

  bulwark up              watch the network and open the console
  bulwark read FILE       analyse captures and print what crossed the wire
  bulwark pcap            hand out packets that were kept
  bulwark files           hand out copies of files that were kept
  bulwark doctor          say what works here, what does not, and how to mend it

Exit codes: 0 done; 1 failed; 2 wrong command line or configuration; 3 part of the input was unreadable.`,
		Version:       Version(),
		SilenceErrors: true, SilenceUsage: true,
	}
	root.SetVersionTemplate("bulwark {{.Version}}\n")
	root.SetHelpTemplate(helpTemplate)
	root.SetUsageTemplate(usageTemplate)
	root.SetIn(t.In)
	root.SetOut(t.Out)
	root.SetErr(t.Err)
	flags := root.PersistentFlags()
	flags.String("config", "", "configuration `file` (default: bulwark.yaml in the data directory, if there is one)")
	flags.String("data", "", "data `directory` (default: "+dataVariable+", or /var/lib/bulwark as root, or ~/.local/share/bulwark)")
	flags.BoolP("help", "h", false, "say what a command does and takes")
	root.Flags().Bool("version", false, "say which version this is")
	_ = root.MarkPersistentFlagFilename("config", "yaml", "yml") // the flag stands above
	_ = root.MarkPersistentFlagDirname("data")
	const watch, act, keep, link = "watch", "act", "keep", "link"
	root.AddGroup(&cobra.Group{ID: watch, Title: "Watch:"}, &cobra.Group{ID: act, Title: "Act:"}, &cobra.Group{ID: keep, Title: "Look after it:"},
		&cobra.Group{ID: link, Title: "Several machines:"})
	in := func(group string, commands ...*cobra.Command) {
		for _, c := range commands {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	in(watch, upCommand(t), readCommand(t), devicesCommand(t), findingsCommand(t), incidentsCommand(t), casesCommand(t), rulesCommand(t), pcapCommand(t), filesCommand(t), evtxCommand(t), logsCommand(t))
	in(act, accessCommand(t), applicationsCommand(t), containCommand(t), containmentsCommand(t), directoryCommand(t), oncallCommand(t), passwordsCommand(t), peopleCommand(t), playbooksCommand(t), providersCommand(t), sitesCommand(t), trustCommand(t))
	in(keep, doctorCommand(t), configCommand(t), setupLinkCommand(t), resetLinkCommand(t), completionCommand(t), versionCommand(t))
	in(link, nodesCommand(t), joinCommand(t))
	root.AddCommand(childCommand(t))
	root.AddCommand(topics()...)
	parent(root)
	root.SetHelpCommand(helpCommand(root))
	root.SetHelpCommandGroupID(keep)
	root.CompletionOptions.DisableDefaultCmd = true
	return root
}

// parent makes a command that only holds others show its help when it stands alone, and refuse what it does not know.
func parent(cmd *cobra.Command) {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknown(cmd, args[0])
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
}

// unknown refuses a word that is no command, and names those that were perhaps meant.
func unknown(cmd *cobra.Command, word string) error {
	cmd.SuggestionsMinimumDistance = 2
	text := fmt.Sprintf("there is no %s %s", cmd.CommandPath(), word)
	for _, near := range cmd.SuggestionsFor(word) {
		text += fmt.Sprintf("; perhaps %s %s", cmd.CommandPath(), near)
	}
	return errors.New(text)
}

// name is a command's words without that of the program.
func name(cmd *cobra.Command) string {
	return strings.TrimPrefix(cmd.CommandPath(), cmd.Root().Name()+" ")
}

// exactly asks for one argument, in the words of what is missing.
func exactly(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) == 0:
			return fmt.Errorf("%s needs %s", name(cmd), what)
		case len(args) > 1:
			return fmt.Errorf("%s takes one argument, not %d: %q is too much", name(cmd), len(args), args[1])
		}
		return nil
	}
}

// nothing refuses arguments.
func nothing(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("%s takes no argument: %q is too much", name(cmd), args[0])
	}
	return nil
}

// apart refuses flags that exclude each other.
func apart(cmd *cobra.Command, names ...string) error {
	var given []string
	for _, n := range names {
		if cmd.Flags().Changed(n) {
			given = append(given, "--"+n)
		}
	}
	if len(given) > 1 {
		return fmt.Errorf("%s exclude each other", strings.Join(given, " and "))
	}
	return nil
}

func versionCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Say which version this is", Args: nothing,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(t.Out, "bulwark", Version())
			return err
		},
	}
}

func completionCommand(t Terminal) *cobra.Command {
	shells := []string{"bash", "zsh", "fish"}
	return &cobra.Command{
		Use: "completion bash|zsh|fish", Short: "Print a script that completes command lines in a shell",
		Long: `Print a script with which the shell completes commands, flags and their values. For the shell that runs:

  source <(bulwark completion bash)
  source <(bulwark completion zsh)
  bulwark completion fish | source

For every one to come, write it to /etc/bash_completion.d/bulwark, to _bulwark in a directory of zsh's $fpath, or to
~/.config/fish/completions/bulwark.fish.`,
		ValidArgs: shells,
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactly("the name of a shell: "+strings.Join(shells, ", "))(cmd, args); err != nil {
				return err
			}
			return conf.OneOf(args[0], shells...)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "bash":
				return cmd.Root().GenBashCompletionV2(t.Out, true)
			case "zsh":
				return cmd.Root().GenZshCompletion(t.Out)
			}
			return cmd.Root().GenFishCompletion(t.Out, true)
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
