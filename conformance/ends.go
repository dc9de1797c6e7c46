package conformance

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
)

// ends names two ends of a conversation whoever began it: "proto a b", the ends in order.
func ends(proto, srcIP, srcPort, dstIP, dstPort string) string {
	a, b := canonical(srcIP)+" "+srcPort, canonical(dstIP)+" "+dstPort
	if a > b {
		a, b = b, a
	}
	return strings.ToLower(proto) + " " + a + " " + b
}

func canonical(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return ip
	}
	return a.String()
}

// byEnds groups EVE records by their ends.
func byEnds(records []record) map[string][]record {
	m := map[string][]record{}
	for _, r := range records {
		k := ends(text(r, "proto"), text(r, "src_ip"), text(r, "src_port"), text(r, "dest_ip"), text(r, "dest_port"))
		m[k] = append(m[k], r)
	}
	return m
}

// of are the records of one type.
func of(records []record, eventType string) []record {
	return slices.DeleteFunc(slices.Clone(records), func(r record) bool { return r["event_type"] != eventType })
}

// text is what stands at a path of a record, as text; empty where nothing does.
func text(r record, path ...string) string {
	all := texts(r, path...)
	if len(all) == 0 {
		return ""
	}
	return all[0]
}

// texts is all that stands at a path of a record; lists on the way are entered.
func texts(v any, path ...string) []string {
	switch x := v.(type) {
	case nil:
		return nil
	case []any:
		var all []string
		for _, e := range x {
			all = append(all, texts(e, path...)...)
		}
		return all
	case map[string]any:
		if len(path) == 0 {
			return nil
		}
		return texts(x[path[0]], path[1:]...)
	}
	if len(path) > 0 {
		return nil
	}
	return []string{fmt.Sprint(v)}
}

// gather is all that stands at a path of the records of one type.
func gather(records []record, eventType string, path ...string) []string {
	var all []string
	for _, r := range of(records, eventType) {
		for _, t := range texts(r, path...) {
			if !slices.Contains(all, t) {
				all = append(all, t)
			}
		}
	}
	return all
}
