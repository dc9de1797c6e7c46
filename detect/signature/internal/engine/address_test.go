package engine

import (
	"net/netip"
	"testing"

	"bulwark/detect/signature/internal/rule"
)

func rangeOf(t *testing.T, prefix string) rule.Range {
	t.Helper()
	p := netip.MustParsePrefix(prefix)
	last := p.Addr()
	for n := last.Next(); n.IsValid() && p.Contains(n); n = last.Next() {
		last = n
	}
	return rule.Range{First: p.Addr(), Last: last}
}

func TestAddresses(t *testing.T) {
	home := rule.Addresses{In: []rule.Range{rangeOf(t, "10.1.0.0/20"), rangeOf(t, "fd00::/120")}}
	outside := rule.Addresses{Out: home.In}
	but := rule.Addresses{In: []rule.Range{rangeOf(t, "10.1.0.0/20")}, Out: []rule.Range{rangeOf(t, "10.1.0.7/32")}}
	end := rule.Addresses{In: []rule.Range{rangeOf(t, "255.255.255.0/24"), rangeOf(t, "0.0.0.0/32")}}
	var a addresses
	for i, s := range []*rule.Addresses{{}, &home, &outside, &but, &end, {Out: home.In}} {
		if got, want := a.intern(s), []int{-1, 0, 1, 2, 3, 1}[i]; got != want {
			t.Fatalf("set %d: got %d, want %d", i, got, want)
		}
	}
	a.build()
	for _, c := range []struct {
		does, address string
		want          [4]bool
	}{
		{"inside", "10.1.3.4", [4]bool{true, false, true, false}},
		{"the first", "10.1.0.0", [4]bool{true, false, true, false}},
		{"the last", "10.1.15.255", [4]bool{true, false, true, false}},
		{"behind the last", "10.1.16.0", [4]bool{false, true, false, false}},
		{"left out", "10.1.0.7", [4]bool{true, false, false, false}},
		{"IPv6 inside", "fd00::9", [4]bool{true, false, false, false}},
		{"IPv6 outside", "2001:db8::1", [4]bool{false, true, false, false}},
		{"the end of the space", "255.255.255.255", [4]bool{false, true, false, true}},
		{"its begin", "0.0.0.0", [4]bool{false, true, false, true}},
		{"behind its begin", "0.0.0.1", [4]bool{false, true, false, false}},
	} {
		t.Run(c.does, func(t *testing.T) {
			addr := netip.MustParseAddr(c.address)
			b := bytesOf(addr)
			m := a.of(&b, addr.Is6())
			for i, want := range c.want {
				if got := m.has(i); got != want {
					t.Errorf("set %d: got %v, want %v", i, got, want)
				}
			}
			if !m.has(-1) {
				t.Error("it is not among all")
			}
		})
	}
}

func TestPorts(t *testing.T) {
	r := func(a, b uint16) rule.PortRange { return rule.PortRange{First: a, Last: b} }
	s := portsOf(&rule.Ports{In: []rule.PortRange{r(80, 90), r(443, 443)}, Out: []rule.PortRange{r(85, 85)}})
	for port, want := range map[uint16]bool{79: false, 80: true, 84: true, 85: false, 86: true, 90: true, 91: false, 443: true} {
		if got := s.has(port); got != want {
			t.Errorf("port %d: got %v, want %v", port, got, want)
		}
	}
	if got := s.size(); got != 11 {
		t.Errorf("size: got %d, want 11", got)
	}
	if s := portsOf(&rule.Ports{Out: []rule.PortRange{r(0, 65535)}}); s.has(1) || s.size() != 0 {
		t.Errorf("all ports left out: got %v", s)
	}
	if s := portsOf(&rule.Ports{}); !s.has(1) {
		t.Error("any port: got none")
	}
}
