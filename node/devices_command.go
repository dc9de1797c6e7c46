package node

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"bulwark/observe/inventory"
	"bulwark/platform/conf"
)

func devicesCommand(t Terminal) *cobra.Command {
	cmd := &cobra.Command{Use: "devices", Short: "List and look after the devices that are known",
		Long: `List the devices of the hospital as they are known from the wire: what each is, by what that is known, and how much care
depends on it. What people say of a device stands above what it seems to be.`,
	}
	parent(cmd)
	cmd.AddCommand(listDevicesCommand(t), showDeviceCommand(t), setDeviceCommand(t), importDevicesCommand(t), exportDevicesCommand(t),
		mergeDevicesCommand(t), splitDeviceCommand(t))
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
	return readAnswer(resp, into)
}

// readAnswer reads what the running program answered.
func readAnswer(resp *http.Response, into any) error {
	defer resp.Body.Close()
	if into == nil {
		return nil
	}
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

func exportDevicesCommand(t Terminal) *cobra.Command {
	var format, output string
	cmd := &cobra.Command{
		Use: "export", Short: "Write all devices to a file, for people and other programs", Args: nothing,
		Long: `Write all devices, in one of these forms: csv, which can be imported again; json; cyclonedx (CycloneDX 1.6, devices with the
software seen on them); ocsf (Device Inventory Info) and ecs (Elastic Common Schema), a line each.`,
		Example: `  bulwark devices export -o devices.csv
  bulwark devices export --format cyclonedx -o devices.cdx.json`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := conf.OneOf(format, inventory.Formats()...); err != nil {
				return usage(fmt.Errorf("--format: %w", err))
			}
			resp, err := call(cmd, http.MethodGet, "/api/devices/export?format="+format, nil)
			if err != nil {
				return err
			}
			defer resp.Body.Close()
			if err := save(resp.Body, t, output); err != nil {
				return &exit{ExitFailure, err}
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.StringVar(&format, "format", "csv", "form: csv, json, cyclonedx, ocsf or ecs")
	f.StringVarP(&output, "output", "o", "-", "write to this `file`; - is standard output")
	_ = cmd.MarkFlagFilename("output") // the flag stands above
	return cmd
}

func importDevicesCommand(t Terminal) *cobra.Command {
	var apply bool
	cmd := &cobra.Command{
		Use: "import FILE", Short: "Take over what a register of equipment says of the devices", Args: exactly("a CSV file, or - for standard input"),
		Long: `Read a table of equipment (CSV, UTF-8, headings in the first line, in English or French), find each device by its serial
number, link address, host name or address, and say what would change: name, class, tier, ward, owner, reference, note.
With --apply it is done: all of it, or where the table is broken nothing.`,
		Example: `  bulwark devices import gmao.csv
  bulwark devices import gmao.csv --apply`,
		RunE: func(cmd *cobra.Command, args []string) error {
			table, err := readInput(t, args[0])
			if err != nil {
				return &exit{ExitFailure, err}
			}
			path := "/api/devices/import"
			if apply {
				path += "?apply=yes"
			}
			var p inventory.Preview
			if err := send(cmd, http.MethodPost, path, "text/csv", table, &p); err != nil {
				return err
			}
			showPreview(t.Out, &p, apply)
			return nil
		},
	}
	cmd.Flags().BoolVar(&apply, "apply", false, "do it, not only say what would change")
	return cmd
}

func readInput(t Terminal, name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(io.LimitReader(t.In, inventory.MaxImport+1))
	}
	return os.ReadFile(name)
}

func showPreview(out io.Writer, p *inventory.Preview, applied bool) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for i := range p.Rows {
		r := &p.Rows[i]
		switch {
		case r.Problem != "":
			fmt.Fprintf(w, "line %d\t-\tleft out: %s\n", r.Line, printable(r.Problem))
			for _, c := range r.Choices {
				fmt.Fprintf(w, "\t%d\tmay be %s %s: name it in a column \"device\"\n", c.Device, printable(c.Name), c.Address)
			}
		case len(r.Changes) > 0:
			var changes []string
			for _, c := range slices.Sorted(maps.Keys(r.Changes)) {
				changes = append(changes, c+": "+r.Changes[c])
			}
			fmt.Fprintf(w, "line %d\t%s (%d)\t%s\n", r.Line, printable(r.Name), r.Device, printable(strings.Join(changes, "; ")))
		}
	}
	w.Flush()
	if len(p.Ignored) > 0 {
		fmt.Fprintf(out, "Columns that are not taken over: %s.\n", printable(strings.Join(p.Ignored, ", ")))
	}
	done := "would change; --apply does it"
	if applied {
		done = "were changed"
	}
	fmt.Fprintf(out, "%d of %d devices that were found %s. %d lines were left out.\n", p.Changing, p.Matched, done, p.Unmatched)
}

func setDeviceCommand(t Terminal) *cobra.Command {
	var said inventory.Word
	var tier int
	cmd := &cobra.Command{
		Use: "set DEVICE", Short: "Say what a device is: it stands above what it seems to be", Args: exactly("the number of a device; bulwark devices list shows them"),
		Example: `  bulwark devices set 12 --name "CT room 1" --ward Radiology --tier 1
  bulwark devices set 12 --class "imaging modality"`,
		RunE: func(cmd *cobra.Command, args []string) error {
			var d inventory.Device
			path := "/api/devices/" + url.PathEscape(args[0])
			if err := get(cmd, path, &d); err != nil {
				return err
			}
			w := d.Word
			if w.Rev == 0 {
				w.Tier = inventory.NotKnown
			}
			for name, x := range map[string][2]*string{"name": {&w.Name, &said.Name}, "class": {&w.Class, &said.Class}, "ward": {&w.Ward, &said.Ward},
				"owner": {&w.Owner, &said.Owner}, "reference": {&w.Reference, &said.Reference}, "note": {&w.Note, &said.Note}} {
				if cmd.Flags().Changed(name) {
					*x[0] = *x[1]
				}
			}
			if cmd.Flags().Changed("tier") {
				w.Tier, w.Confirmed = inventory.Tier(tier), time.Time{}
			}
			text, err := json.Marshal(w)
			if err != nil {
				return err
			}
			if err := send(cmd, http.MethodPut, path, "application/json", text, &w); err != nil {
				return err
			}
			_, err = fmt.Fprintf(t.Out, "Device %d is noted as you say.\n", d.ID)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&said.Name, "name", "", "what it is called")
	f.StringVar(&said.Class, "class", "", "what it is; empty takes what it seems to be")
	f.IntVar(&tier, "tier", -1, "how much care depends on it: 0 life-critical, 1 clinical-essential, 2 clinical-support, 3 office; -1 not known")
	f.StringVar(&said.Ward, "ward", "", "where it stands")
	f.StringVar(&said.Owner, "owner", "", "who answers for it")
	f.StringVar(&said.Reference, "reference", "", "its number in the hospital's register of equipment")
	f.StringVar(&said.Note, "note", "", "what else is to be known")
	return cmd
}

func mergeDevicesCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "merge DEVICE OTHER", Short: "Say that two devices are one", Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var d inventory.Device
			if err := send(cmd, http.MethodPost, "/api/devices/"+url.PathEscape(args[0])+"/merge", "application/json", []byte(`{"with":`+args[1]+`}`), &d); err != nil {
				return err
			}
			_, err := fmt.Fprintf(t.Out, "They are device %d now.\n", d.ID)
			return err
		},
	}
}

func splitDeviceCommand(t Terminal) *cobra.Command {
	return &cobra.Command{
		Use: "split DEVICE ADDRESS...", Short: "Say that what is at some addresses of a device is another", Args: cobra.MinimumNArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			var d inventory.Device
			path := "/api/devices/" + url.PathEscape(args[0])
			if err := get(cmd, path, &d); err != nil {
				return err
			}
			var out struct {
				Traces []uint64 `json:"traces"`
			}
			for _, a := range args[1:] {
				found := false
				for _, x := range d.Addresses {
					if x.Addr.String() == a {
						out.Traces, found = append(out.Traces, x.Trace), true
					}
				}
				if !found {
					return &exit{ExitFailure, fmt.Errorf("device %d has no address %s", d.ID, a)}
				}
			}
			text, err := json.Marshal(out)
			if err != nil {
				return err
			}
			if err := send(cmd, http.MethodPost, path+"/split", "application/json", text, &d); err != nil {
				return err
			}
			_, err = fmt.Fprintf(t.Out, "They are device %d now.\n", d.ID)
			return err
		},
	}
}

// send asks the running program with a body.
func send(cmd *cobra.Command, method, path, kind string, body []byte, into any) error {
	resp, err := callWith(cmd, method, path, kind, body)
	if err != nil {
		return err
	}
	return readAnswer(resp, into)
}
