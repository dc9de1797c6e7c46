package engine

import (
	"slices"

	"bulwark/wire/packet"
)

// fragments puts the fragments of IP packets together (RFC 791 §3.2, RFC 8200 §4.5). Where they overlap, the policy of
// the receiver says whose bytes stand. At most maxPartial packets are in hand.
type fragments struct {
	partial map[fragKey]*partial
	order   []fragKey // oldest first
	pool    *pool
	free    []*partial
	slab    []partial
	done    []byte // the packet that was completed last
}

type fragKey struct {
	src, dst [16]byte
	id       uint32
	proto    uint8
	v6       bool
	vlan     uint16
}

type partial struct {
	buf   []byte // from the pool
	have  []span // the fragments that came, in the order of their beginnings
	got   int    // bytes that are filled
	most  int    // end of the fragment that reaches furthest
	total int    // length of the whole; 0 while not known
	proto uint8  // what the first fragment says comes next
	since int64
}

type span struct{ from, to int }

const (
	maxPartial  = 4096
	maxSpans    = 1024 // fragments of one packet: those of 64 bytes of the largest
	fragTimeout = 30 * second
)

func (fr *fragments) init(p *pool) {
	fr.partial, fr.pool = map[fragKey]*partial{}, p
}

// whole adds the fragment in p. When it completes its packet, p becomes that packet and the answer is true.
func (fr *fragments) whole(w *Worker, p *packet.Packet) bool {
	w.count.fragments++
	from, to := int(p.FragOffset), int(p.FragOffset)+len(p.Network)
	if to > 65535 || len(p.Network) == 0 || p.FragMore && len(p.Network)%8 != 0 {
		w.odd(p, oddFragment(p, to))
		return false
	}
	k := fragKey{p.Src, p.Dst, p.FragID, p.Proto, p.V6, p.VLAN}
	if p.V6 {
		k.proto = 0 // RFC 8200 §4.5: fragments may name different ones; that of the first counts
	}
	part := fr.partial[k]
	if part == nil {
		part = fr.begin(k, w.now)
	}
	if from == 0 && (len(part.have) == 0 || part.have[0].from > 0) {
		part.proto = p.Proto
	}
	if !p.FragMore {
		if part.total == 0 && to >= part.most {
			part.total = to
		}
	}
	if !p.FragMore && part.total != to || part.total != 0 && to > part.total { // it ends at two places
		w.odd(p, ofFamily(p, packet.IPv4FragmentOverlap))
		return false
	}
	part.most = max(part.most, to)
	if part.overlaps(from, to) {
		w.odd(p, ofFamily(p, packet.IPv4FragmentOverlap))
	}
	if !part.fill(fr.pool, w.policyOf(p.DstAddr()), from, to, p.Network) {
		w.odd(p, ofFamily(p, packet.IPv4FragmentIgnored))
		w.count.dropped++
		return false
	}
	if part.total == 0 || part.got < part.total {
		return false
	}
	fr.done = append(fr.done[:0], part.buf[:part.total]...)
	p.Proto = part.proto
	fr.drop(k, part)
	fault := p.Whole(fr.done)
	w.oddities(p)
	if fault == packet.OK && w.opt.EVE {
		w.full.tally.reassembled(p)
	}
	return fault == packet.OK
}

// oddFragment says why a fragment that ends at to cannot be one.
func oddFragment(p *packet.Packet, to int) packet.Oddity {
	switch {
	case to > 65535:
		return ofFamily(p, packet.IPv4FragmentTooLarge)
	case p.V6:
		return packet.IPv6FragmentLength
	}
	return packet.IPv4FragmentIgnored
}

func ofFamily(p *packet.Packet, o packet.Oddity) packet.Oddity {
	if p.V6 {
		return o.V6()
	}
	return o
}

// overlaps reports whether something stands between from and to already.
func (part *partial) overlaps(from, to int) bool {
	for _, s := range part.have {
		if s.from < to && s.to > from {
			return true
		}
	}
	return false
}

func (fr *fragments) begin(k fragKey, now int64) *partial {
	for len(fr.partial) >= maxPartial || len(fr.order) >= 2*maxPartial { // what is complete stands in order yet
		fr.oldest()
	}
	var part *partial
	if n := len(fr.free); n > 0 {
		part, fr.free = fr.free[n-1], fr.free[:n-1]
		*part = partial{since: now, have: part.have[:0]}
	} else {
		part = fr.make(now)
	}
	fr.partial[k] = part
	fr.order = append(fr.order, k)
	return part
}

// make makes several at a time, with room for what most need.
func (fr *fragments) make(now int64) *partial {
	if len(fr.slab) == 0 {
		fr.slab = make([]partial, 32)
		spans := make([]span, 4*len(fr.slab))
		for i := range fr.slab {
			fr.slab[i].have = spans[4*i : 4*i : 4*i+4]
		}
	}
	part := &fr.slab[0]
	fr.slab = fr.slab[1:]
	part.since = now
	return part
}

// oldest drops the packet that has waited longest.
func (fr *fragments) oldest() {
	k := fr.order[0]
	fr.order = fr.order[1:]
	if part := fr.partial[k]; part != nil {
		fr.drop(k, part)
	}
}

func (fr *fragments) drop(k fragKey, part *partial) {
	fr.pool.put(part.buf)
	delete(fr.partial, k)
	fr.free = append(fr.free, part) // at most maxPartial
}

func (fr *fragments) clear() {
	for len(fr.order) > 0 {
		fr.oldest()
	}
}

func (fr *fragments) expire(now int64) {
	for len(fr.order) > 0 {
		part := fr.partial[fr.order[0]]
		if part != nil && part.since > now-fragTimeout {
			return
		}
		fr.oldest()
	}
}

// fill copies data to from..to: where nothing stands yet, and where the policy prefers it to what stands. It reports
// false where there is no room.
func (part *partial) fill(pl *pool, policy Policy, from, to int, data []byte) bool {
	if len(part.have) >= maxSpans || !part.grow(pl, to) {
		return false
	}
	later := span{from, to}
	at := from // everything of data before it is settled
	for _, s := range part.have {
		if s.from >= to {
			break
		}
		if s.to <= from {
			continue
		}
		if s.from > at {
			part.got += s.from - at
			copy(part.buf[at:s.from], data[at-from:])
			at = s.from
		}
		if a, b := max(s.from, from), min(s.to, to); policy.fragmentWins(s, later) {
			copy(part.buf[a:b], data[a-from:])
		}
		at = max(at, min(s.to, to))
	}
	if at < to {
		part.got += to - at
		copy(part.buf[at:to], data[at-from:])
	}
	place := 0
	for place < len(part.have) && part.have[place].from <= from {
		place++
	}
	part.have = slices.Insert(part.have, place, later)
	return true
}

// grow makes room for to bytes.
func (part *partial) grow(pl *pool, to int) bool {
	if to > cap(part.buf) {
		larger := pl.get(to)
		if larger == nil {
			return false
		}
		larger = append(larger, part.buf...)
		pl.put(part.buf)
		part.buf = larger
	}
	if to > len(part.buf) {
		part.buf = part.buf[:to]
	}
	return true
}
