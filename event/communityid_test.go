package event

import (
	"net/netip"
	"testing"
)

// The values are those of the specification's own baseline (community-id-spec, baseline_deflt.json).
func TestCommunityID(t *testing.T) {
	for _, c := range []struct {
		what, src, dst string
		sport, dport   uint16
		proto          uint8
		want           string
	}{
		{"TCP", "128.232.110.120", "66.35.250.204", 34855, 80, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"TCP, the other way round", "66.35.250.204", "128.232.110.120", 80, 34855, 6, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"UDP", "192.168.1.52", "8.8.8.8", 54585, 53, 17, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{"ICMP echo", "192.168.0.89", "192.168.0.1", 8, 0, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
		{"ICMP echo reply", "192.168.0.1", "192.168.0.89", 0, 8, 1, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
	} {
		got := string(AppendCommunityID(nil, netip.MustParseAddr(c.src), netip.MustParseAddr(c.dst), c.sport, c.dport, c.proto))
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.what, got, c.want)
		}
	}
}
