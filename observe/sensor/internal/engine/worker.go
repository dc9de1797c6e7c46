// Package engine is the sensor's loop: packets in, events out. One [Worker] runs on one core to completion: it
// decodes a packet, finds its flow, puts TCP segments in order, lets the decoder of the flow's protocol read them and
// hands what it says to a [Sink]. Workers share nothing, take no lock, and allocate nothing per packet once warm.
package engine

import (
	"bulwark/event"
	"bulwark/event/eve"
	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/dcerpc"
	"bulwark/wire/enip"
	"bulwark/wire/ftp"
	"bulwark/wire/hl7"
	"bulwark/wire/http"
	"bulwark/wire/imap"
	"bulwark/wire/inspect"
	"bulwark/wire/ldap"
	"bulwark/wire/modbus"
	"bulwark/wire/mqtt"
	"bulwark/wire/nfs"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
	"bulwark/wire/pop3"
	"bulwark/wire/quic"
	"bulwark/wire/s7"
	"bulwark/wire/smb"
	"bulwark/wire/tls"
)

// Sink takes the events of a worker. It must copy what it keeps.
type Sink interface {
	Event(h *event.Header, p event.Payload)
}

// Limits bound what a worker holds. A zero field means the default.
type Limits struct {
	Flows         int // flows at a time; default 1,000,000
	Conversations int // flows whose payload is decoded at a time; default 250,000
	Reassembly    int // bytes that wait for decoding or for missing segments; default 256 MiB
	Files         int // files that are under way at a time; default 16,384
	Unpacking     int // bytes of the decoders that unpack files; default 64 MiB
	Unpacked      int // bytes that are unpacked of one file; default 256 MiB
	Ratio         int // more than so many times what was packed is a bomb, beyond 16 MiB; default 200
}

// Options are what a worker is made from.
type Options struct {
	Sink      Sink
	Patients  *pseudonym.Pseudonyms // replaces patient identifiers; not shared between workers
	Others    Learner               // is told what this worker learns of patients; nil when it is alone
	Limits    Limits
	Seed      uint64                                 // secret of the flow table's hash
	FirstFlow uint64                                 // id of the first flow
	FlowStep  uint64                                 // distance between flow ids: the number of workers
	Report    int64                                  // nanoseconds between two flow events of a lasting flow; 0: one at its end
	Stats     int64                                  // nanoseconds between two rounds of stats events; 0: none
	Interface string                                 // named in stats events
	Overlaps  []Overlap                              // how the systems that are watched put together what overlaps
	Look      func(inspect.Teller) inspect.Inspector // makes who looks into the traffic; nil: nobody does
	Full      bool                                   // tell also what is long and rarely searched: JA3 texts
	Hashes    Hashes                                 // digests that are made of files; 0: SHA-256
	Records   eve.Records                            // with EVE: what is written down for it
	Extract   *Extraction                            // which files are copied; nil: none
	AllFiles  bool                                   // what HTTP carries are files even where it is said to be a part of a page
	EVE       bool                                   // tell what EVE has a record of: each SMB transaction, in place of what came of them
}

// Time-outs of flows, in nanoseconds; those of TCP and UDP are Suricata's defaults.
const (
	second             = int64(1e9)
	timeoutNew         = 30 * second
	timeoutNewTCP      = 60 * second
	timeoutEstablished = 300 * second
	timeoutTCP         = 600 * second
	timeoutClosed      = 10 * second // late segments still belong to the flow
)

// counters are a worker's own.
type counters struct {
	packets, bytes           uint64
	flows, evicted           uint64
	undecoded, malformed     uint64
	gaps, dropped, fragments uint64
	anomalies                uint64
	kernel                   uint64 // packets that were lost before they came here
}

// Count is the traffic of one application protocol.
type Count struct{ Packets, Bytes, Messages, Flows uint64 }

// Worker watches the packets of one core.
type Worker struct {
	opt   Options
	table *table
	wheel wheel
	frags fragments
	pool  pool
	pkt   packet.Packet

	carried [maxDepth]packet.Packet // packets within pkt, within one another
	depth   int                     // tunnels around the packet in hand
	notes   [maxDepth + 1]uint32    // the flows of the packet in hand, the outermost first
	noted   int                     // how many there are
	said    []byte                  // the payload of the innermost packet in hand
	bare    key                     // its ends, where it is of no flow itself
	key     key

	convs     []*conversation
	slab      []conversation // made, not used yet
	freeConvs []uint32
	maxConvs  int
	targets   []target
	protocols []protocol
	datagrams []datagram
	ported    []ported
	decoders  [appCount]func(w *Worker, f *flow, dir wire.Dir, p []byte) // of datagrams
	idle      [][]application

	told      []told
	freeTold  []uint32
	nextFlow  uint64
	clock     int64 // unix nanoseconds of the packet in hand, by the capture's clock
	skew      int64 // added to the capture's clock so that time never runs back far
	now       int64 // clock + skew: what time-outs go by
	nextStats int64
	lastStats int64

	asked        [askedSlots]asked
	facts        facts
	devices      devicePrints
	neighbours   *neighbours
	radius       *radiusAsked // made at the first message of RADIUS
	archives     archives
	space        wire.Space // of the small buffers of decoders
	segments     wire.Rows[segment]
	opener       quic.Opener
	certificates tls.Certificates
	transactions http.Pool
	smb          smb.Pool
	rpc          dcerpc.Pool
	nfs          nfs.Pool
	enip         enip.Pool
	hl7          hl7.Pool
	ldap         ldap.Pool
	modbus       modbus.Pool
	s7           s7.Pool
	ftp          wire.Stock[ftp.Exchange]
	imap         wire.Stock[imap.Exchange]
	pop3         wire.Stock[pop3.Exchange]
	mqtt         wire.Stock[mqtt.Exchange]
	letters      letters
	expectations expectations
	bodies       wire.Stock[httpFiles]
	bodyLists    wire.Rows[*httpFiles]
	pipes        wire.Stock[smbPipe]
	contents     wire.Stock[smbContent]
	transfers    wire.Stock[transfer]
	requests     wire.Stock[tftpRequest]
	files        files
	count        counters
	apps         [appCount]Count
	sides        map[uint16]*sides
	full         full
	wary         wary
	look         look
	back         bool // the packet in hand went to the end that began its flow
	head         event.Header
	out          payloads
}

// told is what earlier flow events of a flow have said.
type told struct {
	at      int64
	packets [2]uint64
	bytes   [2]uint64
}

// New is a worker with empty tables.
func New(o Options) *Worker {
	l := &o.Limits
	l.Flows = orDefault(l.Flows, 1_000_000)
	l.Conversations = orDefault(l.Conversations, 250_000)
	l.Reassembly = orDefault(l.Reassembly, 256<<20)
	l.Files = orDefault(l.Files, 16<<10)
	l.Unpacking = orDefault(l.Unpacking, 64<<20)
	l.Unpacked = orDefault(l.Unpacked, 256<<20)
	l.Ratio = orDefault(l.Ratio, 200)
	if o.Hashes == 0 || o.Extract != nil {
		o.Hashes |= SHA256 // copies are named by it
	}
	w := &Worker{opt: o, table: newTable(l.Flows, o.Seed), maxConvs: l.Conversations, nextFlow: o.FirstFlow,
		protocols: streamProtocols(), datagrams: datagramProtocols(), ported: portedProtocols(), sides: map[uint16]*sides{}}
	w.leaveOff()
	w.pool.limit = l.Reassembly
	w.transactions.Space, w.enip.Space, w.hl7.Space = &w.space, &w.space, &w.space
	w.ldap.Space, w.ldap.Token = &w.space, &w.out.token
	w.smb.Space, w.smb.Token = &w.space, &w.out.token
	w.rpc.Space, w.rpc.Token = &w.space, &w.out.token
	w.nfs.Space, w.nfs.Token = &w.space, &w.out.token
	for _, d := range w.datagrams {
		w.decoders[d.app] = d.decode
	}
	for _, d := range w.ported {
		w.decoders[d.app] = d.decode
	}
	w.idle = make([][]application, len(w.protocols))
	w.files.packers.limit = l.Unpacking
	w.targets = targets(o.Overlaps)
	w.frags.init(&w.pool)
	w.devices.load()
	if o.EVE {
		w.full.tally = newTally()
	}
	if o.Look != nil {
		w.look.Inspector = o.Look(w)
	}
	return w
}

func orDefault(n, d int) int {
	if n <= 0 {
		return d
	}
	return n
}

// Packet takes one frame: at is its time in unix nanoseconds, size its length on the wire, vlan the id that the
// kernel took out of it. The frame is not kept.
func (w *Worker) Packet(at int64, link pcap.LinkType, size int, vlan uint16, frame []byte) {
	w.look.hand, w.look.frame, w.look.link = nil, frame, link // the one before is gone
	w.advance(at)
	w.count.packets++
	w.count.bytes += uint64(size)
	if w.opt.Full {
		w.full.packet++
	}
	w.noted, w.said = 0, nil
	p := &w.pkt
	fault := packet.Decode(link, frame, p)
	p.Tag(vlan)
	if len(p.Odd()) > 0 {
		w.oddities(p)
	}
	if w.opt.EVE {
		w.full.tally.frame(link, size, p, fault)
	}
	if fault == packet.OK && p.Fragment {
		if !w.frags.whole(w, p) {
			w.apps[Unknown].Packets++
			w.apps[Unknown].Bytes += uint64(size)
			return
		}
	}
	if fault != packet.OK {
		if p.ARP() {
			w.arp(p)
		}
		w.showBroken(p)
		w.fault(fault, size)
		return
	}
	w.packet(p, size)
}

func (w *Worker) fault(fault packet.Fault, size int) {
	w.apps[Unknown].Packets++
	w.apps[Unknown].Bytes += uint64(size)
	switch fault {
	case packet.NotIP:
	case packet.BadLink:
		w.count.undecoded++
	default:
		w.count.undecoded++
	}
}

func (w *Worker) packet(p *packet.Packet, size int) {
	if p.Carrier() && w.unwrap(p) {
		return
	}
	from := keyOf(p, w.depth, &w.key)
	h := w.key.hash(w.table.seed)
	f, n := w.table.find(&w.key, h)
	if f != nil && ((f.state == stateClosed || f.apart) && p.Proto == packet.TCP && p.Flags&(packet.SYN|packet.ACK) == packet.SYN ||
		w.now-f.last > timeoutClosed && w.now-f.last > timeout(f)) {
		w.end(f, n) // the ports are used anew, or the wheel, which turns by the second, has not come to it
		f = nil
	}
	if f == nil {
		if f, n = w.begin(p, h, from); f == nil {
			return
		}
	}
	w.note(n)
	w.look.hand, w.look.loose, w.look.was = p, false, f.app
	w.look.sealed = w.look.on() && f.conv != 0 && len(p.Payload) > 0 && w.conv(f).sealed()
	dir := f.dirOf(from)
	w.back = dir == wire.ToClient
	w.said = p.Payload
	f.last = w.now
	f.packets[dir]++
	f.bytes[dir] += uint64(size)
	if w.opt.EVE {
		w.notice(f, dir, p)
	}
	c := &w.apps[f.app]
	c.Packets++
	c.Bytes += uint64(size)
	if p.Proto == packet.TCP {
		w.tcp(f, n, dir, p)
		w.showPacket(f, f.dirOf(from), p)
		return
	}
	if dir == wire.ToClient {
		if f.state == stateNew && (p.Proto == packet.ICMP || p.Proto == packet.ICMPv6) {
			f.next[wire.ToClient] = 1 + uint32(p.SrcPort)<<8 | uint32(p.DstPort)&0xff
		}
		f.state = stateEstablished
	}
	if p.Proto != packet.UDP {
		w.showPacket(f, dir, p)
		return
	}
	if f.marks&markIgnored == 0 && len(p.Payload) > 0 {
		w.udp(f, dir, p.Payload)
	}
	w.showPacket(f, f.dirOf(from), p)
	w.unwrap(p)
}

// maxDepth is how many tunnels within one another are opened.
const maxDepth = 3

// unwrap follows the packet that p carries, if it carries one.
func (w *Worker) unwrap(p *packet.Packet) bool {
	if w.depth == maxDepth {
		if p.Carrier() {
			w.odd(p, packet.TooManyLayers)
		}
		return false
	}
	q := &w.carried[w.depth]
	size := p.Inner(q)
	if size == 0 {
		return false
	}
	w.depth++
	if len(q.Odd()) > 0 {
		w.oddities(q)
	}
	if w.opt.EVE {
		w.full.tally.carrier(p)
		w.full.tally.packet(q)
	}
	if q.ARP() {
		w.arp(q)
	} else if !q.Fragment || w.frags.whole(w, q) {
		w.packet(q, size)
	}
	w.depth--
	return true
}

// begin makes the flow of p, which from began as far as one can tell. nil: there is no room even after eviction.
func (w *Worker) begin(p *packet.Packet, h uint64, from end) (*flow, uint32) {
	f, n := w.table.add(&w.key, h)
	if f == nil {
		w.evict()
		if f, n = w.table.add(&w.key, h); f == nil {
			w.count.dropped++
			return nil, 0
		}
	}
	w.count.flows++
	if w.opt.EVE {
		w.full.tally.begun(w.key.proto)
	}
	f.id = w.nextFlow
	w.nextFlow += w.opt.FlowStep
	f.first, f.last, f.origin = w.now, w.now, from
	f.icmp = p.SrcPort<<8 | p.DstPort&0xff
	if p.MAC != nil {
		f.mac[0], f.mac[1] = [6]byte(p.MAC[6:12]), [6]byte(p.MAC[:6])
		f.marks |= markHasMAC
	}
	if w.opt.EVE && p.Proto == packet.TCP {
		f.apart = w.apart(p.Flags)
		f.passed = w.opt.Records.PassMiddle && p.Flags&(packet.SYN|packet.ACK) != packet.SYN
	}
	if p.Proto == packet.TCP && p.Flags&packet.SYN == 0 {
		f.marks |= markMid
		if likelyServer(p.SrcPort, p.DstPort) {
			f.origin ^= 1
			f.mac[0], f.mac[1] = f.mac[1], f.mac[0]
		}
	} else if p.Proto == packet.TCP && p.Flags&packet.ACK != 0 { // a SYN-ACK: the answer came first or alone
		f.origin ^= 1
		f.mac[0], f.mac[1] = f.mac[1], f.mac[0]
	}
	w.table.schedule(&w.wheel, f, n, w.due(f)/second)
	w.meet(f)
	return f, n
}

// likelyServer guesses whether a packet seen in the middle of a connection comes from the serving side: the lower of
// a well-known and an ephemeral port serves.
func likelyServer(src, dst uint16) bool { return src < 1024 && dst >= 1024 }

func (w *Worker) udp(f *flow, dir wire.Dir, p []byte) {
	if app := w.datagramApp(f, p); app != f.app {
		f.app = app
		w.apps[app].Flows++
	}
	if decode := w.decoders[f.app]; decode != nil {
		decode(w, f, dir, p)
		if f.conv != 0 && w.look.on() {
			w.datagramFrames(f, dir, p)
		}
		return
	}
	if f.packets[0]+f.packets[1] >= 4 {
		f.marks |= markIgnored
	}
}

// datagramApp is the protocol of a flow by the datagram at hand: that of its port if it looks like it, else the one
// that the flow was recognised to be, or the first that the datagram looks like. The first datagrams at a port may be
// others than those that follow.
func (w *Worker) datagramApp(f *flow, p []byte) App {
	if f.packets[0]+f.packets[1] <= 4 && f.conv == 0 || f.app == Unknown {
		lo, hi := uint16(f.key.ports), uint16(f.key.ports>>16)
		for i := range w.ported {
			if t := &w.ported[i]; (t.port == lo || t.port == hi) && t.probe(p) {
				return t.app
			}
		}
	}
	if f.app != Unknown {
		return f.app
	}
	for i := range w.datagrams {
		if w.datagrams[i].probe(p) {
			return w.datagrams[i].app
		}
	}
	return Unknown
}

// advance sets the clock to a packet's time. A clock that is set back does not stall the time-outs: the difference is
// added from then on.
func (w *Worker) advance(at int64) {
	w.clock = at
	t := at + w.skew
	if t <= w.now {
		if t < w.now-10*second {
			w.skew = w.now - at
		}
		return
	}
	if w.now == 0 {
		w.wheel.now = t / second
		w.nextStats, w.lastStats = t+w.opt.Stats, t
		w.full.began = t
	}
	w.now = t
	if t/second > w.wheel.now {
		w.expire(t / second)
	}
	if w.opt.Stats > 0 && t >= w.nextStats {
		w.tellStats()
	}
}

// KernelDropped notes that n packets were lost before they came here.
func (w *Worker) KernelDropped(n uint64) { w.count.kernel += n }

// Learner is told of patients, so that they are known again in a file name.
type Learner interface {
	Identifier(authority, id []byte)
	Name(raw []byte)
}

// learn notes an identifier that is certain to be a patient's.
func (w *Worker) learn(authority, id []byte) {
	w.opt.Patients.Learn(authority, id)
	if w.opt.Others != nil {
		w.opt.Others.Identifier(authority, id)
	}
}

// learnName notes the name of a patient.
func (w *Worker) learnName(raw []byte) {
	if len(raw) == 0 {
		return
	}
	w.opt.Patients.LearnName(raw)
	if w.opt.Others != nil {
		w.opt.Others.Name(raw)
	}
}

// Identifier notes an identifier that another worker has seen; with [Worker.Name] it makes a worker a [Learner].
func (w *Worker) Identifier(authority, id []byte) { w.opt.Patients.Learn(authority, id) }

// Name notes a patient's name that another worker has seen.
func (w *Worker) Name(raw []byte) { w.opt.Patients.LearnName(raw) }

// Tick moves the clock on while no packet comes. at is in unix nanoseconds.
func (w *Worker) Tick(at int64) {
	w.look.hand = nil
	if w.now != 0 {
		w.advance(at)
	}
}

// expire visits the slots of the wheel up to sec. A jump over the whole wheel visits each slot once.
func (w *Worker) expire(sec int64) {
	from := max(w.wheel.now+1, sec-wheelSlots+1)
	for s := from; s <= sec; s++ {
		w.wheel.now = s
		slot := s & (wheelSlots - 1)
		n := w.wheel.slots[slot]
		w.wheel.slots[slot] = 0
		for n != 0 {
			f := w.table.at(n)
			next := f.wnext
			w.visit(f, n)
			n = next
		}
	}
	w.wheel.now = sec
	w.frags.expire(w.now)
}

// visit ends f if its time has come, tells about it if that is due, and puts it back otherwise.
func (w *Worker) visit(f *flow, n uint32) {
	if w.now >= f.last+timeout(f) {
		f.wnext, f.wprev, f.wslot = 0, 0, noSlot
		w.end(f, n)
		return
	}
	if w.opt.Report > 0 && w.now >= w.lastTold(f)+w.opt.Report {
		w.tellTraffic(f)
	}
	w.table.schedule(&w.wheel, f, n, w.due(f)/second)
}

// due is when f is to be looked at again, in nanoseconds.
func (w *Worker) due(f *flow) int64 {
	at := f.last + timeout(f) + second
	if w.opt.Report > 0 {
		at = min(at, w.lastTold(f)+w.opt.Report+second)
	}
	return at
}

func timeout(f *flow) int64 {
	switch {
	case f.state == stateClosed:
		return timeoutClosed
	case f.key.proto == packet.TCP && f.state == stateNew:
		return timeoutNewTCP
	case f.key.proto == packet.TCP:
		return timeoutTCP
	case f.state == stateNew:
		return timeoutNew
	}
	return timeoutEstablished
}

// shut notes that a TCP connection has ended: what it said is reported now, the flow itself a little later.
func (w *Worker) shut(f *flow, n uint32) {
	if f.state == stateClosed {
		return
	}
	w.flush(f)
	w.endConversation(f)
	w.showEnd(f, false)
	f.state = stateClosed
	f.marks |= markIgnored
	w.table.unschedule(&w.wheel, f)
	w.table.schedule(&w.wheel, f, n, (w.now+timeoutClosed)/second+1)
}

// end reports a flow and forgets it.
func (w *Worker) end(f *flow, n uint32) {
	number := w.full.packet
	if f.key.proto == packet.TCP {
		w.full.packet = 0 // what is told now is of no packet
	}
	defer func() { w.full.packet = number }()
	w.full.held.final = w.opt.EVE
	w.flush(f)
	w.endConversation(f)
	w.showEnd(f, false)
	if w.opt.EVE {
		w.full.held.final = false
		w.release(f, 0, 0, true)
		w.full.tally.ended(f)
	}
	w.tellEnd(f)
	w.showEnd(f, true)
	w.full.forget(f)
	if f.told != 0 {
		w.freeTold = append(w.freeTold, f.told)
	}
	w.table.unschedule(&w.wheel, f)
	w.table.remove(f, n)
}

// evict ends the flows that would end first, to make room.
func (w *Worker) evict() {
	for range 16 {
		n := w.wheel.soonest()
		if n == 0 {
			return
		}
		f := w.table.at(n)
		f.marks |= markForced
		w.count.evicted++
		w.end(f, n)
	}
}

// Close ends all flows, as at the end of a capture, in the order in which they began to be known.
func (w *Worker) Close() {
	w.look.hand = nil
	for n := uint32(1); n <= w.table.made; n++ {
		if f := w.table.at(n); f.marks&markLive != 0 {
			f.marks |= markOver
			w.end(f, n)
		}
	}
	w.frags.clear()
	switch {
	case w.opt.Stats > 0 && w.now > w.lastStats:
		w.tellStats()
	case w.look.on():
		w.looked() // so that it tells what it counted
	}
	if w.opt.EVE {
		w.tellTally()
	}
}
