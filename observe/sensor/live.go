package sensor

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"bulwark/event"
	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/health"
)

// retryPause is how long the sensor waits before it looks again for an interface that is away.
const retryPause = 2 * time.Second

// silence is how long an interface may send nothing before that is said.
const silence = 5 * time.Minute

// watch runs one child over the interfaces until ctx ends or the child does.
func (s *Sensor) watch(ctx context.Context) error {
	names, err := s.interfaces()
	if err != nil {
		return err
	}
	workers := len(names) * s.opt.Config.cores()
	if s.opt.Config.Captures != "" {
		workers++
	}
	c, err := s.start(ctx, workers, time.Second)
	if err != nil {
		return err
	}
	defer s.keep(ctx, c)() // until the child has ended
	defer s.gone(c)
	l := &live{s: s, c: c, drops: map[string]*dropped{}, sides: map[uint64]*sided{},
		heard: map[string]time.Time{}}
	if dir := s.opt.Config.Captures; dir != "" {
		l.folder = &folder{s: s, c: c, dir: dir, worker: workers - 1, pace: s.pace, ended: make(chan struct{}, 1), notes: readNotes(s.opt.Notes)}
	}
	s.mu.Lock()
	s.state.Interfaces = nil
	for _, n := range names {
		s.state.Interfaces = append(s.state.Interfaces, Interface{Name: n, Cores: make([]Core, s.opt.Config.cores())})
	}
	if l.folder != nil {
		s.state.Interfaces = append(s.state.Interfaces, Interface{Name: l.folder.dir, Up: true, Cores: make([]Core, 1)})
	}
	s.mu.Unlock()
	ctx, cancel := context.WithCancel(ctx)
	var wait sync.WaitGroup
	wait.Go(func() {
		<-ctx.Done()
		_ = send(c, link.Order{End: true}, nil) // it finishes its flows; the pipe then ends
		select {
		case <-l.ended():
		case <-time.After(stopPatience):
			c.Kill()
		}
	})
	for i, n := range names {
		wait.Go(func() { l.hold(ctx, n, i) })
	}
	if l.folder != nil {
		wait.Go(func() { l.folder.run(ctx) })
	}
	err = s.listen(ctx, c, l.report, l.stats)
	if err != nil {
		c.Kill() // one that breaks the rules does not end when it is asked to
	}
	l.finish()
	cancel()
	wait.Wait()
	return errors.Join(err, c.Wait())
}

// stopPatience is how long the child may take to report what it holds when the program stops.
const stopPatience = 5 * time.Second

func (s *Sensor) interfaces() ([]string, error) {
	if len(s.opt.Config.Interfaces) > 0 || s.opt.Config.Captures != "" {
		return s.opt.Config.Interfaces, nil
	}
	n, err := DefaultInterface()
	if err != nil {
		return nil, fmt.Errorf("finding the interface of the default route: %w; name one under sensor.interfaces", err)
	}
	return []string{n}, nil
}

// live is one child that watches interfaces.
type live struct {
	s      *Sensor
	c      Child
	folder *folder // of captures that are being written; nil where none is followed

	// mu guards what follows.
	mu    sync.Mutex
	drops map[string]*dropped
	heard map[string]time.Time
	sides map[uint64]*sided
	away  map[string]chan struct{}
	done  chan struct{}
}

// sided is how many TCP flows of a VLAN were seen from one and from both sides, fading over some minutes.
type sided struct{ one, two float64 }

func (l *live) ended() chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.done == nil {
		l.done = make(chan struct{})
	}
	return l.done
}

func (l *live) finish() { close(l.ended()) }

// hold keeps one interface watched: it opens it, and opens it anew when it went away.
func (l *live) hold(ctx context.Context, name string, place int) {
	for ctx.Err() == nil {
		gone := l.lost(name)
		if err := l.open(ctx, name, place); err != nil {
			l.s.opt.Health.Set(&interfaceGone, health.Args{"interface": name, "reason": err.Error()})
			if !sleep(ctx, retryPause) {
				return
			}
			continue
		}
		l.s.opt.Health.Clear(&interfaceGone, name)
		l.s.mark(name, true)
		select {
		case <-ctx.Done():
			return
		case <-gone:
			l.s.mark(name, false)
			l.s.opt.Health.Set(&interfaceGone, health.Args{"interface": name, "reason": "it went down"})
			if !sleep(ctx, retryPause) {
				return
			}
		}
	}
}

func sleep(ctx context.Context, d time.Duration) bool {
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

// lost is closed when the child says that the interface is gone.
func (l *live) lost(name string) chan struct{} {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.away == nil {
		l.away = map[string]chan struct{}{}
	}
	l.away[name] = make(chan struct{})
	l.heard[name] = l.s.opt.Clock.Now()
	return l.away[name]
}

// open opens the sockets of an interface, one a core, and hands them to the child.
func (l *live) open(ctx context.Context, name string, place int) error {
	sockets, err := l.s.open(ctx, name)
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range sockets {
			f.Close()
		}
	}()
	for i, f := range sockets {
		w := place*l.s.opt.Config.cores() + i
		if err := send(l.c, link.Order{Source: &link.Source{Name: name, Live: true, Worker: w, Once: loops(name)}}, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sensor) mark(name string, up bool) {
	gauge := s.metrics.up.WithLabelValues(name)
	if gauge.Set(0); up {
		gauge.Set(1)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.state.Interfaces {
		if s.state.Interfaces[i].Name == name {
			s.state.Interfaces[i].Up = up
		}
	}
}

// report takes a report of the child.
func (l *live) report(r link.Report) {
	s := l.s
	switch {
	case r.Ready:
		s.opt.Health.Clear(&notWatching, "")
	case l.folder != nil && l.folder.heard(r):
	case r.Gone:
		l.mu.Lock()
		if c := l.away[r.Source]; c != nil {
			close(c)
			delete(l.away, r.Source)
		}
		l.mu.Unlock()
	case l.watches(r.Source):
		l.counted(r)
	}
}

// watches reports whether name is an interface that the child was handed: it may say any name.
func (l *live) watches(name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.heard[name]
	return ok
}

// dropped is how many packets and events of an interface were lost in the minute that runs.
type dropped struct {
	count uint64
	begun time.Time
}

// add counts n more. It returns how many were lost in the minute that runs, and whether a minute without any has ended.
func (d *dropped) add(now time.Time, n uint64) (lost uint64, ended bool) {
	if now.Sub(d.begun) >= time.Minute {
		ended = d.count == 0
		d.count, d.begun = 0, now
	}
	d.count += n
	return d.count, ended
}

// counted takes what a worker says each few seconds of its socket.
func (l *live) counted(r link.Report) {
	s := l.s
	now := s.opt.Clock.Now()
	l.mu.Lock()
	if r.Packets > 0 {
		l.heard[r.Source] = now
	}
	quiet := now.Sub(l.heard[r.Source])
	d := l.drops[r.Source]
	if d == nil {
		d = &dropped{begun: now}
		l.drops[r.Source] = d
	}
	lost, ended := d.add(now, r.Drops+r.Lost)
	l.mu.Unlock()
	switch {
	case lost > 0:
		s.opt.Health.Set(&dropping, health.Args{"interface": r.Source, "count": strconv.FormatUint(lost, 10)})
	case ended:
		s.opt.Health.Clear(&dropping, r.Source)
	}
	if quiet >= silence {
		s.opt.Health.Set(&silentInterface, health.Args{"interface": r.Source, "minutes": strconv.Itoa(int(quiet.Minutes()))})
	} else {
		s.opt.Health.Clear(&silentInterface, r.Source)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.state.Interfaces {
		if n := &s.state.Interfaces[i]; n.Name == r.Source {
			n.Packets += r.Packets
			n.Bytes += r.Bytes
			n.Drops += r.Drops
			n.Lost += r.Lost
			place := int(r.Worker % uint(len(n.Cores)))
			core := &n.Cores[place]
			core.Packets += r.Packets
			core.Drops += r.Drops
			core.Lost += r.Lost
			s.metrics.count(r, place)
		}
	}
}

// stats looks at what the engine counts: drops become a warning, and so do VLANs of which one side is missing.
func (l *live) stats(p *event.Stats) {
	if p.OneSided+p.TwoSided == 0 || p.VLAN > 4095 { // IEEE 802.1Q §9.6: twelve bits
		return
	}
	l.mu.Lock()
	v := l.sides[p.VLAN]
	if v == nil {
		v = new(sided)
		l.sides[p.VLAN] = v // at most 4,096
	}
	v.one, v.two = v.one*sideFade+float64(p.OneSided), v.two*sideFade+float64(p.TwoSided)
	one, all := v.one, v.one+v.two
	l.mu.Unlock()
	name := strconv.FormatUint(p.VLAN, 10)
	if one >= 10 && one > all/2 {
		l.s.opt.Health.Set(&oneSidedVLAN, health.Args{"vlan": name, "one": strconv.Itoa(int(one)), "all": strconv.Itoa(int(all))})
	} else if one < all/4 {
		l.s.opt.Health.Clear(&oneSidedVLAN, name)
	}
}

// sideFade is how much of an older count remains in a newer one.
const sideFade = 0.95
