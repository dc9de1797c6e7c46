package node

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/decide/identity"
	"bulwark/decide/identity/directory"
	"bulwark/decide/identity/kerberos"
)

func directoryCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "directory", Short: "Try the hospital's directories, read them and join people to them",
		Long: `Try the hospital's directories (Active Directory, LDAP), read them now, and join people to their accounts there. Directories stand in the
configuration, under identity.directories. See docs/guide/directory.md.`}
	parent(cmd)
	cmd.AddCommand(directoryList(t), directoryTest(t), directoryRead(t), directoryAdopt(t))
	return cmd
}

func directoryList(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "Say how the directories stand", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct{ Directories []identity.DirectoryView }
			if err := get(cmd, "/api/directories", &v); err != nil {
				return err
			}
			if len(v.Directories) == 0 {
				_, err := fmt.Fprintln(t.Out, "No directory is configured (identity.directories).")
				return err
			}
			for _, d := range v.Directories {
				if err := tellDirectory(t.Out, &d); err != nil {
					return err
				}
			}
			return nil
		}}
}

// tellDirectory tells how a directory stands.
func tellDirectory(out io.Writer, d *identity.DirectoryView) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name, format string, v ...any) { fmt.Fprintf(w, name+"\t"+format+"\n", v...) }
	row(d.Name, "%s, %d people, %d may sign in", d.Kind, d.People, d.Active)
	if !d.Read.IsZero() {
		row("  read", "%s at %s", d.Read.Local().Format(time.DateTime), d.Server)
	}
	if d.Fault != "" {
		row("  fault", "%s", d.Fault)
	}
	if !d.Changed.IsZero() {
		row("  changed", "%s: %d joined, %d moved, %d left, %d came back", d.Changed.Local().Format(time.DateTime), d.Joined, d.Moved, d.Left, d.Returned)
	}
	if d.Leaving > 0 {
		row("  waiting", "%d are gone at once: bulwark directory read %s --confirm, if that is right", d.Leaving, d.Name)
	}
	if len(d.Taken) > 0 {
		row("  taken", "somebody else has the login here: %s", strings.Join(d.Taken, ", "))
	}
	if d.Refused > 0 {
		row("  refused", "%d entries without an id or with a login that is none", d.Refused)
	}
	if len(d.Unknown) > 0 {
		row("  unknown", "no such group: %s", strings.Join(d.Unknown, "; "))
	}
	if d.Referred > 0 {
		row("  elsewhere", "%d parts are on other servers, which are not asked: name one that has all, or a directory for each", d.Referred)
	}
	return w.Flush()
}

func directoryTest(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "test NAME", Short: "Read a directory without a running Bulwark, and say what would be taken from it; nothing is changed",
		Args: exactly("the name of a directory of the configuration"), Example: "  bulwark directory test ad",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(c.Identity.Directories, func(d directory.Config) bool { return d.Name == args[0] })
			if at < 0 {
				return usage(fmt.Errorf("the configuration has no directory %q under identity.directories", args[0]))
			}
			d := directory.Directory{Config: c.Identity.Directories[at]}
			begun := time.Now()
			r, err := d.Read(cmd.Context(), begun)
			if err != nil {
				return &exit{ExitFailure, err}
			}
			if err := tellReading(t.Out, r, time.Since(begun)); err != nil || !d.Config.Kerberos.On() {
				return err
			}
			if err := kerberos.New(d.Config.Kerberos, true).Test(); err != nil {
				return &exit{ExitFailure, err}
			}
			_, err = fmt.Fprintln(t.Out, "The keytab is good for tickets of", d.Config.Kerberos.Realm)
			return err
		}}
}

// tellReading counts what a reading found.
func tellReading(out io.Writer, r *directory.Reading, took time.Duration) error {
	roles, units, disabled := map[string]int{}, map[string]int{}, 0
	for _, a := range r.Accounts {
		if a.Disabled {
			disabled++
			continue
		}
		for _, d := range a.Duties {
			roles[string(d)]++
		}
		for _, x := range a.Roles {
			roles[x]++
		}
		for _, u := range a.Units {
			units[u]++
		}
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%d people in %s, %d of them disabled\n", r.Server, len(r.Accounts), took.Round(10*time.Millisecond), disabled)
	for _, x := range []struct {
		name string
		of   map[string]int
	}{{"role", roles}, {"unit", units}} {
		for _, k := range slices.Sorted(maps.Keys(x.of)) {
			fmt.Fprintf(w, "%s %s\t%d\n", x.name, k, x.of[k])
		}
	}
	if r.Nameless > 0 {
		fmt.Fprintf(w, "without id or login\t%d\n", r.Nameless)
	}
	for _, u := range r.Unknown {
		fmt.Fprintf(w, "no such group\t%s\n", u)
	}
	if r.Referred > 0 {
		fmt.Fprintf(w, "parts on other servers, not asked\t%d\n", r.Referred)
	}
	return w.Flush()
}

func directoryRead(t Terminal) *cobra.Command {
	confirm := false
	cmd := &cobra.Command{Use: "read NAME", Short: "Have the running Bulwark read a directory now",
		Args: exactly("the name of a directory; bulwark directory list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var v identity.DirectoryView
			if err := post(cmd, "/api/directories/"+url.PathEscape(args[0])+"/read", map[string]bool{"confirm": confirm}, &v); err != nil {
				return err
			}
			return tellDirectory(t.Out, &v)
		}}
	cmd.Flags().BoolVar(&confirm, "confirm", false, "disable everybody who is gone, however many they are")
	return cmd
}

func directoryAdopt(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "adopt NAME LOGIN", Short: "Join somebody who was invited here to the account of the same login in a directory",
		Long: `Join somebody who was invited here to the account of the same login in a directory. From then on their password is the directory's, and they leave
here when they leave there. Their passkeys and their app stay.`,
		Args: words("the name of a directory", "a login"), Example: "  bulwark directory adopt ad rose",
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[1] == "" {
				return usage(errors.New("the login is empty"))
			}
			if err := post(cmd, "/api/directories/"+url.PathEscape(args[0])+"/adopt", map[string]string{"login": args[1]}, nil); err != nil {
				return err
			}
			_, err := fmt.Fprintf(t.Out, "%s signs in with the password of %s from now on.\n", args[1], args[0])
			return err
		}}
}
