package logs

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

// shelf is a bus that keeps what is published.
type shelf struct {
	mu    sync.Mutex
	logs  []event.Log
	flows []event.Flow
	times []time.Time
	ids   []string
	names map[string]bool
	kinds []event.Kind
	block chan struct{} // nil, or closed when batches may be safe
}

func (s *shelf) PublishAs(_ context.Context, name, _ string, batch []byte, done func(error)) error {
	batch = append([]byte(nil), batch...)
	go func() {
		if s.block != nil {
			<-s.block
		}
		done(s.keep(name, batch))
	}()
	return nil
}

func (s *shelf) keep(name string, batch []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if name != "" {
		if s.names[name] {
			return bus.ErrKnown
		}
		if s.names == nil {
			s.names = map[string]bool{}
		}
		s.names[name] = true
	}
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	for r.Next(&e) {
		s.kinds = append(s.kinds, e.Payload.Kind())
		switch p := e.Payload.(type) {
		case *event.Log:
			c := *p
			c.Fields, c.Faults = append([]string(nil), p.Fields...), append([]string(nil), p.Faults...)
			s.logs, s.times, s.ids = append(s.logs, c), append(s.times, e.When()), append(s.ids, string(r.EventID(nil)))
		case *event.Flow:
			s.flows = append(s.flows, *p)
		}
	}
	return r.Err()
}

// opened is a room that runs, and the bus behind it.
func opened(t *testing.T, c Config, s *shelf) *Logs {
	t.Helper()
	d := dbtest.SQLite(t)
	book, err := ledger.Open(t.Context(), ledger.Needs{DB: d, Clock: clock.System{}, Origin: "test", Key: ed25519.NewKeyFromSeed(make([]byte, 32))})
	if err != nil {
		t.Fatal(err)
	}
	l, err := New(t.Context(), Needs{Config: c, Name: "node", Site: "site", Publisher: s, Seal: [32]byte{1}, Pseudonyms: [32]byte{2},
		DB: d, Ledger: book, Health: health.NewTracker(clock.System{}), Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	running(t, l)
	return l
}

// running lets a room run until the test ends.
func running(t *testing.T, l *Logs) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func record(intake, text string) Record {
	return Record{Intake: intake, Sender: netip.MustParseAddr("192.0.2.7"), Received: time.Now(), Text: []byte(text)}
}

func TestALineThatWasTakenIsOnTheBus(t *testing.T) {
	var s shelf
	l := opened(t, Config{}, &s)
	if err := l.sink.Take(t.Context(), []Record{record("syslog", "<34>1 2003-10-11T22:14:15.003Z pump-7 su 12 - - password=hunter2 for root"),
		record("syslog", "\xff\xfe what is this Patient/4711?")}); err != nil {
		t.Fatal(err)
	}
	if len(s.logs) != 2 {
		t.Fatalf("got %d events, want 2", len(s.logs))
	}
	got := s.logs[0]
	if got.Host != "pump-7" || strings.Contains(got.Message, "hunter2") || got.Sender != "192.0.2.7" || got.Source == "" {
		t.Errorf("got %+v", got)
	}
	if want := []string{faultBehind}; len(got.Faults) != 1 || got.Faults[0] != want[0] {
		t.Errorf("faults: got %q, want %q", got.Faults, want)
	}
	if got.Field("event.created") != "2003-10-11T22:14:15.003Z" {
		t.Errorf("got %q as its own time", got.Field("event.created"))
	}
	if strings.Contains(s.logs[1].Message, "4711") {
		t.Errorf("a patient stands in %q", s.logs[1].Message)
	}
	line, err := Open([32]byte{1}, s.logs[1].Sealed)
	if err != nil || string(line) != "\xff\xfe what is this Patient/4711?" {
		t.Errorf("the sealed line: got %q, %v", line, err)
	}
	if _, err := Open([32]byte{3}, s.logs[1].Sealed); err == nil {
		t.Error("another key opens a sealed line")
	}
}

func TestABatchThatComesAgainIsToldOnce(t *testing.T) {
	var s shelf
	l := opened(t, Config{}, &s)
	batch := []Record{record("bulk", `{"a":1}`), record("bulk", `{"a":2}`)}
	for range 3 {
		if err := l.sink.Take(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.logs) != 2 {
		t.Errorf("got %d events of a batch of 2 that came three times", len(s.logs))
	}
	if err := l.sink.Take(t.Context(), batch[:1]); err != nil {
		t.Fatal(err)
	}
	if len(s.logs) != 3 {
		t.Errorf("got %d events after a batch of another content, want 3", len(s.logs))
	}
	for range 2 {
		if err := l.sink.Take(t.Context(), []Record{record("syslog", "the same line")}); err != nil {
			t.Fatal(err)
		}
	}
	if len(s.logs) != 5 {
		t.Errorf("got %d events after a line of syslog came twice, want 5", len(s.logs))
	}
}

func TestTakingWaitsUntilItIsSafe(t *testing.T) {
	s := shelf{block: make(chan struct{})}
	l := opened(t, Config{}, &s)
	ctx, stop := context.WithCancel(t.Context())
	taken := make(chan error)
	go func() { taken <- l.sink.Take(ctx, []Record{record("syslog", "one")}) }()
	select {
	case err := <-taken:
		t.Fatalf("it was taken before it was safe: %v", err)
	default:
	}
	stop()
	if err := <-taken; err == nil {
		t.Error("it was promised and is not safe")
	}
	close(s.block)
	if err := l.sink.Take(t.Context(), []Record{record("syslog", "two")}); err != nil {
		t.Error(err)
	}
}

func TestManySendersShareBatches(t *testing.T) {
	var s shelf
	l := opened(t, Config{}, &s)
	var wait sync.WaitGroup
	for range 50 {
		wait.Go(func() {
			for range 20 {
				if err := l.sink.Take(t.Context(), []Record{record("syslog", "<13>host app: text")}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if len(s.logs) != 1000 {
		t.Errorf("got %d events, want 1000", len(s.logs))
	}
	seen := map[string]bool{}
	for _, id := range s.ids {
		if seen[id] {
			t.Fatalf("two events are called %s", id)
		}
		seen[id] = true
	}
}
