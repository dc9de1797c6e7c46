package dhcp

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/insomniacslk/dhcp/dhcpv4"
	"github.com/insomniacslk/dhcp/rfc1035label"

	"bulwark/wire/internal/corpus"
)

var mac = net.HardwareAddr{0x02, 0, 0x5e, 1, 2, 3}

func discover(t testing.TB) []byte {
	t.Helper()
	m, err := dhcpv4.NewDiscovery(mac,
		dhcpv4.WithOption(dhcpv4.OptHostName("PUMP-7")),
		dhcpv4.WithOption(dhcpv4.OptClassIdentifier("MSFT 5.0")),
		dhcpv4.WithOption(dhcpv4.OptRequestedIPAddress(net.IPv4(192, 0, 2, 50))),
		dhcpv4.WithOption(dhcpv4.OptClientIdentifier(append([]byte{1}, mac...))),
		dhcpv4.WithOption(dhcpv4.OptParameterRequestList(dhcpv4.OptionRouter, dhcpv4.OptionSubnetMask, dhcpv4.OptionDomainNameServer)),
		dhcpv4.WithOption(dhcpv4.OptUserClass("ward")),
		dhcpv4.WithGeneric(dhcpv4.OptionFQDN, append([]byte{0x05, 0, 0}, "\x06pump-7\x08hospital\x07example\x00"...)),
	)
	if err != nil {
		t.Fatal(err)
	}
	return m.ToBytes()
}

func ack(t testing.TB) []byte {
	t.Helper()
	m, err := dhcpv4.New(
		dhcpv4.WithMessageType(dhcpv4.MessageTypeAck),
		dhcpv4.WithHwAddr(mac),
		dhcpv4.WithYourIP(net.IPv4(192, 0, 2, 50)),
		dhcpv4.WithServerIP(net.IPv4(192, 0, 2, 2)),
		dhcpv4.WithGatewayIP(net.IPv4(192, 0, 2, 3)),
		dhcpv4.WithNetmask(net.CIDRMask(24, 32)),
		dhcpv4.WithLeaseTime(86400),
		dhcpv4.WithRouter(net.IPv4(192, 0, 2, 1)),
		dhcpv4.WithDNS(net.IPv4(192, 0, 2, 53), net.IPv4(192, 0, 2, 54)),
		dhcpv4.WithOption(dhcpv4.OptServerIdentifier(net.IPv4(192, 0, 2, 1))),
		dhcpv4.WithOption(dhcpv4.OptDomainName("hospital.example")),
		dhcpv4.WithOption(dhcpv4.OptRenewTimeValue(43200*time.Second)),
		dhcpv4.WithOption(dhcpv4.OptRebindingTimeValue(75600*time.Second)),
		dhcpv4.WithOption(dhcpv4.OptDomainSearch(&rfc1035label.Labels{Labels: []string{"hospital.example"}})),
		dhcpv4.WithOption(dhcpv4.OptRelayAgentInfo(
			dhcpv4.OptGeneric(dhcpv4.AgentCircuitIDSubOption, []byte("eth1/7")), dhcpv4.OptGeneric(dhcpv4.AgentRemoteIDSubOption, []byte{1, 2}))),
	)
	if err != nil {
		t.Fatal(err)
	}
	m.OpCode = dhcpv4.OpcodeBootReply
	m.ServerHostName = "boot"
	m.BootFileName = "pxelinux.0"
	return m.ToBytes()
}

func describe(m *Message) string {
	return fmt.Sprintf("%v reply %v mac %x client %v your %v next %v relay %v name %q file %q|host %q fqdn %q requested %v server %v mask %v lease %d %d %d vendor %q user %q id %x params %v routers %v dns %v domain %q text %q circuit %q remote %x",
		m.Type, m.Reply, m.MAC, m.ClientIP, m.YourIP, m.NextServer, m.Relay, m.ServerName, m.BootFile, m.HostName, m.FQDN, m.Requested, m.ServerID, m.SubnetMask,
		m.Lease, m.Renewal, m.Rebinding, m.VendorClass, m.UserClass, m.ClientID, m.Params, all(m.Routers), all(m.Resolvers), m.Domain, m.Text, m.CircuitID, m.RemoteID)
}

func all(a Addresses) (list []netip.Addr) {
	for x := range a.All() {
		list = append(list, x)
	}
	return list
}

func TestMessagesAreReadAsTheOracleWroteThem(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want string
	}{
		{"what a client tells of itself", discover(t),
			`discover reply false mac 02005e010203 client 0.0.0.0 your 0.0.0.0 next 0.0.0.0 relay 0.0.0.0 name "" file ""|host "PUMP-7" fqdn "pump-7.hospital.example" requested 192.0.2.50 server invalid IP mask invalid IP lease 0 0 0 vendor "MSFT 5.0" user "ward" id 0102005e010203 params [3 1 6] routers [] dns [] domain "" text "" circuit "" remote `},
		{"what a server gives", ack(t),
			`ack reply true mac 02005e010203 client 0.0.0.0 your 192.0.2.50 next 192.0.2.2 relay 192.0.2.3 name "boot" file "pxelinux.0"|host "" fqdn "" requested invalid IP server 192.0.2.1 mask 255.255.255.0 lease 86400 43200 75600 vendor "" user "" id  params [] routers [192.0.2.1] dns [192.0.2.53 192.0.2.54] domain "hospital.example" text "" circuit "eth1/7" remote 0102`},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse(c.p, &m); err != nil || !Looks(c.p) {
				t.Fatalf("got %v, looks %v", err, Looks(c.p))
			}
			if got := describe(&m); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			compare(t, c.p, &m)
		})
	}
}

// raw makes a message of options alone.
func raw(file, name, options string) []byte {
	p := make([]byte, optionsAt)
	p[0], p[1], p[2] = 1, 1, 6
	dec := func(s string) []byte {
		b, _ := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
		return b
	}
	copy(p[serverNameAt:], dec(name))
	copy(p[bootFileAt:], dec(file))
	copy(p[cookieAt:], dec("63825363"))
	return append(p, dec(options)...)
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want string // part of the description
		err  error
	}{
		{"options go on in the boot file and the server name", raw("0c 02 6162 ff", "0c 02 6364 ff", "34 01 03 35 01 01 ff"), `name "" file ""|host "abcd"`, nil},
		{"the server name alone", raw("78", "0c 02 6364 ff", "34 01 02 ff"), `name "" file "x"|host "cd"`, nil},
		{"an option in two parts is one", raw("", "", "0c 01 61 37 01 01 0c 01 62 ff"), `host "ab"`, nil},
		{"padding is passed over", raw("", "", "00 00 0c 01 61 00 ff"), `host "a"`, nil},
		{"no end option", raw("", "", "0c 01 61"), `host "a"`, nil},
		{"a zero byte ends a name", raw("", "", "0c 03 610062 ff"), `host "a"`, nil},
		{"a name as text", raw("", "", "51 06 00 00 00 612e62 ff"), `fqdn "a.b"`, nil},
		{"a wrong length leaves the field empty", raw("", "", "32 03 010203 33 02 0001 0c 01 61 ff"), `host "a" fqdn "" requested invalid IP`, nil},
		{"an option that is cut keeps those before it", raw("", "", "0c 01 61 37 09 01"), `host "a"`, ErrShort},
		{"another cookie", append(raw("", "", "")[:cookieAt], 1, 2, 3, 4, 12, 1, 'a'), `host ""`, ErrCookie},
		{"BOOTP without options", raw("78", "79", "")[:cookieAt], `bootp reply false mac 000000000000 client 0.0.0.0 your 0.0.0.0 next 0.0.0.0 relay 0.0.0.0 name "y" file "x"`, ErrCookie},
		{"a header that is cut", raw("", "", "")[:100], `bootp`, ErrShort},
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

func TestMemoryIsBounded(t *testing.T) {
	p := raw("", "", "")
	for i := range 20000 {
		p = append(p, byte(1+i%200), 1, 7)
	}
	var m Message
	if err := Parse(p, &m); err != nil {
		t.Fatal(err)
	}
	if len(m.Options) > maxOptions || len(m.text) > maxJoined+300 {
		t.Errorf("got %d options, %d bytes", len(m.Options), len(m.text))
	}
}

func TestNoAllocation(t *testing.T) {
	a, b := discover(t), ack(t)
	var m Message
	if n := testing.AllocsPerRun(1000, func() {
		if Parse(a, &m) != nil || Parse(b, &m) != nil {
			t.Error("not read")
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkParse(b *testing.B) {
	p := ack(b)
	var m Message
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		_ = Parse(p, &m)
	}
}

// compare holds a message against the oracle, where it reads it.
func compare(t *testing.T, p []byte, m *Message) {
	t.Helper()
	o, err := dhcpv4.FromBytes(p)
	if err != nil || o.Options.Has(dhcpv4.OptionOptionOverload) {
		return // the oracle does not follow overload
	}
	if uint8(m.Type) != uint8(o.MessageType()) || !bytes.Equal(m.MAC, o.ClientHWAddr) || !equal(m.YourIP, o.YourIPAddr) || !equal(m.ClientIP, o.ClientIPAddr) {
		t.Errorf("got %s\nwant %s", describe(m), o.Summary())
	}
	for code, want := range o.Options {
		if len(m.Options) < maxOptions && len(m.text) < maxJoined/2-512 && !bytes.Equal(m.Option(Code(code)), want) && code != 0 {
			t.Errorf("option %d: got %x, want %x", code, m.Option(Code(code)), want)
		}
	}
}

func equal(a netip.Addr, b net.IP) bool {
	c, _ := netip.AddrFromSlice(b.To4())
	return a == c
}

func FuzzParse(f *testing.F) {
	f.Add(discover(f))
	f.Add(ack(f))
	f.Add(raw("0c 02 6162 ff", "0c 02 6364 ff", "34 01 03 35 01 01 ff"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		err := Parse(p, &m)
		Looks(p)
		describe(&m)
		if err == nil {
			compare(t, p, &m)
		}
	})
}

func eve(m *Message) map[string]any {
	d := map[string]any{
		"type": "request", "dhcp_type": m.Type.String(), "id": m.XID, "client_mac": net.HardwareAddr(m.MAC).String(), "lease_time": m.Lease,
	}
	if m.Reply {
		d["type"] = "reply"
	}
	for key, list := range map[string]Addresses{"dns_servers": m.Resolvers, "routers": m.Routers} {
		var v []any
		for a := range list.All() {
			v = append(v, a.String())
		}
		d[key] = v
	}
	return map[string]any{"event_type": "dhcp", "dhcp": d}
}

// TestSuricataVerify counts, for each check on DHCP events, the messages that fulfil what it says of them.
func TestSuricataVerify(t *testing.T) {
	files := corpus.Folder(t, "sensor", "suricata-verify.tar.zst")
	passed, total := 0, 0
	for _, f := range corpus.Filters(files, "dhcp") {
		match, n := f.Only("dhcp."), 0
		var m Message
		for _, d := range corpus.Read(f.Capture, files[f.Capture]).Datagrams {
			if Looks(d.Payload) && Parse(d.Payload, &m) == nil && corpus.Matches(eve(&m), match) {
				n++
			}
		}
		total++
		if n >= f.Count {
			passed++
		} else {
			t.Logf("%s: got %d, want %d of %v", f.Test, n, f.Count, match)
		}
	}
	corpus.Result(t, "dhcp_suricata_verify", passed, total, 100)
}

// TestCaptures holds every message there is against the oracle, and the probe against the ports.
func TestCaptures(t *testing.T) {
	taken, onPort, wrong, others := 0, 0, 0, 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "ja4"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, d := range c.Datagrams {
				var m Message
				port := d.Dst.Port() == 67 || d.Dst.Port() == 68
				looks := Looks(d.Payload)
				err := Parse(d.Payload, &m)
				switch {
				case port && err == nil:
					onPort++
					if looks {
						taken++
					}
					compare(t, d.Payload, &m)
				case !port:
					others++
					if looks {
						wrong++
						t.Logf("%s: %v > %v", c.Name, d.Src, d.Dst)
					}
				}
			}
		}
	}
	corpus.Result(t, "dhcp_probe_recall", taken, onPort, 98)
	if wrong > 0 {
		t.Errorf("taken for DHCP: %d of %d datagrams of other ports", wrong, others)
	}
}
