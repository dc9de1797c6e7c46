package bpf

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/bpf"
)

// frame builds an Ethernet frame with tags, from MAC 2 to MAC 1.
func frame(etherType uint16, payload []byte, tags ...uint16) []byte {
	p := []byte{0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2}
	for i, t := range tags {
		tpid := uint16(0x8100)
		if i == 0 && len(tags) > 1 {
			tpid = 0x88a8
		}
		p = binary.BigEndian.AppendUint16(p, tpid)
		p = binary.BigEndian.AppendUint16(p, 3<<13|t)
	}
	return append(binary.BigEndian.AppendUint16(p, etherType), payload...)
}

// ip4 builds an IPv4 packet with one option word when options is set.
func ip4(src, dst string, proto uint8, fragment uint16, options bool, payload ...byte) []byte {
	h := make([]byte, 20)
	h[0] = 0x45
	if options {
		h, h[0] = make([]byte, 24), 0x46
		h[0] = 0x46
	}
	binary.BigEndian.PutUint16(h[6:], fragment)
	h[9] = proto
	copy(h[12:], netip.MustParseAddr(src).AsSlice())
	copy(h[16:], netip.MustParseAddr(dst).AsSlice())
	return append(h, payload...)
}

// ip6 builds an IPv6 packet; payload begins with what next names.
func ip6(src, dst string, next uint8, payload ...byte) []byte {
	h := make([]byte, 40)
	h[0], h[6] = 0x60, next
	copy(h[8:], netip.MustParseAddr(src).AsSlice())
	copy(h[24:], netip.MustParseAddr(dst).AsSlice())
	return append(h, payload...)
}

func ports(src, dst uint16) []byte {
	return append(binary.BigEndian.AppendUint16(binary.BigEndian.AppendUint16(nil, src), dst), make([]byte, 16)...)
}

const tcp, udp = 6, 17

func TestMatching(t *testing.T) {
	web := ip4("10.1.0.5", "192.168.1.9", tcp, 0, false, ports(40000, 80)...)
	dns6 := ip6("2001:db8::1", "fe80::2", udp, ports(53, 5353)...)
	frames := map[string][]byte{
		"web":       frame(typeIP, web),
		"web vlan":  frame(typeIP, web, 12),
		"web qinq":  frame(typeIP, web, 100, 12),
		"options":   frame(typeIP, ip4("10.1.0.5", "192.168.1.9", tcp, 0, true, ports(40000, 80)...)),
		"fragment":  frame(typeIP, ip4("10.1.0.5", "192.168.1.9", udp, 185, false, ports(53, 53)...)),
		"dns6":      frame(typeIP6, dns6),
		"dns6 vlan": frame(typeIP6, dns6, 12),
		"hops6":     frame(typeIP6, ip6("2001:db8::1", "fe80::2", 0, append([]byte{60, 0, 0, 0, 0, 0, 0, 0, udp, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, ports(53, 9)...)...)),
		"first6":    frame(typeIP6, ip6("2001:db8::1", "fe80::2", 44, append([]byte{udp, 0, 0, 1, 0, 0, 0, 7}, ports(53, 9)...)...)),
		"later6":    frame(typeIP6, ip6("2001:db8::1", "fe80::2", 44, append([]byte{udp, 0, 5, 1, 0, 0, 0, 7}, ports(53, 9)...)...)),
		"ping":      frame(typeIP, ip4("10.1.0.5", "10.1.0.6", 1, 0, false, 8, 0, 0, 0)),
		"ping6":     frame(typeIP6, ip6("fe80::1", "fe80::2", 58, 128, 0, 0, 0)),
		"arp":       frame(typeARP, append([]byte{0, 1, 8, 0, 6, 4, 0, 1, 0, 0, 0, 0, 0, 2, 10, 1, 0, 5, 0, 0, 0, 0, 0, 0, 10, 1, 0, 6}, make([]byte, 18)...)),
		"lldp":      slices.Concat([]byte{1, 128, 194, 0, 0, 14, 0, 0, 0, 0, 0, 2}, []byte{0x88, 0xcc}, make([]byte, 46)),
		"cut":       frame(typeIP, web)[:30],
	}
	const all = "web, web vlan, web qinq, options, fragment, dns6, dns6 vlan, hops6, first6, later6, ping, ping6, arp, lldp, cut"
	const webs = "web, web vlan, web qinq, options"
	for _, c := range []struct{ expression, want string }{
		{"", all},
		{"ip", webs + ", fragment, ping, cut"},
		{"ip6", "dns6, dns6 vlan, hops6, first6, later6, ping6"},
		{"not ip and not ip6", "arp, lldp"},
		{"tcp", webs + ", cut"},
		{"udp", "fragment, dns6, dns6 vlan, hops6, first6, later6"},
		{"icmp", "ping"},
		{"icmp6", "ping6"},
		{"proto 17", "fragment, dns6, dns6 vlan, hops6, first6, later6"},
		{"ip proto 17", "fragment"},
		{"ip6 proto 58", "ping6"},
		{"arp", "arp"},
		{"ether proto 0x88cc", "lldp"},
		{"host 10.1.0.5", webs + ", fragment, ping, arp, cut"},
		{"src host 10.1.0.5", webs + ", fragment, ping, arp, cut"},
		{"src 10.1.0.5", webs + ", fragment, ping, arp, cut"},
		{"dst host 10.1.0.5", ""},
		{"dst host 10.1.0.6", "ping, arp"},
		{"ip host 10.1.0.6", "ping"},
		{"arp host 10.1.0.6", "arp"},
		{"host 10.1.0.5 and 10.1.0.6", "ping, arp"},
		{"src and dst net 10.0.0.0/8", "ping, arp"},
		{"net 192.168.1.0/24", webs + ", fragment"},
		{"net 192.168.1", webs + ", fragment"},
		{"net 10.1", webs + ", fragment, ping, arp, cut"},
		{"net 192.168.1.8 mask 255.255.255.252", webs + ", fragment"},
		{"dst net 0.0.0.0/0 and tcp", webs + ", cut"},
		{"host 2001:db8::1", "dns6, dns6 vlan, hops6, first6, later6"},
		{"dst net fe80::/10", "dns6, dns6 vlan, hops6, first6, later6, ping6"},
		{"dst net fe80::/64 and src net 2001:db8::/33", "dns6, dns6 vlan, hops6, first6, later6"},
		{"port 80", webs},
		{"tcp port 80", webs},
		{"udp port 80", ""},
		{"dst port 80", webs},
		{"src port 80", ""},
		{"src or dst port 80", webs},
		{"src and dst port 80", ""},
		{"port 53", "dns6, dns6 vlan, hops6, first6"},
		{"port 80 or 53", webs + ", dns6, dns6 vlan, hops6, first6"},
		{"portrange 50-60", "dns6, dns6 vlan, hops6, first6"},
		{"dst portrange 79-80", webs},
		{"vlan", "web vlan, web qinq, dns6 vlan"},
		{"vlan 12", "web vlan, web qinq, dns6 vlan"},
		{"vlan 100", "web qinq"},
		{"vlan 12 and tcp", "web vlan, web qinq"},
		{"not vlan", "web, options, fragment, dns6, hops6, first6, later6, ping, ping6, arp, lldp, cut"},
		{"ether host 00:00:00:00:00:02", all},
		{"ether src 0-0-0-0-0-1", ""},
		{"ether dst 01:80:c2:00:00:0e", "lldp"},
		{"multicast", "lldp"},
		{"broadcast", ""},
		{"ether multicast", "lldp"},
		{"less 60", "web, web vlan, options, fragment, ping, ping6, arp, lldp, cut"},
		{"greater 62 and udp", "dns6, dns6 vlan, hops6, first6, later6"},
		{"! (tcp or udp) and (icmp || icmp6)", "ping, ping6"},
		{"tcp or udp and icmp", ""}, // and and or bind alike, from the left
		{"tcp or (udp and icmp)", webs + ", cut"},
		{"not tcp port 80 and tcp", ""}, // the cut frame has no port to look at
		{"not not arp", "arp"},
	} {
		m, err := NewMatcher(c.expression, Ethernet)
		if err != nil {
			t.Errorf("%s: %v", c.expression, err)
			continue
		}
		var got, want []string
		for name, f := range frames {
			if m.Match(f) {
				got = append(got, name)
			}
		}
		if c.want != "" {
			want = strings.Split(c.want, ", ")
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%q:\ngot  %s\nwant %s", c.expression, strings.Join(got, ", "), strings.Join(want, ", "))
		}
	}
}

func TestRawIP(t *testing.T) {
	web := ip4("10.1.0.5", "192.168.1.9", tcp, 0, false, ports(40000, 80)...)
	dns6 := ip6("2001:db8::1", "fe80::2", udp, ports(53, 5353)...)
	for _, c := range []struct {
		expression string
		web, dns6  bool
	}{
		{"port 80", true, false}, {"port 53", false, true}, {"ip6", false, true}, {"net 10.0.0.0/8", true, false}, {"src net 2001:db8::/32", false, true},
	} {
		m, err := NewMatcher(c.expression, RawIP)
		if err != nil || m.Match(web) != c.web || m.Match(dns6) != c.dns6 {
			t.Errorf("%s: got %v and %v, %v, want %v and %v", c.expression, m.Match(web), m.Match(dns6), err, c.web, c.dns6)
		}
	}
	if _, err := NewMatcher("vlan 12", RawIP); err == nil {
		t.Error("vlan without a link header: got no error")
	}
}

func TestErrorsNameThePlace(t *testing.T) {
	for _, c := range []struct{ expression, want string }{
		{"tcp and", `at 8: a test is missing`},
		{"host pacs", `at 6: "pacs" is no address; names are not looked up`},
		{"tcp port http", `at 10: "http" is no port between 0 and 65535; names are not looked up`},
		{"port 70000", `at 6: "70000" is no port`},
		{"portrange 90-80", `at 11: "90-80" is no range of ports`},
		{"net 10.0.0.1/8", `at 5: 10.0.0.1/8 has bits behind its mask; the network is 10.0.0.0/8`},
		{"net 10.0.0.0/40", `at 5: "10.0.0.0/40" is no network`},
		{"net 10.0.0.0 mask 255.0.255.0", `at 19: "255.0.255.0" is no mask of leading ones`},
		{"(tcp or udp", `at 12: a closing parenthesis is missing`},
		{"tcp udp", `at 5: "udp" is not expected here`},
		{"tcp[13] & 2 != 0", `at 1: "tcp[13]" is not a test`},
		{"and tcp", `at 1: "and" is not a test`},
		{"80", `at 1: "80" is not a test`},
		{"vlan 5000", `at 6: "5000" is no number between 0 and 4095`},
		{"icmp port 7", `at 11: icmp has no ports`},
		{"ip6 host 10.0.0.1", `at 10: ip6 has no IPv4 addresses`},
		{"ip host fe80::1", `at 9: ip has no IPv6 addresses`},
		{"ether host pacs", `at 12: "pacs" is no MAC address`},
		{"host", `at 5: host needs a value`},
		{"less lots", `at 6: "lots" is no number`},
		{strings.Repeat("(", 300) + "tcp", `nested too deeply`},
		{strings.Repeat("net 2001:db8::/128 or ", 500) + "tcp", `too long`},
	} {
		_, err := Compile(c.expression, Ethernet, 0)
		var e *Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%.40s: got %v, want %s", c.expression, err, c.want)
		}
	}
}

func TestJumpsReachFar(t *testing.T) {
	expression := "port 1"
	for range 60 {
		expression += " or (host 10.0.0.1 and not port 7)"
	}
	m, err := NewMatcher(expression, Ethernet)
	if err != nil {
		t.Fatal(err)
	}
	if !m.Match(frame(typeIP, ip4("10.0.0.1", "10.0.0.2", tcp, 0, false, ports(5, 6)...))) {
		t.Error("got no match, want one")
	}
	if m.Match(frame(typeIP, ip4("10.0.0.1", "10.0.0.2", tcp, 0, false, ports(5, 7)...))) {
		t.Error("got a match, want none")
	}
}

func TestLiveProgramsAskTheKernelForTheTag(t *testing.T) {
	raw, err := Compile("vlan 12", EthernetLive, 96)
	if err != nil {
		t.Fatal(err)
	}
	code, ok := bpf.Disassemble(raw)
	if !ok || !slices.Contains(code, bpf.Instruction(bpf.LoadExtension{Num: bpf.ExtVLANTag})) || !slices.Contains(code, bpf.Instruction(bpf.RetConstant{Val: 96})) {
		t.Errorf("got %v, want the tag loaded and 96 returned", code)
	}
}

// FuzzCompile checks that any text either is refused with its place or compiles to a program that a VM accepts and
// that ends on any frame.
func FuzzCompile(f *testing.F) {
	f.Add("not (tcp src or dst port 80 or 443) && vlan 12", []byte("frame"))
	f.Add("src and dst net 10.0.0.0/8 or ether host 0:1:2:3:4:5 and greater 64", make([]byte, 60))
	f.Add("ip6 net fe80::/10 or net 10.1 mask 255.255.0.0", frame(typeIP6, make([]byte, 60), 1, 2))
	f.Fuzz(func(t *testing.T, expression string, frame []byte) {
		for _, kind := range []Frame{Ethernet, EthernetLive, RawIP} {
			raw, err := Compile(expression, kind, 0)
			var e *Error
			switch {
			case err == nil && kind != EthernetLive: // the VM has no tags
				code, _ := bpf.Disassemble(raw)
				vm, err := bpf.NewVM(code)
				if err != nil {
					t.Fatalf("%q: %v", expression, err)
				}
				if _, err := vm.Run(frame); err != nil {
					t.Fatalf("%q: %v", expression, err)
				}
			case err != nil && (!errors.As(err, &e) || e.Pos < 0 || e.Pos > len(expression)):
				t.Fatalf("%q: got %v, want a place", expression, err)
			}
		}
	})
}
