package dns

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"reflect"
	"strings"
	"testing"

	oracle "github.com/miekg/dns"

	"bulwark/wire"
)

// query and answer are one exchange as resolvers make it: a question with EDNS, and CNAME and addresses that point
// back to its name.
func exchange(t testing.TB) (query, answer []byte) {
	t.Helper()
	q := new(oracle.Msg)
	q.SetQuestion("www.radiology.hospital.example.", oracle.TypeA)
	q.SetEdns0(1232, true)
	a := new(oracle.Msg)
	a.SetReply(q)
	a.Compress = true
	a.Answer = rrs(t,
		"www.radiology.hospital.example. 300 IN CNAME pacs.hospital.example.",
		"pacs.hospital.example. 60 IN A 192.0.2.7",
		"pacs.hospital.example. 60 IN A 192.0.2.8",
		"pacs.hospital.example. 60 IN A 192.0.2.9")
	a.SetEdns0(1232, false)
	return pack(t, q), pack(t, a)
}

func rrs(t testing.TB, lines ...string) []oracle.RR {
	t.Helper()
	var all []oracle.RR
	for _, l := range lines {
		rr, err := oracle.NewRR(l)
		if err != nil {
			t.Fatalf("record %q: %v", l, err)
		}
		all = append(all, rr)
	}
	return all
}

func pack(t testing.TB, m *oracle.Msg) []byte {
	t.Helper()
	b, err := m.Pack()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestMessageIsReadAsTheOracleWroteIt(t *testing.T) {
	msg := new(oracle.Msg)
	msg.SetQuestion("hospital.example.", oracle.TypeANY)
	msg.Response, msg.Authoritative, msg.AuthenticatedData = true, true, true
	msg.Compress = true
	msg.Answer = rrs(t,
		"hospital.example. 1 IN A 192.0.2.1",
		"hospital.example. 2 IN AAAA 2001:db8::7",
		"alias.hospital.example. 3 IN CNAME hospital.example.",
		"hospital.example. 4 IN NS ns1.hospital.example.",
		"hospital.example. 5 IN MX 10 mail.hospital.example.",
		"1.2.0.192.in-addr.arpa. 6 IN PTR pacs.hospital.example.",
		"hospital.example. 7 IN SOA ns1.hospital.example. admin.hospital.example. 2026112201 7200 3600 1209600 300",
		`hospital.example. 8 IN TXT "v=spf1 -all" "second; string"`,
		"_dicom._tcp.hospital.example. 9 IN SRV 10 20 11112 pacs.hospital.example.",
		`hospital.example. 10 IN CAA 128 issue "ca.example; policy=ev"`,
		`hospital.example. 11 IN NAPTR 100 50 "s" "SIP+D2U" "!^.*$!sip:x@y!" _sip._udp.hospital.example.`,
		`hospital.example. 12 IN HTTPS 1 svc.hospital.example. alpn="h2,h3" port=8443 ipv4hint=192.0.2.1`,
		"hospital.example. 13 IN DS 60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118",
		"hospital.example. 14 IN DNSKEY 257 3 13 mdsswUyr3DPW132mOi8V9xESWE8jTo0dxCjjnopKl+GqJxpVXckHAeF+KkxLbxILfDLUT0rAK9iUzy1L53eKGQ==",
		"hospital.example. 15 IN RRSIG A 13 2 300 20261201000000 20261101000000 12345 hospital.example. AAAA",
		"hospital.example. 16 IN SSHFP 4 2 123456789ABCDEF67890123456789ABCDEF67890123456789ABCDEF123456789",
		"old.hospital.example. 17 IN DNAME new.hospital.example.",
	)
	var m Message
	if err := m.Parse(pack(t, msg)); err != nil {
		t.Fatal(err)
	}
	if !m.Flags.Response() || !m.Flags.Authoritative() || !m.Flags.Authentic() || m.Flags.Truncated() {
		t.Errorf("flags: got %04x", uint16(m.Flags))
	}
	if got := fmt.Sprintf("%s %s %s", m.Questions[0].Name, m.Questions[0].Type, m.Questions[0].Class); got != "hospital.example ANY IN" {
		t.Errorf("question: got %q", got)
	}
	want := []string{
		"A 192.0.2.1",
		"AAAA 2001:db8::7",
		"CNAME hospital.example",
		"NS ns1.hospital.example",
		"MX 10 mail.hospital.example",
		"PTR pacs.hospital.example",
		"SOA ns1.hospital.example admin.hospital.example {2026112201 7200 3600 1209600 300}",
		"TXT [v=spf1 -all|second; string]",
		"SRV {10 20 11112} pacs.hospital.example",
		"CAA 128 issue ca.example; policy=ev",
		"NAPTR 100 50 s SIP+D2U !^.*$!sip:x@y! _sip._udp.hospital.example",
		"HTTPS 1 svc.hospital.example 1=026832026833 3=20fb 4=c0000201",
		"DS 60485 5 1 2bb183af5f22588179a53b0a98631fad1a292118",
		"DNSKEY 257 3 13 64",
		"RRSIG A 13 2 300 12345 hospital.example",
		"SSHFP 4 2 32",
		"DNAME new.hospital.example",
	}
	for i := range m.Answers {
		if got := describe(&m.Answers[i]); got != want[i] || m.Answers[i].TTL != uint32(i+1) {
			t.Errorf("answer %d: got %q, ttl %d, want %q", i, got, m.Answers[i].TTL, want[i])
		}
	}
	if len(m.Answers) != len(want) {
		t.Errorf("answers: got %d, want %d", len(m.Answers), len(want))
	}
}

// describe says what the data of a record is, through the accessors.
func describe(r *Record) string {
	s := r.Type.String()
	switch r.Type {
	case TypeA, TypeAAAA:
		return s + " " + r.Addr().String()
	case TypeMX:
		return fmt.Sprintf("%s %d %s", s, r.Preference(), r.Target)
	case TypeSOA:
		soa, _ := r.SOA()
		return fmt.Sprintf("%s %s %s %v", s, r.Target, r.Mailbox, soa)
	case TypeTXT:
		var all []string
		for b := range r.Text() {
			all = append(all, string(b))
		}
		return s + " [" + strings.Join(all, "|") + "]"
	case TypeSRV:
		srv, _ := r.SRV()
		return fmt.Sprintf("%s %v %s", s, srv, r.Target)
	case TypeCAA:
		c, _ := r.CAA()
		return fmt.Sprintf("%s %d %s %s", s, c.Flags, c.Tag, c.Value)
	case TypeNAPTR:
		n, _ := r.NAPTR()
		return fmt.Sprintf("%s %d %d %s %s %s %s", s, n.Order, n.Preference, n.Flags, n.Services, n.Regexp, r.Target)
	case TypeHTTPS, TypeSVCB:
		s = fmt.Sprintf("%s %d %s", s, r.Preference(), r.Target)
		for k, v := range r.SvcParams() {
			s += fmt.Sprintf(" %d=%x", k, v)
		}
	case TypeDS:
		d, _ := r.DS()
		return fmt.Sprintf("%s %d %d %d %x", s, d.KeyTag, d.Algorithm, d.DigestType, d.Digest)
	case TypeDNSKEY:
		k, _ := r.DNSKEY()
		return fmt.Sprintf("%s %d %d %d %d", s, k.Flags, k.Protocol, k.Algorithm, len(k.Key))
	case TypeRRSIG:
		g, _ := r.RRSIG()
		return fmt.Sprintf("%s %s %d %d %d %d %s", s, g.Covered, g.Algorithm, g.Labels, g.OriginalTTL, g.KeyTag, r.Target)
	case TypeSSHFP:
		f, _ := r.SSHFP()
		return fmt.Sprintf("%s %d %d %d", s, f.Algorithm, f.HashType, len(f.Fingerprint))
	default:
		return s + " " + string(r.Target)
	}
	return s
}

func TestEDNS(t *testing.T) {
	q := new(oracle.Msg)
	q.SetQuestion("example.", oracle.TypeA)
	q.SetEdns0(4096, true)
	opt := q.IsEdns0()
	opt.Option = append(opt.Option,
		&oracle.EDNS0_COOKIE{Code: oracle.EDNS0COOKIE, Cookie: "24a5ac1223344556"},
		&oracle.EDNS0_SUBNET{Code: oracle.EDNS0SUBNET, Family: 1, SourceNetmask: 24, Address: net.IPv4(198, 51, 100, 0)})
	q.Rcode = oracle.RcodeBadVers
	var m Message
	if err := m.Parse(pack(t, q)); err != nil {
		t.Fatal(err)
	}
	if e := m.EDNS; !e.Present || e.UDPSize != 4096 || !e.DNSSEC || e.Version != 0 {
		t.Errorf("EDNS: got %+v", e)
	}
	if got, want := m.EDNS.ClientSubnet(), netip.MustParsePrefix("198.51.100.0/24"); got != want {
		t.Errorf("client subnet: got %v, want %v", got, want)
	}
	if got := m.Rcode().String(); got != "BADVERS" {
		t.Errorf("rcode: got %s, want BADVERS", got)
	}
	var codes []OptionCode
	for c := range m.EDNS.Options() {
		codes = append(codes, c)
	}
	if want := []OptionCode{OptionCookie, OptionClientSubnet}; !reflect.DeepEqual(codes, want) {
		t.Errorf("options: got %v, want %v", codes, want)
	}
}

func TestNames(t *testing.T) {
	header := "0001 0100 0001 0000 0000 0000"
	long := strings.Repeat("3f"+strings.Repeat("61", 63), 4)
	for _, c := range []struct {
		does, wire, want string
		long             bool
		err              error
	}{
		{does: "the root is a dot", wire: header + "00 0001 0001", want: "."},
		{does: "the case is kept", wire: header + "03 777757 02 4465 00 0001 0001", want: "wwW.De"},
		{does: "a dot within a label is escaped", wire: header + "03 612e62 00 0001 0001", want: `a\.b`},
		{does: "a backslash is escaped", wire: header + "01 5c 00 0001 0001", want: `\\`},
		{does: "octets that are no printable characters are numbers", wire: header + "04 00 20 7f ff 00 0001 0001", want: `\000\032\127\255`},
		{does: "a pointer to itself is refused", wire: header + "c00c 0001 0001", err: ErrPointer},
		{does: "two pointers at each other are refused", wire: header + "c00e c00c 0001 0001", err: ErrPointer},
		{does: "a label that ends in its own beginning is refused", wire: header + "0161 c00c 0001 0001", err: ErrPointer},
		{does: "a pointer behind the message is refused", wire: header + "cfff 0001 0001", err: ErrPointer},
		{does: "a pointer forward is followed", wire: header + "0161 c014 0001 0001 0162 00", want: "a.b"},
		{does: "a label of type 01 is refused", wire: header + "41 0001 0001", err: ErrLabel},
		{does: "a name without an end is short", wire: header + "03 7777", err: ErrShort},
		{does: "a question without a class is short", wire: header + "0161 00 0001", err: ErrShort},
		{does: "a name of more than 255 octets is read and told", wire: header + long + "00 0001 0001", want: strings.Repeat("."+strings.Repeat("a", 63), 4)[1:], long: true},
	} {
		t.Run(c.does, func(t *testing.T) {
			p, err := hex.DecodeString(strings.ReplaceAll(c.wire, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			var m Message
			if err := m.Parse(p); !errors.Is(err, c.err) || (c.err != nil && !errors.Is(err, wire.ErrMalformed)) {
				t.Fatalf("error: got %v, want %v", err, c.err)
			}
			if c.err != nil {
				return
			}
			if got := string(m.Questions[0].Name); got != c.want || m.LongName != c.long {
				t.Errorf("name: got %q, long %v; want %q, long %v", got, m.LongName, c.want, c.long)
			}
		})
	}
}

func TestUnescape(t *testing.T) {
	if got, want := string(AppendUnescaped(nil, []byte(`a\.b.\\c.\195\169\`))), "a.b.\\c.\u00e9\\"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestCutMessageKeepsWhatWasReadable(t *testing.T) {
	_, answer := exchange(t)
	var m Message
	for n := range answer {
		err := m.Parse(answer[:n])
		if !errors.Is(err, ErrShort) {
			t.Fatalf("cut at %d: got %v, want %v", n, err, ErrShort)
		}
		for i := range m.Answers {
			if len(m.Answers[i].Name) == 0 {
				t.Errorf("cut at %d: answer %d has no name", n, i)
			}
		}
	}
	if len(m.Questions) != 1 || len(m.Answers) != 4 || m.Answers[3].Addr().String() != "192.0.2.9" {
		t.Errorf("one byte short: got %d questions, %d answers", len(m.Questions), len(m.Answers))
	}
}

func TestMulticastBits(t *testing.T) {
	p, _ := hex.DecodeString("000084000001000100000000" + "0161056c6f63616c00" + "00ff8001" + "c00c" + "00018001" + "0000007800040a000001")
	var m Message
	if err := m.Parse(p); err != nil {
		t.Fatal(err)
	}
	if q := m.Questions[0]; !q.Unicast || q.Class != ClassIN {
		t.Errorf("question: got %+v, want a unicast question of class IN", q)
	}
	if r := m.Answers[0]; !r.Flush || r.Class != ClassIN || string(r.Name) != "a.local" {
		t.Errorf("answer: got %+v, want a flush of class IN", r)
	}
}

// A hostile message: as many records as fit, each with a name that the memory of names does not help with.
func TestMemoryIsBounded(t *testing.T) {
	p := []byte{0, 1, 0x84, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0}
	for range 120 { // a run of labels that any record can point into
		p = append(p, 1, 0xff)
	}
	p = append(p, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0)
	for i := 0; len(p) < 65000; i++ {
		p = append(p, 0xc0, byte(12+i*2%200), 0, 1, 0, 1, 0, 0, 0, 0, 0, 0)
	}
	var m Message
	if err := m.Parse(p); !errors.Is(err, ErrLarge) {
		t.Fatalf("got %v, want %v", err, ErrLarge)
	}
	if len(m.names.buf) > maxScratch+4*maxOctets {
		t.Errorf("names: got %d bytes, want at most %d", len(m.names.buf), maxScratch+4*maxOctets)
	}
}

func TestNoAllocation(t *testing.T) {
	query, answer := exchange(t)
	var m Message
	if n := testing.AllocsPerRun(1000, func() {
		if m.Parse(query) != nil || m.Parse(answer) != nil || !LooksLikeDNS(query) {
			t.Error("the exchange is not read")
		}
	}); n != 0 {
		t.Errorf("allocations: got %v, want 0", n)
	}
}

func BenchmarkQueryAndResponse(b *testing.B) {
	query, answer := exchange(b)
	var m Message
	b.SetBytes(int64(len(query) + len(answer)))
	b.ReportAllocs()
	for b.Loop() {
		if m.Parse(query) != nil || m.Parse(answer) != nil {
			b.Fatal("not read")
		}
	}
}

func BenchmarkLooksLikeDNS(b *testing.B) {
	_, answer := exchange(b)
	b.ReportAllocs()
	for b.Loop() {
		LooksLikeDNS(answer)
	}
}

func FuzzParse(f *testing.F) {
	query, answer := exchange(f)
	f.Add(query)
	f.Add(answer)
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		err := m.Parse(p)
		LooksLikeDNS(p)
		Probe(p)
		for i := range m.Answers {
			describe(&m.Answers[i])
		}
		m.EDNS.ClientSubnet()
		compare(t, p, &m, err)
	})
}

// compare holds a message against the oracle where both could read it whole. The oracle judges the data of records
// too, so that it may refuse what we take; what it takes we must take, names of more than 255 octets apart.
func compare(t *testing.T, p []byte, m *Message, err error) {
	t.Helper()
	var o oracle.Msg
	if o.Unpack(p) != nil || len(p) < headerLen {
		return
	}
	if int(u16(p, 4)) != len(o.Question) || int(u16(p, 6)) != len(o.Answer) || int(u16(p, 8)) != len(o.Ns) || int(u16(p, 10)) != len(o.Extra) {
		return // the oracle forgives counts that are too large
	}
	if len(m.Questions) < len(o.Question) && errors.Is(err, ErrShort) {
		return // the oracle forgives questions without a type
	}
	if err != nil {
		t.Fatalf("got %v where the oracle reads %v", err, &o)
	}
	for i, q := range o.Question {
		if got, want := canon(string(m.Questions[i].Name)), canon(strings.TrimSuffix(q.Name, ".")); got != want || uint16(m.Questions[i].Type) != q.Qtype {
			t.Errorf("question %d: got %q, want %q", i, got, want)
		}
	}
	for list, rrs := range map[*[]Record][]oracle.RR{&m.Answers: o.Answer, &m.Authorities: o.Ns, &m.Additionals: o.Extra} {
		for i, rr := range rrs {
			r, h := (*list)[i], rr.Header()
			if got, want := canon(string(r.Name)), canon(strings.TrimSuffix(h.Name, ".")); got != want || uint16(r.Type) != h.Rrtype || r.TTL != h.Ttl {
				t.Errorf("record %d: got %q %v %d, want %v", i, got, r.Type, r.TTL, h)
			}
			if target, ok := targetOf(rr); ok && canon(string(r.Target)) != canon(strings.TrimSuffix(target, ".")) {
				t.Errorf("record %d: got target %q, want %v", i, r.Target, rr)
			}
		}
	}
}

// canon undoes the escapes of either side, which differ in what they escape without need.
func canon(name string) string {
	if name == "." {
		return ""
	}
	return string(AppendUnescaped(nil, []byte(name)))
}

func targetOf(rr oracle.RR) (string, bool) {
	if rr.Header().Rdlength == 0 {
		return "", false
	}
	switch rr := rr.(type) {
	case *oracle.CNAME:
		return rr.Target, true
	case *oracle.NS:
		return rr.Ns, true
	case *oracle.PTR:
		return rr.Ptr, true
	case *oracle.MX:
		return rr.Mx, true
	case *oracle.SRV:
		return rr.Target, true
	case *oracle.SOA:
		return rr.Ns, true
	case *oracle.NAPTR:
		return rr.Replacement, true
	}
	return "", false
}
