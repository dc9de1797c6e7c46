package engine

import (
	"errors"
	"slices"

	"bulwark/wire"
	"bulwark/wire/mqtt"
)

// App is an application protocol. Zero is one that was not recognised.
type App uint8

// The application protocols that are recognised, by content.
const (
	Unknown App = iota
	DNS
	TLS
	HTTP
	SMB
	Kerberos
	LDAP
	DHCP
	SSH
	DICOM
	HL7
	ASTM
	SMTP
	FTP
	FTPData
	POP3
	IMAP
	MDNS
	LLMNR
	MQTT
	POCT1A
	QUIC
	HTTP2
	DoH2
	NBNS
	IKE
	TFTP
	NTP
	SNMP
	DHCPv6
	Modbus
	DNP3
	IEEE11073
	WSD
	ENIP
	IntelliVue
	CARESCAPE
	MEDIBUS
	BACnet
	S7
	DCERPC
	NFS
	ONCRPC
	WebSocket
	SIP
	RDP
	RFB
	Telnet
	Syslog
	PgSQL
	MySQL
	TDS
	RADIUS
	SOCKS
	DTLS
	STUN
	WireGuard
	SSDP
	appCount
)

var appNames = [appCount]string{
	DNS:        "dns",
	TLS:        "tls",
	HTTP:       "http",
	SMB:        "smb",
	Kerberos:   "krb5",
	LDAP:       "ldap",
	DHCP:       "dhcp",
	SSH:        "ssh",
	DICOM:      "dicom",
	HL7:        "hl7",
	ASTM:       "astm",
	MDNS:       "mdns",
	LLMNR:      "llmnr",
	MQTT:       "mqtt",
	POCT1A:     "poct1a",
	QUIC:       "quic",
	HTTP2:      "http2",
	DoH2:       "doh2",
	NBNS:       "nbns",
	IKE:        "ike",
	TFTP:       "tftp",
	NTP:        "ntp",
	SNMP:       "snmp",
	DHCPv6:     "dhcpv6",
	Modbus:     "modbus",
	DNP3:       "dnp3",
	IEEE11073:  "ieee11073",
	WSD:        "wsd",
	SMTP:       "smtp",
	ENIP:       "enip",
	IntelliVue: "intellivue",
	CARESCAPE:  "carescape",
	MEDIBUS:    "medibus",
	BACnet:     "bacnet",
	S7:         "s7",
	DCERPC:     "dcerpc",
	NFS:        "nfs",
	ONCRPC:     "oncrpc",
	WebSocket:  "websocket",
	SIP:        "sip",
	FTP:        "ftp",
	FTPData:    "ftp-data",
	POP3:       "pop3",
	IMAP:       "imap",
	RDP:        "rdp",
	RFB:        "rfb",
	Telnet:     "telnet",
	Syslog:     "syslog",
	PgSQL:      "pgsql",
	MySQL:      "mysql",
	TDS:        "tds",
	RADIUS:     "radius",
	SOCKS:      "socks",
	DTLS:       "dtls",
	STUN:       "stun",
	WireGuard:  "wireguard",
	SSDP:       "ssdp",
}

func (a App) String() string { return appNames[a] }

// application drives the decoder of one conversation and turns what it reads into events. See package wire for what
// its results mean.
type application interface {
	decode(w *Worker, f *flow, dir wire.Dir, p []byte) (done, need int, err error)
	gap(dir wire.Dir, n int) error
	close(w *Worker, f *flow)
	reset()
}

// protocol is how a stream protocol is recognised and decoded.
type protocol struct {
	app   App
	probe func(p []byte) (wire.Match, wire.Dir)
	make  func() application
}

// datagram is how a datagram protocol is recognised and decoded.
type datagram struct {
	app    App
	probe  func(p []byte) bool
	decode func(w *Worker, f *flow, dir wire.Dir, p []byte)
}

// ported is a datagram protocol at a port of its own.
type ported struct {
	port uint16
	datagram
}

// off reports whether a protocol is to be left alone over a transport, tcp or udp.
func (w *Worker) off(a App, transport string) bool {
	return slices.Contains(w.opt.Records.Off, a.String()) || slices.Contains(w.opt.Records.Off, a.String()+"/"+transport)
}

// leaveOff takes the protocols out that are to be left alone.
func (w *Worker) leaveOff() {
	for i := range w.protocols { // they keep their places: others may lead to them
		if w.off(w.protocols[i].app, "tcp") {
			w.protocols[i].probe = never
		}
	}
	w.datagrams = slices.DeleteFunc(w.datagrams, func(d datagram) bool { return w.off(d.app, "udp") })
	w.ported = slices.DeleteFunc(w.ported, func(d ported) bool { return w.off(d.app, "udp") })
}

// probe looks for the protocol of a conversation in its first bytes.
func (w *Worker) probe(f *flow, c *conversation, dir wire.Dir, data []byte) {
	h := &c.half[dir]
	h.seen += len(data)
	if h.foreign {
		w.setAside(f, c, dir, data)
		return
	}
	shown := data
	if len(h.pending) > 0 {
		if w.wait(f, c, dir, data); f.conv == 0 {
			return
		}
		shown = h.pending
	}
	unsure := false
	for i := range w.protocols {
		m, side := w.protocols[i].probe(shown)
		if m == wire.Yes {
			w.recognise(f, c, dir, data, i, side)
			return
		}
		unsure = unsure || m == wire.Unsure
	}
	if f.atPort(portMQTT) { // its shorter packets say little by themselves
		if m, side := mqtt.ProbeAtPort(shown); m == wire.Yes {
			w.recogniseAs(f, c, dir, data, MQTT, side)
			return
		}
	}
	if !unsure || h.seen > maxProbe {
		h.foreign = true
	}
	if len(h.pending) == 0 && h.seen <= maxProbe {
		w.wait(f, c, dir, data)
	}
	w.lookAway(f, c)
}

// setAside keeps the bytes of a side that is of no known protocol by itself: the other side may tell. None is kept where
// not all are.
func (w *Worker) setAside(f *flow, c *conversation, dir wire.Dir, data []byte) {
	h := &c.half[dir]
	switch {
	case len(h.pending) == 0:
	case h.seen <= maxProbe:
		w.wait(f, c, dir, data)
	default:
		w.pool.put(h.pending)
		h.pending = nil
	}
	if f.conv != 0 {
		w.lookAway(f, c)
	}
}

// lookAway leaves a conversation alone that is of no known protocol.
func (w *Worker) lookAway(f *flow, c *conversation) {
	a, b := &c.half[0], &c.half[1]
	if a.foreign && b.foreign || a.seen+b.seen > maxUnprobed {
		w.giveUp(f)
	}
}

// recogniseAs is recognise of a protocol by its name, unless it is to be left alone.
func (w *Worker) recogniseAs(f *flow, c *conversation, dir wire.Dir, data []byte, app App, side wire.Dir) {
	for i := range w.protocols {
		if w.protocols[i].app == app && !slices.Contains(w.opt.Records.Off, app.String()) {
			w.recognise(f, c, dir, data, i, side)
			return
		}
	}
}

// recognise starts the decoder of protocol i, which side's bytes in dir gave away, and feeds it what was seen.
func (w *Worker) recognise(f *flow, c *conversation, dir wire.Dir, data []byte, i int, side wire.Dir) {
	c.half[dir].heard = true
	if len(c.half[dir].pending) > 0 {
		data = nil // it stands at the end of pending
	}
	f.app = w.protocols[i].app
	w.apps[f.app].Flows++
	if w.opt.EVE {
		w.unheard(f, dir, &c.half[dir])
	}
	c.app = w.application(i)
	w.beginFrames(f, c)
	if side != wire.Either && side != dir && f.marks&markMid != 0 {
		w.turn(f, c)
		dir = side
	}
	for d := range wire.Dir(2) {
		if f.conv != 0 && len(c.half[d].pending) > 0 {
			w.unpend(f, c, d)
		} else if lost := c.half[d].seen; f.conv != 0 && d != dir && lost > 0 && c.app.gap(d, lost) != nil {
			w.giveUp(f) // what it said first was not kept
		}
	}
	if f.conv != 0 {
		w.decode(f, c, dir, data)
	}
}

// errOver means that a decoder has read all that it can of a conversation, and that the rest of it is skipped.
var errOver = errors.New("engine: nothing more to be read")

// over stands for the decoder of a conversation of which nothing more can be read, and which it has left for another.
type over struct{}

func (over) decode(*Worker, *flow, wire.Dir, []byte) (int, int, error) { return 1 << 62, 0, nil }
func (over) gap(wire.Dir, int) error                                   { return nil }
func (over) close(*Worker, *flow)                                      {}
func (over) reset()                                                    {}

// sealed reports whether all that is still to come of a conversation is encrypted.
func (c *conversation) sealed() bool {
	switch a := c.app.(type) {
	case over:
		return true
	case *tlsApp:
		return a.conv.Done()
	}
	return false
}

// release takes the decoder of a conversation back, of which it has read what it can.
func (w *Worker) free(f *flow, c *conversation) {
	w.leave(f, c.app, f.app)
	c.app = over{}
}

// leave ends a decoder and takes it back.
func (w *Worker) leave(f *flow, a application, app App) {
	a.close(w, f)
	a.reset()
	w.retire(a, app)
}

// errAnother means that the bytes that follow are another protocol: a proxy's tunnel, TLS behind STARTTLS.
var errAnother = errors.New("engine: another protocol follows")

// predecessor is a decoder that knows what follows it, and hands over to its decoder; nil when that is to be found out.
type predecessor interface{ heir() (App, application) }

// maxTurns is how often a conversation may turn to another protocol: a tunnel, and TLS or a mail protocol's TLS in it.
const maxTurns = 3

// another ends the decoder of a conversation and looks for the protocol of what follows.
func (w *Worker) another(f *flow, c *conversation) {
	if c.turns++; c.turns > maxTurns {
		w.giveUp(f)
		return
	}
	app, was := c.app, f.app
	c.app = nil
	f.before = was
	if p, ok := app.(predecessor); ok {
		if next, heir := p.heir(); heir != nil {
			f.app, c.app = next, heir
			w.apps[next].Flows++
			w.beginFrames(f, c)
		}
	}
	w.leave(f, app, was)
	for d := range c.half {
		h := &c.half[d]
		h.need, h.skip, h.seen, h.foreign = 0, 0, len(h.pending), false
	}
}

// turn swaps the ends of a flow that was picked up in the middle, where the answering side spoke first.
func (w *Worker) turn(f *flow, c *conversation) {
	w.swap(f)
	c.half[0], c.half[1] = c.half[1], c.half[0]
}

// swap swaps the ends of a flow.
func (w *Worker) swap(f *flow) {
	f.origin ^= 1
	w.back = !w.back
	f.packets[0], f.packets[1] = f.packets[1], f.packets[0]
	f.bytes[0], f.bytes[1] = f.bytes[1], f.bytes[0]
	f.next[0], f.next[1] = f.next[1], f.next[0]
	f.lost[0], f.lost[1] = f.lost[1], f.lost[0]
	f.flags[0], f.flags[1] = f.flags[1], f.flags[0]
	f.mac[0], f.mac[1] = f.mac[1], f.mac[0]
	known := f.marks & (markISN0 | markISN1)
	f.marks = f.marks&^(markISN0|markISN1) | known>>1&markISN0 | known<<1&markISN1
}

// applicationOf is a decoder of a protocol, used or new.
func (w *Worker) applicationOf(app App) application {
	for i := range w.protocols {
		if w.protocols[i].app == app {
			return w.application(i)
		}
	}
	return nil
}

// application is a decoder of protocol i, used or new.
func (w *Worker) application(i int) application {
	if l := len(w.idle[i]); l > 0 {
		a := w.idle[i][l-1]
		w.idle[i] = w.idle[i][:l-1]
		return a
	}
	a := w.protocols[i].make()
	if x, ok := a.(furnished); ok {
		x.furnish(w)
	}
	return a
}

// furnished is a decoder that shares memory with others of its worker: it is told where, once.
type furnished interface{ furnish(w *Worker) }

// conversation is the conversation of f, begun where there is none; nil when there is no room for one.
func (w *Worker) conversation(f *flow) *conversation {
	if f.conv != 0 {
		return w.conv(f)
	}
	if l := len(w.freeConvs); l > 0 {
		f.conv = w.freeConvs[l-1]
		w.freeConvs = w.freeConvs[:l-1]
		return w.conv(f)
	}
	if len(w.convs) >= w.maxConvs {
		w.count.dropped++
		f.marks |= markIgnored
		return nil
	}
	if len(w.slab) == 0 {
		w.slab = make([]conversation, convsAtOnce)
	}
	w.convs = append(w.convs, &w.slab[0])
	w.slab = w.slab[1:]
	f.conv = uint32(len(w.convs))
	return w.conv(f)
}

// many makes the decoders of a protocol several at a time.
func many[T any, P interface {
	*T
	application
}]() func() application {
	var made wire.Stock[T]
	return func() application { return P(made.Fresh()) }
}

// convsAtOnce is how many conversations are made at a time.
const convsAtOnce = 128

func (w *Worker) conv(f *flow) *conversation { return w.convs[f.conv-1] }

// giveUp ends the decoding of a flow; the flow itself goes on.
func (w *Worker) giveUp(f *flow) {
	w.endConversation(f)
	f.marks |= markIgnored
}

// endConversation lets the decoder report what is open, and takes the conversation back.
func (w *Worker) endConversation(f *flow) {
	if f.conv == 0 {
		return
	}
	n := f.conv
	c := w.conv(f)
	f.conv = 0
	if c.app != nil {
		c.unread()
		w.leave(f, c.app, f.app)
		c.app = nil
	}
	c.turns, c.cut = 0, nil
	for d := range c.half {
		h := &c.half[d]
		w.pool.put(h.pending)
		for _, s := range h.ahead {
			w.pool.put(s.data)
		}
		*h = half{ahead: h.ahead[:0]}
	}
	w.freeConvs = append(w.freeConvs, n)
}

// reckoner is a decoder that counts what it has the worker skip.
type reckoner interface{ unread(dir wire.Dir, n int64) }

// unread tells the decoder what it skipped and what never came.
func (c *conversation) unread() {
	r, ok := c.app.(reckoner)
	for d := range c.half {
		if n := c.half[d].skip; ok && n > 0 {
			r.unread(wire.Dir(d), int64(n))
		}
	}
}

const maxIdle = 4096 // decoders of one protocol that are kept for later use

// decoder is the protocol whose decoder reads a: some protocols are another one in a certain use.
func (a App) decoder() App {
	switch a {
	case DoH2:
		return HTTP2
	case LLMNR:
		return DNS
	}
	return a
}

func (w *Worker) retire(a application, app App) {
	if a == (over{}) {
		return
	}
	app = app.decoder()
	for i := range w.protocols {
		if w.protocols[i].app == app && len(w.idle[i]) < maxIdle {
			w.idle[i] = append(w.idle[i], a)
			return
		}
	}
}
