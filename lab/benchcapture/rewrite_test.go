package main

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// sum16 is the one's complement sum of RFC 1071, not inverted.
func sum16(parts ...[]byte) uint16 {
	s := uint32(0)
	for _, p := range parts {
		for i := 0; i < len(p); i += 2 {
			w := uint32(p[i]) << 8
			if i+1 < len(p) {
				w |= uint32(p[i+1])
			}
			s += w
		}
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// packet4 is an Ethernet frame of IPv4 with right checksums; sumAt is where the transport's checksum stands.
func packet4(src, dst [4]byte, proto byte, transport []byte, sumAt int) []byte {
	ip := make([]byte, 20)
	ip[0], ip[8], ip[9] = 0x45, 64, proto
	binary.BigEndian.PutUint16(ip[2:], uint16(20+len(transport)))
	copy(ip[12:], src[:])
	copy(ip[16:], dst[:])
	binary.BigEndian.PutUint16(ip[10:], ^sum16(ip))
	pseudo := []byte{0, proto, byte(len(transport) >> 8), byte(len(transport))}
	transport[sumAt], transport[sumAt+1] = 0, 0
	binary.BigEndian.PutUint16(transport[sumAt:], ^sum16(ip[12:20], pseudo, transport))
	return append(append([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 0}, ip...), transport...)
}

func packet6(next byte, transport []byte, sumAt int) []byte {
	ip := make([]byte, 40)
	ip[0], ip[6] = 0x60, next
	copy(ip[8:], []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 7, 15: 1})
	copy(ip[24:], []byte{0x20, 1, 0xd, 0xb8, 0, 0, 0, 9, 15: 2})
	pseudo := []byte{0, next, byte(len(transport) >> 8), byte(len(transport))}
	transport[sumAt], transport[sumAt+1] = 0, 0
	binary.BigEndian.PutUint16(transport[sumAt:], ^sum16(ip[8:40], pseudo, transport))
	return append(append([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 0x86, 0xdd}, ip...), transport...)
}

// right4 tells whether both checksums of an untagged IPv4 frame hold.
func right4(f []byte) (ip, transport bool) {
	p := f[14:]
	pseudo := []byte{0, p[9], byte((len(p) - 20) >> 8), byte(len(p) - 20)}
	return sum16(p[:20]) == 0xffff, sum16(p[12:20], pseudo, p[20:]) == 0xffff
}

func right6(f []byte) bool {
	p := f[14:]
	pseudo := []byte{0, p[6], byte((len(p) - 40) >> 8), byte(len(p) - 40)}
	return sum16(p[8:40], pseudo, p[40:]) == 0xffff
}

func transportOf(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i * 31)
	}
	return b
}

func TestRewriteKeepsChecksumsRight(t *testing.T) {
	for x := range 256 {
		for _, proto := range []struct {
			number byte
			sumAt  int
		}{{protoTCP, 16}, {protoUDP, 6}} {
			f := packet4([4]byte{10, 1, 200, 7}, [4]byte{192, 0, 2, 9}, proto.number, transportOf(33), proto.sumAt)
			rewrite(f, byte(x))
			if ip, l4 := right4(f); !ip || !l4 {
				t.Errorf("protocol %d, x %d: got IP %v transport %v, want both right", proto.number, x, ip, l4)
			}
			if f[14+14] != 200^byte(x) || f[14+18] != 2^byte(x) {
				t.Errorf("x %d: got third octets %d and %d, want %d and %d", x, f[28], f[32], 200^byte(x), 2^byte(x))
			}
		}
		f := packet6(protoICMPv6, transportOf(24), 2)
		rewrite(f, byte(x))
		if !right6(f) || f[14+15] != 7^byte(x) {
			t.Errorf("ICMPv6, x %d: got right %v, subnet byte %d", x, right6(f), f[14+15])
		}
	}
}

func TestRewriteLeaves(t *testing.T) {
	tcp := func() []byte { return transportOf(20) }
	wrong := packet4([4]byte{10, 1, 2, 3}, [4]byte{10, 1, 2, 4}, protoTCP, tcp(), 16)
	wrong[14+20+17]++
	noSum := packet4([4]byte{10, 1, 2, 3}, [4]byte{10, 1, 2, 4}, protoUDP, transportOf(20), 6)
	noSum[14+20+6], noSum[14+20+7] = 0, 0
	later := packet4([4]byte{10, 1, 2, 3}, [4]byte{10, 1, 2, 4}, protoTCP, tcp(), 16)
	later[14+7] = 5
	tests := []struct {
		says  string
		frame []byte
		// kept is the part that must stay as it was.
		from, to int
	}{
		{"multicast, 0/8 and 127/8 stay", packet4([4]byte{127, 0, 0, 1}, [4]byte{224, 0, 0, 251}, protoUDP, transportOf(20), 6), 0, 1 << 16},
		{"broadcast stays", packet4([4]byte{0, 0, 0, 0}, [4]byte{255, 255, 255, 255}, protoUDP, transportOf(20), 6), 0, 1 << 16},
		{"a UDP checksum of 0 stays 0", noSum, 34, 1 << 16},
		{"the payload of a later fragment stays", later, 34, 1 << 16},
		{"ARP stays", append([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 8, 6}, transportOf(28)...), 0, 1 << 16},
		{"a header cut short stays", wrong[:14+16], 0, 1 << 16},
	}
	for _, tt := range tests {
		t.Run(tt.says, func(t *testing.T) {
			want := bytes.Clone(tt.frame)
			rewrite(tt.frame, 0x55)
			to := min(tt.to, len(want))
			if got := tt.frame[tt.from:to]; !bytes.Equal(got, want[tt.from:to]) {
				t.Errorf("got  %x\nwant %x", got, want[tt.from:to])
			}
		})
	}
	t.Run("a wrong checksum stays wrong", func(t *testing.T) {
		rewrite(wrong, 0x55)
		if ip, l4 := right4(wrong); !ip || l4 {
			t.Errorf("got IP right %v, TCP right %v, want true, false", ip, l4)
		}
	})
}

func TestRewriteBehindVLANTags(t *testing.T) {
	plain := packet4([4]byte{10, 1, 2, 3}, [4]byte{10, 1, 2, 4}, protoTCP, transportOf(20), 16)
	tagged := append(append(bytes.Clone(plain[:12]), 0x88, 0xa8, 0, 5, 0x81, 0, 0, 12), plain[12:]...)
	rewrite(plain, 9)
	rewrite(tagged, 9)
	if !bytes.Equal(tagged[20:], plain[12:]) {
		t.Errorf("got  %x\nwant %x", tagged[20:], plain[12:])
	}
}

func FuzzRewrite(f *testing.F) {
	f.Add(packet4([4]byte{10, 1, 2, 3}, [4]byte{10, 1, 2, 4}, protoTCP, transportOf(20), 16), byte(1))
	f.Add(packet6(protoUDP, transportOf(20), 6), byte(77))
	f.Add(packet6(44, append([]byte{17, 0, 0, 1, 0, 0, 0, 1}, transportOf(20)...), 14), byte(77))
	f.Fuzz(func(t *testing.T, frame []byte, x byte) {
		before := bytes.Clone(frame)
		rewrite(frame, x)
		rewrite(frame, x)
		for i := range frame {
			// Twice is once back, but for checksums: one's complement has two zeros.
			if frame[i] != before[i] && before[i] != 0 && before[i] != 0xff && frame[i] != 0 && frame[i] != 0xff {
				t.Fatalf("byte %d: got %#x, want %#x", i, frame[i], before[i])
			}
		}
		new(properties).add(frame)
	})
}
