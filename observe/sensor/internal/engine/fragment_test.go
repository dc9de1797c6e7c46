package engine

import (
	"bytes"
	"encoding/binary"
	"testing"

	"bulwark/wire"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// fragments6 cuts an IPv6 packet of a TCP segment, behind a destination options header, into two fragments, of which
// the second lies about what comes next (RFC 8200 §4.5: that does not count).
func fragments6(segment []byte, id uint32) [][]byte {
	body := append([]byte{packet.TCP, 0, 1, 4, 0, 0, 0, 0}, segment...) // PadN, RFC 8200 §4.2
	head := func(n int) []byte {
		b := make([]byte, 40)
		b[0], b[6], b[7] = 0x60, 44, 64
		binary.BigEndian.PutUint16(b[4:], uint16(n))
		b[23], b[39] = 1, 2
		return b
	}
	cut := 16
	one := append(head(8+cut), 60, 0, 0, 1)
	one = append(binary.BigEndian.AppendUint32(one, id), body[:cut]...)
	two := append(head(8+len(body)-cut), packet.UDP, 0, byte(cut>>8), byte(cut))
	two = append(binary.BigEndian.AppendUint32(two, id), body[cut:]...)
	return [][]byte{one, two}
}

func TestFragmentsDoNotHideATransportBehindExtensionHeaders(t *testing.T) {
	for name, order := range map[string][]int{"in order": {0, 1}, "the other way round": {1, 0}} {
		rec := &tape{}
		w := taped(rec, &collector{})
		want := []byte("GET /patients HTTP/1.1\r\n")
		parts := fragments6(wireTCP(wire.ToServer, 1, 0, packet.ACK, want)[20:], 7)
		for _, i := range order {
			w.Packet(int64(1e18), pcap.LinkRaw, len(parts[i]), 0, parts[i])
		}
		if !bytes.Equal(rec.got[0].Bytes(), want) {
			t.Errorf("%s: got %q, want %q", name, rec.got[0].Bytes(), want)
		}
	}
}

func TestFragmentsThatAreCompleteTakeNoRoom(t *testing.T) {
	w := taped(&tape{}, &collector{})
	hole := fragments6(wireTCP(wire.ToServer, 1, 0, packet.ACK, []byte("x"))[20:], 1)[0]
	w.Packet(int64(1e18), pcap.LinkRaw, len(hole), 0, hole) // it stands first in the order, and waits
	for id := range uint32(4 * maxPartial) {
		for _, p := range fragments6(wireTCP(wire.ToServer, 1, 0, packet.ACK, []byte("x"))[20:], id+2) {
			w.Packet(int64(1e18), pcap.LinkRaw, len(p), 0, p)
		}
	}
	if got := len(w.frags.order); got > 2*maxPartial {
		t.Errorf("got %d packets in order, want at most %d", got, 2*maxPartial)
	}
}
