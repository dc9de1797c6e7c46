package ntp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"

	"bulwark/wire/internal/corpus"
)

// at is a time in seconds since 1900.
func at(t time.Time) uint64 { return uint64(t.Unix()+2208988800) << 32 }

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// message is a message of 48 bytes.
func message(first, stratum byte, reference string, received, sent uint64) []byte {
	b := make([]byte, headerLen)
	b[0], b[1], b[2], b[3] = first, stratum, 6, 0xe9
	binary.BigEndian.PutUint32(b[4:], 0x8000)
	binary.BigEndian.PutUint32(b[8:], 0x10000)
	copy(b[12:16], reference)
	binary.BigEndian.PutUint64(b[16:], at(noon.Add(-time.Minute)))
	binary.BigEndian.PutUint64(b[32:], received)
	binary.BigEndian.PutUint64(b[40:], sent)
	return b
}

func describe(m *Message) string {
	return fmt.Sprintf("v%d %v leap %d stratum %d poll %d precision %d delay %v dispersion %v source %q kiss %v sent %v key %v %d answer %v op %q version %q", m.Version, m.Mode, m.Leap, m.Stratum,
		m.Poll, m.Precision, m.RootDelay, m.RootDispersion, m.Source(nil), m.Kiss(), time.Unix(0, m.Transmitted.Unix()).UTC().Format(time.DateTime), m.Authenticated, m.KeyID, m.Answer, m.Operation(), m.Variable("version"))
}

func TestMessages(t *testing.T) {
	variables := `version="ntpd 4.2.8p15@1.3728-o, Wed", processor="x86_64",` + "\r\n" + `system="Linux/5.10", leap=0`
	control := append([]byte{0x16, 0x82, 0, 1, 6, 0x15, 0, 0, 0, 0, 0, byte(len(variables))}, variables...)
	for _, c := range []struct {
		does  string
		p     []byte
		want  string
		err   error
		looks bool // whatever the port
	}{
		{"a client asks", message(0x23, 0, "", 0, at(noon)), `v4 client leap 0 stratum 0 poll 6 precision -23 delay 500ms dispersion 1s source "" kiss false sent 2026-11-22 12:00:00 key false 0`, nil, false},
		{"a server with a clock of its own", message(0x24, 1, "GPS", at(noon), at(noon)+5), `v4 server leap 0 stratum 1 poll 6 precision -23 delay 500ms dispersion 1s source "GPS"`, nil, true},
		{"a server below another", message(0x1c, 3, "\xc0\x00\x02\x07", at(noon), at(noon)+5), `v3 server leap 0 stratum 3 poll 6 precision -23 delay 500ms dispersion 1s source "192.0.2.7"`, nil, true},
		{"a server that refuses", message(0xe4, 0, "RATE", at(noon), at(noon)), `v4 server leap 3 stratum 0 poll 6 precision -23 delay 500ms dispersion 1s source "RATE" kiss true`, nil, false},
		{"a message with a key", append(message(0x23, 2, "\xc0\x00\x02\x07", 0, at(noon)), append([]byte{0, 0, 0, 9}, make([]byte, 16)...)...), `v4 client leap 0 stratum 2 poll 6 precision -23 delay 500ms dispersion 1s source "192.0.2.7" kiss false sent 2026-11-22 12:00:00 key true 9`, nil, false},
		{"times of the era that begins in 2036", message(0x24, 2, "\xc0\x00\x02\x07", 5<<32, 5<<32), `v4 server leap 0 stratum 2 poll 6 precision -23 delay 500ms dispersion 1s source "192.0.2.7" kiss false sent 2036-02-07 06:28:21`, nil, false},
		{"a server tells its variables", control, `v2 control leap 0 stratum 0 poll 0 precision 0 delay 0s dispersion 0s source "" kiss false sent 1970-01-01 00:00:00 key false 0 answer true op "read variables" version "ntpd 4.2.8p15@1.3728-o, Wed"`, nil, false},
		{"the question that floods others", []byte{0x17, 0, 3, 42, 0, 0, 0, 0}, `v2 private leap 0 stratum 0 poll 0 precision 0 delay 0s dispersion 0s source "" kiss false sent 1970-01-01 00:00:00 key false 0 answer false op "monitor list"`, nil, false},
		{"a message that is cut", message(0x23, 0, "", 0, at(noon))[:40], "v4 client", ErrShort, false},
		{"a control message that is cut", []byte{0x16, 2, 0, 1, 0, 0, 0, 0}, "v2 control", ErrShort, false},
	} {
		t.Run(c.does, func(t *testing.T) {
			var m Message
			if err := Parse(c.p, &m); !errors.Is(err, c.err) {
				t.Errorf("error: got %v, want %v", err, c.err)
			}
			if got := describe(&m); !strings.HasPrefix(got, c.want) {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
			if c.err == nil && !LooksAtPort(c.p) || Looks(c.p) != c.looks {
				t.Errorf("it looks like one at its port %v, elsewhere %v, want %v", LooksAtPort(c.p), Looks(c.p), c.looks)
			}
		})
	}
}

// TestCaptures reads what captures hold at port 123, and sees that nothing elsewhere is taken for it.
func TestCaptures(t *testing.T) {
	read, all, wrong, others := 0, 0, 0, 0
	var m Message
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "attack-chrissanders", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, u := range c.Datagrams {
				p := u.Payload
				if u.Dst.Port() == 123 || u.Src.Port() == 123 {
					if all++; LooksAtPort(p) && Parse(p, &m) == nil {
						read++
						compare(t, p, &m)
					} else {
						t.Logf("%s: %v > %v: %x", c.Name, u.Src, u.Dst, p[:min(len(p), 48)])
					}
				} else if others++; Looks(p) {
					wrong++
					t.Logf("%s: %v > %v taken: %x", c.Name, u.Src, u.Dst, p)
				}
			}
		}
	}
	corpus.Result(t, "ntp_read", read, all, 90)
	t.Logf("RESULT ntp_other_ports %d/%d share", wrong, others)
}

// compare holds what was read against the oracle.
func compare(t *testing.T, p []byte, m *Message) {
	t.Helper()
	var o layers.NTP
	if m.Mode >= Control || o.DecodeFromBytes(p, gopacket.NilDecodeFeedback) != nil {
		return
	}
	if uint8(o.Version) != m.Version || uint8(o.Mode) != uint8(m.Mode) || uint8(o.Stratum) != m.Stratum || uint64(o.TransmitTimestamp) != uint64(m.Transmitted) {
		t.Errorf("got %+v, the oracle %+v of %x", m, o, p)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(message(0x24, 1, "GPS", at(noon), at(noon)+5))
	f.Add([]byte{0x16, 0x82, 0, 1, 6, 0x15, 0, 0, 0, 0, 0, 5, 'a', '=', '"', ',', 'b'})
	f.Add([]byte{0x17, 0, 3, 42, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, p []byte) {
		var m Message
		if Parse(p, &m) == nil {
			compare(t, p, &m)
		}
		_ = describe(&m)
		if Looks(p) && !LooksAtPort(p) {
			t.Error("it looks like one elsewhere, but not at its port")
		}
	})
}
