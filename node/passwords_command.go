package node

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"bulwark/decide/identity"
)

func passwordsCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "passwords", Short: "Keep the list of stolen passwords, and try a password against the rules",
		Long: `Keep the list of stolen passwords, and try a password against the rules. A new password is refused where it is short, made of words
that guessers try first, in the list of stolen passwords, or was the person's own before. The list is a file in the data directory; nobody
outside is asked. See docs/guide/passwords.md.`}
	parent(cmd)
	cmd.AddCommand(passwordsImport(t), passwordsShow(t), passwordsTry(t))
	return cmd
}

func passwordsImport(t Terminal) *cobra.Command {
	var seen uint64
	cmd := &cobra.Command{Use: "import FILE|-", Short: "Read a list of stolen passwords",
		Long: `Read a list of stolen passwords and put it in the place of the one before. The list has one entry in a line: the SHA-1 of a password in
hexadecimal, in order, with ":COUNT" behind it or without, as Have I Been Pwned publishes them; or passwords in clear. A file that another
Bulwark made (stolen-passwords in its data directory) is taken as it is, so that one machine of a group reads the list for all.

A password takes 9 bits: the thousand million of the published list about 1.1 GB of disk, none of it in memory. A running Bulwark takes the new
list within seconds.`,
		Example: `  bulwark passwords import pwned-passwords-sha1-ordered-by-hash.txt
  bulwark passwords import --seen 10 pwned-passwords.txt
  xz -dc leaked.txt.xz | bulwark passwords import -`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			from, err := listFrom(t, args[0])
			if err != nil {
				return err
			}
			defer from.Close()
			if err := os.MkdirAll(dataDir(cmd), 0o700); err != nil {
				return err
			}
			name := filepath.Join(dataDir(cmd), identity.StolenFile)
			r, err := identity.ImportStolen(cmd.Context(), from, name, seen, func(lines uint64) { fmt.Fprintf(t.Err, "%d lines read\n", lines) })
			if err != nil {
				return fmt.Errorf("%s: %w", args[0], err)
			}
			if r.Seldom > 0 {
				fmt.Fprintf(t.Out, "%d left aside: seen less than %d times\n", r.Seldom, seen)
			}
			return showStolen(t, name)
		}}
	cmd.Flags().Uint64Var(&seen, "seen", 0, "leave aside what was seen less `often`, where the list says so")
	return cmd
}

func listFrom(t Terminal, name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(t.In), nil
	}
	return os.Open(name)
}

func passwordsShow(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "show", Short: "Say what list of stolen passwords there is, and whether it is sound", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return showStolen(t, filepath.Join(dataDir(cmd), identity.StolenFile))
		}}
}

func showStolen(t Terminal, name string) error {
	l, err := identity.ShowStolen(name)
	if err != nil {
		return err
	}
	if l.Entries == 0 {
		fmt.Fprintln(t.Out, "no list of stolen passwords; bulwark passwords import FILE reads one")
		return nil
	}
	fmt.Fprintf(t.Out, "%d stolen passwords, read %s, %.1f MB (%.2f bits each)\n", l.Entries, l.Created.Format(time.DateOnly), float64(l.Bytes)/1e6,
		8*float64(l.Bytes)/float64(l.Entries))
	return nil
}

func passwordsTry(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "try", Short: "Say whether a password, read from the input, would be accepted",
		Long: `Say whether a password, read from the first line of the input, would be accepted from anybody here. What is only known of a person, such as
their own name and their former passwords, is not asked. The exit code is 3 where it is refused.`,
		Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			line, err := bufio.NewReader(io.LimitReader(t.In, 4096)).ReadString('\n')
			if err != nil && !errors.Is(err, io.EOF) {
				return err
			}
			err = identity.TryPassword(strings.TrimRight(line, "\r\n"), filepath.Join(dataDir(cmd), identity.StolenFile), c.Identity, c.Console.Names)
			if err != nil {
				return &exit{ExitPartial, err}
			}
			fmt.Fprintln(t.Out, "accepted")
			return nil
		}}
}
