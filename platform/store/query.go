package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Query says which rows are meant. Its zero value means all of them.
type Query struct {
	Text   string    // what a person typed, in the language of [Parse]; "" is everything
	From   time.Time // first instant that counts; the zero time is the oldest row
	To     time.Time // first instant that counts no more; the zero time is open
	Hidden []string  // attributes that must neither be shown nor searched; name* hides all that begin so
}

// Field is one attribute of a row.
type Field struct{ Name, Value string }

// Row is one event as it is stored, or one line of a statistic, which has neither Kind nor ID.
type Row struct {
	Time   time.Time
	Kind   string
	ID     string
	Fields []Field // the other attributes, by name; one without a value is left out
}

// Value is the value of the attribute of that name, or "".
func (r *Row) Value(name string) string {
	for i := range r.Fields {
		if r.Fields[i].Name == name {
			return r.Fields[i].Value
		}
	}
	return ""
}

// Count is how often a value occurs, or the sum of another attribute over the rows that have it.
type Count struct {
	Value string // "" where the attribute is absent
	N     uint64
}

// Bucket is a [Count] within one step of time.
type Bucket struct {
	Start time.Time
	Value string // "" when the histogram is not split
	N     uint64
}

// ErrQuery means that the query cannot be answered as it was asked; the error says where and why.
var ErrQuery = errors.New("store: bad query")

const (
	maxRows    = 50_000  // rows one call of Latest, Rows or Names returns at most
	maxBuckets = 100_000 // buckets a histogram has at most
)

// Latest is the newest rows of the query, newest first, at most limit (and never more than 50,000).
func (s *Store) Latest(ctx context.Context, q Query, limit int) ([]Row, error) {
	limit = min(limit, maxRows)
	rows := make([]Row, 0, min(limit, 1000))
	err := s.Each(ctx, q, limit, func(r Row) error {
		rows = append(rows, r)
		return nil
	})
	return rows, err
}

// Histogram counts rows in steps of time, oldest first. by "" does not split them; otherwise there is one bucket for
// each value of that attribute. sum "" counts rows, otherwise it sums that attribute. Empty buckets are absent.
func (s *Store) Histogram(ctx context.Context, q Query, step time.Duration, by, sum string) ([]Bucket, error) {
	if step < time.Millisecond {
		return nil, fmt.Errorf("%w: step %v is below a millisecond", ErrQuery, step)
	}
	split := ""
	if by != "" {
		split = ", " + quote(by)
	}
	pipes := fmt.Sprintf("stats by (_time:%dns%s) %s n | sort by (_time) limit %d", step, split, aggregate(sum), maxBuckets)
	rows, err := s.run(ctx, q, pipes, maxBuckets)
	if err != nil {
		return nil, err
	}
	all := make([]Bucket, 0, len(rows))
	for i := range rows {
		all = append(all, Bucket{Start: rows[i].Time, Value: rows[i].attribute(by), N: rows[i].number("n")})
	}
	slices.SortStableFunc(all, func(a, b Bucket) int { return a.Start.Compare(b.Start) })
	return all, nil
}

// Top is the n values of an attribute that occur most, or that have the largest sum of another, largest first.
// Rows without the attribute do not count.
func (s *Store) Top(ctx context.Context, q Query, by, sum string, n int) ([]Count, error) {
	t, err := s.tally(ctx, q, "", []string{by}, sum)
	if errors.Is(err, errTooMany) {
		return s.topOfMany(ctx, q, by, sum, min(n, maxRows))
	}
	if err != nil {
		return nil, err
	}
	return t[0].top(min(n, maxRows)), nil
}

// topOfMany is Top by the library's own grouping, which takes longer and minds its memory.
func (s *Store) topOfMany(ctx context.Context, q Query, by, sum string, n int) ([]Count, error) {
	name := quote(by)
	rows, err := s.run(ctx, q, fmt.Sprintf("stats by (%s) %s n | filter %s:* | sort by (n desc, %s) limit %d",
		name, aggregate(sum), name, name, n), n)
	all := make([]Count, 0, len(rows))
	for i := range rows {
		all = append(all, Count{Value: rows[i].attribute(by), N: rows[i].number("n")})
	}
	slices.SortStableFunc(all, func(a, b Count) int {
		return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Value, b.Value))
	})
	return all, err
}

// Facets is the n most frequent values of each of the attributes, in one pass over the rows. Of more than a million
// rows, half a million or more are drawn at random, and the counts are estimates: the cost is that of grouping.
func (s *Store) Facets(ctx context.Context, q Query, fields []string, n int) (map[string][]Count, error) {
	rows, err := s.Count(ctx, q)
	if err != nil {
		return nil, err
	}
	every, draw := uint64(1), ""
	if rows > 2*facetRows {
		every = rows / facetRows
		draw = fmt.Sprintf("sample %d | ", every)
	}
	t, err := s.tally(ctx, q, draw, fields, "")
	if err != nil {
		return nil, err
	}
	all := make(map[string][]Count, len(fields))
	for i, f := range fields {
		counts := t[i].top(min(n, maxRows))
		for j := range counts {
			counts[j].N *= every
		}
		if len(counts) > 0 {
			all[f] = counts
		}
	}
	return all, nil
}

// facetRows is how many rows facets are counted from at least, where there are so many.
const facetRows = 500_000

// Distinct is how many values the attribute has.
func (s *Store) Distinct(ctx context.Context, q Query, field string) (uint64, error) {
	t, err := s.tally(ctx, q, "", []string{field}, "")
	if errors.Is(err, errTooMany) {
		return s.one(ctx, q, "stats count_uniq_hash("+quote(field)+") n")
	}
	if err != nil {
		return 0, err
	}
	return uint64(t[0].used), nil
}

// Count is how many rows there are.
func (s *Store) Count(ctx context.Context, q Query) (uint64, error) {
	return s.one(ctx, q, "stats count() n")
}

func (s *Store) one(ctx context.Context, q Query, pipes string) (uint64, error) {
	rows, err := s.run(ctx, q, pipes, 1)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	return rows[0].number("n"), nil
}

// Names is the names of the attributes that the rows have, in order.
func (s *Store) Names(ctx context.Context, q Query) ([]string, error) {
	rows, err := s.run(ctx, q, "field_names", maxRows)
	if err != nil {
		return nil, err
	}
	var names []string
	for i := range rows {
		if n := rows[i].Value("name"); !strings.HasPrefix(n, "_") && !hidden(q.Hidden, n) {
			names = append(names, n)
		}
	}
	slices.Sort(names)
	return names, nil
}

// hidden reports whether a name is one of those, of which name* stands for all that begin so.
func hidden(those []string, name string) bool {
	return slices.ContainsFunc(those, func(h string) bool {
		begin, all := strings.CutSuffix(h, "*")
		return name == h || all && strings.HasPrefix(name, begin)
	})
}

// Rows runs the query through LogsQL pipes ("stats by (user.name) count() n | sort by (n desc)") and returns at most
// limit rows of what comes out. It is for programs, which write their pipes themselves: never hand it a person's text.
func (s *Store) Rows(ctx context.Context, q Query, pipes string, limit int) ([]Row, error) {
	return s.run(ctx, q, pipes, min(limit, maxRows))
}

func aggregate(sum string) string {
	if sum == "" {
		return "count()"
	}
	return "sum(" + quote(sum) + ")"
}

// quote writes a name or a value so that LogsQL takes it as it is.
func quote(s string) string { return strconv.Quote(s) }

func (r *Row) attribute(name string) string {
	switch name {
	case "kind":
		return r.Kind
	case "id":
		return r.ID
	}
	return r.Value(name)
}

func (r *Row) number(name string) uint64 { return number(r.Value(name)) }
