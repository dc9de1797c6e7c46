package child

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"

	"bulwark/observe/sensor/internal/capture"
	"bulwark/observe/sensor/internal/link"
	"bulwark/observe/sensor/internal/ring"
)

const (
	flushEvery  = 200 * time.Millisecond // a batch waits no longer
	reportEvery = 2 * time.Second
)

// watch reads a capture socket on a goroutine of its own until the crew stops or the interface goes away.
func (c *crew) watch(ctx context.Context, s *link.Source, f *os.File) {
	c.busy.Go(func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		w := c.liveWatcher(s)
		w.recorder = c.recorder(s.Worker, s.Name)
		l := &listener{crew: c, source: s, watcher: w}
		err := l.listen(ctx, f)
		if errors.Is(err, context.Canceled) {
			w.Close()
		}
		w.outbox.flush()
		w.rest()
		r := link.Report{Source: s.Name, Worker: uint(s.Worker), Packets: l.packets, Bytes: l.bytes, Drops: l.drops,
			Lost: w.outbox.lost.Swap(0), Ring: counts(w.recorder, nil)}
		if err != nil && !errors.Is(err, context.Canceled) {
			r.Gone, r.Error = true, err.Error()
		}
		c.keep(s, w)
		c.pipe.report(r)
	})
}

// liveWatcher is the worker of a place: the one that was there before its interface went away, or a new one.
func (c *crew) liveWatcher(s *link.Source) watcher {
	c.mu.Lock()
	defer c.mu.Unlock()
	if p, ok := c.parked[s.Worker]; ok {
		delete(c.parked, s.Worker)
		return p
	}
	return c.watcher(s.Name)
}

// keep parks a worker whose socket went away: it goes on with the next one in the same place.
func (c *crew) keep(s *link.Source, w watcher) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.parked[s.Worker] = w
}

// listener reads one socket.
type listener struct {
	crew           *crew
	source         *link.Source
	watcher        watcher
	kept           ring.Packet
	packets, bytes uint64 // since the last report
	drops          uint64 // by the kernel, since the last report: known when the socket is asked
	dropped        uint64 // by the kernel, since the socket was opened
	flushed, told  time.Time
}

func (l *listener) listen(ctx context.Context, f *os.File) error {
	r, err := capture.FromFD(f)
	if err != nil {
		return err
	}
	defer r.Close()
	defer l.ask(r) // what was dropped after the last report
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
			k := &l.kept
			k.Time, k.Link, k.Data, k.Size, k.Outgoing = p.Time, p.Link, p.Data, p.Orig, p.Outgoing
			k.Tagged, k.TCI, k.TPID = p.Tagged, p.TCI, p.TPID
			l.watcher.take(k, vlan)
		}
		l.between(r)
	}, func() {
		l.watcher.Tick(l.crew.clock.Now().UnixNano())
		l.between(r)
	})
}

// between does what is due between two blocks: it sends what waits, and reports.
func (l *listener) between(r *capture.Ring) {
	now := l.crew.clock.Now()
	l.watcher.listen()
	if now.Sub(l.flushed) >= flushEvery {
		l.flushed = now
		l.watcher.outbox.flush()
	}
	l.watcher.between(now)
	if now.Sub(l.told) < reportEvery {
		return
	}
	l.told = now
	l.ask(r)
	report := link.Report{Source: l.source.Name, Worker: uint(l.source.Worker), Packets: l.packets, Bytes: l.bytes, Drops: l.drops,
		Lost: l.watcher.outbox.lost.Swap(0), Ring: counts(l.watcher.recorder, nil)}
	l.packets, l.bytes, l.drops = 0, 0, 0
	l.crew.pipe.report(report)
}

// ask asks the socket how many packets it has dropped.
func (l *listener) ask(r *capture.Ring) {
	s, err := r.Stats()
	if err != nil {
		return // it is counted the next time
	}
	l.drops += s.Dropped - l.dropped
	l.watcher.KernelDropped(s.Dropped - l.dropped)
	l.dropped = s.Dropped
}
