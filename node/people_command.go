package node

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"bulwark/decide/identity"
)

func peopleCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "people", Short: "Hand out what is known of somebody, and erase who left",
		Long: `Hand out what is known of somebody, as they may ask for it; erase who left; keep somebody from being erased as long as a court or an
investigation needs it. See docs/guide/staff-data.md.`}
	parent(cmd)
	cmd.AddCommand(peopleExport(t), peopleErase(t), peopleHold(t, "hold"), peopleHold(t, "release"))
	return cmd
}

// staffPath is the door to what is done to somebody.
func staffPath(login, act string) string {
	return "/api/people/" + url.PathEscape(login) + "/" + act
}

func peopleExport(t Terminal) *cobra.Command {
	var file string
	cmd := &cobra.Command{Use: "export LOGIN", Short: "Write all that is known of somebody, as JSON, without secrets", Args: words("a login"),
		Example: `  bulwark people export ana.roux --to ana.roux.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var d json.RawMessage
			if err := post(cmd, staffPath(args[0], "data"), struct{}{}, &d); err != nil {
				return err
			}
			if file == "" {
				_, err := fmt.Fprintf(t.Out, "%s\n", d)
				return err
			}
			return writeNew(file, d)
		}}
	cmd.Flags().StringVar(&file, "to", "", "write to a new `file`")
	return cmd
}

func peopleErase(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "erase LOGIN", Short: "Forget somebody who left: name, login, number, and all they proved themselves by", Args: words("a login"),
		Long: `Forget somebody who left. They must be suspended, or have left their directory. What they did stays in the ledger and in events under an id that
nothing says the person of any more. It cannot be taken back. It is refused while something stands that needs them to be known: a break-glass that
nobody has looked at, an incident or a case that is open, a place on call, a legal hold.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var e identity.Erased
			if err := post(cmd, staffPath(args[0], "erase"), struct{}{}, &e); err != nil {
				return err
			}
			fmt.Fprintf(t.Out, "Erased. What they did stays under %s, and nothing says who that was.\n", e.ID)
			for _, table := range slices.Sorted(maps.Keys(e.Left)) {
				fmt.Fprintf(t.Out, "Their login, name or number still stands in %s (%d rows), as somebody wrote it or the network told it. It goes when those do.\n", table, e.Left[table])
			}
			return nil
		}}
}

func peopleHold(t Terminal, act string) *cobra.Command {
	short := map[string]string{"hold": "Keep somebody from being erased", "release": "Take back that somebody is kept from being erased"}[act]
	return &cobra.Command{Use: act + " LOGIN REASON", Short: short, Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return post(cmd, staffPath(args[0], act), map[string]string{"reason": strings.Join(args[1:], " ")}, nil)
		}}
}
