package quic

import (
	"slices"

	"bulwark/wire"
)

const (
	// maxHello is how far a hello is put together, in bytes. The longest seen have 4,000.
	maxHello = 16 << 10
	// maxPieces is how many runs of bytes may stand apart from one another.
	maxPieces = 64
	// keepBuffer is how much memory a conversation keeps for the next one, in bytes.
	keepBuffer = 4 << 10
)

// stream puts the CRYPTO frames of one side together (RFC 9000 §19.6), in whatever order they come.
type stream struct {
	bytes  []byte
	pieces []piece // what is there of bytes: apart from one another, in order
	room   [4]piece
	space  *wire.Space // of bytes
}

type piece struct{ from, to int }

func (s *stream) reset() {
	if cap(s.bytes) > keepBuffer {
		s.bytes = nil
	}
	s.bytes, s.pieces = s.bytes[:0], s.pieces[:0]
}

// add puts data at its place. What is there already stays.
func (s *stream) add(at uint64, data []byte) error {
	if at > maxHello || int(at)+len(data) > maxHello {
		return ErrLong
	}
	from, to := int(at), int(at)+len(data)
	if from == to {
		return nil
	}
	if to > len(s.bytes) {
		s.grow(to)
	}
	next := from // where nothing is known yet
	for _, p := range s.pieces {
		if p.to <= next {
			continue
		}
		if p.from >= to {
			break
		}
		if next < p.from {
			copy(s.bytes[next:p.from], data[next-from:])
		}
		next = p.to
	}
	if next < to {
		copy(s.bytes[next:to], data[next-from:])
	}
	return s.note(piece{from, to})
}

func (s *stream) grow(n int) {
	was := len(s.bytes)
	s.bytes = slices.Grow(s.space.Grow(s.bytes, n-was), n-was)
	s.bytes = s.bytes[:n]
	clear(s.bytes[was:])
}

// note adds a run to the pieces and joins those that touch.
func (s *stream) note(p piece) error {
	i := 0
	for i < len(s.pieces) && s.pieces[i].to < p.from {
		i++
	}
	j := i
	for j < len(s.pieces) && s.pieces[j].from <= p.to {
		p.from, p.to = min(p.from, s.pieces[j].from), max(p.to, s.pieces[j].to)
		j++
	}
	if i == j {
		if len(s.pieces) == maxPieces {
			return ErrLong
		}
		if cap(s.pieces) == 0 {
			s.pieces = s.room[:0]
		}
		s.pieces = append(s.pieces, piece{})
		copy(s.pieces[i+1:], s.pieces[i:])
		s.pieces[i] = p
		return nil
	}
	s.pieces[i] = p
	s.pieces = append(s.pieces[:i+1], s.pieces[j:]...)
	return nil
}

// message is the first handshake message, once all of it is there: its type and its body.
func (s *stream) message() (kind byte, body []byte, ok bool) {
	if len(s.pieces) == 0 || s.pieces[0].from != 0 || s.pieces[0].to < 4 {
		return 0, nil, false
	}
	b := s.bytes[:s.pieces[0].to]
	n := 4 + int(b[1])<<16 + int(b[2])<<8 + int(b[3])
	if n > len(b) {
		return b[0], nil, false
	}
	return b[0], b[4:n], true
}
