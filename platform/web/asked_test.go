package web

import (
	"net/http/httptest"
	"testing"
)

func TestNumber(t *testing.T) {
	tests := []struct {
		name, in string
		want     uint64
	}{
		{"a number", "17", 17},
		{"the largest that a database takes", "9223372036854775807", 1<<63 - 1},
		{"one larger", "9223372036854775808", 0},
		{"less than nothing", "-1", 0},
		{"a word", "x", 0},
		{"nothing", "", 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.SetPathValue("id", tt.in)
			if got := Number(r, "id"); got != tt.want {
				t.Errorf("Number(%q) = %d, want %d", tt.in, got, tt.want)
			}
		})
	}
}

func TestPeer(t *testing.T) {
	tests := []struct{ name, in, want string }{
		{"IPv4", "10.0.0.7:4711", "10.0.0.7"},
		{"IPv4 on an IPv6 socket", "[::ffff:10.0.0.7]:4711", "10.0.0.7"},
		{"a link's own address", "[fe80::1%eth0]:4711", "fe80::1"},
		{"not known", "@", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = tt.in
			if got := Peer(r); got != tt.want {
				t.Errorf("Peer(%q) = %q, want %q", tt.in, got, tt.want)
			}
		})
	}
}
