package engine

import (
	"net/netip"

	"bulwark/detect/signature/internal/rule"
	"bulwark/wire"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// iprep is the test of that name: a side, a category, and what its score must be, or whether there is one.
func (t *packetTest) iprep(known *rule.Reputation) error {
	category, err := known.Category(t.Words[1])
	if err != nil {
		return unsupported(err.Error())
	}
	presence := ""
	if len(t.Words) > 2 {
		presence = t.Words[2]
	}
	of := func(a netip.Addr) bool {
		score, ok := known.Score(category, a)
		if presence == "isnotset" {
			return !ok
		}
		return ok && (presence == "isset" || allHold(t.Numbers, uint64(score)))
	}
	t.ofFlow = true
	t.holds = func(t *packetTest, f *inspect.Flow, _ *packet.Packet) bool {
		src, dst := packet.Addr(&f.Src, f.V6), packet.Addr(&f.Dst, f.V6)
		if f.Dir == wire.ToClient {
			src, dst = dst, src
		}
		switch t.Words[0] {
		case "src":
			return of(src)
		case "dst":
			return of(dst)
		case "both":
			return of(src) && of(dst)
		}
		return of(src) || of(dst)
	}
	return nil
}

// addressTests reports whether the rule asks of nothing but addresses.
func (c *compiled) addressTests() bool {
	for i := range c.tests {
		if c.tests[i].Name != "iprep" {
			return false
		}
	}
	return true
}
