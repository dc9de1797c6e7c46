package radius

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// message is a message with attributes, each a type and its value.
func message(code Code, attributes ...any) []byte {
	b := append([]byte{byte(code), 7, 0, 0}, "authenticator-16"...)
	for i := 0; i < len(attributes); i += 2 {
		b = append(b, byte(attributes[i].(int)), byte(2+len(attributes[i+1].(string))))
		b = append(b, attributes[i+1].(string)...)
	}
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return b
}

// maker is the value of an attribute of a maker.
func maker(id uint32, kind byte, value string) string {
	b := binary.BigEndian.AppendUint32(nil, id)
	return string(append(b, kind, byte(2+len(value)))) + value
}

// eap is a packet of EAP.
func eap(code byte, rest string) string {
	return string([]byte{code, 9, 0, byte(4 + len(rest))}) + rest
}

const (
	address  = "\x0a\x00\x00\x07"
	password = "0123456789abcdef"
	signed   = "SIGNATURE-OF-16-"
)

func describe(m *Message) string {
	var s strings.Builder
	fmt.Fprintf(&s, "%v %d user %q by %v", m.Code, m.ID, m.User, m.Method)
	add := func(name string, v any) {
		if text := fmt.Sprintf("%q", v); text != `""` && text != "[]" {
			fmt.Fprintf(&s, " %s %s", name, v)
		}
	}
	add("called", m.Called)
	add("calling", m.Calling)
	add("nas", m.NASID)
	add("port", m.PortID)
	add("vlan", m.VLAN)
	add("text", m.Text)
	add("filter", m.Filter)
	add("session", m.Session)
	add("status", StatusName(m.Status))
	add("cause", CauseName(m.Cause))
	add("error", ErrorName(m.ErrorCode))
	add("service", ServiceName(m.Service))
	add("refusal", m.Refusal())
	add("domain", m.Domain())
	add("machine", m.Machine())
	add("ssid", m.SSID())
	add("maker", m.Maker())
	if m.NAS.IsValid() {
		fmt.Fprintf(&s, " at %v", m.NAS)
	}
	if m.Address.IsValid() || m.Address6.IsValid() || m.Prefix6.IsValid() {
		fmt.Fprintf(&s, " gets %v %v %v", m.Address, m.Address6, m.Prefix6)
	}
	if m.HasType {
		add("on", PortTypeName(m.PortType))
	}
	if n := m.In.Count() + m.Out.Count(); n > 0 {
		fmt.Fprintf(&s, " bytes %d %d in %d s", m.In.Count(), m.Out.Count(), m.Duration)
	}
	if e := &m.EAP; e.Code != 0 {
		fmt.Fprintf(&s, " eap %v %s %q wants %v name %q refused %v tls %d start %v goes on %v hello %d", e.Code, EAPTypeName(e.Type), e.Identity, e.Wants, e.Name, e.Refused, len(e.TLS), e.Start, e.Continues(), len(e.Hello()))
	}
	for i := range m.Vendors {
		v := &m.Vendors[i]
		name, form := v.Known()
		if form == Text || form == Pair && v.Told() {
			fmt.Fprintf(&s, " %s=%s", name, v.Value)
		}
	}
	if m.Signed {
		s.WriteString(" signed")
	}
	return s.String()
}

func TestParse(t *testing.T) {
	hello := "\x16\x03\x01\x00\x07\x01\x00\x00\x03abc"
	for _, c := range []struct {
		does  string
		p     []byte
		want  string
		err   error
		looks bool
	}{
		{"a user proves itself by a password, which is not handed out", message(AccessRequest, userName, "anna", userPassword, password, nasAddress, address, callingStation, "00-11-22-33-44-55", portType, "\x00\x00\x00\x13"),
			`access_request 7 user "anna" by PAP calling 00-11-22-33-44-55 at 10.0.0.7 on wireless 802.11`, nil, true},
		{"or by CHAP", message(AccessRequest, userName, "anna", chapPassword, "\x01"+password, nasID, "sw1"), `access_request 7 user "anna" by CHAP nas sw1`, nil, true},
		{"or by MS-CHAPv2, of a domain", message(AccessRequest, userName, "anna", vendorSpecific, maker(Microsoft, msCHAP2Response, strings.Repeat("x", 50)), vendorSpecific, maker(Microsoft, 34, "PC7"), vendorSpecific, maker(Microsoft, 10, "\x01WARD"), nasID, "vpn"),
			`access_request 7 user "anna" by MS-CHAPv2 nas vpn domain WARD machine PC7 MS-RAS-Client-Name=PC7 MS-CHAP-Domain=` + "\x01WARD", nil, true},
		{"a device comes in by its address alone", message(AccessRequest, userName, "001122334455", serviceType, "\x00\x00\x00\x0a", nasAddress, address),
			`access_request 7 user "001122334455" by MAC service call check at 10.0.0.7`, nil, true},
		{"a user says who it is", message(AccessRequest, userName, "anna", eapMessage, eap(2, "\x01anna\x00options"), messageAuthenticator, signed, nasAddress, address),
			`access_request 7 user "anna" by EAP at 10.0.0.7 eap response identity "anna" wants [] name "" refused false tls 0 start false goes on false hello 0 signed`, nil, true},
		{"a device would rather have another method", message(AccessRequest, eapMessage, eap(2, "\x03\x19\x0d"), messageAuthenticator, signed, state, "s", nasAddress, address),
			`access_request 7 user "" by EAP at 10.0.0.7 eap response nak "" wants [25 13] name "" refused false tls 0 start false goes on false hello 0 signed`, nil, true},
		{"EAP in two attributes, with a hello of TLS", message(AccessRequest, eapMessage, eap(2, "\x19\x80\x00\x00\x00\x0c"+hello)[:9], eapMessage, eap(2, "\x19\x80\x00\x00\x00\x0c"+hello)[9:], nasID, "ap"),
			`access_request 7 user "" by EAP nas ap eap response PEAP "" wants [] name "" refused false tls 12 start false goes on false hello 3`, nil, true},
		{"TLS that others began", message(AccessChallenge, eapMessage, eap(1, "\x0d\x40abcd"), state, "s"),
			`access_challenge 7 user "" by EAP eap request EAP-TLS "" wants [] name "" refused false tls 4 start false goes on true hello 0`, nil, true},
		{"the server begins TLS", message(AccessChallenge, eapMessage, eap(1, "\x15\x20"), state, "s"),
			`access_challenge 7 user "" by EAP eap request EAP-TTLS "" wants [] name "" refused false tls 0 start true goes on false hello 0`, nil, true},
		{"MS-CHAPv2 within EAP tells a name", message(AccessRequest, eapMessage, eap(2, "\x1a\x02\x09\x00\x00\x03xyzhost/pc7"), nasID, "ap"),
			`access_request 7 user "" by EAP nas ap eap response EAP-MSCHAPv2 "" wants [] name "host/pc7" refused false tls 0 start false goes on false hello 0`, nil, true},
		{"and that the password was wrong", message(AccessChallenge, eapMessage, eap(1, "\x1a\x04\x09\x00\x00E=691 R=1 C=00"), state, "s"),
			`access_challenge 7 user "" by EAP eap request EAP-MSCHAPv2 "" wants [] name "" refused true tls 0 start false goes on false hello 0`, nil, true},
		{"a VLAN with a tag, a role and an access list", message(AccessAccept, tunnelType, "\x01\x00\x00\x0d", tunnelGroup, "\x01120", filterID, "ward", vendorSpecific, maker(Aruba, 1, "nurse"), vendorSpecific, maker(Cisco, 1, "shell:priv-lvl=15"), framedAddress, "\x0a\x09\x00\x07"),
			`access_accept 7 user "" by  vlan 120 filter ward maker Aruba gets 10.9.0.7 invalid IP invalid Prefix Aruba-User-Role=nurse Cisco-AVPair=shell:priv-lvl=15`, nil, true},
		{"a VLAN by its name, without a tag", message(AccessAccept, tunnelGroup, "guests", replyMessage, "Hello"), `access_accept 7 user "" by  vlan guests text Hello`, nil, true},
		{"another tunnel is no VLAN", message(AccessAccept, tunnelType, "\x00\x00\x00\x03", tunnelGroup, "lns"), `access_accept 7 user "" by `, nil, true},
		{"a pair that holds a key is kept back", message(AccessAccept, vendorSpecific, maker(Cisco, 1, "leap:session-key=secret")), `access_accept 7 user "" by  maker Cisco`, nil, true},
		{"a refusal that says why", message(AccessReject, vendorSpecific, maker(Microsoft, msCHAPError, "\x01E=647 R=0 C=00112233 V=3 M=no")), `access_reject 7 user "" by  refusal account disabled`, nil, true},
		{"accounting with counters of 64 bits", message(AccountingRequest, acctStatus, "\x00\x00\x00\x02", acctSession, "S-7", acctInput, "\x00\x00\x00\x05", acctInputHigh, "\x00\x00\x00\x02", acctOutput, "\x00\x00\x00\x09", acctTime, "\x00\x00\x00\x3d", acctCause, "\x00\x00\x00\x01", framedAddress, "\xff\xff\xff\xfe", framedPrefix6, "\x00\x40\x20\x01\x0d\xb8\x00\x00\x00\x01"),
			`accounting_request 7 user "" by  session S-7 status stop cause user request gets invalid IP invalid IP 2001:db8:0:1::/64 bytes 8589934597 9 in 61 s`, nil, true},
		{"an answer that says nothing", message(AccountingResponse), `accounting_response 7 user "" by `, nil, false},
		{"a server lets somebody go", message(DisconnectRequest, userName, "anna", acctSession, "S-7"), `disconnect_request 7 user "anna" by  session S-7`, nil, true},
		{"which is not known", message(DisconnectNAK, errorCause, "\x00\x00\x01\xf7"), `disconnect_nak 7 user "" by  error session context not found`, nil, true},
		{"a server is asked whether it lives", message(StatusServer, messageAuthenticator, signed), `status_server 7 user "" by  signed`, nil, true},
		{"an address of four bytes that has three", message(AccessRequest, nasAddress, "abc", userName, "anna"), `access_request 7 user "anna" by `, ErrLength, false},
		{"a message that is cut", message(AccessRequest, userName, "anna")[:24], "code_0 0", nil, false},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			err := Parse(c.p, &m)
			if c.want == "code_0 0" {
				if !errors.Is(err, ErrShort) || LooksAtPort(c.p) {
					t.Errorf("got %v, %v, want %v", err, LooksAtPort(c.p), ErrShort)
				}
				return
			}
			if !errors.Is(err, c.err) {
				t.Errorf("error: got %v, want %v", err, c.err)
			}
			if got := describe(&m); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if got := Looks(c.p); got != c.looks || c.err == nil && !LooksAtPort(c.p) {
				t.Errorf("it looks like one: got %v, want %v; at its port %v", got, c.looks, LooksAtPort(c.p))
			}
		})
	}
}

func TestParseStation(t *testing.T) {
	for _, c := range []struct{ does, in, want string }{
		{"dashes and a network", "00-10-A4-23-19-C0:Ward: 3", `0010a42319c0 true "Ward: 3" ""`},
		{"colons", "00:10:a4:23:19:c0", `0010a42319c0 true "" ""`},
		{"colons and a network", "00:10:a4:23:19:c0:Staff", `0010a42319c0 true "Staff" ""`},
		{"dots", "0010.a423.19c0", `0010a42319c0 true "" ""`},
		{"one dash", "0010a4-2319c0", `0010a42319c0 true "" ""`},
		{"nothing between", "0010a42319C0", `0010a42319c0 true "" ""`},
		{"a telephone number", "+493012345678901", `000000000000 false "" "+493012345678901"`},
		{"a longer number", "00101234567890", `000000000000 false "" "00101234567890"`},
		{"mixed separators", "00-10:a4-23-19-c0", `000000000000 false "" "00-10:a4-23-19-c0"`},
		{"an address", "192.0.2.7", `000000000000 false "" "192.0.2.7"`},
		{"half of one", "00-10-A4", `000000000000 false "" "00-10-A4"`},
	} {
		t.Run(c.does, func(t *testing.T) {
			s := ParseStation([]byte(c.in))
			if !s.IsMAC {
				s.MAC = [6]byte{}
			}
			if got := fmt.Sprintf("%x %v %q %q", s.MAC, s.IsMAC, s.SSID, s.Rest); got != c.want {
				t.Errorf("got %s, want %s", got, c.want)
			}
		})
	}
}

type recorder struct{ strings.Builder }

func (r *recorder) Message(dir wire.Dir, m *Message, err error) {
	fmt.Fprintf(r, "%v %s %v\n", dir, describe(m), err)
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

func TestConversation(t *testing.T) {
	ask, accept := message(AccessRequest, userName, "anna", userPassword, password, nasAddress, address), message(AccessAccept, replyMessage, "Hello")
	chunks := []wiretest.Chunk{{Dir: wire.ToServer, Bytes: append(append([]byte{}, ask...), ask...)}, {Dir: wire.ToClient, Bytes: accept}, {Dir: wire.ToClient, Bytes: accept}}
	one, two := "to_server access_request 7 user \"anna\" by PAP at 10.0.0.7 <nil>\n", "to_client access_accept 7 user \"\" by  text Hello <nil>\n"
	c, h, got := fresh()
	f := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h}
	if err := f.Play(chunks); err != nil {
		t.Fatal(err)
	}
	if want := one + one + two + two; got() != want {
		t.Errorf("got\n%swant\n%s", got(), want)
	}
	wiretest.Splits(t, chunks, fresh)
	wiretest.Damage(t, chunks, 50, fresh)
	if _, _, err := c.Decode(wire.ToServer, []byte("HTTP"), h); !errors.Is(err, ErrLength) {
		t.Errorf("what is no message: got %v, want %v", err, ErrLength)
	}
}

func TestProbe(t *testing.T) {
	ask, accept := message(AccessRequest, userName, "anna", userPassword, password, nasAddress, address), message(AccessAccept, replyMessage, "Hello")
	for _, c := range []struct {
		does string
		p    []byte
		want wire.Match
		dir  wire.Dir
	}{
		{"a request, and what follows it", append(append([]byte{}, ask...), 1, 2, 3), wire.Yes, wire.ToServer},
		{"an answer", accept, wire.Yes, wire.ToClient},
		{"half a request", ask[:30], wire.Unsure, wire.Either},
		{"its first byte", ask[:1], wire.Unsure, wire.Either},
		{"another protocol", []byte("GET / HTTP/1.1"), wire.No, wire.Either},
		{"a length that none has", []byte{1, 7, 0xff, 0xff}, wire.No, wire.Either},
		{"a message that says nothing", message(AccountingResponse), wire.No, wire.Either},
	} {
		if got, dir := Probe(c.p); got != c.want || dir != c.dir {
			t.Errorf("%s: got %v from %v, want %v from %v", c.does, got, dir, c.want, c.dir)
		}
	}
}

func TestParseKeepsNoMemory(t *testing.T) {
	p := message(AccessRequest, userName, "anna", eapMessage, eap(2, "\x01anna"), vendorSpecific, maker(Aruba, 1, "nurse"), nasID, "ap")
	var m Message
	_ = Parse(p, &m)
	if got := testing.AllocsPerRun(100, func() { _ = Parse(p, &m) }); got != 0 {
		t.Errorf("got %v allocations a message, want 0", got)
	}
}

type quiet struct{}

func (quiet) Message(wire.Dir, *Message, error) {}

func TestAConversationKeepsNoMemory(t *testing.T) {
	ask := message(AccessRequest, userName, "anna", eapMessage, eap(2, "\x01anna"), vendorSpecific, maker(Aruba, 1, "nurse"), nasID, "ap")
	challenge := message(AccessChallenge, eapMessage, eap(1, "\x0d\x40abcd"), state, "s")
	wiretest.AllocatesNothing[Handler](t, &Conversation{}, quiet{}, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: ask}, {Dir: wire.ToClient, Bytes: challenge},
		{Dir: wire.ToServer, Bytes: ask}, {Dir: wire.ToClient, Bytes: message(AccessAccept, replyMessage, "Hello")}})
}

// TestCaptures reads what captures hold at the ports of RADIUS, and sees that nothing elsewhere is taken for it.
func TestCaptures(t *testing.T) {
	read, all, wrong, others := 0, 0, 0, 0
	var m Message
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "attack-chrissanders", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, u := range c.Datagrams {
				switch port := min(u.Dst.Port(), u.Src.Port()); port {
				case 1645, 1646, 1812, 1813, 3799:
					if all++; LooksAtPort(u.Payload) && Parse(u.Payload, &m) == nil {
						read++
					} else {
						t.Logf("%s: %v > %v: %x", c.Name, u.Src, u.Dst, u.Payload[:min(len(u.Payload), 48)])
					}
				default:
					if others++; Looks(u.Payload) {
						wrong++
						t.Logf("%s: %v > %v taken: %x", c.Name, u.Src, u.Dst, u.Payload)
					}
				}
			}
		}
	}
	t.Logf("RESULT radius_read %d/%d share", read, all)
	t.Logf("RESULT radius_other_ports %d/%d share", wrong, others)
}

func FuzzParse(f *testing.F) {
	f.Add(message(AccessRequest, userName, "anna", userPassword, password, nasAddress, address))
	f.Add(message(AccessRequest, eapMessage, eap(2, "\x1a\x02\x09\x00\x00\x03xyzname"), nasID, "ap"))
	f.Add(message(AccessRequest, eapMessage, eap(2, "\x19\x80\x00\x00\x00\x0c\x16\x03\x01\x00\x07\x01\x00\x00\x03abc"), nasID, "ap"))
	f.Add(message(AccessAccept, tunnelType, "\x01\x00\x00\x0d", tunnelGroup, "\x01120", vendorSpecific, maker(Cisco, 1, "vlan=7"), framedPrefix6, "\x00\x40\x20\x01"))
	f.Add(message(AccessReject, vendorSpecific, maker(Microsoft, msCHAPError, "\x01E=691 R=0")))
	f.Add(message(AccountingRequest, acctStatus, "\x00\x00\x00\x01", acctSession, "S", callingStation, "00-10-A4-23-19-C0:x"))
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		err := Parse(p, &m)
		if Looks(p) && (err != nil || !LooksAtPort(p)) {
			t.Errorf("it looks like one, but: %v, at its port %v", err, LooksAtPort(p))
		}
		var conv Conversation
		_, _ = Probe(p)
		_, _, _ = conv.Decode(wire.ToServer, p, &recorder{})
		if len(m.Vendors) > maxVendors || len(m.eap) > maxEAP {
			t.Error("more is kept than allowed")
		}
		_, _ = ParseStation(m.Called), ParseStation(m.Calling)
		_ = describe(&m)
	})
}
