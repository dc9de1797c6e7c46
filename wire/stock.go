package wire

// Stock keeps things of one kind for later use, and makes new ones several at a time. What decoders need for a while
// comes from a stock that all conversations of one goroutine share. Its zero value is ready.
type Stock[T any] struct {
	free []*T
	slab []T // made, not used yet
	step int // how many were made the last time
}

// Things that are made at a time: twice as many each time, so that what is rare stays small.
const (
	fewest = 8
	most   = 64
	kept   = 4096 // things that wait for later use
)

// Take is a thing as it was given back, or a new one.
func (s *Stock[T]) Take() *T {
	if l := len(s.free); l > 0 {
		t := s.free[l-1]
		s.free = s.free[:l-1]
		return t
	}
	return s.Fresh()
}

// Fresh is a new thing.
func (s *Stock[T]) Fresh() *T {
	if len(s.slab) == 0 {
		s.step = min(max(2*s.step, fewest), most)
		s.slab = make([]T, s.step)
	}
	t := &s.slab[0]
	s.slab = s.slab[1:]
	return t
}

// Give takes back what is used no longer. What is too much is left to the garbage collector.
func (s *Stock[T]) Give(t *T) {
	if len(s.free) < kept {
		s.free = append(s.free, t)
	}
}
