package store

import (
	"strings"
	"unicode"

	"bulwark/event"
)

// Alias is a short name of the search language.
type Alias struct {
	Name  string
	Paths []string // attributes it stands for: a term matches when any of them does
	Means string
}

// Aliases lists the short names, in the order in which docs/formats/search.md shows them.
func Aliases() []Alias {
	return []Alias{
		{"ip", []string{event.AttrSrcIP, event.AttrDstIP}, "either end of the conversation"},
		{"src", []string{event.AttrSrcIP}, "the end that began it"},
		{"dst", []string{event.AttrDstIP}, "the end that answered"},
		{"port", []string{event.AttrSrcPort, event.AttrDstPort}, "port of either end"},
		{"sport", []string{event.AttrSrcPort}, "port of the end that began it"},
		{"dport", []string{event.AttrDstPort}, "port of the end that answered"},
		{"proto", []string{event.AttrProto}, "transport protocol: tcp, udp, icmp"},
		{"app", []string{"app_name"}, "application protocol by content"},
		{"vlan", []string{event.AttrVLAN}, "VLAN id"},
		{"flow", []string{event.AttrFlow}, "id of the flow"},
		{"community", []string{"connection_info.community_uid"}, "community id of the flow"},
		{"mac", []string{"src_endpoint.mac", "dst_endpoint.mac", "device.mac"}, "link address of either end, or of a device"},
		{"bytes", []string{"traffic.bytes_out", "traffic.bytes_in", "traffic.bytes"}, "bytes in either direction"},
		{"duration", []string{"duration"}, "how long a flow lasted: duration:>5s"},
		{"domain", []string{"query.hostname", "tls.sni", "http_request.url.hostname"}, "name that was asked for, in DNS, TLS or HTTP"},
		{"host", []string{"query.hostname", "tls.sni", "http_request.url.hostname", "src_endpoint.hostname", "device.hostname"},
			"name of a machine, wherever one stands"},
		{"query", []string{"query.hostname"}, "name of a DNS question"},
		{"answer", []string{"answers.rdata"}, "data of a DNS answer"},
		{"rcode", []string{"rcode"}, "result of a DNS question"},
		{"sni", []string{"tls.sni"}, "server name in TLS"},
		{"ja3", []string{"tls.ja3_hash.value"}, "fingerprint of a TLS client"},
		{"ja4", []string{"tls.ja4.value"}, "fingerprint of a TLS client"},
		{"hassh", []string{"client_hassh.fingerprint.value", "server_hassh.fingerprint.value"}, "fingerprint of an SSH end"},
		{"cert", []string{"tls.certificate.subject", "tls.certificate.issuer", "tls.certificate.sans"}, "names in a certificate"},
		{"url", []string{"http_request.url.path"}, "path and query of a request"},
		{"method", []string{"http_request.http_method"}, "method of a request"},
		{"agent", []string{"http_request.user_agent"}, "user agent"},
		{"code", []string{"http_response.code"}, "status of an HTTP response"},
		{"file", []string{"file.name", "file.new_name"}, "name of a file"},
		{"share", []string{"share"}, "file share"},
		{"user", []string{"actor.user.name", "user.name", "ldap.dn"}, "account"},
		{"outcome", []string{"status"}, "success or failure of a sign-in"},
		{"ae", []string{"dicom.calling_ae", "dicom.called_ae", "dicom.move_destination", "dicom.ae_title"}, "DICOM application entity title"},
		{"modality", []string{"dicom.modality"}, "DICOM modality: CT, MR, US"},
		{"study", []string{"dicom.study_uid"}, "Study Instance UID"},
		{"hl7", []string{"hl7.type", "hl7.trigger"}, "type or trigger of an HL7 message: hl7:ADT"},
		{"facility", []string{"hl7.sending_facility", "hl7.receiving_facility"}, "HL7 facility of either side"},
		{"resource", []string{"fhir.resource"}, "FHIR resource type"},
		{"patient", []string{"patient.uid"}, "pseudonym of a patient"},
		{"vendor", []string{"device.vendor_name"}, "manufacturer of a device"},
		{"model", []string{"device.model"}, "model of a device"},
		{"serial", []string{"device.serial_number"}, "serial number of a device"},
		{"severity", []string{"severity"}, "severity of a finding"},
		{"rule", []string{"finding_info.analytic.uid"}, "rule that raised a finding"},
		{"technique", []string{"finding_info.attacks.technique.uid"}, "ATT&CK technique of a finding"},
	}
}

// anyPaths are the attributes in which a word without a name is looked for: those in which people hunt.
func anyPaths() []string {
	return []string{
		"query.hostname", "answers.rdata", "tls.sni", "tls.certificate.subject", "tls.ja3_hash.value", "tls.ja4.value",
		"tls.certificate.fingerprints.sha256", "http_request.url.hostname", "http_request.url.path", "http_request.user_agent",
		"http_request.referrer", "file.name", "share", "actor.user.name", "user.name", "service.name", "ldap.dn",
		"src_endpoint.hostname", "device.hostname", "device.mac", "src_endpoint.mac", "dst_endpoint.mac", "device.vendor_name",
		"device.model", "device.serial_number", "dicom.calling_ae", "dicom.called_ae", "dicom.station_name", "patient.uid",
		"hl7.sending_app", "hl7.sending_facility", "hl7.receiving_app", "hl7.location", "fhir.resource_id", "ssh.client.software",
		"ssh.server.software", "finding_info.title", "finding_info.analytic.uid", "message", "anomaly.event", event.AttrID,
		"connection_info.community_uid",
	}
}

// shape is how the values of an attribute are written, and so how they are searched.
type shape uint8

const (
	shapeText shape = iota
	shapeWord       // one of few words: whole and exact
	shapeNumber
	shapeBool
	shapeList
	shapeIP
)

// grammar is what the parser knows of attributes. It is built once and never changes.
type grammar struct {
	alias map[string][]string
	shape map[string]shape
	any   []string // where a word without a name is looked for
	anyIP []string // where an address without a name is looked for
}

func newGrammar() *grammar {
	g := &grammar{alias: map[string][]string{}, shape: map[string]shape{}}
	for _, a := range Aliases() {
		g.alias[a.Name] = a.Paths
	}
	for _, k := range event.Kinds() {
		for _, a := range event.Attributes(k) {
			g.learn(a)
		}
	}
	for _, n := range []string{event.AttrSrcPort, event.AttrDstPort, event.AttrVLAN, event.AttrFlow, "seq"} {
		g.shape[n] = shapeNumber
	}
	for _, n := range []string{event.AttrSrcIP, event.AttrDstIP, "device.ip", "relay.ip", "dhcp.requested_ip",
		"dhcp.server_ip", "dhcp.next_server_ip", "dhcp.client_ip"} {
		g.shape[n] = shapeIP
	}
	for _, n := range []string{event.AttrKind, event.AttrSensor, event.AttrSite, event.AttrID, event.AttrProto, "app_name",
		"rcode", "query.type", "severity", "status", "patient.uid", "hl7.type", "hl7.trigger", "connection_info.state",
		"connection_info.community_uid", "http_request.http_method", "dicom.modality", "fhir.resource"} {
		g.shape[n] = shapeWord
	}
	g.any, g.anyIP = anyPaths(), []string{event.AttrSrcIP, event.AttrDstIP, "answers.rdata", "device.ip"}
	return g
}

func (g *grammar) learn(a event.Attribute) {
	s := shapeText
	switch a.Type {
	case "number":
		s = shapeNumber
	case "bool":
		s = shapeBool
	case "list":
		s = shapeList
	}
	g.shape[a.Path] = s
}

// paths are the attributes that a name stands for; nil for an unknown one. A dotted name that is not known is taken as it is and as
// the name of a field of logs (source.geo.name, in ECS), one with a capital letter as that of a field alone (CommandLine).
func (g *grammar) paths(name string) []string {
	if p, ok := g.alias[strings.ToLower(name)]; ok {
		return p
	}
	_, known := g.shape[name]
	switch {
	case known:
		return []string{name}
	case strings.Contains(name, "."):
		return []string{name, event.FieldPrefix + name}
	case strings.ContainsFunc(name, unicode.IsUpper):
		return []string{event.FieldPrefix + name}
	}
	return nil
}
