package ring

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/observe/sensor/internal/engine"
	"bulwark/platform/clock"
	"bulwark/platform/pseudonym"
	"bulwark/platform/vault"
	"bulwark/wire/pcap"
)

var site = vault.Key{7}

// rig is a ring with what fills it, in one process.
type rig struct {
	t        *testing.T
	segments *Segments
	writer   *Writer
	worker   *engine.Worker
	recorder *Recorder
	seen     []engine.Seen
	feed     sync.WaitGroup

	flushed chan uint64

	mu   sync.Mutex // guards what follows
	lost uint64
	errs []error
}

type noSink struct{}

func (noSink) Event(*event.Header, event.Payload) {}

// sizes of a rig's ring, small.
const (
	rigRing    = 256 << 20
	rigSegment = leastSegment
)

func newRig(t *testing.T, s Settings) *rig {
	t.Helper()
	r := &rig{t: t, flushed: make(chan uint64, 8)}
	var err error
	if r.segments, err = OpenSegments(t.TempDir(), site, vault.Bounds{Bytes: rigRing}, clock.System{}); err != nil {
		t.Fatal(err)
	}
	r.begin(s)
	return r
}

func (r *rig) begin(s Settings) {
	done := make(chan struct{}, 64)
	r.writer = NewWriter(Options{Settings: s, Blocks: 4, Wait: true, Clock: clock.System{}, Report: func(p Report) {
		r.mu.Lock()
		defer r.mu.Unlock()
		if p.Done != 0 {
			if err := r.segments.Done(p.Done); err != nil {
				r.t.Error(err)
			}
			done <- struct{}{}
		}
		if p.Flushed != 0 {
			r.flushed <- p.Flushed
		}
		r.lost += p.Lost
		if p.Err != nil {
			r.errs = append(r.errs, p.Err)
		}
	}})
	give := func() {
		g, err := r.segments.New()
		if err != nil {
			r.t.Error(err)
			return
		}
		r.writer.Give(g)
	}
	give()
	give()
	end := make(chan struct{})
	r.feed.Go(func() {
		for {
			select {
			case <-done:
				give()
			case <-end:
				return
			}
		}
	})
	r.worker = engine.New(engine.Options{Sink: noSink{}, Patients: pseudonym.New([32]byte{}), FirstFlow: 1000, FlowStep: 1})
	var err error
	if r.recorder, err = r.writer.Recorder(3, "eth7"); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { close(end); r.feed.Wait() })
}

// packet hands in one frame.
func (r *rig) packet(p Packet) {
	if p.Link == 0 {
		p.Link = pcap.LinkEthernet
	}
	if p.Size == 0 {
		p.Size = len(p.Data)
	}
	vlan := uint16(0)
	if p.Tagged {
		vlan = p.TCI & 0xfff
	}
	r.worker.Packet(p.Time, p.Link, p.Size, vlan, p.Data)
	r.seen = r.worker.Seen(r.seen[:0])
	payload, back := r.worker.Said()
	r.recorder.Packet(&p, r.seen, payload, back)
}

func (r *rig) end() {
	r.recorder.Close()
	r.writer.Close()
}

// udp is an Ethernet frame with a datagram of n bytes.
func udp(src, dst string, sport, dport uint16, n int) []byte {
	a, b := netip.MustParseAddr(src).As4(), netip.MustParseAddr(dst).As4()
	f := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0}
	f = append(f, 0x45, 0)
	f = binary.BigEndian.AppendUint16(f, uint16(28+n))
	f = append(f, 0, 0, 0, 0, 64, 17, 0, 0)
	f = append(append(f, a[:]...), b[:]...)
	f = binary.BigEndian.AppendUint16(f, sport)
	f = binary.BigEndian.AppendUint16(f, dport)
	f = binary.BigEndian.AppendUint16(f, uint16(8+n))
	return append(f, make([]byte, 2+n)...)
}

// got is a packet that a search found.
type got struct {
	time int64
	data string
	orig int
	name string
}

func (r *rig) search(q Query) ([]got, Found) {
	r.t.Helper()
	var out bytes.Buffer
	f, err := Search(r.t.Context(), r.segments.Files(), site, q, &out)
	if err != nil {
		r.t.Fatal(err)
	}
	in, err := pcap.NewReader(&out)
	if err != nil {
		r.t.Fatal(err)
	}
	var all []got
	var p pcap.Packet
	for {
		err := in.Next(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			r.t.Fatal(err)
		}
		all = append(all, got{p.Time, string(p.Data), p.Orig, in.Interfaces()[p.Interface].Name})
	}
	if f.Packets != uint64(len(all)) {
		r.t.Errorf("found %d packets, wrote %d", f.Packets, len(all))
	}
	return all, f
}

const second = int64(time.Second)

func TestPacketsAreFoundByFlowHostTimeAndFilter(t *testing.T) {
	r := newRig(t, Settings{})
	base := time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC).UnixNano()
	frames := [][]byte{
		udp("10.0.0.1", "10.0.0.9", 4000, 53, 30),  // flow 1000
		udp("10.0.0.2", "10.0.0.9", 4001, 514, 40), // flow 1001
		udp("10.0.0.9", "10.0.0.1", 53, 4000, 50),  // flow 1000
		udp("10.0.0.3", "10.0.0.4", 1, 2, 60),      // flow 1002
	}
	arp := append([]byte{255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6}, make([]byte, 28)...)
	for i, f := range frames {
		r.packet(Packet{Time: base + int64(i)*second, Data: f})
	}
	r.packet(Packet{Time: base + 9*second, Data: arp})
	r.end()
	host := func(s ...string) (all []netip.Addr) {
		for _, a := range s {
			all = append(all, netip.MustParseAddr(a))
		}
		return all
	}
	at := func(s int64) time.Time { return time.Unix(0, base+s*second) }
	for _, c := range []struct {
		name string
		q    Query
		want []int
	}{
		{"all", Query{}, []int{0, 1, 2, 3, 9}},
		{"a flow, both ways", Query{Flow: 1000}, []int{0, 2}},
		{"a flow that is not there", Query{Flow: 999}, nil},
		{"an address", Query{Hosts: host("10.0.0.9")}, []int{0, 1, 2}},
		{"an IPv4 address written as IPv6", Query{Hosts: host("::ffff:10.0.0.9")}, []int{0, 1, 2}},
		{"an IPv6 address with the same first bytes", Query{Hosts: host("a00:9::")}, nil},
		{"two addresses with each other", Query{Hosts: host("10.0.0.9", "10.0.0.2")}, []int{1}},
		{"an address that is not there", Query{Hosts: host("10.0.0.77")}, nil},
		{"since", Query{Since: at(2)}, []int{2, 3, 9}},
		{"until", Query{Until: at(1)}, []int{0, 1}},
		{"a moment", Query{Since: at(2), Until: at(2)}, []int{2}},
		{"a filter", Query{Filter: "port 53"}, []int{0, 2}},
		{"a filter of what is not IP", Query{Filter: "arp"}, []int{9}},
		{"a flow and a filter", Query{Flow: 1000, Filter: "src port 53"}, []int{2}},
		{"at most so many bytes", Query{Bytes: 72 + 82}, []int{0, 1}},
	} {
		all, f := r.search(c.q)
		var times []int
		for _, g := range all {
			times = append(times, int((g.time-base)/second))
			if g.name != "eth7" {
				t.Errorf("%s: interface %q, want eth7", c.name, g.name)
			}
			if n := int((g.time - base) / second); n < len(frames) && g.data != string(frames[n]) {
				t.Errorf("%s: packet %d is not what was on the wire", c.name, n)
			}
		}
		if !slices.Equal(times, c.want) {
			t.Errorf("%s: got packets %v, want %v", c.name, times, c.want)
		}
		if f.More != (c.q.Bytes > 0) || len(f.Faults) > 0 {
			t.Errorf("%s: got %+v", c.name, f)
		}
	}
}

func TestAFilterThatIsNoneIsRefused(t *testing.T) {
	if _, err := Search(t.Context(), nil, site, Query{Filter: "port"}, io.Discard); err == nil {
		t.Error("got no error")
	}
}

func TestTheTagThatTheKernelTookIsPutBack(t *testing.T) {
	r := newRig(t, Settings{})
	f := udp("10.0.0.1", "10.0.0.9", 4000, 53, 30)
	r.packet(Packet{Time: second, Data: f, Tagged: true, TCI: 12, TPID: 0x8100})
	r.packet(Packet{Time: 2 * second, Data: f})
	r.end()
	all, _ := r.search(Query{Filter: "vlan 12"})
	want := string(f[:12]) + "\x81\x00\x00\x0c" + string(f[12:])
	if len(all) != 1 || all[0].data != want || all[0].orig != len(want) {
		t.Errorf("got %d packets, want one with its tag", len(all))
	}
}

// TestManySegments fills several segments with the packets of many flows, and finds each again.
func TestManySegments(t *testing.T) {
	r := newRig(t, Settings{})
	const flows, each = 500, 40
	for i := range flows * each {
		n := i % flows
		r.packet(Packet{Time: int64(i) * 1e6, Data: udp("10.0.0.1", "10.0.0.9", uint16(10000+n), 9, 400+n)})
	}
	r.end()
	files := r.segments.Files()
	if len(files) < 3 {
		t.Fatalf("got %d segments, want several", len(files))
	}
	for _, n := range []int{0, 7, flows - 1} {
		all, f := r.search(Query{Flow: uint64(1000 + n)})
		if len(all) != each {
			t.Errorf("flow %d: got %d packets, want %d", n, len(all), each)
		}
		if f.Read > f.Blocks {
			t.Errorf("read %d of %d blocks", f.Read, f.Blocks)
		}
	}
	if all, _ := r.search(Query{}); len(all) != flows*each || !slices.IsSortedFunc(all, func(a, b got) int { return int(a.time - b.time) }) {
		t.Errorf("got %d packets, want %d in order", len(all), flows*each)
	}
	if r.lost != 0 || len(r.errs) != 0 {
		t.Errorf("lost %d, errors %v", r.lost, r.errs)
	}
}

func TestASearchReadsLittleButWhatItFinds(t *testing.T) {
	r := newRig(t, Settings{})
	for i := range 40_000 {
		r.packet(Packet{Time: int64(i) * 1e6, Data: udp("10.0.0.1", "10.0.0.9", uint16(1000+i/100), 9, 300)})
	}
	r.end()
	all, f := r.search(Query{Flow: 1200})
	if len(all) != 100 || f.Blocks < 10 || f.Read > 4 {
		t.Errorf("got %d packets from %d of %d blocks, want 100 from at most 4", len(all), f.Read, f.Blocks)
	}
}

// TestASegmentThatIsCutAnywhere is what a crash, or a disk that filled up, leaves.
func TestASegmentThatIsCutAnywhere(t *testing.T) {
	r := newRig(t, Settings{})
	for i := range 6000 {
		r.packet(Packet{Time: int64(i) * 1e6, Data: udp("10.0.0.1", "10.0.0.9", uint16(1000+i%50), 9, 300)})
	}
	r.end()
	files := r.segments.Files()
	whole, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "cut")
	before := 0
	for n := 0; n <= len(whole); n += 65_537 {
		if err := os.WriteFile(name, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := Search(t.Context(), []string{name}, site, Query{}, io.Discard)
		if err != nil {
			t.Fatalf("cut at %d: %v", n, err)
		}
		if n > vault.HeadSize && len(f.Faults) > 0 || int(f.Packets) < before {
			t.Errorf("cut at %d: got %d packets after %d, faults %v", n, f.Packets, before, f.Faults)
		}
		before = int(f.Packets)
	}
	if before == 0 {
		t.Error("nothing was found in any piece")
	}
}

func TestAChunkThatWasChangedCostsItsBlockOnly(t *testing.T) {
	r := newRig(t, Settings{})
	for i := range 6000 {
		r.packet(Packet{Time: int64(i) * 1e6, Data: udp("10.0.0.1", "10.0.0.9", uint16(1000+i%50), 9, 300)})
	}
	r.end()
	all, _ := r.search(Query{})
	name := r.segments.Files()[0]
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	b[700_000] ^= 1
	if err := os.WriteFile(name, b, 0o600); err != nil {
		t.Fatal(err)
	}
	left, f := r.search(Query{})
	if len(f.Faults) != 1 || !errors.Is(f.Faults[0], vault.ErrChunk) || !strings.Contains(f.Faults[0].Error(), name) {
		t.Errorf("faults: got %v, want one that names the file", f.Faults)
	}
	if lost := len(all) - len(left); lost < 100 || lost > 3200 {
		t.Errorf("lost %d packets, want those of one block", lost)
	}
}

func TestWhatIsBeingWrittenIsFoundAfterAFlush(t *testing.T) {
	r := newRig(t, Settings{})
	r.packet(Packet{Time: second, Data: udp("10.0.0.1", "10.0.0.9", 4000, 53, 30)})
	if all, _ := r.search(Query{}); len(all) != 0 {
		t.Errorf("got %d packets before the flush, want none", len(all))
	}
	r.writer.Ask(1)
	r.recorder.Between(time.Now())
	if got := <-r.flushed; got != 1 {
		t.Errorf("got the answer to flush %d, want 1", got)
	}
	if all, f := r.search(Query{Flow: 1000}); len(all) != 1 || len(f.Faults) > 0 {
		t.Errorf("got %d packets, %v; want one", len(all), f.Faults)
	}
	r.packet(Packet{Time: 2 * second, Data: udp("10.0.0.1", "10.0.0.9", 4000, 53, 30)})
	r.recorder.Between(time.Now().Add(patience))
	r.end()
	if all, _ := r.search(Query{}); len(all) != 2 {
		t.Errorf("got %d packets at the end, want 2", len(all))
	}
}

func TestTheOldestSegmentsGo(t *testing.T) {
	dir := t.TempDir()
	s, err := OpenSegments(dir, site, vault.Bounds{Bytes: 3 * rigSegment}, clock.System{})
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, segments: s}
	r.begin(Settings{})
	for i := range 60_000 {
		r.packet(Packet{Time: int64(i) * 1e6, Data: udp("10.0.0.1", "10.0.0.9", uint16(1000+i%50), 9, 300)})
	}
	r.end()
	all, f := r.search(Query{})
	if len(all) == 0 || len(all) > 3*rigSegment/300 || all[len(all)-1].time != 59_999*1e6 || len(f.Faults) > 0 {
		t.Errorf("got %d packets, faults %v; want the newest", len(all), f.Faults)
	}
	if got := s.Kept(); got.Bytes > 3*rigSegment || got.Removed == 0 {
		t.Errorf("got %+v", got)
	}
}

func TestWithoutRoomPacketsAreLostAndCounted(t *testing.T) {
	for _, c := range []struct {
		name string
		wait bool
		say  func(w *Writer)
	}{
		{"the disk has no room", true, (*Writer).Full},
		{"no segment comes any more", true, (*Writer).NoMore},
		{"the next segment is late, and packets do not wait", false, func(*Writer) {}},
	} {
		r := newRig(t, Settings{})
		own, other := r.writer, r.recorder
		r.writer = NewWriter(Options{Blocks: 2, Wait: c.wait, Clock: clock.System{}, Report: func(Report) {}})
		var err error
		if r.recorder, err = r.writer.Recorder(0, ""); err != nil {
			t.Fatal(err)
		}
		c.say(r.writer)
		for i := range 5000 {
			r.packet(Packet{Time: int64(i), Data: udp("10.0.0.1", "10.0.0.9", 4000, 53, 300)})
		}
		r.recorder.Flush()
		if n := r.recorder.Counts(); n.Lost != 5000 || n.Kept != 0 {
			t.Errorf("%s: got %+v, want all lost", c.name, n)
		}
		s, err := r.segments.New()
		if err != nil {
			t.Fatal(err)
		}
		r.writer.Give(s)
		r.packet(Packet{Time: 9, Data: udp("10.0.0.1", "10.0.0.9", 4000, 53, 300)})
		r.end()
		if all, f := r.search(Query{}); len(all) != 1 || f.Lost != 5000 {
			t.Errorf("%s: found %d packets, %d told lost; want those after, and how many are missing", c.name, len(all), f.Lost)
		}
		r.writer, r.recorder = own, other
		r.end()
	}
}

// TestSeveralRecordersFillOneSegment has them seal side by side.
func TestSeveralRecordersFillOneSegment(t *testing.T) {
	r := newRig(t, Settings{})
	const others, each = 3, 3000
	var wait sync.WaitGroup
	for n := range others {
		o := &rig{t: t, writer: r.writer, worker: engine.New(engine.Options{Sink: noSink{}, Patients: pseudonym.New([32]byte{}),
			FirstFlow: uint64(5000 + n), FlowStep: 10})}
		var err error
		if o.recorder, err = r.writer.Recorder(10+n, "eth8"); err != nil {
			t.Fatal(err)
		}
		wait.Go(func() {
			for i := range each {
				o.packet(Packet{Time: int64(i*others+n) * 1e6, Data: udp("10.0.0.1", "10.0.0.9", uint16(4000+n), 53, 900)})
			}
			o.recorder.Close()
		})
	}
	wait.Wait()
	r.end()
	all, f := r.search(Query{})
	if len(all) != others*each || len(f.Faults) > 0 || !slices.IsSortedFunc(all, func(a, b got) int { return int(a.time - b.time) }) {
		t.Errorf("got %d packets, faults %v; want %d in order", len(all), f.Faults, others*each)
	}
	if all, _ := r.search(Query{Flow: 5001}); len(all) != each {
		t.Errorf("got %d packets of one flow, want %d", len(all), each)
	}
}

func TestADiskThatIsFullEndsItsSegmentOnly(t *testing.T) {
	r := newRig(t, Settings{})
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip(err)
	}
	lost, ended := make(chan uint64, 8), make(chan error, 8)
	own, other := r.writer, r.recorder
	r.writer = NewWriter(Options{Blocks: 2, Wait: true, Clock: clock.System{}, Report: func(p Report) {
		if p.Lost > 0 {
			lost <- p.Lost
		}
		if p.Done == 9 {
			ended <- p.Err
		}
	}})
	r.writer.Give(Segment{Number: 9, File: full, Size: 64 << 20})
	s, err := r.segments.New()
	if err != nil {
		t.Fatal(err)
	}
	r.writer.Give(s)
	if r.recorder, err = r.writer.Recorder(0, ""); err != nil {
		t.Fatal(err)
	}
	r.packet(Packet{Time: second, Data: udp("10.0.0.1", "10.0.0.9", 4000, 53, 30)})
	r.recorder.Flush()
	if n, err := <-lost, <-ended; n != 1 || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("lost %d, %v; want 1 and that the disk is full", n, err)
	}
	r.packet(Packet{Time: 2 * second, Data: udp("10.0.0.1", "10.0.0.9", 4000, 53, 30)})
	r.end()
	if all, _ := r.search(Query{}); len(all) != 1 || all[0].time != 2*second {
		t.Errorf("got %+v, want the packet after", all)
	}
	r.writer, r.recorder = own, other
	r.end()
}

func TestWhatACrashLeftIsSetRight(t *testing.T) {
	dir := t.TempDir()
	open := func() *Segments {
		s, err := OpenSegments(dir, site, vault.Bounds{Bytes: rigRing}, clock.System{})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open()
	for range 2 {
		g, err := s.New()
		if err != nil {
			t.Fatal(err)
		}
		g.File.Close()
	}
	if got := open().Files(); len(got) != 0 {
		t.Errorf("segments without packets are kept: %v", got)
	}
}

func TestRecordingDoesNotAllocate(t *testing.T) {
	r := newRig(t, Settings{})
	f := udp("10.0.0.1", "10.0.0.9", 4000, 53, 300)
	p := Packet{Time: 1, Link: pcap.LinkEthernet, Data: f, Size: len(f)}
	for range 10_000 {
		r.packet(p)
	}
	n := testing.AllocsPerRun(2000, func() {
		p.Time += 1e6
		r.worker.Packet(p.Time, p.Link, p.Size, 0, p.Data)
		r.seen = r.worker.Seen(r.seen[:0])
		payload, back := r.worker.Said()
		r.recorder.Packet(&p, r.seen, payload, back)
	})
	if n > 0.01 {
		t.Errorf("got %v allocations a packet, want none", n)
	}
	r.end()
}

func TestRecords(t *testing.T) {
	for _, c := range []struct {
		name string
		r    record
		long bool
	}{
		{"one like most", record{time: 5e9, kept: 1514, size: 1514, flow: 7, link: 1}, false},
		{"before the base, of no flow, cut short, outgoing", record{time: -1, kept: 66, size: 1514, flow: noFlow, link: 101, flags: flagOutgoing}, false},
		{"the largest that fits", record{time: 1<<47 - 1, kept: 1 << 19, size: 1<<19 + sizeMask}, false},
		{"with a tag", record{time: -1 << 47, kept: 60, size: 60, tci: 0x600c, tpid: 0x88a8, flags: flagTagged}, true},
		{"a length that is a lie", record{kept: 60, size: 1 << 31}, true},
		{"a length that is less than what there is", record{kept: 60, size: 10}, true},
	} {
		b := make([]byte, recordHead+recordMore+c.r.kept)
		n := c.r.put(b)
		got, data, left, err := readRecord(b)
		if err != nil || got != c.r || len(data) != c.r.kept || len(left) != len(b)-n-c.r.kept || (n > recordHead) != c.long {
			t.Errorf("%s: got %+v, %d bytes, %d left of %d, %v; want %+v", c.name, got, len(data), len(left), len(b), err, c.r)
		}
	}
	for _, c := range []struct {
		at, base int64
		want     bool
	}{{0, 0, true}, {1<<47 - 1, 0, true}, {1 << 47, 0, false}, {-1 << 47, 0, true}, {-1<<47 - 1, 0, false}, {-1 << 63, 1, false}} {
		if got := near(c.at, c.base); got != c.want {
			t.Errorf("near(%d, %d): got %v", c.at, c.base, got)
		}
	}
}

// TestTimesThatAreFarApart are those of captures that are read behind one another, or of nonsense.
func TestTimesThatAreFarApart(t *testing.T) {
	r := newRig(t, Settings{})
	times := []int64{0, 1, 1 << 62, 1<<62 + 1, 5}
	for _, at := range times {
		r.packet(Packet{Time: at, Data: udp("10.0.0.1", "10.0.0.9", 4000, 53, 30)})
	}
	r.end()
	all, f := r.search(Query{})
	var got []int64
	for _, g := range all {
		got = append(got, g.time)
	}
	slices.Sort(got)
	slices.Sort(times)
	if !slices.Equal(got, times) || len(f.Faults) > 0 {
		t.Errorf("got packets of %v, faults %v; want %v", got, f.Faults, times)
	}
}

// TestPacketsAcrossChunks has packets of all lengths, up to the longest, lie across the ends of chunks.
func TestPacketsAcrossChunks(t *testing.T) {
	r := newRig(t, Settings{})
	var want []string
	for i, n := range []int{1, 16_200, 130, 16_368, 16_384, 65_000, 9, 60_000, 33, 40, 16_300, 20, 17} {
		b := make([]byte, n)
		for k := range b {
			b[k] = byte(k*7 + i)
		}
		want = append(want, string(b))
		r.packet(Packet{Time: int64(i), Data: b})
	}
	r.end()
	all, f := r.search(Query{})
	var got []string
	for _, g := range all {
		got = append(got, g.data)
	}
	if !slices.Equal(got, want) || len(f.Faults) > 0 {
		t.Errorf("got %d packets, faults %v; want %d as they were", len(got), f.Faults, len(want))
	}
}

func TestBloom(t *testing.T) {
	for _, keys := range []int{0, 1, 30, 700, 12_288} {
		b := make(bloom, maxBloom)
		for i := range keys {
			b.add(flowKey(uint64(i)))
		}
		b = b.fold(keys)
		for i := range keys {
			if !b.has(flowKey(uint64(i))) {
				t.Fatalf("%d keys: %d is said not to be there", keys, i)
			}
		}
		wrong := 0
		for i := range 10_000 {
			if b.has(flowKey(uint64(i) | 1<<50)) {
				wrong++
			}
		}
		if wrong > 400 {
			t.Errorf("%d keys in %d bytes: %d of 10,000 others are said to be there", keys, len(b), wrong)
		}
	}
}

// FuzzBlock reads what a child that was taken over may have written: packets and flows of any kind.
func FuzzBlock(f *testing.F) {
	k := newBlock(make([]byte, blockSize))
	k.add(&record{time: 1, kept: 3, size: 9, flow: 0, link: 1}, []byte("abc"))
	k.flows = k.flows[:flowSize]
	(&flow{id: 5, outer: 1}).put(k.flows)
	b, _ := k.close(&head{name: "eth0"})
	f.Add(b[:chunkContent])
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := readHead(b)
		if err != nil || h.size > len(b) {
			return
		}
		m, err := newMatcher(&Query{Flow: 5, Filter: "port 53"})
		if err != nil {
			t.Fatal(err)
		}
		c := &cursor{want: m, base: h.base, left: b[headSize:h.records]}
		c.match = m.flows(nil, b[h.table():h.filter()])
		_ = bloom(b[h.filter():h.end()]).has(flowKey(5))
		for c.next() == nil {
		}
		_, _ = readFoot(b, int64(len(b)))
	})
}
