package bacnet

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire/internal/corpus"
)

func describe(m *Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", m.LinkName())
	if m.SourceNet != 0 {
		fmt.Fprintf(&b, " from %d/%x", m.SourceNet, m.SourceAddr)
	}
	if m.Network {
		fmt.Fprintf(&b, " network %s", m.NetworkName())
	}
	if !m.Application {
		return b.String()
	}
	fmt.Fprintf(&b, " pdu %d %s invoke %d segmented %v", m.PDU, m.ServiceName(), m.Invoke, m.Segmented)
	if m.HasObject {
		fmt.Fprintf(&b, " %s:%d", m.Object.TypeName(), m.Object.Instance)
	}
	if m.HasVendor {
		fmt.Fprintf(&b, " vendor %s", VendorName(m.Vendor))
	}
	if m.Name != nil {
		fmt.Fprintf(&b, " name %q", m.Name)
	}
	if m.Ranged {
		fmt.Fprintf(&b, " %d-%d", m.Low, m.High)
	}
	for _, p := range m.Properties {
		fmt.Fprintf(&b, " [%s:%d %s %q %d %d]", p.Object.TypeName(), p.Object.Instance, PropertyName(p.ID), p.Text, p.Number, p.Kind)
	}
	if m.HasState {
		fmt.Fprintf(&b, " state %s password %v", m.StateName(), m.Password)
	}
	if s := m.Problem(); s != "" {
		fmt.Fprintf(&b, " problem %s", s)
	}
	return b.String()
}

// bytesOf reads hexadecimal and fills in the length of the datagram.
func bytesOf(s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		panic(err)
	}
	b[2], b[3] = byte(len(b)>>8), byte(len(b))
	return b
}

// The messages of annex F and of this test.
const (
	whoIsAll  = "810b0000 0120ffff00ff 1008"
	whoIsSome = "810b0000 0100 1008 0903 1903"
	iAmHere   = "810b0000 0100 1000 c4 02000001 22 01e0 91 00 21 07"
	iAmRouted = "810b0000 0128ffff00 0005 01 0a ff 1000 c4 02000001 22 01e0 91 00 22 0104"
	haveIt    = "810a0000 0100 1001 c4 02000008 c4 02000008 75 04 00 4f4154"
	ask       = "810a0000 0104 0005 01 0c 0c 02000008 19 4d"
	give      = "810a0000 0100 30 01 0c 0c 02000008 19 4d 3e 75 05 00 50554d50 3f"
	wide      = "810a0000 0100 30 01 0c 0c 02000008 19 4d 3e 75 05 04 0050 00dc 3f"
	write     = "810a0000 0104 0005 3b 0f 0c 00800001 19 55 3e 44 43340000 3f 49 08"
	restart   = "810a0000 0104 0005 02 14 09 00 1d 07 00 4162436445 66"
	refuse    = "810a0000 0100 50 02 14 91 04 91 1a"
	reject    = "810a0000 0100 60 02 09"
	several   = "810a0000 0100 30 02 0e 0c 02000001 1e 29 4d 4e 75 04 00 414855 4f 29 46 4e 75 05 00 4d2d3338 4f 29 ff 5e 91 02 91 20 5f 1f"
	segment   = "810a0000 0100 3c 02 01 04 0e 0c"
	router    = "810b0000 0180 01 0005"
	foreign   = "81050000 003c"
	forwarded = "81040000 0a000001bac0 0100 1008"
)

func TestMessages(t *testing.T) {
	for _, c := range []struct {
		does, p, want string
	}{
		{"who is there", whoIsAll, "original-broadcast pdu 1 who-is invoke 0 segmented false"},
		{"who of some is there", whoIsSome, "original-broadcast pdu 1 who-is invoke 0 segmented false 3-3"},
		{"a device is there", iAmHere, "original-broadcast pdu 1 i-am invoke 0 segmented false device:1 vendor Siemens"},
		{"a device behind a router", iAmRouted, "original-broadcast from 5/0a pdu 1 i-am invoke 0 segmented false device:1 vendor BACnet Stack"},
		{"an object is here", haveIt, `original-unicast pdu 1 i-have invoke 0 segmented false device:8 name "OAT"`},
		{"a name is asked for", ask, `original-unicast pdu 0 read-property invoke 1 segmented false device:8 [device:8 object-name "" 0 0]`},
		{"a name is given", give, `original-unicast pdu 3 read-property invoke 1 segmented false device:8 [device:8 object-name "PUMP" 0 2]`},
		{"a name in UCS-2", wide, `original-unicast pdu 3 read-property invoke 1 segmented false device:8 [device:8 object-name "PÜ" 0 2]`},
		{"a value is written", write, `original-unicast pdu 0 write-property invoke 59 segmented false analog-value:1 [analog-value:1 present-value "" 0 0]`},
		{"a restart with a password", restart, "original-unicast pdu 0 reinitialize-device invoke 2 segmented false state coldstart password true"},
		{"an error", refuse, "original-unicast pdu 5 reinitialize-device invoke 2 segmented false problem password-failure"},
		{"a rejection", reject, "original-unicast pdu 6 acknowledge-alarm invoke 2 segmented false problem unrecognized-service"},
		{"several properties, one of which is an error", several, `original-unicast pdu 3 read-property-multiple invoke 2 segmented false device:1 [device:1 object-name "AHU" 0 2] [device:1 model-name "M-38" 0 2] [device:1  "" 0 0]`},
		{"a segment", segment, "original-unicast pdu 3 read-property-multiple invoke 2 segmented true"},
		{"a router", router, "original-broadcast network i-am-router-to-network"},
		{"a device from elsewhere registers", foreign, "register-foreign-device"},
		{"a message passed on", forwarded, "forwarded-npdu pdu 1 who-is invoke 0 segmented false"},
	} {
		t.Run(c.does, func(t *testing.T) {
			p := bytesOf(c.p)
			var m Message
			if err := Parse(p, &m); err != nil {
				t.Errorf("error: %v", err)
			}
			if got := describe(&m); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if !Looks(p) {
				t.Error("it does not look like BACnet")
			}
			for i := range p {
				_ = Parse(p[:i], &m)
				if Looks(p[:i]) {
					t.Errorf("%d bytes of it look like BACnet", i)
				}
			}
		})
	}
}

func TestOddMessages(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		err  error
	}{
		{"another length", append(bytesOf(whoIsAll), 0), ErrLink},
		{"another first byte", append([]byte{0x82}, bytesOf(whoIsAll)[1:]...), ErrLink},
		{"another version", bytesOf("810a0000 0200 1008"), ErrVersion},
		{"a network header that ends early", bytesOf("810a0000 0120ff"), ErrShort},
		{"a tag that ends early", bytesOf("810b0000 0100 1000 c4 0200"), ErrShort},
		{"an application message that is none", bytesOf("810b0000 0100 f0"), ErrShort},
		{"tags that are never closed", bytesOf("810a0000 0100 30 01 0c 0c 02000008 19 4d 3e 3e 3e 3e"), nil},
	} {
		var m Message
		if err := Parse(c.p, &m); !errors.Is(err, c.err) {
			t.Errorf("%s: got %v, want %v", c.does, err, c.err)
		}
	}
}

func TestMemoryIsBounded(t *testing.T) {
	p := bytesOf("810a0000 0100 30 02 0e 0c 02000001 1e" + strings.Repeat("29 4d 4e 75 03 04 0041 4f ", 100) + "1f")
	var m Message
	if err := Parse(p, &m); err != nil || len(m.Properties) != maxProperties {
		t.Errorf("got %v, %d properties", err, len(m.Properties))
	}
}

func TestNoAllocation(t *testing.T) {
	a, b, c := bytesOf(several), bytesOf(wide), bytesOf(iAmRouted)
	var m Message
	if n := testing.AllocsPerRun(1000, func() {
		if Parse(a, &m) != nil || Parse(b, &m) != nil || Parse(c, &m) != nil {
			t.Error("not read")
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{whoIsAll, whoIsSome, iAmRouted, haveIt, give, wide, write, restart, refuse, several, segment, router, foreign, forwarded} {
		f.Add(bytesOf(s))
	}
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		_ = Parse(p, &m)
		Looks(p)
		describe(&m)
	})
}

// TestCaptures reads every datagram on the port of BACnet, and expects it nowhere else.
func TestCaptures(t *testing.T) {
	read, total := 0, 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "ja4", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, d := range c.Datagrams {
				port := d.Dst.Port() == 47808 || d.Src.Port() == 47808
				looks := Looks(d.Payload)
				if !port {
					if looks {
						t.Errorf("%s %v > %v is taken for BACnet", c.Name, d.Src, d.Dst)
					}
					continue
				}
				var m Message
				total++
				if err := Parse(d.Payload, &m); err == nil && looks {
					read++
				} else {
					t.Logf("%s %v: %v %x", c.Name, d.Src, err, d.Payload)
				}
			}
		}
	}
	corpus.Result(t, "bacnet_datagrams_read", read, total, 85)
}
