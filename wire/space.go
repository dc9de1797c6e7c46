package wire

// Space hands out memory for the small buffers that decoders keep from one conversation to the next: many pieces of one
// block, so that a new decoder costs no allocation for each of its buffers. It is of one goroutine. Its zero value is
// ready; of a nil Space each buffer is made by itself.
//
// A piece is never taken back. It belongs to the decoder that got it, which uses it for all its conversations.
type Space struct{ free []byte }

const (
	block    = 64 << 10 // bytes that are made at a time
	least    = 32       // of a piece, in bytes
	greatest = 2 << 10  // of a piece, in bytes; what needs more is made by itself
)

// Grow is b, in a piece that has room for n more bytes where they are few.
func (s *Space) Grow(b []byte, n int) []byte {
	need := len(b) + n
	if need <= cap(b) || s == nil || need > greatest {
		return b
	}
	size := least
	for size < need || size < 2*cap(b) && size < greatest {
		size *= 2
	}
	if size > len(s.free) {
		s.free = make([]byte, block)
	}
	piece := s.free[:len(b):size]
	s.free = s.free[size:]
	copy(piece, b)
	return piece
}

// Append appends p to b, like the built-in.
func (s *Space) Append(b, p []byte) []byte { return append(s.Grow(b, len(p)), p...) }
