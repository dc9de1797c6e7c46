package capture

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"bulwark/platform/cage"
	"bulwark/wire/pcap"
)

func index(t testing.TB, name string) int {
	t.Helper()
	n, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return n.Index
}

var (
	here  = netip.MustParseAddr("10.0.0.1")
	there = netip.MustParseAddr("10.0.0.2")
)

func TestPacketsAsTheyWereSent(t *testing.T) {
	needVeth(t)
	r := rings(t, Options{Interface: "a0", RingBytes: 7 << 20, Promiscuous: true})[0]
	if r.Size() != 7<<20 {
		t.Errorf("a ring of %d bytes, want %d", r.Size(), 7<<20)
	}
	etherType, packet := datagram(here, there, 1, 2, 0)
	plain, tagged, twice := ethernet(etherType, packet), ethernet(etherType, packet, 3<<13|12), ethernet(etherType, packet, 100, 12)
	newSender(t, "b0").send(t, plain, tagged, twice)
	newSender(t, "a0").send(t, plain)
	all, err := collect(r, 4)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []Packet{
		{Data: plain, Orig: len(plain), Link: pcap.LinkEthernet},
		{Data: plain, Orig: len(plain), Link: pcap.LinkEthernet, Tagged: true, TPID: 0x8100, TCI: 3<<13 | 12},
		{Data: ethernet(etherType, packet, 12), Orig: len(plain) + 4, Link: pcap.LinkEthernet, Tagged: true, TPID: 0x88a8, TCI: 100},
		{Data: plain, Orig: len(plain), Link: pcap.LinkEthernet, Outgoing: true},
	} {
		p := all[i].Packet
		if !bytes.Equal(p.Data, want.Data) || p.Time == 0 {
			t.Errorf("packet %d: got % x at %d\nwant % x", i, p.Data, p.Time, want.Data)
		}
		p.Data, want.Data, p.Time = nil, nil, 0
		if fmt.Sprint(p) != fmt.Sprint(want) {
			t.Errorf("packet %d: got %+v, want %+v", i, p, want)
		}
	}
}

func TestTheFilterChooses(t *testing.T) {
	needVeth(t)
	etherType, packet := datagram(here, there, 1, 53, 0)
	_, other := datagram(here, there, 1, 54, 0)
	frames := [][]byte{
		ethernet(etherType, packet), ethernet(etherType, other), ethernet(etherType, packet, 12), ethernet(etherType, packet, 13),
		ethernet(etherType, packet, 7, 12), ethernet(etherType, other, 12),
	}
	last := ethernet(etherType, packet, 99) // every filter below lets this one through: when it is there, all are
	for _, c := range []struct {
		filter string
		want   int
	}{
		{"", 6},
		{"port 53 or vlan 99", 4},
		{"vlan 12 or vlan 99", 3},
		{"vlan 12 and port 53 or vlan 99", 2},
		{"vlan 7 or vlan 99", 1},
		{"not vlan or vlan 99", 2},
	} {
		r := rings(t, Options{Interface: "a0", Filter: c.filter, SnapLen: 20})[0]
		newSender(t, "b0").send(t, append(frames, last)...)
		all, err := collect(r, c.want+1)
		if err != nil || len(all) != c.want+1 || len(all[0].Data) != 20 || all[0].Orig < 42 {
			t.Errorf("%q: got %d packets, %v, want %d and the last, each cut to 20 bytes", c.filter, len(all), err, c.want)
		}
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := Open(Options{Interface: "a0", Filter: "host pacs"}); err == nil || !strings.Contains(err.Error(), "at 6") {
		t.Errorf("a wrong filter: got %v, want its place", err)
	}
}

// TestBothDirectionsMeet sends conversations in both directions, in all the clothes they come in.
func TestBothDirectionsMeet(t *testing.T) {
	needVeth(t)
	members := rings(t, Options{Interface: "a0", Members: 2, Promiscuous: true})
	in, out := newSender(t, "b0"), newSender(t, "a0")
	const flows = 40
	sent := 0
	send := func(s sender, f []byte) { s.send(t, f); sent++ }
	for i := range flows {
		for _, v6 := range []bool{false, true} {
			client, server := netip.AddrFrom4([4]byte{10, 1, 0, byte(i)}), netip.AddrFrom4([4]byte{10, 2, 7, byte(3 * i)})
			if v6 {
				client, server = netip.MustParseAddr(fmt.Sprintf("fd00::%x", i)), netip.MustParseAddr(fmt.Sprintf("fd00:7::%x", 3*i))
			}
			for _, tags := range [][]uint16{nil, {12}, {100, 12}} {
				kind, there := datagram(client, server, 1000, 53, 0)
				_, back := datagram(server, client, 53, 1000, 0)
				send(in, ethernet(kind, there, tags...))
				send(in, ethernet(kind, back, tags...))
				send(out, ethernet(kind, back, tags...)) // as seen on an interface of one's own
				if !v6 {
					_, fragment := datagram(server, client, 77, 88, 185)
					send(in, ethernet(kind, fragment, tags...))
				}
			}
		}
	}
	all, err := collectAll(members, sent)
	if err != nil || len(all) != sent {
		t.Errorf("got %d packets, %v, want %d", len(all), err, sent)
	}
	where, used := map[string]int{}, map[int]int{}
	for _, p := range all {
		key := conversation(t, p.Data)
		if at, ok := where[key]; ok && at != p.member {
			t.Errorf("%s is on socket %d and on %d", key, at, p.member)
		}
		where[key] = p.member
		used[p.member]++
	}
	if len(where) != 2*flows {
		t.Errorf("got %d conversations, want %d", len(where), 2*flows)
	}
	if used[0] < sent/4 || used[1] < sent/4 {
		t.Errorf("the sockets got %d and %d packets, want them shared", used[0], used[1])
	}
}

// conversation is the unordered pair of addresses in a frame.
func conversation(t *testing.T, f []byte) string {
	t.Helper()
	i := 12
	for f[i] == 0x81 || f[i] == 0x88 {
		i += 4
	}
	p, n, at := f[i+2:], 4, 12
	if f[i] == 0x86 {
		n, at = 16, 8
	}
	a, ok1 := netip.AddrFromSlice(p[at : at+n])
	b, ok2 := netip.AddrFromSlice(p[at+n : at+2*n])
	if !ok1 || !ok2 {
		t.Fatalf("% x has no addresses", f)
	}
	if b.Less(a) {
		a, b = b, a
	}
	return a.String() + " " + b.String()
}

func TestDropsAreCounted(t *testing.T) {
	needVeth(t)
	r := rings(t, Options{Interface: "a0"})[0] // 4 MiB
	s := newSender(t, "b0")
	etherType, packet := datagram(here, there, 1, 2, 0)
	frame := ethernet(etherType, append(packet, make([]byte, 1400)...))
	const sent = 8000
	for range sent {
		s.send(t, frame)
	}
	stats, err := r.Stats()
	if err != nil || stats.Dropped == 0 || stats.Freezes == 0 || stats.Received+stats.Dropped != sent {
		t.Errorf("got %+v, %v, want drops, and %d in all", stats, err, sent)
	}
	if all, err := collect(r, int(stats.Received)); err != nil {
		t.Errorf("got %d of the %d received packets: %v", len(all), stats.Received, err)
	}
	s.send(t, frame)
	if _, err := collect(r, 1); err != nil {
		t.Errorf("after the drops: %v", err)
	}
	if again, err := r.Stats(); err != nil || again.Received != stats.Received+1 || again.Dropped != stats.Dropped {
		t.Errorf("got %+v, %v, want one more than %+v", again, err, stats)
	}
}

func TestAVanishedInterfaceIsTold(t *testing.T) {
	for _, c := range []struct{ promise, command string }{
		{"it goes down", "link set a0 down"},
		{"it is removed", "link del a0"},
	} {
		t.Run(c.promise, func(t *testing.T) {
			needVeth(t)
			r := rings(t, Options{Interface: "a0"})[0]
			newSender(t, "b0").send(t, ethernet(0x88b5, make([]byte, 50)))
			ip(t, c.command)
			all, err := collect(r, 2)
			if !errors.Is(err, ErrGone) || len(all) != 1 {
				t.Errorf("got %d packets and %v, want the one that came before and %v", len(all), err, ErrGone)
			}
			if _, err := Open(Options{Interface: "a0"}); !errors.Is(err, ErrGone) {
				t.Errorf("opening it: got %v, want %v", err, ErrGone)
			}
		})
	}
}

func TestItCanBeOpenedAnewWhenItReturns(t *testing.T) {
	needVeth(t)
	ip(t, "link set a0 down")
	if _, err := Open(Options{Interface: "a0"}); !errors.Is(err, ErrGone) || !strings.Contains(err.Error(), "ip link set a0 up") {
		t.Errorf("got %v, want the command that mends it", err)
	}
	ip(t, "link set a0 up")
	r := rings(t, Options{Interface: "a0", Members: 3})
	newSender(t, "b0").send(t, ethernet(0x88b5, make([]byte, 50)))
	if all, err := collect(r[0], 1); err != nil {
		t.Errorf("got %d packets, %v", len(all), err)
	}
}

func TestAQuietLinkTicks(t *testing.T) {
	needVeth(t)
	r := rings(t, Options{Interface: "a0"})[0]
	ctx, cancel := context.WithCancel(t.Context())
	ticks := 0
	err := r.Blocks(ctx, func(*Block) { t.Error("a block of no packets") }, func() {
		if ticks++; ticks == 3 {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || ticks != 3 {
		t.Errorf("got %d ticks, %v", ticks, err)
	}
}

func TestTheCagedChildListens(t *testing.T) {
	needVeth(t)
	sockets, err := Open(Options{Interface: "a0"})
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(sockets)
	newSender(t, "b0").send(t, ethernet(0x88b5, make([]byte, 50)), ethernet(0x88b5, make([]byte, 60)), ethernet(0x88b5, make([]byte, 70)))
	p, err := cage.Start(t.Context(), cage.Spec{Name: "caged", Args: []string{"part", "caged"}, Files: sockets})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	want := "send: operation not permitted\npackets: 3, <nil>\nstats: 3 received, 0 dropped, <nil>\n"
	if got := readAll(t, p.Data); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestRightsNameTheCommand(t *testing.T) {
	if os.Geteuid() != 0 {
		var r *Rights
		if err := CanCapture(); !errors.As(err, &r) {
			t.Skipf("this user may capture, or is refused otherwise: %v", err)
		}
	} else if err := CanCapture(); err != nil {
		t.Errorf("as root: got %v", err)
	}
	cmd := exec.Command("/proc/self/exe", "part", "rights")
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 12345, Gid: 12345}}
	}
	out, err := cmd.CombinedOutput()
	if want := "grant it with: sudo setcap cap_net_raw+ep /"; err != nil || !strings.Contains(string(out), want) {
		t.Errorf("got %s, %v, want %q", out, err, want)
	}
}

func TestPathsAreQuotedForTheShell(t *testing.T) {
	for path, want := range map[string]string{"/usr/bin/bulwark": "/usr/bin/bulwark", "/a b/it's": `'/a b/it'\''s'`, "": "''"} {
		if got := quote(path); got != want {
			t.Errorf("%q: got %s, want %s", path, got, want)
		}
	}
}

func TestNoNewPrivilegesIsSeen(t *testing.T) {
	if !noNewPrivileges(strings.NewReader("Name:\tx\nNoNewPrivs:\t1\n")) || noNewPrivileges(strings.NewReader("NoNewPrivs:\t0\n")) {
		t.Error("got it wrong")
	}
}

func TestDefaultRoutes(t *testing.T) {
	const head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"
	for _, c := range []struct{ promise, table, want string }{
		{"the default route", head + "eth0\t0000000A\t00000000\t0001\t0\t0\t0\t000000FF\t0\t0\t0\neth1\t00000000\t0100000A\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", "eth1"},
		{"the one with the lowest metric", head + "wlan0\t00000000\t0100000A\t0003\t0\t0\t600\t00000000\t0\t0\t0\neth0\t00000000\t0100000A\t0003\t0\t0\t100\t00000000\t0\t0\t0\n", "eth0"},
		{"one that is down is none", head + "eth0\t00000000\t0100000A\t0002\t0\t0\t0\t00000000\t0\t0\t0\n", ""},
		{"half of all addresses is no default", head + "tun0\t00000000\t0100000A\t0003\t0\t0\t0\t00000080\t0\t0\t0\n", ""},
		{"none", head, ""},
	} {
		if got, ok := defaultRoute4(strings.NewReader(c.table)); got != c.want || ok != (c.want != "") {
			t.Errorf("%s: got %q, want %q", c.promise, got, c.want)
		}
	}
	const zero = "00000000000000000000000000000000"
	for _, c := range []struct{ promise, table, want string }{
		{"the default route", zero + " 00 " + zero + " 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003 eth0\n", "eth0"},
		{"the one that rejects is none", zero + " 00 " + zero + " 00 " + zero + " ffffffff 00000001 00000000 00200200 lo\n", ""},
		{"a network is none", "fd000000000000000000000000000000 40 " + zero + " 00 " + zero + " 00000100 00000001 00000000 00000001 eth0\n", ""},
	} {
		if got, ok := defaultRoute6(strings.NewReader(c.table)); got != c.want || ok != (c.want != "") {
			t.Errorf("IPv6: %s: got %q, want %q", c.promise, got, c.want)
		}
	}
}

func TestTheDefaultInterfaceOfThisNamespace(t *testing.T) {
	needVeth(t)
	if got, err := DefaultInterface(); !errors.Is(err, ErrNoDefault) {
		t.Errorf("without a route: got %q, %v", got, err)
	}
	ip(t, "address add 10.9.0.1/24 dev a0")
	ip(t, "route add default via 10.9.0.2")
	if got, err := DefaultInterface(); err != nil || got != "a0" {
		t.Errorf("got %q, %v, want a0", got, err)
	}
}

func TestInterfacesAndTheirOffloads(t *testing.T) {
	needVeth(t)
	all, err := Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]Interface{}
	for _, n := range all {
		seen[n.Name] = n
	}
	if a := seen["a0"]; !a.Up || a.Loopback || a.MTU != 1500 || !strings.Contains(strings.Join(a.Offloads, " "), "tso") {
		t.Errorf("a0: got %+v, want it up, with tso", a)
	}
	if lo := seen["lo"]; !lo.Loopback {
		t.Errorf("lo: got %+v", lo)
	}
	if _, err := Offloads("a-name-too-long-for-an-interface"); err == nil {
		t.Error("a name too long: got no error")
	}
}
