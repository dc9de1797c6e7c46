package sensor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"bulwark/event"
	"bulwark/observe/sensor/internal/link"
)

// readFiles reads capture files one after the other as one capture.
func (s *Sensor) readFiles(ctx context.Context) error {
	err := s.readAll(ctx)
	if ctx.Err() != nil {
		return ctx.Err() // the child was killed because somebody asked for the end
	}
	return err
}

func (s *Sensor) readAll(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stats := time.Second
	if s.opt.Ordered || s.opt.Discard {
		stats = 0
	}
	workers := 1
	if !s.opt.Ordered {
		workers = s.opt.Config.cores()
	}
	c, err := s.start(ctx, workers, stats)
	if err != nil {
		return err
	}
	defer s.keep(ctx, c)() // until the child has ended
	defer s.gone(c)
	stop := context.AfterFunc(ctx, c.Kill)
	defer stop()
	f := &reading{c: c, s: s, turn: make(chan struct{}, filesAhead), over: make(chan struct{})}
	sent := make(chan error, 1)
	go func() { sent <- f.send() }()
	err = s.listen(ctx, c, f.note, func(*event.Stats) {})
	close(f.over)
	if err != nil {
		c.Kill()
	}
	err = errors.Join(err, <-sent)
	if ended := c.Wait(); ended != nil && err == nil {
		err = fmt.Errorf("%w: %w", ErrChild, ended)
	}
	return err
}

// filesAhead is how many captures a child has: the one that it reads, and the next.
const filesAhead = 2

// reading is a child that reads captures.
type reading struct {
	s    *Sensor
	c    Child
	turn chan struct{} // holds one for each capture that the child has
	over chan struct{} // closed when the child says nothing more
}

// send hands over the captures, one when another was read.
func (f *reading) send() error {
	for _, name := range f.s.opt.Files {
		select {
		case f.turn <- struct{}{}:
		case <-f.over:
			return nil // how it ended is told elsewhere
		}
		if err := f.sendFile(name); err != nil {
			return err
		}
	}
	return send(f.c, link.Order{End: true}, nil)
}

// sendFile opens a capture and hands it over; "-" is standard input. One that cannot be opened is reported, and the
// next is read.
func (f *reading) sendFile(name string) error {
	in := os.Stdin
	if name != "-" {
		var err error
		if in, err = os.Open(name); err != nil {
			f.s.done(FileReport{Name: name, Err: err})
			<-f.turn
			return nil
		}
		defer in.Close()
	}
	return send(f.c, link.Order{Source: &link.Source{Name: name}}, in)
}

func (s *Sensor) done(r FileReport) {
	if s.opt.Done != nil {
		s.opt.Done(r)
	}
}

func (f *reading) note(r link.Report) {
	if !slices.Contains(f.s.opt.Files, r.Source) { // the child may say any name
		return
	}
	select {
	case <-f.turn:
	default:
	}
	out := FileReport{Name: r.Source, Packets: r.Packets, Bytes: r.Bytes, Events: r.Events, Allocations: r.Allocations}
	if r.Error != "" {
		out.Err = errors.New(r.Error)
	}
	f.s.done(out)
}
