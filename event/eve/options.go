package eve

// Options choose what is written, as the section eve-log of suricata.yaml does. The zero value is what Suricata writes
// where nobody chose.
type Options struct {
	Types    []string // event types that are written; empty: all
	Ethernet bool     // link addresses
	Seed     uint16   // of the community id

	DNS2           bool     // DNS records in the older form, version 2
	NoDNSRequests  bool     // of DNS only responses
	NoDNSResponses bool     // of DNS only requests
	DNSTypes       []string // of DNS only questions of these types; empty: all
	NoDNSDetails   bool     // no answers one by one
	NoDNSGroups    bool     // no answers by type

	Hellos  bool // what the hellos of TLS list
	Headers bool // all fields of HTTP heads
}
