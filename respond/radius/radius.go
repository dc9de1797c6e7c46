// Package radius is the enforcement point at switches, access points and controllers that know their devices by RADIUS: it tells
// them to put a device in the VLAN, or behind the filter, of quarantine (CoA-Request), or to let it go so that it signs on again
// (Disconnect-Request; RFC 5176).
//
// RADIUS has no question by which to read back what is so. What stands for it is the signed answer of the switch, which is asked
// for anew every minute; a device that signs on again after it is not in quarantine any more until the switch has answered again.
package radius

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"bulwark/platform/clock"
	wire "bulwark/wire/radius"
)

// The acts.
const (
	Quarantine = "quarantine"
	Reconnect  = "reconnect"
)

// Order is what is to be in force.
type Order struct {
	ID   uint64
	Act  string
	MACs []string // of the device: 00:11:22:aa:bb:cc
	Held bool     // it was in force when it was read last
	// Later says that it failed, and that it is not yet time to try again.
	Later bool
}

// Session is where and when a device signed on last.
type Session struct {
	NAS []netip.Addr // by its own word, and from where its message came
	At  time.Time
}

// Sessions know where devices signed on.
type Sessions interface {
	// Session is the last of a device; false: none is known.
	Session(ctx context.Context, mac string) (Session, bool)
}

// What is wrong with an order.
var (
	ErrNone  = errors.New("radius: radius.nas names no switch")
	ErrOrder = errors.New("radius: that cannot be asked of a switch")
	// ErrAway means that the switches that were asked do not know the device.
	ErrAway = errors.New("radius: no switch knows a session of the device")
)

const (
	againAfter = time.Minute // what a switch confirmed is asked for anew
	mostAsked  = 16          // switches that are asked where nobody knows at which of them a device is
	mostMACs   = 8
	atOnce     = 32 // requests
)

// waits are how long an answer is waited for, each time that a request is sent (RFC 5080 §2.2.1 without the growth: a person waits).
func waits() []time.Duration {
	return []time.Duration{time.Second, 2 * time.Second, 2 * time.Second}
}

// Radius is the room. Make it with [New]; it is safe for concurrent use.
type Radius struct {
	config   Config
	sessions Sessions
	clock    clock.Clock
	slots    chan struct{}

	mu    sync.Mutex
	holds map[uint64]time.Time // orders that were confirmed, and when
	ids   uint8
}

// New makes the enforcement point. It asks nobody.
func New(c Config, s Sessions, t clock.Clock) *Radius {
	return &Radius{config: c, sessions: s, clock: t, slots: make(chan struct{}, atOnce), holds: map[uint64]time.Time{}}
}

// Acts are what it can do.
func (r *Radius) Acts() []string { return []string{Quarantine, Reconnect} }

// place is a switch at which a device may be.
type place struct {
	nas  *NAS
	addr netip.Addr
}

func (p place) String() string { return fmt.Sprintf("%s (%s)", p.nas.Name, p.to()) }

func (p place) to() netip.AddrPort {
	port := p.nas.Port
	if port == 0 {
		port = defaultPort
	}
	return netip.AddrPortFrom(p.addr, port)
}

// places are where a device may be: where it signed on last, or else each switch that has one address.
func (r *Radius) places(ctx context.Context, mac, act string) (all []place, known bool) {
	if s, ok := r.sessions.Session(ctx, mac); ok {
		for _, a := range s.NAS {
			for n := range r.config.NAS {
				if nas := &r.config.NAS[n]; nas.Address.prefix.Contains(a.Unmap()) && able(nas, act) {
					return []place{{nas, a.Unmap()}}, true
				}
			}
		}
	}
	return r.single(act), false
}

// single are the switches that have an address of their own.
func (r *Radius) single(act string) (all []place) {
	for n := range r.config.NAS {
		if nas := &r.config.NAS[n]; nas.Address.prefix.IsSingleIP() && able(nas, act) {
			all = append(all, place{nas, nas.Address.prefix.Addr()})
		}
	}
	return all
}

func able(n *NAS, act string) bool { return act != Quarantine || n.quarantines() }

// step is one request about a device.
type step struct {
	place
	code       wire.Code
	attributes []Attribute
}

func (s step) String() string {
	name := "CoA-Request"
	if s.code == wire.DisconnectRequest {
		name = "Disconnect-Request"
	}
	var shown []string
	for _, a := range s.attributes {
		shown = append(shown, a.shown)
	}
	return fmt.Sprintf("%s to %s: %s", name, s.place, strings.Join(shown, ", "))
}

func (p place) apply(act, mac string) step {
	if act == Quarantine {
		return step{p, wire.CoARequest, append([]Attribute{p.nas.station(mac)}, p.nas.quarantine()...)}
	}
	return step{p, wire.DisconnectRequest, []Attribute{p.nas.station(mac)}}
}

// release is how quarantine ends.
func (p place) release(mac string) step {
	if len(p.nas.Release) > 0 {
		return step{p, wire.CoARequest, append([]Attribute{p.nas.station(mac)}, p.nas.Release...)}
	}
	return step{p, wire.DisconnectRequest, []Attribute{p.nas.station(mac)}}
}

// check refuses what cannot be asked.
func (r *Radius) check(o *Order) error {
	switch {
	case !slices.Contains(r.Acts(), o.Act):
		return fmt.Errorf("%w: %q", ErrOrder, o.Act)
	case len(o.MACs) == 0:
		return fmt.Errorf("%w: no hardware address of the device is known", ErrOrder)
	case len(o.MACs) > mostMACs:
		return fmt.Errorf("%w: it has more than %d hardware addresses", ErrOrder, mostMACs)
	}
	for _, m := range o.MACs {
		if a, err := net.ParseMAC(m); err != nil || len(a) != 6 || a.String() != strings.ToLower(m) {
			return fmt.Errorf("%w: %q is no hardware address", ErrOrder, m)
		}
	}
	return nil
}

// Try says what would be sent to whom, now and at the end; nothing is sent.
func (r *Radius) Try(ctx context.Context, o Order) (plan []string, err error) {
	if len(r.config.NAS) == 0 {
		return nil, ErrNone
	}
	if err := r.check(&o); err != nil {
		return nil, err
	}
	var end []string
	for _, m := range o.MACs {
		places, known := r.places(ctx, m, o.Act)
		switch {
		case len(places) == 0:
			return nil, fmt.Errorf("%w: it is not known at which switch %s is, and none of radius.nas that can do it has an address of its own", ErrOrder, m)
		case len(places) > mostAsked:
			return nil, fmt.Errorf("%w: it is not known at which of %d switches %s is", ErrOrder, len(places), m)
		case !known && len(places) > 1:
			plan = append(plan, fmt.Sprintf("all of these, because it is not known at which %s is; the others answer that they do not know it", m))
		}
		for _, p := range places {
			plan = append(plan, p.apply(o.Act, m).String())
			if o.Act == Quarantine {
				end = append(end, "at the end: "+p.release(m).String())
			}
		}
	}
	return append(plan, end...), nil
}

// Drive asks for the orders that are not confirmed, or not lately, and ends the undone ones. It returns why single ones
// cannot be.
func (r *Radius) Drive(ctx context.Context, want, undo []Order) (map[uint64]error, error) {
	if len(r.config.NAS) == 0 {
		return nil, ErrNone
	}
	refused := map[uint64]error{}
	var mu sync.Mutex
	var all sync.WaitGroup
	each := func(o *Order, fn func(context.Context, *Order) error) {
		all.Go(func() {
			if err := fn(ctx, o); err != nil {
				mu.Lock()
				refused[o.ID] = err
				mu.Unlock()
			}
		})
	}
	r.forget(want)
	for i := range want {
		if !want[i].Later {
			each(&want[i], r.apply)
		}
	}
	for i := range undo {
		each(&undo[i], r.undo)
	}
	all.Wait()
	return refused, nil
}

// apply asks for one order. A device that was thrown off is not thrown off again.
func (r *Radius) apply(ctx context.Context, o *Order) error {
	if err := r.check(o); err != nil {
		return err
	}
	began := r.clock.Now()
	switch {
	case o.Act == Reconnect && o.Held:
		r.confirm(o.ID, began)
		return nil
	case r.holding(ctx, o) && began.Sub(r.confirmed(o.ID)) < againAfter:
		return nil
	}
	if err := r.ask(ctx, o, func(p place, mac string) step { return p.apply(o.Act, mac) }); err != nil {
		r.drop(o.ID)
		return err
	}
	r.confirm(o.ID, began)
	return nil
}

// undo ends one order. A device that is at no switch any more is in no quarantine.
func (r *Radius) undo(ctx context.Context, o *Order) error {
	if err := r.check(o); err != nil {
		return err
	}
	if o.Act == Quarantine {
		if err := r.ask(ctx, o, place.release); err != nil && !errors.Is(err, ErrAway) {
			return err
		}
	}
	return nil
}

// confirm notes that a switch said yes.
func (r *Radius) confirm(id uint64, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holds[id] = at
}

// forget drops what is not wanted any more.
func (r *Radius) forget(want []Order) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.holds, func(id uint64, _ time.Time) bool {
		return !slices.ContainsFunc(want, func(o Order) bool { return o.ID == id })
	})
}

func (r *Radius) drop(id uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.holds, id)
}

func (r *Radius) confirmed(id uint64) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.holds[id]
}

// holding reports whether a switch confirmed an order and the device has not signed on again since.
func (r *Radius) holding(ctx context.Context, o *Order) bool {
	at := r.confirmed(o.ID)
	if at.IsZero() {
		return false
	}
	return o.Act == Reconnect || !slices.ContainsFunc(o.MACs, func(mac string) bool {
		s, ok := r.sessions.Session(ctx, mac)
		return ok && s.At.After(at)
	})
}

// Read says which of the orders stand as a switch confirmed them.
func (r *Radius) Read(ctx context.Context, orders []Order) map[uint64]bool {
	held := map[uint64]bool{}
	for i := range orders {
		held[orders[i].ID] = r.holding(ctx, &orders[i])
	}
	return held
}
