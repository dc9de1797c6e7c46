package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
)

// spine is a store that takes events from a bus.
type spine struct {
	dir  string
	b    *bus.Bus
	s    *Store
	stop func()
}

func startSpine(t *testing.T, dir string, o Options) *spine {
	t.Helper()
	b, err := bus.Open(t.Context(), bus.Options{Dir: filepath.Join(dir, "bus"), Hold: []string{Holder}, SyncEvery: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	o.Dir = filepath.Join(dir, "store")
	s, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() {
		if err := s.Run(ctx, b); err != nil {
			t.Error(err)
		}
	})
	return &spine{dir, b, s, sync.OnceFunc(func() { cancel(); wait.Wait(); s.Close(); b.Close() })}
}

// publish puts n sign-ins of the user on the bus, one batch each.
func (s *spine) publish(t *testing.T, user string, n int) {
	t.Helper()
	for range n {
		var b event.Batch
		now := time.Now()
		b.Reset("s-"+user, "", uint64(now.UnixNano()))
		b.Add(&event.Header{Time: now.UnixNano()}, &event.Auth{User: user})
		if err := s.b.Publish(t.Context(), event.KindAuth.Subject(), b.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
}

// await waits until the store finds n rows.
func (s *spine) await(t *testing.T, text string, n uint64) {
	t.Helper()
	end := time.NewTimer(20 * time.Second)
	defer end.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		s.s.Flush()
		got, err := s.s.Count(t.Context(), Query{Text: text})
		if err != nil {
			t.Fatal(err)
		}
		if got == n {
			return
		}
		select {
		case <-tick.C:
		case <-end.C:
			t.Fatalf("%q finds %d rows after 20 seconds, want %d", text, got, n)
		}
	}
}

func TestWhatIsPublishedIsFoundOnceAlsoAfterARestart(t *testing.T) {
	dir := t.TempDir()
	s := startSpine(t, dir, Options{})
	s.publish(t, "martin", 20)
	s.await(t, "user:martin", 20)
	s.stop()
	s = startSpine(t, dir, Options{})
	defer s.stop()
	s.publish(t, "dupont", 5)
	s.await(t, "user:dupont", 5)
	s.await(t, "user:martin", 20)
	kept, err := s.b.Position(t.Context(), Holder)
	if err != nil || kept != 20 {
		t.Errorf("got position %d, %v, want 20: a start that finds rows on the disk says so", kept, err)
	}
}

func TestAFullDiskLosesNothing(t *testing.T) {
	dir := t.TempDir()
	full := make(chan bool, 10)
	s := startSpine(t, dir, Options{MinFree: 1 << 60, Warn: func(f bool) { full <- f }})
	s.publish(t, "martin", 3)
	if !<-full {
		t.Error("the disk has room")
	}
	s.await(t, "", 0)
	if kept, err := s.b.Position(t.Context(), Holder); err != nil || kept != 0 {
		t.Errorf("got position %d, %v, want 0", kept, err)
	}
	s.stop()
	s = startSpine(t, dir, Options{})
	defer s.stop()
	s.await(t, "user:martin", 3)
}

func TestAnErasureHoldsAgainstTheBus(t *testing.T) {
	dir := t.TempDir()
	s := startSpine(t, dir, Options{})
	s.publish(t, "martin", 4)
	s.publish(t, "dupont", 6)
	s.await(t, "", 10)
	_, last, _, err := s.b.Extent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.s.Erase(t.Context(), Query{Text: "user:martin"}, last); err != nil {
		t.Fatal(err)
	}
	s.await(t, "user:martin", 0)
	s.await(t, "user:dupont", 6)
	s.publish(t, "martin", 2) // after the order: not meant
	s.await(t, "user:martin", 2)
	s.stop()

	// The store is lost, the bus and the list of erasures are not.
	for _, shelf := range []string{"event", "flow", "audit"} {
		if err := os.RemoveAll(filepath.Join(dir, "store", shelf)); err != nil {
			t.Fatal(err)
		}
	}
	s = startSpine(t, dir, Options{})
	defer s.stop()
	s.await(t, "user:dupont", 6)
	s.await(t, "user:martin", 2)
}

func TestAnEventFromTheFutureIsStoredNow(t *testing.T) {
	s := startSpine(t, t.TempDir(), Options{})
	defer s.stop()
	var b event.Batch
	b.Reset("s1", "", 1)
	ahead := time.Now().Add(1000 * time.Hour).UnixNano()
	b.Add(&event.Header{Time: ahead}, &event.Auth{User: "martin"})
	if err := s.b.Publish(t.Context(), "ev.auth", b.Bytes()); err != nil {
		t.Fatal(err)
	}
	s.await(t, "user:martin", 1)
	rows, err := s.s.Latest(t.Context(), Query{}, 1)
	if err != nil || len(rows) != 1 || time.Since(rows[0].Time) > time.Minute || rows[0].Value(attrOriginal) != fmt.Sprint(ahead) {
		t.Errorf("got %+v, %v", rows, err)
	}
}

func TestTheLargestStoreGivesUpTheDayThatIsNearestItsEnd(t *testing.T) {
	s := testStore(t)
	s.maxBytes = 1
	for day := range 3 {
		var b event.Batch
		b.Reset("s1", "", uint64(day+1))
		h := event.Header{Time: noon.Add(time.Duration(day) * 24 * time.Hour).UnixNano()}
		b.Add(&h, &event.Flow{App: "tls"})
		b.Add(&h, &event.DNS{Hostname: "a.example"})
		if err := s.Add(b.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	s.Flush()
	if err := s.shrink(t.Context(), noon.Add(72*time.Hour)); err != nil {
		t.Fatal(err)
	}
	rows, err := s.Latest(t.Context(), Query{}, 10)
	if err != nil || len(rows) != 2 || !rows[0].Time.Equal(noon.Add(48*time.Hour)) || !rows[1].Time.Equal(noon.Add(48*time.Hour)) {
		t.Errorf("got %+v, %v, want the last day of both", rows, err)
	}
}

func TestASnapshotOpensAsAStore(t *testing.T) {
	s := testStore(t)
	hospital(t, s)
	copied := t.TempDir()
	err := s.Snapshot(t.Context(), func(name, dir string) error {
		shelf, day := filepath.Split(name)
		return os.CopyFS(filepath.Join(copied, shelf, "partitions", day), os.DirFS(dir))
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(Options{Dir: copied, FlowRetention: s.shelves[1].keep, Retention: s.shelves[0].keep})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if n, err := again.Count(t.Context(), Query{}); err != nil || n != 34 {
		t.Errorf("got %d rows, %v, want 34", n, err)
	}
}

func TestAQueryEndsWithItsContext(t *testing.T) {
	s := testStore(t)
	hospital(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Count(ctx, Query{}); err == nil {
		t.Error("got an answer after the end")
	}
	seen := 0
	ctx, cancel = context.WithCancel(t.Context())
	if err := s.Each(ctx, Query{}, 0, func(Row) error { seen++; cancel(); return nil }); err == nil && seen == 34 {
		t.Errorf("got all rows after the end")
	}
}
