package register

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// day plays sightings, one a line: "minute address field value [sure]".
func play(t *testing.T, r *Register, story string) {
	t.Helper()
	for line := range strings.Lines(story) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		var minute int
		if _, err := fmt.Sscan(f[0], &minute); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		s := &Sighting{At: netip.MustParseAddr(f[1]), Time: int64(time.Duration(minute+1) * time.Minute), Source: "test", Sure: Likely}
		if len(f) > 3 {
			s.Field, s.Value = Field(f[2]), f[3]
		}
		if len(f) > 4 {
			s.Sure = Certain
		}
		r.See(s)
	}
}

// shape draws the devices: the addresses of each, those that are no longer its own in brackets.
func shape(r *Register) string {
	var all []string
	for _, d := range r.All() {
		var at []string
		for _, t := range d.Traces {
			if t.Over {
				at = append(at, "("+t.Addr.String()+")")
			} else {
				at = append(at, t.Addr.String())
			}
		}
		all = append(all, strings.Join(at, " "))
	}
	return strings.Join(all, ", ")
}

func TestIdentity(t *testing.T) {
	for _, x := range []struct{ name, story, want string }{
		{"two addresses are two devices", "0 10.0.0.1\n0 10.0.0.2", "10.0.0.1, 10.0.0.2"},
		{"one card with an address of each family", "0 10.0.0.1 mac 00:11:22:33:44:55\n0 fd00::1 mac 00:11:22:33:44:55", "10.0.0.1 fd00::1"},
		{"a lease moves with its card", "0 10.0.0.1 mac 00:11:22:33:44:55\n90 10.0.0.9 mac 00:11:22:33:44:55 certain", "10.0.0.1 10.0.0.9"},
		{"an address is given to another card",
			"0 10.0.0.1 mac 00:11:22:33:44:55 certain\n90 10.0.0.1 mac 00:11:22:33:44:66 certain", "(10.0.0.1), 10.0.0.1"},
		{"two cards exchange their addresses",
			`0 10.0.0.1 mac 00:11:22:33:44:55 certain
			0 10.0.0.2 mac 00:11:22:33:44:66 certain
			90 10.0.0.1 mac 00:11:22:33:44:66 certain
			90 10.0.0.2 mac 00:11:22:33:44:55 certain`, "(10.0.0.1) 10.0.0.2, (10.0.0.2) 10.0.0.1"},
		{"a name moves to another address behind a router", "0 10.0.0.1 hostname ward3-pc\n90 10.0.0.9 hostname ward3-pc", "10.0.0.1 10.0.0.9"},
		{"a name is cut by NetBIOS", "0 10.0.0.1 hostname radiology-workst\n0 10.0.0.1 hostname radiology-works", "10.0.0.1"},
		{"an address gets another name after a pause", "0 10.0.0.1 hostname a-pc\n90 10.0.0.1 hostname b-pc", "(10.0.0.1), 10.0.0.1"},
		{"names that everybody has join nothing", "0 10.0.0.1 hostname localhost\n1 10.0.0.2 hostname localhost", "10.0.0.1, 10.0.0.2"},
		{"serial numbers that nobody gave join nothing", "0 10.0.0.1 serial 00000000\n1 10.0.0.2 serial 00000000", "10.0.0.1, 10.0.0.2"},
		{"a scanner with a new network card", `0 10.0.0.1 mac 00:11:22:33:44:55
			0 10.0.0.1 serial CT/1026
			3000 10.0.0.7 mac 00:11:22:33:44:66
			3001 10.0.0.7 serial CT/1026`, "10.0.0.1 10.0.0.7"},
		{"one title at two consoles at once is a title of neither", `0 10.0.0.1 ae CONSOLE
			5 10.0.0.2 ae CONSOLE
			9 10.0.0.1 ae CONSOLE`, "10.0.0.1, 10.0.0.2"},
		{"a title that moves once", "0 10.0.0.1 ae CT_ROOM1\n900 10.0.0.2 ae CT_ROOM1", "10.0.0.1 10.0.0.2"},
		{"a title does not join what names tell apart", `0 10.0.0.1 hostname pc-1
			1 10.0.0.1 ae VIEWER
			900 10.0.0.2 hostname pc-2
			901 10.0.0.2 ae VIEWER`, "10.0.0.1, 10.0.0.2"},
		{"a router's card joins nothing", func() string {
			var b strings.Builder
			for i := range 12 {
				fmt.Fprintf(&b, "%d 10.0.%d.1 mac 00:11:22:33:44:55\n", i/12, i)
			}
			return b.String()
		}(), "10.0.0.1, 10.0.1.1, 10.0.2.1, 10.0.3.1, 10.0.4.1, 10.0.5.1, 10.0.6.1, 10.0.7.1, 10.0.8.1, 10.0.9.1, 10.0.10.1, 10.0.11.1"},
		{"what is behind a translator does not merge what it is elsewhere", `0 10.0.0.1 hostname a-pc
			0 10.0.0.1 hostname b-pc
			0 10.0.0.1 hostname c-pc
			0 10.0.0.1 hostname d-pc
			5 10.0.0.7 hostname a-pc
			5 10.0.0.8 hostname b-pc`, "10.0.0.1, 10.0.0.7, 10.0.0.8"},
		{"a cloned disk's key", `0 10.0.0.1 host_key k
			1 10.0.0.2 host_key k
			1 10.0.0.3 host_key k
			1 10.0.0.4 host_key k
			1 10.0.0.5 host_key k
			2 10.0.0.1 host_key k
			2 10.0.0.2 host_key k
			2 10.0.0.3 host_key k
			2 10.0.0.4 host_key k
			2 10.0.0.5 host_key k`, "10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5"},
	} {
		t.Run(x.name, func(t *testing.T) {
			r := New()
			r.Generic = func(name string) bool { return name == "localhost" }
			play(t, r, x.story)
			if got := shapeSorted(shape(r)); got != shapeSorted(x.want) {
				t.Errorf("got  %s\nwant %s", got, x.want)
			}
			check(t, r)
		})
	}
}

func shapeSorted(s string) string {
	all := strings.Split(s, ", ")
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// check holds what must always be true.
func check(t *testing.T, r *Register) {
	t.Helper()
	seen := map[TraceID]bool{}
	versions := map[uint64]bool{}
	for d, g := range r.members {
		if len(g.traces) == 0 {
			t.Errorf("device %d has no trace", d)
		}
		if g.rev == 0 || versions[g.rev] {
			t.Errorf("device %d has the version %d of another", d, g.rev)
		}
		versions[g.rev] = true
		for _, x := range g.traces {
			if r.traces[x.ID] != x || x.Device != d || seen[x.ID] {
				t.Errorf("device %d: trace %d is not its own", d, x.ID)
			}
			seen[x.ID] = true
		}
	}
	if len(seen) != len(r.traces) {
		t.Errorf("%d traces, %d of devices", len(r.traces), len(seen))
	}
	for a, x := range r.current {
		if x.Addr != a || x.Over {
			t.Errorf("%s: not where it is", a)
		}
	}
	for id, e := range r.edges {
		for _, x := range e.traces {
			if r.traces[x.ID] != x || !x.shows(id) {
				t.Errorf("%v: trace %d does not show it", id, x.ID)
			}
		}
	}
}

func TestPeople(t *testing.T) {
	r := New()
	play(t, r, "0 10.0.0.1 mac 00:11:22:33:44:55\n1 10.0.0.2 mac 00:11:22:33:44:55\n2 10.0.0.3 mac 00:11:22:33:44:55\n3 10.0.0.4")
	first := r.At(netip.MustParseAddr("10.0.0.1"))
	out := r.current[netip.MustParseAddr("10.0.0.1")]
	d, err := r.Split(first, []TraceID{out.ID}, "ana", 100)
	if err != nil {
		t.Fatal(err)
	}
	if got := shapeSorted(shape(r)); got != "10.0.0.1, 10.0.0.2 10.0.0.3, 10.0.0.4" {
		t.Errorf("after the split: %s", got)
	}
	if r.At(netip.MustParseAddr("10.0.0.2")) != first {
		t.Error("what stays is another device now")
	}
	play(t, r, "9 10.0.0.1 mac 00:11:22:33:44:55\n9 10.0.0.2 mac 00:11:22:33:44:55")
	if r.At(netip.MustParseAddr("10.0.0.1")) != d {
		t.Error("the split did not hold")
	}
	if err := r.Merge(d, r.At(netip.MustParseAddr("10.0.0.4")), "ana", 200); err != nil {
		t.Fatal(err)
	}
	if got := shapeSorted(shape(r)); got != "10.0.0.1 10.0.0.4, 10.0.0.2 10.0.0.3" {
		t.Errorf("after the merge: %s", got)
	}
	check(t, r)
	if err := r.Merge(d, 4711, "ana", 200); err == nil {
		t.Error("a device that is not there was merged")
	}
	if _, err := r.Split(d, nil, "ana", 200); err == nil {
		t.Error("nothing was split off")
	}
}

func TestRoom(t *testing.T) {
	r := New()
	r.Most = 64
	kept := DeviceID(1)
	r.Keep = func(d DeviceID) bool { return d == kept }
	for i := range 10_000 {
		r.See(&Sighting{At: netip.AddrFrom4([4]byte{10, 1, byte(i >> 8), byte(i)}), Time: int64(i+1) * int64(time.Second), Field: Hostname,
			Value: fmt.Sprintf("made-up-%d", i), Source: "mdns", Sure: Likely})
	}
	if len(r.traces) > 64 || len(r.edges) > 64 || r.Dropped() == 0 {
		t.Errorf("%d traces, %d identifiers, %d dropped", len(r.traces), len(r.edges), r.Dropped())
	}
	if len(r.of(kept)) == 0 {
		t.Error("a confirmed device was forgotten")
	}
	check(t, r)
}

// What is kept and taken up again goes on as if nothing had happened, and the same sightings make the same devices.
func TestRestore(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	a, twin := New(), New()
	b := New()
	for i := range 20_000 {
		s := Sighting{At: netip.AddrFrom4([4]byte{10, 0, byte(rnd.IntN(4)), byte(rnd.IntN(60))}), Time: int64(i) * int64(20*time.Second), Source: "test",
			Field: []Field{MAC, Hostname, Serial, AE, HostKey, Cert, "", Model}[rnd.IntN(8)], Sure: Sure(1 + rnd.IntN(3))}
		s.Value = fmt.Sprintf("%012x", rnd.IntN(300))
		if s.Field == MAC {
			s.Value = fmt.Sprintf("00:11:22:33:%02x:%02x", rnd.IntN(2), rnd.IntN(200))
		}
		x, y := s, s
		a.See(&s)
		twin.See(&x)
		if i == 10_000 {
			text, err := json.Marshal(a.State())
			if err != nil {
				t.Fatal(err)
			}
			var st State
			if err := json.Unmarshal(text, &st); err != nil {
				t.Fatal(err)
			}
			if err := b.Restore(st); err != nil {
				t.Fatal(err)
			}
		} else if i > 10_000 {
			b.See(&y)
		}
		if i%1000 == 0 {
			check(t, a)
		}
	}
	if !reflect.DeepEqual(a.State(), twin.State()) {
		t.Error("the same sightings made other devices")
	}
	if sa, sb := shapeSorted(shape(a)), shapeSorted(shape(b)); sa != sb {
		t.Errorf("taken up again\n%.300s\nwant\n%.300s", sb, sa)
	}
}
