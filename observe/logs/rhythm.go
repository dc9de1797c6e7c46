package logs

import (
	"slices"
	"time"
)

// minutes is how many lines came in each of the last sixty minutes.
type minutes struct {
	of [60]uint32
	at int64 // the last minute in which one came, since 1970
}

func (m *minutes) note(at time.Time) {
	now := at.Unix() / 60
	if now > m.at {
		for i := max(m.at+1, now-59); i <= now; i++ {
			m.of[i%60] = 0
		}
		m.at = now
	}
	if now > m.at-60 {
		m.of[now%60]++
	}
}

// list is how many lines came in each minute up to now, the oldest first.
func (m *minutes) list(now time.Time) []uint32 {
	out := make([]uint32, 60)
	last := now.Unix() / 60
	for i := range out {
		if at := last - 59 + int64(i); at <= m.at && at > m.at-60 {
			out[i] = m.of[at%60]
		}
	}
	return out
}

// rhythm is how often lines of a source come.
type rhythm struct {
	Gap     float64    `json:"gap"`     // between two lines, seconds, of late
	Longest [8]float64 `json:"longest"` // gap of each of the last days, seconds
	Day     int64      `json:"day"`     // that Longest ends with, since 1970
	Seen    uint64     `json:"seen"`    // gaps
}

// fading is the weight of the last gap in the mean.
const fading = 0.01

func (r *rhythm) note(last, at time.Time) {
	if last.IsZero() {
		return
	}
	gap := at.Sub(last).Seconds()
	if r.Seen++; r.Seen < 1/fading {
		r.Gap += (gap - r.Gap) / float64(r.Seen)
	} else {
		r.Gap += (gap - r.Gap) * fading
	}
	day := at.Unix() / 86400
	if day > r.Day {
		for i := max(r.Day+1, day-7); i <= day; i++ {
			r.Longest[i%8] = 0
		}
		r.Day = day
	}
	r.Longest[day%8] = max(r.Longest[day%8], gap)
}

// What is needed before a source is missed.
const (
	leastGaps    = 20
	leastKnown   = time.Hour
	leastSilence = 15 * time.Minute
	usualGaps    = 10 // that a silence is longer than
)

// usual is the silence after which somebody is warned; 0 while it is not known yet: ten times the usual gap, twice the longest of the last
// week, and a quarter of an hour at least.
func (r *rhythm) usual(known time.Duration) time.Duration {
	if r.Seen < leastGaps || known < leastKnown {
		return 0
	}
	s := usualGaps * r.Gap
	for _, l := range r.Longest {
		s = max(s, 2*l)
	}
	return max(leastSilence, time.Duration(s*float64(time.Second))).Round(time.Second)
}

// offsets are by how much the times of the last lines of a source are after those of their receipt.
type offsets struct {
	of [15]time.Duration
	n  uint64 // that were noted
}

func (o *offsets) note(d time.Duration) {
	o.of[o.n%uint64(len(o.of))] = d
	o.n++
}

// usual is their median; false: no line said its time.
func (o *offsets) usual() (time.Duration, bool) {
	if o.n == 0 {
		return 0, false
	}
	all := o.of
	some := all[:min(o.n, uint64(len(all)))]
	slices.Sort(some)
	return some[len(some)/2], true
}
