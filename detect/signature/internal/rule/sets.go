package rule

import (
	"cmp"
	"math"
	"net/netip"
	"slices"
)

// order says how the members of a set are counted.
type order[T any] struct {
	cmp  func(a, b T) int
	next func(T) (T, bool) // false: there is none
	prev func(T) (T, bool)
}

// pair is an interval of a set, both ends within.
type pair[T any] struct{ First, Last T }

func addressOrder() order[netip.Addr] {
	return order[netip.Addr]{
		cmp:  netip.Addr.Compare, // all of IPv4 lies before all of IPv6
		next: func(a netip.Addr) (netip.Addr, bool) { n := a.Next(); return n, n.IsValid() },
		prev: func(a netip.Addr) (netip.Addr, bool) { n := a.Prev(); return n, n.IsValid() },
	}
}

func portOrder() order[uint16] {
	return order[uint16]{
		cmp:  cmp.Compare[uint16],
		next: func(p uint16) (uint16, bool) { return p + 1, p < math.MaxUint16 },
		prev: func(p uint16) (uint16, bool) { return p - 1, p > 0 },
	}
}

// merged sorts and joins spans.
func (o order[T]) merged(spans []pair[T]) []pair[T] {
	slices.SortFunc(spans, func(a, b pair[T]) int { return o.cmp(a.First, b.First) })
	out := spans[:0]
	for _, s := range spans {
		if n := len(out); n > 0 && o.touches(out[n-1].Last, s.First) {
			if o.cmp(s.Last, out[n-1].Last) > 0 {
				out[n-1].Last = s.Last
			}
			continue
		}
		out = append(out, s)
	}
	return out
}

// touches reports whether first, which does not begin a span before the one that ends with last, joins it.
func (o order[T]) touches(last, first T) bool {
	if o.cmp(first, last) <= 0 {
		return true
	}
	n, ok := o.next(last)
	return ok && o.cmp(n, first) == 0
}

// without takes the spans of b out of those of a; both are merged.
func (o order[T]) without(a, b []pair[T]) []pair[T] {
	var out []pair[T]
	for _, s := range a {
		out = o.cut(out, s, b)
	}
	return out
}

// cut appends what the spans of b leave of s.
func (o order[T]) cut(out []pair[T], s pair[T], b []pair[T]) []pair[T] {
	i, _ := slices.BinarySearchFunc(b, s.First, func(h pair[T], t T) int { return o.cmp(h.Last, t) })
	for _, hole := range b[i:] {
		if o.cmp(hole.First, s.Last) > 0 {
			break
		}
		if p, ok := o.prev(hole.First); ok && o.cmp(s.First, hole.First) < 0 {
			out = append(out, pair[T]{s.First, p})
		}
		n, ok := o.next(hole.Last)
		if !ok || o.cmp(n, s.Last) > 0 {
			return out
		}
		s.First = n
	}
	return append(out, s)
}

// allAddresses are both families whole.
func allAddresses() []pair[netip.Addr] {
	return []pair[netip.Addr]{
		{netip.AddrFrom4([4]byte{}), netip.AddrFrom4([4]byte{255, 255, 255, 255})},
		{netip.IPv6Unspecified(), lastIPv6()},
	}
}

func lastIPv6() netip.Addr {
	var b [16]byte
	for i := range b {
		b[i] = 0xff
	}
	return netip.AddrFrom16(b)
}

func allPorts() []pair[uint16] { return []pair[uint16]{{0, math.MaxUint16}} }
