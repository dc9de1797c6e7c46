package inventory

import (
	"bulwark/event"
	"bulwark/observe/inventory/internal/evidence"
)

// tellerSlots bounds the pairs of which is kept who tells their flows.
const tellerSlots = 1 << 14

// anHour is how long who told a pair's flows goes before others; in quarters of an hour.
const anHour = 4

// tellers keep who tells the flows between two ends: the sensor, or the first switch that did. A conversation may pass several switches
// and a sensor, and each tells it; one of them is counted, the sensor before all others.
type tellers []teller

type teller struct {
	pair    uint64 // the ends and the port between them
	by      uint64 // the exporter; 0: the sensor
	quarter int64  // in which it told last
}

// counts reports whether a flow is to be counted, and notes who told it.
func (t tellers) counts(e *event.Event, f *event.Flow, quarter int64) bool {
	pair, by := pairOf(e), uint64(0)
	if f.Exporter != "" {
		by = evidence.Sum(1).Text(f.Exporter).Number() | 1
	}
	s := &t[pair&(tellerSlots-1)]
	if by != 0 && by != s.by && s.pair == pair && quarter-s.quarter <= anHour {
		return false
	}
	*s = teller{pair, by, quarter}
	return true
}

// pairOf is a number for the ends of a flow, whichever began, and for what they speak.
func pairOf(e *event.Event) uint64 {
	a, b := e.Src, e.Dst
	if b.Less(a) {
		a, b = b, a
	}
	return evidence.Sum(uint64(e.Proto)<<16 | uint64(min(e.Ports.Src, e.Ports.Dst))).Addr(a).Addr(b).Number()
}
