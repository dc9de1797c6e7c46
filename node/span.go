package node

import (
	"path/filepath"
	"sync"
	"time"

	"bulwark/console"
	"bulwark/event"
)

// span is the time from the first event of a capture to its last.
type span struct {
	mu       sync.Mutex
	from, to int64 // unix nanoseconds
	events   uint64
	whole    bool // the capture was read to its end, and what was in it can be searched
	reader   event.Reader
}

// widen takes in the events of a batch.
func (s *span) widen(batch []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader.Open(batch) != nil {
		return // the sensor has checked it
	}
	s.events += uint64(s.reader.Len())
	var e event.Event
	for s.reader.Next(&e) {
		if s.from == 0 || e.Time < s.from {
			s.from = e.Time
		}
		s.to = max(s.to, e.Time)
	}
}

func (s *span) published() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.events
}

func (s *span) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.whole = true
}

// shown is the capture that the console shows; nil where the network is watched, or nothing was read yet.
func (n *Node) shown() *console.Capture {
	if n.capture == "" {
		return nil
	}
	s := &n.span
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from == 0 {
		return nil
	}
	return &console.Capture{Name: filepath.Base(n.capture), From: time.Unix(0, s.from).UTC(),
		To: time.Unix(0, s.to).Add(time.Second).UTC(), Reading: !s.whole}
}
