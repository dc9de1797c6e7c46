// Package filter is the enforcement point on this machine: a table of its own in the kernel's packet filter (nftables), which
// nobody else's rules are in. It stops what passes through this machine or ends at it, and nothing else.
//
// What is in force is in sets whose entries the kernel forgets when their time is over, whether this program lives or not. The
// table is replaced as a whole, in one transaction, whenever it is not what is wanted; so a table that somebody emptied, or one
// that a program which was killed left behind, is mended by the same step.
package filter

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/google/nftables"

	"bulwark/platform/clock"
	"bulwark/platform/conf"
)

// Config is what can be set.
type Config struct {
	// On lets Bulwark stop traffic on this machine: what passes through it or ends at it.
	On bool `conf:"on"`
	// Bridge stops traffic between the ports of this machine's bridges, too.
	Bridge bool `conf:"bridge"`
	// Namespace is the network namespace in which traffic is stopped, as a file: /run/netns/edge. Empty means the program's own.
	Namespace string `conf:"namespace"`
}

// Check refuses settings that cannot work.
func (c *Config) Check() error {
	if c.Namespace != "" && !strings.HasPrefix(c.Namespace, "/") {
		return conf.At("namespace", fmt.Errorf("%q is not a file with its whole path, like /run/netns/edge", c.Namespace))
	}
	return nil
}

// Act is what an order does.
type Act string

// The acts.
const (
	Ban     Act = "ban"     // nothing from or to the addresses
	Block   Act = "block"   // nothing between the addresses and a peer, or a port of it
	Isolate Act = "isolate" // nothing from or to the addresses but the conversations that are kept
)

// Order is what is to be in force.
type Order struct {
	ID        uint64
	Act       Act
	Addresses []netip.Addr
	Peer      netip.Addr // of Block
	Proto     uint8      // of Block, 6 or 17; 0: all of them
	Port      uint16     // of the peer; with Proto
	Keep      []Kept     // of Isolate
	Until     time.Time
}

// Kept is a conversation that goes on: Client asks Server at a port.
type Kept struct {
	Client, Server netip.Addr
	Proto          uint8 // 6 or 17
	Port           uint16
}

// What is wrong with an order, or with this machine.
var (
	ErrOrder = errors.New("filter: that cannot be enforced")
	// ErrRights means that the program may not change the packet filter.
	ErrRights = errors.New("filter: this program may not change the packet filter (CAP_NET_ADMIN)")
	// ErrOff means that the configuration does not let it.
	ErrOff = errors.New("filter: filter.on is false")
)

// mostKept is how many conversations one order keeps at most, and mostEntries how many entries the table has.
const (
	mostKept    = 1024
	mostEntries = 50_000
)

// Filter is the room. Make it with [New]; it is safe for concurrent use.
type Filter struct {
	config Config
	clock  clock.Clock
	own    func() ([]netip.Addr, error)

	mu sync.Mutex // held while the kernel is asked or told
}

// New makes the enforcement point. It touches nothing.
func New(c Config, t clock.Clock) *Filter { return &Filter{config: c, clock: t, own: ownAddresses} }

// Acts are what it can do.
func (f *Filter) Acts() []Act { return []Act{Ban, Block, Isolate} }

// Try says what an order would do, or why it cannot be enforced; nothing is touched.
func (f *Filter) Try(o Order) (entries int, err error) {
	if !f.config.On {
		return 0, ErrOff
	}
	w := wanted{}
	if err := f.want(w, &o); err != nil {
		return 0, err
	}
	return len(w), nil
}

// Drive makes the orders so, and nothing else: what is in force of others ends. It returns which of them cannot be enforced.
func (f *Filter) Drive(orders []Order) (refused map[uint64]error, err error) {
	if !f.config.On {
		return nil, ErrOff
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	w, refused := wanted{}, map[uint64]error{}
	for i := range orders {
		if err := f.want(w, &orders[i]); err != nil {
			refused[orders[i].ID] = err
		}
	}
	return refused, f.each(func(c *nftables.Conn, family nftables.TableFamily) error {
		t, err := read(c, family)
		if err == nil && t.is(w, f.clock.Now()) {
			return nil
		}
		return replace(c, family, w, f.clock.Now())
	})
}

// Read says which of the orders are in force now, by what the kernel has.
func (f *Filter) Read(orders []Order) (map[uint64]bool, error) {
	if !f.config.On {
		return nil, ErrOff
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	held := map[uint64]bool{}
	for i := range orders {
		held[orders[i].ID] = true
	}
	return held, f.each(func(c *nftables.Conn, family nftables.TableFamily) error {
		t, err := read(c, family)
		if err != nil && !errors.Is(err, errAbsent) {
			return err
		}
		for i := range orders {
			w := wanted{}
			if err := f.want(w, &orders[i]); err != nil || !t.has(w) {
				held[orders[i].ID] = false
			}
		}
		return nil
	})
}

// Remove takes the table away.
func (f *Filter) Remove() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.each(func(c *nftables.Conn, family nftables.TableFamily) error {
		if _, err := read(c, family); errors.Is(err, errAbsent) {
			return nil
		}
		c.DelTable(&nftables.Table{Name: tableName, Family: family})
		return rights(c.Flush())
	})
}

// each calls fn for the table of each family, in the namespace.
func (f *Filter) each(fn func(*nftables.Conn, nftables.TableFamily) error) error {
	var options []nftables.ConnOption
	if f.config.Namespace != "" {
		ns, err := os.Open(f.config.Namespace)
		if err != nil {
			return fmt.Errorf("opening the network namespace: %w", err)
		}
		defer ns.Close()
		options = append(options, nftables.WithNetNSFd(int(ns.Fd())))
	}
	families := []nftables.TableFamily{nftables.TableFamilyINet}
	if f.config.Bridge {
		families = append(families, nftables.TableFamilyBridge)
	}
	for _, family := range families {
		c, err := nftables.New(options...)
		if err != nil {
			return rights(err)
		}
		if err := fn(c, family); err != nil {
			return rights(err)
		}
	}
	return nil
}

// rights names what is missing.
func rights(err error) error {
	if errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES) {
		return fmt.Errorf("%w: %w", ErrRights, err)
	}
	return err
}

// want adds the entries of an order.
func (f *Filter) want(w wanted, o *Order) error {
	if err := f.check(o); err != nil {
		return err
	}
	for _, a := range o.Addresses {
		switch o.Act {
		case Ban:
			w.put("ban", o.Until, a)
		case Isolate:
			w.put("hold", o.Until, a)
		case Block:
			if o.Proto == 0 {
				w.put("pair", o.Until, a, o.Peer)
			} else {
				w.putPort("port", o.Until, a, o.Peer, o.Proto, o.Port)
			}
		}
	}
	for _, k := range o.Keep {
		w.putPort("keep", o.Until, k.Client, k.Server, k.Proto, k.Port)
	}
	if len(w) > mostEntries {
		return fmt.Errorf("%w: there would be more than %d entries", ErrOrder, mostEntries)
	}
	return nil
}

// check refuses what must not, or cannot, be stopped here.
func (f *Filter) check(o *Order) error {
	if len(o.Addresses) == 0 || !slices.Contains(f.Acts(), o.Act) {
		return fmt.Errorf("%w: %q of %d addresses", ErrOrder, o.Act, len(o.Addresses))
	}
	own, err := f.own()
	if err != nil {
		return fmt.Errorf("reading this machine's addresses: %w", err)
	}
	for _, a := range o.Addresses {
		switch {
		case !a.IsValid() || a.IsUnspecified() || a.IsMulticast() || a.IsLoopback() || a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
			return fmt.Errorf("%w: %s is the address of no device", ErrOrder, a)
		case slices.Contains(own, a):
			return fmt.Errorf("%w: %s is this machine's own address", ErrOrder, a)
		}
	}
	if o.Act == Block {
		if !o.Peer.IsValid() || o.Port != 0 && o.Proto == 0 || o.Proto != 0 && !ported(o.Proto) {
			return fmt.Errorf("%w: a block needs a peer, and a port its protocol, tcp or udp", ErrOrder)
		}
		for _, a := range o.Addresses {
			if a.Is4() != o.Peer.Is4() {
				return fmt.Errorf("%w: %s and %s do not speak to each other", ErrOrder, a, o.Peer)
			}
		}
	}
	if len(o.Keep) > mostKept {
		return fmt.Errorf("%w: %d conversations to keep are more than %d", ErrOrder, len(o.Keep), mostKept)
	}
	for _, k := range o.Keep {
		if !ported(k.Proto) || k.Client.Is4() != k.Server.Is4() || !k.Client.IsValid() {
			return fmt.Errorf("%w: keeping what %s asks %s", ErrOrder, k.Client, k.Server)
		}
	}
	return nil
}

func ported(proto uint8) bool { return proto == syscall.IPPROTO_TCP || proto == syscall.IPPROTO_UDP }

// ownAddresses are those of this machine, which nobody here may lock out.
func ownAddresses() ([]netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	var own []netip.Addr
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				own = append(own, ip.Unmap())
			}
		}
	}
	return own, err
}
