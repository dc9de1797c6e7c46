package snmp

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire/ber"
	"bulwark/wire/internal/corpus"
)

// tree is an element of BER with the tag and what lies inside.
func tree(tag ber.Tag, parts ...any) []byte {
	var body []byte
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			body = append(body, p...)
		case string:
			body = append(body, p...)
		case int:
			b, _ := asn1.Marshal(p)
			body = append(body, b...)
		}
	}
	b := []byte{byte(tag)}
	if n := len(body); n < 128 {
		b = append(b, byte(n))
	} else {
		b = append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, body...)
}

func text(s string) []byte { return tree(ber.OctetString, s) }

func oid(arcs ...int) []byte {
	b, _ := asn1.Marshal(asn1.ObjectIdentifier(arcs))
	return b
}

func binding(name, value []byte) []byte { return tree(ber.Sequence, name, value) }

func pdu(t Type, id, status, index int, bindings ...[]byte) []byte {
	var all []byte
	for _, b := range bindings {
		all = append(all, b...)
	}
	return tree(0xa0|ber.Tag(t), id, status, index, tree(ber.Sequence, all))
}

var (
	descr  = oid(1, 3, 6, 1, 2, 1, 1, 1, 0)
	object = oid(1, 3, 6, 1, 2, 1, 1, 2, 0)
	null   = []byte{5, 0}
)

func two(p []byte) []byte { return tree(ber.Sequence, 1, text("public"), p) }

func answer() []byte {
	return two(pdu(Response, 7, 0, 0, binding(descr, text("HP ETHERNET MULTI-ENVIRONMENT")),
		binding(object, oid(1, 3, 6, 1, 4, 1, 11, 2, 3, 9, 1)), binding(oid(1, 3, 6, 1, 2, 1, 43, 5, 1, 1, 17, 1), text("SN-4711"))))
}

func three(flags string, scoped []byte) []byte {
	usm := tree(ber.Sequence, text("\x80\x00\x1f\x88\x03\x02\x00\x5e\x01\x02\x03"), 5, 600, text("nurse"), text(""), text(""))
	return tree(ber.Sequence, 3, tree(ber.Sequence, 99, 65507, text(flags), 3), text(string(usm)), scoped)
}

func trap() []byte {
	return tree(ber.Sequence, 0, text("Public"), tree(0xa4, oid(1, 3, 6, 1, 4, 1, 318), tree(ber.Application(0), "\xc0\x00\x02\x07"), 6, 5,
		tree(ber.Application(3), "\x01\x00"), tree(ber.Sequence, binding(descr, text("x")))))
}

func dotted(b []byte) string { return string(ber.AppendOID(nil, b)) }

func describe(m *Message) string {
	s := fmt.Sprintf("v%d %s %v id %d error %q at %d trap %s %q agent %v engine %d %x user %q %s encrypted %v report %q count %d", m.Version, m.Community, m.PDU,
		m.RequestID, ErrorName(m.Error), m.Index, dotted(m.Trap), m.TrapName(), m.Agent, m.Engine.Enterprise(), m.Engine.MAC(), m.User, m.Level, m.Encrypted, m.ReportName(), m.Count)
	for i := range m.Bindings {
		s += " " + dotted(m.Bindings[i].Name)
		if f, v := m.Bindings[i].Fact(); f == ObjectID {
			s += fmt.Sprintf("=%d %s", EnterpriseOf(v), Enterprise(EnterpriseOf(v)))
		} else if f != NoFact {
			s += fmt.Sprintf("=%d %s", f, v)
		}
	}
	return s
}

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want string
		err  error
	}{
		{"a manager asks", two(pdu(GetRequest, 7, 0, 0, binding(descr, null))),
			`v2 public get_request id 7 error "" at 0 trap  "" agent invalid IP engine 0  user ""  encrypted false report "" count 1 1.3.6.1.2.1.1.1.0`, nil},
		{"a device tells what it is", answer(),
			`v2 public response id 7 error "" at 0 trap  "" agent invalid IP engine 0  user ""  encrypted false report "" count 3 1.3.6.1.2.1.1.1.0=1 HP ETHERNET MULTI-ENVIRONMENT 1.3.6.1.2.1.1.2.0=11 Hewlett-Packard 1.3.6.1.2.1.43.5.1.1.17.1=5 SN-4711`, nil},
		{"a device refuses", two(pdu(Response, 8, 2, 1, binding(descr, null))), `v2 public response id 8 error "noSuchName" at 1`, nil},
		{"a bulk request has numbers in place of an error", two(pdu(GetBulkRequest, 9, 1, 25, binding(descr, null))), `v2 public get_bulk_request id 9 error "" at 0`, nil},
		{"a trap of version 1", trap(), `v1 Public trap_v1 id 0 error "" at 0 trap 1.3.6.1.4.1.318 "enterpriseSpecific" agent 192.0.2.7`, nil},
		{"a trap of version 2", two(pdu(TrapV2, 1, 0, 0, binding(oid(1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0), oid(1, 3, 6, 1, 6, 3, 1, 1, 5, 5)))),
			`v2 public trap_v2 id 1 error "" at 0 trap 1.3.6.1.6.3.1.1.5.5 "authenticationFailure"`, nil},
		{"version 3 in clear", three("\x04", tree(ber.Sequence, text("e"), text("ctx"), pdu(GetRequest, 3, 0, 0))),
			`v3  get_request id 3 error "" at 0 trap  "" agent invalid IP engine 8072 02005e010203 user "nurse" noAuthNoPriv encrypted false`, nil},
		{"an engine does not know the user", three("\x00", tree(ber.Sequence, text("e"), text(""), pdu(Report, 3, 0, 0, binding(oid(1, 3, 6, 1, 6, 3, 15, 1, 1, 3, 0), null)))),
			`v3  report id 3 error "" at 0 trap  "" agent invalid IP engine 8072 02005e010203 user "nurse" noAuthNoPriv encrypted false report "unknown user"`, nil},
		{"version 3 encrypted", three("\x07", text("ciphertext")), `v3  get_request id 0 error "" at 0 trap  "" agent invalid IP engine 8072 02005e010203 user "nurse" authPriv encrypted true`, nil},
		{"a binding that is cut keeps those before it", two(tree(0xa2, 7, 0, 0, tree(ber.Sequence, binding(descr, text("x")), "\x30\x20"))), `v2 public response id 7 error "" at 0 trap  "" agent invalid IP engine 0  user ""  encrypted false report "" count 1`, ber.ErrShort},
		{"a number of a PDU in an octet of its own", two(append([]byte{0xbf, 4}, trap()[14:]...)), "v2 public trap_v1 id 0", nil},
		{"another version", tree(ber.Sequence, 2, text("public")), "v0", ErrVersion},
		{"another PDU", two(tree(0xa9, 1)), "v2 public get_request", ber.ErrTag},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse(c.p, &m); !errors.Is(err, c.err) {
				t.Errorf("error: got %v, want %v", err, c.err)
			}
			if got := describe(&m); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.err == nil && (!Looks(c.p) || !LooksAtPort(append(c.p, 0))) {
				t.Error("it does not look like one")
			}
		})
	}
}

func TestOnlyCommunitiesThatDevicesAreDeliveredWithAreDefaults(t *testing.T) {
	for community, want := range map[string]bool{"public": true, "Private": true, "w4rd-3": false, "": false} {
		m := Message{Community: []byte(community)}
		if m.Default() != want {
			t.Errorf("%q: got %v, want %v", community, m.Default(), want)
		}
	}
}

func TestNoMoreIsKeptThanAllowed(t *testing.T) {
	var all [][]byte
	for range 500 {
		all = append(all, binding(descr, null))
	}
	var m Message
	if err := Parse(two(pdu(Response, 1, 0, 0, all...)), &m); err != nil || m.Count != 500 || len(m.Bindings) != maxBindings {
		t.Errorf("got %v, %d bindings, %d kept, want 500 and %d", err, m.Count, len(m.Bindings), maxBindings)
	}
	p := answer()
	if n := testing.AllocsPerRun(100, func() { _ = Parse(p, &m) }); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

// TestCaptures reads what captures hold at the ports of SNMP, and sees that nothing elsewhere is taken for it.
func TestCaptures(t *testing.T) {
	read, all, wrong, others := 0, 0, 0, 0
	var m Message
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "attack-chrissanders", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, u := range c.Datagrams {
				p := u.Payload
				if at := func(port uint16) bool { return u.Dst.Port() == port || u.Src.Port() == port }; at(161) || at(162) {
					if all++; LooksAtPort(p) && Parse(p, &m) == nil {
						read++
					} else {
						t.Logf("%s: %v > %v: %x", c.Name, u.Src, u.Dst, p[:min(len(p), 60)])
					}
				} else if others++; Looks(p) {
					wrong++
					t.Logf("%s: %v > %v taken: %x", c.Name, u.Src, u.Dst, p[:min(len(p), 60)])
				}
			}
		}
	}
	corpus.Result(t, "snmp_read", read, all, 80)
	t.Logf("RESULT snmp_other_ports %d/%d share", wrong, others)
}

func FuzzParse(f *testing.F) {
	f.Add(answer())
	f.Add(trap())
	f.Add(three("\x04", tree(ber.Sequence, text("e"), text("ctx"), pdu(GetRequest, 3, 0, 0))))
	f.Add(three("\x07", text("ciphertext")))
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		_ = Parse(p, &m)
		_, _ = Looks(p), LooksAtPort(p)
		if len(m.Bindings) > maxBindings {
			t.Error("more is kept than allowed")
		}
		_ = describe(&m)
		_, _, _ = m.Engine.Addr(), m.Engine.Text(), m.Default()
	})
}
