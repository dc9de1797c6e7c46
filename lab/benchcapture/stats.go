package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// edges are the lower ends, in bytes, of the classes of the length histogram.
var edges = [...]int{0, 64, 128, 256, 512, 1024, 1519}

// properties is what is said of a capture beside every figure measured on it.
type properties struct {
	packets, bytes            int64
	tcp, udp, vlan, fragments int64
	sizes                     [len(edges)]int64
	flows                     map[flow]struct{}
}

// flow is the two ends of a conversation, the lower one first: address and port, and the protocol.
type flow struct {
	a, b  [18]byte
	proto byte
}

func (p *properties) add(f []byte) {
	p.packets++
	p.bytes += int64(len(f))
	class := len(edges) - 1
	for len(f) < edges[class] {
		class--
	}
	p.sizes[class]++

	at, tagged := 12, false
	for at+2 <= len(f) {
		switch binary.BigEndian.Uint16(f[at:]) {
		case 0x8100, 0x88a8, 0x9100:
			at, tagged = at+4, true
			continue
		case 0x0800:
			p.ip4(f[at+2:])
		case 0x86dd:
			p.ip6(f[at+2:])
		}
		break
	}
	if tagged {
		p.vlan++
	}
}

func (p *properties) ip4(b []byte) {
	if len(b) < 20 || int(b[0]&15)*4 > len(b) {
		return
	}
	part := binary.BigEndian.Uint16(b[6:])
	if part&0x3fff != 0 {
		p.fragments++
	}
	var f flow
	copy(f.a[:], b[12:16])
	copy(f.b[:], b[16:20])
	if part&0x1fff != 0 {
		p.count(b[9])
		return
	}
	p.flow(f, b[9], b[int(b[0]&15)*4:])
}

func (p *properties) ip6(b []byte) {
	if len(b) < 40 {
		return
	}
	if b[6] == 44 {
		p.fragments++
	}
	proto, payload, ok := transport6(b)
	if !ok {
		return
	}
	var f flow
	copy(f.a[:], b[8:24])
	copy(f.b[:], b[24:40])
	p.flow(f, proto, payload)
}

func (p *properties) count(proto byte) {
	switch proto {
	case protoTCP:
		p.tcp++
	case protoUDP:
		p.udp++
	}
}

func (p *properties) flow(f flow, proto byte, payload []byte) {
	p.count(proto)
	f.proto = proto
	if (proto == protoTCP || proto == protoUDP) && len(payload) >= 4 {
		copy(f.a[16:], payload[0:2])
		copy(f.b[16:], payload[2:4])
	}
	if bytes.Compare(f.a[:], f.b[:]) > 0 {
		f.a, f.b = f.b, f.a
	}
	if p.flows == nil {
		p.flows = map[flow]struct{}{}
	}
	p.flows[f] = struct{}{}
}

func (p *properties) print(w io.Writer) {
	share := func(n int64) float64 { return 100 * float64(n) / float64(max(p.packets, 1)) }
	fmt.Fprintf(w, "packets    %d\nbytes      %d\nmean size  %.0f B\nflows      %d\n",
		p.packets, p.bytes, float64(p.bytes)/float64(max(p.packets, 1)), len(p.flows))
	fmt.Fprintf(w, "packets    TCP %.1f %%, UDP %.1f %%, VLAN %d, fragments %d\n",
		share(p.tcp), share(p.udp), p.vlan, p.fragments)
	for i, n := range p.sizes {
		class := fmt.Sprintf("%d B and more", edges[i])
		if i+1 < len(edges) {
			class = fmt.Sprintf("%d-%d B", edges[i], edges[i+1]-1)
		}
		fmt.Fprintf(w, "length     %-16s %5.1f %%\n", class, share(n))
	}
}
