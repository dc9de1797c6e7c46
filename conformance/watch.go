package conformance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"

	"bulwark/detect/signature"
	"bulwark/event"
	"bulwark/event/eve"
	"bulwark/observe/sensor"
	"bulwark/platform/clock"
	"bulwark/platform/health"
	"bulwark/wire/inspect"
)

// watch runs the whole sensor over a capture and calls fn for each event, in their order. What is readable of a
// damaged capture is read.
func watch(ctx context.Context, path string, asEVE *eve.Options, fn func(*event.Event) error) error {
	return look(ctx, scene{path: path, eve: asEVE}, fn)
}

// scene is a capture, and how it is looked at.
type scene struct {
	path   string
	filter string         // of packets, in the language of tcpdump
	eve    *eve.Options   // nil: our own events
	eye    *signature.Eye // looks for what rules describe; nil: for nothing
}

// look runs the whole sensor over a scene, as [watch] does.
func look(ctx context.Context, c scene, fn func(*event.Event) error) error {
	start, open := uncaged(nil), (func() (*os.File, error))(nil)
	if c.eye != nil {
		start, open = uncaged(ready{c.eye}), func() (*os.File, error) { return os.Open(os.DevNull) }
	}
	var records eve.Records
	if c.eve != nil {
		records = c.eve.Records
	}
	config := sensor.Defaults()
	config.Filter = c.filter
	s := sensor.New(sensor.Options{Config: config, Name: "conformance", Seed: 1, Start: start, Publisher: publisher(fn),
		Files: []string{c.path}, Ordered: true, EVE: c.eve != nil, Records: records, Health: health.NewTracker(clock.System{}), Log: slog.New(slog.DiscardHandler),
		Clock: clock.System{}, Look: open})
	return s.Run(ctx)
}

// ready has its rules already.
type ready struct{ *signature.Eye }

func (ready) Look(io.Reader) error { return nil }

// watchBatches runs the whole sensor over a capture and calls fn for each batch of events of the kinds that the inventory
// reads, in their order.
func watchBatches(ctx context.Context, path string, fn func(event.Kind, []byte) error) error {
	s := sensor.New(sensor.Options{Config: sensor.Defaults(), Name: "conformance", Seed: 1, Start: uncaged(nil), Publisher: batches(fn),
		Files: []string{path}, Ordered: true, Health: health.NewTracker(clock.System{}), Log: slog.New(slog.DiscardHandler), Clock: clock.System{}})
	return s.Run(ctx)
}

type batches func(event.Kind, []byte) error

// Publish hands a batch on.
func (fn batches) Publish(_ context.Context, k event.Kind, batch []byte) error { return fn(k, batch) }

type publisher func(*event.Event) error

// Publish hands the events of a batch on.
func (fn publisher) Publish(_ context.Context, _ event.Kind, batch []byte) error {
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	for r.Next(&e) {
		if err := fn(&e); err != nil {
			return err
		}
	}
	return r.Err()
}

// uncaged is the sensor's child in this process: the same code and the same bytes, without the cage.
func uncaged(eye inspect.Eye) func(context.Context) (sensor.Child, error) {
	return func(context.Context) (sensor.Child, error) {
		r, w := io.Pipe()
		c := &inside{orders: make(chan order, 16), out: r, ended: make(chan error, 1)}
		go func() {
			err := sensor.RunChild(c, w, eye)
			w.CloseWithError(err)
			c.ended <- err
		}()
		return c, nil
	}
}

type inside struct {
	orders chan order
	out    *io.PipeReader
	ended  chan error
}

type order struct {
	message []byte
	file    *os.File
}

func (c *inside) Send(message []byte, f *os.File) error {
	if f != nil { // the cage duplicates the descriptor
		var err error
		if f, err = os.Open(f.Name()); err != nil {
			return err
		}
	}
	c.orders <- order{message, f}
	return nil
}

func (c *inside) Receive() ([]byte, *os.File, error) {
	o := <-c.orders
	return o.message, o.file, nil
}

func (c *inside) Out() io.Reader                  { return c.out }
func (c *inside) Wait() error                     { return <-c.ended }
func (c *inside) Kill()                           { c.out.Close() }
func (c *inside) Walls() (held, missing []string) { return nil, nil }

// record is an event as decoded JSON; numbers are json.Number.
type record = map[string]any

func parse(line []byte) (record, error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	var r record
	if err := d.Decode(&r); err != nil {
		return nil, fmt.Errorf("what Bulwark wrote is no JSON: %w: %s", err, line)
	}
	return r, nil
}

// watchEVE are the EVE records of a capture.
func watchEVE(ctx context.Context, path string, o eve.Options) ([]record, error) {
	return lookEVE(ctx, scene{path: path, eve: &o})
}

// lookEVE are the EVE records of a capture, with those of rules that match.
func lookEVE(ctx context.Context, c scene) ([]record, error) {
	w := eve.Writer{Options: *c.eve}
	var all []record
	err := look(ctx, c, func(e *event.Event) error {
		lines := w.Append(nil, e)
		if len(lines) == 0 {
			return nil
		}
		for line := range bytes.SplitSeq(lines, []byte{'\n'}) {
			r, err := parse(line)
			if err != nil {
				return err
			}
			all = append(all, r)
		}
		return nil
	})
	return all, err
}

// watchEvents are the events of a capture.
func watchEvents(ctx context.Context, path string) ([]record, error) {
	var p event.Printer
	var all []record
	err := watch(ctx, path, nil, func(e *event.Event) error {
		r, err := parse(p.AppendJSON(nil, "", e))
		all = append(all, r)
		return err
	})
	return all, err
}
