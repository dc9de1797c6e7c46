package engine

import (
	"encoding/binary"
	"net/netip"
	"strings"
	"testing"

	"bulwark/event"
	"bulwark/platform/pseudonym"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// udpFrom is a raw IP packet of UDP.
func udpFrom(src, dst string, payload []byte) []byte {
	from, to := netip.MustParseAddrPort(src), netip.MustParseAddrPort(dst)
	var b []byte
	if from.Addr().Is4() {
		b = make([]byte, 20)
		b[0], b[8], b[9] = 0x45, 64, packet.UDP
		binary.BigEndian.PutUint16(b[2:], uint16(28+len(payload)))
		copy(b[12:], from.Addr().AsSlice())
		copy(b[16:], to.Addr().AsSlice())
	} else {
		b = make([]byte, 40)
		b[0], b[6], b[7] = 0x60, packet.UDP, 64
		binary.BigEndian.PutUint16(b[4:], uint16(8+len(payload)))
		copy(b[8:], from.Addr().AsSlice())
		copy(b[24:], to.Addr().AsSlice())
	}
	b = binary.BigEndian.AppendUint16(b, from.Port())
	b = binary.BigEndian.AppendUint16(b, to.Port())
	b = binary.BigEndian.AppendUint16(b, uint16(8+len(payload)))
	b = binary.BigEndian.AppendUint16(b, 0)
	return append(b, payload...)
}

// tellOf are the events that packets lead to, a line each.
func tellOf(packets ...[]byte) string {
	c := &collector{}
	w := New(Options{Sink: c, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1})})
	for i, p := range packets {
		w.Packet(1_700_000_000_000_000_000+int64(i)*1e6, pcap.LinkRaw, len(p), 0, p)
	}
	w.Close()
	return strings.Join(c.lines, "\n")
}

// wantAll reports what is missing in all.
func wantAll(t *testing.T, all string, want ...string) {
	t.Helper()
	for _, s := range want {
		if !strings.Contains(all, s) {
			t.Errorf("got no %s in\n%s", s, all)
		}
	}
}

// allocations are those that a packet costs once a worker is warm.
func allocations(packets ...[]byte) float64 {
	w := New(Options{Sink: silent{}, Seed: 7, FirstFlow: 1, FlowStep: 1, Patients: pseudonym.New([32]byte{1})})
	at := int64(1_700_000_000_000_000_000)
	once := func() {
		for _, p := range packets {
			at += 1e6
			w.Packet(at, pcap.LinkRaw, len(p), 0, p)
		}
	}
	once()
	return testing.AllocsPerRun(100, once)
}

// silent is a sink that forgets.
type silent struct{}

func (silent) Event(*event.Header, event.Payload) {}
