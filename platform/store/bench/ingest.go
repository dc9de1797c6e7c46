package main

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"bulwark/event"
	"bulwark/platform/bus"
	"bulwark/platform/store"
	"bulwark/platform/store/internal/load"
)

// work is one run of the bench.
type work struct {
	b        *bus.Bus
	s        *store.Store
	o        options
	from, to time.Time
}

// ingest publishes n events and waits until all of them are durable rows.
func (w *work) ingest(ctx context.Context) error {
	if w.o.reuse {
		return nil
	}
	stop, err := profile(w.o.cpuprofile)
	if err != nil {
		return err
	}
	began, cpu := time.Now(), processCPU()
	made, err := w.publish(ctx)
	if err != nil {
		return err
	}
	if err := w.settle(ctx, uint64(w.o.n)); err != nil {
		return err
	}
	wall, used := time.Since(began), processCPU()-cpu-made
	stop()
	bytes, err := size(filepath.Join(w.o.dir, "store"))
	if err != nil {
		return err
	}
	onBus, err := size(filepath.Join(w.o.dir, "bus"))
	if err != nil {
		return err
	}
	n := float64(w.o.n)
	fmt.Printf("ingest: %d events in %.1f s wall, %.1f CPU-s (and %.1f CPU-s to make them), %.1f us CPU an event\n",
		w.o.n, wall.Seconds(), used.Seconds(), made.Seconds(), used.Seconds()*1e6/n)
	fmt.Printf("RESULT store_ingest_eps %.0f events/cpu-s\n", n/used.Seconds())
	fmt.Printf("RESULT store_ingest_wall_eps %.0f events/s wall\n", n/wall.Seconds())
	fmt.Printf("RESULT store_bytes_per_event %.1f B\n", float64(bytes)/n)
	fmt.Printf("RESULT bus_bytes_per_event %.1f B\n", float64(onBus)/n)
	fmt.Printf("RESULT store_ingest_rss_mb %.0f MiB\n", peakRSS())
	return nil
}

// publish makes and publishes the events, and returns the CPU time that making them took, which a sensor would bear.
func (w *work) publish(ctx context.Context) (made time.Duration, err error) {
	runtime.LockOSThread() // for the clock of the thread
	defer runtime.UnlockOSThread()
	p, err := w.b.Publisher(bus.PublisherOptions{})
	if err != nil {
		return 0, err
	}
	l := load.New(w.from, w.to.Sub(w.from)/time.Duration(w.o.n))
	var sent time.Duration
	to := load.Batcher{Sensor: "bench", Site: "north", Size: 500}
	to.Put = func(k event.Kind, _ uint64, batch []byte, _ int) error {
		at := threadCPU()
		defer func() { sent += threadCPU() - at }()
		return p.Publish(ctx, k.Subject(), batch, nil)
	}
	began := threadCPU()
	var h event.Header
	for i := range w.o.n {
		e := l.Event(i, &h)
		if err := to.Add(&h, e); err != nil {
			return 0, err
		}
	}
	if err := to.Flush(); err != nil {
		return 0, err
	}
	made = threadCPU() - began - sent
	p.Close(ctx)
	return made, nil
}

// settle waits until there are n rows and the store's position says that all of them are on the disk.
func (w *work) settle(ctx context.Context, n uint64) error {
	_, last, _, err := w.b.Extent(ctx)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		time.Sleep(100 * time.Millisecond)
		kept, err := w.b.Position(ctx, store.Holder)
		if err != nil {
			return err
		}
		if rows := w.s.Stats().Rows; kept >= last {
			if rows != n {
				return fmt.Errorf("got %d rows, want %d", rows, n)
			}
			return nil
		}
	}
	return ctx.Err()
}

func processCPU() time.Duration { return cpu(unix.RUSAGE_SELF) }

func threadCPU() time.Duration {
	var ts unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &ts)
	return time.Duration(ts.Nano())
}

func cpu(who int) time.Duration {
	var u unix.Rusage
	_ = unix.Getrusage(who, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// size is the bytes of all files below dir.
func size(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // a merge may have removed it
		}
		if i, err := d.Info(); err == nil {
			total += i.Size()
		}
		return nil
	})
	return total, err
}

// peakRSS is the largest resident set of this process, in MiB.
func peakRSS() float64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		return 0
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		if v, ok := strings.CutPrefix(s.Text(), "VmHWM:"); ok {
			var kb float64
			fmt.Sscan(v, &kb)
			return kb / 1024
		}
	}
	return 0
}
