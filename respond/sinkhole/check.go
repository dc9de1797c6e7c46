package sinkhole

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/miekg/dns"

	"bulwark/platform/clock"
)

// How a resolver is asked whether it has the zone: for so long after a change, so often. One answer may take so long.
const (
	toLoad   = 6 * time.Second
	loadBeat = 150 * time.Millisecond
	toAnswer = time.Second
)

// Read says which names are stopped, by asking each resolver: one that is away, or has another zone, leaves it unknown.
func (s *Sinkhole) Read(ctx context.Context, orders []Order) (held map[uint64]bool, unknown map[uint64]error, err error) {
	if len(s.config.Resolvers) == 0 {
		return nil, nil, ErrOff
	}
	z := s.now()
	held, unknown = map[uint64]bool{}, map[uint64]error{}
	if z == nil || len(orders) == 0 {
		return held, unknown, nil
	}
	all := make([]*asked, len(s.config.Resolvers))
	var wait sync.WaitGroup
	for i, text := range s.config.Resolvers {
		wait.Go(func() { all[i] = s.ask(ctx, text, z, orders) })
	}
	wait.Wait()
	for _, o := range orders {
		n, _ := name(o.Name)
		held[o.ID] = slices.Contains(z.names, n)
		for _, a := range all {
			why := a.err
			if why == nil {
				why = a.problem[o.ID]
			}
			if why != nil {
				unknown[o.ID] = errors.Join(unknown[o.ID], fmt.Errorf("%s: %w", a.resolver, why))
			}
			held[o.ID] = held[o.ID] && a.stopped[o.ID]
		}
	}
	return held, unknown, nil
}

// asked is what one resolver said.
type asked struct {
	resolver string
	err      error // nothing is known of it
	stopped  map[uint64]bool
	problem  map[uint64]error
}

// ask asks one resolver for the zone and for each name. A zone that it has not is announced, and waited for a little.
func (s *Sinkhole) ask(ctx context.Context, text string, z *zone, orders []Order) *asked {
	a := &asked{resolver: text, stopped: map[uint64]bool{}, problem: map[uint64]error{}}
	to, err := resolver(text)
	if err == nil {
		err = s.loaded(ctx, to, z)
	}
	if err != nil {
		a.err = err
		return a
	}
	for _, o := range orders {
		// What the zone that it has loaded does not name is not asked for: whoever owns the name would hear of it.
		if n, _ := name(o.Name); slices.Contains(z.names, n) {
			a.stopped[o.ID], a.problem[o.ID] = s.stops(ctx, to, n)
		}
	}
	return a
}

// loaded waits until a resolver has this zone, and tells it once that there is one.
func (s *Sinkhole) loaded(ctx context.Context, to netip.AddrPort, z *zone) error {
	ctx, cancel := context.WithTimeout(ctx, toLoad)
	defer cancel()
	for first := true; ; first = false {
		has, err := s.serialOf(ctx, to)
		if err != nil || has == serialText(z.serial) {
			return err
		}
		if first {
			s.notify(ctx, to)
		}
		if !clock.Pause(ctx, loadBeat) {
			return fmt.Errorf("%w: it has %q, not %q", errStale, has, serialText(z.serial))
		}
	}
}

// serialOf is what a resolver says of the zone that it has; empty: it has none.
func (s *Sinkhole) serialOf(ctx context.Context, to netip.AddrPort) (string, error) {
	r, err := query(ctx, to, marker, dns.TypeTXT)
	if err != nil {
		return "", err
	}
	for _, rr := range r.Answer {
		if t, ok := rr.(*dns.TXT); ok {
			return strings.Join(t.Txt, ""), nil
		}
	}
	return "", nil
}

// stops reports whether a resolver answers for a name what the zone says.
func (s *Sinkhole) stops(ctx context.Context, to netip.AddrPort, n string) (bool, error) {
	want, err := netip.ParseAddr(s.config.Answer)
	kind := dns.TypeA
	if err == nil && want.Is6() {
		kind = dns.TypeAAAA
	}
	r, problem := query(ctx, to, n, kind)
	if problem != nil {
		return false, problem
	}
	if err != nil {
		return r.Rcode == dns.RcodeNameError, nil
	}
	return len(r.Answer) > 0 && !slices.ContainsFunc(r.Answer, func(rr dns.RR) bool {
		switch x := rr.(type) {
		case *dns.A:
			a, _ := netip.AddrFromSlice(x.A)
			return a.Unmap() != want
		case *dns.AAAA:
			a, _ := netip.AddrFromSlice(x.AAAA)
			return a != want
		}
		return true
	}), nil
}

// query asks a resolver a question.
func query(ctx context.Context, to netip.AddrPort, n string, kind uint16) (*dns.Msg, error) {
	m := new(dns.Msg)
	m.SetQuestion(dns.Fqdn(n), kind)
	c := &dns.Client{Timeout: toAnswer}
	r, _, err := c.ExchangeContext(ctx, m, to.String())
	if err == nil && r.Truncated {
		c.Net = "tcp"
		r, _, err = c.ExchangeContext(ctx, m, to.String())
	}
	switch {
	case err != nil:
		return nil, err
	case r.Rcode != dns.RcodeSuccess && r.Rcode != dns.RcodeNameError:
		return nil, fmt.Errorf("it answered %s for %s", dns.RcodeToString[r.Rcode], n)
	}
	return r, nil
}
