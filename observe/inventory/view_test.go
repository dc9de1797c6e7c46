package inventory

import (
	"fmt"
	"slices"
	"testing"

	"bulwark/event"
)

// saying is the device at 10.0.0.9 after what was said of it, and of others.
func saying(t *testing.T, add func(*day)) Device {
	t.Helper()
	d := &day{}
	add(d)
	i := told(t, d)
	return find(t, i, "10.0.0.9")
}

func TestNamesThatTellNoDeviceFromAnotherAreNotShown(t *testing.T) {
	named := func(p *event.Asset) func(*day) { return func(d *day) { d.add(1, "10.0.0.9", "", p) } }
	tests := []struct {
		name string
		add  func(*day)
		want string
	}{
		{"a name of its own", named(&event.Asset{Hostname: "ward3-pc", Source: "dhcp"}), "ward3-pc"},
		{"the name of an image", named(&event.Asset{Hostname: "vm", Source: "dhcp"}), "10.0.0.9"},
		{"that of a telephone without a name, whose maker is known", named(&event.Asset{Hostname: "iPhone", Vendor: "Apple, Inc.", Source: "dhcp"}), "Apple 10.0.0.9"},
		{"that of an image, whose model is known", named(&event.Asset{Hostname: "localhost", Model: "QTS 5", Serial: "Q1026", Source: "mdns"}), "QTS 5 Q1026"},
		{"that of an image, with a title", named(&event.Asset{Hostname: "ubuntu", AETitle: "CT_ROOM1", Source: "dicom"}), "CT_ROOM1"},
		{"the one name that others call it by", named(&event.Asset{Called: "Files.hospital.example", Source: "smb"}), "files"},
		{"several such names", func(d *day) {
			d.add(1, "10.0.0.9", "", &event.Asset{Called: "files", Source: "smb"})
			d.add(2, "10.0.0.9", "", &event.Asset{Called: "backup", Source: "smb"})
		}, "10.0.0.9"},
		{"a name that many share", func(d *day) {
			for n := range 9 * 60 { // for an hour
				d.add(n/9, fmt.Sprintf("10.0.0.%d", n%9+5), "", &event.Asset{Hostname: "kiosk", MAC: fmt.Sprintf("00:11:22:33:44:%02x", n%9), Source: "dhcp"})
			}
		}, "CIMSYS 10.0.0.9"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := saying(t, tt.add).Name; got != tt.want {
				t.Errorf("it is called %q, want %q", got, tt.want)
			}
		})
	}
}

func TestASystemIsShownWithItsEvidence(t *testing.T) {
	v := saying(t, func(d *day) {
		d.add(1, "10.0.0.9", "", &event.Asset{Software: "Windows 10.0 build 19045 rev 15", Source: "smb"})
	})
	if v.OS != "Windows 10 22H2" || v.OSSure != "certain" || !slices.Contains(v.OSWhy, "build 19045") {
		t.Errorf("system %q (%s) by %q, want Windows 10 22H2, certain, by its build", v.OS, v.OSSure, v.OSWhy)
	}
}

func TestADeviceIsFoundByItsHardwareAddressHoweverItIsWritten(t *testing.T) {
	d := &day{}
	d.add(1, "10.0.0.9", "", &event.Asset{Hostname: "ward3-pc", MAC: "3c:d9:2b:20:04:15", Source: "dhcp"})
	i := told(t, d)
	for written, want := range map[string]string{"3c:d9:2b:20:04:15": "10.0.0.9", "3C-D9-2B-20-04-15": "10.0.0.9", "3cd9.2b20.0415": "10.0.0.9", "3CD92B200415": "10.0.0.9",
		"3c:d9:2b:20:04:16": "invalid IP", "10.0.0.9": "invalid IP", "": "invalid IP"} {
		if got := i.Wearing(written).String(); got != want {
			t.Errorf("%q: got %s, want %s", written, got, want)
		}
	}
}

func TestADeviceIsFoundByTheNameThatItHasOrIsCalledBy(t *testing.T) {
	d := &day{}
	d.add(1, "10.0.0.9", "", &event.Asset{Hostname: "ward3-pc", Source: "dhcp"})
	d.add(2, "10.0.0.30", "", &event.Asset{Called: "files.hospital.example", Source: "smb"})
	i := told(t, d)
	for name, want := range map[string]string{"WARD3-PC.hospital.example": "10.0.0.9", "files.hospital.example": "10.0.0.30", "nobody": "invalid IP"} {
		if got := i.Called(name).String(); got != want {
			t.Errorf("%q: got %s, want %s", name, got, want)
		}
	}
}
