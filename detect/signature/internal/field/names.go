package field

import "bulwark/wire"

// dns are the fields of the name service.
func dns() []Field {
	return []Field{
		{Name: "dns.query", Sticky: []string{"dns_query"}, App: "dns", Dir: wire.ToServer, Kind: Many},
	}
}
