package inventory

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/uuid"

	"bulwark/platform/web"
)

// Formats are the forms in which devices leave: csv (which can be imported again), json, cyclonedx (CycloneDX 1.6, devices
// with the software seen on them), ocsf (Device Inventory Info, class 5001, a line each) and ecs (Elastic Common Schema, a
// line each).
func Formats() []string { return []string{"csv", "json", "cyclonedx", "ocsf", "ecs"} }

// Export writes devices in one of [Formats].
func Export(out io.Writer, format string, all []Device, now time.Time) error {
	switch format {
	case "csv":
		return WriteCSV(out, all)
	case "json":
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		return e.Encode(all)
	case "cyclonedx":
		return cdx.NewBOMEncoder(out, cdx.BOMFileFormatJSON).SetPretty(true).EncodeVersion(bom(all, now), cdx.SpecVersion1_6)
	case "ocsf":
		return lines(out, all, func(d *Device) any { return ocsf(d, now) })
	case "ecs":
		return lines(out, all, func(d *Device) any { return ecs(d, now) })
	}
	return fmt.Errorf("inventory: %q is none of %v", format, Formats())
}

func lines(out io.Writer, all []Device, form func(*Device) any) error {
	e := json.NewEncoder(out)
	for n := range all {
		if err := e.Encode(form(&all[n])); err != nil {
			return err
		}
	}
	return nil
}

// bom are the devices as components, and the software on each as parts of it.
func bom(all []Device, now time.Time) *cdx.BOM {
	b := cdx.NewBOM()
	b.SerialNumber = "urn:uuid:" + uuid.New().String()
	b.Metadata = &cdx.Metadata{Timestamp: now.UTC().Format(time.RFC3339),
		Tools: &cdx.ToolsChoice{Components: &[]cdx.Component{{Type: cdx.ComponentTypeApplication, Name: "bulwark"}}}}
	var components []cdx.Component
	for n := range all {
		d := &all[n]
		ref := "device-" + strconv.FormatUint(d.ID, 10)
		c := cdx.Component{BOMRef: ref, Type: cdx.ComponentTypeDevice, Name: d.Name}
		if d.Model != "" {
			c.Description = d.Model
		}
		if d.Vendor != "" {
			c.Manufacturer = &cdx.OrganizationalEntity{Name: d.Vendor}
		}
		var properties []cdx.Property
		for _, p := range [...][2]string{{"class", d.Class.Name}, {"tier", tierWord(d.Tier)}, {"serial", d.Serial}, {"ward", d.Word.Ward},
			{"reference", d.Word.Reference}, {"mac", first(d.MACs)}, {"last_seen", d.Last.Format(time.RFC3339)}} {
			if p[1] != "" {
				properties = append(properties, cdx.Property{Name: "bulwark:device:" + p[0], Value: p[1]})
			}
		}
		c.Properties = &properties
		var parts []cdx.Component
		for i, s := range d.Software {
			parts = append(parts, cdx.Component{BOMRef: ref + "-software-" + strconv.Itoa(i+1), Type: cdx.ComponentTypeApplication, Name: s})
		}
		if d.OS != "" {
			parts = append(parts, cdx.Component{BOMRef: ref + "-os", Type: cdx.ComponentTypeOS, Name: d.OS})
		}
		if len(parts) > 0 {
			c.Components = &parts
		}
		components = append(components, c)
	}
	b.Components = &components
	return b
}

// ocsf is a device as an event of class 5001 (OCSF 1.3).
func ocsf(d *Device, now time.Time) any {
	type object = map[string]any
	dev := object{"uid": strconv.FormatUint(d.ID, 10), "name": d.Name, "type_id": 99, "type": d.Class.Name,
		"first_seen_time": d.First.UnixMilli(), "last_seen_time": d.Last.UnixMilli()}
	set := func(key, value string) {
		if value != "" {
			dev[key] = value
		}
	}
	set("hostname", first(d.Hostnames))
	set("mac", first(d.MACs))
	set("vendor_name", d.Vendor)
	set("model", d.Model)
	set("zone", d.Word.Ward)
	if len(d.Addresses) > 0 {
		dev["ip"] = d.Addresses[0].Addr.String()
	}
	if d.Serial != "" {
		dev["hw_info"] = object{"serial_number": d.Serial}
	}
	if d.OS != "" {
		dev["os"] = object{"name": d.OS, "type_id": 99}
	}
	if d.Word.Owner != "" {
		dev["owner"] = object{"name": d.Word.Owner}
	}
	return object{"class_uid": 5001, "category_uid": 5, "activity_id": 2, "type_uid": 500102, "severity_id": 1, "time": now.UnixMilli(),
		"metadata": object{"version": "1.3.0", "product": object{"name": "Bulwark", "vendor_name": "Bulwark"}}, "device": dev,
		"unmapped": object{"tier": tierWord(d.Tier), "software": d.Software, "ae_titles": d.AETitles, "serves": d.Serves}}
}

// ecs is a device as a document of the Elastic Common Schema 8.
func ecs(d *Device, now time.Time) any {
	type object = map[string]any
	var ips []string
	for _, a := range d.Addresses {
		if a.Now {
			ips = append(ips, a.Addr.String())
		}
	}
	host := object{"id": strconv.FormatUint(d.ID, 10), "name": d.Name, "type": d.Class.Name, "ip": ips, "mac": d.MACs}
	if len(d.Hostnames) > 0 {
		host["hostname"] = d.Hostnames[0]
	}
	if d.OS != "" {
		host["os"] = object{"name": d.OS}
	}
	device := object{"id": strconv.FormatUint(d.ID, 10)}
	for key, value := range map[string]string{"manufacturer": d.Vendor, "serial_number": d.Serial} {
		if value != "" {
			device[key] = value
		}
	}
	if d.Model != "" {
		device["model"] = object{"name": d.Model}
	}
	return object{"@timestamp": now.UTC().Format(time.RFC3339Nano), "ecs": object{"version": "8.11.0"},
		"event": object{"kind": "asset", "category": []string{"host"}, "type": []string{"info"}}, "host": host, "device": device,
		"labels": object{"tier": tierWord(d.Tier), "ward": d.Word.Ward}}
}

var types = map[string]string{"csv": "text/csv; charset=utf-8", "json": "application/json", "cyclonedx": "application/vnd.cyclonedx+json; version=1.6",
	"ocsf": "application/x-ndjson", "ecs": "application/x-ndjson"}

func (d *Doors) export(w http.ResponseWriter, r *http.Request) {
	format := r.URL.Query().Get("format")
	if !slices.Contains(Formats(), format) {
		web.Refuse(w, r, http.StatusBadRequest, "inventory.format")
		return
	}
	now := d.i.clock.Now()
	name := "devices-" + now.UTC().Format("20060102-1504") + map[string]string{"csv": ".csv", "json": ".json", "cyclonedx": ".cdx.json"}[format]
	w.Header().Set("Content-Type", types[format])
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	if err := Export(w, format, d.i.All(), now); err != nil {
		d.i.log.WarnContext(r.Context(), "an export of devices was cut short", "error", err)
	}
}

// imports takes a table; with apply=yes it keeps what it says.
func (d *Doors) imports(w http.ResponseWriter, r *http.Request) {
	actor, err := d.actor(r)
	if err != nil {
		web.Refuse(w, r, http.StatusForbidden, "inventory.nobody")
		return
	}
	table, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxImport))
	if err != nil {
		web.Refuse(w, r, http.StatusRequestEntityTooLarge, "inventory.too-large")
		return
	}
	q := r.URL.Query()
	terms := Terms{Apply: q.Get("apply") == "yes", Plan: q.Get("plan"), Choose: map[int]uint64{}}
	for _, c := range q["choose"] { // "LINE:DEVICE"
		number, device, _ := strings.Cut(c, ":")
		l, err := strconv.Atoi(number)
		id, err2 := strconv.ParseUint(device, 10, 63)
		if err != nil || err2 != nil {
			web.Refuse(w, r, http.StatusBadRequest, "inventory.body")
			return
		}
		terms.Choose[l] = id
	}
	p, err := d.i.Import(r.Context(), actor, table, terms)
	if err != nil {
		d.answer(w, r, nil, err)
		return
	}
	web.JSON(w, http.StatusOK, p)
}
