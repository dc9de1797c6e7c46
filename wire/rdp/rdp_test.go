package rdp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"bulwark/wire"
	"bulwark/wire/internal/corpus"
	"bulwark/wire/wiretest"
)

func tpkt(p []byte) []byte {
	return append(binary.BigEndian.AppendUint16([]byte{3, 0}, uint16(4+len(p))), p...)
}

func x224(code byte, variable string) []byte {
	return tpkt(append([]byte{byte(6 + len(variable)), code, 0, 0, 0, 0, 0}, variable...))
}

func wide(s string, n int) []byte {
	b := make([]byte, n)
	for i, c := range utf16.Encode([]rune(s)) {
		binary.LittleEndian.PutUint16(b[2*i:], c)
	}
	return b
}

func le(list ...any) (b []byte) {
	for _, v := range list {
		b, _ = binary.Append(b, binary.LittleEndian, v)
	}
	return b
}

func block(kind uint16, p []byte) []byte { return append(le(kind, uint16(4+len(p))), p...) }

// connect is an MCS connect PDU as far as it is read: its tag, the key of the conference data and the blocks.
func connect(tag byte, key string, blocks ...[]byte) []byte {
	var all []byte
	for _, b := range blocks {
		all = append(all, b...)
	}
	p := append([]byte{2, x224Data, 0x80, 0x7F, tag, 0x82, 1, 0x80, 4, 1, 1, 4, 1, 1, 0, 5, 0, 0x14, 0x7C, 0, 1}, key...)
	return tpkt(append(append(p, 0x80|byte(len(all)>>8), byte(len(all))), all...))
}

func core() []byte {
	return block(0xC001, le(uint32(0x00080004), uint16(1152), uint16(864), uint16(0xCA01), uint16(0xAA03), uint32(0x0409), uint32(2600), wide("WARD-PC7", 32),
		uint32(4), uint32(0), uint32(12), wide("", 64), uint16(0xCA01), uint16(1), uint32(0), uint16(24), uint16(15), uint16(0x21), wide("55274-OEM", 64), uint8(6), uint8(0),
		uint32(0), uint32(300), uint32(200), uint16(90), uint32(100), uint32(100)))
}

func channels(names ...string) []byte {
	p := le(uint32(len(names)))
	for _, n := range names {
		p = append(p, le([8]byte([]byte(n + "\x00\x00\x00\x00\x00\x00\x00\x00")[:8]), uint32(0))...)
	}
	return block(0xC003, p)
}

func says(dir wire.Dir, p []byte) wiretest.Chunk { return wiretest.Chunk{Dir: dir, Bytes: p} }

type recorder struct{ strings.Builder }

func (r *recorder) Step(step Step, s *Session) {
	q, a, k := &s.Request, &s.Response, &s.Client
	switch step {
	case Asked:
		fmt.Fprintf(r, "asks cookie=%s token=%s flags=%x protocols=%x\n", q.Cookie, q.Token, q.Flags, uint32(q.Protocols))
	case Confirmed:
		fmt.Fprintf(r, "confirms %v flags=%x failure=%d\n", a.Protocol, a.Flags, a.Failure)
	case Connects:
		fmt.Fprintf(r, "connects %s %dx%d/%d %s %q %s kb=%s,%d,%d id=%s hint=%s caps=%x product=%v,%d phys=%d,%d,%d scale=%d,%d channels=%s\n", VersionName(k.Version), k.Width, k.Height,
			k.Depth, LayoutName(k.Keyboard), BuildName(k.Build), k.Name, KeyboardName(k.KeyboardType), k.KeyboardSubtype, k.FunctionKeys, k.ID, ConnectionName(k.ConnectionType),
			k.Capabilities, k.HasProduct, k.Product, k.PhysicalWidth, k.PhysicalHeight, k.Orientation, k.Scale, k.DeviceScale, k.Channels)
	case Connected:
		fmt.Fprintf(r, "connected %s encryption=%d level=%d\n", VersionName(s.Server.Version), s.Server.Encryption, s.Server.Level)
	}
}

func fresh() (wiretest.Conversation[Handler], Handler, func() string) {
	r := &recorder{}
	return &Conversation{}, r, r.String
}

func TestSessions(t *testing.T) {
	const up, down = wire.ToServer, wire.ToClient
	hello := []byte{22, 3, 1, 0, 5, 1, 0, 0, 1, 0}
	tests := []struct {
		name   string
		chunks []wiretest.Chunk
		want   string
		err    error
	}{
		{"a session of the old security tells the client", []wiretest.Chunk{says(up, x224(x224Request, "Cookie: mstshash=nurse7\r\n\x01\x00\x08\x00\x00\x00\x00\x00")),
			says(down, x224(x224Confirm, "\x02\x00\x08\x00\x00\x00\x00\x00")), says(up, connect(0x65, "Duca", core(), channels("rdpdr", "cliprdr", "rdpsnd"))),
			says(down, connect(0x66, "McDn", block(0x0C01, le(uint32(0x00080004))), block(0x0C02, le(uint32(2), uint32(2))))), says(up, []byte("encrypted"))},
			"asks cookie=nurse7 token= flags=0 protocols=0\nconfirms rdp flags=0 failure=0\n" +
				"connects v5 1152x864/24 en-US \"Windows XP\" WARD-PC7 kb=enhanced,0,12 id=55274-OEM hint=lan caps=21 product=true,1 phys=300,200,90 scale=100,100 channels=[rdpdr cliprdr rdpsnd]\n" +
				"connected v5 encryption=2 level=2\n", nil},
		{"TLS follows where both agree", []wiretest.Chunk{says(up, x224(x224Request, "\x01\x01\x08\x00\x0b\x00\x00\x00")), says(down, x224(x224Confirm, "\x02\x1f\x08\x00\x02\x00\x00\x00")), says(up, hello)},
			"asks cookie= token= flags=1 protocols=b\nconfirms hybrid flags=1f failure=0\n", ErrTLS},
		{"a refusal says why", []wiretest.Chunk{says(up, x224(x224Request, "Cookie: msts=3640205228.15629.0000\r\n")), says(down, x224(x224Confirm, "\x03\x00\x08\x00\x05\x00\x00\x00"))},
			"asks cookie= token=3640205228.15629.0000 flags=0 protocols=0\nconfirms rdp flags=0 failure=5\n", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := &recorder{}
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: r}
			if err := f.Play(tt.chunks); !errors.Is(err, tt.err) {
				t.Fatalf("got %v, want %v", err, tt.err)
			}
			if got := r.String(); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
			wiretest.Splits(t, tt.chunks, fresh)
			wiretest.Damage(t, tt.chunks, 100, fresh)
		})
	}
}

func TestProbe(t *testing.T) {
	tests := []struct {
		name string
		p    []byte
		want wire.Match
	}{
		{"a cookie is one", x224(x224Request, "Cookie: mstshash=a\r\n"), wire.Yes},
		{"a negotiation is one", x224(x224Request, "\x01\x00\x08\x00\x03\x00\x00\x00"), wire.Yes},
		{"the connection of a controller is none", x224(x224Request, "\xc0\x01\x0a\xc1\x02\x01\x00\xc2\x02\x01\x02"), wire.No},
		{"an empty request waits", x224(x224Request, ""), wire.Unsure},
		{"an empty request with an MCS connect PDU is one", append(x224(x224Request, ""), connect(0x65, "Duca", core())...), wire.Yes},
		{"an answer to a negotiation is one", x224(x224Confirm, "\x02\x00\x08\x00\x01\x00\x00\x00"), wire.Yes},
		{"text is none", []byte("hello world, how"), wire.No},
	}
	for _, tt := range tests {
		if got, _ := Probe(tt.p); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

func TestTablesAreSorted(t *testing.T) {
	for _, list := range [][]named{builds[:], layouts[:]} {
		for i := 1; i < len(list); i++ {
			if list[i].n <= list[i-1].n {
				t.Errorf("%#x stands behind %#x", list[i].n, list[i-1].n)
			}
		}
	}
}

// TestCaptures reads the sessions of Zeek and nDPI; what they say was read by tshark.
func TestCaptures(t *testing.T) {
	all := ""
	files := corpus.Folder(t, "sensor", "zeek-traces", "rdp")
	for _, c := range corpus.Captures(files) {
		for _, s := range c.Streams {
			if m, _ := Probe(s.Bytes(wire.ToServer)); m != wire.Yes {
				continue
			}
			r := &recorder{}
			f := wiretest.Feed[Handler]{T: t, Conversation: &Conversation{}, Handler: r}
			_ = f.Play(s.Chunks)
			all += r.String()
		}
	}
	for _, want := range []string{`cookie=FTBCO\A70`, "encryption=2 level=3", "failure=2", "cookie=JOHN-PC"} {
		if !strings.Contains(all, want) {
			t.Errorf("got no %s in\n%s", want, all)
		}
	}
}

func FuzzConversation(f *testing.F) {
	f.Add(append(x224(x224Request, "Cookie: mstshash=a\r\n"), connect(0x65, "Duca", core(), channels("rdpdr"))...), x224(x224Confirm, "\x02\x00\x08\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, up, down []byte) {
		Probe(up)
		wiretest.Splits(t, []wiretest.Chunk{{Dir: wire.ToServer, Bytes: up}, {Dir: wire.ToClient, Bytes: down}, {Dir: wire.ToServer, Bytes: down}}, fresh)
	})
}
