package dhcp6

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv6"
	"github.com/insomniacslk/dhcp/iana"

	"bulwark/wire/internal/corpus"
)

var (
	mac    = net.HardwareAddr{0x02, 0, 0x5e, 1, 2, 3}
	client = &dhcpv6.DUIDLLT{HWType: iana.HWTypeEthernet, Time: 500, LinkLayerAddr: mac}
	server = &dhcpv6.DUIDEN{EnterpriseNumber: 311, EnterpriseIdentifier: []byte{1, 2, 3, 4}}
)

func solicit(t testing.TB) *dhcpv6.Message {
	t.Helper()
	m, err := dhcpv6.NewMessage(
		dhcpv6.WithClientID(client),
		dhcpv6.WithIAID([4]byte{1, 2, 3, 4}),
		dhcpv6.WithFQDN(1, "pump-7.hospital.example"),
		dhcpv6.WithRequestedOptions(dhcpv6.OptionDNSRecursiveNameServer, dhcpv6.OptionDomainSearchList),
		dhcpv6.WithOption(&dhcpv6.OptVendorClass{EnterpriseNumber: 311, Data: [][]byte{[]byte("MSFT 5.0"), []byte("more")}}),
		dhcpv6.WithUserClass([]byte("ward")),
	)
	if err != nil {
		t.Fatal(err)
	}
	m.TransactionID = dhcpv6.TransactionID{0x10, 0x08, 0x74}
	return m
}

func reply(t testing.TB) *dhcpv6.Message {
	t.Helper()
	m, err := dhcpv6.NewMessage(
		dhcpv6.WithClientID(&dhcpv6.DUIDLL{HWType: iana.HWTypeEthernet, LinkLayerAddr: mac}),
		dhcpv6.WithServerID(server),
		dhcpv6.WithIANA(dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP("2001:db8::7"), PreferredLifetime: 300 * time.Second, ValidLifetime: 600 * time.Second}),
		dhcpv6.WithOption(&dhcpv6.OptIATA{Options: dhcpv6.IdentityOptions{Options: dhcpv6.Options{&dhcpv6.OptIAAddress{IPv6Addr: net.ParseIP("2001:db8::8"), ValidLifetime: 60 * time.Second}}}}),
		dhcpv6.WithIAPD([4]byte{9}, &dhcpv6.OptIAPrefix{ValidLifetime: 3600 * time.Second, Prefix: &net.IPNet{IP: net.ParseIP("2001:db8:7::"), Mask: net.CIDRMask(48, 128)}}),
		dhcpv6.WithDNS(net.ParseIP("2001:db8::53"), net.ParseIP("2001:db8::54")),
		dhcpv6.WithDomainSearchList("hospital.example", "example"),
		dhcpv6.WithOption(dhcpv6.OptBootFileURL("http://boot.example/x")),
		dhcpv6.WithOption(&dhcpv6.OptStatusCode{StatusCode: iana.StatusNoAddrsAvail, StatusMessage: "none left"}),
	)
	if err != nil {
		t.Fatal(err)
	}
	m.MessageType = dhcpv6.MessageTypeReply
	m.TransactionID = dhcpv6.TransactionID{1, 2, 3}
	return m
}

func relayed(t testing.TB, times int) []byte {
	t.Helper()
	var m dhcpv6.DHCPv6 = solicit(t)
	for i := range times {
		r, err := dhcpv6.EncapsulateRelay(m, dhcpv6.MessageTypeRelayForward, net.ParseIP(fmt.Sprintf("2001:db8:%d::1", i)), net.ParseIP("fe80::7"))
		if err != nil {
			t.Fatal(err)
		}
		r.AddOption(dhcpv6.OptInterfaceID([]byte("eth1/7")))
		r.AddOption(&dhcpv6.OptRemoteID{EnterpriseNumber: 9, RemoteID: []byte("sw3")})
		r.AddOption(dhcpv6.OptClientLinkLayerAddress(iana.HWTypeEthernet, net.HardwareAddr{2, 0, 0x5e, 9, 9, 9}))
		m = r
	}
	return m.ToBytes()
}

func describe(m *Message) string {
	s := fmt.Sprintf("%v %06x relays %d %v %v client %s %x server %s %d hardware %x", m.Type, m.XID, m.Relays, m.Relay, m.Peer,
		m.Client.Kind(), m.Client.Hardware(), m.Server.Kind(), m.Server.Enterprise(), m.Hardware)
	for _, l := range m.Leases {
		s += fmt.Sprintf(" %v/%d %v %d", l.Addr, l.Bits, l.Temporary, l.Valid)
	}
	return s + fmt.Sprintf(" params %x dns %d %q fqdn %q vendor %d %q user %q boot %q interface %q remote %q status %d %q", m.Params, len(m.Resolvers)/16,
		m.Domains, m.FQDN, m.Enterprise, m.VendorClass, m.UserClass, m.BootFile, m.Interface, m.RemoteID, m.Status, m.StatusText)
}

func TestMessagesAreReadAsTheOracleWroteThem(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want string
	}{
		{"what a client tells of itself", solicit(t).ToBytes(),
			`solicit 100874 relays 0 invalid IP invalid IP client LLT 02005e010203 server  0 hardware 02005e010203 params 00170018 dns 0 "" fqdn "pump-7.hospital.example" vendor 311 "MSFT 5.0" user "ward" boot "" interface "" remote "" status 0 ""`},
		{"what a server gives", reply(t).ToBytes(),
			`reply 010203 relays 0 invalid IP invalid IP client LL 02005e010203 server EN 311 hardware 02005e010203 2001:db8::7/0 false 600 2001:db8::8/0 true 60 2001:db8:7::/48 false 3600 params  dns 2 "hospital.example,example" fqdn "" vendor 0 "" user "" boot "http://boot.example/x" interface "" remote "" status 2 "none left"`},
		{"what two relays passed on", relayed(t, 2),
			`solicit 100874 relays 2 2001:db8:0:: fe80::7 client LLT`},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse(c.p, &m); err != nil || !Looks(c.p) {
				t.Fatalf("got %v, looks %v", err, Looks(c.p))
			}
			got := strings.Replace(describe(&m), "2001:db8::1 fe80", "2001:db8:0:: fe80", 1)
			if !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if m.Relays > 0 && (string(m.Interface) != "eth1/7" || string(m.RemoteID) != "sw3" || m.Hardware[3] != 9) {
				t.Errorf("the relay's words: got %q %q %x", m.Interface, m.RemoteID, m.Hardware)
			}
		})
	}
}

func TestWhatIsMalformed(t *testing.T) {
	whole := solicit(t).ToBytes()
	for _, c := range []struct {
		does string
		p    []byte
		want string // part of the description
		err  error
	}{
		{"an option that is cut keeps those before it", whole[:len(whole)-3], `vendor 311 "MSFT 5.0" user ""`, ErrShort},
		{"a header that is cut", whole[:2], "client ", ErrShort},
		{"too many relays", relayed(t, MaxRelays+1), "relays 8", ErrShort},
		{"a relay that passes nothing on", relayed(t, 1)[:relayLen], "relay-forw", nil},
		{"an address that is too short is none", append(append([]byte{}, 7, 0, 0, 1), 0, 5, 0, 3, 1, 2, 3), "reply 000001", nil},
		{"a name without its end", append([]byte{1, 0, 0, 1}, 0, 39, 0, 5, 1, 3, 'a', 'b', 'c'), `fqdn "abc"`, nil},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse(c.p, &m); !errors.Is(err, c.err) {
				t.Errorf("error: got %v, want %v", err, c.err)
			}
			if got := describe(&m); !strings.Contains(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	p := relayed(t, 2)
	var m Message
	_ = Parse(p, &m)
	if n := testing.AllocsPerRun(100, func() { _ = Parse(p, &m) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

// compare holds what was read against the oracle, where both read the message.
func compare(t *testing.T, p []byte, m *Message) {
	t.Helper()
	d, err := dhcpv6.FromBytes(p)
	if err != nil {
		return
	}
	o, err := d.GetInnerMessage()
	if err != nil {
		return
	}
	if byte(o.MessageType) != byte(m.Type) || !bytes.Equal(o.TransactionID[:], []byte{byte(m.XID >> 16), byte(m.XID >> 8), byte(m.XID)}) {
		t.Errorf("got %v %06x, the oracle %v %v of %x", m.Type, m.XID, o.MessageType, o.TransactionID, p)
	}
	if id := o.Options.ClientID(); id != nil && !bytes.Equal(id.ToBytes(), m.Client) {
		t.Errorf("client: got %x, the oracle %v of %x", m.Client, id, p)
	}
	for i, ip := range o.Options.DNS() {
		if a, _ := netip.AddrFromSlice(ip); len(m.Resolvers) < 16*(i+1) || netip.AddrFrom16([16]byte(m.Resolvers[16*i:])) != a {
			t.Errorf("resolver %d: got %x, the oracle %v", i, m.Resolvers, ip)
		}
	}
}

// TestCaptures reads what captures hold at the ports of DHCPv6, and sees that nothing elsewhere is taken for it.
func TestCaptures(t *testing.T) {
	read, all, wrong, others := 0, 0, 0, 0
	var m Message
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "attack-chrissanders", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, u := range c.Datagrams {
				p := u.Payload
				if d := u.Dst.Port(); d == 547 || d == 546 {
					if all++; Looks(p) && Parse(p, &m) == nil {
						read++
						compare(t, p, &m)
					} else {
						t.Logf("%s: %v > %v: %x", c.Name, u.Src, u.Dst, p)
					}
				} else if others++; Looks(p) {
					wrong++
					t.Logf("%s: %v > %v taken: %x", c.Name, u.Src, u.Dst, p)
				}
			}
		}
	}
	corpus.Result(t, "dhcp6_read", read, all, 90)
	t.Logf("RESULT dhcp6_other_ports %d/%d share", wrong, others)
}

func FuzzParse(f *testing.F) {
	f.Add(solicit(f).ToBytes())
	f.Add(reply(f).ToBytes())
	f.Add(relayed(f, 2))
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		err := Parse(p, &m)
		_, _ = Looks(p), LooksAtPort(p)
		if len(m.Leases) > maxLeases || len(m.names) > maxNames+64 {
			t.Error("more is kept than allowed")
		}
		if err == nil {
			_ = describe(&m)
		}
	})
}
