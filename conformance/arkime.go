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

	"golang.org/x/net/idna"

	"bulwark/event/eve"
)

// arkimeField is a field of Arkime's session document and where EVE says the same.
type arkimeField struct {
	family string
	path   []string
	eve    []string // event type, then the path in its record
	same   func(want, got string) bool
	one    bool // one of what Arkime lists is enough: it lists also what stands beside
}

func exactly(want, got string) bool { return want == got }
func folded(want, got string) bool  { return strings.EqualFold(want, got) }

// arkimeFields are the fields that are compared.
func arkimeFields() []arkimeField {
	return []arkimeField{
		{"dns", []string{"dns", "queryHost"}, []string{"dns", "dns", "queries", "rrname"}, domain, false},
		{"dns", []string{"dns", "qt"}, []string{"dns", "dns", "queries", "rrtype"}, exactly, false},
		{"dns", []string{"dns", "status"}, []string{"dns", "dns", "rcode"}, rcode, false},
		{"dns", []string{"dns", "answers", "ip"}, []string{"dns", "dns", "answers", "rdata"}, address, true},
		{"dns", []string{"dns", "answers", "cname"}, []string{"dns", "dns", "answers", "rdata"}, folded, false},
		{"tls", []string{"tls", "version"}, []string{"tls", "tls", "version"}, tlsVersion, false},
		{"tls", []string{"tls", "ja3"}, []string{"tls", "tls", "ja3", "hash"}, exactly, false},
		{"tls", []string{"tls", "ja3s"}, []string{"tls", "tls", "ja3s", "hash"}, exactly, false},
		{"tls", []string{"tls", "ja4"}, []string{"tls", "tls", "ja4"}, exactly, false},
		{"tls", []string{"cert", "hash"}, []string{"tls", "tls", "fingerprint"}, exactly, true},
		{"tls", []string{"cert", "serial"}, []string{"tls", "tls", "serial"}, serial, true},
		{"tls", []string{"cert", "subjectCN"}, []string{"tls", "tls", "subject"}, commonName, true},
		{"http", []string{"http", "method"}, []string{"http", "http", "http_method"}, exactly, false},
		{"http", []string{"http", "host"}, []string{"http", "http", "hostname"}, hostPort, false},
		{"http", []string{"http", "path"}, []string{"http", "http", "url"}, path, false},
		{"http", []string{"http", "statuscode"}, []string{"http", "http", "status"}, exactly, false},
		{"http", []string{"http", "useragent"}, []string{"http", "http", "http_user_agent"}, exactly, false},
		{"http", []string{"http", "request-referer"}, []string{"http", "http", "http_refer"}, exactly, false},
		{"http", []string{"http", "response-location"}, []string{"http", "http", "redirect"}, exactly, false},
		{"smb", []string{"smb", "dialect"}, []string{"smb", "smb", "dialect"}, exactly, false},
		{"smb", []string{"smb", "share"}, []string{"smb", "smb", "share"}, folded, false},
		{"smb", []string{"smb", "filename"}, []string{"smb", "smb", "filename"}, contains, false},
		{"smb", []string{"smb", "user"}, []string{"smb", "smb", "ntlmssp", "user"}, folded, false},
		{"smb", []string{"smb", "domain"}, []string{"smb", "smb", "ntlmssp", "domain"}, folded, false},
		{"smb", []string{"smb", "host"}, []string{"smb", "smb", "ntlmssp", "host"}, folded, false},
		{"krb5", []string{"krb5", "cname"}, []string{"krb5", "krb5", "cname"}, folded, false},
		{"krb5", []string{"krb5", "realm"}, []string{"krb5", "krb5", "realm"}, folded, false},
		{"krb5", []string{"krb5", "sname"}, []string{"krb5", "krb5", "sname"}, folded, false},
		{"krb5", []string{"krb5", "error"}, []string{"krb5", "krb5", "error_code"}, folded, false},
		{"ssh", []string{"ssh", "hassh"}, []string{"ssh", "ssh", "client", "hassh", "hash"}, exactly, false},
		{"ssh", []string{"ssh", "hasshServer"}, []string{"ssh", "ssh", "server", "hassh", "hash"}, exactly, false},
		{"ldap", []string{"ldap", "bindname"}, []string{"ldap", "ldap", "request", "bind_request", "name"}, exactly, false},
		{"dhcp", []string{"dhcp", "mac"}, []string{"dhcp", "dhcp", "client_mac"}, exactly, false},
		{"dhcp", []string{"dhcp", "type"}, []string{"dhcp", "dhcp", "dhcp_type"}, relayed, false},
		{"dhcp", []string{"dhcp", "host"}, []string{"dhcp", "dhcp", "hostname"}, exactly, false},
		{"nbns", []string{"nbns", "queryHost"}, []string{"nbns", "nbns", "name"}, exactly, false},
		{"snmp", []string{"snmp", "community"}, []string{"snmp", "snmp", "community"}, exactly, false},
		{"snmp", []string{"snmp", "version"}, []string{"snmp", "snmp", "version"}, exactly, false},
		{"ntp", []string{"ntp", "version"}, []string{"ntp", "ntp", "version"}, exactly, false},
		{"tftp", []string{"tftp", "filename"}, []string{"tftp", "tftp", "file"}, exactly, false},
		{"ike", []string{"isakmp", "initiatorSpi"}, []string{"ike", "ike", "init_spi"}, exactly, false},
		{"ike", []string{"isakmp", "responderSpi"}, []string{"ike", "ike", "resp_spi"}, exactly, false},
		{"dhcp", []string{"dhcp", "requestIp"}, []string{"dhcp", "dhcp", "requested_ip"}, address, false},
	}
}

// domain: Arkime writes <root> for the name of the root, and names of other scripts as they are read.
func domain(want, got string) bool {
	if want == "<root>" {
		return got == "" || got == "."
	}
	shown, err := idna.ToUnicode(got)
	return strings.EqualFold(want, got) || err == nil && strings.EqualFold(want, shown)
}

// hostPort: EVE gives the port in a field of its own.
func hostPort(want, got string) bool {
	host, _, ok := strings.Cut(want, ":")
	return strings.EqualFold(want, got) || ok && strings.EqualFold(host, got)
}

// rcode compares names of DNS response codes: NOTIMPL is IANA's NOTIMP, BADSIG_VERS is BADVERS or BADSIG (both 16, RFC 6891 and RFC 8945).
func rcode(want, got string) bool {
	return want == got || want == got+"L" || want == "BADSIG_VERS" && (got == "BADVERS" || got == "BADSIG")
}

func address(want, got string) bool { return canonical(want) == canonical(got) }

// tlsVersion compares TLSv1.2 with TLS 1.2.
func tlsVersion(want, got string) bool {
	bare := func(s string) string {
		s = strings.ReplaceAll(strings.ReplaceAll(s, " ", ""), "v", "")
		if s == "TLS1" {
			return "TLS1.0"
		}
		return s
	}
	return bare(want) == bare(got)
}

// serial compares 0a with 0A and 0A:01.
func serial(want, got string) bool {
	return strings.EqualFold(strings.TrimLeft(want, "0"), strings.TrimLeft(strings.ReplaceAll(got, ":", ""), "0"))
}

func commonName(want, got string) bool {
	return strings.Contains(strings.ToLower(got), "cn="+strings.ToLower(want))
}

func path(want, got string) bool {
	p, _, _ := strings.Cut(got, "?")
	if _, rest, ok := strings.Cut(p, "://"); ok {
		if at := strings.IndexByte(rest, '/'); at >= 0 {
			p = rest[at:]
		}
	}
	return p == want
}

func contains(want, got string) bool {
	return strings.Contains(strings.ToLower(got), strings.ToLower(want))
}

// arkimeApps are the protocols that are compared, by Arkime's names.
var arkimeApps = []string{"dns", "tls", "http", "smb", "krb5", "ldap", "dhcp", "dhcpv6", "mdns", "llmnr", "nbns", "snmp", "ntp", "tftp", "isakmp", "ssh", "quic"}

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
		records, err := watchEVE(ctx, strings.TrimSuffix(test, ".test")+".pcap", eve.Options{})
		if err != nil {
			return nil, err
		}
		for i, s := range doc.Sessions {
			name := fmt.Sprintf("%s %d", strings.TrimSuffix(filepath.Base(test), ".test"), i)
			cases = append(cases, judgeArkime(name, s.Body, ofSession(records, s.Body))...)
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

func judgeArkime(name string, s record, ours []record) []Case {
	var cases []Case
	for _, app := range arkimeApps {
		if !slices.Contains(texts(s, "protocol"), app) {
			continue
		}
		c := Case{Family: "protocol", Name: name + " protocol " + app}
		if got := protocols(ours); !slices.Contains(got, arkimeApp(app)) {
			c.Why = fmt.Sprintf("got %v of %s", got, text(s, "network", "community_id"))
		}
		cases = append(cases, c)
	}
	for _, f := range arkimeFields() {
		want := texts(s, f.path...)
		if len(want) == 0 {
			continue
		}
		c := Case{Family: f.family, Name: name + " " + strings.Join(f.path, ".")}
		got := gather(ours, f.eve[0], f.eve[1:]...)
		if f.path[1] == "host" && f.family == "http" {
			got = append(got, gather(ours, "tls", "tls", "sni")...) // Arkime takes it for a host too
			got = append(got, gather(ours, "quic", "quic", "sni")...)
		}
		if f.family == "tls" {
			got = append(got, gather(ours, "quic", append([]string{"quic"}, f.eve[2:]...)...)...)
		}
		if f.family == "dns" {
			if f.path[1] == "status" && len(gather(ours, "llmnr", "llmnr", "id")) > 0 {
				continue // EVE does not tell it
			}
			got = append(got, multicast(ours, f.path[1])...)
		}
		if f.family == "dhcp" && f.path[1] == "type" {
			got = append(got, gather(ours, "dhcp", "dhcp", "relay_type")...)
		}
		if f.path[1] == "share" {
			got = append(got, gather(ours, "smb", "smb", "named_pipe")...) // EVE's name for the share of pipes
		}
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
		cases = append(cases, c)
	}
	return cases
}
