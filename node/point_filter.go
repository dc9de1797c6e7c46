package node

import (
	"context"
	"fmt"

	"bulwark/decide/safety"
	"bulwark/respond/containment"
	"bulwark/respond/filter"
)

// filterPoint is this machine's packet filter as an enforcement point.
type filterPoint struct {
	f   *filter.Filter
	set bool
}

// Set reports whether somebody set it up.
func (p filterPoint) Set() bool { return p.set }

func (p filterPoint) Name() string { return "filter" }

func (p filterPoint) Acts() (all []string) {
	for _, a := range p.f.Acts() {
		all = append(all, string(a))
	}
	return all
}

func (p filterPoint) Try(_ context.Context, o containment.Order) ([]string, error) {
	x, err := filterOrder(o)
	if err != nil {
		return nil, err
	}
	entries, err := p.f.Try(x)
	if err != nil {
		return nil, err
	}
	return []string{fmt.Sprintf("packet filter of this machine: %d entries in its table of nftables", entries)}, nil
}

func (p filterPoint) Drive(_ context.Context, want, _ []containment.Order) (map[uint64]error, error) {
	refused := map[uint64]error{}
	var all []filter.Order
	for _, o := range want {
		x, err := filterOrder(o)
		if err != nil {
			refused[o.ID] = err
			continue
		}
		all = append(all, x)
	}
	more, err := p.f.Drive(all)
	for id, why := range more {
		refused[id] = why
	}
	return refused, err
}

func (p filterPoint) Read(_ context.Context, orders []containment.Order) (map[uint64]bool, map[uint64]error, error) {
	var all []filter.Order
	for _, o := range orders {
		if x, err := filterOrder(o); err == nil {
			all = append(all, x)
		}
	}
	held, err := p.f.Read(all)
	return held, nil, err
}

func filterOrder(o containment.Order) (filter.Order, error) {
	x := filter.Order{ID: o.ID, Act: filter.Act(o.Act), Addresses: o.Addresses, Until: o.Until}
	for _, k := range o.Keep {
		x.Keep = append(x.Keep, filter.Kept(k))
	}
	if x.Act != filter.Block {
		return x, nil
	}
	var err error
	x.Peer, x.Proto, x.Port, err = safety.ParseScope(o.Scope)
	return x, err
}
