package engine

import (
	"bulwark/event"
	"bulwark/wire/atna"
	"bulwark/wire/dhcp"
	"bulwark/wire/dicom"
	"bulwark/wire/dicomweb"
	"bulwark/wire/dns"
	"bulwark/wire/dpws"
	"bulwark/wire/fhir"
	"bulwark/wire/intellivue"
	"bulwark/wire/packet"
	"bulwark/wire/spnego"
	"bulwark/wire/syslog"
)

// payloads are the worker's own, used again for each event.
type payloads struct {
	datagramPayloads
	flow          event.Flow
	stats         event.Stats
	anomaly       event.Anomaly
	dns           event.DNS
	message       dns.Message
	krb5          event.Kerberos
	auth          event.Auth
	hl7           event.HL7
	mysql         event.MySQL
	tds           event.TDS
	pgsql         event.PgSQL
	telnet        event.Telnet
	rfb           event.RFB
	rdp           event.RDP
	monitor       event.Monitor
	intellivue    intellivue.Message
	discovery     dpws.Message
	ieee11073     event.IEEE11073
	poct1a        event.POCT1A
	astm          event.ASTM
	asset         event.Asset
	dicom         event.DICOM
	smb           event.SMB
	rpc           event.DCERPC
	nfs           event.NFS
	tls           event.TLS
	ldap          event.LDAP
	ssh           event.SSH
	smtp          event.SMTP
	ftp           event.FTP
	ftpData       event.FTPData
	pop3          event.POP3
	imap          event.IMAP
	dhcp          event.DHCP
	dhcpMessage   dhcp.Message
	http          event.HTTP
	quic          event.QUIC
	webSocket     event.WebSocket
	dicomWeb      event.DICOMweb
	dicomWebIn    dicomweb.Interaction
	elements      dicom.Elements
	arena         []byte // of elements
	fhir          event.FHIR
	interaction   fhir.Interaction
	ids           [][]byte // of patients, scratch
	path          []byte   // of a target, scratch
	coding        []byte   // of a body, scratch
	reasons       []string // scratch
	question      []byte   // of DNS in an address, scratch
	mqtt          event.MQTT
	shown         []byte // of a record, scratch
	modbus        event.Modbus
	dnp3          event.DNP3
	enip          event.ENIP
	bacnet        event.BACnet
	s7            event.S7
	sip           event.SIP
	syslog        event.Syslog
	syslogMessage syslog.Message
	atna          event.ATNA
	audit         atna.Message
	text          []byte       // scratch
	token         spnego.Token // scratch
}

// sides counts, for one VLAN, the TCP flows that were seen in one and in both directions since the last report.
type sides struct{ one, two uint64 }

// emit sends a payload about f at the time of the packet in hand.
func (w *Worker) emit(f *flow, p event.Payload) {
	w.header(f)
	w.apps[f.app].Messages++
	w.showRecord(f, p)
	if w.opt.EVE {
		if w.full.tally.message(f, p) {
			w.extra(f).counted++
		}
		w.refresh(f, p)
		if w.hold(f, p) {
			return
		}
	}
	w.opt.Sink.Event(&w.head, p)
}

func (w *Worker) header(f *flow) {
	h := &w.head
	h.Time, h.Flow, h.Proto, h.Packet = w.clock, f.id, f.key.proto, w.full.packet
	h.VLAN, h.Inner, h.Third = f.key.vlanID(), f.key.inner, f.key.third
	if w.opt.EVE {
		h.SrcMAC, h.DstMAC, h.Back = f.mac[0], f.mac[1], w.back
		h.Notes = w.notesOf(f)
	}
	lo, hi := uint16(f.key.ports), uint16(f.key.ports>>16)
	if f.origin == low {
		h.Src, h.Dst = packet.Addr(&f.key.lo, f.key.v6), packet.Addr(&f.key.hi, f.key.v6)
		h.Ports = event.Ports{Src: lo, Dst: hi}
	} else {
		h.Src, h.Dst = packet.Addr(&f.key.hi, f.key.v6), packet.Addr(&f.key.lo, f.key.v6)
		h.Ports = event.Ports{Src: hi, Dst: lo}
	}
	if f.key.proto == packet.ICMP || f.key.proto == packet.ICMPv6 {
		h.Ports = event.Ports{Src: f.icmp >> 8, Dst: f.icmp & 0xff}
	}
}

func (w *Worker) lastTold(f *flow) int64 {
	if f.told == 0 {
		return f.first
	}
	return w.told[f.told-1].at
}

// tellTraffic reports what a lasting flow has carried since it was last told of.
func (w *Worker) tellTraffic(f *flow) {
	if f.told == 0 {
		if l := len(w.freeTold); l > 0 {
			f.told = w.freeTold[l-1]
			w.freeTold = w.freeTold[:l-1]
		} else {
			w.told = append(w.told, told{})
			f.told = uint32(len(w.told))
		}
		w.told[f.told-1] = told{}
	}
	t := &w.told[f.told-1]
	if f.packets == t.packets {
		t.at = w.now
		return
	}
	w.fillFlow(f, "Traffic")
	t.at, t.packets, t.bytes = w.now, f.packets, f.bytes
	w.sendFlow(f)
}

// tellEnd reports a flow that has ended.
func (w *Worker) tellEnd(f *flow) {
	w.fillFlow(f, "Close")
	p := &w.out.flow
	switch {
	case f.marks&markOver != 0:
		p.Reason = "shutdown"
	case f.marks&markForced != 0:
		p.Reason = "forced"
	default:
		p.Reason = "timeout"
	}
	if f.told != 0 {
		p.TotalOut, p.TotalIn = f.packets[0], f.packets[1]
		p.TotalBytesOut, p.TotalBytesIn = f.bytes[0], f.bytes[1]
	}
	if w.opt.EVE {
		w.tellMore(f)
	}
	w.noteSides(f)
	w.sendFlow(f)
}

func (w *Worker) sendFlow(f *flow) {
	w.header(f)
	w.opt.Sink.Event(&w.head, &w.out.flow)
}

var stateNames = [...]string{"new", "established", "closed"}

func (w *Worker) fillFlow(f *flow, activity string) {
	var before told
	if f.told != 0 {
		before = w.told[f.told-1]
	}
	buf := w.out.text[:0]
	var src, dst, id string
	if f.marks&markHasMAC != 0 {
		buf, src = appendMAC(buf, f.mac[0])
		buf, dst = appendMAC(buf, f.mac[1])
	}
	w.header(f)
	at := len(buf)
	buf = event.AppendCommunityID(buf, w.head.Src, w.head.Dst, w.head.Ports.Src, w.head.Ports.Dst, f.key.proto)
	id = event.View(buf[at:])
	w.out.text = buf
	w.out.flow = event.Flow{
		Activity: activity, App: f.app.String(), Start: uint64(f.first - w.skew), Duration: uint64(f.last - f.first),
		PacketsOut: f.packets[0] - before.packets[0], PacketsIn: f.packets[1] - before.packets[1],
		BytesOut: f.bytes[0] - before.bytes[0], BytesIn: f.bytes[1] - before.bytes[1],
		State: stateNames[f.state], FlagsOut: uint64(f.flags[0]), FlagsIn: uint64(f.flags[1]),
		OneSided: oneSided(f), LostOut: uint64(f.lost[0]), LostIn: uint64(f.lost[1]),
		SrcMAC: src, DstMAC: dst, CommunityID: id, Midstream: f.marks&markMid != 0, Alerted: f.alerted, Passed: f.passed,
	}
	if f.before != f.app {
		w.out.flow.AppBefore = f.before.String()
	}
	w.out.flow.AppOut, w.out.flow.AppIn = f.other[0].String(), f.other[1].String()
	switch {
	case f.key.proto == packet.ICMP || f.key.proto == packet.ICMPv6:
		w.out.flow.ICMPReply = uint64(f.next[1])
	case f.key.proto == packet.TCP && w.opt.Full:
		w.out.flow.TCPState = tcpStates[f.phase]
	}
}

// oneSided reports whether the other side of a TCP flow must have spoken, but was not seen: its sender acknowledges
// what nobody saw, or sends data, which needs a handshake.
func oneSided(f *flow) bool {
	if f.key.proto != packet.TCP {
		return false
	}
	return f.packets[1] == 0 && f.packets[0] > 2 && f.flags[0]&packet.ACK != 0 ||
		f.packets[0] == 0 && f.packets[1] > 1 && f.flags[1]&packet.ACK != 0
}

func (w *Worker) noteSides(f *flow) {
	if f.key.proto != packet.TCP || f.packets[0]+f.packets[1] < 3 {
		return
	}
	s := w.sides[f.key.vlanID()]
	if s == nil {
		s = new(sides)
		w.sides[f.key.vlanID()] = s // at most 4,096
	}
	if oneSided(f) {
		s.one++
	} else if f.packets[0] > 0 && f.packets[1] > 0 {
		s.two++
	}
}

// tellStats reports what crossed since the last report: the totals, each protocol, and each VLAN's sidedness.
func (w *Worker) tellStats() {
	c := &w.count
	took := uint64(w.now - w.lastStats)
	w.lastStats, w.nextStats = w.now, w.now+w.opt.Stats
	s := event.Stats{Interval: took, Packets: c.packets, Bytes: c.bytes, Flows: c.flows, Active: uint64(w.table.used),
		DroppedOwn: c.dropped, DroppedKernel: c.kernel, Undecoded: c.undecoded, Evicted: c.evicted, Interface: w.opt.Interface,
		Reassembly: uint64(w.pool.held)}
	w.files.count(&s)
	if w.look.on() {
		n := w.looked()
		s.Alerts, s.RulesAsked, s.RulesStopped, s.RulesRefused, s.AlertsOver = n.Alerts, n.Asked, n.Stopped, n.Refused, n.Over
	}
	w.counters()
	w.sendStats(s)
	for a := range w.apps {
		n := &w.apps[a]
		if n.Packets == 0 {
			continue
		}
		name := App(a).String()
		if App(a) == Unknown {
			name = "other"
		}
		w.sendStats(event.Stats{Interval: took, App: name, Packets: n.Packets, Bytes: n.Bytes, Messages: n.Messages,
			Flows: n.Flows, Interface: w.opt.Interface})
		*n = Count{}
	}
	for vlan, n := range w.sides {
		if n.one+n.two > 0 {
			w.sendStats(event.Stats{Interval: took, VLAN: uint64(vlan), OneSided: n.one, TwoSided: n.two,
				Interface: w.opt.Interface})
			*n = sides{}
		}
	}
}

// counters resets what a report has told.
func (w *Worker) counters() { w.count = counters{} }

func (w *Worker) sendStats(s event.Stats) {
	w.head = event.Header{Time: w.clock}
	w.out.stats = s
	w.opt.Sink.Event(&w.head, &w.out.stats)
}

const hexDigits = "0123456789abcdef"

func appendMAC(buf []byte, mac [6]byte) ([]byte, string) {
	at := len(buf)
	for i, b := range mac {
		if i > 0 {
			buf = append(buf, ':')
		}
		buf = append(buf, hexDigits[b>>4], hexDigits[b&15])
	}
	return buf, event.View(buf[at:])
}
