// Package spare keeps what a conversation uses no longer for its next use, so that it allocates nothing once warm.
package spare

import "bulwark/wire"

// most is how many are kept: few conversations have more under way at a time, and many are open.
const most = 4

// List holds what may be used again. Its zero value is empty.
type List[T any] struct {
	kept [most]*T
	n    int
}

// Take is one as it was given back, or a new one.
func (l *List[T]) Take() *T { return l.TakeFrom(nil) }

// TakeFrom is one as it was given back, or a new one of a stock, which may be nil.
func (l *List[T]) TakeFrom(s *wire.Stock[T]) *T {
	if l.n == 0 && s != nil {
		return s.Fresh()
	}
	if l.n == 0 {
		return new(T)
	}
	l.n--
	return l.kept[l.n]
}

// Give takes back what is used no longer. What is too much is left to the garbage collector.
func (l *List[T]) Give(t *T) {
	if l.n < most {
		l.kept[l.n] = t
		l.n++
	}
}
