package node

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
)

// trusted is a device as the console tells of it.
type trusted struct {
	ID, Name, Kind, Unit, Inventory, System string
	Expires, Revoked, Reported              time.Time
	Lacks                                   []string
	Sessions                                int
}

func trustCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "trust", Short: "Let workstations and machines prove which they are, by certificates",
		Long: `Let workstations and machines prove which they are, by certificates of Bulwark's own authority. "code", "list" and "revoke" are for whoever runs
Bulwark; "enrol", "report" and "renew" run on the device itself. See docs/guide/trusted-devices.md.`}
	parent(cmd)
	cmd.AddCommand(trustCode(t), trustList(t), trustRevoke(t), trustEnrol(t), trustReport(t), trustRenew(t))
	return cmd
}

func trustCode(t Terminal) *cobra.Command {
	var in struct {
		Name      string `json:"name"`
		Kind      string `json:"kind"`
		Unit      string `json:"unit"`
		Inventory string `json:"inventory"`
		Hours     int    `json:"hours"`
	}
	cmd := &cobra.Command{Use: "code NAME", Short: "Make a code with which one device enrols, once; it is shown this once", Args: exactly("the name of the device"),
		Example: "  bulwark trust code WARD-3 --kind shared --unit urgences",
		RunE: func(cmd *cobra.Command, args []string) error {
			in.Name = args[0]
			var v struct {
				Code string
				Ends time.Time
			}
			if err := post(cmd, "/api/trusted/codes", in, &v); err != nil {
				return err
			}
			_, err := fmt.Fprintf(t.Out, "On the device, until %s:\n\n  bulwark trust enrol --server https://THE-CONSOLE --code %s\n", v.Ends.Local().Format(time.DateTime), v.Code)
			return err
		}}
	f := cmd.Flags()
	f.StringVar(&in.Kind, "kind", "workstation", "workstation, shared (a workstation of a ward) or service (a machine that acts for itself)")
	f.StringVar(&in.Unit, "unit", "", "unit in which it stands")
	f.StringVar(&in.Inventory, "inventory", "", "its number in the inventory; bulwark devices shows them")
	f.IntVar(&in.Hours, "hours", 1, "how long the code is good, at most 168")
	return cmd
}

func trustList(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "list", Short: "List the devices that are enrolled", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var v struct{ Devices []trusted }
			if err := get(cmd, "/api/trusted", &v); err != nil {
				return err
			}
			w := tabwriter.NewWriter(t.Out, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tNAME\tKIND\tUNIT\tUNTIL\tSESSIONS\tSTATE")
			for _, d := range v.Devices {
				state := "sound"
				switch {
				case !d.Revoked.IsZero():
					state = "revoked " + d.Revoked.Local().Format(time.DateOnly)
				case len(d.Lacks) > 0:
					state = "lacks " + strings.Join(d.Lacks, ", ")
				}
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%s\n", d.ID, d.Name, d.Kind, d.Unit, d.Expires.Local().Format(time.DateOnly), d.Sessions, state)
			}
			return w.Flush()
		}}
}

func trustRevoke(t Terminal) *cobra.Command {
	return &cobra.Command{Use: "revoke ID", Short: "Take a device's certificate away, and end what was opened from it", Args: exactly("the id of a device; bulwark trust list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := send(cmd, http.MethodDelete, "/api/trusted/"+url.PathEscape(args[0]), "application/json", nil, nil); err != nil {
				return err
			}
			_, err := fmt.Fprintln(t.Out, "Its certificate opens nothing any more.")
			return err
		}}
}

func trustEnrol(t Terminal) *cobra.Command {
	var k trustedKeys
	var server, code, authority, pin string
	cmd := &cobra.Command{Use: "enrol", Short: "On a device: make a key, and have Bulwark sign it", Args: nothing,
		Long: `On a device: make a key, which never leaves it, and have Bulwark sign it. The certificate and the key are kept in a folder, and beside them as
device.p12, which a browser or the system takes; its password is shown once.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if server == "" || code == "" {
				return usage(errors.New("enrol needs --server and --code"))
			}
			name, password, err := k.enrol(cmd.Context(), server, code, authority, pin)
			if err != nil {
				return &exit{ExitFailure, err}
			}
			_, err = fmt.Fprintf(t.Out, "This device is %s.\nFor the browser: %s, password %s\nTell Bulwark every day how it stands: bulwark trust report --every 24h\n", name, k.path("device.p12"), password)
			return err
		}}
	f := cmd.Flags()
	f.StringVar(&server, "server", "", "`address` of the console")
	f.StringVar(&code, "code", "", "code of bulwark trust code")
	f.StringVar(&authority, "authority", "", "`file` with the certificate that signed the console's; empty: those this machine trusts")
	f.StringVar(&pin, "pin", "", "SHA-256 of a certificate of the console, in the place of --authority")
	f.StringVar(&k.dir, "dir", "/etc/bulwark-device", "`folder` of key and certificate")
	return cmd
}

func trustReport(t Terminal) *cobra.Command {
	var k trustedKeys
	var every time.Duration
	cmd := &cobra.Command{Use: "report", Short: "On a device: tell Bulwark how it stands (encryption, firewall, updates, lock), and renew its certificate in time", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			for {
				lacks, renewed, err := k.report(cmd.Context())
				if renewed {
					fmt.Fprintf(t.Out, "Renewed. A browser that took %s needs another before the one it has ends: bulwark trust renew\n", k.path("device.p12"))
				}
				switch {
				case err != nil && every == 0:
					return &exit{ExitFailure, err}
				case err != nil:
					fmt.Fprintln(t.Err, err)
				case len(lacks) == 0:
					fmt.Fprintln(t.Out, "Sound.")
				default:
					fmt.Fprintf(t.Out, "Lacks %s.\n", strings.Join(lacks, ", "))
				}
				if every == 0 {
					return nil
				}
				select {
				case <-cmd.Context().Done():
					return nil
				case <-time.After(every):
				}
			}
		}}
	cmd.Flags().DurationVar(&every, "every", 0, "go on, and tell it in this interval")
	cmd.Flags().StringVar(&k.dir, "dir", "/etc/bulwark-device", "`folder` of key and certificate")
	return cmd
}

func trustRenew(t Terminal) *cobra.Command {
	var k trustedKeys
	cmd := &cobra.Command{Use: "renew", Short: "On a device: have another key signed, by the certificate that it has", Args: nothing,
		RunE: func(cmd *cobra.Command, _ []string) error {
			key, s, err := k.renew(cmd.Context())
			var password string
			if err == nil {
				password, err = k.bundle(key, s)
			}
			if err != nil {
				return &exit{ExitFailure, err}
			}
			_, err = fmt.Fprintf(t.Out, "Renewed. For the browser: %s, password %s\n", k.path("device.p12"), password)
			return err
		}}
	cmd.Flags().StringVar(&k.dir, "dir", "/etc/bulwark-device", "`folder` of key and certificate")
	return cmd
}
