// Package throttle slows guessing down: the more attempts of one key have failed in a row, the longer the next one
// has to wait. It never refuses for good.
package throttle

import (
	"container/list"
	"sync"
	"time"

	"bulwark/platform/clock"
)

// Rule is how much patience a kind of key gets.
type Rule struct {
	// Free is how many attempts may fail before any has to wait.
	Free int
	// First is how long the next attempt waits after that; each further failure doubles it.
	First time.Duration
	// Longest is the longest wait.
	Longest time.Duration
	// Forget is after how long without an attempt everything is forgiven.
	Forget time.Duration
	// Keys bounds the table. When it is full, the key that was quiet for longest is forgotten.
	Keys int
}

// Table remembers the failures of each key. Make it with [New]; it is safe for concurrent use.
type Table struct {
	rule  Rule
	clock clock.Clock

	mu     sync.Mutex // guards what follows
	keys   map[string]*list.Element
	recent *list.List // of *record, the most recently tried first
}

type record struct {
	key    string
	failed int
	tried  time.Time // the last attempt that was let through
}

// New makes an empty table.
func New(r Rule, c clock.Clock) *Table {
	return &Table{rule: r, clock: c, keys: map[string]*list.Element{}, recent: list.New()}
}

// Begin asks for an attempt of key. Where it must wait it says how long; otherwise the attempt counts as failed from
// now on, so that many at the same moment do not all get through, until [Table.Succeeded] takes that back.
func (t *Table) Begin(key string) (wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.clock.Now()
	r := t.record(key)
	since := now.Sub(r.tried)
	if since < 0 { // the clock was set back: begin to count again from here
		r.tried, since = now, 0
	}
	if since >= t.rule.Forget {
		r.failed = 0
	}
	if wait := t.delay(r.failed) - since; wait > 0 {
		return wait
	}
	r.failed++
	r.tried = now
	return 0
}

// Wait is how long the next attempt of key must wait. It counts as none.
func (t *Table) Wait(key string) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.keys[key]
	if !ok {
		return 0
	}
	r := e.Value.(*record)
	since := max(0, t.clock.Now().Sub(r.tried))
	if since >= t.rule.Forget {
		return 0
	}
	return max(0, t.delay(r.failed)-since)
}

// Succeeded forgives key everything.
func (t *Table) Succeeded(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.keys[key]; ok {
		t.recent.Remove(e)
		delete(t.keys, key)
	}
}

// TakeBack forgives key one attempt: it was not a guess.
func (t *Table) TakeBack(key string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.keys[key]; ok {
		r := e.Value.(*record)
		r.failed = max(0, r.failed-1)
	}
}

// delay is how long after the last attempt the next one may come, when failed attempts have failed.
func (t *Table) delay(failed int) time.Duration {
	if failed < t.rule.Free {
		return 0
	}
	d := t.rule.First
	for range failed - t.rule.Free {
		if d *= 2; d >= t.rule.Longest {
			break
		}
	}
	return min(d, t.rule.Longest)
}

// record is the record of key, a new one where there is none. The caller holds mu.
func (t *Table) record(key string) *record {
	e, ok := t.keys[key]
	if !ok {
		if t.recent.Len() >= t.rule.Keys {
			delete(t.keys, t.recent.Remove(t.recent.Back()).(*record).key)
		}
		e = t.recent.PushFront(&record{key: key})
		t.keys[key] = e
	}
	t.recent.MoveToFront(e)
	return e.Value.(*record)
}
