package netbios

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"

	"bulwark/wire/internal/corpus"
)

// encoded is a name in the form in which it is sent: 15 bytes filled up, a suffix, two letters each.
func encoded(name string, fill, suffix byte) []byte {
	raw := []byte(name)
	for len(raw) < nameLen-1 {
		raw = append(raw, fill)
	}
	raw = append(raw, suffix)
	b := []byte{encodedLen}
	for _, c := range raw {
		b = append(b, 'A'+c>>4, 'A'+c&15)
	}
	return append(b, 0)
}

func header(flags uint16, counts ...uint16) []byte {
	b := binary.BigEndian.AppendUint16([]byte{0x12, 0x34}, flags)
	for _, c := range counts {
		b = binary.BigEndian.AppendUint16(b, c)
	}
	return b
}

func join(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case []byte:
			b = append(b, p...)
		case string:
			b = append(b, p...)
		}
	}
	return b
}

const (
	nb     = "\x00\x20\x00\x01"
	nbstat = "\x00\x21\x00\x01"
)

func registration() []byte {
	return join(header(0x2910, 1, 0, 0, 1), encoded("PUMP-7", ' ', 0), nb,
		"\xc0\x0c", nb, "\x00\x04\x93\xe0\x00\x06\x60\x00", "\xc0\x00\x02\x07")
}

func status() []byte {
	names := "\x03" + "PUMP-7         \x00\x04\x00" + "WARD3          \x00\x84\x00" + "PUMP-7         \x20\x04\x00" + "\x02\x00\x5e\x01\x02\x03" + strings.Repeat("\x00", 40)
	return join(header(0x8400, 0, 1, 0, 0), encoded("*", 0, 0), nbstat, "\x00\x00\x00\x00", "\x00", string(rune(len(names))), names)
}

func describe(m *Message) string {
	s := fmt.Sprintf("%v response %v rcode %d broadcast %v status %v %s", m.Opcode, m.Response, m.Rcode, m.Broadcast, m.Status, AppendText(nil, m.Name.Text()))
	s += fmt.Sprintf("<%02x> scope %q ttl %d", m.Name.Suffix(), AppendScope(nil, m.Name.Scope), m.TTL)
	for _, a := range m.Addresses {
		s += fmt.Sprintf(" %v %s %v", a.Addr, a.Flags.Node(), a.Flags.Group())
	}
	for i := range m.Nodes {
		n := &m.Nodes[i]
		s += fmt.Sprintf(" %s: %s", n.Text(), Use(n.Suffix(), n.Flags.Group()))
	}
	return s + fmt.Sprintf(" unit %x", m.Unit)
}

func TestMessagesOfTheNameService(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want string
		err  error
	}{
		{"a host asks for a name", join(header(0x0110, 1, 0, 0, 0), encoded("PACS", ' ', 0x20), nb),
			"query response false rcode 0 broadcast true status false PACS<20> scope \"\" ttl 0 unit 000000000000", nil},
		{"a host claims a name for its address", registration(),
			"registration response false rcode 0 broadcast true status false PUMP-7<00> scope \"\" ttl 300000 192.0.2.7 H false unit 000000000000", nil},
		{"a server tells where a name is", join(header(0x8580, 0, 1, 0, 0), encoded("PACS", ' ', 0x20), nb, "\x00\x00\x00\x3c\x00\x0c", "\x00\x00\xc0\x00\x02\x08\x80\x00\xc0\x00\x02\x09"),
			"query response true rcode 0 broadcast false status false PACS<20> scope \"\" ttl 60 192.0.2.8 B false 192.0.2.9 B true unit 000000000000", nil},
		{"a host tells all its names and its hardware address", status(),
			"query response true rcode 0 broadcast false status true *<00> scope \"\" ttl 0 PUMP-7: workstation WARD3: domain PUMP-7: file server unit 02005e010203", nil},
		{"a name that does not print", join(header(0x0110, 1, 0, 0, 0), encoded("\x01\x02__MSBROWSE__\x02", ' ', 1), nb),
			"query response false rcode 0 broadcast true status false <01><02>__MSBROWSE__<02><01> scope \"\" ttl 0 unit 000000000000", nil},
		{"a name in a scope", join(header(0x0110, 1, 0, 0, 0), encoded("PACS", ' ', 0x20)[:33], "\x04ward\x07example\x00", nb),
			"query response false rcode 0 broadcast true status false PACS<20> scope \"ward.example\" ttl 0 unit 000000000000", nil},
		{"a record that is cut keeps the name", registration()[:60],
			"registration response false rcode 0 broadcast true status false PUMP-7<00> scope \"\" ttl 0 unit 000000000000", ErrShort},
		{"a status that is cut keeps the names before", append(status()[:57+18], make([]byte, 2)...)[:57+18], "query response true rcode 0", ErrShort},
		{"a name of other letters", join(header(0x0110, 1, 0, 0, 0), "\x20", strings.Repeat("Z", 32), "\x00", nb), "query", ErrName},
		{"a pointer to itself", join(header(0x0110, 1, 0, 0, 0), "\xc0\x0c", nb), "query", ErrName},
		{"half a header", []byte{1, 2, 3}, "query", ErrShort},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse(c.p, &m); !errors.Is(err, c.err) {
				t.Errorf("error: got %v, want %v", err, c.err)
			}
			if got := describe(&m); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.err == nil && !Looks(c.p) {
				t.Error("it does not look like one")
			}
		})
	}
}

// announcement is a datagram by which a host tells what it serves.
func announcement(frame string) []byte {
	smb := join("\xffSMB\x25", make([]byte, 27), "\x11", make([]byte, 34), "\x00\x00", `\MAILSLOT\BROWSE`, "\x00", frame)
	binary.LittleEndian.PutUint16(smb[55:], uint16(len(frame)))
	binary.LittleEndian.PutUint16(smb[57:], uint16(len(smb)-len(frame)))
	body := join(encoded("PUMP-7", ' ', 0x20), encoded("WARD3", ' ', 0x1d), smb)
	return join("\x11\x0a\x00\x01\xc0\x00\x02\x07\x00\x8a", binary.BigEndian.AppendUint16(nil, uint16(len(body))), "\x00\x00", body)
}

var hostFrame = "\x01\x00\x80\xfc\x0a\x00" + "PUMP-7\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00" + "\x06\x01" + "\x03\x92\x00\x00" + "\x0f\x01\x55\xaa" + "Infusion\x00"

func TestDatagrams(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want string
	}{
		{"a host announces itself", announcement(hostFrame),
			`to a group from PUMP-7 to WARD3 \MAILSLOT\BROWSE host announcement "PUMP-7" 6.1 "Infusion" [print server windows server]`},
		{"a domain has a master browser", announcement("\x0c" + hostFrame[1:]),
			`to a group from PUMP-7 to WARD3 \MAILSLOT\BROWSE domain announcement "PUMP-7" 6.1 "Infusion" [print server windows server]`},
		{"hosts elect a browser", announcement("\x08\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00PUMP-7\x00"),
			`to a group from PUMP-7 to WARD3 \MAILSLOT\BROWSE election "PUMP-7" 0.0 "" []`},
		{"an announcement that is cut says nothing", announcement(hostFrame[:20]), `to a group from PUMP-7 to WARD3 \MAILSLOT\BROWSE  "" 0.0 "" []`},
		{"another frame says nothing", announcement("\x02\x00"), `to a group from PUMP-7 to WARD3 \MAILSLOT\BROWSE  "" 0.0 "" []`},
	} {
		t.Run(c.does, func(t *testing.T) {
			var d Datagram
			if err := ParseDatagram(c.p, &d); err != nil || !LooksDatagram(c.p) {
				t.Fatalf("got %v, looks %v", err, LooksDatagram(c.p))
			}
			var serves []string
			for s := range d.Announce.Serves {
				serves = append(serves, s)
			}
			got := fmt.Sprintf("%v from %s to %s %s %v %q %d.%d %q %v", d.Kind, d.From.Text(), d.To.Text(), d.Mailslot, d.Announce.Kind,
				d.Announce.Name, d.Announce.Major, d.Announce.Minor, d.Announce.Comment, serves)
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestParsingAllocatesNothing(t *testing.T) {
	var m Message
	var d Datagram
	ask, tell := status(), announcement(hostFrame)
	if n := testing.AllocsPerRun(100, func() {
		if !Looks(ask) || Parse(ask, &m) != nil || !LooksDatagram(tell) || ParseDatagram(tell, &d) != nil {
			t.Fatal("not read")
		}
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

// TestCaptures reads what captures hold at the ports of NetBIOS, and sees that nothing elsewhere is taken for it.
func TestCaptures(t *testing.T) {
	read, all, wrong, others := 0, 0, 0, 0
	var m Message
	var d Datagram
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "attack-chrissanders", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, u := range c.Datagrams {
				switch p := u.Payload; {
				case u.Dst.Port() == 137 || u.Src.Port() == 137:
					if all++; Looks(p) && Parse(p, &m) == nil {
						read++
					} else if len(p) > 40 {
						t.Logf("%s: %v > %v: %x", c.Name, u.Src, u.Dst, p[:40])
					}
				case u.Dst.Port() == 138 && u.Src.Port() == 138:
					if all++; LooksDatagram(p) && ParseDatagram(p, &d) == nil {
						read++
					} else if len(p) > 40 {
						t.Logf("%s: %v > %v: %x", c.Name, u.Src, u.Dst, p[:40])
					}
				default:
					others++
					if Looks(p) || LooksDatagram(p) {
						wrong++
						t.Logf("%s: %v > %v taken: %x", c.Name, u.Src, u.Dst, p[:40])
					}
				}
			}
		}
	}
	corpus.Result(t, "netbios_read", read, all, 90)
	t.Logf("RESULT netbios_other_ports %d/%d share", wrong, others)
}

func FuzzName(f *testing.F) {
	f.Add(registration())
	f.Add(status())
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		if err := Parse(p, &m); err == nil && len(m.Addresses) > maxAddresses || len(m.Nodes) > maxNodes {
			t.Error("more is kept than allowed")
		}
		_ = Looks(p)
		_ = describe(&m)
	})
}

func FuzzDatagram(f *testing.F) {
	f.Add(announcement(hostFrame))
	f.Fuzz(func(_ *testing.T, p []byte) {
		var d Datagram
		_ = LooksDatagram(p)
		_ = ParseDatagram(p, &d)
		for range d.Announce.Serves {
		}
	})
}
