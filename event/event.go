// Package event is the one language of Bulwark: what happened, in a form that rooms, machines and people share.
//
// An [Event] is a [Header] (when, between whom) and a typed [Payload] (what). Attribute names are the paths of
// OCSF (https://schema.ocsf.io) as flat dotted keys; what OCSF lacks (DICOM, HL7, FHIR) follows its style.
// docs/events.md lists every attribute, with its EVE JSON and ECS names.
//
// Events travel and are stored in a [Batch]: compact, versioned, and encoded without allocation.
// The layout of its bytes is drawn in docs/formats/event.md.
package event

import (
	"net/netip"
	"strconv"
	"time"
)

// Kind says what an event is about. Its names are EVE's event_type where EVE has one. Zero is no event.
type Kind uint8

// The kinds with their codes, which never change.
const (
	KindNone      Kind = 0
	KindFlow      Kind = 1
	KindDNS       Kind = 2
	KindTLS       Kind = 3
	KindHTTP      Kind = 4
	KindSMB       Kind = 5
	KindKerberos  Kind = 6
	KindLDAP      Kind = 7
	KindDHCP      Kind = 8
	KindSSH       Kind = 9
	KindDICOM     Kind = 10
	KindHL7       Kind = 11
	KindFHIR      Kind = 12
	KindFile      Kind = 13
	KindAuth      Kind = 14
	KindAsset     Kind = 15
	KindAnomaly   Kind = 16
	KindStats     Kind = 17
	KindHealth    Kind = 18
	KindFinding   Kind = 19
	KindWebSocket Kind = 24
	KindDICOMweb  Kind = 55
	KindQUIC      Kind = 23
	KindDCERPC    Kind = 25
	KindNFS       Kind = 26
	KindASTM      Kind = 52
	KindMDNS      Kind = 20
	KindLLMNR     Kind = 21
	KindMQTT      Kind = 41
	KindPOCT1A    Kind = 51
	KindNBNS      Kind = 22
	KindIKE       Kind = 46
	KindTFTP      Kind = 37
	KindNTP       Kind = 33
	KindSNMP      Kind = 32
	KindModbus    Kind = 42
	KindDNP3      Kind = 43
	KindIEEE11073 Kind = 53
	KindARP       Kind = 47
	KindFTP       Kind = 27
	KindFTPData   Kind = 28
	KindSMTP      Kind = 29
	KindIMAP      Kind = 30
	KindPOP3      Kind = 31
	KindENIP      Kind = 58
	KindMonitor   Kind = 59
	KindBACnet    Kind = 48
	KindS7        Kind = 49
	KindSIP       Kind = 34
	KindRDP       Kind = 45
	KindRFB       Kind = 44
	KindTelnet    Kind = 56
	KindSyslog    Kind = 36
	KindATNA      Kind = 50
	KindPgSQL     Kind = 38
	KindMySQL     Kind = 39
	KindTDS       Kind = 40
	KindRADIUS    Kind = 35
	KindDevice    Kind = 60
	KindAlert     Kind = 61
	KindIncident  Kind = 62
	KindRisk      Kind = 63
	KindPacket    Kind = 65
	KindLog       Kind = 66

	KindContainment Kind = 64
	KindAccess      Kind = 70

	kindEnd Kind = 96 // above every code
)

// kinds name each kind and make an empty payload of it. Codes without a name are free.
var kinds = [kindEnd]struct {
	name string
	make func() Payload
}{
	KindFlow:      {"flow", func() Payload { return new(Flow) }},
	KindDNS:       {"dns", func() Payload { return new(DNS) }},
	KindTLS:       {"tls", func() Payload { return new(TLS) }},
	KindHTTP:      {"http", func() Payload { return new(HTTP) }},
	KindSMB:       {"smb", func() Payload { return new(SMB) }},
	KindKerberos:  {"krb5", func() Payload { return new(Kerberos) }},
	KindLDAP:      {"ldap", func() Payload { return new(LDAP) }},
	KindDHCP:      {"dhcp", func() Payload { return new(DHCP) }},
	KindSSH:       {"ssh", func() Payload { return new(SSH) }},
	KindDICOM:     {"dicom", func() Payload { return new(DICOM) }},
	KindHL7:       {"hl7", func() Payload { return new(HL7) }},
	KindFHIR:      {"fhir", func() Payload { return new(FHIR) }},
	KindFile:      {"fileinfo", func() Payload { return new(File) }},
	KindAuth:      {"auth", func() Payload { return new(Auth) }},
	KindAsset:     {"asset", func() Payload { return new(Asset) }},
	KindAnomaly:   {"anomaly", func() Payload { return new(Anomaly) }},
	KindStats:     {"stats", func() Payload { return new(Stats) }},
	KindHealth:    {"health", func() Payload { return new(Health) }},
	KindFinding:   {"finding", func() Payload { return new(Finding) }},
	KindNFS:       {"nfs", func() Payload { return new(NFS) }},
	KindDCERPC:    {"dcerpc", func() Payload { return new(DCERPC) }},
	KindASTM:      {"astm", func() Payload { return new(ASTM) }},
	KindMDNS:      {"mdns", func() Payload { return new(MDNS) }},
	KindLLMNR:     {"llmnr", func() Payload { return new(LLMNR) }},
	KindMQTT:      {"mqtt", func() Payload { return new(MQTT) }},
	KindPOCT1A:    {"poct1a", func() Payload { return new(POCT1A) }},
	KindDICOMweb:  {"dicomweb", func() Payload { return new(DICOMweb) }},
	KindWebSocket: {"websocket", func() Payload { return new(WebSocket) }},
	KindQUIC:      {"quic", func() Payload { return new(QUIC) }},
	KindNBNS:      {"nbns", func() Payload { return new(NBNS) }},
	KindIKE:       {"ike", func() Payload { return new(IKE) }},
	KindTFTP:      {"tftp", func() Payload { return new(TFTP) }},
	KindNTP:       {"ntp", func() Payload { return new(NTP) }},
	KindSNMP:      {"snmp", func() Payload { return new(SNMP) }},
	KindModbus:    {"modbus", func() Payload { return new(Modbus) }},
	KindDNP3:      {"dnp3", func() Payload { return new(DNP3) }},
	KindIEEE11073: {"ieee11073", func() Payload { return new(IEEE11073) }},
	KindARP:       {"arp", func() Payload { return new(ARP) }},
	KindFTP:       {"ftp", func() Payload { return new(FTP) }},
	KindFTPData:   {"ftp_data", func() Payload { return new(FTPData) }},
	KindSMTP:      {"smtp", func() Payload { return new(SMTP) }},
	KindIMAP:      {"imap", func() Payload { return new(IMAP) }},
	KindPOP3:      {"pop3", func() Payload { return new(POP3) }},
	KindENIP:      {"enip", func() Payload { return new(ENIP) }},
	KindMonitor:   {"monitor", func() Payload { return new(Monitor) }},
	KindBACnet:    {"bacnet", func() Payload { return new(BACnet) }},
	KindS7:        {"s7", func() Payload { return new(S7) }},
	KindSIP:       {"sip", func() Payload { return new(SIP) }},
	KindRDP:       {"rdp", func() Payload { return new(RDP) }},
	KindRFB:       {"rfb", func() Payload { return new(RFB) }},
	KindTelnet:    {"telnet", func() Payload { return new(Telnet) }},
	KindSyslog:    {"syslog", func() Payload { return new(Syslog) }},
	KindATNA:      {"atna", func() Payload { return new(ATNA) }},
	KindPgSQL:     {"pgsql", func() Payload { return new(PgSQL) }},
	KindMySQL:     {"mysql", func() Payload { return new(MySQL) }},
	KindTDS:       {"tds", func() Payload { return new(TDS) }},
	KindRADIUS:    {"radius", func() Payload { return new(RADIUS) }},
	KindDevice:    {"device", func() Payload { return new(Device) }},
	KindAlert:     {"alert", func() Payload { return new(Alert) }},
	KindIncident:  {"incident", func() Payload { return new(Incident) }},
	KindRisk:      {"risk", func() Payload { return new(Risk) }},
	KindPacket:    {"packet", func() Payload { return new(Packet) }},
	KindLog:       {"log", func() Payload { return new(Log) }},

	KindContainment: {"containment", func() Payload { return new(Containment) }},
	KindAccess:      {"access", func() Payload { return new(Access) }},
}

// New is an empty payload of the kind; nil for an unknown one.
func New(k Kind) Payload {
	if k >= kindEnd || kinds[k].make == nil {
		return nil
	}
	return kinds[k].make()
}

// String is the name of the kind in searches, in EVE and on the bus; empty for an unknown kind.
func (k Kind) String() string {
	if k >= kindEnd {
		return ""
	}
	return kinds[k].name
}

// Subject is where events of the kind travel on the bus.
func (k Kind) Subject() string { return "ev." + k.String() }

// Subjects are where events of the kinds travel on the bus.
func Subjects(kinds []Kind) []string {
	var all []string
	for _, k := range kinds {
		all = append(all, k.Subject())
	}
	return all
}

// KindOf is the kind of that name, or KindNone.
func KindOf(name string) Kind {
	for k := KindNone + 1; k < kindEnd; k++ {
		if kinds[k].name == name && name != "" {
			return k
		}
	}
	return KindNone
}

// Kinds lists all kinds in the order of their codes.
func Kinds() []Kind {
	var all []Kind
	for k := KindNone + 1; k < kindEnd; k++ {
		if kinds[k].name != "" {
			all = append(all, k)
		}
	}
	return all
}

// Header is what all events share. Its zero value has no time and is about no flow.
type Header struct {
	Time  int64      // unix nanoseconds at which it happened, by the clock of the packet
	Flow  uint64     // the flow it belongs to, unique per sensor; 0 when it belongs to none
	Src   netip.Addr // who began the conversation; invalid when not known
	Dst   netip.Addr
	Ports Ports
	Proto uint8  // IANA protocol number; 0 when not known
	VLAN  uint16 // outer VLAN id; 0 when untagged
	Inner uint16 // inner VLAN id; 0 when there is none
	Third uint16 // VLAN id within that one; 0 when there is none

	// SrcMAC and DstMAC are the link addresses of both ends as seen here; zero when not told.
	SrcMAC, DstMAC [6]byte

	// Back says that the packet in hand went from Dst to Src; when captures are read as EVE.
	Back bool

	// Packet is the number of the packet in hand in a capture that is read from files, from 1; 0 when not told.
	Packet uint64

	// Notes are what traffic rules have noted of the flow, as EVE has it: fields of an object of JSON, without its braces;
	// when captures are read as EVE.
	Notes string
}

// Ports are the transport ports of both ends; for ICMP type and code.
type Ports struct{ Src, Dst uint16 }

// When is the time of the event in UTC.
func (h *Header) When() time.Time { return time.Unix(0, h.Time).UTC() }

// Payload is one of the payload types of this package.
type Payload interface {
	Kind() Kind
	fields(*coder)
}

// Event is one thing that happened. Strings of an event that a [Reader] hands out point into the batch.
type Event struct {
	Header
	Payload Payload
}

// ProtoName is the name of an IANA protocol number as EVE writes it, in lower case.
func ProtoName(p uint8) string {
	switch p {
	case 1:
		return "icmp"
	case 2:
		return "igmp"
	case 6:
		return "tcp"
	case 17:
		return "udp"
	case 47:
		return "gre"
	case 50:
		return "esp"
	case 58:
		return "ipv6-icmp"
	case 132:
		return "sctp"
	}
	return strconv.Itoa(int(p))
}
