package filter

import (
	"net/netip"
	"testing"
	"time"

	"bulwark/platform/clock"
)

// A machine that is a bridge between two cables stops what passes from one to the other.
func TestBridge(t *testing.T) {
	h := newHall(t)
	h.ip(h.router, "addr flush dev c0")
	h.ip(h.router, "addr flush dev s0")
	h.ip(h.router, "link add br0 type bridge forward_delay 0")
	for _, dev := range []string{"c0", "s0"} {
		h.ip(h.router, "link set "+dev+" master br0")
	}
	h.ip(h.router, "link set br0 up")
	h.ip(h.client, "addr add 10.77.0.1/24 dev eth0")
	h.ip(h.server, "addr add 10.77.0.2/24 dev eth0")
	h.listen(h.server, "10.77.0.2:104")
	h.listen(h.server, "10.77.0.2:445")
	f := New(Config{On: true, Bridge: true, Namespace: "/run/netns/" + h.router}, clock.System{})
	t.Cleanup(func() { _ = f.Remove() })
	a, b := netip.MustParseAddr("10.77.0.1"), netip.MustParseAddr("10.77.0.2")
	o := Order{ID: 1, Act: Isolate, Addresses: []netip.Addr{a}, Keep: []Kept{{a, b, 6, 104}}, Until: time.Now().Add(time.Minute)}
	for _, tt := range []struct {
		name          string
		orders        []Order
		images, share bool
	}{{"nothing is stopped", nil, true, true}, {"a device is isolated but for its images", []Order{o}, true, false}, {"it is lifted", nil, true, true}} {
		h.drive(f, tt.orders...)
		var images, share bool
		for range 5 { // what passes may take longer than our patience on a busy machine
			if images, share = h.reaches(h.client, "10.77.0.2:104"), h.reaches(h.client, "10.77.0.2:445"); images == tt.images && share == tt.share {
				break
			}
		}
		if images != tt.images || share != tt.share {
			t.Errorf("%s: images pass %v, a share %v; want %v and %v", tt.name, images, share, tt.images, tt.share)
		}
	}
	h.drive(f, o)
	if held, err := f.Read([]Order{o}); err != nil || !held[1] {
		t.Errorf("held %v (%v), want the order", held, err)
	}
}
