package corpus

import (
	"cmp"
	"slices"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"bulwark/wire"
	"bulwark/wire/pcap"
	"bulwark/wire/wiretest"
)

// tuple is a flow as one of its ends sees it.
type tuple struct {
	tcp      bool
	src, dst string
	from, to uint16
}

func (t tuple) other() tuple { return tuple{t.tcp, t.dst, t.src, t.to, t.from} }

type part struct {
	seq  uint32
	data []byte
}

// half is one direction of a TCP connection.
type half struct {
	known bool
	next  uint32
	early []part
}

type conn struct {
	flow   *Flow
	halves [2]half
	ended  bool
}

type builder struct {
	ports []int
	conns map[tuple]*conn
	all   []*conn
	dirs  map[tuple]wire.Dir
}

func newBuilder(ports []int) *builder {
	return &builder{ports: ports, conns: map[tuple]*conn{}, dirs: map[tuple]wire.Dir{}}
}

func (b *builder) packet(link pcap.LinkType, frame []byte) {
	p := gopacket.NewPacket(slices.Clone(frame), layers.LinkType(link), gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	network := p.NetworkLayer()
	if network == nil {
		return
	}
	t := tuple{src: network.NetworkFlow().Src().String(), dst: network.NetworkFlow().Dst().String()}
	switch l := p.TransportLayer().(type) {
	case *layers.TCP:
		t.tcp, t.from, t.to = true, uint16(l.SrcPort), uint16(l.DstPort)
		b.tcp(t, l)
	case *layers.UDP:
		t.from, t.to = uint16(l.SrcPort), uint16(l.DstPort)
		c := b.conn(t, slices.Contains(b.ports, int(l.SrcPort)))
		c.flow.Chunks = append(c.flow.Chunks, wiretest.Chunk{Dir: b.dirs[t], Bytes: l.Payload})
	}
}

// conn is the connection of t, a new one where there is none.
func (b *builder) conn(t tuple, fromServer bool) *conn {
	if c := b.conns[t]; c != nil {
		return c
	}
	client := t
	if fromServer {
		client = t.other()
	}
	c := &conn{flow: &Flow{
		TCP:    t.tcp,
		Client: client.src, Server: client.dst, Port: int(client.to),
	}}
	b.conns[t], b.conns[t.other()] = c, c
	b.dirs[client], b.dirs[client.other()] = wire.ToServer, wire.ToClient
	b.all = append(b.all, c)
	return c
}

func (b *builder) tcp(t tuple, l *layers.TCP) {
	if c := b.conns[t]; c != nil && l.SYN && !l.ACK && c.ended {
		delete(b.conns, t)
		delete(b.conns, t.other())
	}
	fromServer := l.SYN && l.ACK || !l.SYN && slices.Contains(b.ports, int(l.SrcPort))
	c := b.conn(t, fromServer)
	s := &c.halves[b.dirs[t]]
	seq := l.Seq
	if l.SYN {
		seq++
		s.known, s.next = true, seq
	}
	if !s.known {
		if len(l.Payload) == 1 {
			return // RFC 9293 §3.8.4: asks whether the other side is alive, and repeats an old byte
		}
		s.known, s.next = true, seq
	}
	other := &c.halves[b.dirs[t].Other()]
	if l.ACK && len(other.early) > 0 && int32(l.Ack-other.next) > 0 { // it arrived, and was not captured
		c.deliver(b.dirs[t].Other(), true)
	}
	if len(l.Payload) > 0 {
		s.early = append(s.early, part{seq, l.Payload})
		c.deliver(b.dirs[t], false)
	}
	c.ended = c.ended || l.FIN || l.RST
}

// deliver moves what is in order to the flow's chunks; at the end, or when too much waits, over gaps.
func (c *conn) deliver(dir wire.Dir, end bool) {
	s := &c.halves[dir]
	slices.SortStableFunc(s.early, func(a, b part) int {
		return cmp.Compare(int32(a.seq-s.next), int32(b.seq-s.next))
	})
	for len(s.early) > 0 {
		e := s.early[0]
		ahead := int32(e.seq - s.next)
		gap := 0
		switch {
		case ahead > 0 && !end && len(s.early) < 64:
			return
		case ahead > 0:
			gap = int(ahead)
		case int(-ahead) >= len(e.data):
			s.early = s.early[1:]
			continue
		default:
			e.data = e.data[-ahead:]
		}
		c.flow.Chunks = append(c.flow.Chunks, wiretest.Chunk{Dir: dir, Lost: gap, Bytes: e.data})
		s.next += uint32(gap + len(e.data))
		s.early = s.early[1:]
	}
}

func (b *builder) end() (flows []*Flow) {
	for _, c := range b.all {
		c.deliver(wire.ToServer, true)
		c.deliver(wire.ToClient, true)
		flows = append(flows, c.flow)
	}
	return flows
}
