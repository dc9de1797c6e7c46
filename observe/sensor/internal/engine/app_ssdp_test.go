package engine

import (
	"testing"

	"github.com/miekg/dns"
)

func TestWhatDevicesTellBySSDP(t *testing.T) {
	printer := []byte("NOTIFY * HTTP/1.1\r\nNT: urn:schemas-upnp-org:device:Printer:1\r\nNTS: ssdp:alive\r\nSERVER: VxWorks/5 UPnP/1.0 Maker/1.0\r\n\r\n")
	gone := []byte("NOTIFY * HTTP/1.1\r\nNT: urn:schemas-upnp-org:device:MediaServer:1\r\nNTS: ssdp:byebye\r\n\r\n")
	browser := []byte("M-SEARCH * HTTP/1.1\r\nST: urn:dial-multiscreen-org:service:dial:1\r\nUSER-AGENT: Google Chrome/103.0 Windows\r\n\r\n")
	all := tellOf(udpFrom("192.0.2.9:1900", "239.255.255.250:1900", printer), udpFrom("192.0.2.9:1900", "239.255.255.250:1900", gone),
		udpFrom("192.0.2.7:50000", "239.255.255.250:1900", browser))
	wantAll(t, all,
		`"src_endpoint.ip":"192.0.2.9","src_endpoint.port":1900,"dst_endpoint.ip":"239.255.255.250","dst_endpoint.port":1900,"device.software_version":"VxWorks/5 UPnP/1.0 Maker/1.0","device.role":"upnp Printer","app_name":"ssdp"`,
		`"device.software_version":"Google Chrome/103.0 Windows","app_name":"ssdp"`)
	tells(t, all, nil, []string{"upnp MediaServer", "upnp dial"})
}

func TestTheNamesOfADomainLeadToItsControllers(t *testing.T) {
	answer := func(name string) []byte {
		return packed(t, true, []dns.Question{{Name: name, Qtype: dns.TypeSRV, Qclass: 1}}, []string{name + " 600 IN SRV 0 100 389 s1.hospital.example."},
			[]string{"s1.hospital.example. 3600 IN A 192.0.2.10"})
	}
	tests := []struct {
		does, name string
		want       bool
	}{
		{"the controllers of a domain", "_ldap._tcp.dc._msdcs.hospital.example.", true},
		{"those of a site, in capitals", "_Kerberos._TCP.North._Sites.DC._MSDCS.hospital.example.", true},
		{"any directory", "_ldap._tcp.hospital.example.", false},
		{"another service", "_sip._tcp.dc._msdcs.hospital.example.", false},
	}
	for _, tt := range tests {
		t.Run(tt.does, func(t *testing.T) {
			all := tellOf(udpFrom("192.0.2.53:53", "192.0.2.7:50000", answer(tt.name)))
			want := `"src_endpoint.ip":"192.0.2.10"`
			if tt.want {
				wantAll(t, all, want, `"device.role":"domain controller by name","app_name":"dns"`)
			} else {
				tells(t, all, nil, []string{want})
			}
		})
	}
}
