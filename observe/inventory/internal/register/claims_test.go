package register

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"
)

const (
	h1 = 60 // minutes
	d1 = 24 * h1
)

// known is a server that has been there for an hour, and is there until the minute to: it speaks every other minute, and tells
// its name and card every half hour.
func known(r *Register, to int) {
	for m := 0; m <= to; m += 2 {
		r.See(&Sighting{At: netip.MustParseAddr("10.0.0.5"), Time: int64(m+1) * int64(time.Minute)})
		if m%30 == 0 {
			sight(r, m, "10.0.0.5", MAC, card(5), Certain)
			sight(r, m, "10.0.0.5", Hostname, "ehr", Certain)
			sight(r, m, "10.0.0.5", AE, "ARCHIVE", Certain)
		}
	}
}

func TestClaims(t *testing.T) {
	for _, c := range []struct {
		name  string
		play  func(*Register)
		want  string // devices
		twice string // what is told as shown by two
	}{
		{"a name from another network, while the one that has it is there", func(r *Register) {
			known(r, h1)
			sight(r, h1, "10.9.0.66", Hostname, "ehr", Certain)
			known(r, 2*h1)
			sight(r, 2*h1, "10.9.0.66", Hostname, "ehr", Certain)
		}, "10.0.0.5, 10.9.0.66", "hostname ehr"},
		{"a title from another network", func(r *Register) {
			known(r, h1)
			sight(r, h1, "10.9.0.66", AE, "ARCHIVE", Certain)
			known(r, 2*h1)
		}, "10.0.0.5, 10.9.0.66", "ae ARCHIVE"},
		{"a title in its own network", func(r *Register) {
			known(r, h1)
			sight(r, h1, "10.0.0.66", AE, "ARCHIVE", Certain)
			known(r, 2*h1)
		}, "10.0.0.5, 10.0.0.66", "ae ARCHIVE"},
		{"a link address from another network, by ARP", func(r *Register) {
			known(r, h1)
			sight(r, h1, "10.9.0.66", MAC, card(5), Certain)
			known(r, 2*h1)
		}, "10.0.0.5, 10.9.0.66", "mac " + card(5)},
		{"frames from another network that bear a link address are told of nobody", func(r *Register) {
			known(r, h1)
			sight(r, h1, "10.9.0.66", MAC, card(5), Likely)
			known(r, 2*h1)
		}, "10.0.0.5, 10.9.0.66", ""},
		{"a name that is taken while its owner is silent for less than is usual", func(r *Register) {
			known(r, h1)
			known2 := func(m int) {
				r.See(&Sighting{At: netip.MustParseAddr("10.0.0.5"), Time: int64(m+1) * int64(time.Minute)})
			}
			known2(4 * h1) // three hours of silence
			sight(r, 5*h1, "10.9.0.66", Hostname, "ehr", Certain)
			sight(r, 5*h1+30, "10.9.0.66", Hostname, "ehr", Certain)
		}, "10.0.0.5, 10.9.0.66", ""},
		{"the name's owner wakes after a day: who took it meanwhile does not keep it", func(r *Register) {
			known(r, h1)
			sight(r, 2*d1, "10.9.0.66", Hostname, "ehr", Certain)
			for m := 2 * h1; m < 5*h1; m++ {
				sight(r, 2*d1+m, "10.0.0.5", [...]Field{Hostname, Model}[min(m%h1, 1)], "ehr", Certain)
				sight(r, 2*d1+m, "10.9.0.66", [...]Field{Hostname, Model}[min((m+20)%h1, 1)], "ehr", Certain)
			}
		}, "10.0.0.5, 10.9.0.66", "hostname ehr"},
		{"a lease in another network, with the name", func(r *Register) {
			known(r, h1)
			sight(r, h1+1, "10.9.0.66", Hostname, "ehr", Certain)
			sight(r, h1+1, "10.9.0.66", MAC, card(5), Certain)
		}, "10.0.0.5 10.9.0.66", ""},
		{"a lease in another network, of one that has left", func(r *Register) {
			known(r, h1)
			sight(r, h1+20, "10.9.0.66", MAC, card(5), Certain)
		}, "10.0.0.5 10.9.0.66", ""},
		{"a name that has moved, as is known after a while", func(r *Register) {
			known(r, h1)
			sight(r, h1+1, "10.9.0.66", Hostname, "ehr", Certain)
			for m := h1 + 2; m < 2*h1; m++ {
				r.See(&Sighting{At: netip.MustParseAddr("10.9.0.66"), Time: int64(m) * int64(time.Minute)})
			}
		}, "10.0.0.5 10.9.0.66", ""},
		{"a lease in its own network joins at once", func(r *Register) {
			known(r, h1)
			sight(r, h1+1, "10.0.0.66", MAC, card(5), Certain)
		}, "10.0.0.5 10.0.0.66", ""},
		{"a server with the two cards of a board, in two networks", func(r *Register) {
			known(r, h1)
			sight(r, h1, "10.9.0.66", MAC, card(6), Certain)
			sight(r, h1, "10.9.0.66", Hostname, "ehr", Certain)
			known(r, 2*h1)
		}, "10.0.0.5 10.9.0.66", ""},
		{"a server with cards of two makers, known by its key", func(r *Register) {
			sight(r, 0, "10.0.0.5", HostKey, "k", Certain)
			known(r, h1)
			sight(r, h1, "10.9.0.66", MAC, "f4:03:43:00:00:07", Certain)
			sight(r, h1, "10.9.0.66", HostKey, "k", Certain)
			sight(r, h1, "10.9.0.66", Hostname, "ehr", Certain)
			known(r, 2*h1)
		}, "10.0.0.5 10.9.0.66", ""},
		{"a router with one link address in all its networks", func(r *Register) {
			for n := range 4 {
				at := fmt.Sprintf("10.%d.0.1", n)
				sight(r, n, at, Role, "default router", Certain)
				sight(r, n, at, MAC, card(1), Certain)
			}
		}, "10.0.0.1 10.1.0.1 10.2.0.1 10.3.0.1", ""},
		{"four hosts behind a router", func(r *Register) {
			sight(r, 0, "10.0.0.1", MAC, card(1), Certain)
			for m := range 20 {
				for n := range 4 {
					sight(r, 6*m, fmt.Sprintf("10.7.0.%d", n+2), MAC, card(1), Likely)
				}
			}
		}, "10.0.0.1, 10.7.0.2, 10.7.0.3, 10.7.0.4, 10.7.0.5", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New()
			var twice []string
			r.Tell = func(x Change) {
				if x.Kind == Twice {
					twice = append(twice, string(x.Field)+" "+x.Value)
				}
				if (x.Kind == Joined || x.Kind == Moved) && !strings.Contains(c.want, "10.0.0.5 10") && !strings.Contains(c.want, "1 10.") && !strings.Contains(c.name, "wakes") {
					t.Errorf("joined for a while: %+v", x)
				}
			}
			c.play(r)
			check(t, r)
			if got := shapeSorted(shape(r)); got != shapeSorted(c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := strings.Join(twice, ", "); got != c.twice {
				t.Errorf("told as shown by two: %q, want %q", got, c.twice)
			}
		})
	}
}

// lease is what a DHCP server and a sign-on by NTLM tell of a laptop.
func lease(r *Register, minute int, addr, mac, name string) {
	for _, s := range []Sighting{{Field: Hostname, Value: name, Source: "dhcp"}, {Field: MAC, Value: mac, Source: "dhcp"},
		{Field: MAC, Value: mac, Source: "arp"}, {Field: Hostname, Value: name, Source: "smb"}} {
		s.At, s.Time, s.Sure = netip.MustParseAddr(addr), int64(minute+1)*int64(time.Minute), Certain
		r.See(&s)
	}
	for m := range 3 * h1 { // of work
		if m%5 == 0 {
			r.See(&Sighting{At: netip.MustParseAddr(addr), Time: int64(minute+m+1) * int64(time.Minute), Field: MAC, Value: mac, Source: "flow", Sure: Likely})
		}
	}
}

// Laptops that are docked one after the other at the same card are never one, wherever the lease is.
func TestDock(t *testing.T) {
	dock := card(77)
	for _, c := range []struct {
		name string
		at   [4]string
	}{
		{"at one address", [4]string{"10.0.0.20", "10.0.0.20", "10.0.0.20", "10.0.0.20"}},
		{"each at its own", [4]string{"10.0.0.20", "10.0.0.21", "10.0.0.20", "10.0.0.22"}},
		{"in two networks", [4]string{"10.0.0.20", "10.0.3.21", "10.0.0.20", "10.0.3.22"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := New()
			r.Tell = func(x Change) {
				d := Device{x.Device, r.Traces(x.Device)}
				names := map[string]bool{}
				for _, t := range d.Traces {
					for _, n := range t.showing(Hostname) {
						names[n] = true
					}
				}
				if len(names) > 1 {
					t.Errorf("one device has the names %v: %+v", names, x)
				}
			}
			lease(r, 0, "10.0.5.1", card(1), "laptop-a") // in the wireless network
			lease(r, 4*h1, c.at[0], dock, "laptop-a")
			lease(r, 8*h1, c.at[1], dock, "laptop-b")
			lease(r, d1, c.at[2], dock, "laptop-a")
			lease(r, d1+5*h1, c.at[3], dock, "laptop-c")
			lease(r, 2*d1, "10.0.5.1", card(1), "laptop-a")
			lease(r, 2*d1+4*h1, "10.0.5.2", card(2), "laptop-b")
			check(t, r)
			names := map[string]int{}
			for _, d := range r.All() {
				for _, x := range d.Traces {
					if n, ok := x.Has(Hostname); ok && x == d.Traces[0] {
						names[n]++
					}
				}
			}
			if len(names) != 3 || names["laptop-a"] != 1 || names["laptop-b"] != 1 || names["laptop-c"] != 1 {
				t.Errorf("devices by name: %v in %s", names, shape(r))
			}
		})
	}
}

// A machine that is given another name stays itself, once the old name has not been heard of for a week.
func TestRename(t *testing.T) {
	r := New()
	lease(r, 0, "10.0.0.20", card(1), "old-name")
	lease(r, d1, "10.0.0.20", card(1), "new-name")
	if r.Devices() != 2 {
		t.Errorf("%s: it may be another laptop", shape(r))
	}
	for n := range 9 {
		lease(r, (2+n)*d1, "10.0.0.20", card(1), "new-name")
	}
	if r.Devices() != 1 {
		t.Errorf("after a week: %s", shape(r))
	}
	check(t, r)
}

// The card of a dock that a person has told not to join two laptops joins others still, and those two never.
func TestSplitIsOfThoseTwo(t *testing.T) {
	r := New()
	const dongle = "00:11:22:33:44:55"
	play(t, r, "0 10.0.0.1 mac "+dongle+"\n1 10.0.0.2 mac "+dongle)
	one, two := netip.MustParseAddr("10.0.0.1"), netip.MustParseAddr("10.0.0.2")
	if r.At(one) != r.At(two) {
		t.Fatal("they were not one")
	}
	if _, err := r.Split(r.At(one), []TraceID{r.current[two].ID}, "ana", int64(3*time.Minute)); err != nil {
		t.Fatal(err)
	}
	play(t, r, "9 10.0.0.1 mac "+dongle+"\n9 10.0.0.2 mac "+dongle+"\n20 10.0.0.3 mac "+dongle+"\n21 10.0.0.4 mac "+dongle+
		"\n30 10.0.0.1 serial A/5555\n31 10.0.0.2 serial A/5555")
	if got := shapeSorted(shape(r)); got != "10.0.0.1, 10.0.0.2, 10.0.0.3 10.0.0.4" {
		t.Errorf("got %s", got)
	}
	if r.Shared(r.At(one), MAC, dongle) == "" || r.Shared(r.At(netip.MustParseAddr("10.0.0.3")), MAC, dongle) != "" {
		t.Error("the card is distrusted of others too, or of none")
	}
	again := New()
	if err := again.Restore(r.State()); err != nil {
		t.Fatal(err)
	}
	play(t, again, "40 10.0.0.1 mac "+dongle+"\n41 10.0.0.2 mac "+dongle)
	if got := shapeSorted(shape(again)); got != "10.0.0.1, 10.0.0.2, 10.0.0.3 10.0.0.4" {
		t.Errorf("after a restart %s", got)
	}
	if err := again.Merge(again.At(one), again.At(two), "ana", int64(50*time.Minute)); err != nil || again.At(one) != again.At(two) {
		t.Errorf("merged again: %s, %v", shape(again), err)
	}
	check(t, again)
}

// Devices that are invented by the hundred thousand push out those that nobody has confirmed, the oldest first, and cost
// no more the longer it goes on.
func TestFlood(t *testing.T) {
	const most = 2048
	flood := func(t *testing.T, n int) (*Register, uint64) {
		r := New()
		r.Most = most
		confirmed := map[DeviceID]bool{}
		r.Keep = func(d DeviceID) bool { return confirmed[d] }
		for k := range 300 {
			a := netip.AddrFrom4([4]byte{10, 0, byte(k >> 8), byte(k)})
			r.See(&Sighting{At: a, Time: int64(k), Field: Serial, Value: fmt.Sprintf("real/%05d", k), Source: "dicom", Sure: Certain})
			confirmed[r.At(a)] = k%3 == 0
		}
		for k := range n {
			a := netip.AddrFrom4([4]byte{10, 1 + byte(k>>16), byte(k >> 8), byte(k)})
			for _, s := range [...]Sighting{{Field: MAC, Value: fmt.Sprintf("02:00:%02x:%02x:%02x:01", k>>16, k>>8&255, k&255)},
				{Field: Hostname, Value: fmt.Sprintf("made-up-%d", k%5000)}, {Field: AE, Value: fmt.Sprintf("AE%d", k%700)}} {
				s.At, s.Time, s.Source, s.Sure = a, int64(1000+k)*int64(time.Second), "dhcp", Certain
				r.See(&s)
			}
		}
		check(t, r)
		for d := range confirmed {
			if confirmed[d] && len(r.of(d)) == 0 {
				t.Fatalf("device %d was confirmed, and is forgotten", d)
			}
		}
		if len(r.traces) > most || len(r.edges) > 4*most || len(r.waits) > mostWaits || len(r.bars) > 4*most || len(r.news) > n+400 {
			t.Errorf("%d traces, %d identifiers, %d waits, %d bars", len(r.traces), len(r.edges), len(r.waits), len(r.bars))
		}
		return r, r.work
	}
	_, once := flood(t, 10*most)
	_, twice := flood(t, 20*most)
	if twice > once*5/2 {
		t.Errorf("twice the flood cost %d, and the flood %d", twice, once)
	}
}

// Where people have confirmed more than there is room for, none of it goes.
func TestConfirmedBeyondTheBound(t *testing.T) {
	r := New()
	r.Most = 64
	r.Keep = func(DeviceID) bool { return true }
	for k := range 2000 {
		r.See(&Sighting{At: netip.AddrFrom4([4]byte{10, 0, byte(k >> 8), byte(k)}), Time: int64(k + 1)})
	}
	if r.Devices() != 2000 || r.work > 200_000 {
		t.Errorf("%d devices, %d looked at to make room", r.Devices(), r.work)
	}
}

// A lease that names another host is another's, however lately the last one spoke.
func TestLeaseIsGivenOn(t *testing.T) {
	r := New()
	lease(r, 0, "10.0.0.20", card(77), "laptop-a")
	lease(r, 3*h1+1, "10.0.0.20", card(77), "laptop-b")
	if got := shape(r); got != "(10.0.0.20), 10.0.0.20" {
		t.Errorf("got %s", got)
	}
}
