package store

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"
)

// query makes what the library runs: the person's filter, the pipes and the bounds of time.
func (s *Store) query(q Query, pipes string) (*logstorage.Query, error) {
	text, err := Parse(q.Text)
	if err != nil {
		return nil, err
	}
	if pipes != "" {
		text += " | " + pipes
	}
	parsed, err := logstorage.ParseQueryAtTimestamp(text, time.Now().UnixNano())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrQuery, err)
	}
	from, to := bounds(q)
	if from > math.MinInt64 || to < math.MaxInt64 {
		parsed.AddTimeFilter(from, to)
	}
	return parsed, nil
}

// bounds are the first and the last nanosecond of the query.
func bounds(q Query) (from, to int64) {
	from, to = math.MinInt64, math.MaxInt64
	if !q.From.IsZero() {
		from = q.From.UnixNano()
	}
	if !q.To.IsZero() {
		to = q.To.UnixNano() - 1
	}
	return from, to
}

// run answers a query with its pipes, at most limit rows of it.
func (s *Store) run(ctx context.Context, q Query, pipes string, limit int) ([]Row, error) {
	parsed, err := s.query(q, pipes)
	if err != nil {
		return nil, err
	}
	if err := s.slots.take(ctx); err != nil {
		return nil, err
	}
	defer s.slots.give()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := collector{limit: limit, full: cancel}
	if err := s.search(ctx, parsed, q.Hidden, c.add); err != nil {
		return nil, err
	}
	if c.rows == nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return c.rows, nil
}

// search runs the query on all storages and hands their blocks to write, from several goroutines.
func (s *Store) search(ctx context.Context, q *logstorage.Query, hidden []string, write logstorage.WriteDataBlockFunc) error {
	qctx := s.context(ctx, q, hidden)
	if len(s.shelves) == 1 {
		return s.shelves[0].db.RunQuery(qctx, write)
	}
	net := func(stop <-chan struct{}, part *logstorage.Query, w logstorage.WriteDataBlockFunc) error {
		return s.each(ctx, stop, part, hidden, w)
	}
	sub := func(qc *logstorage.QueryContext, w logstorage.WriteDataBlockFunc) error {
		r, err := logstorage.NewNetQueryRunner(qc, nil, w)
		if err != nil {
			return err
		}
		return r.Run(qc.Context, len(s.shelves), net)
	}
	r, err := logstorage.NewNetQueryRunner(qctx, sub, write)
	if err != nil {
		return err
	}
	return r.Run(ctx, len(s.shelves), net)
}

func (s *Store) context(ctx context.Context, q *logstorage.Query, hidden []string) *logstorage.QueryContext {
	return logstorage.NewQueryContext(ctx, &logstorage.QueryStats{}, []logstorage.TenantID{{}}, q, false, hidden)
}

// each runs the part of a query that storages run, one storage after the other.
func (s *Store) each(ctx context.Context, stop <-chan struct{}, q *logstorage.Query, hidden []string,
	write logstorage.WriteDataBlockFunc) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-stop:
			cancel()
		case <-ctx.Done():
		}
	}()
	for i, sh := range s.shelves {
		var mu sync.Mutex
		one := func(_ uint, db *logstorage.DataBlock) {
			mu.Lock()
			defer mu.Unlock()
			write(uint(i), db) // one worker a storage: the states of two that came as one worker's would not be added up
		}
		if err := sh.db.RunQuery(s.context(ctx, q, hidden), one); err != nil {
			return err
		}
	}
	return nil
}

// collector keeps the first rows of the blocks that come in, and calls full when it has enough.
type collector struct {
	mu    sync.Mutex
	rows  []Row
	limit int
	full  context.CancelFunc
}

func (c *collector) add(_ uint, db *logstorage.DataBlock) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := min(db.RowsCount(), c.limit-len(c.rows))
	if n <= 0 {
		c.full()
		return
	}
	c.rows = appendRows(c.rows, db, n)
	if len(c.rows) == c.limit {
		c.full()
	}
}

// appendRows copies the first n rows of a block.
func appendRows(dst []Row, db *logstorage.DataBlock, n int) []Row {
	at := len(dst)
	dst = slices.Grow(dst, n)[:at+n]
	for i := range db.Columns {
		c := &db.Columns[i]
		name := strings.Clone(c.Name)
		for r := range n {
			if v := c.Values[r]; v != "" {
				dst[at+r].set(name, v)
			}
		}
	}
	for i := at; i < len(dst); i++ {
		slices.SortFunc(dst[i].Fields, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	}
	return dst
}

func (r *Row) set(name, value string) {
	switch name {
	case "_time":
		if t, ok := logstorage.TryParseTimestampRFC3339Nano(value); ok {
			r.Time = time.Unix(0, t).UTC()
		}
	case "_stream", "_stream_id", "_msg":
	case "kind":
		r.Kind = strings.Clone(value)
	case "id":
		r.ID = strings.Clone(value)
	default:
		r.Fields = append(r.Fields, Field{name, strings.Clone(value)})
	}
}

// slots bound how many queries run at a time; those that wait are served in the order in which they came.
type slots chan struct{}

func (s slots) take(ctx context.Context) error {
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s slots) give() { <-s }
