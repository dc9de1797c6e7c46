package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"math"
	"os"
	"time"

	"bulwark/event"
)

// span is the time from the first event of a file of batches to the last.
func span(file string) (time.Duration, error) {
	var r event.Reader
	var e event.Event
	first, last := int64(math.MaxInt64), int64(math.MinInt64)
	_, _, err := replay(file, func(batch []byte) error {
		if err := r.Open(batch); err != nil {
			return err
		}
		for r.Next(&e) {
			first, last = min(first, e.Time), max(last, e.Time)
		}
		return r.Err()
	})
	return time.Duration(max(last-first, 0)), err
}

// postpone writes a file of batches anew, as if all had happened later.
func postpone(from, to string, by time.Duration) error {
	f, err := os.Create(to)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(f, 1<<20)
	var r event.Reader
	var e event.Event
	var b event.Batch
	_, _, err = replay(from, func(batch []byte) error {
		if err := r.Open(batch); err != nil {
			return err
		}
		b.Reset(r.Sensor, r.Site, r.ID)
		for r.Next(&e) {
			e.Time += int64(by)
			if p, ok := e.Payload.(*event.Flow); ok {
				flow := *p
				flow.Start += uint64(by)
				e.Payload = &flow
			}
			b.Add(&e.Header, e.Payload)
		}
		_, err := w.Write(binary.LittleEndian.AppendUint32(nil, uint32(b.Size())))
		if err == nil {
			_, err = w.Write(b.Bytes())
		}
		return errors.Join(r.Err(), err)
	})
	return errors.Join(err, w.Flush(), f.Close())
}
