package node

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/respond/containment"
	"bulwark/respond/group"
)

// sitesCommand is what a centre asks of its sites.
func sitesCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "sites", Short: "Ask the sites of a centre for containments, and stop automation there",
		Long: `On a centre: propose containments to a site, where a person must say yes and the site's own interlock judges; end containments there,
sooner or now; and stop automation there. Nothing of this loosens what holds at the site. See docs/guide/roles.md.`}
	parent(cmd)
	cmd.AddCommand(listSites(t), siteContainments(t), proposeToSite(t),
		tightenSite(t, group.Lift, "lift SITE CONTAINMENT", "End a containment at a site now"),
		tightenSite(t, group.Shorten, "shorten SITE CONTAINMENT", "Have a containment at a site end sooner"),
		tightenSite(t, group.Freeze, "freeze SITE", "Have a site ask a person before anything is done"),
		tightenSite(t, group.Shadow, "shadow SITE", "Have a site only note what it would do by itself"))
	return cmd
}

func listSites(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the sites that have joined", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct {
				Items []group.SiteView `json:"items"`
			}
			if err := get(cmd, "/api/sites", &v); err != nil {
				return err
			}
			w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "SITE\tJOINED\tCONNECTED\tBEHIND")
			for _, s := range v.Items {
				fmt.Fprintf(w, "%s\t%s\t%s\t%d\n", s.Name, s.Joined.Local().Format(time.DateTime), yesNo(s.Connected), s.Behind)
			}
			return w.Flush()
		}}
}

func siteContainments(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "containments SITE", Short: "List what is contained at a site now", Args: exactly("the name of a site; bulwark sites list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var p containment.Page
			if err := get(cmd, "/api/sites/"+url.PathEscape(args[0])+"/containments", &p); err != nil {
				return err
			}
			return tellLeases(t.Out, p.Items)
		}}
}

// sendOrder sends an order, and tells of the lease that the site answers with.
func sendOrder(cmd *cobra.Command, t Terminal, site string, o group.Order) error {
	if strings.TrimSpace(o.Reason) == "" {
		return usage(fmt.Errorf("%s needs a reason: name it with --reason", name(cmd)))
	}
	var v struct {
		Lease *containment.Lease `json:"lease"`
	}
	if err := post(cmd, "/api/sites/"+url.PathEscape(site)+"/orders", o, &v); err != nil {
		return err
	}
	if v.Lease == nil {
		_, err := fmt.Fprintf(t.Out, "%s: done.\n", site)
		return err
	}
	return tellLease(t.Out, v.Lease)
}

func proposeToSite(t Terminal) *cobra.Command {
	o := group.Order{Do: group.Propose}
	cmd := &cobra.Command{Use: "propose SITE ACT TARGET [SCOPE]", Short: "Propose a containment to a site", Args: cobra.RangeArgs(3, 4),
		Example: `  bulwark sites propose north ban address:192.0.2.66 --minutes 240 --reason "command and control, seen at south"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Act, o.Target = args[1], args[2]
			if len(args) > 3 {
				o.Scope = args[3]
			}
			return sendOrder(cmd, t, args[0], o)
		}}
	cmd.Flags().IntVar(&o.Minutes, "minutes", 60, "so many `minutes`")
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why")
	return cmd
}

// tightenSite is a command that tightens; those that end a containment name it.
func tightenSite(t Terminal, do group.Deed, use, short string) *cobra.Command {
	o := group.Order{Do: do}
	words := strings.Count(use, " ")
	cmd := &cobra.Command{Use: use, Short: short, Args: cobra.ExactArgs(words),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if words > 1 {
				if o.Lease, err = strconv.ParseUint(args[1], 10, 63); err != nil {
					return usage(errors.New(args[1] + " is no number of a containment; bulwark sites containments SITE shows them"))
				}
			}
			return sendOrder(cmd, t, args[0], o)
		}}
	if do == group.Shorten {
		cmd.Flags().IntVar(&o.Minutes, "minutes", 0, "so many `minutes` from now")
	}
	cmd.Flags().StringVar(&o.Reason, "reason", "", "why")
	return cmd
}
