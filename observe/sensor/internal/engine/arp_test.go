package engine

import (
	"encoding/hex"
	"strings"
	"testing"

	"bulwark/platform/pseudonym"
	"bulwark/wire/pcap"
)

// arpFrame is an Ethernet frame: the link address it comes from, then operation, sender and target in hexadecimal.
func arpFrame(t *testing.T, from, message string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll("ffffffffffff"+from+"0806"+"0001 0800 06 04"+message, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// watchARP are the lines of events that frames lead to, each a second after the one before.
func watchARP(eve bool, frames ...[]byte) []string {
	c := &collector{}
	w := New(Options{Sink: c, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1}), EVE: eve})
	for i, f := range frames {
		w.Packet(1_700_000_000_000_000_000+int64(i)*second, pcap.LinkEthernet, len(f), 0, f)
	}
	return c.lines
}

func TestWhoIsWhereByARP(t *testing.T) {
	const pump, gateway, thief = "02005e010203", "02005e0a0b0c", "02005e666666"
	ask := arpFrame(t, pump, "0001"+pump+"c0000207 000000000000 c0000201")
	answer := arpFrame(t, gateway, "0002"+gateway+"c0000201"+pump+"c0000207")
	stolen := arpFrame(t, thief, "0002"+thief+"c0000201"+pump+"c0000207")
	forged := arpFrame(t, thief, "0002"+gateway+"c0000201"+pump+"c0000207")
	for _, c := range []struct {
		does   string
		eve    bool
		frames [][]byte
		events int // of ARP and of assets
		want   []string
	}{
		{"an address asked for and told is two facts", false, [][]byte{ask, answer}, 4, []string{
			`"kind":"arp","src_endpoint.ip":"192.0.2.7","dst_endpoint.ip":"192.0.2.1","arp.operation":"request","src_endpoint.mac":"02:00:5e:01:02:03","dst_endpoint.mac":"00:00:00:00:00:00"}`,
			`"kind":"asset","src_endpoint.ip":"192.0.2.1","device.mac":"02:00:5e:0a:0b:0c","app_name":"arp"`}},
		{"what is said again is not told again", false, [][]byte{ask, answer, ask, answer, ask}, 4, nil},
		{"but told where captures are read", true, [][]byte{ask, answer, ask, answer, ask}, 7, nil},
		{"an address that moves is told with its place before", false, [][]byte{answer, stolen}, 4, []string{
			`"src_endpoint.mac":"02:00:5e:66:66:66","dst_endpoint.mac":"02:00:5e:01:02:03","arp.other_mac":"02:00:5e:0a:0b:0c"`}},
		{"two that go on claiming one address are told once a minute", false, [][]byte{answer, stolen, answer, stolen, answer}, 4, nil},
		{"an answer in another's name shows in the frame", false, [][]byte{forged}, 2, []string{`"arp.frame_mac":"02:00:5e:66:66:66"`}},
		{"a host that tells its own address", false, [][]byte{arpFrame(t, pump, "0001"+pump+"c0000207 000000000000 c0000207")}, 2, []string{`"arp.is_gratuitous":true`}},
		{"a host that tries an address has none yet", false, [][]byte{arpFrame(t, pump, "0001"+pump+"00000000 000000000000 c0000207")}, 1, []string{`"arp.is_probe":true`}},
		{"a message that is cut is none", false, [][]byte{ask[:30]}, 0, nil},
	} {
		t.Run(c.does, func(t *testing.T) {
			lines := watchARP(c.eve, c.frames...)
			if len(lines) != c.events {
				t.Errorf("got %d events, want %d:\n%s", len(lines), c.events, strings.Join(lines, "\n"))
			}
			wantAll(t, strings.Join(lines, "\n"), c.want...)
		})
	}
}

func TestARPInsideATunnelIsTold(t *testing.T) {
	inner := arpFrame(t, "02005e010203", "0001 02005e010203 c0000207 000000000000 c0000201")
	vxlan := append([]byte{8, 0, 0, 0, 0, 0, 5, 0}, inner...)
	wantAll(t, tellOf(udpFrom("198.51.100.1:50000", "198.51.100.2:4789", vxlan)), `"kind":"arp","src_endpoint.ip":"192.0.2.7"`)
}

func TestARPAllocatesNothing(t *testing.T) {
	w := New(Options{Sink: silent{}, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1}), EVE: true})
	b := arpFrame(t, "02005e010203", "0001 02005e010203 c0000207 000000000000 c0000201")
	at := int64(1_700_000_000_000_000_000)
	if got := testing.AllocsPerRun(100, func() { at += second; w.Packet(at, pcap.LinkEthernet, len(b), 0, b) }); got != 0 {
		t.Errorf("got %v allocations a message, want 0", got)
	}
}
