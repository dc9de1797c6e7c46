package engine

import (
	"encoding/binary"

	"bulwark/event"
	"bulwark/event/eve"
	"bulwark/wire/http"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// subject is what is being shown to who looks into the traffic: what an alert is about.
type subject struct {
	whole   bool          // a packet, not what its stream says
	record  event.Payload // that is about to be told
	more    inspect.More  // what was read of its message besides
	frame   []byte        // the packet in hand as captured
	link    pcap.LinkType
	request *http.Transaction // a message of which has come to a stage
	last    event.Payload     // the record that was told last
	lastOf  uint64            // of this flow
	lastAt  uint64            // at this packet
	scribe  *scribe           // made at the first alert
	answers ldapAnswers       // scratch
	content *content          // a file of which bytes have come
	frames  inspect.Frame     // in hand
	inFrame bool
	beside  event.Payload // what is known of the message that the frame or the file is of
}

// scribe writes what an alert is about. It has memory of its own: what alerts are told of is being read.
type scribe struct {
	writer   eve.Writer
	http     event.HTTP
	file     event.File
	text     []byte
	buf      []byte
	joined   []byte // a packet that came in fragments
	event    event.Event
	message  embedded // at the beginning of buf
	evidence eve.Evidence
}

// maxEmbedded is how many bytes of what it is about an alert holds; of more it holds nothing.
const maxEmbedded = 128 << 10

// embed puts into a what it is about, as EVE has it.
func (w *Worker) embed(v *inspect.Flow, a *event.Alert) {
	l, s := &w.look, w.scribe()
	s.buf = s.buf[:0]
	s.message = embedded{}
	if p := w.about(v, s); p != nil {
		s.event = event.Event{Header: w.head, Payload: p}
		s.buf = s.writer.Objects(s.buf, &s.event)
		s.message = messageOf(p, s.buf)
		if file, ok := p.(*event.File); ok {
			s.buf = s.writer.Files(s.buf, file)
		} else if l.content != nil {
			s.buf = s.writer.Files(s.buf, w.fileAbout(s))
		}
	}
	if l.inFrame {
		fr := &l.frames
		s.buf = s.writer.Frame(s.buf, &eve.Frame{Name: fr.Name, Bytes: fr.Bytes, Length: fr.Length, Offset: fr.Offset, ID: fr.ID,
			TxID: placeOf(s.event.Payload), FromServer: a.FromServer,
			Payload: w.opt.Records.Payloads || w.opt.Records.Passwords})
	}
	if w.evidence(v, a, &s.evidence) {
		s.buf = s.writer.Evidence(s.buf, 0, &s.evidence)
	}
	if len(s.buf) <= maxEmbedded {
		a.Record = event.View(s.buf)
	}
	if a.TxID == 0 {
		a.TxID = placeOf(s.event.Payload)
		s.event.Payload = nil
	}
}

// evidence fills in what is shown of the packet in hand, and reports whether there is any.
func (w *Worker) evidence(v *inspect.Flow, a *event.Alert, e *eve.Evidence) bool {
	*e = eve.Evidence{}
	p := w.look.hand
	if p == nil {
		return false
	}
	if w.depth > 0 {
		outer := &w.pkt
		if w.depth > 1 {
			outer = &w.carried[w.depth-2]
		}
		a.Source = tunnelName(outer)
		e.Tunnel, e.Src, e.Dst, e.Proto = true, outer.SrcAddr(), outer.DstAddr(), outer.Proto
		e.Ports, e.Depth, e.Of = event.Ports{Src: outer.SrcPort, Dst: outer.DstPort}, uint64(w.depth), w.full.packet
	}
	r := &w.opt.Records
	if r.Payloads {
		e.Payload = p.Payload
		if v != nil && v.Said != nil {
			e.Payload, e.Stream = v.Said, true
		}
	}
	if r.Packets {
		w.bytesOf(e, p)
	}
	if p.Proto == packet.SCTP && len(p.Transport) >= 12 {
		e.SCTP = p.Transport
	}
	return e.Tunnel || e.Payload != nil || e.Packet != nil || e.SCTP != nil
}

// tellPacket tells of the packet in hand what rules ask for, where EVE is to have it.
func (w *Worker) tellPacket(p *event.Packet) {
	if r := &w.opt.Records; !w.opt.EVE || p.Noted && !r.Noted || !p.Noted && !r.Tagged {
		return
	}
	w.header(w.look.of)
	if !p.Noted {
		s := w.scribe()
		s.buf = s.writer.Evidence(s.buf[:0], 0, w.bytesOf(&eve.Evidence{}, w.look.hand))
		p.Record = event.View(s.buf)
	}
	w.opt.Sink.Event(&w.head, p)
}

// scribe is who writes what alerts are about.
func (w *Worker) scribe() *scribe {
	if w.look.scribe == nil {
		w.look.scribe = new(scribe)
		w.look.scribe.writer.Records = w.opt.Records
		w.look.scribe.writer.Hellos, w.look.scribe.writer.Headers = false, false // which stand in records of their own alone
	}
	return w.look.scribe
}

// bytesOf fills in the bytes of the packet in hand.
func (w *Worker) bytesOf(e *eve.Evidence, p *packet.Packet) *eve.Evidence {
	e.Packet, e.Link, e.LinkName = w.look.frame, uint64(w.look.link), linkNames[w.look.link]
	if w.depth > 0 { // what the tunnel carries
		e.Packet, e.Link, e.LinkName = p.Frame, 12, "RAW"
	}
	if p.Joined {
		s := w.scribe()
		s.joined = joined(s.joined[:0], e.Packet, p)
		e.Packet = s.joined
	}
	return e
}

// joined appends a packet whose fragments are all there: frame, which is that of the one that came last, as far as its header
// of IP, which says that it is whole, and what the fragments carried.
func joined(b, frame []byte, p *packet.Packet) []byte {
	at := cap(frame) - cap(p.Head) // the header points into the frame
	if at < 0 || at+len(p.Head) > len(frame) {
		return append(b, frame...)
	}
	b = append(append(b, frame[:at]...), p.Head...)
	h := b[at:]
	if p.V6 {
		h[6] = p.Proto
		binary.BigEndian.PutUint16(h[4:], uint16(len(h)-40+len(p.Transport)))
	} else {
		binary.BigEndian.PutUint16(h[2:], uint16(len(h)+len(p.Transport)))
		h[6], h[7], h[10], h[11] = 0, 0, 0, 0
		binary.BigEndian.PutUint16(h[10:], checksum(h))
	}
	return append(b, p.Transport...)
}

// checksum is that of a header of IPv4 (RFC 1071).
func checksum(h []byte) uint16 {
	s := uint32(0)
	for ; len(h) > 1; h = h[2:] {
		s += uint32(binary.BigEndian.Uint16(h))
	}
	s = s>>16 + s&0xffff
	return ^uint16(s>>16 + s)
}

// linkNames are the names of link types (tcpdump.org/linktypes.html).
var linkNames = map[pcap.LinkType]string{
	pcap.LinkEthernet: "EN10MB", pcap.LinkNull: "NULL", pcap.LinkPPP: "PPP", pcap.LinkRaw: "RAW", 12: "RAW", pcap.LinkSLL: "LINUX_SLL",
	pcap.LinkSLL2: "LINUX_SLL2", pcap.LinkCHDLC: "C_HDLC", pcap.LinkNFLog: "NFLOG", pcap.LinkLoop: "LOOP",
}

// tunnelName is how Suricata calls what a packet carries.
func tunnelName(outer *packet.Packet) string {
	switch outer.Proto {
	case 4:
		return "ipv4 tunnel"
	case 41:
		return "ipv6 tunnel"
	case 47:
		return "gre tunnel"
	}
	switch {
	case outer.DstPort == 6081:
		return "geneve encapsulation"
	case outer.DstPort == 3544 || outer.SrcPort == 3544:
		return "teredo tunnel"
	case outer.DstPort == 2152 || outer.SrcPort == 2152:
		return "gtp tunnel"
	}
	return "vxlan encapsulation"
}

// placeOf is the place of a record in its conversation, from 1; 0: it has none.
func placeOf(p event.Payload) uint64 {
	switch p := p.(type) {
	case *event.DNS:
		return p.TxID
	case *event.File:
		return p.TxID
	case *event.FTP:
		return p.TxID
	case *event.HTTP:
		return p.TxID
	case *event.POP3:
		return p.TxID
	case *event.PgSQL:
		return p.TxID
	case *event.RDP:
		return p.TxID
	case *event.SMB:
		return p.TxID
	case *event.SMTP:
		return p.TxID
	case *event.NFS:
		return p.TxID
	case *event.DCERPC:
		return p.TxID
	case *event.IMAP:
		return p.TxID
	}
	return 0
}

// about is the record that an alert is about: the one in hand, or what is known of the request in hand, or where a packet
// is in hand the one that it brought. nil: there is none.
func (w *Worker) about(v *inspect.Flow, s *scribe) event.Payload {
	l := &w.look
	switch {
	case v == nil:
		return nil
	case l.record != nil && l.record.Kind() != event.KindAnomaly:
		return l.record
	case l.inFrame && l.beside != nil:
		return l.beside
	case l.content != nil:
		p := l.beside
		if p == nil {
			p = w.knownOf(l.of)
		}
		if p != nil && placeOf(p) == l.content.facts.TxID {
			return p
		}
		return w.fileAbout(s)
	case l.request != nil:
		t := texts{buf: s.text[:0]}
		w.fillHTTP(&s.http, &t, l.request)
		stream(&s.http, l.request)
		s.text = t.buf
		return &s.http
	case l.last != nil && l.lastOf == v.ID && l.lastAt == w.count.packets:
		return l.last
	}
	return nil
}

// fileAbout is the file of which bytes are in hand.
func (w *Worker) fileAbout(s *scribe) *event.File {
	c := w.look.content
	t := texts{buf: s.text[:0]}
	s.file = event.File{App: c.facts.App, Name: t.masked(w, c.facts.Name), TxID: c.facts.TxID, Size: c.size, Lost: c.lost,
		Gaps: c.lost > 0, Complete: c.ended && c.lost == 0, Carrier: event.View(c.facts.Carrier)}
	s.text = t.buf
	return &s.file
}

// embedded is the message that an alert begins with.
type embedded struct {
	kind event.Kind
	tx   uint64
	size int // bytes of its objects without the end of the record
}

func messageOf(p event.Payload, objects []byte) embedded {
	return embedded{p.Kind(), placeOf(p), max(len(objects)-1, 0)}
}

// is reports whether p is the same message, as it is now.
func (m *embedded) is(p event.Payload) bool {
	if p == nil || m.size == 0 || p.Kind() != m.kind || placeOf(p) != m.tx {
		return false
	}
	return m.tx > 0 || m.kind == event.KindSSH || m.kind == event.KindTLS // there is but one in a connection
}

// again puts into an alert that waited what its message has become.
func (w *Worker) again(f *flow, a *event.Alert, m *embedded, p event.Payload) {
	if !m.is(p) {
		return
	}
	s, head := w.look.scribe, w.head
	w.header(f)
	s.event = event.Event{Header: w.head, Payload: p}
	w.head = head
	if s.buf = s.writer.Objects(s.buf[:0], &s.event); len(s.buf) > 0 {
		rest := a.Record[m.size:]
		m.size = len(s.buf) - 1
		s.buf = append(s.buf[:m.size], rest...)
		a.Record = event.View(s.buf)
	}
	s.event.Payload = nil
}

// knownOf is what the decoder of a flow knows of the message under way; nil where it knows nothing.
func (w *Worker) knownOf(f *flow) event.Payload {
	if f.conv == 0 {
		return nil
	}
	k, ok := w.conv(f).app.(knower)
	if !ok {
		return nil
	}
	return k.known()
}

// renew brings an alert that waited to the packet in hand.
func (w *Worker) renew(f *flow, a *event.Alert) {
	a.Passed = f.passed
	a.PacketsOut, a.PacketsIn, a.BytesOut, a.BytesIn = f.packets[0], f.packets[1], f.bytes[0], f.bytes[1]
}
