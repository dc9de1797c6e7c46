package engine

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"bulwark/event"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// tally counts what Suricata's stats record tells at the end, by its names. Only when EVE is written.
type tally struct {
	n       [tallies]uint64
	flows   byApp // of an application protocol
	tx      byApp // its transactions
	errors  byApp // its parser's errors
	states  [len(stateNames)]uint64
	phases  [len(tcpStates)]uint64
	odd     map[string]uint64 // decoder events
	streams [streamOddities]uint64
}

// byApp counts by application protocol, over UDP and over all else.
type byApp [appCount][2]uint64

func (b *byApp) add(f *flow) {
	if f.key.proto == packet.UDP {
		b[f.app][1]++
	} else {
		b[f.app][0]++
	}
}

// The plain counters.
const (
	tallyPackets = iota
	tallyBytes
	tallyInvalid
	tallyIPv4
	tallyIPv6
	tallyEthernet
	tallyARP
	tallyUnknownType
	tallyRaw
	tallyNull
	tallySLL
	tallySLL2
	tallyCHDLC
	tallyPPP
	tallyPPPoE
	tallyMPLS
	tallyNSH
	tallyTCP
	tallyUDP
	tallySCTP
	tallyESP
	tallyICMPv4
	tallyICMPv6
	tallyGRE
	tallyERSPAN
	tallyVLAN
	tallyQinQ
	tallyVXLAN
	tallyGeneve
	tallyTeredo
	tallyIPv4in4
	tallyIPv6in4
	tallyMaxSize
	tallyFragments4
	tallyReassembled4
	tallyFragments6
	tallyReassembled6
	tallyFlows
	tallyFlowsTCP
	tallyFlowsUDP
	tallyFlowsICMPv4
	tallyFlowsICMPv6
	tallySessions
	tallySYN
	tallySYNACK
	tallyRST
	tallyMidstream
	tallyGap
	tallyOverlap
	tallyOverlapDiffers
	tallyFailedTCP
	tallyFailedUDP
	tallies
)

var tallyNames = [tallies]string{
	tallyPackets: "decoder.pkts", tallyBytes: "decoder.bytes", tallyInvalid: "decoder.invalid", tallyIPv4: "decoder.ipv4",
	tallyIPv6: "decoder.ipv6", tallyEthernet: "decoder.ethernet", tallyARP: "decoder.arp",
	tallyUnknownType: "decoder.unknown_ethertype", tallyRaw: "decoder.raw", tallyNull: "decoder.null", tallySLL: "decoder.sll",
	tallySLL2: "decoder.sll2", tallyCHDLC: "decoder.chdlc", tallyPPP: "decoder.ppp", tallyPPPoE: "decoder.pppoe", tallyMPLS: "decoder.mpls",
	tallyNSH: "decoder.nsh", tallyTCP: "decoder.tcp",
	tallyUDP: "decoder.udp", tallySCTP: "decoder.sctp", tallyESP: "decoder.esp", tallyICMPv4: "decoder.icmpv4",
	tallyICMPv6: "decoder.icmpv6", tallyGRE: "decoder.gre", tallyERSPAN: "decoder.erspan", tallyVLAN: "decoder.vlan",
	tallyQinQ: "decoder.vlan_qinq", tallyVXLAN: "decoder.vxlan", tallyGeneve: "decoder.geneve", tallyTeredo: "decoder.teredo",
	tallyIPv4in4: "decoder.ipv4_in_ipv4", tallyIPv6in4: "decoder.ipv6_in_ipv4", tallyMaxSize: "decoder.max_pkt_size", tallyFragments4: "defrag.ipv4.fragments", tallyReassembled4: "defrag.ipv4.reassembled",
	tallyFragments6: "defrag.ipv6.fragments", tallyReassembled6: "defrag.ipv6.reassembled",
	tallyFlows: "flow.total", tallyFlowsTCP: "flow.tcp", tallyFlowsUDP: "flow.udp",
	tallyFlowsICMPv4: "flow.icmpv4", tallyFlowsICMPv6: "flow.icmpv6",
	tallySessions: "tcp.sessions", tallySYN: "tcp.syn", tallySYNACK: "tcp.synack", tallyRST: "tcp.rst",
	tallyMidstream: "tcp.midstream_pickups", tallyGap: "tcp.reassembly_gap", tallyOverlap: "tcp.overlap",
	tallyOverlapDiffers: "tcp.overlap_diff_data", tallyFailedTCP: "app_layer.flow.failed_tcp",
	tallyFailedUDP: "app_layer.flow.failed_udp",
}

// atRest are what is nothing when the counters are told: no flow is open any more, and no worker writes a file.
var atRest = []string{"flow.active", "tcp.active_sessions", "file_store.fs_errors"}

func newTally() *tally {
	return &tally{odd: map[string]uint64{}}
}

// frame counts one frame as it came.
func (t *tally) frame(link pcap.LinkType, size int, p *packet.Packet, fault packet.Fault) {
	t.n[tallyPackets]++
	t.n[tallyBytes] += uint64(size)
	t.n[tallyMaxSize] = max(t.n[tallyMaxSize], uint64(size))
	switch link {
	case pcap.LinkEthernet:
		t.n[tallyEthernet]++
	case pcap.LinkNull, pcap.LinkLoop:
		t.n[tallyNull]++
	case pcap.LinkSLL:
		t.n[tallySLL]++
	case pcap.LinkSLL2:
		t.n[tallySLL2]++
	case pcap.LinkCHDLC, pcap.LinkPPPHDLC:
		t.n[tallyCHDLC]++
	case pcap.LinkPPP:
		t.n[tallyPPP]++
	case pcap.LinkRaw, pcap.LinkIPv4, pcap.LinkIPv6:
		t.n[tallyRaw]++
	}
	if fault == packet.NotIP {
		if p.EtherType == 0x0806 {
			t.n[tallyARP]++
		} else {
			t.n[tallyUnknownType]++
		}
	} else if fault != packet.OK {
		t.n[tallyInvalid]++
	}
	t.packet(p)
}

// packet counts the headers of p, which may have been carried by another.
func (t *tally) packet(p *packet.Packet) {
	switch p.EtherType {
	case 0x8864:
		t.n[tallyPPPoE]++
	case 0x8847, 0x8848:
		t.n[tallyMPLS]++
	}
	if p.Chained {
		t.n[tallyNSH]++
	}
	if p.VLAN != 0 {
		t.n[tallyVLAN]++
	}
	if p.Second != 0 {
		t.n[tallyQinQ]++
	}
	for _, o := range p.Odd() {
		t.odd[strings.TrimPrefix(o.String(), "decoder.")]++
	}
	if !p.IP {
		return
	}
	if p.V6 {
		t.n[tallyIPv6]++
	} else {
		t.n[tallyIPv4]++
	}
	if p.Fragment {
		if p.V6 {
			t.n[tallyFragments6]++
		} else {
			t.n[tallyFragments4]++
		}
		return
	}
	t.transport(p)
}

func (t *tally) transport(p *packet.Packet) {
	switch p.Proto {
	case packet.TCP:
		t.n[tallyTCP]++
		switch p.Flags & (packet.SYN | packet.ACK | packet.RST) {
		case packet.SYN:
			t.n[tallySYN]++
		case packet.SYN | packet.ACK:
			t.n[tallySYNACK]++
		}
		if p.Flags&packet.RST != 0 {
			t.n[tallyRST]++
		}
	case packet.UDP:
		t.n[tallyUDP]++
	case packet.ICMP:
		t.n[tallyICMPv4]++
	case packet.ICMPv6:
		t.n[tallyICMPv6]++
	case packet.SCTP:
		t.n[tallySCTP]++
	case packet.ESP:
		t.n[tallyESP]++
	}
}

// reassembled counts a packet whose fragments are all there.
func (t *tally) reassembled(p *packet.Packet) {
	if p.V6 {
		t.n[tallyReassembled6]++
	} else {
		t.n[tallyReassembled4]++
	}
	t.transport(p)
}

// carrier counts the tunnel that p is.
func (t *tally) carrier(p *packet.Packet) {
	switch p.Tunnel() {
	case packet.TunnelGRE:
		t.n[tallyGRE]++
	case packet.TunnelERSPAN:
		t.n[tallyGRE]++
		t.n[tallyERSPAN]++
	case packet.TunnelVXLAN:
		t.n[tallyVXLAN]++
	case packet.TunnelGeneve:
		t.n[tallyGeneve]++
	case packet.TunnelTeredo:
		t.n[tallyTeredo]++
	case packet.TunnelIPv4:
		t.n[tallyIPv4in4]++
	case packet.TunnelIPv6:
		t.n[tallyIPv6in4]++
	}
}

// overlap counts a segment that covers another one, with other bytes where differ.
func (t *tally) overlap(differ bool) {
	t.n[tallyOverlap]++
	if differ {
		t.n[tallyOverlapDiffers]++
	}
}

func (t *tally) begun(proto uint8) {
	t.n[tallyFlows]++
	switch proto {
	case packet.TCP:
		t.n[tallyFlowsTCP]++
	case packet.UDP:
		t.n[tallyFlowsUDP]++
	case packet.ICMP:
		t.n[tallyFlowsICMPv4]++
	case packet.ICMPv6:
		t.n[tallyFlowsICMPv6]++
	}
}

// both are the protocols that Suricata counts by their transport, since it reads them over TCP and UDP.
var both = []string{"dns", "krb5", "nfs", "sip", "dcerpc", "enip", "ldap"}

// counted are the other protocols that Suricata counts.
var counted = []string{"bittorrent-dht", "dhcp", "dnp3", "doh2", "ftp", "ftp-data", "http", "http2", "ike", "imap", "llmnr", "mdns", "modbus",
	"mqtt", "ntp", "pgsql", "pop3", "quic", "rdp", "rfb", "smb", "smtp", "snmp", "ssh", "telnet", "tftp", "tls", "websocket"}

// message counts an event, and reports whether it is a transaction: one of the protocol itself.
func (t *tally) message(f *flow, p event.Payload) bool {
	switch p.Kind() {
	case event.KindFile, event.KindAuth, event.KindAsset, event.KindFHIR:
		return false
	case event.KindAnomaly:
		t.errors.add(f)
		return false
	}
	t.tx.add(f)
	return true
}

func (t *tally) ended(f *flow) {
	switch {
	case f.app != Unknown:
		t.flows.add(f)
	case f.key.proto == packet.TCP && f.marks&markIgnored != 0:
		t.n[tallyFailedTCP]++
	case f.key.proto == packet.UDP && f.packets[0]+f.packets[1] > 0:
		t.n[tallyFailedUDP]++
	}
	t.states[f.state]++
	if f.key.proto == packet.TCP {
		if f.flags[0]&f.flags[1]&packet.SYN != 0 {
			t.n[tallySessions]++
		}
		if f.marks&markMid != 0 {
			t.n[tallyMidstream]++
		}
		t.phases[f.phase]++
	}
}

// tellTally sends the counters, names and values in pairs.
func (w *Worker) tellTally() {
	t := w.full.tally
	if t.n[tallyPackets] == 0 {
		return
	}
	s := event.Stats{Interval: uint64(max(w.now-w.full.began, 0)), Packets: t.n[tallyPackets], Bytes: t.n[tallyBytes], Flows: t.n[tallyFlows]}
	put := func(name string, n uint64) {
		s.Counters = append(s.Counters, name)
		s.Counts = append(s.Counts, strconv.FormatUint(n, 10))
	}
	for i, name := range tallyNames {
		put(name, t.n[i])
	}
	for _, name := range atRest {
		put(name, 0)
	}
	if n := t.n[tallyPackets]; n > 0 {
		put("decoder.avg_pkt_size", t.n[tallyBytes]/n)
	}
	for a := Unknown + 1; a < appCount; a++ {
		in, apart := "app_layer.", slices.Contains(both, a.String())
		if !apart && !slices.Contains(counted, a.String()) {
			in = "bulwark.app_layer." // which Suricata has no counters of
		}
		of := func(name string, n func(*byApp) uint64) {
			put(in+"flow."+name, n(&t.flows))
			put(in+"tx."+name, n(&t.tx))
			put(in+"error."+name+".parser", n(&t.errors))
		}
		if apart {
			of(a.String()+"_tcp", func(b *byApp) uint64 { return b[a][0] })
			of(a.String()+"_udp", func(b *byApp) uint64 { return b[a][1] })
		} else {
			of(a.String(), func(b *byApp) uint64 { return b[a][0] + b[a][1] })
		}
	}
	some := func(name string, n uint64) {
		if n > 0 {
			put(name, n)
		}
	}
	for i, name := range stateNames {
		some("flow.end.state."+name, t.states[i])
	}
	for i, name := range tcpStates {
		some("flow.end.tcp_state."+name, t.phases[i])
	}
	for name, n := range t.odd {
		put("decoder.event."+name, n)
	}
	for o, name := range streamNames {
		put(name, t.streams[o])
	}
	if w.look.on() {
		n := &w.look.count
		put("detect.alert", n.Alerts)
		put("detect.alert_queue_overflow", n.Over)
		put("detect.alerts_suppressed", n.Quiet)
		s.Counters = append(s.Counters, "detect.engines")
		s.Counts = append(s.Counts, fmt.Sprintf(`[{"id":0,"rules_loaded":%d,"rules_failed":%d,"rules_skipped":%d}]`, n.Loaded, n.Failed, n.Skipped))
	}
	w.sendStats(s)
}
