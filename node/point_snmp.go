package node

import (
	"context"

	"bulwark/respond/containment"
	"bulwark/respond/snmp"
)

// snmpPoint are the switches that SNMP gives orders, as an enforcement point.
type snmpPoint struct {
	s   *snmp.Snmp
	set bool
}

// Set reports whether somebody set it up.
func (p snmpPoint) Set() bool { return p.set }

func (p snmpPoint) Name() string { return "snmp" }

func (p snmpPoint) Acts() []string { return p.s.Acts() }

func (p snmpPoint) Try(ctx context.Context, o containment.Order) ([]string, error) {
	return p.s.Try(ctx, snmpOrder(o))
}

// Prepare reads how the port is, which is kept before it is changed.
func (p snmpPoint) Prepare(ctx context.Context, o containment.Order) (string, error) {
	return p.s.Prepare(ctx, snmpOrder(o))
}

func (p snmpPoint) Drive(ctx context.Context, want, undo []containment.Order) (map[uint64]error, error) {
	return p.s.Drive(ctx, each(want, snmpOrder), each(undo, snmpOrder))
}

func (p snmpPoint) Read(ctx context.Context, orders []containment.Order) (map[uint64]bool, map[uint64]error, error) {
	return p.s.Read(ctx, each(orders, snmpOrder))
}

func snmpOrder(o containment.Order) snmp.Order {
	return snmp.Order{ID: o.ID, Act: o.Act, MACs: o.MACs, Later: o.Later, Memo: o.Memo}
}
