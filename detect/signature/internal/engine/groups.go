package engine

import (
	"bulwark/detect/signature/internal/match"
	"bulwark/detect/signature/internal/multi"
)

// Limits on how rules are spread over groups by their ports.
const mostPorts = 40 // ports that a rule stands under; one with more stands under any port

// groups are rules by the ports of a packet: those of any port, of one destination, of one source; and by the protocol of
// the flow, where they name one.
type groups struct {
	any      portGroup
	to, from map[uint16]*portGroup
	apps     map[string]*portGroup
}

// ofProtocol is the place of the group of the protocol among those of a flow.
const ofProtocol = 3

// of are the groups of a flow.
func (g *groups) of(src, dst uint16, app string) [4]*portGroup {
	return [4]*portGroup{&g.any, g.to[dst], g.from[src], g.apps[app]}
}

// under calls do with the groups of some protocols.
func (g *groups) under(apps []string, do func(*portGroup)) {
	if g.apps == nil {
		g.apps = map[string]*portGroup{}
	}
	for _, app := range apps {
		if g.apps[app] == nil {
			g.apps[app] = &portGroup{}
		}
		do(g.apps[app])
	}
}

// portGroup are rules of packets: those found by bytes, and those that are always asked.
type portGroup struct {
	group
	near   group // those whose bytes stand at the begin of a packet
	always []between
	listed [2]listed // of always, by the addresses of the speaker and of the listener
	rest   []int32   // of always, those that stand in neither
}

// between is a rule with the sets of addresses that it is about. There may be many such rules, so that what is looked at for
// each flow is kept together.
type between struct {
	rule     int32
	src, dst int32 // sets of addresses; -1: any
	both     bool  // in either direction
}

// could reports whether the rule could be about a speaker and a listener.
func (b *between) could(speaker, listener members) bool {
	return speaker.has(int(b.src)) && listener.has(int(b.dst)) || b.both && listener.has(int(b.src)) && speaker.has(int(b.dst))
}

// nearby is how far into a packet bytes may stand that are better than such as may stand anywhere.
const nearby = 256

// at calls do with each group that a rule of such ports stands in.
func (g *groups) at(from, to portSet, do func(*portGroup)) {
	under := func(m *map[uint16]*portGroup, s portSet) {
		if *m == nil {
			*m = map[uint16]*portGroup{}
		}
		for _, r := range s {
			for p := int(r.First); p <= int(r.Last); p++ {
				if (*m)[uint16(p)] == nil {
					(*m)[uint16(p)] = &portGroup{}
				}
				do((*m)[uint16(p)])
			}
		}
	}
	switch {
	case to.size() <= mostPorts && to.size() <= from.size():
		under(&g.to, to)
	case from.size() <= mostPorts:
		under(&g.from, from)
	default:
		do(&g.any)
	}
}

// each calls do with all groups.
func (g *groups) each(do func(*portGroup)) {
	do(&g.any)
	for _, m := range []map[uint16]*portGroup{g.to, g.from} {
		for _, p := range m {
			do(p)
		}
	}
	for _, p := range g.apps {
		do(p)
	}
}

// placePackets puts a rule where packets and streams will find it.
//
// The bytes of a stream are those of its packets: where rules about packets are found by bytes that may stand anywhere,
// the walk over the stream looks for them, too.
func (s *Set) placePackets(n int32, c *compiled) {
	put := func(all *[2]groups, everywhere bool, into func(*portGroup)) {
		swap := [][2]portSet{{c.sports, c.dports}}
		if c.Both {
			swap = append(swap, [2]portSet{c.dports, c.sports})
		}
		for _, ports := range swap {
			for dir := range all {
				switch {
				case c.dirs>>dir&1 == 0:
				case everywhere && len(s.rules) >= manyRules:
					into(&all[dir].any)
				case len(c.app) > 0:
					all[dir].under(c.app, into)
				default:
					all[dir].at(ports[0], ports[1], into)
				}
			}
		}
	}
	if c.inPackets {
		pattern, near := c.packetPattern()
		if c.transport == 6 || c.transport == 0 && !(c.inStreams && len(c.app) > 0 && !pinned(c.Buffers)) {
			put(&s.packets[0], telling(&pattern, tellingPacket), func(p *portGroup) { p.put(n, c, pattern, near) })
			if c.fast >= 0 && !near {
				put(&s.streams, telling(&pattern, tellingStream), func(p *portGroup) { p.addBeside(multi.Pattern{Bytes: pattern.Bytes, Fold: pattern.Fold}, n) })
			}
		}
		if c.transport != 6 { // all of whose bytes are walked over anyway
			put(&s.packets[1], telling(&pattern, tellingPacket), func(p *portGroup) { p.put(n, c, pattern, false) })
		}
	}
	switch everywhere := telling(&c.pattern, tellingStream); {
	case c.inStreams && c.fast >= 0:
		put(&s.streams, everywhere, func(p *portGroup) { p.add(c.pattern, n) })
	case c.inStreams:
		s.unfound = true
		put(&s.streams, false, func(p *portGroup) { p.put(n, c, c.pattern, false) })
	}
}

// manyRules is how many rules a set has for which streams are walked over at all ports anyway. The rules of a smaller one stand
// under their ports and protocols alone, so that other streams are not walked over.
const manyRules = 1024

// Worth of bytes that are hardly ever seen where their rule does not hold: of packets that of four that are not common, of
// streams, which are longer, that of two of them.
const (
	tellingPacket = 4 * 4 * 8
	tellingStream = 2 * 4 * 8
)

// telling reports whether bytes are so rare that they may be looked for at all ports: one walk for all costs less than one
// for each port.
func telling(p *multi.Pattern, least int) bool { return len(p.Bytes) >= 4 && match.Worth(p) >= least }

// put puts rule n about packets into the group; near says that pattern stands at the begin of a packet.
func (p *portGroup) put(n int32, c *compiled, pattern multi.Pattern, near bool) {
	switch {
	case c.fast < 0:
		if l := len(p.always); l == 0 || p.always[l-1].rule != n {
			p.always = append(p.always, between{n, int32(c.src), int32(c.dst), c.Both})
		}
	case near:
		p.near.add(pattern, n)
	default:
		p.add(pattern, n)
	}
}
