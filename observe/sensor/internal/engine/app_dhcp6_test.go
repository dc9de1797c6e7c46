package engine

import (
	"net"
	"strings"
	"testing"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"
)

func TestWhoIsGivenWhichAddressByDHCPv6(t *testing.T) {
	mac := net.HardwareAddr{2, 0, 0x5e, 1, 2, 3}
	ask, err := dhcpv6.NewSolicit(mac, dhcpv6.WithFQDN(1, "pump-7.hospital.example"))
	if err != nil {
		t.Fatal(err)
	}
	give, err := dhcpv6.NewReplyFromMessage(ask, dhcpv6.WithServerID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: mac}),
		dhcpv6.WithIANA(dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP("2001:db8::7"), ValidLifetime: 600e9}), dhcpv6.WithDNS(net.ParseIP("2001:db8::53")))
	if err != nil {
		ask.MessageType = dhcpv6.MessageTypeRequest // the oracle replies to a request only
		if give, err = dhcpv6.NewReplyFromMessage(ask, dhcpv6.WithIANA(dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP("2001:db8::7"), ValidLifetime: 600e9})); err != nil {
			t.Fatal(err)
		}
	}
	relay, err := dhcpv6.EncapsulateRelay(ask, dhcpv6.MessageTypeRelayForward, net.ParseIP("2001:db8::1"), net.ParseIP("fe80::7"))
	if err != nil {
		t.Fatal(err)
	}
	all := tellOf(udpFrom("[fe80::7]:546", "[ff02::1:2]:547", ask.ToBytes()), udpFrom("[fe80::1]:547", "[fe80::7]:546", give.ToBytes()),
		udpFrom("[2001:db8::1]:547", "[2001:db8::2]:547", relay.ToBytes()))
	wantAll(t, all, `"kind":"dhcp"`, `"device.mac":"02:00:5e:01:02:03"`, `"dhcp.fqdn":"pump-7.hospital.example"`, `"dhcp.leases":["2001:db8::7"]`,
		`"activity_name":"reply"`, `"dhcp.ip_version":6`, `"relay.ip":"2001:db8::1"`, `"dhcp.peer_ip":"fe80::7"`, `"relay.activity_name":"relay-forw"`,
		`"kind":"asset","connection_info.uid":2,"connection_info.protocol_name":"udp","src_endpoint.ip":"2001:db8::7"`,
		`"app_name":"dhcpv6"`)
	if !strings.Contains(all, `"src_endpoint.ip":"fe80::7","src_endpoint.port":546,"dst_endpoint.ip":"fe80::1","dst_endpoint.port":547,"activity_name":"reply"`) {
		t.Errorf("the server's answer is not told as one:\n%s", all)
	}
	p := udpFrom("[2001:db8::1]:547", "[2001:db8::2]:547", relay.ToBytes())
	if got := allocations(p); got != 0 {
		t.Errorf("got %v allocations a message, want 0", got)
	}
}
