package node

import (
	"context"
	"fmt"

	"bulwark/platform/bus/join"
	"bulwark/respond/containment"
	"bulwark/respond/group"
)

// openGroup opens what a centre asks of its sites, at either end.
func (n *Node) openGroup(context.Context) error {
	log := n.log.With("room", "group")
	if n.roles.has(join.Centre) {
		n.above = group.NewAbove(group.AboveNeeds{Ledger: n.ledger, Clock: n.clock, Log: log, Sites: groupSites{n}})
	}
	if n.roles.has(join.Site) && n.upper != nil && n.containment != nil {
		n.below = group.NewBelow(group.BelowNeeds{Name: n.upper.Name, Ledger: n.ledger, Clock: n.clock, Log: log, Registry: n.metrics,
			Verify: n.upper.Verify, Site: groupSite{n}})
	}
	return nil
}

// groupSites are the sites that joined this centre, and the way to them.
type groupSites struct{ n *Node }

func (s groupSites) Sites() []group.SiteView {
	all := []group.SiteView{}
	links := s.n.bus.Links()
	for _, node := range s.n.authority.Nodes() {
		if node.Role != join.Site || !node.Revoked.IsZero() {
			continue
		}
		v := group.SiteView{Name: node.Name, Joined: node.Joined}
		for _, l := range links {
			if l.Node == node.Name {
				v.Connected, v.Behind = l.Connected, l.Behind
			}
		}
		all = append(all, v)
	}
	return all
}

func (s groupSites) Ask(ctx context.Context, site string, question []byte) ([]byte, error) {
	return s.n.bus.Ask(ctx, site, question)
}

func (s groupSites) Sign(text []byte) ([]byte, error) { return s.n.authority.Sign(text) }

// groupSite is this site as its centre may touch it: nothing here loosens.
type groupSite struct{ n *Node }

func (s groupSite) Propose(ctx context.Context, by string, o group.Order) (any, error) {
	l, err := s.n.containment.Propose(ctx, containment.Wish{Act: o.Act, Target: o.Target, Scope: o.Scope, Minutes: o.Minutes, Reason: o.Reason, By: by, Centre: true})
	return l, err
}

func (s groupSite) Tighten(ctx context.Context, by string, o group.Order) (any, error) {
	switch o.Do {
	case group.Lift:
		l, err := s.n.containment.Lift(ctx, by, o.Lease, o.Reason)
		return l, err
	case group.Shorten:
		l, err := s.n.containment.Shorten(ctx, by, o.Lease, o.Minutes, o.Reason)
		return l, err
	case group.Freeze:
		return nil, s.n.safety.Freeze(ctx, "centre", by, o.Reason)
	case group.Shadow:
		return nil, s.n.safety.SetLive(ctx, false, by, o.Reason)
	}
	return nil, fmt.Errorf("%q tightens nothing", o.Do)
}

func (s groupSite) Look() any { return s.n.containment.LiveAll() }

// takeGroupOrders answers the centre until ctx ends.
func (n *Node) takeGroupOrders(ctx context.Context) error { return n.bus.Answer(ctx, n.below.Take) }
