package child

import (
	"context"
	"errors"
	"io"
	"os"
	"time"

	"bulwark/observe/sensor/internal/link"
	"bulwark/observe/sensor/internal/ring"
	"bulwark/wire/pcap"
)

// grow reads a capture that is being written, on a goroutine of its own, until it is whole or the crew stops.
func (c *crew) grow(ctx context.Context, s *link.Source, f *os.File) {
	whole := make(chan struct{})
	c.mu.Lock()
	if c.growing == nil {
		c.growing = map[string]chan struct{}{}
	}
	c.growing[s.Name] = whole
	c.mu.Unlock()
	c.busy.Go(func() {
		defer f.Close()
		w := c.liveWatcher(s)
		w.recorder = c.recorder(s.Worker, "")
		g := &growing{crew: c, source: s, watcher: w, file: f, ctx: ctx, whole: whole}
		err := g.read()
		if ctx.Err() != nil {
			w.Close()
		}
		w.outbox.flush()
		w.rest()
		c.keep(s, w)
		g.report(true, err)
	})
}

// whole says that a capture grows no more.
func (c *crew) whole(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if g := c.growing[name]; g != nil {
		close(g)
		delete(c.growing, name)
	}
}

// growing reads one capture that is being written.
type growing struct {
	crew    *crew
	source  *link.Source
	watcher watcher
	file    *os.File
	ctx     context.Context // ends the wait for more
	whole   chan struct{}   // closed when nothing more is written

	last           int64     // time of the last packet, by the capture's clock
	resting        time.Time // since when there was nothing to read
	done           uint64    // packets, with those that were passed over
	packets, bytes uint64    // since the last report
	flushed, told  time.Time
}

// read reads the capture to its end. What its last bytes lack, when no more comes, is its error.
func (g *growing) read() error {
	src, err := pcap.NewReader(g)
	if err != nil {
		return err
	}
	var p pcap.Packet
	var kept ring.Packet
	for {
		if err := src.Next(&p); errors.Is(err, io.EOF) || g.ctx.Err() != nil {
			return nil
		} else if err != nil {
			return err
		}
		if g.done++; g.done <= g.source.Skip {
			continue
		}
		g.packets++
		g.bytes += uint64(p.Orig)
		g.last = p.Time
		kept.Time, kept.Link, kept.Size, kept.Data = p.Time, p.Link, p.Orig, p.Data
		g.watcher.take(&kept, 0)
		if g.packets%betweenPackets == 0 {
			g.between(g.crew.clock.Now())
		}
	}
}

// betweenPackets is after how many packets is looked after what is due.
const betweenPackets = 256

// Read reads on as the file grows.
func (g *growing) Read(p []byte) (int, error) {
	wait := time.NewTicker(idleEvery)
	defer wait.Stop()
	for over := false; ; {
		n, err := g.file.Read(p)
		if n > 0 || err != nil && !errors.Is(err, io.EOF) {
			g.resting = time.Time{}
			return n, err
		}
		if over {
			return 0, io.EOF
		}
		select {
		case <-g.whole:
			over = true // once more: what came before it was said
		case <-g.ctx.Done():
			return 0, io.EOF
		case <-wait.C:
			g.idle(g.crew.clock.Now())
		}
	}
}

// idle lets time pass while nothing comes: by the capture's clock, which need not be that of today.
func (g *growing) idle(now time.Time) {
	if g.resting.IsZero() {
		g.resting = now
	}
	g.watcher.Tick(g.last + int64(now.Sub(g.resting)))
	g.between(now)
}

// between does what is due between packets: it sends what waits, and reports.
func (g *growing) between(now time.Time) {
	g.watcher.listen()
	if now.Sub(g.flushed) >= flushEvery {
		g.flushed = now
		g.watcher.outbox.flush()
	}
	g.watcher.between(now)
	if now.Sub(g.told) >= reportEvery {
		g.told = now
		g.report(false, nil)
	}
}

func (g *growing) report(ended bool, err error) {
	r := link.Report{Source: g.source.Name, Worker: uint(g.source.Worker), Packets: g.packets, Bytes: g.bytes, Read: g.done,
		Ended: ended, Lost: g.watcher.outbox.lost.Swap(0), Events: g.watcher.outbox.sent.Swap(0), Ring: counts(g.watcher.recorder, nil)}
	g.packets, g.bytes = 0, 0
	if err != nil {
		r.Error = err.Error()
	}
	g.crew.pipe.report(r)
}
