package filter

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/nftables"
	"golang.org/x/sys/unix"

	"bulwark/platform/clock"
)

// hall is a small network: a client and a server, and a router between them that the filter is on. Each has IPv4 and IPv6.
type hall struct {
	t                      *testing.T
	client, router, server string // names of namespaces
}

const (
	clientAddr, serverAddr = "198.51.100.2", "203.0.113.2"
	client6, server6       = "2001:db8:1::2", "2001:db8:2::2"
)

func newHall(t *testing.T) *hall {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("making network namespaces needs root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("making network namespaces needs ip (iproute2)")
	}
	p := fmt.Sprintf("bwfilter%d", os.Getpid())
	h := &hall{t, p + "c", p + "r", p + "s"}
	for _, ns := range []string{h.client, h.router, h.server} {
		if out, err := exec.Command("ip", "netns", "add", ns).CombinedOutput(); err != nil {
			t.Skipf("making a network namespace: %v: %s", err, out)
		}
		t.Cleanup(func() { _ = exec.Command("ip", "netns", "del", ns).Run() })
		h.ip(ns, "link set lo up")
	}
	h.ip(h.client, "link add eth0 type veth peer name c0 netns "+h.router)
	h.ip(h.server, "link add eth0 type veth peer name s0 netns "+h.router)
	for _, x := range [...]struct{ ns, dev, four, six string }{{h.client, "eth0", clientAddr + "/24", client6 + "/64"}, {h.server, "eth0", serverAddr + "/24", server6 + "/64"},
		{h.router, "c0", "198.51.100.1/24", "2001:db8:1::1/64"}, {h.router, "s0", "203.0.113.1/24", "2001:db8:2::1/64"}} {
		h.ip(x.ns, "addr add "+x.four+" dev "+x.dev)
		h.ip(x.ns, "addr add "+x.six+" dev "+x.dev+" nodad")
		h.ip(x.ns, "link set "+x.dev+" up")
	}
	for ns, via := range map[string][2]string{h.client: {"198.51.100.1", "2001:db8:1::1"}, h.server: {"203.0.113.1", "2001:db8:2::1"}} {
		h.ip(ns, "route add default via "+via[0])
		h.ip(ns, "-6 route add default via "+via[1])
	}
	for _, key := range []string{"net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"} {
		if out, err := exec.Command("ip", "netns", "exec", h.router, "sysctl", "-qw", key).CombinedOutput(); err != nil {
			t.Skipf("making a router: %v: %s", err, out)
		}
	}
	return h
}

func (h *hall) ip(ns, args string) {
	h.t.Helper()
	if out, err := exec.Command("ip", append([]string{"-n", ns}, strings.Fields(args)...)...).CombinedOutput(); err != nil {
		h.t.Skipf("ip -n %s %s: %v: %s", ns, args, err, out)
	}
}

// in runs fn on a thread that is in a namespace, and ends with it.
func (h *hall) in(ns string, fn func() error) error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with the goroutine
		f, err := os.Open("/run/netns/" + ns)
		if err == nil {
			defer f.Close()
			err = unix.Setns(int(f.Fd()), unix.CLONE_NEWNET)
		}
		if err == nil {
			err = fn()
		}
		done <- err
	}()
	return <-done
}

// listen answers each connection to a port of a machine with what comes.
func (h *hall) listen(ns, addr string) {
	h.t.Helper()
	var l net.Listener
	if err := h.in(ns, func() (err error) { l, err = net.Listen("tcp", addr); return err }); err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				var b [1]byte
				for {
					if _, err := c.Read(b[:]); err != nil {
						return
					}
					if _, err := c.Write(b[:]); err != nil {
						return
					}
				}
			}()
		}
	}()
}

// dial opens a connection from a machine.
func (h *hall) dial(ns, addr string) (c net.Conn, err error) {
	err = h.in(ns, func() (err error) { c, err = net.DialTimeout("tcp", addr, patience); return err })
	return c, err
}

// patience is how long a connection may take that is let through. One that is stopped takes as long.
const patience = 700 * time.Millisecond

// talks reports whether an answer comes over a connection.
func talks(c net.Conn) bool {
	var b [1]byte
	_ = c.SetDeadline(time.Now().Add(patience))
	if _, err := c.Write([]byte{'x'}); err != nil {
		return false
	}
	_, err := c.Read(b[:])
	return err == nil
}

func (h *hall) reaches(ns, addr string) bool {
	c, err := h.dial(ns, addr)
	if err != nil {
		return false
	}
	defer c.Close()
	return talks(c)
}

func (h *hall) filter() *Filter {
	f := New(Config{On: true, Namespace: "/run/netns/" + h.router}, clock.System{})
	h.t.Cleanup(func() { _ = f.Remove() })
	return f
}

func (h *hall) drive(f *Filter, orders ...Order) {
	h.t.Helper()
	refused, err := f.Drive(orders)
	if err != nil || len(refused) > 0 {
		h.t.Fatalf("driving: %v, refused %v", err, refused)
	}
}

func TestWhatIsStopped(t *testing.T) {
	h := newHall(t)
	for _, l := range []string{serverAddr + ":104", serverAddr + ":445", "[" + server6 + "]:104", "[" + server6 + "]:445"} {
		h.listen(h.server, l)
	}
	h.listen(h.client, clientAddr+":2575")
	f := h.filter()
	a, b, a6, b6 := netip.MustParseAddr(clientAddr), netip.MustParseAddr(serverAddr), netip.MustParseAddr(client6), netip.MustParseAddr(server6)
	type ways struct{ image, share, image6, share6, back bool }
	all := ways{true, true, true, true, true}
	tests := []struct {
		name  string
		order *Order
		want  ways
	}{
		{"nothing", nil, all},
		{"an address that is banned", &Order{ID: 1, Act: Ban, Addresses: []netip.Addr{a}}, ways{image6: true, share6: true}},
		{"one that is banned of IPv6", &Order{ID: 1, Act: Ban, Addresses: []netip.Addr{a6}}, ways{image: true, share: true, back: true}},
		{"a port of a peer", &Order{ID: 1, Act: Block, Addresses: []netip.Addr{a}, Peer: b, Proto: 6, Port: 445}, ways{true, false, true, true, true}},
		{"a port of a peer of IPv6", &Order{ID: 1, Act: Block, Addresses: []netip.Addr{a6}, Peer: b6, Proto: 6, Port: 445}, ways{true, true, true, false, true}},
		{"a peer", &Order{ID: 1, Act: Block, Addresses: []netip.Addr{a}, Peer: b}, ways{image6: true, share6: true}},
		{"a device but for its images", &Order{ID: 1, Act: Isolate, Addresses: []netip.Addr{a, a6}, Keep: []Kept{{a, b, 6, 104}, {a6, b6, 6, 104}}}, ways{image: true, image6: true}},
		{"a device but for what it serves", &Order{ID: 1, Act: Isolate, Addresses: []netip.Addr{a, a6}, Keep: []Kept{{b, a, 6, 2575}}}, ways{back: true}},
		{"nothing again", nil, all},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var orders []Order
			if tt.order != nil {
				tt.order.Until = time.Now().Add(time.Minute)
				orders = append(orders, *tt.order)
			}
			h.drive(f, orders...)
			var got ways
			for range 5 { // what passes may take longer than our patience on a busy machine
				got = ways{h.reaches(h.client, serverAddr+":104"), h.reaches(h.client, serverAddr+":445"),
					h.reaches(h.client, "["+server6+"]:104"), h.reaches(h.client, "["+server6+"]:445"), h.reaches(h.server, clientAddr+":2575")}
				if got == tt.want {
					break
				}
			}
			if got != tt.want {
				t.Errorf("what passes is %+v, want %+v", got, tt.want)
			}
			held, err := f.Read(orders)
			if err != nil || tt.order != nil && !held[1] {
				t.Errorf("held %v (%v), want the order", held, err)
			}
		})
	}
}

// What was open before is stopped too, and goes on where it is kept.
func TestOpenConnections(t *testing.T) {
	h := newHall(t)
	h.listen(h.server, serverAddr+":104")
	h.listen(h.server, serverAddr+":445")
	f := h.filter()
	a, b := netip.MustParseAddr(clientAddr), netip.MustParseAddr(serverAddr)
	images, err := h.dial(h.client, serverAddr+":104")
	if err != nil {
		t.Fatal(err)
	}
	defer images.Close()
	share, err := h.dial(h.client, serverAddr+":445")
	if err != nil {
		t.Fatal(err)
	}
	defer share.Close()
	h.drive(f, Order{ID: 1, Act: Isolate, Addresses: []netip.Addr{a}, Keep: []Kept{{a, b, 6, 104}}, Until: time.Now().Add(time.Minute)})
	if !talks(images) {
		t.Error("the images that are kept do not pass")
	}
	if talks(share) {
		t.Error("a share that was open passes, want it stopped")
	}
}

// The kernel ends an order by itself: nothing outlives its lease although the program is gone.
func TestTheKernelEndsIt(t *testing.T) {
	h := newHall(t)
	h.listen(h.server, serverAddr+":104")
	f := h.filter()
	o := Order{ID: 1, Act: Ban, Addresses: []netip.Addr{netip.MustParseAddr(clientAddr)}, Until: time.Now().Add(1500 * time.Millisecond)}
	h.drive(f, o)
	if h.reaches(h.client, serverAddr+":104") {
		t.Fatal("what is banned passes")
	}
	for end := time.Now().Add(20 * time.Second); !h.reaches(h.client, serverAddr+":104"); {
		if time.Now().After(end) {
			t.Fatal("the ban did not end by itself")
		}
	}
	if held, err := f.Read([]Order{o}); err != nil || held[1] {
		t.Errorf("held %v (%v), want nothing", held, err)
	}
}

// What others do to the table is seen and mended, and what is left of before is taken away.
func TestMended(t *testing.T) {
	h := newHall(t)
	f := h.filter()
	until := time.Now().Add(time.Minute)
	x, y := netip.MustParseAddr("100.64.7.1"), netip.MustParseAddr("100.64.7.2")
	one, two := Order{ID: 1, Act: Ban, Addresses: []netip.Addr{x}, Until: until}, Order{ID: 2, Act: Ban, Addresses: []netip.Addr{x, y}, Until: until}
	expect := func(what string, want bool, orders ...Order) {
		t.Helper()
		held, err := f.Read(orders)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range orders {
			if held[o.ID] != want {
				t.Errorf("%s: order %d is held: %v, want %v", what, o.ID, held[o.ID], want)
			}
		}
	}
	expect("before", false, one, two)
	h.drive(f, one, two)
	expect("both", true, one, two)
	h.drive(f, one)
	expect("the other was needed for the same address", true, one)
	expect("the second was lifted", false, two)
	h.nft(func(c *nftables.Conn, t *nftables.Table) { c.DelTable(t) })
	expect("somebody took the table away", false, one)
	h.drive(f, one)
	expect("mended", true, one)
	h.nft(func(c *nftables.Conn, t *nftables.Table) { c.FlushChain(&nftables.Chain{Name: "guard", Table: t}) })
	expect("somebody emptied the rules", false, one)
	h.drive(f, one)
	expect("mended", true, one)
	h.nft(func(c *nftables.Conn, t *nftables.Table) {
		set, err := c.GetSetByName(t, "ban4")
		if err != nil {
			h.t.Fatal(err)
		}
		if err := c.SetDeleteElements(set, []nftables.SetElement{{Key: x.AsSlice()}}); err != nil {
			h.t.Fatal(err)
		}
	})
	expect("somebody let an address through", false, one)
	again := New(f.config, clock.System{}) // after a restart
	if _, err := again.Drive([]Order{two}); err != nil {
		t.Fatal(err)
	}
	expect("what the program that was killed left is gone", true, two)
	h.drive(f)
	expect("nothing", false, one, two)
	if err := f.Remove(); err != nil {
		t.Fatal(err)
	}
}

// nft changes our table behind our back.
func (h *hall) nft(fn func(*nftables.Conn, *nftables.Table)) {
	h.t.Helper()
	ns, err := os.Open("/run/netns/" + h.router)
	if err != nil {
		h.t.Fatal(err)
	}
	defer ns.Close()
	c, err := nftables.New(nftables.WithNetNSFd(int(ns.Fd())))
	if err != nil {
		h.t.Fatal(err)
	}
	fn(c, &nftables.Table{Name: tableName, Family: nftables.TableFamilyINet})
	if err := c.Flush(); err != nil {
		h.t.Fatal(err)
	}
}

func TestWhatCannotBeEnforced(t *testing.T) {
	f := New(Config{On: true}, clock.System{})
	f.own = func() ([]netip.Addr, error) { return []netip.Addr{netip.MustParseAddr("10.0.0.1")}, nil }
	addr := func(all ...string) (out []netip.Addr) {
		for _, a := range all {
			out = append(out, netip.MustParseAddr(a))
		}
		return out
	}
	peer := netip.MustParseAddr("10.0.0.9")
	tests := []struct {
		name string
		o    Order
	}{
		{"no act", Order{Addresses: addr("10.0.0.2")}},
		{"an act that is none", Order{Act: "shut", Addresses: addr("10.0.0.2")}},
		{"no address", Order{Act: Ban}},
		{"this machine itself", Order{Act: Ban, Addresses: addr("10.0.0.1")}},
		{"this machine among others", Order{Act: Isolate, Addresses: addr("10.0.0.2", "10.0.0.1")}},
		{"every address", Order{Act: Ban, Addresses: addr("0.0.0.0")}},
		{"a broadcast", Order{Act: Ban, Addresses: addr("255.255.255.255")}},
		{"the loopback", Order{Act: Ban, Addresses: addr("127.0.0.1")}},
		{"a block without a peer", Order{Act: Block, Addresses: addr("10.0.0.2")}},
		{"a port without a protocol", Order{Act: Block, Addresses: addr("10.0.0.2"), Peer: peer, Port: 445}},
		{"a port of a protocol without ports", Order{Act: Block, Addresses: addr("10.0.0.2"), Peer: peer, Proto: 1, Port: 445}},
		{"a peer of the other version", Order{Act: Block, Addresses: addr("2001:db8::1"), Peer: peer}},
		{"too many conversations", Order{Act: Isolate, Addresses: addr("10.0.0.2"), Keep: make([]Kept, mostKept+1)}},
		{"a conversation of two versions", Order{Act: Isolate, Addresses: addr("10.0.0.2"), Keep: []Kept{{netip.MustParseAddr("2001:db8::1"), peer, 6, 104}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := f.Try(tt.o); !errors.Is(err, ErrOrder) {
				t.Errorf("error %v, want %v", err, ErrOrder)
			}
		})
	}
	if n, err := f.Try(Order{Act: Isolate, Addresses: addr("10.0.0.2"), Keep: []Kept{{netip.MustParseAddr("10.0.0.2"), peer, 6, 104}}, Until: time.Now()}); err != nil || n != 2 {
		t.Errorf("an isolation with one conversation has %d entries (%v), want 2", n, err)
	}
	off := New(Config{}, clock.System{})
	if _, err := off.Drive(nil); !errors.Is(err, ErrOff) {
		t.Errorf("switched off: %v, want %v", err, ErrOff)
	}
}
