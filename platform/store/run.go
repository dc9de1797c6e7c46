package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"

	"bulwark/event"
)

// search is a question as the library runs it, and whom it asks.
type search struct {
	q       *logstorage.Query
	hidden  []string
	shelves []*shelf // those that can hold rows of its kinds
	nested  bool     // its pipes may hold subqueries, which look at all shelves
}

// understand makes a search of a person's filter, the program's pipes and the bounds of time.
func (s *Store) understand(q Query, pipes string) (*search, error) {
	f, err := parse(q.Text)
	if err != nil {
		return nil, err
	}
	text := f.logsql
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
	return &search{parsed, q.Hidden, s.holding(f.kinds), strings.Contains(pipes, ":in(") || strings.Contains(pipes, ":contains_")}, nil
}

// holding are the shelves that keep any of the kinds.
func (s *Store) holding(kinds kindSet) []*shelf {
	var held []*shelf
	for i := range s.shelves {
		for _, k := range event.Kinds() {
			if kinds.has(k) && int(s.shelfOf[k]) == i {
				held = append(held, &s.shelves[i])
				break
			}
		}
	}
	return held
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
	se, err := s.understand(q, pipes)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.slots.take(ctx); err != nil {
		return nil, err
	}
	defer s.slots.give()
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	c := collector{limit: limit, full: cancel}
	err = s.search(inner, se, c.add)
	s.m.queries.WithLabelValues(outcome(errors.Join(err, ctx.Err()))).Observe(time.Since(began).Seconds())
	if ctx.Err() != nil {
		return nil, ctx.Err() // what came so far is not the answer
	}
	if err != nil && inner.Err() == nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return c.rows, nil
}

func outcome(err error) string {
	if err != nil {
		return "failed"
	}
	return "answered"
}

// search asks the shelves and hands their blocks to write, from several goroutines.
func (s *Store) search(ctx context.Context, se *search, write logstorage.WriteDataBlockFunc) error {
	if len(se.shelves) == 0 {
		return nil
	}
	qctx := newContext(ctx, se.q, se.hidden)
	if len(se.shelves) == 1 && !se.nested {
		return se.shelves[0].db.RunQuery(qctx, write)
	}
	r, err := logstorage.NewNetQueryRunner(qctx, s.nested(se.hidden), write)
	if err != nil {
		return err
	}
	return r.Run(ctx, len(se.shelves), askAll(ctx, se.shelves, se.hidden))
}

// nested answers the subqueries of a search from all shelves.
func (s *Store) nested(hidden []string) logstorage.RunNetQueryFunc {
	return func(qc *logstorage.QueryContext, write logstorage.WriteDataBlockFunc) error {
		all := make([]*shelf, len(s.shelves))
		for i := range s.shelves {
			all[i] = &s.shelves[i]
		}
		r, err := logstorage.NewNetQueryRunner(qc, nil, write)
		if err != nil {
			return err
		}
		// One worker: the library keeps the values of a subquery in as many places as there are processors.
		return r.Run(qc.Context, 1, askAll(qc.Context, all, hidden))
	}
}

func newContext(ctx context.Context, q *logstorage.Query, hidden []string) *logstorage.QueryContext {
	return logstorage.NewQueryContext(ctx, &logstorage.QueryStats{}, []logstorage.TenantID{{}}, q, false, hidden)
}

type netSearch = func(stop <-chan struct{}, q *logstorage.Query, write logstorage.WriteDataBlockFunc) error

// askAll runs the part of a query that storages run, one storage after the other.
func askAll(ctx context.Context, shelves []*shelf, hidden []string) netSearch {
	return func(stop <-chan struct{}, q *logstorage.Query, write logstorage.WriteDataBlockFunc) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var wait sync.WaitGroup
		defer wait.Wait()
		defer cancel()
		wait.Go(func() {
			select {
			case <-stop:
				cancel()
			case <-ctx.Done():
			}
		})
		for i, sh := range shelves {
			var mu sync.Mutex
			one := func(_ uint, db *logstorage.DataBlock) {
				mu.Lock()
				defer mu.Unlock()
				// One worker a storage: the states of two that came as one worker's would not be added up.
				write(uint(i), db)
			}
			if err := sh.db.RunQuery(newContext(ctx, q, hidden), one); err != nil {
				return err
			}
		}
		return nil
	}
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
