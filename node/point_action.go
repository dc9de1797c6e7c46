package node

import (
	"context"

	"bulwark/respond/action"
	"bulwark/respond/containment"
)

// actionPoint is a device of another maker as an enforcement point.
type actionPoint struct{ p *action.Point }

func (p actionPoint) Name() string { return p.p.Name() }

func (p actionPoint) Acts() []string { return []string{p.p.Act()} }

func (p actionPoint) Proof() string { return p.p.Proof() }

func (p actionPoint) Try(ctx context.Context, o containment.Order) ([]string, error) {
	return p.p.Try(ctx, actionOrder(o))
}

func (p actionPoint) Prepare(ctx context.Context, o containment.Order) (string, error) {
	return p.p.Prepare(ctx, actionOrder(o))
}

func (p actionPoint) Drive(ctx context.Context, want, undo []containment.Order) (map[uint64]error, error) {
	return p.p.Drive(ctx, each(want, actionOrder), each(undo, actionOrder))
}

func (p actionPoint) Read(ctx context.Context, orders []containment.Order) (map[uint64]bool, map[uint64]error, error) {
	return p.p.Read(ctx, each(orders, actionOrder))
}

func actionOrder(o containment.Order) action.Order {
	return action.Order{ID: o.ID, Addresses: o.Addresses, Name: o.Name, Until: o.Until, Memo: o.Memo}
}
