package mqtt

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

// told collects what a conversation reports.
type told struct{ lines []string }

func (h *told) Exchange(x *Exchange) {
	var b strings.Builder
	fmt.Fprintf(&b, "v%d %v %q", x.Version, x.From, slices.Collect(x.Faults.Names()))
	for dir, p := range x.All() {
		fmt.Fprintf(&b, "|%v %s", dir, describe(p))
	}
	h.lines = append(h.lines, b.String())
}

func describe(p *Packet) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v qos %d", p.Type, p.QoS)
	if p.Skipped {
		fmt.Fprintf(&b, " skipped %d", p.Length)
	}
	if p.Type == Connect && !p.Skipped {
		fmt.Fprintf(&b, " %s %d client %q user %q password %v will %q %q keep %d", p.Protocol, p.Version, p.ClientID, p.User, p.HasPassword(), p.WillTopic, p.WillMessage, p.KeepAlive)
	}
	if p.ID != 0 {
		fmt.Fprintf(&b, " id %d", p.ID)
	}
	if p.Topic != nil {
		fmt.Fprintf(&b, " topic %q payload %.8q of %d", p.Topic, p.Payload, p.Size)
	}
	for _, f := range p.Filters {
		fmt.Fprintf(&b, " filter %q %d", f.Topic, f.Options)
	}
	if p.HasCode {
		fmt.Fprintf(&b, " code %d", p.Code)
	}
	if p.Codes != nil {
		fmt.Fprintf(&b, " codes %v", p.Codes)
	}
	for v := range p.Properties.All() {
		fmt.Fprintf(&b, " %v=%d%s%s", v.ID, v.Number, v.Name, v.Text)
	}
	return b.String()
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	h := &told{}
	return &Conversation{}, h, func() string { return strings.Join(h.lines, "\n") + "\n" }
}

func str(s string) string { return string([]byte{byte(len(s) >> 8), byte(len(s))}) + s }

// packet makes a control packet of a first byte and a body.
func packet(first byte, body string) []byte {
	b := []byte{first}
	for n := len(body); ; {
		d := byte(n & 0x7f)
		if n >>= 7; n > 0 {
			b = append(b, d|0x80)
			continue
		}
		return append(append(b, d), body...)
	}
}

func hello(version byte, properties string) []byte {
	name := "MQTT"
	if version == 3 {
		name = "MQIsdp"
	}
	return packet(0x10, str(name)+string([]byte{version, flagUser | flagPassword | flagClean, 0, 60})+properties+str("pump-7")+str("ward")+str("secret"))
}

func up(b []byte) wiretest.Chunk   { return wiretest.Chunk{Dir: wire.ToServer, Bytes: b} }
func down(b []byte) wiretest.Chunk { return wiretest.Chunk{Dir: wire.ToClient, Bytes: b} }

func session() []wiretest.Chunk {
	return []wiretest.Chunk{
		up(hello(4, "")), down(packet(0x20, "\x00\x00")),
		up(packet(0x82, "\x00\x01"+str("a/#")+"\x01"+str("b")+"\x02")), down(packet(0x90, "\x00\x01\x01\x80")),
		up(packet(0x34, str("a/b")+"\x00\x02hello")), down(packet(0x50, "\x00\x02")), up(packet(0x62, "\x00\x02")), down(packet(0x70, "\x00\x02")),
		down(packet(0x32, str("a/b")+"\x00\x02again")), up(packet(0x40, "\x00\x02")),
		up(packet(0x30, str("big")+strings.Repeat("x", 100000))),
		up(packet(0xa2, "\x00\x03"+str("b"))), down(packet(0xb0, "\x00\x03")),
		up(packet(0xc0, "")), down(packet(0xd0, "")), up(packet(0xe0, "")),
	}
}

func TestSession(t *testing.T) {
	want := []string{
		`v4 to_server []|to_server connect qos 0 MQTT 4 client "pump-7" user "ward" password true will "" "" keep 60|to_client connack qos 0 code 0`,
		`v4 to_server []|to_server subscribe qos 1 id 1 filter "a/#" 1 filter "b" 2|to_client suback qos 0 id 1 codes [1 128]`,
		`v4 to_server []|to_server publish qos 2 id 2 topic "a/b" payload "hello" of 5|to_client pubrec qos 0 id 2|to_server pubrel qos 1 id 2|to_client pubcomp qos 0 id 2`,
		`v4 to_client []|to_client publish qos 1 id 2 topic "a/b" payload "again" of 5|to_server puback qos 0 id 2`,
		`v4 to_server []|to_server publish qos 0 topic "big" payload "xxxxxxxx" of 100000`,
		`v4 to_server []|to_server unsubscribe qos 1 id 3 filter "b" 0|to_client unsuback qos 0 id 3 codes []`,
		`v4 to_server []|to_server pingreq qos 0`,
		`v4 to_client []|to_client pingresp qos 0`,
		`v4 to_server []|to_server disconnect qos 0`,
	}
	wiretest.Lines(t, session(), want, fresh, func(h Handler) []string { return h.(*told).lines })
}

func TestOddSessions(t *testing.T) {
	accepted := down(packet(0x20, "\x00\x00\x00"))
	wiretest.Odds(t, []wiretest.Odd{
		{"version 3.1", []wiretest.Chunk{up(hello(3, "")), down(packet(0x20, "\x00\x05"))}, `MQIsdp 3 client "pump-7" user "ward" password true will "" "" keep 60|to_client connack qos 0 code 5`, nil},
		{"properties of version 5", []wiretest.Chunk{up(hello(5, "\x0d\x21\x00\x14\x26\x00\x01k\x00\x01v\x22\x00\x09")), down(packet(0x20, "\x00\x87\x00"))}, `receive_maximum=20 user_property=0kv topic_alias_maximum=9|to_client connack qos 0 code 135`, nil},
		{"a disconnect with its reason", []wiretest.Chunk{up(hello(5, "\x00")), accepted, up(packet(0xe0, "\x04"))}, `disconnect qos 0 code 4`, nil},
		{"a broker that never answers", []wiretest.Chunk{up(hello(4, ""))}, `v4 to_server []|to_server connect`, nil},
		{"words before the greeting", []wiretest.Chunk{up(packet(0xc0, ""))}, `["unintroduced_message"]|to_server pingreq`, nil},
		{"a second greeting", append(session()[:2], up(hello(4, ""))), `["double_connect"]`, nil},
		{"an answer to what was not asked", append(session()[:2], down(packet(0x90, "\x00\x09\x00"))), `["missing_subscribe"]|to_client suback qos 0 id 9 codes [0]`, nil},
		{"quality 3", append(session()[:2], up(packet(0x36, str("t")+"\x00\x01x"))), `["invalid_qos_level"]`, nil},
		{"type 0", append(session()[:2], up(packet(0x00, ""))), `["unassigned_msg_type"]`, nil},
		{"a length without end", []wiretest.Chunk{up(hello(4, "")), up([]byte{0x30, 0xff, 0xff, 0xff, 0xff})}, `["malformed_traffic"]`, ErrLength},
		{"a topic beyond the packet", []wiretest.Chunk{up(hello(4, "")), up(packet(0x82, "\x00\x01\x00\x09a\x00"))}, `["malformed_traffic"]`, ErrMalformed},
		{"properties beyond the packet", []wiretest.Chunk{up(hello(5, "\x7f"))}, `["malformed_traffic"]`, ErrMalformed},
		{"a property that is unknown", []wiretest.Chunk{up(hello(5, "\x02\x7f\x00"))}, `["malformed_traffic"]`, ErrMalformed},
		{"a packet of 2 MB", append(session()[:2], up(packet(0x30, str("t")+strings.Repeat("x", 2<<20)))), `publish qos 0 skipped 2097155`, nil},
		{"a gap ends where a packet begins", append(session()[:2], wiretest.Chunk{Lost: 100, Bytes: []byte("rest of a packet")}, up(packet(0x30, str("t/u")+"x"))), `topic "t/u" payload "x" of 1`, nil},
	}, fresh)
}

func TestMemoryIsBounded(t *testing.T) {
	var c Conversation
	h := &told{}
	for i := range 2000 {
		b := packet(0x32, str("t")+string([]byte{byte(i >> 8), byte(i)})+strings.Repeat("x", 3000))
		if _, _, err := c.Decode(wire.ToServer, b, h); err != nil {
			t.Fatal(err)
		}
		if len(c.open) > maxOpen || c.kept > maxKept {
			t.Fatalf("got %d exchanges of %d bytes", len(c.open), c.kept)
		}
	}
}

func TestThePasswordIsNotKept(t *testing.T) {
	var c Conversation
	if _, _, err := c.Decode(wire.ToServer, hello(4, ""), &told{}); err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(c.open[0].raw, []byte("secret")) {
		t.Error("the password is kept")
	}
}

type silent struct{ n int }

func (h *silent) Exchange(x *Exchange) {
	for range x.All() {
		h.n++
	}
}

func TestNoAllocation(t *testing.T) {
	chunks := session()
	chunks = slices.Delete(chunks, 10, 11) // longer than one call takes
	var c Conversation
	h := &silent{}
	if n := testing.AllocsPerRun(1000, func() {
		c.Reset()
		for _, p := range chunks {
			_, _, _ = c.Decode(p.Dir, p.Bytes, h)
		}
		c.Close(h)
	}); n != 0 {
		t.Errorf("got %v allocations, want 0", n)
	}
}

func BenchmarkPublish(b *testing.B) {
	p := packet(0x30, str("ward/3/pump-7/rate")+`{"rate": 12.5}`)
	var c Conversation
	h := &silent{}
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		_, _, _ = c.Decode(wire.ToServer, p, h)
	}
}

func TestProbe(t *testing.T) {
	for _, c := range []struct {
		does string
		p    []byte
		want wire.Match
	}{
		{"a greeting", hello(4, ""), wire.Yes},
		{"a greeting of 3.1", hello(3, ""), wire.Yes},
		{"the beginning of one", hello(4, "")[:5], wire.Unsure},
		{"one byte of one", []byte{0x10}, wire.Unsure},
		{"another protocol's name", packet(0x10, str("NATS")+strings.Repeat("x", 20)), wire.No},
		{"a message on a topic", packet(0x30, str("ward/7")+"x"), wire.Yes},
		{"a message that does not fill the bytes", append(packet(0x30, str("ward/7")+"x"), 0, 0), wire.No},
		{"a BER sequence", []byte("\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\x00\x80\x00"), wire.No},
		{"two bytes that might be a ping", []byte{0xc0, 0}, wire.No},
	} {
		if got, _ := Probe(c.p); got != c.want {
			t.Errorf("%s: got %v, want %v", c.does, got, c.want)
		}
	}
}

func FuzzConversation(f *testing.F) {
	var a, b []byte
	for _, c := range session() {
		if c.Dir == wire.ToServer && len(c.Bytes) < 1000 {
			a = append(a, c.Bytes...)
		} else if c.Dir == wire.ToClient {
			b = append(b, c.Bytes...)
		}
	}
	f.Add(a, b, uint16(30), uint16(3))
	f.Add(hello(5, "\x0d\x21\x00\x14\x26\x00\x01k\x00\x01v\x22\x00\x09"), packet(0x20, "\x00\x87\x00"), uint16(9), uint16(0))
	f.Fuzz(func(t *testing.T, up, down []byte, at, lost uint16) {
		Probe(up)
		cut := min(int(at), len(up))
		chunks := []wiretest.Chunk{{Bytes: up[:cut]}, {Dir: wire.ToClient, Bytes: down}, {Lost: int(lost), Bytes: up[cut:]}}
		c, h, _ := fresh()
		feed := wiretest.Feed[Handler]{T: t, Conversation: c, Handler: h, Scribble: true}
		_ = feed.Play(chunks)
		c.Reset()
	})
}

// TestCaptures reads every stream that the probe takes for MQTT, and expects no others than those of captures that
// hold it.
func TestCaptures(t *testing.T) {
	taken, read := 0, 0
	for _, folder := range []string{"ndpi.tar.zst", "zeek-traces", "arkime", "suricata-verify.tar.zst", "ja4", "behaviour-slips"} {
		for _, c := range corpus.Captures(corpus.Folder(t, "sensor", folder)) {
			for _, s := range c.Streams {
				a, _ := Probe(s.Bytes(wire.ToServer))
				b, _ := Probe(s.Bytes(wire.ToClient))
				if a != wire.Yes && b != wire.Yes {
					continue
				}
				if !strings.Contains(c.Name, "mqtt") && s.Server.Port() != 1883 {
					t.Errorf("%s %v is taken for MQTT", c.Name, s)
				}
				if s.Whole() {
					wiretest.Splits(t, s.Chunks, fresh)
				}
				conversation, h, _ := fresh()
				feed := wiretest.Feed[Handler]{T: t, Conversation: conversation, Handler: h}
				taken++
				if err := feed.Play(s.Chunks); err == nil {
					read++
				} else {
					t.Logf("%s %v: %v", c.Name, s, err)
				}
			}
		}
	}
	corpus.Result(t, "mqtt_streams_read", read, taken, 85)
}

func TestProbeAtPort(t *testing.T) {
	for _, c := range []struct {
		what string
		p    string
		want wire.Match
		dir  wire.Dir
	}{
		{"a ping of a client", "\xc0\x00", wire.Yes, wire.ToServer},
		{"the answer to a greeting that was not seen", "\x20\x02\x00\x00", wire.Yes, wire.ToClient},
		{"flags that the type does not have", "\xc1\x00", wire.No, wire.Either},
		{"less than a packet", "\x20\x02", wire.No, wire.Either},
	} {
		if got, dir := ProbeAtPort([]byte(c.p)); got != c.want || dir != c.dir {
			t.Errorf("%s: got %v %v, want %v %v", c.what, got, dir, c.want, c.dir)
		}
	}
}
