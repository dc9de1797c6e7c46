package sensor

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"bulwark/event"
	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/clock"
	"bulwark/platform/health"
)

// captured is a child that somebody took over: it writes what it likes and ends only when it is killed.
type captured struct {
	says   io.Reader
	killed chan struct{}
	once   sync.Once
}

func takeOver(text []byte) *captured {
	c := &captured{killed: make(chan struct{})}
	c.says = io.MultiReader(strings.NewReader(string(text)), untilKilled{c.killed})
	return c
}

type untilKilled struct{ killed chan struct{} }

func (u untilKilled) Read([]byte) (int, error) { <-u.killed; return 0, io.EOF }

func (c *captured) Send([]byte, *os.File) error     { return nil }
func (c *captured) Out() io.Reader                  { return c.says }
func (c *captured) Wait() error                     { <-c.killed; return errors.New("killed") }
func (c *captured) Kill()                           { c.once.Do(func() { close(c.killed) }) }
func (c *captured) Walls() (held, missing []string) { return nil, nil }

// hostile are what the parent must let nothing through of.
func hostile() []struct {
	name string
	says []byte
} {
	frame := func(kind byte, of event.Kind, payload []byte) []byte {
		return append(link.AppendHead(nil, kind, of, len(payload)), payload...)
	}
	var b event.Batch
	b.Reset("probe", "north", 1)
	b.Add(&event.Header{Time: 1}, &event.DNS{ID: 1, Hostname: "host.example"})
	good := append([]byte(nil), b.Bytes()...)
	return []struct {
		name string
		says []byte
	}{
		{"noise", []byte("GET / HTTP/1.1\r\n\r\n")},
		{"a frame of four gigabytes", link.AppendHead(nil, link.FrameBatch, 0, 1<<32-1)},
		{"a batch that is none", frame(link.FrameBatch, event.KindDNS, []byte("no batch"))},
		{"a batch that is cut", frame(link.FrameBatch, event.KindDNS, good[:len(good)-3])},
		{"events of another kind than the frame says", frame(link.FrameBatch, event.KindFlow, good)},
		{"a report that is no JSON", frame(link.FrameReport, 0, []byte("{"))},
		{"a report of the wrong shape", frame(link.FrameReport, 0, []byte(`{"packets":"many"}`))},
	}
}

func TestAChildThatBreaksTheRulesIsKilledAndStartedAnew(t *testing.T) {
	for _, c := range hostile() {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				l := &lines{t: t}
				tracker := health.NewTracker(clock.System{})
				var started atomic.Int32
				config := Defaults()
				config.Interfaces = []string{"bulwark-none"}
				s := New(Options{Config: config, Name: "test", Publisher: l, Health: tracker, Log: slog.New(slog.DiscardHandler), Clock: clock.System{},
					Start: func(context.Context) (Child, error) {
						if started.Add(1) == 3 {
							cancel()
						}
						return takeOver(c.says), nil
					}})
				if err := s.Run(ctx); err != nil {
					t.Errorf("Run = %v", err)
				}
				if got := s.State().Restarts; got < 2 {
					t.Errorf("got %d restarts, want 2", got)
				}
				if len(l.events) > 0 {
					t.Errorf("got %d events through, want none", len(l.events))
				}
				warned := false
				for _, w := range tracker.Warnings() {
					warned = warned || w.ID == notWatching.ID
				}
				if !warned {
					t.Error("nobody is told")
				}
			})
		})
	}
}

func TestAChildThatBreaksTheRulesEndsTheReading(t *testing.T) {
	for _, c := range hostile() {
		l := &lines{t: t}
		s := New(Options{Config: Defaults(), Name: "test", Publisher: l, Files: []string{os.DevNull}, Health: health.NewTracker(clock.System{}),
			Log: slog.New(slog.DiscardHandler), Clock: clock.System{},
			Start: func(context.Context) (Child, error) { return takeOver(c.says), nil }})
		if err := s.Run(t.Context()); err == nil {
			t.Errorf("%s: got no error", c.name)
		}
		if len(l.events) > 0 {
			t.Errorf("%s: got %d events through, want none", c.name, len(l.events))
		}
	}
}
