package engine

import (
	"testing"

	"github.com/miekg/dns"
)

// packed is a message of the lines, which are records; the questions come first, told by their type.
func packed(t *testing.T, response bool, ask []dns.Question, answer, more []string) []byte {
	t.Helper()
	m := new(dns.Msg)
	m.Response, m.Authoritative, m.Compress, m.Question = response, response, true, ask
	for list, lines := range map[*[]dns.RR][]string{&m.Answer: answer, &m.Extra: more} {
		for _, l := range lines {
			rr, err := dns.NewRR(l)
			if err != nil {
				t.Fatal(err)
			}
			*list = append(*list, rr)
		}
	}
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// printer is a printer that tells its service, as Bonjour Printing has it.
func printer(t *testing.T) []byte {
	return packed(t, true, nil,
		[]string{`_ipp._tcp.local. 4500 IN PTR Ward\ 3\ printer._ipp._tcp.local.`},
		[]string{
			`Ward\ 3\ printer._ipp._tcp.local. 120 IN SRV 0 0 631 npi3f4a.local.`,
			`Ward\ 3\ printer._ipp._tcp.local. 4500 IN TXT "txtvers=1" "ty=HP LaserJet 4200" "usb_MFG=HP" "UUID=12345678-1234" "note=say \"hello\""`,
			`npi3f4a.local. 120 IN A 192.0.2.9`,
		})
}

func TestWhatDevicesTellByMulticastDNS(t *testing.T) {
	ask := packed(t, false, []dns.Question{{Name: "_ipp._tcp.local.", Qtype: dns.TypePTR, Qclass: 1}, {Name: "npi3f4a.local.", Qtype: dns.TypeAAAA, Qclass: 1 | 1<<15}}, nil, nil)
	all := tellOf(udpFrom("192.0.2.7:5353", "224.0.0.251:5353", ask), udpFrom("192.0.2.9:5353", "224.0.0.251:5353", printer(t)))
	wantAll(t, all,
		`"kind":"mdns","connection_info.uid":1,"connection_info.protocol_name":"udp","src_endpoint.ip":"192.0.2.7"`,
		`"activity_name":"Query","queries.hostname":["_ipp._tcp.local","npi3f4a.local"],"queries.type":["PTR","AAAA"]`,
		`"answers.rdata":["Ward 3 printer._ipp._tcp.local"]`,
		`"additionals.rdata":["0 0 631 npi3f4a.local","\"txtvers=1\" \"ty=HP LaserJet 4200\" \"usb_MFG=HP\" \"UUID=12345678-1234\" \"note=say \\\"hello\\\"\"","192.0.2.9"]`,
		`"device.hostname":"npi3f4a"`, `"device.role":"ipp/tcp"`,
		`"device.vendor_name":"HP","device.model":"HP LaserJet 4200","app_name":"mdns","device.uid":"12345678-1234"`,
		`"app_name":"mdns","start_time"`)
}

func TestAnotherHostMayTellOfADevice(t *testing.T) {
	all := tellOf(udpFrom("192.0.2.1:5353", "224.0.0.251:5353", printer(t))) // a sleep proxy
	wantAll(t, all, `"kind":"asset","connection_info.uid":1,"connection_info.protocol_name":"udp","src_endpoint.ip":"192.0.2.9"`)
}

func TestLLMNRIsItsOwnProtocol(t *testing.T) {
	ask := []dns.Question{{Name: "wpad.", Qtype: dns.TypeA, Qclass: 1}}
	all := tellOf(udpFrom("192.0.2.7:50000", "224.0.0.252:5355", packed(t, false, ask, nil, nil)),
		udpFrom("192.0.2.66:5355", "192.0.2.7:50000", packed(t, true, ask, []string{"wpad. 30 IN A 192.0.2.66"}, nil)))
	wantAll(t, all, `"kind":"llmnr"`, `"activity_name":"Query","queries.hostname":["wpad"]`,
		`"src_endpoint.ip":"192.0.2.7","src_endpoint.port":50000,"dst_endpoint.ip":"192.0.2.66","dst_endpoint.port":5355,"activity_name":"Response"`,
		`"answers.rdata":["192.0.2.66"]`, `"device.hostname":"wpad","app_name":"llmnr"`)
}

func TestMulticastDNSAllocatesNothing(t *testing.T) {
	if got := allocations(udpFrom("192.0.2.9:5353", "224.0.0.251:5353", printer(t))); got != 0 {
		t.Errorf("got %v allocations a message, want 0", got)
	}
}
