package wire

// Space hands out memory for the small buffers that decoders keep from one conversation to the next: many pieces of one
// block, so that a new decoder costs no allocation for each of its buffers. It is of one goroutine. Its zero value is
// ready; of a nil Space each buffer is made by itself.
//
// A piece is never taken back. It belongs to the decoder that got it, which uses it for all its conversations.
type Space struct{ free []byte }

// Grow is b, in a piece that has room for n more bytes where they are few.
func (s *Space) Grow(b []byte, n int) []byte {
	if s == nil {
		return b
	}
	return piece(&s.free, b, n, sizes{32, 4 << 10, 64 << 10})
}

// Append appends p to b, like the built-in.
func (s *Space) Append(b, p []byte) []byte { return append(s.Grow(b, len(p)), p...) }

// Rows is a [Space] for short lists of anything.
type Rows[T any] struct{ free []T }

// Make is an empty list for n.
func (r *Rows[T]) Make(n int) []T {
	if r == nil {
		return make([]T, 0, n)
	}
	return piece(&r.free, nil, n, sizes{n, 32, 256})
}

// Add appends t to list, like the built-in.
func (r *Rows[T]) Add(list []T, t T) []T {
	if r != nil && len(list) == cap(list) {
		list = piece(&r.free, list, 1, sizes{4, 32, 256})
	}
	return append(list, t)
}

// sizes are how long a piece is at least and at most, and how much is made at a time.
type sizes struct{ least, most, block int }

// piece is list in a piece of free that has room for n more.
func piece[T any](free *[]T, list []T, n int, s sizes) []T {
	need := len(list) + n
	if need <= cap(list) || need > s.most {
		return list
	}
	size := s.least
	for size < need || size < 2*cap(list) && size < s.most {
		size *= 2
	}
	if size > len(*free) {
		*free = make([]T, s.block)
	}
	p := (*free)[:len(list):size]
	*free = (*free)[size:]
	copy(p, list)
	return p
}
