package node

import (
	"context"
	"strings"

	"bulwark/respond/containment"
	"bulwark/respond/sinkhole"
)

// sinkholePoint are the hospital's resolvers as an enforcement point.
type sinkholePoint struct {
	s   *sinkhole.Sinkhole
	set bool
}

// Set reports whether somebody set it up.
func (p sinkholePoint) Set() bool { return p.set }

func (p sinkholePoint) Name() string { return p.s.Name() }

func (sinkholePoint) Acts() []string { return []string{sinkhole.Act} }

func (p sinkholePoint) Try(_ context.Context, o containment.Order) ([]string, error) {
	return p.s.Try(sinkholeOrder(o))
}

// Drive makes a zone of what is wanted alone: what is undone is not in it.
func (p sinkholePoint) Drive(ctx context.Context, want, _ []containment.Order) (map[uint64]error, error) {
	return p.s.Drive(ctx, each(want, sinkholeOrder))
}

func (p sinkholePoint) Read(ctx context.Context, orders []containment.Order) (map[uint64]bool, map[uint64]error, error) {
	return p.s.Read(ctx, each(orders, sinkholeOrder))
}

func sinkholeOrder(o containment.Order) sinkhole.Order {
	return sinkhole.Order{ID: o.ID, Name: strings.TrimPrefix(o.Target, "domain:")}
}
