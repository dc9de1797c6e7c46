// Package snmp is the enforcement point at switches that are managed by SNMP: it finds the port at which a device is plugged in, and
// takes that port out of force, or puts it in the VLAN of quarantine. A port at which others are seen is left alone: whoever has it
// would lose them too.
package snmp

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
)

// The acts.
const (
	Cut        = "cut"        // the port is down
	Quarantine = "quarantine" // the port is in the VLAN of quarantine
)

// Order is what is to be in force.
type Order struct {
	ID    uint64
	Act   string
	MACs  []string // of the device: 00:11:22:aa:bb:cc
	Later bool     // it failed, and it is not yet time to try again
	// Memo is what [Snmp.Prepare] found; empty: nothing was touched.
	Memo string
}

// What is wrong with an order.
var (
	ErrNone  = errors.New("snmp: snmp.switches names no switch")
	ErrOrder = errors.New("snmp: that cannot be done at a switch")
	ErrAway  = errors.New("snmp: no switch has the device at a port of its own")
)

const (
	mostMACs = 8
	atOnce   = 16 // switches that are asked at a time
	down     = 2  // of ifAdminStatus
)

// Snmp is the room. Make it with [New]; it is safe for concurrent use.
type Snmp struct {
	config Config
	slots  chan struct{}
}

// New makes the enforcement point. It asks nobody.
func New(c Config) *Snmp { return &Snmp{config: c, slots: make(chan struct{}, atOnce)} }

// Acts are what it can do.
func (s *Snmp) Acts() []string { return []string{Quarantine, Cut} }

// change is an object of a switch, how it was and how it is to be.
type change struct {
	Switch string `json:"switch"`
	Port   string `json:"port"` // its name
	OID    string `json:"oid"`
	Was    int    `json:"was"`
	Want   int    `json:"want"`
}

func (c change) String() string {
	if strings.HasPrefix(c.OID, dot1qPvid) {
		return fmt.Sprintf("%s, port %s: dot1qPvid (%s) from %d to %d", c.Switch, c.Port, c.OID, c.Was, c.Want)
	}
	return fmt.Sprintf("%s, port %s: ifAdminStatus (%s) from %d to %d (down)", c.Switch, c.Port, c.OID, c.Was, c.Want)
}

// check refuses what cannot be done.
func (s *Snmp) check(o *Order) error {
	switch {
	case len(s.config.Switches) == 0:
		return ErrNone
	case !slices.Contains(s.Acts(), o.Act):
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

// Try finds the port of a device and says what would be written there, now and at the end; nothing is.
func (s *Snmp) Try(ctx context.Context, o Order) (plan []string, err error) {
	all, err := s.find(ctx, &o)
	if err != nil {
		return nil, err
	}
	for _, c := range all {
		plan = append(plan, "set on "+c.String())
	}
	for _, c := range all {
		plan = append(plan, fmt.Sprintf("at the end: back to %d on %s, port %s, where it is still %d", c.Was, c.Switch, c.Port, c.Want))
	}
	return plan, nil
}

// Prepare finds the port of a device, and how it is. One that is already as it would be is somebody else's doing, and would not be
// known from ours at the end.
func (s *Snmp) Prepare(ctx context.Context, o Order) (memo string, err error) {
	all, err := s.find(ctx, &o)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(all)
	return string(text), err
}

// sighting is where a switch has an address.
type sighting struct {
	port   int // of the bridge
	others int // addresses at the same port that are not of the device
}

// find finds the changes of an order by asking all switches. Of the addresses of a device one at least must be plugged in at a port of
// its own; none may be seen at shared ports alone, since it is somewhere behind them.
func (s *Snmp) find(ctx context.Context, o *Order) (all []change, err error) {
	if err := s.check(o); err != nil {
		return nil, err
	}
	var mu sync.Mutex
	var bad error
	shared, own := map[string]string{}, map[string]bool{}
	s.each(s.config.Switches, func(w *Switch) {
		found, seen, err := w.locate(ctx, o)
		mu.Lock()
		defer mu.Unlock()
		if err != nil {
			bad = errors.Join(bad, fmt.Errorf("%s: %w", w.Name, err))
			return
		}
		all = append(all, found...)
		for mac, x := range seen {
			if x.others == 0 {
				own[mac] = true
			} else {
				shared[mac] = fmt.Sprintf("%s is at a port of %s with %d others", mac, w.Name, x.others)
			}
		}
	})
	maps.DeleteFunc(shared, func(mac, _ string) bool { return own[mac] })
	switch {
	case len(own) > 0 && len(shared) == 0:
		slices.SortFunc(all, func(a, b change) int { return cmp.Or(cmp.Compare(a.Switch, b.Switch), cmp.Compare(a.OID, b.OID)) })
		return all, nil
	case bad != nil: // it may be there
		return nil, bad
	case len(shared) > 0:
		return nil, fmt.Errorf("%w: %s", ErrAway, strings.Join(slices.Sorted(maps.Values(shared)), "; "))
	}
	return nil, fmt.Errorf("%w: none has seen it lately", ErrAway)
}

// each calls fn for all, a few at a time.
func (s *Snmp) each(all []Switch, fn func(*Switch)) {
	var done sync.WaitGroup
	for n := range all {
		done.Go(func() {
			s.slots <- struct{}{}
			defer func() { <-s.slots }()
			fn(&all[n])
		})
	}
	done.Wait()
}

// locate asks one switch for the addresses of a device, and what is to be changed at the ports that are theirs alone.
func (w *Switch) locate(ctx context.Context, o *Order) (all []change, seen map[string]sighting, err error) {
	t, err := w.dial(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer t.close()
	learnt, err := t.learnt()
	if err != nil {
		return nil, nil, err
	}
	seen = map[string]sighting{}
	ports := map[int]bool{}
	for _, m := range o.MACs {
		m = strings.ToLower(m)
		port, ok := learnt[m]
		if !ok {
			continue
		}
		x := sighting{port: port}
		for other, at := range learnt {
			if at == port && !slices.ContainsFunc(o.MACs, func(m string) bool { return strings.EqualFold(m, other) }) {
				x.others++
			}
		}
		seen[m] = x
		if x.others > 0 || ports[port] {
			continue
		}
		ports[port] = true
		c, err := w.change(t, o.Act, port)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, c)
	}
	return all, seen, nil
}

// change is what is to be written at a port of a bridge, with how it is now.
func (w *Switch) change(t *talk, act string, port int) (c change, err error) {
	iface, err := t.number(fmt.Sprintf("%s.%d", dot1dBasePortIf, port))
	if err != nil {
		return c, fmt.Errorf("which interface port %d is: %w", port, err)
	}
	c = change{Switch: w.Name, OID: fmt.Sprintf("%s.%d", ifAdminStatus, iface), Want: down}
	if act == Quarantine {
		if w.VLAN == 0 {
			return c, fmt.Errorf("%w: snmp.switches names no VLAN of quarantine for %s", ErrOrder, w.Name)
		}
		c.OID, c.Want = fmt.Sprintf("%s.%d", dot1qPvid, port), w.VLAN
	}
	c.Port = cmp.Or(t.text(fmt.Sprintf("%s.%d", ifName, iface)), fmt.Sprint(port))
	if c.Was, err = t.number(c.OID); err != nil {
		return c, fmt.Errorf("reading %s of port %s: %w", c.OID, c.Port, err)
	}
	if c.Was == c.Want {
		return c, fmt.Errorf("%w: port %s is so already, by hand or by another containment", ErrOrder, c.Port)
	}
	return c, nil
}
