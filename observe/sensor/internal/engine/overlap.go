package engine

import (
	"bytes"
	"net/netip"

	"bulwark/wire"
	"bulwark/wire/packet"
)

// Policy is how a system puts together what overlaps: whose bytes stand where a segment or fragment covers another. An
// attacker who knows it can show the receiver other bytes than a watcher who guesses wrong (Ptacek and Newsham 1998;
// Novak, Target-Based Fragmentation Reassembly, 2005; Novak and Sturges, Target-Based TCP Stream Reassembly, 2007).
type Policy uint8

// The policies. BSD is also what Windows does with segments, and what counts where nobody said more.
const (
	BSD     Policy = iota // the first, unless the later one begins before it
	First                 // always the first
	Last                  // always the last
	Linux                 // as BSD; of segments also a later one that begins with it and ends behind it
	Solaris               // the later one where it ends behind the first; of fragments where it covers it
	Windows               // as BSD; of fragments where it covers the first on both sides
	policies
)

var policyNames = [policies]string{"bsd", "first", "last", "linux", "solaris", "windows"}

func (p Policy) String() string { return policyNames[p] }

// Overlap says which networks follow a policy.
type Overlap struct {
	Policy   string
	Networks []netip.Prefix
}

// target is a network whose policy is known.
type target struct {
	network netip.Prefix
	policy  Policy
}

func targets(all []Overlap) []target {
	var list []target
	for _, o := range all {
		for p := range policies {
			if policyNames[p] == o.Policy {
				for _, n := range o.Networks {
					list = append(list, target{n, p})
				}
			}
		}
	}
	return list
}

// policyOf is the policy of a receiver: that of the narrowest network that holds it.
func (w *Worker) policyOf(a netip.Addr) Policy {
	best, bits := BSD, -1
	for _, t := range w.targets {
		if t.network.Bits() > bits && t.network.Contains(a) {
			best, bits = t.policy, t.network.Bits()
		}
	}
	return best
}

// receiver is the address that dir of f leads to.
func (f *flow) receiver(dir wire.Dir) netip.Addr {
	if (dir == wire.ToServer) == (f.origin == low) {
		return packet.Addr(&f.key.hi, f.key.v6)
	}
	return packet.Addr(&f.key.lo, f.key.v6)
}

// segmentWins reports whether the later of two overlapping segments stands: both as [from, to) from one origin.
func (p Policy) segmentWins(old, later span) bool {
	switch p {
	case First:
		return false
	case Last:
		return true
	case Linux:
		return later.from < old.from || later.from == old.from && later.to > old.to
	case Solaris:
		return later.to > old.to || later.to == old.to && later.from <= old.from
	}
	return later.from < old.from
}

// fragmentWins reports whether the later of two overlapping fragments stands.
func (p Policy) fragmentWins(old, later span) bool {
	switch p {
	case First:
		return false
	case Last:
		return true
	case Linux:
		return later.from <= old.from
	case Solaris:
		return later.from < old.from && later.to >= old.to
	case Windows:
		return later.from < old.from && later.to > old.to
	}
	return later.from < old.from
}

// overlaps looks at what of data, which begins at seq, stands in h already. Where the receiver would take the later
// bytes, they replace what was kept.
func (w *Worker) overlaps(f *flow, h *half, dir wire.Dir, seq uint32, data []byte) {
	later := span{0, len(data)}
	for i := range h.ahead {
		kept := &h.ahead[i]
		from := int(int32(kept.seq - seq))
		a, b := max(from, later.from), min(from+len(kept.data), later.to)
		if a >= b {
			continue
		}
		differ := !bytes.Equal(kept.data[a-from:b-from], data[a:b])
		if w.opt.EVE {
			w.full.tally.overlap(differ)
		}
		if !differ {
			continue
		}
		w.streamOdd(f, overlapDiffers)
		old := span{int(int32(kept.from - seq)), int(int32(kept.to - seq))}
		if !w.policyOf(f.receiver(dir)).segmentWins(old, later) {
			continue
		}
		if copy(kept.data[a-from:b-from], data[a:b]) == len(kept.data) {
			kept.from, kept.to = seq, seq+uint32(len(data))
		}
	}
}
