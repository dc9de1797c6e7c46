package node

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/observe/inventory"
)

func devicesCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "devices", Short: "List and look after the devices that are known",
		Long: `List the devices of the hospital as they are known from the wire: what each is, by what that is known, and how much care
depends on it. What people say of a device stands above what it seems to be.`,
	}
	parent(cmd)
	cmd.AddCommand(listDevicesCommand(t), showDeviceCommand(t))
	return cmd
}

func listDevicesCommand(t Terminal) *cobra.Command {
	var class, tier string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "list [WORD]...", Short: "List the devices in which all words stand, the last seen first",
		Example: `  bulwark devices list
  bulwark devices list siemens ct
  bulwark devices list --class "domain controller"
  bulwark devices list --tier unconfirmed`,
		RunE: func(cmd *cobra.Command, args []string) error {
			q := url.Values{"q": {strings.Join(args, " ")}}
			if cmd.Flags().Changed("class") {
				q.Set("class", class)
			}
			if cmd.Flags().Changed("tier") {
				q.Set("tier", tier)
			}
			var page struct {
				Devices []inventory.Device `json:"devices"`
				Total   int                `json:"total"`
			}
			if err := get(cmd, "/api/devices?"+q.Encode(), &page); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, page.Devices)
			}
			listDevices(t.Out, page.Devices)
			if page.Total > len(page.Devices) {
				fmt.Fprintf(t.Err, "%d more: add words, or --class\n", page.Total-len(page.Devices))
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&class, "class", "", "only of this `class`; empty for those that are unknown")
	f.StringVar(&tier, "tier", "", "only of this `tier`: 0, 1, 2, 3 or unconfirmed")
	f.BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func listDevices(out io.Writer, all []inventory.Device) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DEVICE\tNAME\tCLASS\tTIER\tADDRESS\tMAKER AND MODEL\tLAST SEEN")
	for i := range all {
		d := &all[i]
		class := "unknown"
		if d.Class.Name != "" {
			class = d.Class.Name
			if d.Class.Sure != "certain" {
				class += " (" + d.Class.Sure + ")"
			}
		}
		address := ""
		if len(d.Addresses) > 0 {
			address = d.Addresses[0].Addr.String()
		}
		fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\t%s\t%s\n", d.ID, printable(d.Name), class, tierOf(d), address,
			printable(strings.TrimSpace(d.Vendor+" "+d.Model)), d.Last.Local().Format(time.DateTime))
	}
	w.Flush()
}

// tierOf is the tier of a device in a list.
func tierOf(d *inventory.Device) string {
	switch {
	case d.Tier.Tier != inventory.NotKnown:
		return fmt.Sprint(int(d.Tier.Tier))
	case d.Tier.Proposed != inventory.NotKnown:
		return fmt.Sprintf("%d?", int(d.Tier.Proposed))
	}
	return "?"
}

func showDeviceCommand(t Terminal) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use: "show DEVICE", Short: "Show all that is known of a device, with where it is known from", Args: exactly("the number of a device; bulwark devices list shows them"),
		RunE: func(cmd *cobra.Command, args []string) error {
			var d inventory.Device
			if err := get(cmd, "/api/devices/"+url.PathEscape(args[0]), &d); err != nil {
				return err
			}
			if asJSON {
				return writeJSON(t.Out, d)
			}
			var uses []inventory.Use
			if err := get(cmd, "/api/devices/"+url.PathEscape(args[0])+"/uses", &uses); err != nil {
				return err
			}
			showDevice(t.Out, &d, uses)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func showDevice(out io.Writer, d *inventory.Device, uses []inventory.Use) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "Device %d\t%s\n", d.ID, printable(d.Name))
	class := "unknown"
	if d.Class.Name != "" {
		class = fmt.Sprintf("%s, %s: %s", d.Class.Name, d.Class.Sure, strings.Join(d.Class.Why, "; "))
	}
	fmt.Fprintf(w, "Class\t%s\n", class)
	fmt.Fprintf(w, "Tier\t%s\n", tierOf(d))
	for _, a := range d.Addresses {
		until := "now"
		if !a.Now {
			until = "until " + a.Last.Local().Format(time.DateTime)
		}
		fmt.Fprintf(w, "Address\t%s, since %s, %s\n", a.Addr, a.First.Local().Format(time.DateTime), until)
	}
	fmt.Fprintln(w, "\nFACT\tVALUE\tSOURCE\tSURE\tLAST SEEN")
	for _, f := range d.Facts {
		value := printable(f.Value)
		if f.Shared != "" {
			value += " (not its own: " + f.Shared + ")"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.Field, value, printable(f.Source), f.Sure, f.Last.Local().Format(time.DateTime))
	}
	fmt.Fprintln(w, "\nUSE\tPROTOCOL\tOTHER END\tCONVERSATIONS\tBYTES")
	for _, u := range uses {
		use, other := "uses", u.Name
		if u.Gives {
			use = "serves"
		}
		if u.Device == 0 {
			other = "outside"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\n", use, printable(u.App), printable(other), u.Conversations, u.BytesOut+u.BytesIn)
	}
	w.Flush()
}

// get asks the running program's doors of the inventory.
func get(cmd *cobra.Command, path string, into any) error {
	resp, err := call(cmd, http.MethodGet, path, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return &exit{ExitFailure, err}
	}
	return nil
}

func writeJSON(out io.Writer, v any) error {
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
