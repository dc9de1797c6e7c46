package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unsafe"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"
)

// tally adds up numbers by value. The library's grouping allocates a group for each value, and its tables miss the
// processor's caches row after row; here a group is one slot of an open table. Over 100,000 addresses that is several
// times faster (docs/decisions/0010-event-store.md).
//
// Values are told apart by 64 bits of a hash with a random seed: two of a million are taken for one with a probability
// of 1 in 10^7.
type tally struct {
	seed  maphash.Seed
	slots []slot // a power of two of them; at most half are used
	used  int
	chunk []byte // where new keys are copied to

	lastKey *byte // the value before, which often is the very same bytes
	lastLen int
	last    int
}

type slot struct {
	hash uint64 // 0: free
	n    uint64
	key  string
}

// maxValues is how many values one worker tells apart for one attribute, in at most 192 MiB and the values themselves.
const maxValues = 2 << 20

// errTooMany means that there are more than maxValues.
var errTooMany = fmt.Errorf("%w: there are too many values to count at a time: narrow it", ErrQuery)

func newTally(seed maphash.Seed) *tally { return &tally{seed: seed, slots: make([]slot, 1<<10)} }

// add adds n to the value, of which it keeps a copy.
func (t *tally) add(key string, n uint64) {
	if p := unsafe.StringData(key); p == t.lastKey && len(key) == t.lastLen {
		t.slots[t.last].n += n
		return
	}
	i := t.find(maphash.String(t.seed, key)|1, key, true)
	t.slots[i].n += n
	t.lastKey, t.lastLen, t.last = unsafe.StringData(key), len(key), i
}

// next forgets the value before, whose bytes may hold another one soon.
func (t *tally) next() { t.lastKey = nil }

// find is the place of the value, which it takes in if it is new.
func (t *tally) find(hash uint64, key string, clone bool) int {
	if 2*t.used >= len(t.slots) {
		t.grow()
	}
	mask := len(t.slots) - 1
	for i := int(hash>>1) & mask; ; i = (i + 1) & mask {
		s := &t.slots[i]
		if s.hash == hash {
			return i
		}
		if s.hash != 0 {
			continue
		}
		if clone {
			key = t.copy(key)
		}
		*s = slot{hash: hash, key: key}
		t.used++
		return i
	}
}

func (t *tally) copy(key string) string {
	if len(t.chunk)+len(key) > cap(t.chunk) {
		t.chunk = make([]byte, 0, max(64<<10, len(key)))
	}
	from := len(t.chunk)
	t.chunk = append(t.chunk, key...)
	return unsafe.String(unsafe.SliceData(t.chunk[from:]), len(key)) // those bytes are never written again
}

func (t *tally) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	mask := len(t.slots) - 1
	for _, s := range old {
		if s.hash == 0 {
			continue
		}
		i := int(s.hash>>1) & mask
		for t.slots[i].hash != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = s
	}
	t.lastKey = nil
}

// merge takes in what another tally of the same seed has.
func (t *tally) merge(other *tally) {
	for _, s := range other.slots {
		if s.hash != 0 {
			i := t.find(s.hash, s.key, false)
			t.slots[i].n += s.n
		}
	}
	t.lastKey = nil
}

// top is the n largest, the largest first, equals by value.
func (t *tally) top(n int) []Count {
	var best []Count
	less := func(a, b Count) int { return cmp.Or(cmp.Compare(b.N, a.N), strings.Compare(a.Value, b.Value)) }
	for _, s := range t.slots {
		if s.hash == 0 {
			continue
		}
		c := Count{s.key, s.n}
		if len(best) == n && (n == 0 || less(c, best[n-1]) > 0) {
			continue
		}
		at, _ := slices.BinarySearchFunc(best, c, less)
		best = slices.Insert(best[:min(len(best), max(n-1, 0))], min(at, max(n-1, 0)), c)
	}
	return best
}

// tallies adds up several columns of the rows of a query.
type tallies struct {
	fields []string // one tally each
	sum    string   // the attribute that is added up; "" counts rows
	seed   maphash.Seed

	mu      sync.Mutex
	workers [][]*tally // by worker and field
	stop    context.CancelFunc
	tooMany bool
}

// tally scans the rows of the query. pipes, which may be empty, stand before the choice of the columns.
func (s *Store) tally(ctx context.Context, q Query, pipes string, fields []string, sum string) ([]*tally, error) {
	t := &tallies{fields: fields, sum: sum, seed: maphash.MakeSeed()}
	columns := slices.Clone(fields)
	if sum != "" && !slices.Contains(columns, sum) {
		columns = append(columns, sum)
	}
	for i := range columns {
		columns[i] = quote(columns[i])
	}
	se, err := s.understand(q, pipes+"fields "+strings.Join(columns, ", "))
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.slots.take(ctx); err != nil {
		return nil, err
	}
	defer s.slots.give()
	inner, stop := context.WithCancel(ctx)
	defer stop()
	t.stop = stop
	for _, sh := range se.shelves {
		if err == nil {
			err = sh.db.RunQuery(newContext(inner, se.q, se.hidden), t.block)
		}
	}
	if t.tooMany {
		err = errTooMany
	}
	err = errors.Join(err, ctx.Err())
	s.m.queries.WithLabelValues(outcome(err)).Observe(time.Since(began).Seconds())
	if err != nil {
		return nil, err
	}
	return t.all(), nil
}

// block adds a block of rows.
func (t *tallies) block(worker uint, db *logstorage.DataBlock) {
	mine := t.of(worker)
	var weights []string
	if t.sum != "" {
		c := db.GetColumnByName(t.sum)
		if c == nil {
			return
		}
		weights = c.Values
	}
	for i, f := range t.fields {
		c := db.GetColumnByName(f)
		if c == nil {
			continue
		}
		mine[i].next()
		addColumn(mine[i], c.Values, weights)
		if mine[i].used > maxValues {
			t.mu.Lock()
			t.tooMany = true
			t.mu.Unlock()
			t.stop()
		}
	}
}

func addColumn(t *tally, values, weights []string) {
	for r, v := range values {
		if v == "" {
			continue
		}
		n := uint64(1)
		if weights != nil {
			n = number(weights[r])
		}
		t.add(v, n)
	}
}

// number is the whole number that the text is, 0 for any other text.
func number(s string) uint64 {
	var n uint64
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 || len(s) > 19 {
			f, err := strconv.ParseFloat(s, 64)
			if err != nil || f < 0 {
				return 0
			}
			return uint64(f)
		}
		n = n*10 + uint64(d)
	}
	return n
}

// of are the tallies of a worker, which no other one touches.
func (t *tallies) of(worker uint) []*tally {
	t.mu.Lock()
	defer t.mu.Unlock()
	for uint(len(t.workers)) <= worker {
		mine := make([]*tally, len(t.fields))
		for i := range mine {
			mine[i] = newTally(t.seed)
		}
		t.workers = append(t.workers, mine)
	}
	return t.workers[worker]
}

// all are the tallies of all workers together.
func (t *tallies) all() []*tally {
	all := t.of(0)
	for _, w := range t.workers[1:] {
		for i := range all {
			all[i].merge(w[i])
		}
	}
	return all
}
