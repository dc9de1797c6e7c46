// Package sensor watches the network. It sees mirrored traffic, live or from capture files, and publishes what crosses
// it as events: flows, names, and what the protocols of a hospital say.
//
// Packets are hostile. They are read in a child process that holds nothing but the sockets and files it is handed and
// a pipe back (package cage); this side opens the sockets, checks what comes through the pipe, and publishes it.
package sensor

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"bulwark/event"
	"bulwark/event/eve"
	"bulwark/observe/sensor/internal/link"
	"bulwark/platform/clock"
	"bulwark/platform/health"
)

// Child is the caged process, as this side holds it.
type Child interface {
	// Send hands over a message and, where it is not nil, an open file.
	Send(message []byte, file *os.File) error
	// Out is the pipe from the child.
	Out() io.Reader
	// Wait waits for the end of the process and says how it ended.
	Wait() error
	// Kill ends it.
	Kill()
	// Walls are the layers that lock it up, in words: those that hold, and those that this system does not offer.
	Walls() (held, missing []string)
}

// Publisher takes batches of events.
type Publisher interface {
	// Publish takes over responsibility for a batch; kind is KindNone for one of mixed kinds. It may wait. The batch
	// is not kept.
	Publish(ctx context.Context, kind event.Kind, batch []byte) error
}

// Options are what a sensor is made from. All fields without a comment are required.
type Options struct {
	Config     Config
	Name, Site string
	Pseudonyms [32]byte // key of the patients' pseudonyms
	Seed       uint64   // secret of the tables' hashes; 0: drawn at each start, another draw for each child
	Start      func(context.Context) (Child, error)
	Publisher  Publisher
	Health     *health.Tracker
	Log        *slog.Logger
	Clock      clock.Clock
	Registry   prometheus.Registerer    // counters of what is watched go here; nil means nowhere
	Files      []string                 // capture files to read instead of interfaces; of their packets those that Config.Filter wants
	Done       func(FileReport)         // is told when a file has been read; may be nil
	Ordered    bool                     // files only: events in one stream in their order
	EVE        bool                     // files only: records as Suricata writes them, one a transaction, where ours tell the outcome
	Records    eve.Records              // with EVE: what is written down for it
	Copies     *Files                   // keeps copies of files; nil: none are kept
	Notes      string                   // file in which it is written down which captures of Config.Captures were read; may be empty
	Ring       *Ring                    // keeps the packets; nil: they are not kept
	Look       func() (*os.File, error) // opens what is looked for in the traffic, for the [inspect.Eye] of the child; nil: nothing is
	Looked     func(error)              // is told whether that was taken over; may be nil
	Costs      func([]byte)             // takes what it cost to look for each thing, in the form of the eye: at the end of files, and when [Sensor.AskCosts] asks; may be nil
	Walked     bool                     // files only: Publisher walks each batch to its end, and returns where it is malformed
	Discard    bool                     // files only: encode the events and throw them away, to measure
}

// FileReport says how far a capture file was readable.
type FileReport struct {
	Name           string
	Packets, Bytes uint64
	Events         uint64
	Allocations    uint64 // with Discard: memory allocations made while it was read
	Err            error  // nil when it was read to its end
}

// Sensor is the room.
type Sensor struct {
	opt     Options
	metrics *metrics

	// mu guards state.
	mu    sync.Mutex
	state State
	child Child // that was started last; nil: none was
	feed  *feed // of the ring
	pace  pace
}

// State is what the sensor knows of itself.
type State struct {
	Missing    []string    `json:"missing"`    // layers of the cage that this kernel does not offer, in words
	Held       []string    `json:"held"`       // layers that hold
	Interfaces []Interface `json:"interfaces"` // what is watched
	Restarts   int         `json:"restarts"`   // how often the child had to be started anew
}

// Interface is one watched interface.
type Interface struct {
	Name    string `json:"name"`
	Up      bool   `json:"up"`
	Packets uint64 `json:"packets"` // packets since the start
	Bytes   uint64 `json:"bytes"`   // bytes of them on the wire
	Drops   uint64 `json:"drops"`   // packets that the kernel dropped since the start
	Lost    uint64 `json:"lost"`    // events that were lost since the start because this side was behind
	Cores   []Core `json:"cores"`   // the same by the core that reads them
}

// Core is what one core read of an interface since the start.
type Core struct {
	Packets uint64 `json:"packets"`
	Drops   uint64 `json:"drops"`
	Lost    uint64 `json:"lost"`
}

// New is a sensor that does not watch yet.
func New(o Options) *Sensor {
	return &Sensor{opt: o, pace: usualPace(), metrics: newMetrics(o.Registry)}
}

// Name is the name of the room.
func (s *Sensor) Name() string { return "sensor" }

// State is a copy of what the sensor knows of itself.
func (s *Sensor) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.state
	c.Interfaces = append([]Interface(nil), c.Interfaces...)
	for i := range c.Interfaces {
		c.Interfaces[i].Cores = slices.Clone(c.Interfaces[i].Cores)
	}
	return c
}

// ErrChild means that the child ended although nobody asked it to.
var ErrChild = errors.New("sensor: the process that reads packets ended")

// restartPause is how long a sensor waits before it starts a child that ended anew.
const restartPause = 2 * time.Second

// Run watches until ctx ends; with Files it reads them and returns. A child that dies is started anew, and said.
func (s *Sensor) Run(ctx context.Context) error {
	if len(s.opt.Files) > 0 {
		return s.readFiles(ctx)
	}
	for {
		err := s.watch(ctx)
		if ctx.Err() != nil {
			return nil
		}
		s.opt.Log.ErrorContext(ctx, "sensor child ended", "error", err)
		s.opt.Health.Set(&notWatching, health.Args{"reason": err.Error()})
		s.mu.Lock()
		s.state.Restarts++
		s.mu.Unlock()
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(restartPause):
		}
	}
}

// seed is the secret of a child's tables: what nobody outside knows cannot be made to meet in one slot.
func (o *Options) seed() uint64 {
	if o.Seed != 0 {
		return o.Seed
	}
	var drawn [8]byte
	_, _ = rand.Read(drawn[:]) // never fails (crypto/rand)
	return binary.LittleEndian.Uint64(drawn[:])
}

// start begins a child and tells it what to do. workers share the limits.
func (s *Sensor) start(ctx context.Context, workers int, stats time.Duration) (Child, error) {
	c, err := s.opt.Start(ctx)
	if err != nil {
		return nil, fmt.Errorf("starting the process that reads packets: %w", err)
	}
	s.caged(c.Walls())
	files := len(s.opt.Files) > 0
	o := link.Order{Start: &link.Start{
		Sensor: s.opt.Name, Site: s.opt.Site, Pseudonyms: s.opt.Pseudonyms[:],
		Flows: s.opt.Config.Flows, Reassembly: int(s.opt.Config.Reassembly),
		StatsNanos: int64(stats), FirstFlow: firstFlow(s.opt.Clock.Now()), Workers: workers,
		Ordered: s.opt.Ordered, EVE: s.opt.EVE, Records: s.opt.Records, Overlaps: s.opt.Config.Overlaps.list(), Wait: files, Discard: s.opt.Discard, Look: s.opt.Look != nil,
		Costs: s.opt.Costs != nil && files,
		Seed:  s.opt.seed(), MaxEvents: 500,
	}}
	if files {
		o.Start.Filter = s.opt.Config.Filter
	}
	o.Start.Files = s.opt.Config.Files.orders(s.opt.Copies != nil)
	if s.opt.Ring != nil {
		o.Start.Ring = s.opt.Ring.settings()
	}
	if !files {
		o.Start.ReportNanos = int64(s.opt.Config.Report)
	}
	err = send(c, o, nil)
	if err == nil && s.opt.Look != nil {
		err = look(c, s.opt.Look)
	}
	if err != nil {
		c.Kill()
		return nil, errors.Join(err, c.Wait())
	}
	s.mu.Lock()
	s.child = c
	s.mu.Unlock()
	return c, nil
}

// gone notes that the child has ended.
func (s *Sensor) gone(c Child) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.child == c {
		s.child = nil
	}
}

// look hands what is looked for in the traffic to the child.
func look(c Child, open func() (*os.File, error)) error {
	f, err := open()
	if err != nil {
		return fmt.Errorf("opening what is looked for in the traffic: %w", err)
	}
	defer f.Close()
	return send(c, link.Order{Look: true}, f)
}

// Look has the child take over what open opens, in place of what is looked for in the traffic. Options.Looked is told how that
// went.
func (s *Sensor) Look(open func() (*os.File, error)) error {
	s.mu.Lock()
	c := s.child
	s.mu.Unlock()
	if c == nil || s.opt.Look == nil {
		return nil // it is handed over at the start
	}
	return look(c, open)
}

// AskCosts asks the child what it cost to look for each thing. Options.Costs takes its answer.
func (s *Sensor) AskCosts() error {
	s.mu.Lock()
	c := s.child
	s.mu.Unlock()
	if c == nil || s.opt.Look == nil || s.opt.Costs == nil {
		return nil
	}
	return send(c, link.Order{Costs: true}, nil)
}

// firstFlow is a flow id that no earlier run has used: seconds since 2020 in the upper bits. Ids stay below 2^53, so
// that they survive JSON.
func firstFlow(now time.Time) uint64 { return uint64(max(now.Unix()-1_577_836_800, 1)) << 22 }

func send(c Child, o link.Order, f *os.File) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if err := c.Send(text, f); err != nil {
		return fmt.Errorf("ordering the process that reads packets: %w", err)
	}
	return nil
}

// listen takes frames from the child until it closes its pipe. report is told of each report, stats of each event
// of that kind.
func (s *Sensor) listen(ctx context.Context, c Child, report func(link.Report), stats func(*event.Stats)) error {
	in := link.NewReader(c.Out())
	var check event.Reader
	var child uint64
	if s.opt.Copies != nil {
		child = s.opt.Copies.from()
		defer s.opt.Copies.Gone(child)
	}
	for {
		kind, of, payload, err := in.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch kind {
		case link.FrameBatch:
			if !s.opt.Walked || of != event.KindNone {
				if err := valid(&check, of, payload, stats); err != nil {
					return err
				}
			}
			if err := s.opt.Publisher.Publish(ctx, of, payload); err != nil {
				return fmt.Errorf("publishing events: %w", err)
			}
		case link.FrameReport:
			r, err := link.Parse(payload)
			if err != nil {
				return err
			}
			s.ringHeard(r.Ring)
			if r.Looks {
				s.looked(r.Error)
				continue
			}
			report(r)
		case link.FrameCosts:
			if s.opt.Costs != nil {
				s.opt.Costs(payload)
			}
		case link.FrameFile:
			if err := s.heardPart(child, payload); err != nil {
				return err
			}
		}
	}
}

// looked tells whether the child took over what is looked for.
func (s *Sensor) looked(fault string) {
	if s.opt.Looked == nil {
		return
	}
	if fault == "" {
		s.opt.Looked(nil)
		return
	}
	s.opt.Looked(errors.New(fault))
}

// valid walks a batch to its end: the child is trusted with nothing, not even with its own format.
func valid(r *event.Reader, of event.Kind, batch []byte, stats func(*event.Stats)) error {
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	n := 0
	for r.Next(&e) {
		if of != event.KindNone && e.Payload.Kind() != of {
			return fmt.Errorf("%w: a %v event in a batch of %v", link.ErrFrame, e.Payload.Kind(), of)
		}
		if p, ok := e.Payload.(*event.Stats); ok {
			stats(p)
		}
		n++
	}
	if r.Err() == nil && n != r.Len() {
		return fmt.Errorf("%w: %d events of %d", link.ErrFrame, n, r.Len())
	}
	return r.Err()
}

// Finite reports whether Run ends by itself: when there are only files to read.
func (s *Sensor) Finite() bool { return len(s.opt.Files) > 0 }
