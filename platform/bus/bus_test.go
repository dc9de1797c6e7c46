package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"bulwark/event"
)

func open(t *testing.T, o Options) *Bus {
	t.Helper()
	o.SyncEvery = time.Minute // tests need not wait for the disk
	o.Log = slog.New(slog.NewTextHandler(t.Output(), nil))
	b, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// batch is the n-th batch of a sensor: one DNS question for n.example.
func batch(n int) []byte {
	var b event.Batch
	b.Reset("s1", "north", uint64(n))
	b.Add(&event.Header{Time: int64(n)}, &event.DNS{Hostname: fmt.Sprintf("%d.example", n)})
	return b.Bytes()
}

func hostname(t *testing.T, m *Message) string {
	t.Helper()
	var r event.Reader
	var e event.Event
	if err := r.Open(m.Batch); err != nil || !r.Next(&e) {
		t.Errorf("sequence %d: no batch: %v", m.Seq, err)
		return ""
	}
	return strings.Clone(e.Payload.(*event.DNS).Hostname)
}

// first reads n batches and stops.
func first(t *testing.T, b *Bus, name string, from uint64, n int) (got []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	err := b.Subscribe(ctx, name, []string{"ev.dns"}, from, func(_ context.Context, m *Message) error {
		if got = append(got, hostname(t, m)); len(got) == n {
			cancel()
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func publish(t *testing.T, b *Bus, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := b.Publish(t.Context(), "ev.dns", batch(i)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestASubscriberGoesOnWhereItWasAfterARestart(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	b := open(t, o)
	publish(t, b, 0, 10)
	publish(t, b, 5, 10) // the same again
	got := first(t, b, "detect", FromFirst, 4)
	b.Close()
	b = open(t, o)
	defer b.Close()
	got = append(got, first(t, b, "detect", FromFirst, 6)...)
	want := "0.example 1.example 2.example 3.example 4.example 5.example 6.example 7.example 8.example 9.example"
	if s := strings.Join(got, " "); s != want {
		t.Errorf("got %s\nwant %s", s, want)
	}
	if _, last, _, err := b.Extent(t.Context()); err != nil || last != 10 {
		t.Errorf("got last sequence %d, %v, want 10: a batch sent twice is there once", last, err)
	}
}

func TestAFolderBelongsToOneProcess(t *testing.T) {
	o := Options{Dir: t.TempDir()}
	b := open(t, o)
	if again, err := Open(t.Context(), o); !errors.Is(err, ErrInUse) {
		t.Errorf("got %v, %v, want %v", again, err, ErrInUse)
	}
	b.Close()
	open(t, o).Close()
}

func TestAHandlerThatFailsSeesTheSameBatchAgain(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	defer b.Close()
	publish(t, b, 0, 2)
	ctx, cancel := context.WithCancel(t.Context())
	var got []uint64
	err := b.Subscribe(ctx, "x", []string{"ev.dns"}, FromFirst, func(_ context.Context, m *Message) error {
		got = append(got, m.Seq)
		if len(got) < 3 {
			return errors.New("not yet")
		}
		if m.Seq == 2 {
			cancel()
		}
		return nil
	})
	if err != nil || fmt.Sprint(got) != "[1 1 1 2]" {
		t.Errorf("got %v, %v, want [1 1 1 2]", got, err)
	}
}

func TestAPublisherKeepsItsOrder(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir()})
	defer b.Close()
	p, err := b.Publisher(PublisherOptions{InFlight: 8, QueueBytes: 1000})
	if err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	acks := 0
	for i := range 200 {
		err := p.Publish(t.Context(), "ev.dns", batch(i), func(err error) {
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				acks++
			}
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	p.Close(t.Context())
	if acks != 200 {
		t.Errorf("got %d acknowledgements, want 200", acks)
	}
	for i, h := range first(t, b, "x", FromFirst, 200) {
		if want := fmt.Sprintf("%d.example", i); h != want {
			t.Fatalf("place %d: got %s, want %s", i, h, want)
		}
	}
}

// startCluster is a NATS server of its own on a port, as a hospital may already run one.
func startCluster(t *testing.T, dir string, port int) *server.Server {
	t.Helper()
	ns, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoSigs: true, NoLog: true, JetStream: true, StoreDir: dir,
		MaxPayload: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ns.Start()
	if !ns.ReadyForConnections(10 * time.Second) {
		t.Fatal("the server does not start")
	}
	return ns
}

func TestWhileTheBusIsAwayBatchesWaitAndNoneIsLostSilently(t *testing.T) {
	dir := t.TempDir()
	ns := startCluster(t, dir, -1)
	b := open(t, Options{URL: ns.ClientURL(), MaxBytes: 1 << 30})
	defer b.Close()
	p, err := b.Publisher(PublisherOptions{QueueBytes: 1000, SpillFile: filepath.Join(t.TempDir(), "spill"), SpillBytes: 3000})
	if err != nil {
		t.Fatal(err)
	}
	port := ns.Addr().(*net.TCPAddr).Port
	ns.Shutdown()
	ns.WaitForShutdown()

	taken, lost := 0, 0
	for i := range 100 {
		switch err := p.Offer("ev.dns", batch(i), nil); {
		case err == nil:
			taken++
		case errors.Is(err, ErrDropped):
			lost++
		default:
			t.Fatal(err)
		}
	}
	if got := testutil.ToFloat64(b.m.batches.WithLabelValues(dropped)); lost == 0 || got != float64(lost) {
		t.Errorf("got %v counted as dropped, want %d", got, lost)
	}
	ns = startCluster(t, dir, port)
	defer ns.Shutdown()
	if err := p.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.Close(t.Context())
	for i, h := range first(t, b, "x", FromFirst, taken) {
		if want := fmt.Sprintf("%d.example", i); h != want {
			t.Fatalf("place %d: got %s, want %s", i, h, want)
		}
	}
	if _, last, _, err := b.Extent(t.Context()); err != nil || last != uint64(taken) {
		t.Errorf("got %d batches, %v, want %d", last, err, taken)
	}
}

func TestABatchThatTheClusterIsTooNarrowForArrivesInPieces(t *testing.T) {
	ns := startCluster(t, t.TempDir(), -1)
	defer ns.Shutdown()
	b := open(t, Options{URL: ns.ClientURL(), MaxBytes: 1 << 30})
	defer b.Close()
	var e event.Batch
	e.Reset("s1", "", 1)
	random := rand.NewChaCha8([32]byte{})
	text := make([]byte, 1000)
	const n = 500
	for range n {
		_, _ = random.Read(text)
		e.Add(&event.Header{Time: 1}, &event.HTTP{URL: string(text)})
	}
	if err := b.Publish(t.Context(), "ev.http", e.Bytes()); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	next, pieces := 0, 0
	err := b.Follow(ctx, nil, FromFirst, func(_ context.Context, m *Message) error {
		var r event.Reader
		var one event.Event
		pieces++
		for _ = r.Open(m.Batch); r.Next(&one); next++ {
			if got, want := string(r.EventID(nil)), fmt.Sprintf("s1-1.%d", next); got != want {
				t.Errorf("got event %s, want %s", got, want)
			}
		}
		if next == n {
			stop()
		}
		return nil
	})
	if err != nil || next != n || pieces < 8 {
		t.Errorf("got %d events in %d pieces, %v, want %d in at least 8", next, pieces, err, n)
	}
}

func TestTheOldestGoUnlessSomebodyHasNotSeenThem(t *testing.T) {
	for _, c := range []struct {
		what  string
		seen  uint64
		want  uint64 // first sequence that is left
		after time.Duration
	}{
		{"young events stay", 20, 1, 0},
		{"old events go once the holder has seen them", 12, 13, time.Hour},
		{"old events that the holder has not seen stay", 0, 1, time.Hour},
	} {
		t.Run(c.what, func(t *testing.T) {
			b := open(t, Options{Dir: t.TempDir(), MaxAge: time.Minute, Hold: []string{"store"}})
			defer b.Close()
			publish(t, b, 0, 20)
			if err := b.Keep(t.Context(), "store", c.seen); err != nil {
				t.Fatal(err)
			}
			if err := b.trim(t.Context(), time.Now().Add(c.after)); err != nil {
				t.Fatal(err)
			}
			if got, _, _, err := b.Extent(t.Context()); err != nil || got != c.want {
				t.Errorf("got first sequence %d, %v, want %d", got, err, c.want)
			}
		})
	}
}

func TestAFullBusRefusesAndSaysSo(t *testing.T) {
	b := open(t, Options{Dir: t.TempDir(), MaxBytes: 4000})
	defer b.Close()
	var err error
	for i := 0; err == nil && i < 1000; i++ {
		items, packed := b.pack("ev.dns", batch(i))
		if packed != nil {
			t.Fatal(packed)
		}
		err = b.send(t.Context(), items[0])
	}
	if !errors.Is(err, ErrFull) {
		t.Errorf("got %v, want %v", err, ErrFull)
	}
}

func TestASpillFileGivesBackWhatItWasGiven(t *testing.T) {
	path := filepath.Join(t.TempDir(), "spill")
	s, err := openSpill(path, 200)
	if err != nil {
		t.Fatal(err)
	}
	put := func(id string) error {
		return s.put(&item{subject: "ev.dns", id: id, events: 3, data: []byte(strings.Repeat(id, 20))})
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		if err := put(id); err != nil {
			t.Fatal(err)
		}
	}
	if err := put("e"); !errors.Is(err, errSpillFull) {
		t.Errorf("got %v, want %v", err, errSpillFull)
	}
	s.close()
	if s, err = openSpill(path, 200); err != nil { // as after a crash
		t.Fatal(err)
	}
	for _, id := range []string{"a", "b", "c", "d"} {
		it, err := s.take()
		if err != nil || it.id != id || it.events != 3 || string(it.data) != strings.Repeat(id, 20) || it.subject != "ev.dns" {
			t.Errorf("got %+v, %v, want %s", it, err, id)
		}
	}
	if s.waiting() || put("f") != nil {
		t.Error("an empty file takes no more")
	}
	s.close()
}

// FuzzRecord reads records of a spill file that anything may have written.
func FuzzRecord(f *testing.F) {
	f.Add([]byte("\x06\x00ev.dns\x01\x00a\x03\x00\x00\x00data"))
	f.Add([]byte("\xff\xff"))
	f.Fuzz(func(t *testing.T, rec []byte) {
		it, err := parseRecord(rec)
		if err == nil && recordSize(it)-8 != int64(len(rec)) {
			t.Errorf("got a record of %d bytes from %d", recordSize(it)-8, len(rec))
		}
	})
}
