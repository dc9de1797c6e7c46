package web

import (
	"container/list"
	"sync"
	"time"

	"bulwark/platform/clock"
)

// Limiter lets each key do something a number of times at once, and then at an even rate (a token bucket). Its
// memory is bounded: when the table is full, the key that was quiet for longest starts anew. Make it with
// [NewLimiter]; it is safe for concurrent use.
type Limiter struct {
	clock clock.Clock
	burst float64
	every time.Duration
	keys  int

	mu      sync.Mutex // guards what follows
	buckets map[string]*list.Element
	recent  *list.List // of *bucket, the most recently used first
}

type bucket struct {
	key    string
	tokens float64
	at     time.Time
}

// NewLimiter lets each of up to keys keys through burst times at once, and once more every every.
func NewLimiter(c clock.Clock, burst int, every time.Duration, keys int) *Limiter {
	return &Limiter{
		clock: c, burst: float64(burst), every: every, keys: keys,
		buckets: map[string]*list.Element{}, recent: list.New(),
	}
}

// Allow takes one turn of key. When there is none left it tells how long until there is one.
func (l *Limiter) Allow(key string) (ok bool, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(key)
	if b.tokens >= 1 {
		b.tokens--
		return true, 0
	}
	return false, time.Duration((1 - b.tokens) * float64(l.every))
}

// bucket is the bucket of key, filled up to now. The caller holds mu.
func (l *Limiter) bucket(key string) *bucket {
	now := l.clock.Now()
	e, found := l.buckets[key]
	if !found {
		if l.recent.Len() >= l.keys {
			oldest := l.recent.Back()
			delete(l.buckets, l.recent.Remove(oldest).(*bucket).key)
		}
		e = l.recent.PushFront(&bucket{key, l.burst, now})
		l.buckets[key] = e
	}
	l.recent.MoveToFront(e)
	b := e.Value.(*bucket)
	if passed := now.Sub(b.at); passed > 0 { // a clock set back gives nothing
		b.tokens = min(l.burst, b.tokens+float64(passed)/float64(l.every))
	}
	b.at = now
	return b
}
