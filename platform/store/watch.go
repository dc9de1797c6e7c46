package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"
)

const (
	watchEvery = 30 * time.Second
	dayForm    = "20060102" // of the names of days, which are UTC
)

// watch keeps the store below its largest size until ctx ends. The retention by age is the library's.
func (s *Store) watch(ctx context.Context) {
	t := time.NewTicker(watchEvery)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-t.C:
			if err := s.shrink(ctx, now); err != nil {
				s.log.WarnContext(ctx, "removing old days from the event store", "error", err)
			}
		}
	}
}

// shrink removes days until the store is below its largest size: of all shelves the day that has used up the largest
// part of its retention goes first. The last day of a shelf stays.
func (s *Store) shrink(ctx context.Context, now time.Time) error {
	for {
		bytes := s.Stats().Bytes
		s.m.bytes.Set(float64(bytes))
		if s.maxBytes == 0 || bytes <= uint64(s.maxBytes) || ctx.Err() != nil {
			return nil
		}
		sh, day := s.oldest(now)
		if sh == nil {
			return nil
		}
		s.log.InfoContext(ctx, "event store is full: removing a day", "day", day, "folder", sh.dir, "bytes", bytes)
		if err := sh.drop(day); err != nil {
			return err
		}
	}
}

// oldest is the day that has used up the largest part of its retention; nil when there is nothing to remove.
func (s *Store) oldest(now time.Time) (found *shelf, day string) {
	most := 0.0
	for i := range s.shelves {
		sh := &s.shelves[i]
		days := sh.db.PartitionList()
		if len(days) < 2 {
			continue
		}
		d, err := time.Parse(dayForm, slices.Min(days))
		if used := now.Sub(d).Seconds() / sh.keep.Seconds(); err == nil && used > most {
			most, found, day = used, sh, slices.Min(days)
		}
	}
	return found, day
}

// drop removes a day. It waits for the queries that read it.
func (sh *shelf) drop(day string) error {
	if err := sh.db.PartitionDetach(day); err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return os.RemoveAll(filepath.Join(sh.dir, "partitions", day))
}

// Snapshot hands fn a frozen copy of each day: its name within the store (flow/20261122) and a folder whose files
// may be copied at leisure, and which disappears when fn returns. Copied to partitions/DAY of an empty store's folder
// before it is opened, a day is restored.
func (s *Store) Snapshot(ctx context.Context, fn func(name, dir string) error) error {
	for _, sh := range s.shelves {
		for _, day := range sh.db.PartitionList() {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := sh.snapshot(day, fn); err != nil {
				return err
			}
		}
	}
	return nil
}

func (sh *shelf) snapshot(day string, fn func(name, dir string) error) error {
	dir, err := sh.db.PartitionSnapshotCreate(day)
	if err != nil {
		return fmt.Errorf("store: snapshot of %s: %w", day, err)
	}
	defer os.RemoveAll(dir)
	return fn(filepath.Base(sh.dir)+"/"+day, dir)
}

// rowsOf counts the rows of the storage's statistics.
func rowsOf(st *logstorage.StorageStats) uint64 {
	return st.InmemoryRowsCount + st.SmallPartRowsCount + st.BigPartRowsCount
}
