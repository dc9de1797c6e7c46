package node

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"bulwark/respond/notify"
)

func oncallCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "oncall", Short: "Say who is on call, and what people were told",
		Long: `Say who is on call, and what people were told. Channels stand in the configuration (notify.channels); contacts, rotas and who is
told next are kept with the state. See docs/guide/oncall.md.`}
	parent(cmd)
	cmd.AddCommand(oncallShow(t), oncallNotices(t), oncallAnswer(t), oncallTest(t), oncallPut(t))
	return cmd
}

func oncallShow(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "show", Short: "Show channels, contacts, and who is on call now", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v notify.View
			if err := get(cmd, "/api/notify", &v); err != nil {
				return err
			}
			out := tabwriter.NewWriter(t.Out, 0, 8, 2, ' ', 0)
			for _, c := range v.Channels {
				fmt.Fprintf(out, "channel\t%s\t%s\n", c.Name, c.Type)
			}
			for _, c := range v.Contacts {
				fmt.Fprintf(out, "contact\t%s\t%s\n", c.ID, c.Name)
			}
			for _, r := range v.Rotas {
				now := r.Now
				if now == "" {
					now = "nobody"
				}
				fmt.Fprintf(out, "on call\t%s\t%s\n", r.Name, now)
			}
			for _, p := range v.Policies {
				fmt.Fprintf(out, "policy\t%s\tfrom %s, %d steps, %d rounds\n", p.Name, p.Least, len(p.Steps), p.Rounds)
			}
			if len(v.Policies) == 0 {
				fmt.Fprintln(out, "policy\tnone\tnobody is told of anything; bulwark oncall put says who is")
			}
			return out.Flush()
		}}
}

func oncallNotices(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "notices", Short: "List what people were told, the newest first", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Items []notify.Notice `json:"items"`
			}
			if err := get(cmd, "/api/notify/notices", &v); err != nil {
				return err
			}
			if len(v.Items) == 0 {
				_, err := fmt.Fprintln(t.Out, "Nobody was told of anything.")
				return err
			}
			out := tabwriter.NewWriter(t.Out, 0, 8, 2, ' ', 0)
			fmt.Fprintln(out, "NOTICE\tMADE\tSEVERITY\tSTATE\tBY\tTITLE")
			for _, x := range v.Items {
				fmt.Fprintf(out, "%d\t%s\t%s\t%s\t%s\t%s\n", x.ID, x.Made.Local().Format("2006-01-02 15:04"), x.Severity, x.State, x.By, x.Title.EN)
			}
			return out.Flush()
		}}
}

func oncallAnswer(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "answer NOTICE", Short: "Take care of a notice: nobody else is told", Args: exactly("the number of a notice; bulwark oncall notices shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := strconv.ParseInt(args[0], 10, 64); err != nil {
				return usage(fmt.Errorf("%q is no number of a notice; bulwark oncall notices shows them", args[0]))
			}
			var x notify.Notice
			if err := send(cmd, http.MethodPost, "/api/notify/notices/"+args[0]+"/answer", "application/json", nil, &x); err != nil {
				return err
			}
			_, err := fmt.Fprintf(t.Out, "Notice %d is %s, by %s.\n", x.ID, x.State, x.By)
			return err
		}}
}

func oncallTest(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "test CONTACT", Short: "Send a contact a test message in all of its ways", Args: exactly("the id of a contact; bulwark oncall show shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var v struct {
				Items []notify.Sent `json:"items"`
			}
			if err := send(cmd, http.MethodPost, "/api/notify/contacts/"+url.PathEscape(args[0])+"/test", "application/json", nil, &v); err != nil {
				return err
			}
			bad := 0
			for _, s := range v.Items {
				fmt.Fprintf(t.Out, "%s: %s %s\n", s.Channel, s.State, s.Error)
				if s.Error != "" {
					bad++
				}
			}
			if bad > 0 {
				return &exit{ExitFailure, fmt.Errorf("%d of %d messages were not taken", bad, len(v.Items))}
			}
			return nil
		}}
}

// oncallPut keeps what a file says, as GET /api/notify has it.
func oncallPut(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "put FILE", Short: "Keep the contacts, rotas and policies of a JSON file", Args: exactly("a JSON file with contacts, rotas and policies"),
		Example: `  bulwark oncall put staff.json`,
		RunE: func(cmd *cobra.Command, args []string) error {
			doc, err := os.ReadFile(args[0])
			if err != nil {
				return usage(unwrapPath(err))
			}
			var v notify.View
			if err := json.Unmarshal(doc, &v); err != nil {
				return usage(fmt.Errorf("%s: %w", args[0], err))
			}
			put := func(path string, x any) error {
				text, err := json.Marshal(x)
				if err != nil {
					return err
				}
				return send(cmd, http.MethodPut, path, "application/json", text, new(notify.View))
			}
			for _, c := range v.Contacts {
				if err := put("/api/notify/contacts/"+url.PathEscape(c.ID), c); err != nil {
					return err
				}
			}
			for _, r := range v.Rotas {
				if err := put("/api/notify/rotas/"+url.PathEscape(r.Name), r.Rota); err != nil {
					return err
				}
			}
			for _, p := range v.Policies {
				if err := put("/api/notify/policies/"+url.PathEscape(p.Name), p); err != nil {
					return err
				}
			}
			_, err = fmt.Fprintf(t.Out, "%d contacts, %d rotas and %d policies are kept.\n", len(v.Contacts), len(v.Rotas), len(v.Policies))
			return err
		}}
}
