package node

import (
	"context"
	"strings"

	"bulwark/respond/containment"
	"bulwark/respond/directory"
)

// directoryPoint is the hospital's directory as an enforcement point.
type directoryPoint struct {
	d   *directory.Directory
	set bool
}

// Set reports whether somebody set it up.
func (p directoryPoint) Set() bool { return p.set }

func (directoryPoint) Name() string { return "directory" }

func (directoryPoint) Acts() []string { return directory.Acts() }

func (p directoryPoint) Try(ctx context.Context, o containment.Order) ([]string, error) {
	return p.d.Try(ctx, directoryOrder(o))
}

func (p directoryPoint) Prepare(ctx context.Context, o containment.Order) (string, error) {
	return p.d.Prepare(ctx, directoryOrder(o))
}

func (p directoryPoint) Drive(ctx context.Context, want, undo []containment.Order) (map[uint64]error, error) {
	return p.d.Drive(ctx, each(want, directoryOrder), each(undo, directoryOrder))
}

func (p directoryPoint) Read(ctx context.Context, orders []containment.Order) (map[uint64]bool, map[uint64]error, error) {
	return p.d.Read(ctx, each(orders, directoryOrder))
}

func directoryOrder(o containment.Order) directory.Order {
	return directory.Order{ID: o.ID, Act: o.Act, User: strings.TrimPrefix(o.Target, "user:"), Group: o.Scope, Memo: o.Memo}
}
