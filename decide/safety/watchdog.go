package safety

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/ledger"
)

// The watchdog counts the clinical messages of each segment. Where they fall beyond expectation soon after an act touched the
// segment, the act is reverted and automation freezes. What it expects is the middle one of the minutes of the quarter of an hour before
// the act: a burst, as when a modality sends what it kept back, is not the usual rate. Where fewer minutes than leastWindows were heard,
// nothing is known, and nothing is judged; an act that is older than the program's start is not watched.
const (
	bucket       = 5 * time.Second
	buckets      = 192 // sixteen minutes
	learnt       = 15 * time.Minute
	window       = time.Minute
	leastWindows = 5
	watchedFor   = time.Minute
	leastTime    = 10 * time.Second
	leastExpect  = 10 // messages: of fewer nothing can be said
	mostSegs     = 2048
	mostWatched  = 500
	mostTouched  = 16 // segments of one act: by chance alone one of very many falls
)

// segment is the network of an address: the 256 or, of IPv6, the 2^64 that it is among.
func segment(a netip.Addr) netip.Prefix {
	bits := 24
	if a.Is6() && !a.Is4In6() {
		bits = 64
	}
	p, _ := a.Unmap().Prefix(bits)
	return p
}

// counts are messages by time, in a ring.
type counts struct {
	number [buckets]int64 // of the bucket that is there, since 1970
	n      [buckets]uint32
}

func (c *counts) add(at time.Time) {
	k := at.UnixNano() / int64(bucket)
	i := k % buckets
	if c.number[i] != k {
		c.number[i], c.n[i] = k, 0
	}
	c.n[i]++
}

// between counts the buckets that begin within a time, and how long they are together.
func (c *counts) between(from, to time.Time) (n uint64, long time.Duration) {
	first := (from.UnixNano() + int64(bucket) - 1) / int64(bucket)
	for k := first; (k+1)*int64(bucket) <= to.UnixNano(); k++ {
		if i := k % buckets; c.number[i] == k {
			n += uint64(c.n[i])
		}
		long += bucket
	}
	return n, long
}

// rates are the clinical messages of segments, and the acts that are watched. It is safe for concurrent use.
type rates struct {
	mu       sync.Mutex
	began    time.Time
	segments map[netip.Prefix]*counts
	watched  map[string]watched
}

// watched is an act that came into force.
type watched struct {
	since    time.Time
	segments []netip.Prefix
}

func newRates(now time.Time) *rates {
	return &rates{began: now, segments: map[netip.Prefix]*counts{}, watched: map[string]watched{}}
}

// message counts a clinical message between two ends.
func (r *rates) message(a, b netip.Addr, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i, p := range [...]netip.Prefix{segment(a), segment(b)} {
		if !p.IsValid() || i == 1 && p == segment(a) {
			continue
		}
		c := r.segments[p]
		if c == nil {
			if len(r.segments) >= mostSegs {
				continue
			}
			c = &counts{}
			r.segments[p] = c
		}
		c.add(at)
	}
}

// watch begins to watch an act.
func (r *rates) watch(uid string, at time.Time, addrs []netip.Addr) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.watched[uid]; ok || len(r.watched) >= mostWatched {
		return
	}
	w := watched{since: at}
	for _, a := range addrs {
		if p := segment(a); len(w.segments) < mostTouched && !slices.Contains(w.segments, p) {
			w.segments = append(w.segments, p)
		}
	}
	r.watched[uid] = w
}

// fall is an act after which clinical messages fell.
type fall struct {
	uid      string
	segment  netip.Prefix
	expected float64
	seen     uint64
}

// falls are the acts after which messages fell beyond expectation; those whose time is over are watched no longer.
func (r *rates) falls(now time.Time) (all []fall) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for uid, w := range r.watched {
		for _, p := range w.segments {
			if f, ok := r.fell(p, w.since, now); ok {
				f.uid = uid
				all = append(all, f)
				delete(r.watched, uid)
				break
			}
		}
		if now.Sub(w.since) > watchedFor+2*bucket {
			delete(r.watched, uid)
		}
	}
	return all
}

// usual is how many messages a segment has in a window as a rule, by the windows before a moment: the middle one of them. False: too
// few were heard.
func (r *rates) usual(c *counts, before time.Time) (perWindow float64, known bool) {
	var seen []uint64
	for to := before; !to.Add(-window).Before(r.began) && before.Sub(to) < learnt; to = to.Add(-window) {
		n, _ := c.between(to.Add(-window), to)
		seen = append(seen, n)
	}
	if len(seen) < leastWindows {
		return 0, false
	}
	slices.Sort(seen)
	return float64(seen[len(seen)/2]+seen[(len(seen)-1)/2]) / 2, true
}

// fell compares what a segment said since an act with what it says as a rule: less than half, and less than chance leaves (three
// standard deviations of a Poisson process).
func (r *rates) fell(p netip.Prefix, since, now time.Time) (fall, bool) {
	c := r.segments[p]
	if c == nil || now.Sub(since) < leastTime {
		return fall{}, false
	}
	usual, known := r.usual(c, since.Truncate(bucket))
	seen, passed := c.between(since, now)
	if !known || passed < leastTime {
		return fall{}, false
	}
	expected := usual * passed.Seconds() / window.Seconds()
	low := math.Min(expected/2, expected-3*math.Sqrt(expected))
	return fall{segment: p, expected: expected, seen: seen}, expected >= leastExpect && float64(seen) < low
}

// follow reads clinical messages and acts from the bus until ctx ends.
func (s *Safety) follow(ctx context.Context, b *bus.Bus) error {
	return b.Follow(ctx, event.Subjects(Reads()), bus.FromNew, func(ctx context.Context, m *bus.Message) error {
		if err := s.hear(ctx, m.Batch); err != nil {
			s.needs.Log.Warn("a batch could not be read", "subject", m.Subject, "error", err)
		}
		return nil
	})
}

// hear takes a batch: what happens counts when it is heard, whatever clock its sensor has.
func (s *Safety) hear(ctx context.Context, batch []byte) error {
	var r event.Reader
	var e event.Event
	if err := r.Open(batch); err != nil {
		return err
	}
	now := s.needs.Clock.Now()
	for r.Next(&e) {
		c, ok := e.Payload.(*event.Containment)
		switch {
		case !ok:
			s.rates.message(e.Src, e.Dst, now)
		case c.State == "in_force":
			s.rates.watch(strings.Clone(c.UID), now, s.touchedBy(ctx, c, e.Src))
		}
	}
	return r.Err()
}

// touchedBy are the addresses of the hospital that an act touches: of its target, of the peer that is blocked, and where the act is aimed
// at nothing of the hospital's own, of who spoke with that lately.
func (s *Safety) touchedBy(ctx context.Context, c *event.Containment, src netip.Addr) (all []netip.Addr) {
	ctx, cancel := context.WithTimeout(ctx, toLook)
	defer cancel()
	now := s.needs.Clock.Now()
	var flows []Flow
	var err error
	switch kind, value, _ := strings.Cut(c.Target, ":"); {
	case kind == "device":
		id, _ := strconv.ParseUint(value, 10, 63) // none has the number 0
		d, _ := s.needs.Devices.Device(id)
		all = slices.Clone(d.Addresses)
	case kind == "user":
		all, err = s.needs.Flows.SignedOn(ctx, value, now.Add(-shift), now)
	case kind == "domain":
		flows, _, err = s.needs.Flows.Asked(ctx, value, now.Add(-lately), now)
	case src.IsValid() && !s.needs.Devices.Ours(src):
		flows, _, err = s.needs.Flows.Flows(ctx, []netip.Addr{src}, now.Add(-lately), now, nil)
	case src.IsValid():
		all = append(all, src)
	}
	if err != nil {
		s.needs.Log.Warn("it is not known whom an act touches: the watchdog sees less", "containment", c.UID, "error", err)
	}
	for i := range flows {
		all = append(all, flows[i].Client, flows[i].Server)
	}
	if peer, _, _, err := ParseScope(c.Scope); err == nil && c.Act == "block" {
		all = append(all, peer)
	}
	return slices.DeleteFunc(all, func(a netip.Addr) bool { return !s.needs.Devices.Ours(a) })
}

// guard reverts acts after which clinical messages fell, and freezes automation.
func (s *Safety) guard(ctx context.Context) {
	for _, f := range s.rates.falls(s.needs.Clock.Now()) {
		reason := fmt.Sprintf("clinical messages of %s fell to %d where %.0f were expected, after containment %s", f.segment, f.seen, f.expected, f.uid)
		s.needs.Log.Error("the watchdog reverts an act", "containment", f.uid, "segment", f.segment, "seen", f.seen, "expected", f.expected)
		if err := s.Freeze(ctx, "watchdog", ledger.Program("safety"), reason); err != nil {
			s.needs.Log.Error("automation could not be frozen", "error", err)
		}
		if s.needs.Revert == nil {
			continue
		}
		if err := s.needs.Revert(ctx, f.uid, reason); err != nil {
			s.needs.Log.Error("an act could not be reverted", "containment", f.uid, "error", err)
		}
	}
}
