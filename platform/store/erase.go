package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"
)

// erasure is one order to forget rows. It is kept until the bus holds no batch that is older, since a replay would
// bring the rows back.
type erasure struct {
	ID     string    `json:"id"`
	Filter string    `json:"filter"` // LogsQL
	From   int64     `json:"from"`   // unix nanoseconds, both inclusive
	To     int64     `json:"to"`
	Seq    uint64    `json:"seq"` // last sequence of the bus it is about
	At     time.Time `json:"at"`

	parsed *logstorage.Filter
}

// erasures is the list of erasures in the folder of the store. A nil list is empty.
type erasures struct {
	path string
	mu   sync.RWMutex
	list []erasure
}

func openErasures(path string) (*erasures, error) {
	l := &erasures{path: path}
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return l, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &l.list)
	}
	for i := range l.list {
		if err == nil {
			l.list[i].parsed, err = logstorage.ParseFilter(l.list[i].Filter)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("store: reading the list of erasures: %w", err)
	}
	return l, nil
}

// orders are the erasures of now. Nobody changes them.
func (l *erasures) orders() []erasure {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.list
}

// erased reports whether a row that comes from the bus was erased before.
func erased(orders []erasure, seq uint64, at int64, fields []logstorage.Field) bool {
	for i := range orders {
		e := &orders[i]
		if seq <= e.Seq && at >= e.From && at <= e.To && e.parsed.MatchRow(fields) {
			return true
		}
	}
	return false
}

// change replaces the list by what fn makes of it, on the disk first.
func (l *erasures) change(fn func([]erasure) []erasure) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := fn(l.list[:len(l.list):len(l.list)])
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	if err := writeThrough(l.path, b); err != nil {
		return err
	}
	l.list = list
	return nil
}

// writeThrough replaces a file so that either the old or the new content is there after a crash.
func writeThrough(path string, b []byte) error {
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Erase removes the rows of the query for good, and returns when they are gone from the store. upTo is the last
// sequence of the bus ([bus.Bus.Extent]) that it is about: batches up to there which are still on the bus lose the
// same rows when they are stored. What ctx interrupts goes on by itself, also after a restart. The batches on the bus
// keep the rows until they are too old for it.
func (s *Store) Erase(ctx context.Context, q Query, upTo uint64) error {
	text, err := Parse(q.Text)
	if err != nil {
		return err
	}
	now := time.Now()
	from, to := bounds(q)
	e := erasure{ID: fmt.Sprintf("erase-%d", now.UnixNano()), Filter: text, From: from, To: to, Seq: upTo, At: now}
	if e.parsed, err = logstorage.ParseFilter(text); err != nil {
		return fmt.Errorf("%w: %w", ErrQuery, err)
	}
	if err := s.erasures.change(func(l []erasure) []erasure { return append(l, e) }); err != nil {
		return fmt.Errorf("store: writing the list of erasures: %w", err)
	}
	s.Flush() // rows in a buffer would escape
	timed, err := logstorage.ParseFilter(text + fmt.Sprintf(" and %s:<=%d", attrSeq, upTo) + within(from, to))
	if err != nil {
		return fmt.Errorf("%w: %w", ErrQuery, err)
	}
	until := now.Add(futureRetention).UnixNano() // the library erases rows up to this time only
	for _, sh := range s.shelves {
		if err := sh.db.DeleteRunTask(ctx, e.ID, until, []logstorage.TenantID{{}}, timed); err != nil {
			return fmt.Errorf("store: erasing: %w", err)
		}
	}
	return s.awaitErasure(ctx, e.ID)
}

// within is a filter of time to put behind another one.
func within(from, to int64) string {
	text := ""
	if from != math.MinInt64 {
		text += " and _time:>=" + time.Unix(0, from).UTC().Format(time.RFC3339Nano)
	}
	if to != math.MaxInt64 {
		text += " and _time:<=" + time.Unix(0, to).UTC().Format(time.RFC3339Nano)
	}
	return text
}

// awaitErasure waits until no shelf has the task any more.
func (s *Store) awaitErasure(ctx context.Context, id string) error {
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		open := false
		for _, sh := range s.shelves {
			tasks, err := sh.db.DeleteActiveTasks(ctx)
			if err != nil {
				return fmt.Errorf("store: erasing: %w", err)
			}
			for _, task := range tasks {
				open = open || task.TaskID == id
			}
		}
		if !open {
			return nil
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// forget drops the erasures that no batch on the bus can undo any more.
func (s *Store) forget(first uint64) error {
	if len(s.erasures.orders()) == 0 {
		return nil
	}
	return s.erasures.change(func(l []erasure) []erasure {
		left := []erasure{}
		for _, e := range l {
			if e.Seq >= first {
				left = append(left, e)
			}
		}
		return left
	})
}
