package node

import (
	"net/netip"
	"testing"

	"bulwark/decide/identity"
)

func TestASessionTellsAccessOfItsDevice(t *testing.T) {
	at := netip.MustParseAddr("192.0.2.1")
	if d := sessionOf(identity.Person{ID: "p"}, at).Device; d.Managed || d.Bound || d.Compliant {
		t.Errorf("a device that proved nothing: %+v", d)
	}
	d := sessionOf(identity.Person{ID: "p", Device: identity.Device{ID: "x", Inventory: "12", Unit: "urgences", Shared: true, Sound: true}}, at).Device
	if d.ID != "12" || d.Unit != "urgences" || !d.Managed || !d.Bound || !d.Compliant || !d.Shared {
		t.Errorf("%+v", d)
	}
	if d := sessionOf(identity.Person{ID: "p", Device: identity.Device{ID: "x"}}, at).Device; d.Compliant || !d.Managed {
		t.Errorf("a device that lacks something: %+v", d)
	}
	a, b := sessionOf(identity.Person{ID: "p", Device: identity.Device{ID: "x", Sound: true}}, at), sessionOf(identity.Person{ID: "p", Device: identity.Device{ID: "x"}}, at)
	if sameFacts(&a, &b) {
		t.Error("another state of the device is not noticed")
	}
}
