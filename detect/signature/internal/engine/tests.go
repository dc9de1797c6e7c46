package engine

import (
	"slices"
	"strings"

	"bulwark/detect/signature/internal/match"
	"bulwark/detect/signature/internal/rule"
	"bulwark/wire"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// packetTest is a test of a packet or its flow.
type packetTest struct {
	*rule.PacketTest
	number func(f *inspect.Flow, p *packet.Packet) (uint64, bool) // nil: holds decides
	holds  func(t *packetTest, f *inspect.Flow, p *packet.Packet) bool
	ofFlow bool // it needs no packet
}

func (t *packetTest) hold(f *inspect.Flow, p *packet.Packet) bool {
	if f == nil && t.ofFlow || p == nil && !t.ofFlow { // of a packet that could not be decoded no flow is known
		return false
	}
	if t.number == nil {
		return t.holds(t, f, p)
	}
	v, ok := t.number(f, p)
	if !ok {
		return false
	}
	return allHold(t.Numbers, v) != t.Not
}

// allHold reports whether one of the numbers is v: they are alternatives.
func allHold(numbers []rule.Number, v uint64) bool {
	for i := range numbers {
		if match.Holds(&numbers[i], v, numbers[i].A) {
			return true
		}
	}
	return len(numbers) == 0
}

// compileTest knows the tests that can be told.
func compileTest(r *rule.PacketTest, known *rule.Reputation) (packetTest, error) {
	t := packetTest{PacketTest: r}
	tcp := func(get func(p *packet.Packet) uint64) func(*inspect.Flow, *packet.Packet) (uint64, bool) {
		return func(_ *inspect.Flow, p *packet.Packet) (uint64, bool) { return get(p), p.Proto == packet.TCP }
	}
	icmp := func(get func(p *packet.Packet) uint64) func(*inspect.Flow, *packet.Packet) (uint64, bool) {
		return func(_ *inspect.Flow, p *packet.Packet) (uint64, bool) {
			return get(p), p.Proto == packet.ICMP || p.Proto == packet.ICMPv6
		}
	}
	flow := func(get func(f *inspect.Flow) uint64) func(*inspect.Flow, *packet.Packet) (uint64, bool) {
		t.ofFlow = true
		return func(f *inspect.Flow, _ *packet.Packet) (uint64, bool) { return get(f), true }
	}
	switch r.Name {
	case "dsize":
		empty := !asksForMore(r) // Suricata asks for a payload then, whatever the numbers say
		t.number = func(_ *inspect.Flow, p *packet.Packet) (uint64, bool) {
			n := len(payloadOf(p))
			return uint64(n), n > 0 || empty
		}
	case "ttl":
		t.number = func(_ *inspect.Flow, p *packet.Packet) (uint64, bool) { return uint64(p.TTL), true }
	case "ip_proto":
		t.number = func(_ *inspect.Flow, p *packet.Packet) (uint64, bool) { return uint64(p.Proto), true }
	case "seq", "tcp.seq":
		t.number = tcp(func(p *packet.Packet) uint64 { return uint64(p.Seq) })
	case "ack", "tcp.ack":
		t.number = tcp(func(p *packet.Packet) uint64 { return uint64(p.Ack) })
	case "window", "tcp.window":
		t.number = tcp(func(p *packet.Packet) uint64 { return uint64(p.Window) })
	case "flags", "tcp.flags":
		t.number = tcp(func(p *packet.Packet) uint64 { return uint64(p.Flags) })
	case "itype":
		t.number = icmp(func(p *packet.Packet) uint64 { return uint64(p.SrcPort) })
	case "icode":
		t.number = icmp(func(p *packet.Packet) uint64 { return uint64(p.DstPort) })
	case "icmp_id":
		t.number = echo(0)
	case "icmp_seq":
		t.number = echo(2)
	case "flow.age":
		t.number = flow(func(f *inspect.Flow) uint64 { return uint64(max(f.Time-f.First, 0)) / 1e9 })
	case "flow.pkts_toserver", "flow.pkts_toclient", "flow.bytes_toserver", "flow.bytes_toclient", "flow.pkts", "flow.bytes":
		t.traffic()
	case "vlan.layers":
		t.number = flow(func(f *inspect.Flow) uint64 {
			n := uint64(0)
			for _, v := range f.VLAN {
				if v != 0 {
					n++
				}
			}
			return n
		})
	case "vlan.id":
		t.ofFlow = true
		t.holds = func(t *packetTest, f *inspect.Flow, _ *packet.Packet) bool {
			for _, v := range f.VLAN {
				if v != 0 && allHold(t.Numbers, uint64(v)) != t.Not {
					return true
				}
			}
			return false
		}
	case "sameip":
		t.holds = func(_ *packetTest, _ *inspect.Flow, p *packet.Packet) bool { return p.Src == p.Dst }
	case "stream_size":
		t.streamSize()
	case "app-layer-protocol":
		t.appProtocol()
	case "iprep":
		return t, t.iprep(known)
	default:
		if !t.compileHeaderTest() {
			return t, unsupported(r.Name)
		}
	}
	return t, nil
}

// asksForMore reports whether a size is compared in a way that Suricata takes for a wish for a payload.
func asksForMore(r *rule.PacketTest) bool {
	return r.Not || slices.ContainsFunc(r.Numbers, func(n rule.Number) bool {
		return n.Not || n.Op == rule.NotEqual || n.Op == rule.Greater || n.Op == rule.GreaterEqual || n.Op == rule.Between
	})
}

// traffic is flow.pkts and its kin: with words for the direction, or in the name.
func (t *packetTest) traffic() {
	t.ofFlow = true
	bytes := strings.HasPrefix(t.Name, "flow.bytes")
	side := strings.TrimPrefix(strings.TrimPrefix(t.Name, "flow.bytes"), "flow.pkts")
	side = strings.TrimPrefix(side, "_")
	if len(t.Words) > 0 {
		side = strings.Clone(t.Words[0])
	}
	t.number = func(f *inspect.Flow, _ *packet.Packet) (uint64, bool) {
		n := f.Packets
		if bytes {
			n = f.Bytes
		}
		switch side {
		case "toserver":
			return n[wire.ToServer], true
		case "toclient":
			return n[wire.ToClient], true
		case "both":
			return n[0] + n[1], true
		}
		return 0, false
	}
	if side == "either" {
		t.number = nil
		t.holds = func(t *packetTest, f *inspect.Flow, _ *packet.Packet) bool {
			n := f.Packets
			if bytes {
				n = f.Bytes
			}
			return allHold(t.Numbers, n[0]) || allHold(t.Numbers, n[1])
		}
	}
}

// streamSize is stream_size: the side stands in the first word.
func (t *packetTest) streamSize() {
	t.ofFlow = true
	side := strings.Clone(t.Words[0])
	t.holds = func(t *packetTest, f *inspect.Flow, _ *packet.Packet) bool {
		out := allHold(t.Numbers, uint64(f.Streamed[wire.ToServer]))
		in := allHold(t.Numbers, uint64(f.Streamed[wire.ToClient]))
		switch side {
		case "client":
			return out
		case "server":
			return in
		case "both":
			return out && in
		}
		return out || in
	}
}

// appProtocol is app-layer-protocol: names, and whose side or which protocol.
func (t *packetTest) appProtocol() {
	mode, exact, unknown := "direction", false, false
	for _, o := range t.Options {
		if o == "exact" {
			exact = true
		} else {
			mode = o
		}
	}
	var names []string
	for _, name := range t.Words {
		unknown = unknown || name == "unknown" || name == "failed"
		names = append(names, appNames(name)...)
	}
	if exact {
		names = t.Words
	}
	is := func(app string) bool { return app == "" && unknown || app != "" && slices.Contains(names, app) }
	t.ofFlow = true
	t.holds = func(t *packetTest, f *inspect.Flow, _ *packet.Packet) bool {
		switch mode {
		case "toserver":
			return is(appOf(f, wire.ToServer)) != t.Not
		case "toclient":
			return is(appOf(f, wire.ToClient)) != t.Not
		case "direction":
			return is(appOf(f, f.Dir)) != t.Not
		case "either":
			return (is(appOf(f, wire.ToServer)) || is(appOf(f, wire.ToClient))) != t.Not
		case "original":
			return is(f.AppBefore) != t.Not
		}
		return is(f.App) != t.Not
	}
}

// appOf is the protocol of a direction.
func appOf(f *inspect.Flow, dir wire.Dir) string {
	if f.AppOf[dir] != "" {
		return f.AppOf[dir]
	}
	return f.App
}

// echo is a number behind the checksum of ICMP: identifier or sequence number of an echo (RFC 792).
func echo(at int) func(*inspect.Flow, *packet.Packet) (uint64, bool) {
	return func(_ *inspect.Flow, p *packet.Packet) (uint64, bool) {
		if p.Proto != packet.ICMP && p.Proto != packet.ICMPv6 || len(p.Payload) < at+2 {
			return 0, false
		}
		return uint64(p.Payload[at])<<8 | uint64(p.Payload[at+1]), true
	}
}

// payloadOf is what rules call the payload of a packet: that of ICMP begins behind its eight bytes, of
// SCTP it is that of the first chunk of data.
func payloadOf(p *packet.Packet) []byte {
	if p.Proto == packet.SCTP {
		var payload []byte
		sctpData(nil, p, func(data []byte) bool { payload = data; return false })
		return payload
	}
	if p.Proto == packet.ICMP || p.Proto == packet.ICMPv6 {
		return p.Payload[min(4, len(p.Payload)):]
	}
	return p.Payload
}
