package console

import (
	"encoding/json"
	"strings"
	"time"

	"bulwark/event"
)

// rates add up the counters that came within a second and turn them into rates, whatever interval they cover.
type rates struct {
	sources map[string]*source // by sensor and interface
	dropped uint64
}

// source is one interface. Its counts by protocol; "" is the total.
type source struct {
	counts map[string]*counts
	active uint64
}

type counts struct{ bytes, packets, messages, seconds float64 }

// rate is per second.
type rate struct {
	Bits     float64 `json:"bits"`
	Packets  float64 `json:"packets"`
	Messages float64 `json:"messages"`
}

// liveStats are the rates of all interfaces together.
type liveStats struct {
	Time    time.Time        `json:"time"`
	Apps    map[string]*rate `json:"apps"`
	Total   rate             `json:"total"`
	Active  uint64           `json:"active_flows"`
	Dropped uint64           `json:"dropped"` // packets, since the message before
}

func (s *rates) add(sensor string, p *event.Stats) {
	if p.VLAN != 0 || p.Interval == 0 {
		return
	}
	if s.sources == nil {
		s.sources = map[string]*source{}
	}
	name := sensor + " " + p.Interface
	from := s.sources[name]
	if from == nil {
		from = &source{counts: map[string]*counts{}}
		s.sources[name] = from
	}
	if p.App == "" {
		from.active = p.Active
		s.dropped += p.DroppedKernel + p.DroppedOwn
	}
	c := from.counts[p.App]
	if c == nil {
		c = &counts{}
		from.counts[strings.Clone(p.App)] = c
	}
	c.bytes += float64(p.Bytes)
	c.packets += float64(p.Packets)
	c.messages += float64(p.Messages)
	c.seconds += time.Duration(p.Interval).Seconds()
}

// take is what was added up since the last take; false when there was nothing.
func (s *rates) take(at time.Time) (liveStats, bool) {
	all := liveStats{Time: at, Apps: map[string]*rate{}, Dropped: s.dropped}
	for _, from := range s.sources {
		all.Active += from.active
		for app, c := range from.counts {
			r := &all.Total
			if app != "" {
				if all.Apps[app] == nil {
					all.Apps[app] = &rate{}
				}
				r = all.Apps[app]
			}
			seconds := c.seconds // a protocol that was silent in one of two intervals was counted once
			if total := from.counts[""]; total != nil {
				seconds = max(seconds, total.seconds)
			}
			r.Bits += c.bytes * 8 / seconds
			r.Packets += c.packets / seconds
			r.Messages += c.messages / seconds
		}
	}
	some := s.sources != nil
	*s = rates{}
	return all, some
}

// sample keeps the first events of a second, and counts all.
type sample struct {
	printer event.Printer
	events  []json.RawMessage
	seen    int
}

// liveEvents is a sample of what happened in a second. Seen is how many events there were.
type liveEvents struct {
	Seen   int               `json:"seen"`
	Events []json.RawMessage `json:"events"`
}

func (s *sample) add(r *event.Reader, e *event.Event) {
	s.seen++
	if len(s.events) < maxSample {
		s.events = append(s.events, s.printer.AppendJSON(nil, r.Sensor, e))
	}
}

func (s *sample) take() liveEvents {
	all := liveEvents{s.seen, s.events}
	s.seen, s.events = 0, nil
	return all
}
