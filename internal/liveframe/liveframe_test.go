package liveframe

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// needPair makes a veth pair v0, v1 in a namespace that the rest of the test runs in.
func needPair(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("needs root: it makes a network namespace and loads an XDP program")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		t.Skip("needs the ip command (iproute2)")
	}
	runtime.LockOSThread() // and never unlocked: the thread ends with the test, and the namespace with it
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		t.Skipf("needs network namespaces: %v", err)
	}
	for _, args := range []string{"add v0 mtu 3200 type veth peer name v1 mtu 3200", "set v0 addrgenmode none", "set v1 addrgenmode none",
		"set v0 up", "set v1 up"} {
		if out, err := exec.Command("ip", append([]string{"link"}, strings.Fields(args)...)...).CombinedOutput(); err != nil {
			t.Fatalf("ip link %s: %v: %s", args, err, out)
		}
	}
}

func open(t testing.TB, tape *Tape) *Sender {
	t.Helper()
	s, err := Open("v0", tape)
	if errors.Is(err, ErrNoLiveFrames) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// datagram is a UDP packet in an Ethernet frame, its checksums right.
func datagram(from, to [4]byte, size int) []byte {
	f := make([]byte, size)
	f[12] = 8
	ip, udp := f[14:], f[34:]
	ip[0], ip[8], ip[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(ip[2:], uint16(len(ip)))
	copy(ip[12:], from[:])
	copy(ip[16:], to[:])
	binary.BigEndian.PutUint16(ip[10:], ^sum(0, ip[:20]))
	binary.BigEndian.PutUint16(udp, 5000)
	binary.BigEndian.PutUint16(udp[2:], 6000)
	binary.BigEndian.PutUint16(udp[4:], uint16(len(udp)))
	binary.BigEndian.PutUint16(udp[6:], ^sum(uint32(sum(17+uint32(len(udp)), ip[12:20])), udp))
	return f
}

// sum is the checksum's sum of RFC 1071.
func sum(from uint32, b []byte) uint16 {
	s := from
	for i := 0; i+1 < len(b); i += 2 {
		s += uint32(binary.BigEndian.Uint16(b[i:]))
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// socket is a packet socket that is bound to an interface.
func socket(t *testing.T, name string) int {
	t.Helper()
	nic, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	const all = unix.ETH_P_ALL<<8 | unix.ETH_P_ALL>>8 // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all & 0xffff, Ifindex: nic.Index}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// read reads n frames of an interface.
func read(t *testing.T, name string) func(n int) [][]byte {
	t.Helper()
	fd := socket(t, name)
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Sec: 5}); err != nil {
		t.Fatal(err)
	}
	return func(n int) (frames [][]byte) {
		b := make([]byte, 1<<16)
		for range n {
			size, err := unix.Read(fd, b)
			if err != nil {
				t.Fatalf("after %d of %d frames: %v", len(frames), n, err)
			}
			frames = append(frames, bytes.Clone(b[:size]))
		}
		return frames
	}
}

func TestAllThatIsSentArrives(t *testing.T) {
	needPair(t)
	tape := new(Tape)
	for i := range 1000 {
		if err := tape.Add(datagram([4]byte{10, 0, 0, 1}, [4]byte{10, 1, byte(i >> 8), byte(i)}, 60+i)); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, tape)
	counted := count(t, "v0")
	const n = 100_000
	for _, rate := range []float64{0, 200_000} {
		sent, _, err := s.Send(n, rate)
		if err != nil {
			t.Fatal(err)
		}
		if got := counted(); sent != n || got != n {
			t.Errorf("at a rate of %.0f a second %d frames were sent and %d arrived, want %d", rate, sent, got, n)
		}
	}
}

// count counts the packets that a socket was offered since it was asked last, be they read or not.
func count(t *testing.T, name string) func() int {
	t.Helper()
	fd := socket(t, name)
	return func() int {
		s, err := unix.GetsockoptTpacketStats(fd, unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err != nil {
			t.Fatal(err)
		}
		return int(s.Packets)
	}
}

func TestSendRefusesRatesThatItCannotKeep(t *testing.T) {
	if _, _, err := new(Sender).Send(1, MinRate-1); !errors.Is(err, ErrSlow) {
		t.Errorf("got %v, want %v", err, ErrSlow)
	}
}

func TestFramesGoInOrderAndConversationsAreNewEachTimeAround(t *testing.T) {
	needPair(t)
	a, b := [4]byte{10, 0, 255, 255}, [4]byte{192, 168, 0, 0}
	group := [4]byte{224, 0, 0, 251}
	arp := append(make([]byte, 12), 8, 6, 0, 1)
	arp = append(arp, make([]byte, 44)...)
	frames := [][]byte{datagram(a, b, 60), datagram(b, a, MaxFrame), arp, datagram(a, group, 342), datagram(b, a, 61)}
	tape := new(Tape)
	for _, f := range frames {
		if err := tape.Add(f); err != nil {
			t.Fatal(err)
		}
	}
	s := open(t, tape)
	next := read(t, "v0")
	if _, _, err := s.Send(3*uint32(len(frames)), 100_000); err != nil {
		t.Fatal(err)
	}
	turns := [][2][4]byte{{a, b}, {{10, 0, 0, 0}, {192, 168, 254, 255}}, {{10, 0, 1, 0}, {192, 168, 253, 255}}}
	for i, turn := range turns {
		got := next(len(frames))
		a, b := turn[0], turn[1]
		if i > 0 { // ones' complement: 0xffff is 0, and the next is 1
			a = [4]byte{10, 0, byte(i), 0}
		}
		want := [][]byte{datagram(a, b, 60), datagram(b, a, MaxFrame), arp, datagram(turns[0][0], group, 342), datagram(b, a, 61)}
		for k := range want {
			clear(want[k][24:26]) // the checksums are proved right below
			g := slices.Clone(got[k])
			if len(g) > 26 && g[12] == 8 && g[13] == 0 {
				ip, udp := g[14:34], g[34:]
				if s := sum(0, ip); s != 0xffff {
					t.Errorf("time %d, frame %d: the header adds up to %#x, want 0xffff", i, k, s)
				}
				if len(udp)%2 == 0 {
					if s := sum(uint32(sum(17+uint32(len(udp)), ip[12:20])), udp); s != 0xffff {
						t.Errorf("time %d, frame %d: the datagram adds up to %#x, want 0xffff", i, k, s)
					}
				}
				clear(g[24:26])
				clear(g[40:42])
				clear(want[k][40:42])
			}
			if !bytes.Equal(g, want[k]) {
				t.Errorf("time %d, frame %d:\ngot  %x\nwant %x", i, k, g[:min(len(g), 60)], want[k][:min(len(want[k]), 60)])
			}
		}
	}
}

func TestATapeThatIsTheSameEachTime(t *testing.T) {
	needPair(t)
	f := datagram([4]byte{10, 0, 0, 1}, [4]byte{10, 0, 0, 2}, 64)
	tape := &Tape{Same: true}
	if err := tape.Add(f); err != nil {
		t.Fatal(err)
	}
	s := open(t, tape)
	next := read(t, "v0")
	if _, _, err := s.Send(3, 0); err != nil {
		t.Fatal(err)
	}
	for i, got := range next(3) {
		if !bytes.Equal(got, f) {
			t.Errorf("time %d:\ngot  %x\nwant %x", i, got, f)
		}
	}
}

func TestTapeRefusesWhatCannotBeSent(t *testing.T) {
	for _, c := range []struct {
		name  string
		frame []byte
		want  error
	}{
		{"shorter than an Ethernet header", make([]byte, MinFrame-1), ErrFrame},
		{"longer than a page", make([]byte, MaxFrame+1), ErrFrame},
		{"the shortest", make([]byte, MinFrame), nil},
		{"cut in its addresses", datagram([4]byte{10}, [4]byte{11}, 60)[:30], nil},
	} {
		if err := new(Tape).Add(c.frame); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.want)
		}
	}
}

// BenchmarkSend sends as fast as it goes to an interface that nobody reads.
func BenchmarkSend(b *testing.B) {
	needPair(b)
	tape := &Tape{Same: true}
	for i := range 1000 {
		if err := tape.Add(datagram([4]byte{10, 0, 0, 1}, [4]byte{10, 1, byte(i >> 8), byte(i)}, 60)); err != nil {
			b.Fatal(err)
		}
	}
	s := open(b, tape)
	var sent uint64
	var took time.Duration
	for b.Loop() {
		n, d, err := s.Send(1_000_000, 0)
		if err != nil {
			b.Fatal(err)
		}
		sent, took = sent+n, took+d
	}
	b.ReportMetric(float64(sent)/took.Seconds()/1e6, "Mpps")
}
