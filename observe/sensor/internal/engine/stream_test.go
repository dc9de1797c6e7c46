package engine

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"

	"bulwark/event"
	"bulwark/platform/pseudonym"
	"bulwark/wire"
	"bulwark/wire/packet"
	"bulwark/wire/pcap"
)

// tape is an application that keeps what it is shown, in portions that it chooses by chance.
type tape struct {
	got  [2]bytes.Buffer
	gaps [2]int
	rnd  *rand.Rand
	shut bool
}

func (t *tape) decode(_ *Worker, _ *flow, dir wire.Dir, p []byte) (int, int, error) {
	if t.rnd != nil && t.rnd.IntN(3) == 0 {
		if len(p) < 3 {
			return 0, 3, nil
		}
		n := 1 + t.rnd.IntN(len(p))
		t.got[dir].Write(p[:n])
		return n, 0, nil
	}
	t.got[dir].Write(p)
	return len(p), 0, nil
}
func (t *tape) gap(dir wire.Dir, n int) error { t.gaps[dir] += n; return nil }
func (t *tape) close(*Worker, *flow)          { t.shut = true }
func (t *tape) reset()                        {}

// collector keeps events as JSON lines.
type collector struct {
	lines []string
	flows []event.Flow
	p     event.Printer
	r     event.Reader
}

func (c *collector) Event(h *event.Header, p event.Payload) {
	if held, ok := p.(*event.Encoded); ok {
		p = c.r.Decode(held)
	}
	c.lines = append(c.lines, string(c.p.AppendJSON(nil, "", &event.Event{Header: *h, Payload: p})))
	if f, ok := p.(*event.Flow); ok {
		c.flows = append(c.flows, *f)
	}
}

// taped is a worker whose only protocol records on t.
func taped(t *tape, sink Sink) *Worker {
	w := New(Options{Sink: sink, Seed: 7, Patients: pseudonym.New([32]byte{1}), FirstFlow: 1, FlowStep: 1, Limits: Limits{Flows: 100}})
	w.protocols = []protocol{{DNS, func([]byte) (wire.Match, wire.Dir) { return wire.Yes, wire.Either },
		func() application { return t }}}
	w.idle = make([][]application, 1)
	return w
}

// wireTCP is a raw IPv4 packet of one end of the test connection.
func wireTCP(dir wire.Dir, seq, ack uint32, flags byte, data []byte) []byte {
	b := make([]byte, 40, 40+len(data))
	b[0], b[8], b[9] = 0x45, 64, packet.TCP
	binary.BigEndian.PutUint16(b[2:], uint16(40+len(data)))
	client, server := []byte{10, 0, 0, 200}, []byte{10, 0, 0, 1}
	src, dst, sport, dport := client, server, uint16(40000), uint16(104)
	if dir == wire.ToClient {
		src, dst, sport, dport = server, client, dport, sport
	}
	copy(b[12:], src)
	copy(b[16:], dst)
	binary.BigEndian.PutUint16(b[20:], sport)
	binary.BigEndian.PutUint16(b[22:], dport)
	binary.BigEndian.PutUint32(b[24:], seq)
	binary.BigEndian.PutUint32(b[28:], ack)
	b[32], b[33] = 5<<4, flags
	return append(b, data...)
}

type feeder struct {
	w      *Worker
	at     int64
	window uint16 // what each side announces
}

func (f *feeder) send(dir wire.Dir, seq, ack uint32, flags byte, data []byte) {
	f.at += 1e6
	b := wireTCP(dir, seq, ack, flags, data)
	binary.BigEndian.PutUint16(b[34:], f.window)
	f.w.Packet(1_700_000_000_000_000_000+f.at, pcap.LinkRaw, len(b), 0, b)
}

// optioned sends a segment with options, whose length is a multiple of 4, and no data.
func (f *feeder) optioned(dir wire.Dir, seq, ack uint32, flags byte, options []byte) {
	f.at += 1e6
	b := wireTCP(dir, seq, ack, flags, options)
	b[32] = byte(5+len(options)/4) << 4
	f.w.Packet(1_700_000_000_000_000_000+f.at, pcap.LinkRaw, len(b), 0, b)
}

func (f *feeder) handshake(client, server uint32) {
	f.send(wire.ToServer, client, 0, packet.SYN, nil)
	f.send(wire.ToClient, server, client+1, packet.SYN|packet.ACK, nil)
	f.send(wire.ToServer, client+1, server+1, packet.ACK, nil)
}

func text(n int, rnd *rand.Rand) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	return b
}

func TestStreamIsRightUnderDisorderOverlapAndRetransmission(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		rec := &tape{rnd: rnd}
		c := &collector{}
		f := &feeder{w: taped(rec, c)}
		isn := rnd.Uint32()
		if seed%3 == 0 {
			isn = 0xffffffff - uint32(rnd.IntN(2000)) // the numbers wrap
		}
		f.handshake(isn, 5)
		want := text(1+rnd.IntN(20000), rnd)
		for _, s := range disorder(want, rnd) {
			f.send(wire.ToServer, isn+1+uint32(s[0]), 6, packet.ACK, want[s[0]:s[1]])
		}
		f.send(wire.ToServer, isn+1+uint32(len(want)), 6, packet.ACK|packet.FIN, nil)
		f.send(wire.ToClient, 6, isn+2+uint32(len(want)), packet.ACK|packet.FIN, nil)
		f.w.Close()
		if got := rec.got[0].Bytes(); len(want)-len(got) > 2 || !bytes.HasPrefix(want, got) || rec.gaps[0] != 0 {
			t.Fatalf("seed %d: got %d bytes and %d lost, want the %d sent", seed, len(got), rec.gaps[0], len(want))
		}
		if f.w.pool.held != 0 {
			t.Fatalf("seed %d: %d bytes still held after the end", seed, f.w.pool.held)
		}
		if len(c.flows) != 1 || c.flows[0].Reason != "shutdown" || c.flows[0].State != "closed" {
			t.Fatalf("seed %d: got flows %+v, want one that was shut down", seed, c.flows)
		}
	}
}

// disorder cuts n bytes into overlapping pieces, some sent twice, none more than 30 places from its own.
func disorder(data []byte, rnd *rand.Rand) [][2]int {
	var out [][2]int
	for at := 0; at < len(data); {
		n := 1 + rnd.IntN(1400)
		from := max(0, at-rnd.IntN(200)*rnd.IntN(2))
		to := min(len(data), at+n)
		out = append(out, [2]int{from, to})
		if rnd.IntN(8) == 0 {
			out = append(out, [2]int{from, to})
		}
		at = to
	}
	for i := range out {
		j := min(len(out)-1, i+rnd.IntN(30)*rnd.IntN(2))
		out[i], out[j] = out[j], out[i]
	}
	return out
}

func TestOverlappingSegmentsAreReadAsTheirReceiverReadsThem(t *testing.T) {
	for _, c := range []struct {
		name, policy string
		third        string // at 101, where the hole begins; before it EFGH came at 105, and twelve x at 103
		want         string
	}{
		{"the first bytes stand", "first", "ab????", "abxxEFGHxxxxxx"},
		{"the last bytes stand", "last", "ab????", "ab????xxxxxxxx"},
		{"a segment that begins before another covers it", "bsd", "ab????", "ab????xxxxxxxx"},
		{"a segment that ends before another does not cover it", "solaris", "ab????", "abxxxxxxxxxxxx"},
		{"a segment that ends behind another covers it", "solaris", "ab?????????????", "ab?????????????"},
		{"Linux covers what a segment begins before", "linux", "ab????", "ab????xxxxxxxx"},
		{"Windows does as BSD", "windows", "ab????", "ab????xxxxxxxx"},
		{"where nobody said, BSD", "", "ab????", "ab????xxxxxxxx"},
	} {
		rec := &tape{}
		told := &collector{}
		f := &feeder{w: taped(rec, told)}
		f.w.targets = targets([]Overlap{{"first", []netip.Prefix{netip.MustParsePrefix("0.0.0.0/0")}},
			{c.policy, []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24")}}})
		if c.policy == "" {
			f.w.targets = nil
		}
		f.handshake(100, 200)
		f.send(wire.ToServer, 105, 201, packet.ACK, []byte("EFGH"))
		f.send(wire.ToServer, 103, 201, packet.ACK, []byte("xxxxxxxxxxxx"))
		f.send(wire.ToServer, 101, 201, packet.ACK, []byte(c.third))
		if got := rec.got[0].String(); got != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
		if !strings.Contains(strings.Join(told.lines, "\n"), "stream.reassembly_overlap_different_data") {
			t.Errorf("%s: got no anomaly in %q", c.name, told.lines)
		}
	}
}

func TestLostBytesAreGivenUpOnceThePeerHasThem(t *testing.T) {
	rec := &tape{}
	c := &collector{}
	f := &feeder{w: taped(rec, c)}
	f.handshake(100, 200)
	f.send(wire.ToServer, 101, 201, packet.ACK, []byte("one"))
	for i := range uint32(patience + 1) {
		f.send(wire.ToServer, 109+i, 201, packet.ACK, []byte{'a' + byte(i)})
		f.send(wire.ToClient, 201, 110+i, packet.ACK, nil)
	}
	if got := rec.got[0].String(); got != "oneabcde" || rec.gaps[0] != 5 {
		t.Errorf("got %q with %d lost, want oneabcde with 5", got, rec.gaps[0])
	}
	f.w.Close()
	if len(c.flows) != 1 || c.flows[0].LostOut != 5 {
		t.Errorf("got %+v, want one flow that lost 5 bytes", c.flows)
	}
}

func TestALossThatThePeerNeverConfirmsIsReportedAtTheEnd(t *testing.T) {
	rec := &tape{}
	f := &feeder{w: taped(rec, &collector{})}
	f.handshake(100, 200)
	f.send(wire.ToServer, 101, 201, packet.ACK, []byte("one"))
	f.send(wire.ToServer, 108, 201, packet.ACK, []byte("late"))
	f.w.Close()
	if got := rec.got[0].String(); got != "onelate" || rec.gaps[0] != 4 || !rec.shut {
		t.Errorf("got %q with %d lost, closed %v", got, rec.gaps[0], rec.shut)
	}
}

func TestMidstreamAndOneSidedAreSaid(t *testing.T) {
	rec := &tape{}
	c := &collector{}
	f := &feeder{w: taped(rec, c)}
	for i := range uint32(4) {
		f.send(wire.ToClient, 500+i, 9, packet.ACK, []byte{'a' + byte(i)})
	}
	f.w.Close()
	if got := rec.got[wire.ToClient].String(); got != "abcd" {
		t.Errorf("got %q towards the client, want abcd: port 104 serves", got)
	}
	if len(c.flows) != 1 || !c.flows[0].OneSided || !c.flows[0].Midstream || c.flows[0].PacketsIn != 4 {
		t.Errorf("got %+v, want one midstream flow seen from the server only", c.flows)
	}
}

func TestABlindResetDoesNotEndAConnection(t *testing.T) {
	rec := &tape{}
	f := &feeder{w: taped(rec, &collector{})}
	f.handshake(100_000, 200)
	f.send(wire.ToServer, 100_001, 201, packet.ACK, []byte("one"))
	f.send(wire.ToServer, 90_000, 201, packet.RST, nil)
	f.send(wire.ToServer, 100_004, 201, packet.ACK, []byte("two"))
	if got := rec.got[0].String(); got != "onetwo" || rec.shut {
		t.Errorf("got %q, closed %v, want onetwo and open", got, rec.shut)
	}
}

func TestPortsUsedAnewAreAnotherFlow(t *testing.T) {
	c := &collector{}
	f := &feeder{w: taped(&tape{}, c)}
	for i := range uint32(3) {
		f.handshake(1000*i+100, 200)
		f.send(wire.ToServer, 1000*i+101, 201, packet.RST|packet.ACK, nil)
	}
	f.w.Close()
	if len(c.flows) != 3 {
		t.Errorf("got %d flows, want 3", len(c.flows))
	}
}

func TestAFullTableEndsOldFlowsAndCountsThem(t *testing.T) {
	c := &collector{}
	w := taped(&tape{}, c)
	for i := range 1000 {
		b := wireTCP(wire.ToServer, 1, 0, packet.SYN, nil)
		binary.BigEndian.PutUint16(b[20:], uint16(1024+i))
		w.Packet(int64(1e18)+int64(i)*1e6, pcap.LinkRaw, len(b), 0, b)
	}
	if w.table.used > 100 || w.count.evicted < 900 || w.count.dropped != 0 {
		t.Errorf("got %d flows, %d evicted, %d dropped; want at most 100, the rest evicted", w.table.used, w.count.evicted, w.count.dropped)
	}
	w.Close()
	if len(c.flows) != 1000 {
		t.Errorf("got %d flow events, want 1000: none is lost", len(c.flows))
	}
}

func TestFlowsEndByTimeEvenWhenTheClockJumps(t *testing.T) {
	c := &collector{}
	f := &feeder{w: taped(&tape{}, c)}
	f.handshake(1, 1)
	f.at -= 3600e9 // the clock is set back
	f.handshake(1, 1)
	f.w.Tick(1_700_000_000_000_000_000 + f.at + timeoutTCP + 5*second)
	if len(c.flows) != 1 || c.flows[0].Reason != "timeout" || f.w.table.used != 0 {
		t.Errorf("got %+v and %d flows left, want one that timed out", c.flows, f.w.table.used)
	}
	f.at += 400 * 24 * 3600e9
	f.handshake(1, 1)
	f.w.Close()
	if len(c.flows) != 2 {
		t.Errorf("got %d flows, want 2", len(c.flows))
	}
}

func TestFragmentsComeTogetherInAnyOrder(t *testing.T) {
	for seed := range uint64(100) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		rec := &tape{}
		w := taped(rec, &collector{})
		want := text(3000+rnd.IntN(3000), rnd)
		whole := wireTCP(wire.ToServer, 1, 0, packet.ACK, want)
		for _, p := range fragment(whole, rnd) {
			w.Packet(int64(1e18), pcap.LinkRaw, len(p), 0, p)
		}
		if !bytes.Equal(rec.got[0].Bytes(), want) {
			t.Fatalf("seed %d: got %d bytes, want %d", seed, rec.got[0].Len(), len(want))
		}
		if w.pool.held != 0 || len(w.frags.partial) != 0 {
			t.Fatalf("seed %d: %d bytes held, %d packets in parts", seed, w.pool.held, len(w.frags.partial))
		}
	}
}

// fragment cuts an IPv4 packet into fragments, shuffled.
func fragment(whole []byte, rnd *rand.Rand) [][]byte {
	body := whole[20:]
	var out [][]byte
	for at := 0; at < len(body); {
		to := min(len(body), at+8*(1+rnd.IntN(150)))
		p := append(append([]byte{}, whole[:20]...), body[at:to]...)
		binary.BigEndian.PutUint16(p[2:], uint16(len(p)))
		field := uint16(at / 8)
		if to < len(body) {
			field |= 0x2000
		}
		binary.BigEndian.PutUint16(p[6:], field)
		out = append(out, p)
		at = to
	}
	rnd.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

func TestAPacketOfAKnownFlowAllocatesNothing(t *testing.T) {
	f := &feeder{w: taped(&tape{}, &collector{})}
	f.handshake(100, 200)
	ack := wireTCP(wire.ToServer, 101, 201, packet.ACK, nil)
	data := wireTCP(wire.ToServer, 101, 201, packet.ACK, []byte("x"))
	f.w.Packet(1_700_000_000_100_000_000, pcap.LinkRaw, 41, 0, data)
	got := testing.AllocsPerRun(1000, func() {
		f.w.Packet(1_700_000_000_100_000_000, pcap.LinkRaw, 40, 0, ack)
		f.w.Packet(1_700_000_000_100_000_000, pcap.LinkRaw, 41, 0, data)
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

// FuzzPacket feeds the loop frames of any link type and content.
func FuzzPacket(f *testing.F) {
	f.Add(uint16(1), wireTCP(wire.ToServer, 1, 0, packet.SYN, nil))
	f.Add(uint16(101), wireTCP(wire.ToServer, 1, 0, packet.ACK, []byte("GET / HTTP/1.1\r\n\r\n")))
	f.Fuzz(func(t *testing.T, link uint16, in []byte) {
		w := New(Options{Sink: &collector{}, Seed: 7, Patients: pseudonym.New([32]byte{1}), FlowStep: 1, Limits: Limits{Flows: 64}})
		for at := 0; len(in) > 0; at++ { // several packets in one input
			n := min(len(in), 60+at*13%200)
			w.Packet(int64(1e18)+int64(at)*1e9, pcap.LinkType(link), n, 0, in[:n])
			in = in[n:]
		}
		w.Close()
		if w.pool.held != 0 {
			t.Fatalf("%d bytes held after the end", w.pool.held)
		}
	})
}
