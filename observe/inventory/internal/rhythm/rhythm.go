// Package rhythm counts what is done at each hour of the week.
package rhythm

import (
	"cmp"
	"encoding/binary"
	"errors"
	"maps"
	"math"
	"slices"
	"time"

	"bulwark/observe/inventory/internal/register"
)

// Slots is how many hours a week has, from Monday, 0:00 to 1:00.
const Slots = 7 * 24

// Week is how many conversations ended in each hour of the week. Where one more does not fit, all are halved: then it tells
// the shape of a week, and the last months weigh more than those before.
type Week [Slots]uint16

// count counts one more conversation.
func (w *Week) count(slot int) {
	if w[slot] == math.MaxUint16 {
		w.halve()
	}
	w[slot]++
}

// add counts what another week has.
func (w *Week) add(o *Week) {
	for s := range w {
		for math.MaxUint16-w[s] < o[s] {
			w.halve()
			half := *o
			half.halve()
			o = &half
		}
		w[s] += o[s]
	}
}

func (w *Week) halve() {
	for s := range w {
		w[s] /= 2
	}
}

// Key is one side of what a trace does: what it serves, or what it uses.
type Key struct {
	Trace  register.TraceID
	Serves bool
}

func compare(a, b Key) int {
	if c := cmp.Compare(a.Trace, b.Trace); c != 0 || a.Serves == b.Serves {
		return c
	}
	if b.Serves {
		return -1
	}
	return 1
}

// Side is one side of what a trace does, with its week. It belongs to a table.
type Side struct {
	key   Key
	week  Week
	dirty bool // it is among those of the table that are to be kept again
	gone  bool
}

// Table holds the weeks. It is not safe for concurrent use.
type Table struct {
	zone  *time.Location
	weeks map[Key]*Side
	dirty map[Key]bool // false: it is gone

	quarter int64 // of an hour, since 1970, in which slot is the hour of the week: no zone changes within one
	slot    int
}

// New is an empty table, by the clocks of a zone.
func New(zone *time.Location) *Table {
	return &Table{zone: zone, weeks: map[Key]*Side{}, dirty: map[Key]bool{}, quarter: math.MinInt64}
}

const quarter = int64(15 * time.Minute)

// Slot is the hour of the week of a time in unix nanoseconds.
func (t *Table) Slot(at int64) int {
	if q := at / quarter; q != t.quarter {
		local := time.Unix(0, at).In(t.zone)
		t.quarter, t.slot = q, (int(local.Weekday())+6)%7*24+local.Hour()
	}
	return t.slot
}

// Count counts a conversation that ended. A trace of 0 is outside, and counts nothing.
func (t *Table) Count(k Key, at int64) {
	if k.Trace != 0 {
		t.Again(t.Side(k), at)
	}
}

// Again counts one more of a side that [Table.Side] gave. It reports false when that is forgotten.
func (t *Table) Again(s *Side, at int64) bool {
	if s.gone {
		return false
	}
	s.week.count(t.Slot(at))
	t.change(s)
	return true
}

// Side is that of a key.
func (t *Table) Side(k Key) *Side {
	s := t.weeks[k]
	if s == nil {
		s = &Side{key: k}
		t.weeks[k] = s
	}
	return s
}

func (t *Table) change(s *Side) {
	if !s.dirty {
		s.dirty = true
		t.dirty[s.key] = true
	}
}

// Of adds up what traces did on one side.
func (t *Table) Of(traces []*register.Trace, serves bool) (sum [Slots]uint64) {
	for _, x := range traces {
		if w := t.weeks[Key{x.ID, serves}]; w != nil {
			for s, n := range w.week {
				sum[s] += uint64(n)
			}
		}
	}
	return sum
}

// Fold gives what a trace did to another.
func (t *Table) Fold(from, into register.TraceID) {
	for _, serves := range [...]bool{false, true} {
		if w := t.weeks[Key{from, serves}]; w != nil {
			heir := t.Side(Key{into, serves})
			heir.week.add(&w.week)
			t.change(heir)
		}
	}
	t.forget(from)
}

// Forget forgets what traces did that are no more.
func (t *Table) Forget(gone func(register.TraceID) bool) {
	for k := range t.weeks {
		if gone(k.Trace) {
			t.forget(k.Trace)
		}
	}
}

func (t *Table) forget(id register.TraceID) {
	for _, serves := range [...]bool{false, true} {
		if k := (Key{id, serves}); t.weeks[k] != nil {
			t.weeks[k].gone = true
			delete(t.weeks, k)
			t.dirty[k] = false
		}
	}
}

// Len is how many weeks there are.
func (t *Table) Len() int { return len(t.weeks) }

// Row is a week as it is kept.
type Row struct {
	Key
	Counts []byte // uvarints
}

// Changed hands out what changed since it was last called, in the order of the keys; gone are those that are no more.
func (t *Table) Changed() (rows []Row, gone []Key) {
	for _, k := range slices.SortedFunc(maps.Keys(t.dirty), compare) {
		if t.dirty[k] {
			t.weeks[k].dirty = false
			rows = append(rows, Row{k, t.weeks[k].week.bytes()})
		} else {
			gone = append(gone, k)
		}
	}
	clear(t.dirty)
	return rows, gone
}

// Everything hands out all weeks.
func (t *Table) Everything() (rows []Row) {
	for _, k := range slices.SortedFunc(maps.Keys(t.weeks), compare) {
		t.weeks[k].dirty = false
		rows = append(rows, Row{k, t.weeks[k].week.bytes()})
	}
	clear(t.dirty)
	return rows
}

func (w *Week) bytes() []byte {
	b := make([]byte, 0, Slots+32)
	for _, n := range w {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return b
}

// ErrWeek means bytes that are no week.
var ErrWeek = errors.New("rhythm: bad week")

// Put takes up a week that was kept.
func (t *Table) Put(r Row) error {
	w := Week{}
	for s := range w {
		n, size := binary.Uvarint(r.Counts)
		if size <= 0 || n > math.MaxUint16 {
			return ErrWeek
		}
		w[s], r.Counts = uint16(n), r.Counts[size:]
	}
	if len(r.Counts) > 0 {
		return ErrWeek
	}
	t.weeks[r.Key] = &Side{key: r.Key, week: w}
	return nil
}
