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
	stop := context.AfterFunc(ctx, c.Kill)
	defer stop()
	sent := make(chan error, 1)
	go func() { sent <- s.sendFiles(c) }()
	err = s.listen(ctx, c, s.noteFile, func(*event.Stats) {})
	if err != nil {
		c.Kill()
	}
	err = errors.Join(err, <-sent)
	if ended := c.Wait(); ended != nil && err == nil {
		err = fmt.Errorf("%w: %w", ErrChild, ended)
	}
	return err
}

func (s *Sensor) sendFiles(c Child) error {
	for _, name := range s.opt.Files {
		if err := s.sendFile(c, name); err != nil {
			return err
		}
	}
	return send(c, link.Order{End: true}, nil)
}

// sendFile opens a capture and hands it over; "-" is standard input. One that cannot be opened is reported, and the
// next is read.
func (s *Sensor) sendFile(c Child, name string) error {
	f := os.Stdin
	if name != "-" {
		var err error
		if f, err = os.Open(name); err != nil {
			s.done(FileReport{Name: name, Err: err})
			return nil
		}
		defer f.Close()
	}
	return send(c, link.Order{Source: &link.Source{Name: name}}, f)
}

func (s *Sensor) done(r FileReport) {
	if s.opt.Done != nil {
		s.opt.Done(r)
	}
}

func (s *Sensor) noteFile(r link.Report) {
	if !slices.Contains(s.opt.Files, r.Source) { // the child may say any name
		return
	}
	out := FileReport{Name: r.Source, Packets: r.Packets, Bytes: r.Bytes, Events: r.Events, Allocations: r.Allocations}
	if r.Error != "" {
		out.Err = errors.New(r.Error)
	}
	s.done(out)
}
