package ring

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"

	"bulwark/observe/sensor/internal/engine"
	"bulwark/platform/vault"
	"bulwark/wire/pcap"
)

func TestWhatTheSettingsLeaveOut(t *testing.T) {
	f := udp("10.0.0.1", "10.0.0.9", 4000, 5353, 958) // 1,000 bytes, of them 42 of headers
	other := udp("10.0.0.1", "10.0.0.9", 4000, 53, 58)
	for _, c := range []struct {
		name    string
		set     Settings
		packets int
		short   int // of those
		length  int // of the short
		left    uint64
	}{
		{"nothing", Settings{}, 11, 0, 0, 0},
		{"what is behind the length", Settings{Snap: 200}, 11, 10, 200, 10 * 800},
		{"all but headers of what goes on too long", Settings{Flow: 3000}, 11, 7, 42, 7 * 958},
		{"what the filter does not take", Settings{Filter: "port 53"}, 1, 0, 0, 10 * 1000},
	} {
		r := newRig(t, c.set)
		for i := range 10 {
			r.packet(Packet{Time: int64(i) * second, Data: f})
		}
		r.packet(Packet{Time: 10 * second, Data: other})
		r.recorder.Between(time.Now())
		counts := r.recorder.Counts()
		r.end()
		all, found := r.search(Query{})
		short := 0
		for _, g := range all {
			if g.orig != len(f) && g.orig != len(other) {
				t.Errorf("%s: the length on the wire became %d", c.name, g.orig)
			}
			if len(g.data) == g.orig {
				continue
			}
			if short++; len(g.data) != c.length || g.data != string(f[:c.length]) {
				t.Errorf("%s: got %d bytes of a packet, want the first %d", c.name, len(g.data), c.length)
			}
		}
		if len(all) != c.packets || short != c.short || found.Short != uint64(c.short) {
			t.Errorf("%s: got %d packets, %d of them short, told of %d; want %d, %d", c.name, len(all), short, found.Short, c.packets, c.short)
		}
		if counts.Cut != uint64(11-c.packets) || counts.Short != uint64(c.short) || counts.CutBytes != c.left {
			t.Errorf("%s: got %+v, want %d left out, %d short, %d bytes", c.name, counts, 11-c.packets, c.short, c.left)
		}
	}
}

// TestBulk has one end send much: an image, a waveform, a message.
func TestBulk(t *testing.T) {
	const n = 1000
	down, up := udp("10.0.0.9", "10.0.0.1", 5000, 4000, n), udp("10.0.0.1", "10.0.0.9", 4000, 5000, 40)
	for _, c := range []struct {
		name  string
		every int64 // nanoseconds between packets
		ask   int   // after how many packets the other end says something; 0: never
		short int   // of 100
	}{
		{"a file is kept as far as its first bytes", 1e3, 0, 90},
		{"each of several files that are asked for is", 1e3, 25, 60},
		{"pieces that are each asked for are kept whole", 1e3, 10, 0},
		{"a waveform is kept whole", 70e6, 0, 0},
	} {
		r := newRig(t, Settings{Bulk: 10 * n})
		at := int64(1e15)
		r.packet(Packet{Time: at, Data: up})
		for i := range 100 {
			if at += c.every; c.ask > 0 && i%c.ask == 0 {
				r.packet(Packet{Time: at, Data: up})
			}
			r.packet(Packet{Time: at, Data: down})
		}
		r.end()
		all, f := r.search(Query{})
		short := 0
		for _, g := range all {
			if len(g.data) < g.orig {
				short++
				if g.data != string(down[:42]) {
					t.Errorf("%s: got %d bytes of a packet, want its headers", c.name, len(g.data))
				}
			}
		}
		if short != c.short || f.Short != uint64(c.short) || f.Packets != uint64(len(all)) {
			t.Errorf("%s: got %d short packets, told of %d; want %d", c.name, short, f.Short, c.short)
		}
	}
}

func TestWhatIsEncryptedIsKeptAsFarAsItCanBeRead(t *testing.T) {
	said := make([]byte, 900)
	frame := append(make([]byte, 54), said...)
	p := &Packet{Time: second, Link: pcap.LinkEthernet, Data: frame, Size: len(frame)}
	for _, c := range []struct {
		name string
		set  Settings
		seen []engine.Seen // by packet
		want []uint64      // how many are short by then
	}{
		{"the packet that ends the handshake is kept, what follows is not", Settings{Encrypted: 1 << 20},
			[]engine.Seen{{ID: 9, Encrypted: true}, {ID: 9, Encrypted: true, Over: true}, {ID: 9, Encrypted: true, Over: true}}, []uint64{0, 0, 1}},
		{"a handshake that does not end is kept for so many bytes", Settings{Encrypted: 2000},
			[]engine.Seen{{ID: 9, Encrypted: true, Bytes: 1000}, {ID: 9, Encrypted: true, Bytes: 2000}, {ID: 9, Encrypted: true, Bytes: 3000}}, []uint64{0, 0, 1}},
		{"all is kept where that is asked for", Settings{},
			[]engine.Seen{{ID: 9, Encrypted: true, Over: true}, {ID: 9, Encrypted: true, Over: true, Bytes: 1 << 40}}, []uint64{0, 0}},
		{"clinical messages are no bulk", Settings{Bulk: 1000},
			[]engine.Seen{{ID: 9, Clinical: true}, {ID: 9, Clinical: true}, {ID: 9}, {ID: 9}}, []uint64{0, 0, 1, 2}},
	} {
		r := newRig(t, c.set)
		for i, s := range c.seen {
			if slot := r.recorder.slot([]engine.Seen{s}); r.recorder.heads(p, []engine.Seen{s}, slot, len(said), true) {
				r.recorder.sum.Short++
			}
			if got := r.recorder.sum.Short; got != c.want[i] {
				t.Errorf("%s: after packet %d %d are short, want %d", c.name, i, got, c.want[i])
			}
		}
		r.end()
	}
	if got := headers(frame, frame[54:]); got != 54 {
		t.Errorf("headers: got %d, want 54", got)
	}
	if got := headers(frame, said); got != fragmentHeads {
		t.Errorf("headers of what was put together elsewhere: got %d, want %d", got, fragmentHeads)
	}
}

func TestNothingOfAPacketStandsOnTheDiskInClear(t *testing.T) {
	r := newRig(t, Settings{})
	const name = "DURAND^JEAN-PIERRE"
	for i := range 5000 {
		f := udp("10.0.0.1", "10.0.0.9", uint16(1000+i%50), 9, 700)
		for at := 42; at+len(name) <= len(f); at += len(name) {
			copy(f[at:], name)
		}
		r.packet(Packet{Time: int64(i) * 1e6, Data: f})
	}
	r.end()
	for _, file := range r.segments.Files() {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if at := bytes.Index(b, []byte("JEAN")); at >= 0 {
			t.Errorf("%s: the payload stands at %d", file, at)
		}
		if at := bytes.Index(b, []byte("eth7")); at >= 0 {
			t.Errorf("%s: a head stands at %d", file, at)
		}
	}
	if f, err := Search(t.Context(), r.segments.Files(), vault.Key{8}, Query{}, io.Discard); err != nil || f.Packets != 0 || len(f.Faults) == 0 {
		t.Errorf("with another key: got %d packets, faults %v, %v; want none, and that it is another key", f.Packets, f.Faults, err)
	}
	if all, _ := r.search(Query{}); len(all) != 5000 {
		t.Errorf("got %d packets with the key, want 5000", len(all))
	}
}
