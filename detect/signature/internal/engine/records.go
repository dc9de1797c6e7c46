package engine

import (
	"maps"
	"strings"

	"bulwark/detect/signature/internal/field"
	"bulwark/event"
	"bulwark/wire"
)

const (
	toServer = wire.ToServer
	toClient = wire.ToClient
	either   = wire.Either
)

// recordSources are the fields of what is told of conversations.
var recordSources = func() map[string]*source {
	all := map[string]*source{}
	for _, m := range []map[string]*source{nameSources(), tlsSources(), mailSources(), shareSources(), hospitalSources(), fileSources(), dcerpcSources(), messageSources()} {
		maps.Copy(all, m)
	}
	return withNames(all)
}()

// text is a source of one text of a record; where it is empty there is none.
func text[P event.Payload](dir wire.Dir, get func(P) string) *source {
	return &source{dir: dir, record: kindOf[P](), texts: func(p event.Payload, each func(string) bool) {
		if v := get(p.(P)); v != "" {
			each(v)
		}
	}}
}

// list is a source of several texts of a record.
func list[P event.Payload](dir wire.Dir, get func(P) []string) *source {
	return &source{dir: dir, record: kindOf[P](), texts: func(p event.Payload, each func(string) bool) {
		for _, v := range get(p.(P)) {
			if !each(v) {
				return
			}
		}
	}}
}

// number is a source of a number of a record.
func number[P event.Payload](dir wire.Dir, get func(P) uint64) *source {
	return &source{dir: dir, record: kindOf[P](), values: func(p event.Payload, each func(uint64) bool) { each(get(p.(P))) }}
}

// some is a source of a number that a record may not have.
func some[P event.Payload](dir wire.Dir, get func(P) (uint64, bool)) *source {
	return &source{dir: dir, record: kindOf[P](), values: func(p event.Payload, each func(uint64) bool) {
		if v, ok := get(p.(P)); ok {
			each(v)
		}
	}}
}

// ofSides makes a source one that is asked of each side of a record by itself, as Suricata asks it.
func ofSides(s *source) *source {
	s.sides = true
	return s
}

// coded is a source of a number that a record has by its name, which names has in lower case.
func coded[P event.Payload](dir wire.Dir, names map[string]uint64, get func(P) string) *source {
	all := maps.Clone(names) // as records mostly have them too, so that nothing is made of them
	for name, v := range names {
		all[strings.ToUpper(name)] = v
	}
	return some(dir, func(p P) (uint64, bool) {
		name := get(p)
		v, ok := all[name]
		if !ok {
			v, ok = all[strings.ToLower(name)]
		}
		return v, ok
	})
}

func kindOf[P event.Payload]() event.Kind {
	var p P
	return p.Kind()
}

// nameSources are the fields of DNS and its kin, of DHCP, NTP and SNMP.
func nameSources() map[string]*source {
	m := map[string]*source{
		"dns.query": text(toServer, func(p *event.DNS) string {
			if p.Activity != "Query" {
				return ""
			}
			return p.Hostname
		}),
		"dns.queries.rrname":     text(either, func(p *event.DNS) string { return p.Hostname }),
		"dns.query.name":         text(either, func(p *event.DNS) string { return p.Hostname }),
		"dns.answers.rrname":     list(either, func(p *event.DNS) []string { return p.AnswerNames }),
		"dns.answer.name":        list(either, func(p *event.DNS) []string { return p.AnswerNames }),
		"dns.authorities.rrname": list(either, func(p *event.DNS) []string { return p.AuthorityNames }),
		"dns.additionals.rrname": list(either, func(p *event.DNS) []string { return p.AdditionalNames }),
		"dns.opcode":             number(either, func(p *event.DNS) uint64 { return p.Opcode }),
		"dns.rcode": some(either, func(p *event.DNS) (uint64, bool) {
			return p.RawFlags & 15, p.Activity == "Response"
		}),
		"dns.rrtype": coded(either, field.RRTypes(), func(p *event.DNS) string { return p.Type }),
		"dns.response.rrname": list(either, func(p *event.DNS) []string {
			if p.Activity != "Response" {
				return nil
			}
			all := append([]string{p.Hostname}, p.AnswerNames...)
			all = appendNames(append(append(all, p.AuthorityNames...), p.AdditionalNames...), p.AnswerTypes, p.Answers)
			return appendNames(appendNames(all, p.AuthorityTypes, p.Authorities), p.AdditionalTypes, p.Additionals)
		}),

		"dhcp.leasetime":      number(either, func(p *event.DHCP) uint64 { return p.Lease }),
		"dhcp.rebinding_time": number(either, func(p *event.DHCP) uint64 { return p.Rebinding }),
		"dhcp.renewal_time":   number(either, func(p *event.DHCP) uint64 { return p.Renewal }),

		"ntp.version":      number(either, func(p *event.NTP) uint64 { return p.Version }),
		"ntp.stratum":      number(either, func(p *event.NTP) uint64 { return p.Stratum }),
		"ntp.mode":         number(either, func(p *event.NTP) uint64 { return p.ModeID }),
		"ntp.reference_id": text(either, func(p *event.NTP) string { return unhex(p.ReferenceID) }),

		"snmp.version":      number(either, func(p *event.SNMP) uint64 { return p.Version }),
		"snmp.community":    text(either, func(p *event.SNMP) string { return p.Community }),
		"snmp.usm":          text(either, func(p *event.SNMP) string { return p.User }),
		"snmp.trap_oid":     text(either, func(p *event.SNMP) string { return p.TrapOID }),
		"snmp.trap_address": text(either, func(p *event.SNMP) string { return p.Agent }),
		"snmp.pdu_type":     coded(either, enum("snmp.pdu_type"), func(p *event.SNMP) string { return p.Activity }),
		"snmp.trap_type":    coded(either, enum("snmp.trap_type"), func(p *event.SNMP) string { return p.Trap }),
	}
	for section, get := range map[string]func(*event.MDNS) []string{
		"queries": func(p *event.MDNS) []string { return p.Names }, "answers": func(p *event.MDNS) []string { return p.AnswerNames },
		"authorities": func(p *event.MDNS) []string { return p.AuthorityNames },
		"additionals": func(p *event.MDNS) []string { return p.AdditionalNames },
		"response":    func(p *event.MDNS) []string { return responseNames(p) },
	} {
		m["mdns."+section+".rrname"] = list(either, get)
		m["llmnr."+section+".rrname"] = list(either, func(p *event.LLMNR) []string { return get((*event.MDNS)(p)) })
	}
	return m
}

// responseNames are all names of a response, those in its data among them.
func responseNames(p *event.MDNS) []string {
	if p.Activity != "Response" {
		return nil
	}
	var all []string
	for _, l := range [][]string{p.Names, p.AnswerNames, p.AuthorityNames, p.AdditionalNames} {
		all = append(all, l...)
	}
	all = appendNames(all, p.AnswerTypes, p.Answers)
	return appendNames(appendNames(all, p.AuthorityTypes, p.Authorities), p.AdditionalTypes, p.Additionals)
}

// appendNames appends the names in the data of records (Suricata User Guide, "dns.response.rrname"): CNAME, PTR, MX, NS, and
// the first of SOA.
func appendNames(all, types, data []string) []string {
	for i := range min(len(types), len(data)) {
		v := data[i]
		switch types[i] {
		case "CNAME", "PTR", "NS", "MX":
		case "SOA":
			v, _, _ = strings.Cut(v, " ")
		default:
			continue
		}
		all = append(all, strings.TrimSuffix(v, "."))
	}
	return all
}

// enum is the names of the values of a field.
func enum(name string) map[string]uint64 {
	if f := field.Lookup(name); f != nil {
		return f.Enum
	}
	return nil
}

// unhex is the bytes of hexadecimal digits; the text itself where it is none.
func unhex(s string) string {
	s = strings.ReplaceAll(s, ":", "")
	var b []byte
	for i := 0; i+1 < len(s); i += 2 {
		v, ok := hexByte(s[i], s[i+1])
		if !ok {
			return s
		}
		b = append(b, v)
	}
	return string(b)
}

// tlsSources are the fields of TLS, QUIC, SSH and IKE.
func tlsSources() map[string]*source {
	return map[string]*source{

		"quic.sni":        text(toServer, func(p *event.QUIC) string { return p.SNI }),
		"quic.ua":         text(toServer, func(p *event.QUIC) string { return p.UserAgent }),
		"quic.cyu.hash":   text(toServer, func(p *event.QUIC) string { return p.CYU }),
		"quic.cyu.string": text(toServer, func(p *event.QUIC) string { return p.CYUText }),

		"ike.init_spi": text(either, func(p *event.IKE) string { return p.InitiatorSPI }),
		"ike.resp_spi": text(either, func(p *event.IKE) string { return p.ResponderSPI }),
		"ike.exchtype": number(either, func(p *event.IKE) uint64 { return p.ExchangeID }),
	}
}

// present are those of the texts that are not empty.
func present(all ...string) []string {
	var some []string
	for _, s := range all {
		if s != "" {
			some = append(some, s)
		}
	}
	return some
}

// mailSources are the fields of mail, calls and transfers.
func mailSources() map[string]*source {
	return map[string]*source{

		"ftp.command":         text(toServer, func(p *event.FTP) string { return p.Command }),
		"ftp.command_data":    text(toServer, func(p *event.FTP) string { return p.Data }),
		"ftp.completion_code": list(toClient, func(p *event.FTP) []string { return p.Codes }),
		"ftp.reply":           list(toClient, func(p *event.FTP) []string { return p.Replies }),
		"ftp.dynamic_port":    ofSides(some(either, func(p *event.FTP) (uint64, bool) { return p.Port, p.Port != 0 })),
		"ftp.mode": ofSides(some(either, func(p *event.FTP) (uint64, bool) {
			v, ok := map[string]uint64{"active": 0, "passive": 1}[p.Mode]
			return v, ok
		})),
		"ftp.reply_received": number(toClient, func(p *event.FTP) uint64 { return truth(p.Done) }),
		"ftpdata_command":    coded(either, field.FTPDataCommands(), func(p *event.FTPData) string { return p.Command }),
	}
}

func truth(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// shareSources are the fields of Windows's protocols, of directories, databases and screens.
func shareSources() map[string]*source {
	return map[string]*source{
		"smb.named_pipe": text(either, func(p *event.SMB) string {
			if p.NamedPipe == "" && p.ShareType == "PIPE" {
				return p.Tree
			}
			return p.NamedPipe
		}),
		"smb.share":          text(either, func(p *event.SMB) string { return p.Tree }),
		"smb.ntlmssp_user":   text(toServer, func(p *event.SMB) string { return p.User }),
		"smb.ntlmssp_domain": text(toServer, func(p *event.SMB) string { return p.Domain }),
		"smb.version": ofSides(some(either, func(p *event.SMB) (uint64, bool) {
			if strings.HasPrefix(p.Command, "SMB1_") || p.Command == "" && strings.HasPrefix(p.Dialect, "NT") {
				return 1, true
			}
			return 2, p.Command != "" || p.Dialect != ""
		})),

		"rfb.name":      text(either, func(p *event.RFB) string { return p.Name }),
		"rfb.sectype":   some(either, func(p *event.RFB) (uint64, bool) { return p.Security - 1, p.Security > 0 }),
		"rfb.secresult": coded(toClient, enum("rfb.secresult"), func(p *event.RFB) string { return p.Result }),
		"pgsql.query":   text(toServer, func(p *event.PgSQL) string { return p.Statement }),
		"mysql.query":   text(toServer, func(p *event.MySQL) string { return p.Statement }),
		"tds.query":     text(toServer, func(p *event.TDS) string { return p.Statement }),
	}
}

// hospitalSources are the fields of medical protocols.
func hospitalSources() map[string]*source {
	return map[string]*source{
		"dicom.calling_ae":             text(either, func(p *event.DICOM) string { return p.CallingAE }),
		"dicom.called_ae":              text(either, func(p *event.DICOM) string { return p.CalledAE }),
		"dicom.sop_class":              list(either, func(p *event.DICOM) []string { return p.SOPClasses }),
		"dicom.sop_class_uid":          list(either, func(p *event.DICOM) []string { return p.SOPClassUIDs }),
		"dicom.command":                text(either, func(p *event.DICOM) string { return p.Activity }),
		"dicom.status":                 some(either, func(p *event.DICOM) (uint64, bool) { return p.StatusCode - 1, p.Status != "" }),
		"dicom.result":                 text(either, func(p *event.DICOM) string { return p.Result }),
		"dicom.transfer_syntax":        list(either, func(p *event.DICOM) []string { return p.TransferSyntaxes }),
		"dicom.implementation_uid":     list(either, func(p *event.DICOM) []string { return present(p.CallingUID, p.CalledUID) }),
		"dicom.implementation_version": list(either, func(p *event.DICOM) []string { return present(p.CallingVersion, p.CalledVersion) }),
		"dicom.query_level":            text(either, func(p *event.DICOM) string { return p.Level }),
		"dicom.query_key":              list(either, func(p *event.DICOM) []string { return p.Keys }),
		"dicom.move_destination":       text(either, func(p *event.DICOM) string { return p.Destination }),
		"dicom.modality":               text(either, func(p *event.DICOM) string { return p.Modality }),
		"dicom.manufacturer":           text(either, func(p *event.DICOM) string { return p.Manufacturer }),
		"dicom.model":                  text(either, func(p *event.DICOM) string { return p.Model }),
		"dicom.station":                text(either, func(p *event.DICOM) string { return p.Station }),
		"dicom.messages":               number(either, func(p *event.DICOM) uint64 { return p.Messages }),
		"dicom.studies":                number(either, func(p *event.DICOM) uint64 { return p.Studies }),
		"dicom.instances":              number(either, func(p *event.DICOM) uint64 { return p.Instances }),
		"dicom.bytes":                  number(either, func(p *event.DICOM) uint64 { return p.Bytes }),
		"dicom.rejected":               number(either, func(p *event.DICOM) uint64 { return p.Rejected }),

		"hl7.type":               text(either, func(p *event.HL7) string { return p.Type }),
		"hl7.trigger":            text(either, func(p *event.HL7) string { return p.Trigger }),
		"hl7.structure":          text(either, func(p *event.HL7) string { return p.Structure }),
		"hl7.version":            text(either, func(p *event.HL7) string { return p.Version }),
		"hl7.sending_app":        text(either, func(p *event.HL7) string { return p.SendingApp }),
		"hl7.sending_facility":   text(either, func(p *event.HL7) string { return p.SendingFac }),
		"hl7.receiving_app":      text(either, func(p *event.HL7) string { return p.ReceivingApp }),
		"hl7.receiving_facility": text(either, func(p *event.HL7) string { return p.ReceivingFac }),
		"hl7.control_id":         text(either, func(p *event.HL7) string { return p.ControlID }),
		"hl7.ack":                text(either, func(p *event.HL7) string { return p.Ack }),
		"hl7.processing":         text(either, func(p *event.HL7) string { return p.Processing }),
		"hl7.charset":            text(either, func(p *event.HL7) string { return p.Charset }),
		"hl7.device":             list(either, func(p *event.HL7) []string { return p.Devices }),
		"hl7.error":              list(either, func(p *event.HL7) []string { return p.Errors }),
		"hl7.segments":           number(either, func(p *event.HL7) uint64 { return p.Segments }),
		"hl7.observations":       number(either, func(p *event.HL7) uint64 { return p.Observations }),
		"hl7.bytes":              number(either, func(p *event.HL7) uint64 { return p.Bytes }),

		"astm.activity":   text(either, func(p *event.ASTM) string { return p.Activity }),
		"astm.sender":     text(either, func(p *event.ASTM) string { return p.Sender }),
		"astm.receiver":   text(either, func(p *event.ASTM) string { return p.Receiver }),
		"astm.test":       list(either, func(p *event.ASTM) []string { return p.Tests }),
		"astm.instrument": list(either, func(p *event.ASTM) []string { return p.Instruments }),
		"poct1a.type":     text(either, func(p *event.POCT1A) string { return p.Type }),
		"poct1a.device":   text(either, func(p *event.POCT1A) string { return p.Device }),
		"poct1a.vendor":   text(either, func(p *event.POCT1A) string { return p.Vendor }),
		"poct1a.model":    text(either, func(p *event.POCT1A) string { return p.Model }),
		"poct1a.ack":      text(either, func(p *event.POCT1A) string { return p.Ack }),

		"fhir.resource":    text(either, func(p *event.FHIR) string { return p.Resource }),
		"fhir.interaction": text(either, func(p *event.FHIR) string { return p.Interaction }),
		"fhir.operation":   text(either, func(p *event.FHIR) string { return p.Operation }),
		"fhir.param":       list(either, func(p *event.FHIR) []string { return p.Params }),
		"fhir.status":      number(either, func(p *event.FHIR) uint64 { return p.Status }),
		"fhir.results":     number(either, func(p *event.FHIR) uint64 { return p.Results }),
		"fhir.outcome":     text(either, func(p *event.FHIR) string { return p.Outcome }),
		"fhir.base":        text(either, func(p *event.FHIR) string { return p.Base }),
	}
}

// fileSources are the fields of a file when all of it was seen.
func fileSources() map[string]*source {
	return map[string]*source{
		"file.name":      text(either, func(p *event.File) string { return p.Name }),
		"file.mime_type": text(either, func(p *event.File) string { return p.Type }),
		"file.md5":       text(either, func(p *event.File) string { return p.MD5 }),
		"file.sha1":      text(either, func(p *event.File) string { return p.SHA1 }),
		"file.sha256":    text(either, func(p *event.File) string { return p.SHA256 }),
		"filesize":       some(either, func(p *event.File) (uint64, bool) { return p.Size, p.Complete }),
	}
}
