package node

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/decide/identity/oidc"
)

func applicationsCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "applications", Short: "Say which applications sign people in with Bulwark (OpenID Connect)",
		Long: `Say which applications sign people in with Bulwark, by OpenID Connect. Each is registered with the addresses to which people come back, and gets
a secret that is shown once. See docs/guide/applications.md.`}
	parent(cmd)
	cmd.AddCommand(applicationsList(t), applicationsAdd(t), applicationsRemove(t))
	return cmd
}

func applicationsList(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the applications", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct{ Applications []oidc.Client }
			if err := get(cmd, "/api/applications", &v); err != nil {
				return err
			}
			w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tNAME\tSINCE\tROLES\tCOMES BACK TO")
			for _, a := range v.Applications {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", a.ID, a.Name, a.Created.Local().Format(time.DateOnly), strings.Join(a.Settings.Roles, ", "), strings.Join(a.Settings.Redirects, " "))
			}
			return w.Flush()
		}}
}

func applicationsAdd(t Terminal) *cobra.Command {
	var s oidc.Settings
	var title string
	cmd := &cobra.Command{Use: "add ID", Short: "Register an application; its secret is shown once", Args: exactly("an id: small letters, digits and . _ -"),
		Example: `  bulwark applications add intranet --name Intranet --redirect https://intranet.hospital.example/oidc/callback --role nurse --role doctor
  bulwark applications add viewer --name "Image viewer" --redirect http://localhost:8400/ --auth none`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if title == "" {
				title = args[0]
			}
			var v struct {
				Secret string `json:"client_secret"`
			}
			if err := post(cmd, "/api/applications", map[string]any{"id": args[0], "name": title, "settings": s}, &v); err != nil {
				return err
			}
			fmt.Fprintf(t.Out, "client_id      %s\n", args[0])
			if v.Secret != "" {
				fmt.Fprintf(t.Out, "client_secret  %s\n", v.Secret)
			}
			_, err := fmt.Fprintln(t.Out, "issuer         the console's address, with /oidc behind it")
			return err
		}}
	f := cmd.Flags()
	f.StringVar(&title, "name", "", "what people know it as")
	f.StringArrayVar(&s.Redirects, "redirect", nil, "`address` to which people come back; several times for several")
	f.StringArrayVar(&s.LogoutRedirects, "logout", nil, "`address` to which they come back after signing out")
	f.StringArrayVar(&s.Roles, "role", nil, "role or duty of which one is needed to enter; none: everybody")
	f.StringVar(&s.Auth, "auth", "", "how it says which it is: client_secret_basic, client_secret_post or none; empty: by its secret, either way")
	f.StringVar(&s.Backchannel, "backchannel", "", "`address` of the application that is told when a session ends")
	f.BoolVar(&s.WithoutPKCE, "without-pkce", false, "let an old application with a secret come without PKCE")
	f.BoolVar(&s.OnlyPushed, "pushed", false, "refuse requests that the application did not push")
	f.IntVar(&s.Least, "level", 0, "assurance that is needed: 2 two factors, 4 a second factor that cannot be phished, 5 the same in hardware")
	return cmd
}

func applicationsRemove(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "remove ID", Short: "Take an application away, with all that it was given", Args: exactly("the id of an application; bulwark applications list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := send(cmd, http.MethodDelete, "/api/applications/"+url.PathEscape(args[0]), "application/json", nil, nil); err != nil {
				return err
			}
			_, err := fmt.Fprintf(t.Out, "%s is gone; its tokens open nothing any more.\n", args[0])
			return err
		}}
}
