package engine

import (
	"bulwark/wire"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// sifted are the rules that packets of a direction could be about: what is the same of all packets of a flow is asked
// once.
type sifted struct {
	done         bool
	proto        uint8
	sport, dport uint16
	app          string
	groups       [4]*portGroup
	always       []int32 // rules without bytes that must be there
	asks         bool    // some of them ask what others set
}

// sift finds the rules that the packets in view could be about.
func (w *Watcher) sift(x *sifted, p *packet.Packet) {
	*w.view.f.Own &= ownNumber
	*x = sifted{done: true, proto: p.Proto, app: w.view.f.App, sport: p.SrcPort, dport: p.DstPort, always: x.always[:0]}
	g := &w.set.packets[1][w.view.dir]
	if p.Proto == packet.TCP {
		g = &w.set.packets[0][w.view.dir]
	}
	if hasPorts(p.Proto) {
		x.groups = g.of(p.SrcPort, p.DstPort, x.app)
	} else {
		x.groups[0], x.groups[3] = &g.any, g.apps[x.app]
	}
	speaker, listener := w.view.st.src, w.view.st.dst
	if w.view.dir == wire.ToClient {
		speaker, listener = listener, speaker
	}
	for _, g := range x.groups {
		if g == nil {
			continue
		}
		w.found = g.among(speaker, listener, w.found[:0])
		for _, i := range w.found {
			if b := &g.always[i]; b.could(speaker, listener) && w.fits(&w.set.rules[b.rule]) {
				x.always = append(x.always, b.rule)
				x.asks = x.asks || len(w.set.rules[b.rule].bits)+len(w.set.rules[b.rule].Ints) > 0
			}
		}
	}
}

// What is kept in [inspect.Flow.Own]: the number of the state, and above it by direction whether packets without payload
// are asked about their flags alone, as the set of an age has it.
const (
	ownNumber = 1<<20 - 1
	ownRests  = 20
	ownAge    = 22
)

// flagSet are combinations of the flags of TCP.
type flagSet [4]uint64

func (s *flagSet) has(flags uint8) bool { return s[flags>>6]>>(flags&63)&1 != 0 }

// flagsOf are the flags of TCP that a rule about packets asks for; nil: it asks for none.
func (c *compiled) flagsOf() *flagSet {
	for i := range c.tests {
		t := &c.tests[i]
		if t.Name != "flags" && t.Name != "tcp.flags" || c.transport != packet.TCP {
			continue
		}
		all := &flagSet{}
		for flags := range 256 {
			if t.hold(&inspect.Flow{}, &packet.Packet{Proto: packet.TCP, Flags: uint8(flags)}) {
				all[flags>>6] |= 1 << (flags & 63)
			}
		}
		return all
	}
	return nil
}

// flag notes the flags that rules without bytes that must be there ask for.
func (s *Set) flag() {
	s.flagged = make([]*flagSet, len(s.rules))
	for dir := range s.packets[0] {
		s.packets[0][dir].each(func(p *portGroup) {
			for i := range p.always {
				n := p.always[i].rule
				only := s.flagged[n]
				if only == nil {
					only = s.rules[n].flagsOf()
					s.flagged[n] = only
				}
				if only != nil {
					for k := range only {
						s.bare[dir][k] |= only[k]
					}
				}
			}
		})
	}
}

// rest notes that packets of the direction in view are asked about nothing but their flags, where it is so.
func (w *Watcher) rest(f *inspect.Flow, x *sifted) {
	if len(w.view.st.tags) > 0 {
		return
	}
	for _, n := range x.always {
		if w.set.flagged[n] == nil {
			return
		}
	}
	own := *f.Own
	if own>>ownAge != w.age {
		own = own&ownNumber | w.age<<ownAge
	}
	*f.Own = own | 1<<(ownRests+uint32(f.Dir))
}

// Bare shows a packet without payload.
func (w *Watcher) Bare(own uint32, dir wire.Dir, flags uint8) bool {
	if w.noted || w.shared.tagged.some.Load() || own>>(ownRests+uint32(dir))&1 == 0 || own>>ownAge != w.age || w.set.bare[dir].has(flags) || w.shared.now.Load() != w.set {
		return false
	}
	w.next()
	return true
}
