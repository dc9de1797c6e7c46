package child

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"

	"bulwark/observe/sensor/internal/capture"
	"bulwark/observe/sensor/internal/engine"
	"bulwark/observe/sensor/internal/link"
)

const (
	flushEvery  = 200 * time.Millisecond // a batch waits no longer
	reportEvery = 2 * time.Second
)

// watch reads a capture socket on a goroutine of its own until the crew stops or the interface goes away.
func (c *crew) watch(ctx context.Context, s *link.Source, f *os.File) {
	c.live.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		w, o := c.liveWorker(s)
		l := &listener{crew: c, source: s, worker: w, outbox: o}
		err := l.listen(ctx, f)
		if errors.Is(err, context.Canceled) {
			w.Close()
		}
		o.flush()
		r := link.Report{Source: s.Name, Worker: uint(s.Worker), Packets: l.packets, Bytes: l.bytes, Lost: o.lost.Swap(0)}
		if err != nil && !errors.Is(err, context.Canceled) {
			r.Gone, r.Error = true, err.Error()
		}
		c.keep(s, w, o)
		c.pipe.report(r)
	})
}

// parked is a worker whose socket went away: it goes on with the next one in the same place.
type parked struct {
	worker *engine.Worker
	outbox *outbox
}

// liveWorker is the worker of a place: the one that was there before its interface went away, or a new one.
func (c *crew) liveWorker(s *link.Source) (*engine.Worker, *outbox) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.parked[s.Worker]; ok {
		delete(c.parked, s.Worker)
		return p.worker, p.outbox
	}
	return c.worker(s.Name)
}

func (c *crew) keep(s *link.Source, w *engine.Worker, o *outbox) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parked[s.Worker] = parked{w, o}
}

// listener reads one socket.
type listener struct {
	crew           *crew
	source         *link.Source
	worker         *engine.Worker
	outbox         *outbox
	packets, bytes uint64 // since the last report
	dropped        uint64 // by the kernel, since the socket was opened
	flushed, told  time.Time
	heard          uint64 // how much of the journal was read
}

func (l *listener) listen(ctx context.Context, f *os.File) error {
	r, err := capture.FromFD(f)
	if err != nil {
		return err
	}
	defer r.Close()
	var p capture.Packet
	return r.Blocks(ctx, func(b *capture.Block) {
		for b.Next(&p) {
			if p.Outgoing && l.source.Once {
				continue
			}
			vlan := uint16(0)
			if p.Tagged {
				vlan = p.TCI & 0x0fff
			}
			l.packets++
			l.bytes += uint64(p.Orig)
			l.worker.Packet(p.Time, p.Link, p.Orig, vlan, p.Data)
		}
		l.between(r)
	}, func() {
		l.worker.Tick(l.crew.clock.Now().UnixNano())
		l.between(r)
	})
}

// between does what is due between two blocks: it sends what waits, and reports.
func (l *listener) between(r *capture.Ring) {
	now := l.crew.clock.Now()
	l.heard = l.crew.journal.since(l.heard, l.worker)
	if now.Sub(l.flushed) >= flushEvery {
		l.flushed = now
		l.outbox.flush()
	}
	if now.Sub(l.told) < reportEvery {
		return
	}
	l.told = now
	report := link.Report{Source: l.source.Name, Worker: uint(l.source.Worker), Packets: l.packets, Bytes: l.bytes, Lost: l.outbox.lost.Swap(0)}
	l.packets, l.bytes = 0, 0
	if s, err := r.Stats(); err == nil {
		report.Drops = s.Dropped - l.dropped
		l.dropped = s.Dropped
		l.worker.KernelDropped(report.Drops)
	}
	l.crew.pipe.report(report)
}
