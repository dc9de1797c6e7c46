package node

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/decide/identity/federation"
	"bulwark/platform/clock"
)

func providersCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "providers", Short: "Try the OpenID providers that people can sign in with (Pro Santé Connect, that of the hospital)",
		Long: `Try the OpenID providers that people can sign in with: Pro Santé Connect, that of the hospital. They stand in the configuration, under
identity.providers. See docs/guide/providers.md.`}
	parent(cmd)
	cmd.AddCommand(providersList(t), providersTest(t))
	return cmd
}

func providersList(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "Say how the providers stand", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct{ Providers []federation.State }
			if err := get(cmd, "/api/providers", &v); err != nil {
				return err
			}
			if len(v.Providers) == 0 {
				_, err := fmt.Fprintln(t.Out, "No provider is configured (identity.providers).")
				return err
			}
			for _, s := range v.Providers {
				if err := tellProvider(t.Out, s); err != nil {
					return err
				}
			}
			return nil
		}}
}

func tellProvider(out io.Writer, s federation.State) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "%s\t%s\n  issuer\t%s\n  client\t%s\n", s.Name, s.Label, s.Issuer, s.Client)
	if !s.Read.IsZero() {
		fmt.Fprintf(w, "  read\t%s\n", s.Read.Local().Format(time.DateTime))
	}
	if s.Fault != "" {
		fmt.Fprintf(w, "  fault\t%s\n", s.Fault)
	}
	return w.Flush()
}

func providersTest(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "test NAME", Short: "Read what a provider says of itself and its keys, without a running Bulwark; nobody is signed in",
		Args: exactly("the name of a provider of the configuration"), Example: "  bulwark providers test psc",
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := loadConfig(cmd)
			if err != nil {
				return err
			}
			at := slices.IndexFunc(c.Identity.Providers, func(p federation.Config) bool { return p.Name == args[0] })
			if at < 0 {
				return usage(fmt.Errorf("the configuration has no provider %q under identity.providers", args[0]))
			}
			p, err := federation.New(c.Identity.Providers[at], clock.System{})
			if err != nil {
				return &exit{ExitFailure, err}
			}
			s, err := p.Test(cmd.Context())
			if err != nil {
				return &exit{ExitFailure, err}
			}
			return tellProvider(t.Out, s)
		}}
}
