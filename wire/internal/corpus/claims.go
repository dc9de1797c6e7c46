package corpus

import (
	"slices"
	"testing"

	"bulwark/wire"
	"bulwark/wire/wiretest"
)

// Claim is what a decoder says of itself.
type Claim struct {
	Name    string // of the protocol, in a failure and in the figure
	Percent int    // of the streams that the probe takes are read to their end at the least
	Ports   []uint16
	Looks   func([]byte) bool // recognises datagrams; nil: there are none
}

func (c *Claim) at(ports ...uint16) bool {
	return slices.ContainsFunc(ports, func(p uint16) bool { return slices.Contains(c.Ports, p) })
}

// Claims plays every stream of the captures that the probe takes for a protocol, and expects it at the ports of the claim
// alone.
func Claims[H any](t *testing.T, claim Claim, probe func([]byte) (wire.Match, wire.Dir),
	fresh func() (wiretest.Conversation[H], H, func() string)) {
	taken, read := 0, 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "ja4", "behaviour-slips", "generated-hospital"} {
		for _, c := range Captures(Folder(t, "sensor", folder)) {
			for _, s := range c.Streams {
				a, _ := probe(s.Bytes(wire.ToServer))
				b, _ := probe(s.Bytes(wire.ToClient))
				if a != wire.Yes && b != wire.Yes {
					continue
				}
				if !claim.at(s.Server.Port(), s.Client.Port()) {
					t.Errorf("%s %v is taken for %s", c.Name, s, claim.Name)
				}
				if s.Whole() {
					wiretest.Splits(t, s.Chunks, fresh)
				}
				conversation, h, _ := fresh()
				feed := wiretest.Feed[H]{T: t, Conversation: conversation, Handler: h}
				taken++
				if err := feed.Play(s.Chunks); err == nil {
					read++
				} else {
					t.Logf("%s %v: %v", c.Name, s, err)
				}
			}
			for _, d := range c.Datagrams {
				if claim.Looks != nil && claim.Looks(d.Payload) && !claim.at(d.Dst.Port(), d.Src.Port()) {
					t.Errorf("%s %v is taken for %s", c.Name, d.Dst, claim.Name)
				}
			}
		}
	}
	Result(t, claim.Name+"_streams_read", read, taken, claim.Percent)
}
