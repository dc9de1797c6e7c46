// Package eve writes events as EVE JSON lines, as Suricata 8 does
// (https://docs.suricata.io/en/latest/output/eve/eve-json-format.html), so that pipelines built for Suricata read
// Bulwark. What Suricata has no type for (dicom, hl7, fhir, auth, asset, finding, health) is written in the same
// manner, under its own event_type.
package eve

import (
	"strconv"
	"strings"
	"time"

	"bulwark/event"
)

// Writer writes events. Its zero value is ready; it keeps scratch memory, and is not safe for concurrent use.
type Writer struct {
	j       object
	printer event.Printer
}

// stamp is EVE's form of a time: microseconds, and the offset without a colon.
const stamp = "2006-01-02T15:04:05.000000-0700"

// Append appends e as one JSON object without a line end.
func (w *Writer) Append(dst []byte, e *event.Event) []byte {
	w.j = object{buf: dst}
	j := &w.j
	j.open("")
	j.time("timestamp", e.Time)
	if e.Flow != 0 {
		j.num("flow_id", e.Flow)
	}
	j.str("event_type", e.Payload.Kind().String())
	if e.VLAN != 0 {
		j.key("vlan")
		j.buf = append(strconv.AppendUint(append(j.buf, '['), uint64(e.VLAN), 10), ']')
	}
	w.ends(e)
	w.body(e)
	j.close()
	return j.buf
}

func (w *Writer) ends(e *event.Event) {
	j := &w.j
	ports := e.Proto == 6 || e.Proto == 17 || e.Proto == 132
	if e.Src.IsValid() {
		j.str("src_ip", e.Src.String())
		if ports {
			j.num("src_port", uint64(e.Ports.Src))
		}
	}
	if e.Dst.IsValid() {
		j.str("dest_ip", e.Dst.String())
		if ports {
			j.num("dest_port", uint64(e.Ports.Dst))
		}
	}
	if e.Proto != 0 {
		j.str("proto", strings.ToUpper(event.ProtoName(e.Proto)))
	}
	if e.Proto == 1 || e.Proto == 58 {
		j.num("icmp_type", uint64(e.Ports.Src))
		j.num("icmp_code", uint64(e.Ports.Dst))
	}
	if e.Src.IsValid() && e.Dst.IsValid() {
		j.key("community_id")
		j.buf = append(event.AppendCommunityID(append(j.buf, '"'), e.Src, e.Dst, e.Ports.Src, e.Ports.Dst, e.Proto), '"')
	}
}

func (w *Writer) body(e *event.Event) {
	j := &w.j
	switch p := e.Payload.(type) {
	case *event.Flow:
		w.flow(e, p)
	case *event.DNS:
		w.dns(p)
	case *event.TLS:
		w.tls(p)
	case *event.HTTP:
		w.http(p)
	case *event.SMB:
		w.smb(p)
	case *event.Kerberos:
		w.kerberos(p)
	case *event.LDAP:
		w.ldap(p)
	case *event.DHCP:
		w.dhcp(p)
	case *event.SSH:
		w.ssh(p)
	case *event.File:
		j.some("app_proto", p.App)
		j.open("fileinfo")
		j.str("filename", p.Name)
		j.str("state", map[bool]string{true: "CLOSED", false: "TRUNCATED"}[p.Complete])
		j.num("size", p.Size)
		j.close()
	case *event.Anomaly:
		j.some("app_proto", p.App)
		j.open("anomaly")
		j.str("type", p.Type)
		j.str("event", p.Event)
		j.close()
	default:
		w.own(e)
	}
}

// own writes a kind that Suricata does not have: its attributes by the last part of their names, under its own key.
func (w *Writer) own(e *event.Event) {
	j := &w.j
	kind := e.Payload.Kind().String()
	j.open(kind)
	bare := event.Event{Payload: e.Payload}
	w.printer.Each(&bare, func(name string, v event.Value) {
		name = strings.TrimPrefix(name, kind+".")
		j.key(strings.ReplaceAll(name, ".", "_"))
		j.buf = event.AppendJSONValue(j.buf, v)
	})
	j.close()
}

func (w *Writer) flow(e *event.Event, p *event.Flow) {
	j := &w.j
	if p.App != "" {
		j.str("app_proto", p.App)
	}
	out, in, bytesOut, bytesIn := p.PacketsOut, p.PacketsIn, p.BytesOut, p.BytesIn
	if p.TotalOut+p.TotalIn > 0 {
		out, in, bytesOut, bytesIn = p.TotalOut, p.TotalIn, p.TotalBytesOut, p.TotalBytesIn
	}
	end := int64(p.Start + p.Duration)
	j.open("flow")
	j.num("pkts_toserver", out)
	j.num("pkts_toclient", in)
	j.num("bytes_toserver", bytesOut)
	j.num("bytes_toclient", bytesIn)
	j.time("start", int64(p.Start))
	j.time("end", end)
	j.num("age", uint64(time.Unix(0, end).Unix()-time.Unix(0, int64(p.Start)).Unix()))
	j.str("state", p.State)
	j.some("reason", p.Reason)
	j.truth("alerted", false)
	j.close()
	if p.SrcMAC != "" {
		j.open("ether")
		j.list("src_macs", []string{p.SrcMAC})
		j.list("dest_macs", []string{p.DstMAC})
		j.close()
	}
	if e.Proto == 6 {
		w.tcp(p)
	}
}

func (w *Writer) tcp(p *event.Flow) {
	j := &w.j
	all := p.FlagsOut | p.FlagsIn
	j.open("tcp")
	j.str("tcp_flags", hex2(all))
	j.str("tcp_flags_ts", hex2(p.FlagsOut))
	j.str("tcp_flags_tc", hex2(p.FlagsIn))
	for i, name := range [...]string{"fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr"} {
		if all>>i&1 != 0 {
			j.truth(name, true)
		}
	}
	if p.LostOut > 0 {
		j.truth("ts_gap", true)
	}
	if p.LostIn > 0 {
		j.truth("tc_gap", true)
	}
	j.close()
}

func hex2(n uint64) string { return string([]byte{hexDigits[n>>4&15], hexDigits[n&15]}) }

const hexDigits = "0123456789abcdef"

func (w *Writer) dns(p *event.DNS) {
	j := &w.j
	response := p.Activity == "Response"
	j.open("dns")
	j.num("version", 3)
	j.str("type", map[bool]string{true: "response", false: "request"}[response])
	j.num("id", p.ID)
	j.str("flags", strconv.FormatUint(p.RawFlags, 16))
	if response {
		j.truth("qr", true)
	}
	for _, f := range p.Flags {
		switch f {
		case "aa", "tc", "rd", "ra":
			j.truth(f, true)
		}
	}
	j.num("opcode", p.Opcode)
	j.some("rcode", p.Rcode)
	if p.Hostname != "" || p.Type != "" {
		j.key("queries")
		j.buf = append(j.buf, '[')
		j.fresh = true
		j.open("")
		j.str("rrname", p.Hostname)
		j.str("rrtype", p.Type)
		j.close()
		j.buf = append(j.buf, ']')
	}
	w.answers(p)
	j.close()
}

func (w *Writer) answers(p *event.DNS) {
	j := &w.j
	if len(p.Answers) == 0 || len(p.AnswerTypes) != len(p.Answers) || len(p.TTLs) != len(p.Answers) {
		return
	}
	j.key("answers")
	j.buf = append(j.buf, '[')
	j.fresh = true
	for i, a := range p.Answers {
		j.comma()
		j.open("")
		if i < len(p.AnswerNames) {
			j.str("rrname", p.AnswerNames[i])
		}
		j.str("rrtype", p.AnswerTypes[i])
		j.raw("ttl", p.TTLs[i])
		j.some("rdata", a)
		j.close()
	}
	j.buf = append(j.buf, ']')
	j.fresh = false
	j.open("grouped")
	for i, t := range p.AnswerTypes {
		if first(p.AnswerTypes, t) != i {
			continue
		}
		j.key(t)
		j.buf = append(j.buf, '[')
		j.fresh = true
		for k, a := range p.Answers {
			if p.AnswerTypes[k] == t {
				j.comma()
				j.buf = event.AppendJSONString(j.buf, a)
			}
		}
		j.buf = append(j.buf, ']')
		j.fresh = false
	}
	j.close()
}

func first(list []string, s string) int {
	for i, t := range list {
		if t == s {
			return i
		}
	}
	return -1
}

func (w *Writer) tls(p *event.TLS) {
	j := &w.j
	j.open("tls")
	j.some("subject", p.Subject)
	j.some("issuerdn", p.Issuer)
	j.some("serial", p.Serial)
	j.some("fingerprint", p.Fingerprint)
	if p.Resumed {
		j.truth("session_resumed", true)
	}
	j.some("sni", p.SNI)
	j.some("version", p.Version)
	if p.NotAfter != 0 {
		j.day("notbefore", p.NotBefore)
		j.day("notafter", p.NotAfter)
	}
	if p.JA3 != "" {
		j.open("ja3")
		j.str("hash", p.JA3)
		j.some("string", p.JA3Text)
		j.close()
	}
	if p.JA3S != "" {
		j.open("ja3s")
		j.str("hash", p.JA3S)
		j.some("string", p.JA3SText)
		j.close()
	}
	j.some("ja4", p.JA4)
	j.list("client_alpns", p.ClientALPN)
	if p.ALPN != "" {
		j.list("server_alpns", []string{p.ALPN})
	}
	j.list("subjectaltname", p.SANs)
	j.close()
}

func (w *Writer) http(p *event.HTTP) {
	j := &w.j
	if p.TxID > 0 {
		j.num("tx_id", p.TxID-1)
	}
	j.open("http")
	j.some("hostname", p.Host)
	if p.Port != 0 {
		j.num("http_port", p.Port)
	}
	j.some("url", p.URL)
	j.some("http_user_agent", p.UserAgent)
	j.some("xff", p.XFF)
	j.some("http_content_type", p.ContentType)
	j.some("http_refer", p.Referrer)
	j.some("http_method", p.Method)
	j.some("protocol", p.Version)
	if p.Status != 0 {
		j.num("status", p.Status)
	}
	j.some("redirect", p.Location)
	j.num("length", p.Length)
	j.close()
}

func (w *Writer) smb(p *event.SMB) {
	j := &w.j
	j.open("smb")
	j.some("dialect", p.Dialect)
	j.some("command", p.Command)
	j.some("status", p.Status)
	if p.StatusCode != 0 {
		j.str("status_code", "0x"+strconv.FormatUint(p.StatusCode-1, 16))
	}
	j.num("session_id", p.SessionID)
	j.num("tree_id", p.TreeID)
	j.some("filename", p.File)
	j.some("disposition", p.Disposition)
	j.some("access", p.Access)
	if p.File != "" {
		j.num("size", p.Size)
	}
	if p.NewName != "" {
		j.open("rename")
		j.str("from", p.File)
		j.str("to", p.NewName)
		j.close()
	}
	j.some("share", p.Tree)
	j.some("share_type", p.ShareType)
	j.some("named_pipe", p.NamedPipe)
	j.list("client_dialects", p.Dialects)
	j.some("client_guid", p.ClientGUID)
	j.some("server_guid", p.ServerGUID)
	if p.User != "" || p.Domain != "" || p.Host != "" {
		j.open("ntlmssp")
		j.str("domain", p.Domain)
		j.str("user", p.User)
		j.some("host", p.Host)
		j.close()
	}
	if p.Realm != "" {
		j.open("kerberos")
		j.str("realm", p.Realm)
		j.list("snames", p.Services)
		j.close()
	}
	j.close()
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
	j.open("ldap")
	j.open("request")
	j.some("operation", p.Operation)
	j.num("message_id", p.MessageID)
	if p.Name != "" || p.Base != "" || p.Filter != "" {
		j.open(p.Operation)
		j.some("name", p.Name)
		j.some("base_object", p.Base)
		j.some("scope", p.Scope)
		j.some("filter", p.Filter)
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

func (w *Writer) dhcp(p *event.DHCP) {
	j := &w.j
	j.open("dhcp")
	reply := p.Message == "offer" || p.Message == "ack" || p.Message == "nak"
	j.str("type", map[bool]string{true: "reply", false: "request"}[reply])
	j.num("id", p.XID)
	j.some("client_mac", p.MAC)
	j.some("assigned_ip", p.Assigned)
	j.some("client_ip", p.ClientIP)
	j.some("dhcp_type", p.Message)
	j.some("client_id", p.ClientID)
	j.some("hostname", p.Hostname)
	j.some("requested_ip", p.Requested)
	j.some("relay_ip", p.Relay)
	j.some("next_server_ip", p.NextServer)
	j.some("subnet_mask", p.Subnet)
	j.some("vendor_class_identifier", p.Vendor)
	if p.Lease != 0 {
		j.num("lease_time", p.Lease)
	}
	j.list("routers", p.Routers)
	j.list("dns_servers", p.Resolvers)
	j.close()
}

func (w *Writer) ssh(p *event.SSH) {
	w.j.open("ssh")
	w.sshSide("client", p.ClientVersion, p.ClientSoftware, p.ClientHASSH)
	w.sshSide("server", p.ServerVersion, p.ServerSoftware, p.ServerHASSH)
	w.j.close()
}

func (w *Writer) sshSide(side, version, software, hassh string) {
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
		j.close()
	}
	j.close()
}
