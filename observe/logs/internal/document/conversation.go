package document

import (
	"net/netip"
	"path"
	"strconv"
	"strings"
	"time"

	"bulwark/event"
	"bulwark/observe/logs/internal/flat"
	"bulwark/observe/logs/internal/intake"
)

// conversation is the flow that a line of EVE or of Zeek's conn tells, marked with who told it.
func conversation(fields []flat.Field, base intake.Record) intake.Record {
	f := &event.Flow{Activity: "Close", State: "closed", Exporter: "127.0.0.1", Sampling: 1}
	if base.Sender.IsValid() {
		f.Exporter = base.Sender.String()
	}
	e := &event.Event{Payload: f}
	for _, x := range fields {
		if !end(&e.Header, x.Name, x.Value) && !eveFlow(f, x.Name, x.Value) {
			zeekFlow(f, x.Name, x.Value)
		}
	}
	if f.Start == 0 {
		f.Start = uint64(base.Received.UnixNano())
	}
	e.Time = int64(f.Start + f.Duration)
	base.Log, base.Event, base.Beside = nil, e, true
	return base
}

// end takes an end of the conversation.
func end(h *event.Header, name, value string) bool {
	switch name {
	case "src_ip", "id.orig_h":
		h.Src, _ = netip.ParseAddr(value)
	case "dest_ip", "id.resp_h":
		h.Dst, _ = netip.ParseAddr(value)
	case "src_port", "id.orig_p":
		h.Ports.Src = uint16(number(value, 16))
	case "dest_port", "id.resp_p":
		h.Ports.Dst = uint16(number(value, 16))
	case "proto":
		h.Proto = protocol(value)
	default:
		return false
	}
	return true
}

func eveFlow(f *event.Flow, name, value string) bool {
	switch name {
	case "app_proto":
		if value != "failed" && value != "unknown" {
			f.App = value
		}
	case "flow.pkts_toserver":
		f.PacketsOut = number(value, 64)
	case "flow.pkts_toclient":
		f.PacketsIn = number(value, 64)
	case "flow.bytes_toserver":
		f.BytesOut = number(value, 64)
	case "flow.bytes_toclient":
		f.BytesIn = number(value, 64)
	case "flow.start":
		f.Start = nanos(instant(value))
	case "flow.end":
		if last := nanos(instant(value)); last > f.Start {
			f.Duration = last - f.Start
		}
	case "flow.reason":
		f.Reason = value
	case "community_id":
		f.CommunityID = value
	default:
		return false
	}
	return true
}

func zeekFlow(f *event.Flow, name, value string) {
	switch name {
	case "ts":
		f.Start = nanos(instant(value))
	case "duration":
		if seconds, err := strconv.ParseFloat(value, 64); err == nil && 0 <= seconds && seconds < 1e9 {
			f.Duration = uint64(seconds * float64(time.Second))
		}
	case "service":
		f.App, _, _ = strings.Cut(value, ",")
	case "orig_pkts":
		f.PacketsOut = number(value, 64)
	case "resp_pkts":
		f.PacketsIn = number(value, 64)
	case "orig_ip_bytes":
		f.BytesOut = number(value, 64)
	case "resp_ip_bytes":
		f.BytesIn = number(value, 64)
	}
}

// nanos is a time in unix nanoseconds; 0 for one before 1970 or none.
func nanos(t time.Time) uint64 {
	if t.Unix() <= 0 {
		return 0
	}
	return uint64(event.Nanos(t))
}

// kindOfFile is the kind of a log of Zeek by the name of its file: conn of /opt/zeek/logs/current/conn.log.
func kindOfFile(name string) string {
	name = path.Base(name)
	kind, _, ok := strings.Cut(name, ".")
	if !ok || !strings.Contains(name, ".log") {
		return ""
	}
	return kind
}
