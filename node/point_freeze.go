package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"bulwark/observe/sensor"
	"bulwark/platform/clock"
	"bulwark/respond/containment"
)

// packetRing is the packet ring as the point that freezes it asks it.
type packetRing interface {
	Freeze(spans []sensor.Span) (refused map[uint64]error, err error)
	Frozen(id uint64) (bool, error)
	Oldest() time.Time
	MostFrozen() int64
}

// freezePoint is the packet ring of this machine as an enforcement point: it holds the packets around what happened. ring is nil where
// none are kept; began is when an incident did.
type freezePoint struct {
	ring  func() packetRing
	began func(incident uint64) (time.Time, bool)
	clock clock.Clock
}

// How much is held around what happened.
const (
	frozenBefore = time.Hour        // before the order, where no incident says when it began
	frozenMargin = 5 * time.Minute  // before an incident
	frozenAfter  = 15 * time.Minute // after the order
)

// frozenSpan is what the memo of a lease says.
type frozenSpan struct {
	Since time.Time `json:"since"`
	Until time.Time `json:"until"`
}

// freezePoint is the point of this node.
func (n *Node) freezePoint() freezePoint {
	return freezePoint{clock: n.clock, ring: func() packetRing {
		if n.ring == nil {
			return nil
		}
		return n.ring
	}, began: func(incident uint64) (time.Time, bool) {
		d, err := n.incidents.Show(incident)
		return d.First, err == nil
	}}
}

// Set reports whether packets are kept.
func (p freezePoint) Set() bool { return p.ring() != nil }

func (p freezePoint) Name() string { return "packets" }

func (p freezePoint) Acts() []string { return []string{"freeze-ring"} }

// span is what is to be held for an order that is given now.
func (p freezePoint) span(o containment.Order) (s frozenSpan, err error) {
	now := p.clock.Now().UTC().Truncate(time.Second)
	s = frozenSpan{Since: now.Add(-frozenBefore), Until: now.Add(frozenAfter)}
	incident, aimed := strings.CutPrefix(o.Target, "incident:")
	if !aimed {
		incident = o.Incident
	}
	id, err := strconv.ParseUint(incident, 10, 63)
	if began, ok := p.began(id); err == nil && ok {
		s.Since = began.UTC().Truncate(time.Second).Add(-frozenMargin)
	} else if aimed {
		return s, fmt.Errorf("there is no incident %q", incident)
	}
	return s, nil
}

// Try says of which time packets would be held, and what the ring has of it.
func (p freezePoint) Try(_ context.Context, o containment.Order) ([]string, error) {
	ring := p.ring()
	if ring == nil {
		return nil, errNoRing
	}
	s, err := p.span(o)
	if err != nil {
		return nil, err
	}
	have := "the ring has no packets yet"
	if oldest := ring.Oldest(); !oldest.IsZero() {
		have = "the oldest packets of the ring are of about " + oldest.UTC().Format(time.RFC3339)
	}
	return []string{fmt.Sprintf("hold the packets from %s to %s whatever room the ring needs, at most %d MiB; %s", s.Since.Format(time.RFC3339), s.Until.Format(time.RFC3339),
		ring.MostFrozen()>>20, have), "at the end: let them go when the ring needs their room"}, nil
}

// Prepare settles the time, so that it stays the same whatever the incident becomes.
func (p freezePoint) Prepare(_ context.Context, o containment.Order) (string, error) {
	s, err := p.span(o)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(s)
	return string(text), err
}

// Drive holds what is wanted, and lets everything else go.
func (p freezePoint) Drive(_ context.Context, want, _ []containment.Order) (map[uint64]error, error) {
	ring := p.ring()
	if ring == nil {
		return nil, errNoRing
	}
	refused := map[uint64]error{}
	var spans []sensor.Span
	for _, o := range want {
		var s frozenSpan
		if err := json.Unmarshal([]byte(o.Memo), &s); err != nil {
			refused[o.ID] = fmt.Errorf("its memo: %w", err)
			continue
		}
		spans = append(spans, sensor.Span{ID: o.ID, Since: s.Since, Until: s.Until})
	}
	more, err := ring.Freeze(spans)
	for id, why := range more {
		refused[id] = why
	}
	return refused, err
}

// Read says what is held, by its files.
func (p freezePoint) Read(_ context.Context, orders []containment.Order) (held map[uint64]bool, unknown map[uint64]error, err error) {
	ring := p.ring()
	if ring == nil {
		return nil, nil, errNoRing
	}
	held, unknown = map[uint64]bool{}, map[uint64]error{}
	for _, o := range orders {
		if held[o.ID], err = ring.Frozen(o.ID); err != nil {
			unknown[o.ID] = err
		}
	}
	return held, unknown, nil
}

// frozenFor is what is held of packets for an incident, with sums, as evidence has it.
func (n *Node) frozenFor(ctx context.Context, incident uint64) (all []sensor.FrozenPackets, err error) {
	if n.ring == nil || n.containment == nil {
		return nil, nil
	}
	for _, l := range n.containment.Of(strconv.FormatUint(incident, 10)) {
		if l.Act != "freeze-ring" || !l.Enforced {
			continue
		}
		f, err := n.ring.FrozenSums(ctx, l.ID)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("what lease %d holds of packets", l.ID), err)
		}
		all = append(all, f)
	}
	return all, nil
}
