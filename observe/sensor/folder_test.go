package sensor

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
	"bulwark/platform/health"
	"bulwark/wire/pcap"
)

// names collects the names that DNS asked for, and what was said of captures.
type names struct {
	mu      sync.Mutex
	asked   []string
	done    map[string]FileReport
	changed chan struct{}
}

func (n *names) note(do func()) {
	n.mu.Lock()
	do()
	n.mu.Unlock()
	select {
	case n.changed <- struct{}{}:
	default:
	}
}

func (n *names) Publish(_ context.Context, _ event.Kind, batch []byte) error {
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	for r.Next(&e) {
		if p, ok := e.Payload.(*event.DNS); ok {
			name := string([]byte(p.Hostname))
			n.note(func() { n.asked = append(n.asked, name) })
		}
	}
	return r.Err()
}

// await waits until what was collected is as wanted.
func (n *names) await(ok func() bool) {
	for {
		n.mu.Lock()
		yes := ok()
		n.mu.Unlock()
		if yes {
			return
		}
		<-n.changed
	}
}

// folderRig is a sensor that follows a folder.
type folderRig struct {
	*names
	t     *testing.T
	dir   string
	notes string
	stop  func()
	clock int64 // time of the last packet
}

func newFolderRig(t *testing.T) *folderRig {
	dir := t.TempDir()
	r := &folderRig{t: t, dir: filepath.Join(dir, "captures"), notes: filepath.Join(dir, "notes.json"),
		names: &names{done: map[string]FileReport{}, changed: make(chan struct{}, 1)}}
	if err := os.Mkdir(r.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return r
}

// start runs the sensor until stop is called.
func (r *folderRig) start() {
	c := Defaults()
	c.Captures, c.Flows, c.Reassembly = r.dir, 10_000, 8<<20
	s := New(Options{Config: c, Name: "test", Start: startInside, Publisher: r.names, Notes: r.notes,
		Health: health.NewTracker(clock.System{}), Log: slog.New(slog.DiscardHandler), Clock: clock.System{},
		Done: func(f FileReport) { r.note(func() { r.done[filepath.Base(f.Name)] = f }) }})
	s.pace = pace{look: time.Millisecond}
	ctx, cancel := context.WithCancel(r.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	r.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			r.t.Error(err)
		}
	}
}

// write appends queries for names to a capture, which begins when it is not there.
func (r *folderRig) write(file string, asked ...string) {
	r.t.Helper()
	var b bytes.Buffer
	w, err := pcap.NewWriter(&b, pcap.LinkEthernet)
	if err != nil {
		r.t.Fatal(err)
	}
	path := filepath.Join(r.dir, file)
	if _, err := os.Stat(path); err == nil {
		b.Reset() // the head is there
	}
	for _, name := range asked {
		q := query(name)
		r.clock += 1e6
		if err := w.Write(&pcap.Packet{Time: 1_700_000_000e9 + r.clock, Data: q, Orig: len(q), Link: pcap.LinkEthernet}); err != nil {
			r.t.Fatal(err)
		}
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write(b.Bytes()); err != nil {
		r.t.Fatal(err)
	}
}

// query is a frame that asks for an address (RFC 1035 §4.1).
func query(name string) []byte {
	dns := []byte{1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, byte(len(name))}
	dns = append(append(dns, name...), 0, 0, 1, 0, 1)
	f := []byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0, 0x45, 0}
	f = binary.BigEndian.AppendUint16(f, uint16(28+len(dns)))
	f = append(f, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2)
	port := uint16(20_000)
	for _, c := range []byte(name) {
		port = port*31 + uint16(c)
	}
	f = binary.BigEndian.AppendUint16(f, port|1024)
	f = append(f, 0, 53)
	f = binary.BigEndian.AppendUint16(f, uint16(8+len(dns)))
	return append(append(f, 0, 0), dns...)
}

func TestCapturesAreReadInOrderAsTheyGrow(t *testing.T) {
	r := newFolderRig(t)
	r.write("trace9", "a", "b")
	r.start()
	r.await(func() bool { return len(r.asked) == 2 })
	r.write("trace9", "c")
	r.await(func() bool { return len(r.asked) == 3 })
	r.write("trace10", "d") // trace9 is whole now
	r.await(func() bool { return len(r.asked) == 4 && r.done["trace9"].Packets == 3 })
	r.write("trace10", "e")
	r.await(func() bool { return len(r.asked) == 5 })
	r.stop()

	// After a restart what was read is not read again, and what is followed is read on.
	r.write("trace10", "f")
	r.start()
	r.await(func() bool { return len(r.asked) == 6 })
	r.write("trace11", "g")
	r.await(func() bool { return len(r.asked) == 7 && r.done["trace10"].Packets == 3 })
	r.stop()
	if want := []string{"a", "b", "c", "d", "e", "f", "g"}; !slices.Equal(r.asked, want) {
		t.Errorf("got %v, want each once: %v", r.asked, want)
	}
	if _, again := r.done["trace11"]; again {
		t.Error("the last capture is said to be whole")
	}
}

func TestWhatIsNoCaptureOrIsCutDoesNotStopTheRest(t *testing.T) {
	r := newFolderRig(t)
	r.write("1", "a", "b")
	st, err := os.Stat(filepath.Join(r.dir, "1"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(r.dir, "1"), st.Size()-7); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"2": "this is a text, and no capture at all", "3": "short", ".4": "hidden, and long enough to be looked at"} {
		if err := os.WriteFile(filepath.Join(r.dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r.write("5", "c")
	r.start()
	r.await(func() bool { return len(r.asked) == 2 && len(r.done) == 2 })
	r.stop()
	if r.done["1"].Err == nil || r.done["1"].Packets != 1 || r.done["2"].Err == nil {
		t.Errorf("got %+v, want an error for each", r.done)
	}
	r.done = map[string]FileReport{}
	r.write("6", "d")
	r.start()
	r.await(func() bool { return len(r.asked) == 3 })
	r.stop()
	if _, again := r.done["2"]; again || !slices.Equal(r.asked, []string{"a", "c", "d"}) {
		t.Errorf("after a restart: got %v, %v", r.asked, r.done)
	}
}

func TestANameThatIsUsedAgainIsAnotherCapture(t *testing.T) {
	r := newFolderRig(t)
	r.write("0", "a")
	r.write("1", "b")
	r.start()
	r.await(func() bool { return len(r.asked) == 2 })
	if err := os.Remove(filepath.Join(r.dir, "0")); err != nil {
		t.Fatal(err)
	}
	r.write("0", "c", "d") // as tcpdump -W does
	if err := os.Remove(filepath.Join(r.dir, "1")); err != nil {
		t.Fatal(err)
	}
	r.await(func() bool { return len(r.asked) == 4 })
	r.stop()
	if want := []string{"a", "b", "c", "d"}; !slices.Equal(r.asked, want) {
		t.Errorf("got %v, want %v", r.asked, want)
	}
}

func TestNaturally(t *testing.T) {
	want := []string{"", "cap", "cap1", "cap2", "cap9.pcap", "cap10", "cap10.pcap", "cap010", "cap11", "caq"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, Naturally)
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestWhichCaptureIsNext(t *testing.T) {
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	all := []trace{{"c", 50, at(1), "x"}, {"a", 50, at(2), "y"}, {"b10", 50, at(3), "z"}, {"b9", 50, at(3), "z"}}
	whole := func(name string, size int64, begin string) notes {
		return notes{name: {Size: size, Begin: begin, Packets: 7, Whole: true}}
	}
	for _, c := range []struct {
		name  string
		notes notes
		want  string
		skip  uint64
	}{
		{"the oldest", notes{}, "c", 0},
		{"one that was read is passed over", whole("c", 50, "x"), "a", 0},
		{"one that grew since is read on", whole("c", 40, "x"), "c", 7},
		{"one that became shorter is another", whole("c", 60, "x"), "c", 0},
		{"one that begins otherwise is another", whole("c", 50, "q"), "c", 0},
		{"one that was left in the middle is read on", notes{"c": {Size: 50, Begin: "x", Packets: 3}}, "c", 3},
	} {
		got, skip, ok := c.notes.next(slices.Clone(all))
		if !ok || got.name != c.want || skip != c.skip {
			t.Errorf("%s: got %s, %d, %v, want %s, %d", c.name, got.name, skip, ok, c.want, c.skip)
		}
	}
	n := notes{}
	for _, x := range all {
		n[x.name] = note{Size: x.size, Begin: x.begin, Whole: true}
	}
	if got, _, ok := n.next(all); ok {
		t.Errorf("all were read: got %s", got.name)
	}
	delete(n, "b9")
	delete(n, "b10")
	if got, _, _ := n.next(all); got.name != "b9" {
		t.Errorf("of two of the same moment: got %s, want b9", got.name)
	}
}

func TestNotesThatAreDamagedAreForgotten(t *testing.T) {
	file := filepath.Join(t.TempDir(), "notes")
	for _, text := range []string{"", "{", "null", "[1]", `{"a":7}`} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if n := readNotes(file); n == nil || len(n) != 0 {
			t.Errorf("%q: got %v", text, n)
		}
	}
	want := notes{"a": {Size: 1, Mod: time.Unix(5, 6).UTC(), Begin: "x", Packets: 9, Whole: true}}
	if err := want.save(file); err != nil {
		t.Fatal(err)
	}
	if got := readNotes(file); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
