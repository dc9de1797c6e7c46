package engine

import (
	"cmp"
	"net/netip"
	"slices"

	"bulwark/detect/signature/internal/rule"
	"bulwark/wire/packet"
)

// addresses tells of an address which of the sets that rules name hold it: the address space is cut wherever a set begins
// or ends, and each piece knows its sets.
type addresses struct {
	sets []rule.Addresses
	v4   pieces
	v6   pieces
}

// pieces are the pieces of an address space in their order; of IPv4 addresses stand in the first four bytes.
type pieces struct {
	first   [][16]byte
	members []members
}

// members is a set of sets: bit i says that set i holds the address.
type members []uint64

// has reports whether set n is among m; set -1 holds all.
func (m members) has(n int) bool { return n < 0 || m[n>>6]>>(n&63)&1 != 0 }

// intern is the number of a set; -1 where all addresses are in it.
func (a *addresses) intern(s *rule.Addresses) int {
	if s.Any() {
		return -1
	}
	for i := range a.sets {
		if slices.Equal(a.sets[i].In, s.In) && slices.Equal(a.sets[i].Out, s.Out) {
			return i
		}
	}
	a.sets = append(a.sets, *s)
	return len(a.sets) - 1
}

// build cuts the address spaces. No set is interned after it.
func (a *addresses) build() {
	a.v4 = a.cut(false)
	a.v6 = a.cut(true)
}

func bytesOf(a netip.Addr) (b [16]byte) {
	if a.Is4() {
		v := a.As4()
		copy(b[:], v[:])
		return b
	}
	return a.As16()
}

// edge is where a range of a set begins, or the piece behind it.
type edge struct {
	at   [16]byte
	set  int32
	side int8 // which list of the set
	step int8 // +1: it begins
}

func (a *addresses) cut(v6 bool) pieces {
	edges := a.edges(v6)
	slices.SortFunc(edges, func(x, y edge) int { return slices.Compare(x.at[:], y.at[:]) })
	words := (len(a.sets) + 63) / 64
	in, out := make([]int32, len(a.sets)), make([]int32, len(a.sets))
	known := map[string]members{}
	var p pieces
	add := func(at [16]byte) {
		m := make(members, words)
		for i := range a.sets {
			if (in[i] > 0 || len(a.sets[i].In) == 0) && out[i] == 0 {
				m[i>>6] |= 1 << (i & 63)
			}
		}
		key := string(keyOf(m))
		if same, ok := known[key]; ok {
			m = same
		}
		known[key] = m
		p.first, p.members = append(p.first, at), append(p.members, m)
	}
	at := [16]byte{}
	for i := 0; i < len(edges); {
		if edges[i].at != at {
			add(at)
		}
		at = edges[i].at
		for ; i < len(edges) && edges[i].at == at; i++ {
			e := &edges[i]
			if e.side == 0 {
				in[e.set] += int32(e.step)
			} else {
				out[e.set] += int32(e.step)
			}
		}
	}
	add(at)
	return p
}

func keyOf(m members) []byte {
	var b []byte
	for _, w := range m {
		for s := 0; s < 64; s += 8 {
			b = append(b, byte(w>>s))
		}
	}
	return b
}

func (a *addresses) edges(v6 bool) []edge {
	var edges []edge
	for i := range a.sets {
		for side, ranges := range [2][]rule.Range{a.sets[i].In, a.sets[i].Out} {
			for _, r := range ranges {
				if r.First.Is6() != v6 {
					continue
				}
				edges = append(edges, edge{bytesOf(r.First), int32(i), int8(side), 1})
				if next := r.Last.Next(); next.IsValid() {
					edges = append(edges, edge{bytesOf(next), int32(i), int8(side), -1})
				}
			}
		}
	}
	return edges
}

// of is the sets that hold an address.
func (a *addresses) of(b *[16]byte, v6 bool) members {
	p := &a.v4
	if v6 {
		p = &a.v6
	}
	i, found := slices.BinarySearchFunc(p.first, b, func(x [16]byte, y *[16]byte) int { return slices.Compare(x[:], y[:]) })
	if !found {
		i--
	}
	return p.members[i]
}

// portSet is a set of ports; nil is all.
type portSet []rule.PortRange

// portsOf is p as one list of ranges.
func portsOf(p *rule.Ports) portSet {
	if p.Any() {
		return nil
	}
	in := slices.Clone(p.In)
	if len(in) == 0 {
		in = []rule.PortRange{{First: 0, Last: 65535}}
	}
	var all portSet
	for _, r := range in {
		all = append(all, without(r, p.Out)...)
	}
	slices.SortFunc(all, func(a, b rule.PortRange) int { return cmp.Compare(a.First, b.First) })
	if all == nil {
		all = portSet{} // none
	}
	return all
}

// without is what is left of r.
func without(r rule.PortRange, out []rule.PortRange) []rule.PortRange {
	left := []rule.PortRange{r}
	for _, o := range out {
		var next []rule.PortRange
		for _, l := range left {
			if o.Last < l.First || o.First > l.Last {
				next = append(next, l)
				continue
			}
			if o.First > l.First {
				next = append(next, rule.PortRange{First: l.First, Last: o.First - 1})
			}
			if o.Last < l.Last {
				next = append(next, rule.PortRange{First: o.Last + 1, Last: l.Last})
			}
		}
		left = next
	}
	return left
}

func (s portSet) has(port uint16) bool {
	if s == nil {
		return true
	}
	for _, r := range s {
		if port >= r.First && port <= r.Last {
			return true
		}
	}
	return false
}

// size is how many ports are in s; all of them where it is nil.
func (s portSet) size() int {
	if s == nil {
		return 1 << 16
	}
	n := 0
	for _, r := range s {
		n += int(r.Last) - int(r.First) + 1
	}
	return n
}

// hasPorts reports whether a transport has ports.
func hasPorts(proto uint8) bool { return proto == packet.TCP || proto == packet.UDP || proto == 132 }
