package conformance

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"

	"github.com/klauspost/compress/zstd"

	"bulwark/content/demo"
	"bulwark/observe/inventory"
)

// identityFields are what an object says of the device that made it (PS3.3 C.7.5.1), and what the inventory says of it.
var identityFields = []struct {
	tag, what string
	has       func(*inventory.Device, string) bool
}{
	{"0008,0070", "manufacturer", func(d *inventory.Device, v string) bool { return d.Vendor == v }},
	{"0008,1090", "model", func(d *inventory.Device, v string) bool { return d.Model == v }},
	{"0018,1000", "serial number", func(d *inventory.Device, v string) bool { return d.Serial == v }},
	{"0018,1020", "software", func(d *inventory.Device, v string) bool { return slices.Contains(d.Software, v) }},
}

// runIdentity takes the objects out of captures by means that are not ours, and compares what dcmdump reads of the devices
// that made them with the inventory. In the captures of one host that talks to itself there is no device to ask for: those
// are judged by agree_dcmdump alone.
func runIdentity(ctx context.Context, b *Bench) ([]Case, error) {
	dcmdump, err := exec.LookPath("dcmdump")
	if err != nil {
		return nil, &Skip{"dcmdump is not installed (Debian package dcmtk)"}
	}
	d, err := zstd.NewReader(bytes.NewReader(demo.Capture()))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	all, err := connections(d)
	if err != nil {
		return nil, err
	}
	book, err := inventoryOf(ctx, filepath.Join("content", "demo", demo.Name), nil)
	if err != nil {
		return nil, err
	}
	devices := book.All()
	var cases []Case
	known := map[string]bool{}
	for _, c := range all {
		for _, data := range dataSets(c.bytes[0]) {
			fields, err := b.dump(ctx, dcmdump, data)
			if err != nil {
				return nil, err
			}
			object := fields["0008,0070"] + " " + fields["0008,1090"] + " " + fields["0018,1000"]
			if fields["0008,0018"] == "" || fields["0018,1000"] == "" || known[object] {
				continue // a query, an object that names no device, or one that is judged already
			}
			known[object] = true
			cases = append(cases, judgeIdentity(object, fields, devices)...)
		}
	}
	return cases, nil
}

// judgeIdentity compares the one device that has the serial number of an object with all that the object says of it.
func judgeIdentity(object string, fields map[string]string, devices []inventory.Device) []Case {
	var made []*inventory.Device
	for i := range devices {
		if devices[i].Serial == fields["0018,1000"] {
			made = append(made, &devices[i])
		}
	}
	var cases []Case
	for _, f := range identityFields {
		c := Case{Family: "demo", Name: object + ": " + f.what}
		switch {
		case len(made) != 1:
			c.Why = fmt.Sprintf("%d devices have its serial number", len(made))
		case !f.has(made[0], fields[f.tag]):
			c.Why = fmt.Sprintf("dcmdump reads %q, the device is %s %s %s %v", fields[f.tag], made[0].Vendor, made[0].Model, made[0].Serial, made[0].Software)
		}
		cases = append(cases, c)
	}
	return cases
}
