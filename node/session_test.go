package node

import (
	"net/netip"
	"testing"

	"bulwark/decide/identity"
)

func TestAPersonWithTheCertificateOfAMachineSitsAtNoManagedDevice(t *testing.T) {
	for _, test := range []struct {
		what    string
		device  identity.Device
		managed bool
	}{
		{"no certificate", identity.Device{}, false},
		{"a workstation", identity.Device{ID: "d", Sound: true}, true},
		{"a modality", identity.Device{ID: "d", Sound: true, Service: true}, false},
	} {
		s := sessionOf(identity.Person{ID: "p", Device: test.device}, netip.Addr{})
		if s.Device.Managed != test.managed || s.Device.Compliant != test.managed || s.Device.Bound != test.managed {
			t.Errorf("%s: got %+v", test.what, s.Device)
		}
	}
}
