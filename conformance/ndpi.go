package conformance

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"bulwark/event/eve"
)

// ndpiNames are nDPI's numbers of the protocols that are compared.
var ndpiNames = map[string]string{"5": "dns", "91": "tls", "7": "http", "131": "http", "130": "http", "16": "smb", "41": "smb", "111": "krb5",
	"112": "ldap", "18": "dhcp", "92": "ssh",
	"8": "mdns", "154": "llmnr", "10": "nbns", "103": "dhcpv6", "14": "snmp", "9": "ntp",
	"188": "quic", "349": "http2",
	"96": "tftp", "79": "ike",
	"19": "pgsql", "20": "mysql", "334": "bacnet", "244": "dnp3", "88": "rdp", "370": "dcerpc", "278": "enip", "393": "enip", "222": "mqtt",
	"44": "modbus", "3": "smtp", "1": "ftp", "175": "ftp-data", "172": "socks", "17": "syslog", "100": "sip", "114": "tds",
	"30": "dtls", "78": "stun", "206": "wireguard",
}

// ndpiRides are nDPI's numbers of protocols that are told from the one they ride on by port, name or content.
var ndpiRides = map[string]string{"10": "smb", "208": "dns", "263": "dns", "51": "tls", "23": "tls", "253": "http"}

// ndpiFlow is one flow of a result of ndpiReader: its ends, its protocol where it is one of ours, and in its words.
type ndpiFlow struct{ ends, proto, rides, words string }

var ndpiLine = regexp.MustCompile(`^\t\d+\t(TCP|UDP) (\S+) (?:<->|->) (\S+) .*?\[proto: (?:[A-Za-z]+:)*([0-9.]+)/([^\]]+)\].*?\[Confidence: ([^\]]+)\]`)

func readNDPI(out []byte) []ndpiFlow {
	var flows []ndpiFlow
	for line := range strings.Lines(string(out)) {
		m := ndpiLine.FindStringSubmatch(line)
		if m == nil || !strings.HasPrefix(m[6], "DPI") {
			continue // guessed by port or address
		}
		a, ap := splitPort(m[2])
		b, bp := splitPort(m[3])
		master, _, _ := strings.Cut(m[4], ".")
		f := ndpiFlow{ends: ends(m[1], a, ap, b, bp), proto: ndpiNames[master], rides: ndpiRides[master], words: m[5]}
		flows = append(flows, f)
	}
	return flows
}

func splitPort(s string) (ip, port string) {
	at := strings.LastIndexByte(s, ':')
	if at < 0 {
		return s, ""
	}
	return strings.Trim(s[:at], "[]"), s[at+1:]
}

// runNDPI compares the protocol of each flow with what nDPI reads in it, both ways: a flow that nDPI takes for one of
// our protocols, and a flow that we take for one. Flows that nDPI guesses by port or address are left out.
func runNDPI(ctx context.Context, b *Bench) ([]Case, error) {
	archive, err := b.archive("ndpi.tar.zst")
	if err != nil {
		return nil, err
	}
	var cases []Case
	for _, name := range slices.Sorted(maps.Keys(archive)) {
		base, ok := strings.CutPrefix(name, "ndpi/pcap/")
		out := archive["ndpi/result/"+base+".out"]
		if !ok || out == nil {
			continue
		}
		path, err := b.capture(archive[name])
		if err != nil {
			return nil, err
		}
		records, err := watchEVE(ctx, path, eve.Options{})
		if err != nil {
			return nil, fmt.Errorf("playing %s: %w", name, err)
		}
		ours := byEnds(of(records, "flow"))
		for i, f := range readNDPI(out) {
			if c, ok := judgeNDPI(f, ours[f.ends]); ok {
				if c.Why != "" {
					c.Why = ndpiReason(base) + c.Why
				}
				c.Name = fmt.Sprintf("%s %d %s", base, i, f.words)
				cases = append(cases, c)
			}
		}
	}
	return cases, nil
}

// protocols are those of flows, with those that led to them and those that they are versions of.
func protocols(flows []record) []string {
	apps := append(gather(flows, "flow", "app_proto"), gather(flows, "flow", "app_proto_orig")...)
	if slices.Contains(apps, "http2") || slices.Contains(apps, "websocket") {
		apps = append(apps, "http")
	}
	return apps
}

func judgeNDPI(f ndpiFlow, flows []record) (Case, bool) {
	apps := protocols(flows)
	compared := slices.DeleteFunc(slices.Clone(apps), func(a string) bool {
		return !slices.Contains(slices.Collect(maps.Values(ndpiNames)), a)
	})
	switch {
	case f.proto == "" && len(compared) == 0:
		return Case{}, false
	case f.rides != "" && slices.Contains(compared, f.rides):
		return Case{Family: f.rides}, true
	case f.proto == "":
		return Case{Family: compared[0], Why: "we take it for " + compared[0] + ", nDPI for " + f.words}, true
	case slices.Contains(apps, f.proto), slices.Contains(gather(flows, "flow", "app_proto_orig"), f.proto): // a tunnel, or Upgrade
		return Case{Family: f.proto}, true
	case len(flows) == 0:
		return Case{Family: f.proto, Why: "no such flow: " + f.ends}, true
	case len(apps) == 0:
		return Case{Family: f.proto, Why: "not recognised: " + f.ends}, true
	}
	return Case{Family: f.proto, Why: "we take it for " + strings.Join(apps, ", ")}, true
}
