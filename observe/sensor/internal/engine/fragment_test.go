package engine

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
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

// fragment4 is a fragment of a UDP datagram to 10.0.0.1.
func fragment4(from int, more bool, data string) []byte {
	b := make([]byte, 20, 20+len(data))
	b[0], b[8], b[9] = 0x45, 64, packet.UDP
	binary.BigEndian.PutUint16(b[2:], uint16(20+len(data)))
	b[5] = 7
	field := uint16(from / 8)
	if more {
		field |= 0x2000
	}
	binary.BigEndian.PutUint16(b[6:], field)
	copy(b[12:], []byte{10, 0, 0, 200, 10, 0, 0, 1})
	return append(b, data...)
}

func TestOverlappingFragmentsAreReadAsTheirReceiverReadsThem(t *testing.T) {
	head := "\x9c\x40\x03\xe8\x00\x20\x00\x00" // UDP, 32 bytes in all
	for _, c := range []struct{ name, policy, want string }{
		{"the first bytes stand", "first", "cccccccc" + "aaaaaaaa" + "dddddddd"},
		{"the last bytes stand", "last", "cccccccc" + "cccccccc" + "dddddddd"},
		{"a fragment that begins before another covers it", "bsd", "cccccccc" + "cccccccc" + "dddddddd"},
		{"a fragment that begins where another does covers it", "linux", "cccccccc" + "cccccccc" + "dddddddd"},
		{"a fragment that covers another on the left alone does not stand", "windows", "cccccccc" + "aaaaaaaa" + "dddddddd"},
		{"a fragment that covers another up to its end stands", "solaris", "cccccccc" + "cccccccc" + "dddddddd"},
	} {
		w := taped(&tape{}, &collector{})
		w.targets = targets([]Overlap{{c.policy, []netip.Prefix{netip.MustParsePrefix("10.0.0.1/32")}}})
		for _, p := range [][]byte{fragment4(0, true, head), fragment4(16, true, "aaaaaaaa"), fragment4(8, true, "cccccccccccccccc"),
			fragment4(24, false, "dddddddd")} {
			w.Packet(int64(1e18), pcap.LinkRaw, len(p), 0, p)
		}
		if got := string(w.frags.done[8:]); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestAPacketThatCameInFragmentsIsShownWhole(t *testing.T) {
	b := wireTCP(wire.ToServer, 1, 0, packet.ACK, []byte("0123456789"))
	whole := slices.Clone(b)
	binary.BigEndian.PutUint16(whole[10:], checksum(whole[:20]))
	first, last := slices.Clone(b[:36]), append(slices.Clone(b[:20]), b[36:]...)
	first[6], last[7] = 0x20, 2 // more follow; behind sixteen bytes
	for _, f := range [][]byte{first, last} {
		binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
		binary.BigEndian.PutUint16(f[10:], checksum(f[:20]))
	}
	w := New(Options{Sink: &collector{}})
	w.Packet(1e18, pcap.LinkRaw, len(first), 0, first)
	w.Packet(1e18, pcap.LinkRaw, len(last), 0, last)
	if got := joined(nil, last, &w.pkt); !w.pkt.Joined || !bytes.Equal(got, whole) {
		t.Errorf("got %x, want %x", got, whole)
	}
}
