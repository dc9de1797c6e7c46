// Package eve writes events as EVE JSON lines, as Suricata 8 does
// (https://docs.suricata.io/en/latest/output/eve/eve-json-format.html), so that pipelines built for Suricata read
// Bulwark: each record has the fields of Suricata's schema, of their types (conformance/eve). What Suricata has no type
// for (dicom, hl7, fhir, auth, asset...) is written in the same manner, under its own event_type. All such records, and
// all others that tell more than Suricata does, have an object "bulwark", which Suricata's never have.
package eve

import (
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"bulwark/event"
)

// Writer writes events. Its zero value is ready; it keeps scratch memory, and is not safe for concurrent use.
type Writer struct {
	Options
	j       object
	printer event.Printer
	flows   []community // by the last bits of the flow; made when needed

	// The last http object written, of the request of that flow and place: the files it carried repeat it.
	object       []byte
	aside        []byte // scratch of records that are not written by themselves
	flowOf, txOf uint64

	// The same of SMB and NFS: what stood around the record of a file that was read or written.
	around               []byte
	aroundFlow, aroundTx uint64
}

// Append appends e as one JSON object without a line end, or as several with line ends between them; nothing where the
// options leave it out.
func (w *Writer) Append(dst []byte, e *event.Event) []byte {
	kind := e.Payload.Kind().String()
	if p, ok := e.Payload.(*event.NFS); ok && p.Program != "nfs" {
		kind = "oncrpc" // which Suricata does not have
	}
	if p, ok := e.Payload.(*event.DCERPC); ok && p.Command != "" {
		kind = event.KindSMB.String() // a call through a named pipe is a part of SMB
	}
	if p, ok := e.Payload.(*event.Packet); ok && p.Noted {
		kind = "metadata"
	}
	if p, ok := e.Payload.(*event.Flow); ok && slices.Contains(w.Types, "netflow") {
		return w.netflows(dst, e, p)
	}
	return w.one(dst, e, kind)
}

// one appends e under its event type.
func (w *Writer) one(dst []byte, e *event.Event, kind string) []byte {
	if len(w.Types) > 0 && !slices.Contains(w.Types, kind) {
		w.carry(e)
		return dst
	}
	switch p := e.Payload.(type) {
	case *event.DNS:
		if !w.wantsDNS(p) {
			return dst
		}
	case *event.HTTP:
		if p.DNS && p.Version == "HTTP/2" { // the record of the DNS in it holds it
			w.carry(e)
			return dst
		}
	case *event.DHCP:
		if !w.wantsDHCP(p) {
			return dst
		}
	case *event.Anomaly:
		if len(w.Anomalies) > 0 && !slices.Contains(w.Anomalies, p.Type) {
			return dst
		}
	}
	w.head(dst, e, kind)
	j := &w.j
	w.notes(e)
	if w.Ethernet && kind != "flow" && (e.SrcMAC != [6]byte{} || e.DstMAC != [6]byte{}) {
		w.ether(e)
	}
	if kind == "oncrpc" {
		w.kind(kind)
	}
	w.body(e)
	w.more(e)
	j.close()
	return j.buf
}

// head begins a record: what all types have.
func (w *Writer) head(dst []byte, e *event.Event, kind string) {
	w.j.begin(dst)
	j := &w.j
	j.open("")
	j.time("timestamp", e.Time)
	if e.Flow != 0 {
		j.num("flow_id", e.Flow)
	}
	j.some("in_iface", w.Interface)
	if e.Packet != 0 && kind != "flow" && w.Interface == "" {
		j.num("pcap_cnt", e.Packet)
	}
	j.str("event_type", kind)
	if a, ok := e.Payload.(*event.Alert); ok && a.Source != "" {
		j.str("pkt_src", a.Source)
	} else if e.Packet != 0 && kind != "flow" {
		j.str("pkt_src", "wire/pcap")
	} else if w.Ends && e.Flow != 0 && e.Proto == tcp && kind != "flow" && kind != "netflow" {
		j.str("pkt_src", "stream (flow timeout)") // told at the end of the flow, at no packet
	}
	if e.VLAN != 0 {
		j.array("vlan")
		j.buf = strconv.AppendUint(j.buf, uint64(e.VLAN), 10)
		if e.Inner != 0 {
			j.buf = strconv.AppendUint(append(j.buf, ','), uint64(e.Inner), 10)
		}
		if e.Third != 0 {
			j.buf = strconv.AppendUint(append(j.buf, ','), uint64(e.Third), 10)
		}
		j.end()
	}
	w.ends(e)
}

// answers reports whether Suricata writes the answering side as the source: of a DNS response, and of a file that the
// server sent.
func (w *Writer) answers(e *event.Event) bool {
	switch p := e.Payload.(type) {
	case *event.Alert:
		return p.FromServer
	case *event.DNS:
		return p.Activity == "Response" && !w.DNS2 && p.Carrier == ""
	case *event.File:
		return p.Activity == "Read"
	case *event.SIP:
		return p.FromServer
	case *event.MQTT:
		return p.FromServer
	case *event.Packet, *event.Anomaly, *event.DHCP, *event.IKE, *event.TFTP, *event.NTP, *event.SNMP:
		return e.Back
	}
	return false
}

// ends writes who speaks with whom.
func (w *Writer) ends(e *event.Event) {
	if e.Payload.Kind() == event.KindARP {
		return // its addresses stand in its own object
	}
	j := &w.j
	src, dst, ports := e.Src, e.Dst, e.Ports
	if w.answers(e) {
		src, dst, ports = dst, src, event.Ports{Src: ports.Dst, Dst: ports.Src}
	}
	if a, ok := e.Payload.(*event.Alert); ok && w.XFF == "overwrite" {
		if x, err := netip.ParseAddr(w.forwarded(a)); err == nil && a.FromServer {
			dst = x
		} else if err == nil {
			src = x
		}
	}
	if src.IsValid() {
		j.addr("src_ip", src, w.ShortIPv6)
		if hasPorts(e.Proto) {
			j.num("src_port", uint64(ports.Src))
		}
	}
	if dst.IsValid() {
		j.addr("dest_ip", dst, w.ShortIPv6)
		if hasPorts(e.Proto) {
			j.num("dest_port", uint64(ports.Dst))
		}
	}
	if src.IsValid() {
		j.num("ip_v", pick4(src.Is4()))
	}
	if e.Proto != 0 {
		j.str("proto", protoName(e.Proto))
	}
	switch e.Proto {
	case icmp, icmp6:
		j.num("icmp_type", uint64(e.Ports.Src))
		j.num("icmp_code", uint64(e.Ports.Dst))
		if p, ok := e.Payload.(*event.Flow); ok && p.ICMPReply != 0 {
			j.num("response_icmp_type", (p.ICMPReply-1)>>8)
			j.num("response_icmp_code", (p.ICMPReply-1)&0xff)
		}
	case esp:
		j.num("spi", uint64(e.Ports.Src)<<16|uint64(e.Ports.Dst))
	}
	if e.Src.IsValid() && e.Dst.IsValid() {
		from, to := e.Src, e.Dst
		if e.Proto == icmp || e.Proto == icmp6 { // the type says which way it goes
			from, to = src, dst
		}
		w.community(e, from, to)
	}
}

const (
	icmp  = 1
	tcp   = 6
	udp   = 17
	esp   = 50
	icmp6 = 58
	sctp  = 132
)

func hasPorts(proto uint8) bool { return proto == tcp || proto == udp || proto == sctp }

func pick4(four bool) uint64 {
	if four {
		return 4
	}
	return 6
}

// protoName is Suricata's name of an IP protocol.
func protoName(p uint8) string {
	switch p {
	case tcp:
		return "TCP"
	case udp:
		return "UDP"
	case 4:
		return "IP-in-IP"
	case 41:
		return "IPv6"
	case icmp6:
		return "IPv6-ICMP"
	}
	return strings.ToUpper(event.ProtoName(p))
}

func (w *Writer) ether(e *event.Event) {
	src, dst := e.SrcMAC, e.DstMAC
	if w.answers(e) {
		src, dst = dst, src
	}
	w.j.open("ether")
	w.j.str("src_mac", net.HardwareAddr(src[:]).String())
	w.j.str("dest_mac", net.HardwareAddr(dst[:]).String())
	if a, ok := e.Payload.(*event.Anomaly); ok && a.EtherType != 0 {
		w.j.num("ether_type", a.EtherType)
	}
	w.j.close()
}

func (w *Writer) body(e *event.Event) {
	j := &w.j
	switch p := e.Payload.(type) {
	case *event.Flow:
		w.flow(e, p)
	case *event.DNS:
		if p.Carrier == "doh2" && w.flowOf == e.Flow && len(w.object) > 0 {
			j.raw("http", string(w.object))
		}
		w.dns(p)
	case *event.TLS:
		w.tls(p)
	case *event.WebSocket:
		w.websocket(p)
	case *event.QUIC:
		w.quic(p)
	case *event.HTTP:
		w.http(e, p)
	case *event.SMB:
		w.smb(e, p)
	case *event.NFS:
		w.nfs(e, p)
	case *event.DCERPC:
		w.dcerpc(p)
	case *event.Kerberos:
		w.kerberos(p)
	case *event.LDAP:
		w.ldap(p)
	case *event.DHCP:
		w.dhcp(p)
	case *event.SSH:
		w.ssh(p)
	case *event.File:
		w.file(e, p)
	case *event.ARP:
		w.arp(e, p)
	case *event.SNMP:
		w.snmp(p)
	case *event.NTP:
		w.ntp(p)
	case *event.TFTP:
		w.tftp(p)
	case *event.MDNS:
		w.mdns("mdns", p)
	case *event.LLMNR:
		w.mdns("llmnr", (*event.MDNS)(p))
	case *event.Stats:
		w.stats(p)
	case *event.SMTP:
		w.smtp(p)
	case *event.FTP:
		w.ftp(p)
	case *event.POP3:
		w.pop3(p)
	case *event.FTPData:
		w.ftpData(p)
	case *event.Anomaly:
		j.some("app_proto", p.App)
		if p.TxID > 0 {
			j.num("tx_id", p.TxID-1)
		}
		j.open("anomaly")
		j.some("app_proto", p.App)
		j.str("type", p.Type)
		j.str("event", p.Event)
		j.some("layer", p.Layer)
		j.close()
	case *event.RFB:
		w.rfb(p)
	case *event.Alert:
		w.alert(e, p)
	case *event.RDP:
		w.rdp(p)
	case *event.Packet:
		j.fields(p.Record)
	default:
		if name, record, ok := recorded(p); ok {
			w.record(name, record)
			return
		}
		w.own(e)
	}
}

func (w *Writer) kerberos(p *event.Kerberos) {
	j := &w.j
	j.open("krb5")
	j.str("msg_type", p.Message)
	j.some("failed_request", p.Failed)
	j.some("error_code", p.Error)
	j.str("cname", orEmpty(p.Client))
	j.str("realm", orEmpty(p.Realm))
	j.str("sname", orEmpty(p.Service))
	j.str("encryption", orNone(p.Encryption))
	j.truth("weak_encryption", p.Weak)
	if p.TicketEncryption != "" {
		j.str("ticket_encryption", p.TicketEncryption)
		j.truth("ticket_weak_encryption", p.TicketWeak)
	}
	j.close()
}

func orEmpty(s string) string {
	if s == "" {
		return "<empty>"
	}
	return s
}

func orNone(s string) string {
	if s == "" {
		return "<none>"
	}
	return s
}

func (w *Writer) ldap(p *event.LDAP) {
	j := &w.j
	if p.Record != "" && event.ValidJSON(p.Record) {
		j.raw("ldap", p.Record)
		return
	}
	j.open("ldap")
	j.open("request")
	j.some("operation", p.Operation)
	j.num("message_id", p.MessageID)
	if p.Name != "" || p.Base != "" || p.Filter != "" {
		j.open(p.Operation)
		j.some("name", p.Name)
		j.some("base_object", p.Base)
		j.list("attributes", p.Attributes)
		j.close()
	}
	j.close()
	if p.ResultCode != 0 {
		j.key("responses")
		j.buf = append(j.buf, '[')
		j.fresh = true
		j.open("")
		j.num("message_id", p.MessageID)
		j.some("result_code", p.Result)
		j.some("message", p.Message)
		j.close()
		j.buf = append(j.buf, ']')
	}
	j.close()
}

func (w *Writer) ssh(p *event.SSH) {
	w.j.open("ssh")
	w.sshSide("client", p.ClientVersion, p.ClientSoftware, p.ClientHASSH, p.ClientHASSHText)
	w.sshSide("server", p.ServerVersion, p.ServerSoftware, p.ServerHASSH, p.ServerHASSHText)
	w.j.close()
}

func (w *Writer) sshSide(side, version, software, hassh, text string) {
	j := &w.j
	if version == "" {
		return
	}
	j.open(side)
	j.str("proto_version", version)
	j.some("software_version", software)
	if hassh != "" {
		j.open("hassh")
		j.str("hash", hassh)
		j.some("string", text)
		j.close()
	}
	j.close()
}
