package node

import (
	"context"
	"net/netip"
	"strconv"
	"time"

	"bulwark/platform/store"
	"bulwark/respond/containment"
	"bulwark/respond/radius"
)

// radiusPoint are the switches that RADIUS gives orders, as an enforcement point.
type radiusPoint struct {
	r   *radius.Radius
	set bool
}

// Set reports whether somebody set it up.
func (p radiusPoint) Set() bool { return p.set }

func (p radiusPoint) Name() string { return "radius" }

func (p radiusPoint) Acts() []string { return p.r.Acts() }

func (p radiusPoint) Try(ctx context.Context, o containment.Order) ([]string, error) {
	return p.r.Try(ctx, radiusOrder(o))
}

func (p radiusPoint) Drive(ctx context.Context, want, undo []containment.Order) (map[uint64]error, error) {
	return p.r.Drive(ctx, each(want, radiusOrder), each(undo, radiusOrder))
}

func (p radiusPoint) Read(ctx context.Context, orders []containment.Order) (map[uint64]bool, map[uint64]error, error) {
	return p.r.Read(ctx, each(orders, radiusOrder)), nil, nil
}

func radiusOrder(o containment.Order) radius.Order {
	return radius.Order{ID: o.ID, Act: o.Act, MACs: o.MACs, Held: o.Held, Later: o.Later}
}

// each is a list of what fn makes of each.
func each[A, B any](all []A, fn func(A) B) []B {
	out := make([]B, 0, len(all))
	for _, a := range all {
		out = append(out, fn(a))
	}
	return out
}

// radiusSessions is the store as the switches' enforcement point asks it: what the sensor saw of RADIUS.
type radiusSessions struct{ n *Node }

const (
	sessionsOf   = 7 * 24 * time.Hour
	sessionsRead = 20
)

// Session finds where a device signed on last, by what was asked and accounted for it.
func (s radiusSessions) Session(ctx context.Context, mac string) (out radius.Session, ok bool) {
	if s.n.store == nil {
		return out, false
	}
	now := s.n.clock.Now()
	rows, err := s.n.store.Latest(ctx, store.Query{Text: "kind:radius activity_name:(access_request or accounting_request) device.mac:=" + strconv.Quote(mac),
		From: now.Add(-sessionsOf), To: now.Add(time.Minute)}, sessionsRead)
	if err != nil {
		s.n.log.WarnContext(ctx, "where a device signed on could not be found out", "error", err)
		return out, false
	}
	for i := range rows {
		r := &rows[i]
		for _, name := range []string{"radius.nas_ip", "src_endpoint.ip"} {
			if a, err := netip.ParseAddr(r.Value(name)); err == nil && i == 0 {
				out.NAS = append(out.NAS, a)
			}
		}
		if signsOn := r.Value("activity_name") == "access_request" || r.Value("radius.status") == "start"; signsOn && r.Time.After(out.At) {
			out.At = r.Time
		}
	}
	return out, len(rows) > 0
}
