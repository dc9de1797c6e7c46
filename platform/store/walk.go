package store

import (
	"context"
	"math"
	"slices"
	"time"
)

const (
	windowRows  = 5_000       // rows a window of a walk should hold at most
	firstWindow = time.Minute // width of the newest window
)

// Each hands the rows of the query to fn, newest first, until limit rows (0: no limit), an error of fn, or the end of
// ctx. It holds a few thousand rows in memory however many there are.
//
// The library would sort the whole range of time before it gave the newest row (store note 2.4, trap 8), so the
// range is walked back from its end in windows, which widen while they are almost empty and shrink when they are too
// full.
func (s *Store) Each(ctx context.Context, q Query, limit int, fn func(Row) error) error {
	if limit <= 0 {
		limit = math.MaxInt
	}
	from, end, ok := s.span(q)
	width := int64(firstWindow)
	for ok && end >= from && limit > 0 {
		start := from
		if w := end - width; w > from && w < end {
			start = w
		}
		rows, fits, err := s.window(ctx, q, start, end)
		if err != nil {
			return err
		}
		if !fits {
			width = max((end-start)/8, 1)
			continue
		}
		for i := range rows[:min(len(rows), limit)] {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err := fn(rows[i]); err != nil {
				return err
			}
		}
		limit -= len(rows)
		end = start - 1
		if len(rows) < windowRows/8 && width < math.MaxInt64/8 {
			width *= 4
		}
	}
	return nil
}

// window is the rows of [start, end], newest first. fits is false when there are too many; a single nanosecond
// always fits.
func (s *Store) window(ctx context.Context, q Query, start, end int64) (rows []Row, fits bool, err error) {
	limit := windowRows + 1
	if start == end {
		limit = math.MaxInt
	}
	q.From, q.To = time.Unix(0, start), time.Unix(0, end+1)
	rows, err = s.run(ctx, q, "", limit)
	if err != nil || len(rows) >= limit {
		return nil, false, err
	}
	slices.SortFunc(rows, func(a, b Row) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return compareText(b.ID, a.ID)
	})
	return rows, true, nil
}

func compareText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// span is the range of time that holds rows of the query, in nanoseconds; ok is false when the store is empty.
func (s *Store) span(q Query) (from, to int64, ok bool) {
	from, to = bounds(q)
	oldest, newest := s.extent()
	return max(from, oldest), min(to, newest), newest >= oldest
}
