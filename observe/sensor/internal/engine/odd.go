package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/packet"
)

// wary bounds how often an anomaly of one name is told: an attacker chooses how many there are.
type wary struct {
	second int64
	count  [packet.Oddities + int(streamOddities)]uint8
}

// mostTold is how many anomalies of one name are told within a second. The others are counted.
const mostTold = 10

// may reports whether one more anomaly of that place may be told.
func (w *Worker) may(place int) bool {
	w.count.anomalies++
	if w.opt.Full {
		return true
	}
	a := &w.wary
	if s := w.now / second; s != a.second {
		*a = wary{second: s}
	}
	if a.count[place] >= mostTold {
		return false
	}
	a.count[place]++
	return true
}

// oddities tells what is odd about the headers of p. That its network protocol is another, or that what IPv6 carries is
// none of those that are read (routers speak so), is nothing odd on a live network; Suricata says it.
func (w *Worker) oddities(p *packet.Packet) {
	for _, o := range p.Odd() {
		if o != packet.EthernetUnknownType && o != packet.IPv6UnknownNext || w.opt.EVE {
			w.odd(p, o)
		}
	}
}

func (w *Worker) odd(p *packet.Packet, o packet.Oddity) {
	if !w.may(int(o)) {
		return
	}
	w.head = event.Header{Time: w.clock, Packet: w.full.packet, VLAN: p.VLAN, Inner: p.Second, Third: p.Third}
	if w.opt.EVE && p.MAC != nil {
		w.head.SrcMAC, w.head.DstMAC = [6]byte(p.MAC[6:12]), [6]byte(p.MAC[:6])
	}
	if p.IP && !(w.opt.EVE && o.Headless()) {
		h := &w.head
		h.Src, h.Dst, h.Proto = p.SrcAddr(), p.DstAddr(), p.Proto
		h.Ports = event.Ports{Src: p.SrcPort, Dst: p.DstPort}
	}
	w.out.anomaly = event.Anomaly{Type: "decode", Event: o.String()}
	if o == packet.EthernetUnknownType {
		w.out.anomaly.EtherType = uint64(p.EtherType)
	}
	w.showRecord(nil, &w.out.anomaly)
	w.opt.Sink.Event(&w.head, &w.out.anomaly)
}

// compare looks whether the first bytes of dir are of the protocol that the other direction has told.
func (w *Worker) compare(f *flow, dir wire.Dir, data []byte) {
	if f.before != Unknown || w.speaks(f.app.decoder(), data) {
		f.other[dir] = Unknown
		return
	}
	for i := range w.protocols {
		if m, _ := w.protocols[i].probe(data); m == wire.Yes {
			f.other[dir] = w.protocols[i].app
			w.applayer(f, "proto_detect", "APPLAYER_MISMATCH_PROTOCOL_BOTH_DIRECTIONS", 0)
			return
		}
	}
	if dir == wire.ToClient {
		w.applayer(f, "proto_detect", "APPLAYER_DETECT_PROTOCOL_ONLY_ONE_DIRECTION", 0)
	}
}

// speaks reports whether bytes may be of a protocol.
func (w *Worker) speaks(app App, data []byte) bool {
	for i := range w.protocols {
		if w.protocols[i].app == app {
			m, _ := w.protocols[i].probe(data)
			return m != wire.No
		}
	}
	return false
}

// appAnomaly tells what is wrong with the protocol of f, by Suricata's name of it.
func (w *Worker) appAnomaly(f *flow, what string) { w.txAnomaly(f, what, 0) }

// txAnomaly is the same of a message whose place in its conversation is known, from 1.
func (w *Worker) txAnomaly(f *flow, what string, tx uint64) { w.applayer(f, "proto_parser", what, tx) }

// mostApp is how many anomalies are told between two reports of the counters before those of applications fall silent.
const mostApp = 1000

// applayer tells of an anomaly in the protocol of f; layer is the part that met it: proto_parser or proto_detect; tx is the
// place of the message, from 1, or 0.
func (w *Worker) applayer(f *flow, layer, name string, tx uint64) {
	if w.count.anomalies++; !w.opt.Full && w.count.anomalies > mostApp {
		return
	}
	w.out.anomaly = event.Anomaly{Type: "applayer", Event: name, App: f.app.String(), Layer: layer, TxID: tx}
	w.emit(f, &w.out.anomaly)
}
