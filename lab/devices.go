package lab

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"bulwark/content/classes"
)

// Device is what the inventory says of a device, as far as it is checked.
type Device struct {
	Name  string `json:"name"`
	Class struct {
		Name string `json:"name"`
	} `json:"class"`
	Tier struct {
		Proposed int `json:"proposed"`
	} `json:"tier"`
	MACs      []string `json:"macs"`
	Addresses []At     `json:"addresses"`
}

// At is where a device is or was.
type At struct {
	Address string `json:"address"`
}

// known is what the inventory must say of a station: the name that it is heard by, empty where it tells none and goes by its
// maker and address; its class as content/classes names it, empty where the lab's station shows none.
type known struct{ station, name, class string }

// anyName is for stations that call themselves what the machine is called that the lab runs on, or what they like.
const anyName = "*"

var inventoried = [...]known{
	{"gateway", "", ""},
	{"names", "", "dns server"},
	{"dc", "", "domain controller"},
	{"files", anyName, "file server"},
	{"pacs", "PACS", "pacs"},
	{"archive", "ARCHIVE", "pacs"},
	{"ehr", "", "ehr server"},
	{"lis", "", "laboratory system"},
	{"ct1", "ctroom1", "imaging modality"},
	{"mr1", "mrroom1", "imaging modality"},
	{"us1", "uscart1", "imaging modality"},
	{"cr1", "crer", "imaging modality"},
	{"viewer1", "VIEWER1", "dicom workstation"},
	{"nurse1", anyName, ""},
	{"nurse2", "nurse2", "workstation"},
	{"pump1", "", "infusion pump"},
	{"pump2", "pump2", "infusion pump"},
	{"monitor1", "", "patient monitor"},
	{"attacker", anyName, ""},
}

// CheckDevices judges whether each station is found once, rightly named, and rightly classed and tiered where there is a
// class for it; and that nothing else is found.
func CheckDevices(all []Device) ([]Result, error) {
	there, err := classes.All()
	if err != nil {
		return nil, err
	}
	var results []Result
	judge := func(name, reason string) {
		results = append(results, Result{Expectation: Expectation{Name: name}, Passed: reason == "", Reason: reason})
	}
	for _, k := range inventoried {
		d, reason := find(all, stationOf(k.station).mac)
		judge(k.station+" is found, and once", reason)
		if d == nil {
			continue
		}
		judge(k.station+" is rightly named", misnamed(&k, d))
		if i := slices.IndexFunc(there, func(c classes.Class) bool { return c.Name == k.class }); i >= 0 {
			judge(k.station+" is rightly classed: "+k.class, differ(k.class, d.Class.Name))
			if there[i].Tier >= 0 { // others are tiered by who depends on them
				judge(fmt.Sprintf("%s is rightly tiered: %d", k.station, there[i].Tier), differ(there[i].Tier, d.Tier.Proposed))
			}
		}
	}
	judge("nothing is found that is not there", strangers(all))
	return results, nil
}

func stationOf(name string) station {
	i := slices.IndexFunc(stations[:], func(s station) bool { return s.name == name })
	return stations[i]
}

// find is the device with a link address; reason says why there is not one.
func find(all []Device, mac string) (d *Device, reason string) {
	for i := range all {
		if !slices.Contains(all[i].MACs, mac) {
			continue
		}
		if d != nil {
			return nil, fmt.Sprintf("%s and %s have its link address %s", d.Name, all[i].Name, mac)
		}
		d = &all[i]
	}
	switch {
	case d == nil:
		return nil, "no device has its link address " + mac
	case len(d.MACs) > 1:
		return d, "it is one with others: " + strings.Join(d.MACs, ", ")
	}
	return d, ""
}

func misnamed(k *known, d *Device) string {
	if k.name == "" && slices.ContainsFunc(d.Addresses, func(a At) bool { return a.Address == d.Name || strings.HasSuffix(d.Name, " "+a.Address) }) || k.name == anyName {
		return ""
	}
	return differ(k.name, d.Name)
}

func differ(want, got any) string {
	if want == got {
		return ""
	}
	return fmt.Sprintf("%v, want %v", got, want)
}

// strangers are devices that are no station of the lab.
func strangers(all []Device) string {
	var found []string
	for _, d := range all {
		if !slices.ContainsFunc(stations[:], func(s station) bool { return slices.Contains(d.MACs, s.mac) }) {
			found = append(found, d.Name)
		}
	}
	return strings.Join(found, ", ")
}

// ReadDevices has `bulwark read --devices` read captures, one after the other into one inventory.
func ReadDevices(ctx context.Context, bulwark string, files ...string) ([]Device, error) {
	c := exec.CommandContext(ctx, bulwark, append([]string{"read", "--devices"}, files...)...)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("%s read --devices: %w", bulwark, err)
	}
	var all []Device
	for line := range bytes.Lines(out) {
		var d Device
		if err := json.Unmarshal(line, &d); err != nil {
			return nil, err
		}
		all = append(all, d)
	}
	return all, nil
}

// ReadDevicesTwice reads a capture of the lab, and then one of the next day with all addresses changed, into one inventory.
func ReadDevicesTwice(ctx context.Context, bulwark, file string) ([]Device, error) {
	moved, err := os.CreateTemp("", "lab-moved-*.pcap")
	if err != nil {
		return nil, err
	}
	defer os.Remove(moved.Name())
	if err := readdress(file, moved); err != nil {
		return nil, err
	}
	return ReadDevices(ctx, bulwark, file, moved.Name())
}
