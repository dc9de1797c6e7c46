package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"sync"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/store"
	"bulwark/platform/store/internal/load"
)

// options are how bus and store are opened, by the child and for the final count.
func busOptions(dir string, log *slog.Logger) bus.Options {
	return bus.Options{Dir: dir + "/bus", Hold: []string{store.Holder}, MinFree: 64 << 20, Log: log}
}

func storeOptions(dir string, log *slog.Logger) store.Options {
	return store.Options{Dir: dir + "/store", MinFree: 64 << 20, Memory: 512 << 20, Log: log}
}

// child publishes and stores events, rate a second, until it is killed. It writes "ready" once, and a line with the
// batch's id and number of events after each acknowledgement. generation makes its batches differ from those of the
// children before.
func child(ctx context.Context, dir string, generation, rate int, out io.Writer) error {
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	b, err := bus.Open(ctx, busOptions(dir, log))
	if err != nil {
		return err
	}
	defer b.Close()
	s, err := store.Open(storeOptions(dir, log))
	if err != nil {
		return err
	}
	defer s.Close()
	p, err := b.Publisher(bus.PublisherOptions{})
	if err != nil {
		return err
	}
	lines := &lineWriter{w: bufio.NewWriter(out)}
	if err := lines.write("ready"); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go func() { stop(s.Run(ctx, b)) }()
	if err := emit(ctx, p, generation, rate, lines); err != nil {
		return err
	}
	return context.Cause(ctx)
}

// emit publishes events until ctx ends.
func emit(ctx context.Context, p *bus.Publisher, generation, rate int, lines *lineWriter) error {
	l := load.New(time.Now(), time.Second/time.Duration(rate))
	to := load.Batcher{Sensor: "crash-" + strconv.Itoa(generation), Site: "test", Size: max(rate/100, 1)}
	to.Put = func(k event.Kind, id uint64, batch []byte, events int) error {
		return p.Publish(ctx, k.Subject(), batch, func(err error) {
			if err == nil {
				_ = lines.write(fmt.Sprintf("%s-%s %d", to.Sensor, strconv.FormatUint(id, 36), events))
			}
		})
	}
	const tick = 10 * time.Millisecond
	t := time.NewTicker(tick)
	defer t.Stop()
	var h event.Header
	for i := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
		}
		for range max(int(int64(rate)*int64(tick)/int64(time.Second)), 1) {
			if err := add(&to, l, i, &h); err != nil {
				return err
			}
			i++
		}
	}
}

// lineWriter writes whole lines from several goroutines.
type lineWriter struct {
	mu sync.Mutex
	w  *bufio.Writer
}

func (l *lineWriter) write(line string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, err := l.w.WriteString(line + "\n"); err != nil {
		return err
	}
	return l.w.Flush()
}

func add(to *load.Batcher, l *load.Load, i int, h *event.Header) error {
	p := l.Event(i, h)
	return to.Add(h, p)
}
