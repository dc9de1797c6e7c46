// Package child is the sensor's caged process: it reads packets from files and sockets it is handed, runs the engine
// over them, and sends events to its parent. It opens nothing and knows no secret but the pseudonym key.
package child

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"bulwark/observe/sensor/internal/engine"
	"bulwark/observe/sensor/internal/link"
	"bulwark/observe/sensor/internal/ring"
	"bulwark/platform/clock"
	"bulwark/platform/pseudonym"
	"bulwark/wire/inspect"
)

// Orders are what the parent says: a message, with an open file where the message needs one. io.EOF ends them.
type Orders interface {
	Receive() (message []byte, file *os.File, err error)
}

// Run obeys the parent until it says that there is nothing more to do, or goes away.
// eye makes who looks into the traffic, where the first order asks for that; nil where nobody can.
func Run(in Orders, out io.Writer, eye inspect.Eye) error {
	p := newPipe(out)
	err := run(in, p, eye)
	return errors.Join(err, p.close())
}

func run(in Orders, p *pipe, eye inspect.Eye) error {
	start, err := receiveStart(in)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &crew{start: start, pipe: p, eye: eye, clock: clock.System{}, parked: map[int]watcher{}, sources: make(chan given, 16)}
	if start.Ring != nil {
		c.openRing()
	}
	p.report(link.Report{Ready: true})
	c.busy.Go(c.readFiles)
	over := make(chan error, 2)
	end := sync.OnceFunc(func() { close(c.sources); stop() })
	go func() { // it goes on when all sources came: the ring may need more room for what is under way
		err := c.obey(ctx, in, func() { end(); over <- nil })
		end()
		c.noRoom()
		over <- err
	}()
	err = <-over
	c.finish()
	return err
}

// obey does what the parent says until it goes away or makes no sense. end is called when no more sources come.
func (c *crew) obey(ctx context.Context, in Orders, end func()) error {
	ended := false
	for {
		order, file, err := receive(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch {
		case order.End && !ended:
			ended = true
			end()
		case order.Segment != nil && c.ring != nil:
			err = c.room(order.Segment, file)
		case order.Whole != "":
			c.whole(order.Whole)
		case order.Look && c.start.Look && c.eye != nil && file != nil:
			c.look(file)
		case order.Costs:
			c.costs()
		case order.Flush != 0 && c.ring != nil:
			c.ring.Ask(order.Flush)
		case order.Source == nil || file == nil || ended:
			err = errors.New("child: an order without a source")
		case order.Source.Live:
			c.watch(ctx, order.Source, file)
		case order.Source.Growing:
			c.grow(ctx, order.Source, file)
		default:
			c.sources <- given{order.Source, file}
		}
		if err != nil {
			return err
		}
	}
}

// look replaces what is looked for in the traffic.
func (c *crew) look(file *os.File) {
	r := link.Report{Looks: true}
	if err := c.eye.Look(file); err != nil {
		r.Error = err.Error()
	}
	file.Close()
	c.pipe.report(r)
}

// costs says what it cost to look for each thing.
func (c *crew) costs() {
	if e, ok := c.eye.(inspect.Coster); ok && c.start.Look {
		c.pipe.costs(e.Costs())
	}
}

func receive(in Orders) (link.Order, *os.File, error) {
	var o link.Order
	text, file, err := in.Receive()
	if err != nil {
		return o, nil, err
	}
	if err := json.Unmarshal(text, &o); err != nil {
		return o, nil, fmt.Errorf("child: reading an order: %w", err)
	}
	return o, file, nil
}

func receiveStart(in Orders) (*link.Start, error) {
	o, _, err := receive(in)
	if err != nil {
		return nil, err
	}
	if o.Start == nil || len(o.Start.Pseudonyms) != 32 {
		return nil, errors.New("child: the first order does not start")
	}
	return o.Start, nil
}

// crew are the workers. Files are read one after the other, as one capture.
type crew struct {
	start *link.Start
	pipe  *pipe
	eye   inspect.Eye
	clock clock.Clock
	ids   atomic.Uint64
	made  uint64

	sources chan given     // files to read
	readers []reader       // of files; none until there is one to read
	ring    *ring.Writer   // nil where no packets are kept
	busy    sync.WaitGroup // of all that read
	journal journal

	// mu guards parked and made.
	mu      sync.Mutex
	parked  map[int]watcher          // by place
	growing map[string]chan struct{} // files that are being written, by name: closed when they are whole
}

// watcher is a worker, with where its events and its packets go.
type watcher struct {
	*engine.Worker
	outbox   *outbox
	ear      *ear           // nil where no other worker learns anything
	recorder *ring.Recorder // nil where no packets are kept
	seen     []engine.Seen  // scratch
}

// take takes one packet; vlan is the id that the kernel took out of it.
func (w *watcher) take(p *ring.Packet, vlan uint16) {
	w.Packet(p.Time, p.Link, p.Size, vlan, p.Data)
	if w.recorder != nil {
		w.seen = w.Seen(w.seen[:0])
		payload, back := w.Said()
		w.recorder.Packet(p, w.seen, payload, back)
	}
}

// listen hears what other workers have learnt.
func (w *watcher) listen() {
	if w.ear != nil {
		w.ear.listen(w.Worker)
	}
}

// watcher makes the next worker. Flow ids of different workers interleave.
func (c *crew) watcher(name string) watcher {
	o := newOutbox(c.pipe, c.start, c.clock, &c.ids)
	n := uint64(max(c.start.Workers, 1))
	var overlaps []engine.Overlap
	for _, o := range c.start.Overlaps {
		overlaps = append(overlaps, engine.Overlap(o))
	}
	ear := c.ear()
	options := engine.Options{
		Sink: o, Patients: pseudonym.New([32]byte(c.start.Pseudonyms)),
		Limits: c.limits(int(n)),
		Seed:   c.start.Seed, FirstFlow: c.start.FirstFlow + c.made%n, FlowStep: n,
		Report: c.start.ReportNanos, Stats: c.start.StatsNanos, Interface: name, Full: c.start.Ordered, EVE: c.start.EVE,
		Records: c.start.Records, Overlaps: overlaps,
		Hashes: c.hashes(), AllFiles: c.start.Files.Pages, Extract: c.extraction(o),
	}
	if ear != nil {
		options.Others = ear
	}
	if c.start.Look && c.eye != nil {
		options.Look = c.eye.Inspector
	}
	c.made++
	return watcher{Worker: engine.New(options), outbox: o, ear: ear}
}

// ear is what one more worker hears the others with; nil when it is alone.
func (c *crew) ear() *ear {
	if c.start.Workers < 2 {
		return nil
	}
	return &ear{journal: &c.journal}
}

// finish ends what is still under way and reports the last events.
func (c *crew) finish() {
	c.busy.Wait()
	c.endReaders()
	if c.start.Costs {
		c.costs()
	}
	c.closeRing()
}
