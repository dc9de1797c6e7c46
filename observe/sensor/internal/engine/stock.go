package engine

// stock keeps things of one kind for later use, and makes new ones several at a time. Its zero value is ready.
type stock[T any] struct {
	free []*T
	slab []T // made, not used yet
	step int // how many were made the last time
}

// Things that are made at a time: twice as many each time, so that what is rare stays small.
const (
	fewest = 8
	most   = 128
)

// take is a thing as it was given back, or a new one.
func (s *stock[T]) take() *T {
	if l := len(s.free); l > 0 {
		t := s.free[l-1]
		s.free = s.free[:l-1]
		return t
	}
	return s.fresh()
}

// fresh is a new thing.
func (s *stock[T]) fresh() *T {
	if len(s.slab) == 0 {
		s.step = min(max(2*s.step, fewest), most)
		s.slab = make([]T, s.step)
	}
	t := &s.slab[0]
	s.slab = s.slab[1:]
	return t
}

// give takes back what is used no longer. What is beyond maxIdle is left to the garbage collector.
func (s *stock[T]) give(t *T) {
	if len(s.free) < maxIdle {
		s.free = append(s.free, t)
	}
}
