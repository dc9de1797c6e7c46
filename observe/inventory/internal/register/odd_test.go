package register

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

// sight is a sighting at a minute.
func sight(r *Register, minute int, addr string, f Field, v string, s Sure) {
	r.See(&Sighting{At: netip.MustParseAddr(addr), Time: int64(minute+1) * int64(time.Minute), Field: f, Value: v, Source: "test", Sure: s})
}

func card(n int) string { return fmt.Sprintf("00:1d:9c:00:%02x:%02x", n>>8, n&255) }

func TestOddNetworks(t *testing.T) {
	for _, c := range []struct {
		name string
		play func(*Register)
		want int // devices
	}{
		{"200 devices whose leases go round all day", func(r *Register) {
			for hour := range 24 {
				for n := range 200 {
					addr := fmt.Sprintf("10.0.0.%d", 1+(n+hour*7)%200)
					sight(r, hour*60+n/10, addr, MAC, card(n), Certain)
					sight(r, hour*60+n/10, addr, Hostname, fmt.Sprintf("ward-%d", n), Certain)
				}
			}
		}, 200},
		{"30 machines behind a translator", func(r *Register) {
			for round := range 4 {
				for n := range 30 {
					sight(r, round*30+n, "10.0.0.1", MAC, card(1), Likely)
					sight(r, round*30+n, "10.0.0.1", Hostname, fmt.Sprintf("pc-%d", n), Certain)
				}
			}
		}, 1},
		{"500 hosts behind a router", func(r *Register) {
			for round := range 2 {
				for n := range 500 {
					sight(r, round*20, fmt.Sprintf("10.%d.%d.9", n>>8, n&255), MAC, card(1), Likely)
				}
			}
		}, 500},
		{"a virtual router's address goes with its link address", func(r *Register) {
			sight(r, 0, "10.0.0.1", MAC, "00:00:5e:00:01:0a", Certain)
			sight(r, 0, "10.0.0.2", MAC, card(2), Certain)
			sight(r, 0, "10.0.0.3", MAC, card(3), Certain)
			sight(r, 60, "10.0.0.1", MAC, "00:00:5e:00:01:0a", Certain)
		}, 3},
		{"machines cloned from one disk", func(r *Register) {
			for n := range 10 {
				sight(r, n, fmt.Sprintf("10.0.0.%d", 1+n), MAC, card(n), Certain)
				sight(r, n, fmt.Sprintf("10.0.0.%d", 1+n), HostKey, "SHA256:same", Certain)
				sight(r, n, fmt.Sprintf("10.0.0.%d", 1+n), GUID, "same", Certain)
			}
			for n := range 10 {
				sight(r, 30+n, fmt.Sprintf("10.0.0.%d", 1+n), HostKey, "SHA256:same", Certain)
				sight(r, 30+n, fmt.Sprintf("10.0.0.%d", 1+n), GUID, "same", Certain)
			}
		}, 10},
		{"a phone that makes up a link address every day stays by its name", func(r *Register) {
			for n := range 7 {
				addr := fmt.Sprintf("10.0.0.%d", 1+n)
				sight(r, n*1440, addr, MAC, fmt.Sprintf("da:11:22:33:44:%02x", n), Certain)
				sight(r, n*1440, addr, Hostname, "anas-phone", Certain)
			}
		}, 1},
		{"made-up addresses of one link address", func(r *Register) {
			for n := range 8 {
				sight(r, n*60, fmt.Sprintf("fd00::%x", n+1), MAC, card(1), Certain)
			}
		}, 1},
		{"a name that somebody takes from a server of its network", func(r *Register) {
			sight(r, 0, "10.0.0.1", MAC, card(1), Certain)
			sight(r, 0, "10.0.0.66", MAC, card(66), Certain)
			for n := range 8 {
				sight(r, 20+n*6, "10.0.0.1", Hostname, "ehr", Certain)
				sight(r, 20+n*6, "10.0.0.66", Hostname, "ehr", Certain)
			}
		}, 2},
		{"a title that somebody takes from an archive", func(r *Register) {
			for n := range 4 {
				sight(r, n*6, "10.0.0.1", AE, "PACS", Certain)
				sight(r, n*6, "10.0.0.66", AE, "PACS", Certain)
			}
		}, 2},
		{"a server with cards in two networks", func(r *Register) {
			for n := range 4 {
				sight(r, n*20, "10.0.1.1", MAC, card(1), Certain)
				sight(r, n*20, "10.0.1.1", Hostname, "ris", Certain)
				sight(r, n*20, "10.0.2.1", MAC, card(2), Certain)
				sight(r, n*20, "10.0.2.1", Hostname, "ris", Certain)
			}
		}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New()
			c.play(r)
			check(t, r)
			if got := r.Devices(); got != c.want {
				s := shapeSorted(shape(r))
				t.Errorf("%d devices, want %d: %s", got, c.want, strings.TrimSpace(s[:min(len(s), 600)]))
			}
		})
	}
}
