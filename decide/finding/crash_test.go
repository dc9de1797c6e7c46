package finding

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"os"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/internal/crash"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/db"
)

// crashDir makes this test program find things in the directory of that name until it is killed.
const crashDir = "BULWARK_TEST_FINDINGS"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := findForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// ground opens bus, database and room in a directory.
func ground(ctx context.Context, dir string) (*bus.Bus, *db.DB, *Findings, error) {
	b, d, err := crash.Ground(ctx, dir)
	if err != nil {
		return nil, nil, nil, err
	}
	f, err := New(ctx, Needs{DB: d, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Publisher: crash.OnBus{Bus: b}})
	return b, d, f, err
}

// findForEver publishes alerts, and finds what they tell, and prints a line for each batch.
func findForEver(dir string) error {
	ctx := context.Background()
	b, _, f, err := ground(ctx, dir)
	if err != nil {
		return err
	}
	go func() { _ = f.Run(ctx, b) }() // until it is killed
	for n := 0; ; n++ {
		if err := b.Publish(ctx, event.KindAlert.Subject(), alertsNow(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// alertsNow is a batch of three alerts.
func alertsNow(n int) []byte {
	var b event.Batch
	b.Reset("sensor", "main", uint64(time.Now().UnixNano()))
	for k := range 3 {
		h := event.Header{Time: time.Now().UnixNano(), Src: netip.AddrFrom4([4]byte{10, 0, byte(n >> 4), 1}), Dst: netip.AddrFrom4([4]byte{10, 1, 0, byte(k)})}
		b.Add(&h, &event.Alert{Title: "x", GID: 1, SID: uint64(n % 5), Rev: 1, Severity: 2})
	}
	return b.Bytes()
}

// A program that is killed again and again loses no alert, counts none twice, and tells of each finding once.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	for k := range 6 {
		if _, err := crash.After(crashDir, dir, 20+150*k); err != nil {
			t.Fatal(err)
		}
	}
	b, d, f, err := ground(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		b.Close()
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	_, last, _, err := b.Extent(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx, b) }()
	alerts, made := 0, map[string]int{}
	count := func(_ context.Context, m *bus.Message) error {
		var r event.Reader
		var e event.Event
		if err := r.Open(m.Batch); err != nil {
			return err
		}
		for r.Next(&e) {
			switch p := e.Payload.(type) {
			case *event.Alert:
				alerts++
			case *event.Finding:
				if p.Activity == "Create" {
					made[string([]byte(p.UID))]++
				}
			}
		}
		return r.Err()
	}
	if err := b.Read(ctx, 1, last, count); err != nil {
		t.Fatal(err)
	}
	for told := last; ; { // what is found is told a little later
		counted, found := f.counted()
		if counted == uint64(alerts) && found == len(made) {
			break
		}
		if ctx.Err() != nil || counted > uint64(alerts) || len(made) > found && counted == uint64(alerts) {
			t.Fatalf("%d alerts are counted of %d, %d findings told of %d", counted, alerts, len(made), found)
		}
		_, now, _, err := b.Extent(ctx)
		if err == nil && now > told {
			err = b.Read(ctx, told+1, now, count)
			told = now
		}
		if err != nil {
			t.Fatal(err)
		}
		clock.Pause(ctx, 20*time.Millisecond)
	}
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for uid, n := range made {
		if n != 1 {
			t.Errorf("finding %s was told %d times", uid, n)
		}
	}
	t.Logf("6 kills, %d alerts, %d findings", alerts, len(made))
}

// counted is how many alerts are counted, in how many findings.
func (f *Findings) counted() (n uint64, found int) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, it := range f.every {
		n += it.Count
	}
	return n, len(f.every)
}
