// Package intaketest holds what the tests of intakes share.
package intaketest

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"bulwark/event"
	"bulwark/observe/logs/internal/intake"
)

// ErrFull is what a full sink answers.
var ErrFull = errors.New("intaketest: full")

// Sink keeps what it is handed. Its zero value is ready.
type Sink struct {
	// Room is how many records it takes before it is full; 0: it never is.
	Room int
	// Taken is called with all records that were taken so far, after each Take; it may be nil.
	Taken func(n int)

	// mu guards records.
	mu      sync.Mutex
	records []intake.Record
}

// Take keeps records, with memory of their own.
func (s *Sink) Take(ctx context.Context, records []intake.Record) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	if s.Room > 0 && len(s.records)+len(records) > s.Room {
		return ErrFull
	}
	for _, r := range records {
		r.Text = slices.Clone(r.Text)
		r.Stream = strings.Clone(r.Stream)
		if r.Log != nil {
			r.Log, _ = clone(&event.Event{Payload: r.Log}).Payload.(*event.Log)
		}
		if r.Event != nil {
			r.Event = clone(r.Event)
		}
		s.records = append(s.records, r)
	}
	if s.Taken != nil {
		s.Taken(len(s.records))
	}
	return nil
}

// clone is an event with memory of its own: what comes back from the form in which it travels.
func clone(e *event.Event) *event.Event {
	var b event.Batch
	b.Reset("test", "", 1)
	b.Add(&e.Header, e.Payload)
	var r event.Reader
	out := &event.Event{}
	if r.Open(slices.Clone(b.Bytes())) != nil || !r.Next(out) {
		return nil
	}
	return out
}

// Records are what was taken so far.
func (s *Sink) Records() []intake.Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.records)
}
