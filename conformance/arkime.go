package conformance

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"bulwark/event/eve"
)

// runArkime compares sessions with what Arkime reads in them: one case a protocol and a field of a session.
func runArkime(ctx context.Context, b *Bench) ([]Case, error) {
	tests, err := filepath.Glob(b.file("arkime", "*.test"))
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, test := range tests {
		stated, err := os.ReadFile(test)
		if err != nil {
			return nil, err
		}
		var doc struct {
			Sessions []struct {
				Body map[string]any `json:"body"`
			} `json:"sessions3"`
		}
		if err := json.Unmarshal(stated, &doc); err != nil {
			return nil, fmt.Errorf("reading %s: %w", test, err)
		}
		records, err := watchEVE(ctx, strings.TrimSuffix(test, ".test")+".pcap", arkimeOptions())
		if err != nil {
			return nil, err
		}
		own, err := watchEvents(ctx, strings.TrimSuffix(test, ".test")+".pcap")
		if err != nil {
			return nil, err
		}
		for i, s := range doc.Sessions {
			name := fmt.Sprintf("%s %d", strings.TrimSuffix(filepath.Base(test), ".test"), i)
			cases = append(cases, judgeArkime(name, s.Body, ofSession(records, s.Body), betweenEnds(own, s.Body))...)
		}
	}
	return cases, nil
}

// ofSession are the records of one session. Arkime gives sessions that it joins by another key than their ends, as those
// of DHCPv6, no community id: what its client and server sent in its time belongs to them.
func ofSession(records []record, s record) []record {
	id := text(s, "network", "community_id")
	return slices.DeleteFunc(slices.Clone(records), func(r record) bool {
		if id != "" {
			return text(r, "community_id") != id
		}
		return !during(s, r) || !slices.Contains(texts(s, "source", "port"), text(r, "src_port")) &&
			!slices.Contains(texts(s, "source", "port"), text(r, "dest_port"))
	})
}

// during reports whether a record is of the time of a session, whose times are milliseconds; a flow may overlap it.
func during(s, r record) bool {
	from, errFrom := strconv.ParseFloat(text(s, "firstPacket"), 64)
	to, errTo := strconv.ParseFloat(text(s, "lastPacket"), 64)
	begin, end := millis(text(r, "timestamp")), millis(text(r, "timestamp"))
	if start := text(r, "flow", "start"); start != "" {
		begin, end = millis(start), millis(text(r, "flow", "end"))
	}
	return errFrom == nil && errTo == nil && begin <= to && end >= from
}

// millis is a time as EVE writes it; 0 for none.
func millis(stamp string) float64 {
	at, err := time.Parse("2006-01-02T15:04:05.000000-0700", stamp)
	if err != nil {
		return 0
	}
	return float64(at.UnixMilli())
}

// betweenEnds are those of our own events that are of the ends of a session.
func betweenEnds(own []record, s record) []record {
	of := ends("", text(s, "source", "ip"), text(s, "source", "port"), text(s, "destination", "ip"), text(s, "destination", "port"))
	return slices.DeleteFunc(slices.Clone(own), func(e record) bool {
		at := func(k string) string { return text(e, k) }
		return ends("", at("src_endpoint.ip"), at("src_endpoint.port"), at("dst_endpoint.ip"), at("dst_endpoint.port")) != of
	})
}

func judgeArkime(name string, s record, ours, own []record) []Case {
	var cases []Case
	for _, app := range arkimeApps {
		if !slices.Contains(texts(s, "protocol"), app) {
			continue
		}
		c := Case{Family: "protocol", Name: name + " protocol " + app}
		if got := protocols(ours); !slices.Contains(got, arkimeApp(app)) {
			c.Why = arkimeReason(s, []string{"protocol", app}) + fmt.Sprintf("got %v of %s", got, text(s, "network", "community_id"))
		}
		cases = append(cases, c)
	}
	for _, f := range arkimeFields() {
		want := texts(s, f.path...)
		if len(want) == 0 {
			continue
		}
		c := Case{Family: f.family, Name: name + " " + strings.Join(f.path, ".")}
		if f.family == "mail" && !slices.Contains(texts(s, "protocol"), "smtp") {
			continue // EVE has records of the mail that is sent
		}
		if f.family == "dns" && f.path[1] == "status" && len(gather(ours, "llmnr", "llmnr", "id")) > 0 {
			continue // EVE does not tell it
		}
		got := arkimeAnswers(&f, ours, own)
		found := 0
		for _, w := range want {
			if slices.ContainsFunc(got, func(g string) bool { return f.same(w, g) }) {
				found++
			} else {
				c.Why = fmt.Sprintf("%s, got %v", w, got)
			}
		}
		if f.one && found > 0 {
			c.Why = ""
		}
		if c.Why != "" {
			c.Why = arkimeReason(s, f.path) + c.Why
		}
		cases = append(cases, c)
	}
	return cases
}

// arkimeAnswers is what we tell of a field.
func arkimeAnswers(f *arkimeField, ours, own []record) []string {
	got := gather(ours, f.eve[0], f.eve[1:]...)
	for _, e := range own {
		if f.own != "" && text(e, f.own) != "" {
			got = append(got, texts(e, f.own)...)
		}
	}
	switch {
	case f.family == "http" && f.path[1] == "host": // Arkime takes it for a host too
		got = append(got, gather(ours, "tls", "tls", "sni")...)
		got = append(got, gather(ours, "quic", "quic", "sni")...)
	case f.family == "tls":
		got = append(got, gather(ours, "quic", append([]string{"quic"}, f.eve[2:]...)...)...)
	case f.family == "dns":
		got = append(got, multicast(ours, f.path[1])...)
	case f.family == "dhcp" && f.path[1] == "type":
		got = append(got, gather(ours, "dhcp", "bulwark", "relay_type")...)
	case f.path[1] == "share":
		got = append(got, gather(ours, "smb", "smb", "named_pipe")...) // EVE's name for the share of pipes
	case f.path[1] == "bindname" && slices.Contains(gather(ours, "ldap", "ldap", "request", "bind_request", "name"), ""):
		got = append(got, "<ROOT>")
	}
	return got
}

// arkimeReason says why a field of a session cannot agree, where that is known, with a colon and a space behind.
func arkimeReason(s record, field []string) string {
	for protocol, why := range map[string]string{
		"openvpn": "TLS within OpenVPN is not decoded",
		"sctp":    "what SCTP carries is not decoded",
		"adb":     "the debug bridge of Android is not decoded",
		"opcua":   "OPC UA is not decoded, nor its certificates, which are not of TLS",
	} {
		if slices.Contains(texts(s, "protocol"), protocol) {
			return why + ": "
		}
	}
	switch strings.Join(field, ".") {
	case "email.subject":
		return "EVE has it as it was sent; --json has it decoded: "
	case "dhcp.requestIp", "http.host":
		return "one that says nothing is left out: "
	case "snmp.community", "protocol.snmp", "ldap.bindname", "dnp3.src", "dnp3.dst", "dnp3.func", "protocol.dnp3", "protocol.radius", "radius.user",
		"radius.msgType", "protocol.s7comm", "s7comm.funcName", "tls.ja3s":
		return "the message is shorter than it says, or its checksum is wrong, and is not taken for one: "
	case "http.statuscode":
		return "the final answer is told, and not 100 Continue before it: "
	case "http.method":
		return "PRI is no request but the preface of HTTP/2 (RFC 9113 section 3.4): "
	case "dns.answers.ip":
		return "an additional record, not an answer: "
	case "protocol.http":
		return "the first line of a request of SIP over TCP, not of HTTP: "
	}
	return ""
}

func arkimeOptions() eve.Options {
	return eve.Options{Mail: true, Records: eve.Records{Passwords: true, Hashes: []string{"md5", "sha1", "sha256"}}}
}
