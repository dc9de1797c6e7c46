// Package acts plays what attackers do in a hospital, and what ordinary people and machines do that looks like it, as
// captures: real sessions of the protocols, octet by octet, the same at each run. Each shipped traffic rule has one act in
// which it must fire and one in which it must not ([Cases]).
package acts

import (
	"encoding/binary"
	"io"
	"net/netip"
	"time"

	"bulwark/wire/pcap"
)

// Where things stand. Private addresses are the hospital's; those for documentation (RFC 5737) are outside.
const (
	ward     = "10.20.4.21" // a workstation
	ward2    = "10.20.4.22"
	admin    = "10.20.1.90" // who looks after the servers
	intruder = "10.20.4.66" // a machine that should not be there
	archive  = "10.20.2.10"
	archive2 = "10.20.2.11"
	record   = "10.20.2.20" // the electronic record
	lab      = "10.20.2.30"
	files    = "10.20.1.30"
	dc       = "10.20.1.20"
	dc2      = "10.20.1.21"
	names    = "10.20.1.10"
	scanner  = "10.20.3.11" // a CT
	device   = "10.20.5.21" // a monitor, a pump, a controller
	gateway  = "10.20.0.1"
	outside  = "198.51.100.10"
	outside2 = "203.0.113.77"
)

// Scene is packets on their way into a capture.
type Scene struct {
	now    time.Duration
	port   uint16
	ip     uint16
	frames []frame
}

type frame struct {
	at   time.Duration
	data []byte
}

// began is when every scene begins.
var began = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// Wait lets time pass.
func (s *Scene) Wait(d time.Duration) { s.now += d }

// Write writes the capture.
func (s *Scene) Write(w io.Writer) error {
	out, err := pcap.NewWriter(w, pcap.LinkEthernet)
	if err != nil {
		return err
	}
	for _, f := range s.frames {
		p := pcap.Packet{Link: pcap.LinkEthernet, Time: began.Add(f.at).UnixNano(), Data: f.data, Orig: len(f.data)}
		if err := out.Write(&p); err != nil {
			return err
		}
	}
	return nil
}

// IANA numbers of protocols.
const (
	protoICMP = 1
	protoTCP  = 6
	protoUDP  = 17
)

// send puts a packet of IPv4 on the wire, a fifth of a millisecond after the one before.
func (s *Scene) send(proto byte, from, to string, body []byte) {
	src, dst := netip.MustParseAddr(from).As4(), netip.MustParseAddr(to).As4()
	s.ip++
	b := make([]byte, 0, 34+len(body))
	b = append(b, mac(dst)...)
	b = append(b, mac(src)...)
	b = append(b, 0x08, 0x00, 0x45, 0)
	b = binary.BigEndian.AppendUint16(b, uint16(20+len(body)))
	b = binary.BigEndian.AppendUint16(b, s.ip)
	b = append(b, 0x40, 0, 64, proto, 0, 0)
	b = append(append(b, src[:]...), dst[:]...)
	binary.BigEndian.PutUint16(b[24:], sum(0, b[14:34]))
	at := 0
	switch proto {
	case protoTCP:
		at = 16
	case protoUDP:
		at = 6
	case protoICMP:
		at = 2
	}
	body = append([]byte(nil), body...)
	pseudo := uint32(0)
	if proto != protoICMP {
		pseudo = add(add(0, src[:]), dst[:]) + uint32(proto) + uint32(len(body))
	}
	binary.BigEndian.PutUint16(body[at:], sum(pseudo, body))
	s.now += 200 * time.Microsecond
	s.frames = append(s.frames, frame{s.now, append(b, body...)})
}

// mac is the hardware address of whoever has an address; the gateway's for those outside.
func mac(a [4]byte) []byte {
	if a[0] != 10 {
		a = [4]byte{10, 20, 0, 1}
	}
	return []byte{0x02, 0x42, a[0], a[1], a[2], a[3]}
}

// add sums octets as the checksum of the internet does (RFC 1071).
func add(n uint32, p []byte) uint32 {
	for i, c := range p {
		n += uint32(c) << (8 * uint(1-i%2))
	}
	return n
}

func sum(n uint32, p []byte) uint16 {
	n = add(n, p)
	for n>>16 != 0 {
		n = n&0xffff + n>>16
	}
	return ^uint16(n)
}

// Datagram sends one of UDP.
func (s *Scene) Datagram(from string, sport uint16, to string, dport uint16, payload []byte) {
	b := binary.BigEndian.AppendUint16(nil, sport)
	b = binary.BigEndian.AppendUint16(b, dport)
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	s.send(protoUDP, from, to, append(append(b, 0, 0), payload...))
}

// Ping sends a message of ICMP.
func (s *Scene) Ping(from, to string, kind, code byte, body []byte) {
	s.send(protoICMP, from, to, append([]byte{kind, code, 0, 0}, body...))
}

// Unreachable says that the datagram, which from sent to, did not arrive: code 1 no such host, code 3 no such port.
func (s *Scene) Unreachable(by string, code byte, from, to string, proto byte, dport uint16) {
	src, dst := netip.MustParseAddr(from).As4(), netip.MustParseAddr(to).As4()
	b := []byte{0, 0, 0, 0, 0x45, 0, 0, 28, 0, 1, 0, 0, 64, proto, 0, 0}
	b = append(append(b, src[:]...), dst[:]...)
	b = binary.BigEndian.AppendUint16(b, 40000)
	b = binary.BigEndian.AppendUint16(b, dport)
	s.Ping(by, from, 3, code, append(b, 0, 8, 0, 0))
}

// flags of a segment.
const (
	fin = 1 << iota
	syn
	rst
	psh
	ack
	urg
)

// segment is one of TCP.
type segment struct {
	sport, dport uint16
	seq, ack     uint32
	flags        byte
	window       uint16
	options      []byte // padded to four octets
}

// Segment sends one of TCP, whatever it says.
func (s *Scene) Segment(from, to string, g segment, payload []byte) {
	b := binary.BigEndian.AppendUint16(nil, g.sport)
	b = binary.BigEndian.AppendUint16(b, g.dport)
	b = binary.BigEndian.AppendUint32(b, g.seq)
	b = binary.BigEndian.AppendUint32(b, g.ack)
	b = append(b, byte(20+len(g.options))<<2, g.flags)
	b = binary.BigEndian.AppendUint16(b, g.window)
	b = append(append(b, 0, 0, 0, 0), g.options...)
	s.send(protoTCP, from, to, append(b, payload...))
}

// Conn is a connection of TCP.
type Conn struct {
	s     *Scene
	ends  [2]string
	ports [2]uint16
	seq   [2]uint32
}

const (
	up   = 0 // the client speaks
	down = 1 // the server speaks
)

var usual = []byte{2, 4, 5, 0xb4, 4, 2, 1, 1} // MSS 1460, SACK permitted

// Connect opens a connection.
func (s *Scene) Connect(from, to string, port uint16) *Conn {
	c := s.dial(from, to, port)
	c.packet(up, syn, usual, nil)
	c.packet(down, syn|ack, usual, nil)
	c.packet(up, ack, nil, nil)
	return c
}

// Refused is a connection to a port where nobody listens.
func (s *Scene) Refused(from, to string, port uint16) {
	c := s.dial(from, to, port)
	c.packet(up, syn, usual, nil)
	s.Segment(to, from, segment{sport: port, dport: c.ports[up], ack: c.seq[up], flags: rst | ack}, nil)
}

func (s *Scene) dial(from, to string, port uint16) *Conn {
	s.port++
	n := uint32(s.port) * 0x10001
	return &Conn{s: s, ends: [2]string{from, to}, ports: [2]uint16{40000 + s.port, port}, seq: [2]uint32{n + 1000, n + 900000}}
}

func (c *Conn) packet(dir int, flags byte, options, payload []byte) {
	g := segment{sport: c.ports[dir], dport: c.ports[1-dir], seq: c.seq[dir], flags: flags, window: 64240, options: options}
	if flags&ack != 0 {
		g.ack = c.seq[1-dir]
	}
	c.s.Segment(c.ends[dir], c.ends[1-dir], g, payload)
	c.seq[dir] += uint32(len(payload))
	if flags&(syn|fin) != 0 {
		c.seq[dir]++
	}
}

// Say sends octets in a direction, acknowledged.
func (c *Conn) Say(dir int, p []byte) {
	for len(p) > 0 {
		n := min(len(p), 1460)
		c.packet(dir, psh|ack, nil, p[:n])
		c.packet(1-dir, ack, nil, nil)
		p = p[n:]
	}
}

// Up and Down say texts.
func (c *Conn) Up(text string)   { c.Say(up, []byte(text)) }
func (c *Conn) Down(text string) { c.Say(down, []byte(text)) }

// Close ends the connection, the client first.
func (c *Conn) Close() {
	c.packet(up, fin|ack, nil, nil)
	c.packet(down, fin|ack, nil, nil)
	c.packet(up, ack, nil, nil)
}
