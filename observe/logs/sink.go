package logs

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"bulwark/event"
)

// ErrClosed means that logs are not taken any more.
var ErrClosed = errors.New("logs: closed")

// resends are the intakes whose senders hand a batch over again when they did not hear that it is safe.
var resends = [...]string{"bulk", "fhir", "lumberjack", "otlp", "wef"}

// atOnce is how many records one worker understands before another sender has its turn.
const atOnce = 512

// sink takes records of all intakes.
type sink struct {
	host    string // name of this machine
	gather  *gather
	workers chan *worker
	sources *Sources
	count   *metrics
}

// Take returns when all records are safe on the bus.
func (s *sink) Take(ctx context.Context, records []Record) error {
	for some := range slices.Chunk(records, parcelEvents) {
		if err := s.take(ctx, some); err != nil {
			return err
		}
	}
	return nil
}

func (s *sink) take(ctx context.Context, records []Record) error {
	var own owned
	if slices.Contains(resends[:], records[0].Intake) {
		own = owned{gather: s.gather, name: nameOf(records), by: map[event.Kind]*parcel{}}
	}
	all, err := s.understand(ctx, records, &own)
	if err != nil {
		for _, p := range own.by {
			s.gather.drop(p)
		}
		return err
	}
	s.gather.send(nil)
	for _, p := range own.by {
		s.gather.send(p)
		all = append(all, p)
	}
	known, err := wait(ctx, all)
	if known > 0 {
		s.count.replayed.WithLabelValues(records[0].Intake).Add(float64(len(records)))
	}
	if err != nil {
		return fmt.Errorf("logs: publishing: %w", err)
	}
	return nil
}

// owned are parcels of one sender alone, one for each kind of events, whose names tell when they come again. Its zero value takes none.
type owned struct {
	gather *gather
	name   string
	by     map[event.Kind]*parcel
}

// add takes an event; false: it is for the parcels of all.
func (o *owned) add(h *event.Header, p event.Payload) bool {
	if o.by == nil {
		return false
	}
	k := p.Kind()
	if o.by[k] == nil {
		o.by[k] = o.gather.named(k, o.name+"."+k.String())
	}
	o.gather.addTo(o.by[k], h, p)
	return true
}

// understand puts what records say into parcels: own ones, or else those that are for all.
func (s *sink) understand(ctx context.Context, records []Record, own *owned) (all []*parcel, err error) {
	for some := range slices.Chunk(records, atOnce) {
		if err := s.gather.room(ctx); err != nil {
			return nil, err
		}
		select {
		case w := <-s.workers:
			all = w.understand(some, own, all)
			s.workers <- w
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return all, nil
}

// nameOf is the name of a batch by which it is known when its sender hands it over again.
func nameOf(records []Record) string {
	d := sha256.New()
	for i := range records {
		r := &records[i]
		for _, s := range [...]string{r.Intake, r.Identity, r.Stream, r.Format} {
			digestText(d, s)
		}
		addr := r.Sender.As16()
		d.Write(addr[:])
		digestText(d, event.View(r.Text))
		if r.Event != nil {
			fmt.Fprintf(d, "%v%v", r.Event.Header, r.Event.Payload)
		}
		digestNumber(d, uint64(r.Time.UnixNano()))
		if r.Log == nil {
			continue
		}
		for _, s := range r.Log.Fields {
			digestText(d, s)
		}
		digestText(d, r.Log.Host)
		digestText(d, r.Log.Message)
	}
	return "logs." + base64.RawURLEncoding.EncodeToString(d.Sum(nil)[:18])
}

// digestText adds a text with its length, so that two never run into one.
func digestText(d hash.Hash, s string) {
	digestNumber(d, uint64(len(s)))
	_, _ = io.WriteString(d, s)
}

func digestNumber(d hash.Hash, n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	d.Write(b[:])
}
