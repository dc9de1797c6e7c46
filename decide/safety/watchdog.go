package safety

import (
	"context"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/ledger"
)

// The watchdog counts the clinical messages of each segment. Where they fall beyond expectation soon after an act touched the
// segment, the act is reverted and automation freezes. What it expects is what it saw in the quarter of an hour before the act; an act
// that is older than the program's start is not watched.
const (
	bucket      = 5 * time.Second
	buckets     = 192 // sixteen minutes
	learnt      = 15 * time.Minute
	watchedFor  = time.Minute
	leastTime   = 10 * time.Second
	leastExpect = 10 // messages: of fewer nothing can be said
	mostSegs    = 2048
	mostWatched = 500
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
		w.segments = append(w.segments, segment(a))
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

// fell compares what a segment said since an act with what it said before: less than half, and less than chance leaves (three
// standard deviations of a Poisson process).
func (r *rates) fell(p netip.Prefix, since, now time.Time) (fall, bool) {
	c := r.segments[p]
	if c == nil || now.Sub(since) < leastTime {
		return fall{}, false
	}
	from := since.Add(-learnt)
	if r.began.After(from) {
		from = r.began
	}
	before, long := c.between(from, since)
	seen, passed := c.between(since, now)
	if long <= 0 || passed < leastTime {
		return fall{}, false
	}
	expected := float64(before) * passed.Seconds() / long.Seconds()
	low := math.Min(expected/2, expected-3*math.Sqrt(expected))
	return fall{segment: p, expected: expected, seen: seen}, expected >= leastExpect && float64(seen) < low
}

// follow reads clinical messages and acts from the bus until ctx ends.
func (s *Safety) follow(ctx context.Context, b *bus.Bus) error {
	return b.Follow(ctx, event.Subjects(Reads()), bus.FromNew, func(_ context.Context, m *bus.Message) error {
		if err := s.hear(m.Batch); err != nil {
			s.needs.Log.Warn("a batch could not be read", "subject", m.Subject, "error", err)
		}
		return nil
	})
}

// hear takes a batch: what happens counts when it is heard, whatever clock its sensor has.
func (s *Safety) hear(batch []byte) error {
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
			s.rates.watch(strings.Clone(c.UID), now, s.touchedBy(c, e.Src))
		}
	}
	return r.Err()
}

// touchedBy are the addresses that an act touches.
func (s *Safety) touchedBy(c *event.Containment, src netip.Addr) []netip.Addr {
	if text, ok := strings.CutPrefix(c.Target, "device:"); ok {
		if id, err := strconv.ParseUint(text, 10, 63); err == nil {
			d, _ := s.needs.Devices.Device(id)
			return d.Addresses
		}
	}
	if src.IsValid() {
		return []netip.Addr{src}
	}
	return nil
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
