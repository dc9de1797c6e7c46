package incident

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/internal/crash"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/db"
)

// crashDir makes this test program put findings together in the directory of that name until it is killed.
const crashDir = "BULWARK_TEST_INCIDENTS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := joinForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// ground opens bus, database and room in a directory.
func ground(ctx context.Context, dir string) (*bus.Bus, *db.DB, *Incidents, error) {
	b, d, err := crash.Ground(ctx, dir)
	if err != nil {
		return nil, nil, nil, err
	}
	i, err := New(ctx, Needs{DB: d, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Publisher: crash.OnBus{Bus: b}})
	return b, d, i, err
}

// joinForEver publishes findings, and puts them together, and prints a line for each batch.
func joinForEver(dir string) error {
	ctx := context.Background()
	b, _, i, err := ground(ctx, dir)
	if err != nil {
		return err
	}
	go func() { _ = i.Run(ctx, b) }() // until it is killed
	for n := 0; ; n++ {
		_, last, _, err := b.Extent(ctx)
		if err != nil {
			return err
		}
		if err := b.Publish(ctx, event.KindFinding.Subject(), findingsNow(last)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// findingsNow is a batch of findings, a minute after those of the batch before: now and then one that opens an incident.
func findingsNow(n uint64) []byte {
	f := told{n: uint64(time.Now().UnixNano()), at: morning.Add(time.Duration(n) * 7 * time.Minute)}
	f.add(int(n), int(n%40), []string{"low", "informational", "low", "medium", "low", "critical"}[n%6], int(n%11), int(n%7)+20, "")
	return f.batch.Bytes()
}

// A program that is killed again and again makes the incidents that one makes that never was, and tells of each once.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	for k := range 5 {
		if _, err := crash.After(crashDir, dir, 20+100*k); err != nil {
			t.Fatal(err)
		}
	}
	b, d, i, err := ground(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		b.Close()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	done := make(chan error, 1)
	go func() { done <- i.Run(ctx, b) }()
	whole, made := assemble(Needs{Clock: clock.System{}}), map[string]int{}
	read := uint64(0)
	for { // what is made is told a little later
		_, now, _, err := b.Extent(ctx)
		if err == nil && now > read {
			err = b.Read(ctx, read+1, now, func(_ context.Context, m *bus.Message) error { return hearAll(whole, m, made) })
			read = now
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(made) > 0 && len(made) == len(whole.items) && summary(i) == summary(whole) {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("%d incidents told; got\n%s\nwant\n%s", len(made), summary(i), summary(whole))
		}
		clock.Pause(ctx, 20*time.Millisecond)
	}
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for uid, n := range made {
		if n != 1 {
			t.Errorf("incident %s was told %d times", uid, n)
		}
	}
	t.Logf("5 kills, %d batches, %d incidents", read, len(made))
}

// hearAll counts the incidents that are told, and lets a room hear the findings that was never killed.
func hearAll(whole *Incidents, m *bus.Message, made map[string]int) error {
	var r event.Reader
	var e event.Event
	if err := r.Open(m.Batch); err != nil {
		return err
	}
	for r.Next(&e) {
		switch p := e.Payload.(type) {
		case *event.Finding:
			return whole.read(m.Seq, m.Batch)
		case *event.Incident:
			if p.Activity == "Create" {
				made[strings.Clone(p.UID)]++
			}
		}
	}
	return r.Err()
}

// summary is what is in every incident.
func summary(i *Incidents) string {
	i.mu.RLock()
	defer i.mu.RUnlock()
	var out strings.Builder
	for id := uint64(1); id <= i.last; id++ {
		if it := i.items[id]; it != nil {
			fmt.Fprintf(&out, "%d %.6f %d %v\n", id, it.Story.Risk, it.findings(), it.Story.Entities)
		}
	}
	return out.String()
}
