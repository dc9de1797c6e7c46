// Package wiretest plays bytes to the decoders of wire as the sensor does, and checks that they keep the contract
// which package wire states. It is for tests alone.
package wiretest

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"bulwark/wire"
)

// Conversation is what every stream decoder offers; H is the handler that its package declares.
type Conversation[H any] interface {
	Decode(dir wire.Dir, p []byte, h H) (done, need int, err error)
	Gap(dir wire.Dir, n int) error
	Close(h H)
	Reset()
}

// Chunk is a run of bytes that one side sent before the other side sent anything more. Lost bytes stand before
// Bytes and were never seen; 0 is the usual case.
type Chunk struct {
	Dir   wire.Dir
	Lost  int
	Bytes []byte
}

// Feed hands a conversation its bytes: it keeps what is not decoded, waits until as much is there as was asked for,
// skips what nobody reads, and fails the test when the conversation breaks the contract.
type Feed[H any] struct {
	T            testing.TB
	Conversation Conversation[H]
	Handler      H
	// Scribble overwrites every buffer after use, so that what was kept beyond the call shows in the outcome.
	Scribble bool

	sides [2]feedSide
	err   error
}

type feedSide struct {
	pending, shown []byte
	need, skip     int
}

// Send hands over bytes of one side. It returns the error that ended the decoding, if one did.
func (f *Feed[H]) Send(dir wire.Dir, p []byte) error {
	s := &f.sides[dir]
	for len(p) > 0 && f.err == nil {
		if s.skip > 0 {
			n := min(s.skip, len(p))
			s.skip -= n
			p = p[n:]
			continue
		}
		// Hand over at most as much as a caller may keep; a longer chunk is played in parts.
		n := min(len(p), wire.MaxPending-len(s.pending))
		s.pending = append(s.pending, p[:n]...)
		p = p[n:]
		f.decode(dir, s)
	}
	return f.err
}

func (f *Feed[H]) decode(dir wire.Dir, s *feedSide) {
	for len(s.pending) > 0 && len(s.pending) >= s.need && f.err == nil {
		s.shown = append(s.shown[:0], s.pending...)
		done, need, err := f.Conversation.Decode(dir, s.shown[:len(s.shown):len(s.shown)], f.Handler)
		if f.Scribble {
			for i := range s.shown {
				s.shown[i] = 0xA5
			}
		}
		if done < 0 || need < 0 || need > wire.MaxPending {
			f.T.Fatalf("Decode returned done=%d need=%d, outside 0..%d", done, need, wire.MaxPending)
		}
		f.err = err
		s.need = need
		if done >= len(s.pending) {
			s.skip = done - len(s.pending)
			s.pending = s.pending[:0]
			return
		}
		s.pending = append(s.pending[:0], s.pending[done:]...)
		if done == 0 && need <= len(s.pending) {
			break // it wants more without saying how much
		}
	}
	if len(s.pending) == wire.MaxPending && f.err == nil {
		f.T.Fatalf("Decode leaves %d bytes undone and would never go on", len(s.pending))
	}
}

// Lose tells the conversation that n bytes of one side were lost. As in the sensor, what was waiting is gone too.
func (f *Feed[H]) Lose(dir wire.Dir, n int) error {
	s := &f.sides[dir]
	n += len(s.pending)
	s.pending, s.need = s.pending[:0], 0
	k := min(s.skip, n)
	s.skip -= k
	n -= k
	if n > 0 && f.err == nil {
		f.err = f.Conversation.Gap(dir, n)
	}
	return f.err
}

// Play sends the chunks in order, then closes the conversation.
func (f *Feed[H]) Play(chunks []Chunk) error {
	for _, c := range chunks {
		if c.Lost > 0 {
			f.Lose(c.Dir, c.Lost)
		}
		f.Send(c.Dir, c.Bytes)
	}
	f.Conversation.Close(f.Handler)
	return f.err
}

// Splits plays the chunks as they are, byte by byte, and cut at random places, and fails the test when the outcome
// is not the same each time. fresh returns a new conversation, its handler, and a function that tells what the
// handler was told. The error that ended the decoding is part of the outcome.
func Splits[H any](t testing.TB, chunks []Chunk, fresh func() (Conversation[H], H, func() string)) {
	t.Helper()
	play := func(cut func() int) string {
		c, h, outcome := fresh()
		f := Feed[H]{T: t, Conversation: c, Handler: h, Scribble: cut != nil}
		parts := chunks
		if cut != nil {
			parts = cutUp(chunks, cut)
		}
		err := f.Play(parts)
		return fmt.Sprintf("%serror: %v\n", outcome(), err)
	}
	want := play(nil)
	r := rand.New(rand.NewPCG(1, uint64(len(want))))
	cuts := []func() int{
		func() int { return 1 },
		func() int { return 1 + r.IntN(3) },
		func() int { return 1 + r.IntN(40) },
		func() int { return 1 + r.IntN(1460) },
		func() int { return 1 + r.IntN(20000) },
	}
	for i, cut := range cuts {
		if got := play(cut); got != want {
			t.Fatalf("cut %d: the outcome depends on where the bytes are cut\ngot:\n%s\nwant:\n%s", i, got, want)
		}
	}
}

// Damage plays n copies of the chunks, each with some bytes changed, lost, repeated or cut off at the end, which a
// conversation must survive within its contract.
func Damage[H any](t testing.TB, chunks []Chunk, n int, fresh func() (Conversation[H], H, func() string)) {
	t.Helper()
	r := rand.New(rand.NewPCG(2, uint64(n)))
	for range n {
		c, h, _ := fresh()
		f := Feed[H]{T: t, Conversation: c, Handler: h, Scribble: true}
		f.Play(damaged(chunks, r))
		c.Reset()
	}
}

func damaged(chunks []Chunk, r *rand.Rand) []Chunk {
	var out []Chunk
	for _, c := range chunks {
		p := append([]byte(nil), c.Bytes...)
		for range r.IntN(4) {
			if len(p) > 0 {
				p[r.IntN(min(len(p), 1+r.IntN(4096)))] ^= 1 << r.IntN(8)
			}
		}
		switch c.Bytes = p; r.IntN(8) {
		case 0:
			k := r.IntN(len(p) + 1)
			out = append(out, Chunk{Dir: c.Dir, Lost: c.Lost, Bytes: p[:k]})
			c.Lost = r.IntN(3000)
			c.Bytes = p[min(len(p), k+c.Lost):]
		case 1:
			out = append(out, c)
		case 2:
			c.Bytes = p[:r.IntN(len(p)+1)]
		}
		out = append(out, c)
	}
	return out
}

func cutUp(chunks []Chunk, cut func() int) []Chunk {
	var out []Chunk
	for _, c := range chunks {
		p, lost := c.Bytes, c.Lost
		for len(p) > 0 || lost > 0 {
			n := min(cut(), len(p))
			out = append(out, Chunk{Dir: c.Dir, Lost: lost, Bytes: p[:n]})
			p, lost = p[n:], 0
		}
	}
	return out
}
