package conformance

import (
	"slices"
	"strings"
)

// multicast is what multicast DNS and LLMNR say in place of a field of DNS, which Arkime takes them for and EVE does not.
func multicast(ours []record, field string) []string {
	var all []string
	for _, kind := range []string{"mdns", "llmnr"} {
		switch field {
		case "queryHost":
			all = append(all, gather(ours, kind, kind, "queries", "rrname")...)
		case "qt":
			for _, t := range gather(ours, kind, kind, "queries", "rrtype") {
				all = append(all, strings.ToUpper(t))
			}
		case "answers":
			all = append(all, gather(ours, kind, kind, "answers", "a")...)
			all = append(all, gather(ours, kind, kind, "answers", "aaaa")...)
		case "status":
			if slices.Contains(gather(ours, kind, kind, "rcode"), "0") {
				all = append(all, "NOERROR")
			}
		}
	}
	return all
}

// relayed compares names of messages: Arkime writes RELAY_FORW for RELAY-FORW.
func relayed(want, got string) bool { return folded(strings.ReplaceAll(want, "_", "-"), got) }

// arkimeApp is our name of a protocol that Arkime calls by another.
func arkimeApp(name string) string {
	switch name {
	case "isakmp":
		return "ike"
	case "s7comm":
		return "s7"
	case "postgresql":
		return "pgsql"
	}
	return name
}
