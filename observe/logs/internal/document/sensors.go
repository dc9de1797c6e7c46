package document

import (
	"strconv"
	"strings"

	"bulwark/event"
	"bulwark/observe/logs/internal/flat"
	"bulwark/observe/logs/internal/intake"
)

// eve takes a line of Suricata's EVE (https://docs.suricata.io/en/latest/output/eve/eve-json-format.html): its fields as they are, and
// the ends of the conversation also by their names of ECS.
func eve(l *event.Log, fields []flat.Field) {
	l.Format, l.Product = "eve", "suricata"
	for _, f := range fields {
		switch f.Name {
		case "event_type":
			l.Service, l.Action = f.Value, f.Value
		case "host":
			l.Host = f.Value
		case "alert.signature":
			l.Message = f.Value
		case "payload", "packet", "payload_printable": // bytes of people's conversations
			continue
		}
		l.Fields = append(l.Fields, f.Name, f.Value)
		if name := eveEnds(f.Name); name != "" {
			l.Fields = append(l.Fields, name, strings.ToLower(f.Value))
		}
	}
}

func eveEnds(name string) string {
	switch name {
	case "src_ip":
		return "source.ip"
	case "src_port":
		return "source.port"
	case "dest_ip":
		return "destination.ip"
	case "dest_port":
		return "destination.port"
	case "proto":
		return "network.transport"
	}
	return ""
}

// zeek takes a line of Zeek's JSON logs. Its kind is that of the log, where the line tells it, else known by its fields.
func zeek(l *event.Log, fields []flat.Field) {
	l.Format, l.Product = "zeek", "zeek"
	for _, f := range fields {
		if f.Name == "_path" {
			l.Service = f.Value
		}
		if service := zeekKind(f.Name); service != "" && l.Service == "" {
			l.Service = service
		}
		l.Fields = append(l.Fields, f.Name, f.Value)
		if name := zeekEnds(f.Name); name != "" {
			l.Fields = append(l.Fields, name, strings.ToLower(f.Value))
		}
	}
}

// zeekKind is the log that alone has a field.
func zeekKind(name string) string {
	switch name {
	case "conn_state":
		return "conn"
	case "qtype", "qtype_name":
		return "dns"
	case "status_code", "user_agent":
		return "http"
	case "cipher", "server_name":
		return "ssl"
	case "fuid", "mime_type":
		return "files"
	case "mailfrom":
		return "smtp"
	case "note":
		return "notice"
	case "named_pipe":
		return "dce_rpc"
	case "share_type":
		return "smb_mapping"
	}
	return ""
}

func zeekEnds(name string) string {
	switch name {
	case "id.orig_h":
		return "source.ip"
	case "id.orig_p":
		return "source.port"
	case "id.resp_h":
		return "destination.ip"
	case "id.resp_p":
		return "destination.port"
	case "proto":
		return "network.transport"
	}
	return ""
}

// alert is the alert that a line of EVE tells, so that it becomes a finding like one of the sensor's own.
func alert(fields []flat.Field, base intake.Record) intake.Record {
	a := &event.Alert{}
	e := &event.Event{Payload: a}
	e.Time = event.Nanos(base.Time)
	if base.Time.IsZero() {
		e.Time = base.Received.UnixNano()
	}
	for _, f := range fields {
		if end(&e.Header, f.Name, f.Value) {
			continue
		}
		switch f.Name {
		case "alert.signature":
			a.Title = f.Value
		case "alert.gid":
			a.GID = number(f.Value, 64)
		case "alert.signature_id":
			a.SID = number(f.Value, 64)
		case "alert.rev":
			a.Rev = number(f.Value, 64)
		case "alert.category":
			a.Category = f.Value
		case "alert.severity":
			a.Severity = number(f.Value, 64)
		case "alert.action":
			a.Action = f.Value
		case "app_proto":
			a.App = f.Value
		case "flow.bytes_toserver":
			a.BytesOut = number(f.Value, 64)
		case "flow.bytes_toclient":
			a.BytesIn = number(f.Value, 64)
		default:
			if name, ok := strings.CutPrefix(f.Name, "alert.metadata."); ok {
				a.Metadata = append(a.Metadata, name+" "+f.Value)
			}
		}
	}
	base.Log, base.Event, base.Beside = nil, e, true
	return base
}

func number(s string, bits int) uint64 {
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		return 0
	}
	return n
}

// protocol is the number of a protocol that EVE names.
func protocol(name string) uint8 {
	switch strings.ToLower(name) {
	case "tcp":
		return 6
	case "udp":
		return 17
	case "icmp":
		return 1
	case "ipv6-icmp":
		return 58
	case "sctp":
		return 132
	}
	return 0
}
