package logrule

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bulwark/event"
	"bulwark/internal/crash"
	"bulwark/platform/bus"
	"bulwark/platform/clock"
	"bulwark/platform/db"
)

// crashDir makes this test program ask rules about events in the directory of that name until it is killed.
const crashDir = "BULWARK_TEST_LOGRULES"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := askForEver(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// tenRefusals says of somebody who is refused ten times that it is so.
const tenRefusals = `title: refused
name: refused
logsource: {product: door}
detection: {refused: {event.outcome: failure}, condition: refused}
level: informational
---
title: ten times
id: 11111111-0000-4000-8000-000000000010
correlation: {type: event_count, rules: [refused], group-by: [who], timespan: 30d, condition: {gte: 10}}
level: high
`

// ground opens bus, database and room in a directory.
func ground(ctx context.Context, dir string) (*bus.Bus, *db.DB, *Room, error) {
	b, d, err := crash.Ground(ctx, dir)
	if err != nil {
		return nil, nil, nil, err
	}
	r, err := Open(ctx, Needs{Rules: func() ([]File, error) { return []File{{Set: "shipped", Name: "a.yml", Text: []byte(tenRefusals)}}, nil },
		Publisher: crash.OnBus{Bus: b}, DB: d, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler), Registry: prometheus.NewRegistry()})
	return b, d, r, err
}

// together are people who are refused in the same time: the n-th event is of one of them, and ten of them are of each.
const together = 40

func refusedAt(n uint64) []byte {
	var b event.Batch
	b.Reset("door", "s", n)
	h := event.Header{Time: int64(n) * int64(time.Second)}
	b.Add(&h, &event.Log{Product: "door", Outcome: "failure", Fields: []string{"who", fmt.Sprintf("p%d", n/(10*together)*together+n%together)}})
	return b.Bytes()
}

// askForEver publishes events, has rules asked about them and what is known kept, and prints a line for each.
func askForEver(dir string) error {
	ctx := context.Background()
	b, _, r, err := ground(ctx, dir)
	if err != nil {
		return err
	}
	n, _, err := onBus(ctx, b)
	if err != nil {
		return err
	}
	if n == 0 { // what comes before somebody listens for the first time is nobody's
		var other event.Batch
		other.Reset("door", "s", 1<<40)
		other.Add(&event.Header{Time: 1}, &event.Flow{})
		if err := b.Publish(ctx, event.KindFlow.Subject(), other.Bytes()); err != nil {
			return err
		}
	}
	if err := r.catchUp(ctx, b); err != nil { // as Run does: it listens from here on
		return err
	}
	r.keepNow(ctx)
	go func() { _ = r.Run(ctx, b) }() // until it is killed
	go func() {
		for ; ; time.Sleep(3 * time.Millisecond) {
			r.keepNow(ctx)
		}
	}()
	for ; ; n++ {
		if err := b.Publish(ctx, event.KindLog.Subject(), refusedAt(n)); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// onBus is how many events there are, and how often each person is told of.
func onBus(ctx context.Context, b *bus.Bus) (events uint64, told map[string]int, err error) {
	told = map[string]int{}
	first, last, _, err := b.Extent(ctx)
	if err != nil || last == 0 {
		return 0, told, err
	}
	err = b.Read(ctx, first, last, func(_ context.Context, m *bus.Message) error {
		var in event.Reader
		var e event.Event
		if err := in.Open(m.Batch); err != nil {
			return err
		}
		for in.Next(&e) {
			switch p := e.Payload.(type) {
			case *event.Log:
				events++
			case *event.Alert:
				_, who, _ := strings.Cut(p.Record, `"group":{"who":"`)
				who, _, _ = strings.Cut(who, `"`)
				told[strings.Clone(who)]++
			}
		}
		return in.Err()
	})
	return events, told, err
}

// What correlations had counted is there after a kill at any moment: whoever is refused ten times is told of, once.
func TestWindowsOutliveKills(t *testing.T) {
	dir := t.TempDir()
	for k := range 6 {
		if _, err := crash.After(crashDir, dir, 30+170*k); err != nil {
			t.Fatal(err)
		}
	}
	b, d, r, err := ground(t.Context(), dir)
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
	defer stop()
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx, b) }()
	events, told, err := onBus(ctx, b)
	for people := events / (10 * together) * together; err == nil && uint64(len(told)) < people; clock.Pause(ctx, 20*time.Millisecond) {
		_, told, err = onBus(ctx, b)
	}
	if err != nil {
		var missing []string
		for n := range events / (10 * together) * together {
			if who := fmt.Sprint("p", n); told[who] == 0 {
				missing = append(missing, who)
			}
		}
		t.Fatalf("%d events, %d people told of, not %v: %v", events, len(told), missing, err)
	}
	stop()
	if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for who, n := range told {
		if n != 1 {
			t.Errorf("%q was told of %d times", who, n)
		}
	}
	t.Logf("6 kills, %d events, %d people", events, len(told))
}
