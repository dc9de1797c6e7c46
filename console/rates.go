package console

import (
	"math"
	"strings"
	"time"

	"bulwark/event"
)

// rates turn the sensors' counters, as they come, into rates per second.
//
// An interface is counted by one worker a core, each of which reports once an interval, without its name. A second
// may so bring none, one or two reports of a worker. So the mean report is taken, times the number of workers, which
// is how many reports came in many intervals.
type rates struct {
	sources map[string]*source // by sensor and interface
	dropped uint64
}

// source is one interface.
type source struct {
	apps    map[string]*counts // by protocol, since the last take
	total   counts             // since the last take
	reports int                // of the total, since the last take
	seconds float64            // that these reports cover
	active  float64

	first, last time.Time // between which the reports came that tell the number of workers
	heard       int
}

type counts struct{ bytes, packets, messages float64 }

func (c *counts) add(p *event.Stats) {
	c.bytes += float64(p.Bytes)
	c.packets += float64(p.Packets)
	c.messages += float64(p.Messages)
}

// rate is per second.
type rate struct {
	Bits     float64 `json:"bits"`
	Packets  float64 `json:"packets"`
	Messages float64 `json:"messages"`
}

func (r *rate) add(c *counts, times float64) {
	r.Bits += c.bytes * 8 * times
	r.Packets += c.packets * times
	r.Messages += c.messages * times
}

// liveStats are the rates of all interfaces together.
type liveStats struct {
	Time    time.Time        `json:"time"`
	Apps    map[string]*rate `json:"apps"`
	Total   rate             `json:"total"`
	Active  uint64           `json:"active_flows"`
	Dropped uint64           `json:"dropped"` // packets, since the message before
}

// add takes one report. Those about the sides of a VLAN count nothing else.
func (s *rates) add(sensor string, p *event.Stats, at time.Time) {
	if p.VLAN != 0 || p.OneSided+p.TwoSided > 0 || p.Interval == 0 {
		return
	}
	if s.sources == nil {
		s.sources = map[string]*source{}
	}
	name := sensor + " " + p.Interface
	from := s.sources[name]
	if from == nil {
		from = &source{apps: map[string]*counts{}, first: at}
		s.sources[name] = from
	}
	if p.App == "" {
		from.report(p, at)
		s.dropped += p.DroppedKernel + p.DroppedOwn
		return
	}
	if from.apps[p.App] == nil {
		from.apps[strings.Clone(p.App)] = &counts{}
	}
	from.apps[p.App].add(p)
}

// manyReports is after how many intervals the number of workers is counted anew.
const manyReports = 30

func (f *source) report(p *event.Stats, at time.Time) {
	if at.Sub(f.first) > manyReports*time.Duration(p.Interval) {
		f.first, f.heard = at, 0
	}
	f.last = at
	f.heard++
	f.reports++
	f.seconds += time.Duration(p.Interval).Seconds()
	f.active += float64(p.Active)
	f.total.add(p)
}

// workers is how many workers report.
func (f *source) workers() float64 {
	interval := f.seconds / float64(f.reports)
	return max(1, math.Round(float64(f.heard)/(f.last.Sub(f.first).Seconds()/interval+1)))
}

// take is the rates since the last take; false when no report came.
func (s *rates) take(at time.Time) (liveStats, bool) {
	all := liveStats{Time: at, Apps: map[string]*rate{}, Dropped: s.dropped}
	some := false
	active := 0.0
	for _, f := range s.sources {
		if f.reports == 0 {
			continue
		}
		some = true
		workers := f.workers()
		active += f.active / float64(f.reports) * workers
		all.Total.add(&f.total, workers/f.seconds)
		for app, c := range f.apps {
			if all.Apps[app] == nil {
				all.Apps[app] = &rate{}
			}
			all.Apps[app].add(c, workers/f.seconds)
		}
		f.apps, f.total, f.reports, f.seconds, f.active = map[string]*counts{}, counts{}, 0, 0, 0
	}
	all.Active = uint64(active)
	if some {
		s.dropped = 0
	}
	return all, some
}
