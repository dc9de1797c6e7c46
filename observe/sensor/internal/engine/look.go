package engine

import (
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/http"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// look is who looks into the traffic, and what it is shown.
type look struct {
	inspect.Inspector
	flow    inspect.Flow
	of      *flow  // that flow shows
	packet  uint64 // at which it was filled in, of those of the worker
	origin  end
	apps    [4]App
	hand    *packet.Packet // in hand, the innermost
	broken  flow           // of a packet that belongs to none
	loose   bool           // what it carries is no part of a stream
	sealed  bool           // what it carries is encrypted
	was     App            // of its flow, before it was read
	files   uint64         // shown so far
	notes   []byte         // of the flow in hand, for EVE
	count   inspect.Count  // what it did
	subject                // what is being shown
}

// on reports whether anybody looks.
func (l *look) on() bool { return l.Inspector != nil }

// wanted reports whether anybody looks at records of a kind.
func (w *Worker) wanted(kind event.Kind) bool { return w.look.on() && w.look.Records(kind) }

// view is f as it is shown; dir is the direction of what is shown. What a packet does not change of its flow is filled in
// once for it.
func (w *Worker) view(f *flow, dir wire.Dir) *inspect.Flow {
	l := &w.look
	v := &l.flow
	if l.of != f || v.ID != f.id || l.packet != w.count.packets || v.Packet != l.hand || l.origin != f.origin {
		w.ends(f)
	}
	if now := [4]App{f.app, f.other[0], f.other[1], f.before}; now != l.apps {
		l.apps = now
		v.App, v.AppOf, v.AppBefore = f.app.String(), [2]string{f.other[0].String(), f.other[1].String()}, f.before.String()
	}
	v.Dir = dir
	v.Loose, v.Sealed, v.Pass = l.loose, l.sealed, f.passed
	v.Established, v.Reset, v.Mid = f.state == stateEstablished, f.state == stateClosed, f.marks&markMid != 0
	return v
}

// ends fills in what is the same of f as long as a packet is in hand.
func (w *Worker) ends(f *flow) {
	l := &w.look
	l.of, l.packet, l.origin = f, w.count.packets, f.origin
	v := &l.flow
	v.ID, v.Time, v.First, v.Number = f.id, w.clock, f.first, w.full.packet
	v.SrcPort, v.DstPort = uint16(f.key.ports), uint16(f.key.ports>>16)
	if f.origin == low {
		v.Src, v.Dst = f.key.lo, f.key.hi
	} else {
		v.Src, v.Dst = f.key.hi, f.key.lo
		v.SrcPort, v.DstPort = v.DstPort, v.SrcPort
	}
	v.V6, v.Proto = f.key.v6, f.key.proto
	v.VLAN = [3]uint16{f.key.vlanID(), f.key.inner, f.key.third}
	v.Packets, v.Bytes, v.Packet = f.packets, f.bytes, l.hand
	v.Own, v.Size = &f.own, len(l.frame)
}

// showPacket shows a packet, after its stream took it. In EVE a protocol is known from the next packet on, as in Suricata, which
// reads a stream once it is acknowledged.
func (w *Worker) showPacket(f *flow, dir wire.Dir, p *packet.Packet) {
	if !w.look.on() || f.state == stateEstablished && p.Proto == packet.TCP && len(p.Payload) == 0 && f.app == w.look.was && w.look.Bare(f.own, dir, p.Flags) {
		return
	}
	w.look.whole = true
	v := w.view(f, dir)
	if w.early(f) {
		v.App, w.look.apps[0] = "", Unknown
	}
	w.look.Packet(v, p)
	w.look.whole = false
}

// showLoose shows a packet that belongs to no flow; w.head says what is known of it.
func (w *Worker) showLoose(p *packet.Packet) {
	if w.look.on() {
		head := w.head
		w.look.hand = p
		w.look.Packet(nil, p)
		w.head = head
	}
}

// showBroken shows a packet of IP whose transport cannot be read: it belongs to no flow, but has two ends.
func (w *Worker) showBroken(p *packet.Packet) {
	if !w.look.on() || !p.IP || p.Headless() {
		return
	}
	f := &w.look.broken
	*f = flow{first: w.now, apart: true}
	f.origin = keyOf(p, w.depth, &f.key)
	f.key.ports, f.key.proto = 0, 0
	if p.MAC != nil {
		f.mac[0], f.mac[1] = [6]byte(p.MAC[6:12]), [6]byte(p.MAC[:6])
	}
	w.look.hand, w.look.loose, w.back = p, false, false
	w.showPacket(f, wire.ToServer, p)
	w.showEnd(f, true)
}

// showStream shows bytes of a stream in their order; lost are missing before them. What is encrypted is not shown.
func (w *Worker) showStream(f *flow, c *conversation, dir wire.Dir, p []byte, lost int) {
	if w.look.on() && (c == nil || !c.sealed()) {
		w.look.Stream(w.view(f, dir), p, lost)
	}
}

// untold puts the bytes of a connection in order of which no decoder reads any: what comes ahead of its turn tells that
// something is missing.
func (w *Worker) untold(f *flow, dir wire.Dir, seq uint32, data []byte) {
	ahead := int(int32(seq - f.next[dir]))
	if ahead < 0 {
		if -ahead >= len(data) {
			return
		}
		data, ahead = data[-ahead:], 0
	}
	f.next[dir] += uint32(ahead + len(data))
	w.showStream(f, nil, dir, data, ahead)
}

// showHTTP shows that a message of HTTP has come to a stage.
func (w *Worker) showHTTP(f *flow, dir wire.Dir, s inspect.Stage, t *http.Transaction) {
	if w.look.on() {
		w.look.request = t
		w.look.HTTP(w.view(f, dir), s, t)
		w.look.request = nil
	}
}

// showRecord shows what is about to be told of f.
func (w *Worker) showRecord(f *flow, p event.Payload) {
	if !w.look.on() || ofTurns(p) {
		return
	}
	head := w.head
	if w.look.Records(p.Kind()) {
		var v *inspect.Flow
		if f != nil {
			v = w.view(f, w.inHand())
		}
		w.look.record = p
		w.look.Record(v, p, &w.look.more)
		w.look.record = nil
	}
	w.look.more.Reset()
	if f != nil && p.Kind() != event.KindAnomaly {
		w.look.last, w.look.lastOf, w.look.lastAt = p, f.id, w.count.packets
	}
	w.head = head
}

// ofTurns reports whether p is told of what was shown before, message by message.
func ofTurns(p event.Payload) bool {
	switch p.(type) {
	case *event.SIP, *event.DCERPC, *event.DNP3, *event.ENIP, *event.LDAP, *event.TLS, *event.SSH, *event.SMTP, *event.Kerberos, *event.NFS, *event.WebSocket:
		return true
	}
	return false
}

// showTurn shows what was read of a message of which nothing is told yet: its part of p, and what was added to w.look.more.
func (w *Worker) showTurn(f *flow, dir wire.Dir, p event.Payload) {
	head := w.head
	w.header(f)
	w.look.record, w.look.more.Turn = p, true
	w.look.Record(w.view(f, dir), p, &w.look.more)
	w.look.more.Reset()
	w.look.record, w.head = nil, head
}

// inHand is the direction of the packet in hand.
func (w *Worker) inHand() wire.Dir {
	if w.back {
		return wire.ToClient
	}
	return wire.ToServer
}

// notesOf is what rules have noted of f, for EVE.
func (w *Worker) notesOf(f *flow) string {
	if f.own == 0 || !w.look.on() {
		return ""
	}
	w.look.notes = w.look.Notes(w.look.notes[:0], w.view(f, w.look.flow.Dir))
	return event.View(w.look.notes)
}

// looked is what who looks into the traffic did since it was asked last.
func (w *Worker) looked() inspect.Count {
	n := w.look.Count()
	w.look.count.Add(n)
	return n
}

// showEnd shows that the conversation of f has ended.
func (w *Worker) showEnd(f *flow, gone bool) {
	if w.look.on() && f.own != 0 {
		v := w.view(f, w.inHand())
		w.look.End(v, gone)
		f.passed = v.Pass
	}
}

// Tell sends what an inspector found in the packet in hand; w is its [inspect.Teller].
func (w *Worker) Tell(v *inspect.Flow, p event.Payload) {
	if x, ok := p.(*event.Packet); ok {
		w.tellPacket(x)
		return
	}
	a, _ := p.(*event.Alert)
	if v != nil {
		w.look.of.alerted = true
		w.header(w.look.of)
		w.apps[w.look.of.app].Messages++
		if p := w.look.hand; p != nil && w.look.whole && (p.Proto == packet.ICMP || p.Proto == packet.ICMPv6) {
			w.head.Ports = event.Ports{Src: p.SrcPort, Dst: p.DstPort}
		}
	}
	if a != nil {
		a.Passed = v != nil && w.look.of.passed
		w.embed(v, a)
		if v != nil && !w.look.whole && w.opt.EVE && w.holdAlert(w.look.of, a) {
			return
		}
	}
	w.opt.Sink.Event(&w.head, p)
}
