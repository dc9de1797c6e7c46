package sinkhole

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/miekg/dns"
)

// How long resolvers keep what they were told, in seconds. Without us they ask again every quarter of a minute, and drop the zone
// after a quarter of an hour.
const (
	ttl     = 15
	refresh = 60
	retry   = 15
	expire  = 900
)

// marker is the name by which a resolver tells which serial it has loaded. Below example nobody has names, and resolvers treat it as
// any other (RFC 6761 §6.5).
const marker = "zone.bulwark.example"

// zone is the response policy zone at one moment. It is never changed.
type zone struct {
	serial uint32
	names  []string // sorted
	soa    *dns.SOA
	rest   []dns.RR
}

// make makes a zone of the names.
func (s *Sinkhole) make(serial uint32, names []string) *zone {
	z := &zone{serial: serial, names: names, soa: &dns.SOA{Hdr: s.header(s.config.Zone, dns.TypeSOA), Ns: "localhost.", Mbox: "nobody.invalid.",
		Serial: serial, Refresh: refresh, Retry: retry, Expire: expire, Minttl: ttl}}
	z.rest = []dns.RR{&dns.NS{Hdr: s.header(s.config.Zone, dns.TypeNS), Ns: "localhost."},
		&dns.TXT{Hdr: s.header(marker+"."+s.config.Zone, dns.TypeTXT), Txt: []string{serialText(serial)}}}
	for _, n := range names {
		z.rest = append(z.rest, s.rules(n)...)
	}
	return z
}

func serialText(serial uint32) string { return fmt.Sprintf("serial=%d", serial) }

func (s *Sinkhole) header(owner string, kind uint16) dns.RR_Header {
	return dns.RR_Header{Name: owner, Rrtype: kind, Class: dns.ClassINET, Ttl: ttl}
}

// rules are what the zone says of a name and of all below it (draft-vixie-dnsop-dns-rpz §3).
func (s *Sinkhole) rules(n string) (all []dns.RR) {
	for _, owner := range []string{n + "." + s.config.Zone, "*." + n + "." + s.config.Zone} {
		a, err := netip.ParseAddr(s.config.Answer)
		switch {
		case err != nil:
			all = append(all, &dns.CNAME{Hdr: s.header(owner, dns.TypeCNAME), Target: "."})
		case a.Is4():
			all = append(all, &dns.A{Hdr: s.header(owner, dns.TypeA), A: a.AsSlice()})
		default:
			all = append(all, &dns.AAAA{Hdr: s.header(owner, dns.TypeAAAA), AAAA: a.AsSlice()})
		}
	}
	return all
}

// text is the zone as a file has it (RFC 1035 §5).
func (z *zone) text() string {
	var b strings.Builder
	fmt.Fprintln(&b, z.soa)
	for _, r := range z.rest {
		fmt.Fprintln(&b, r)
	}
	return b.String()
}
