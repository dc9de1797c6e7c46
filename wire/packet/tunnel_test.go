package packet

import (
	"bytes"
	"encoding/hex"
	"strings"
	"testing"

	"bulwark/wire/pcap"
)

// An IPv4 packet 10.0.0.1 -> 10.0.0.2 with an ICMP echo request, and the same in an Ethernet frame.
const (
	echo      = "4500001c00010000400166de0a0000010a000002" + "0800f7ff00000000"
	echoFrame = "020000000002020000000001" + "0800" + echo
	outer     = "4500%s00010000ff%s0000c0000201c6336402"
)

func carry(t *testing.T, proto, body string) []byte {
	t.Helper()
	text := strings.Replace(strings.Replace(outer, "%s", "0000", 1), "%s", proto, 1) + body
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	b[2], b[3] = byte(len(b)>>8), byte(len(b))
	return b
}

func TestWhatTunnelsCarry(t *testing.T) {
	udp := func(port string, body string) string { return "c000" + port + "0000" + "0000" + body }
	for _, c := range []struct {
		what, proto, body string
		size              int
	}{
		{"IP in IP", "04", echo, 28},
		{"GRE", "2f", "00000800" + echo, 28},
		{"GRE with key and sequence number", "2f", "30000800" + "00000001" + "00000002" + echo, 28},
		{"an Ethernet frame in GRE", "2f", "00006558" + echoFrame, 42},
		{"ERSPAN type I", "2f", "000088be" + echoFrame, 42},
		{"ERSPAN type II", "2f", "100088be" + "00000001" + "1001000100000000" + echoFrame, 50},
		{"ERSPAN type III", "2f", "100022eb" + "00000001" + "200100010000000000000000" + echoFrame, 42},
		{"PPTP", "2f", "3001880b" + "001c0001" + "00000001" + "ff030021" + echo, 32},
		{"VXLAN", "11", udp("12b5", "0800000000002a00"+echoFrame), 42},
		{"VXLAN without its flag", "11", udp("12b5", "0000000000002a00"+echoFrame), 0},
		{"Geneve with an option", "11", udp("17c1", "0100655800002a00"+"00000000"+echoFrame), 42},
		{"GTP-U with a sequence number", "11", udp("0868", "32ff002000000001"+"00010000"+echo), 28},
		{"MPLS in GRE", "2f", "00008847" + "00010040" + "00011140" + echo, 36},
		{"source routing is left alone", "2f", "40000800" + echo, 0},
		{"nothing inside", "2f", "00000800", 0},
	} {
		var p, q Packet
		if f := Decode(pcap.LinkRaw, carry(t, c.proto, c.body), &p); f != OK {
			t.Fatalf("%s: %v", c.what, f)
		}
		got := p.Inner(&q)
		if got != c.size || got > 0 && (q.SrcAddr().String() != "10.0.0.1" || q.Proto != ICMP || q.SrcPort != 8) {
			t.Errorf("%s: got %d bytes from %v, want %d from 10.0.0.1", c.what, got, q.SrcAddr(), c.size)
		}
	}
}

func FuzzInner(f *testing.F) {
	for _, s := range []string{"11" + "c00012b5000000000800000000002a00" + echoFrame, "2f" + "100088be000000011001000100000000" + echoFrame, "04" + echo} {
		b, err := hex.DecodeString(s)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		frame := append(bytes.Repeat([]byte{0}, 20), b[1:]...)
		frame[0], frame[9] = 0x45, b[0]
		var p, q Packet
		if Decode(pcap.LinkRaw, frame, &p) == OK && !p.Fragment {
			if n := p.Inner(&q); n > len(b) {
				t.Fatalf("%d bytes inside of %d", n, len(b))
			}
		}
	})
}
