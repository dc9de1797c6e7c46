package wiretest

import (
	"testing"

	"bulwark/wire"
)

// Seed is chunks as one argument of a fuzz test, which [Chunks] takes apart: of each its side, its length and its bytes.
func Seed(chunks []Chunk) []byte {
	var b []byte
	for _, c := range chunks {
		n := min(len(c.Bytes), 255)
		b = append(append(b, byte(c.Dir), byte(n)), c.Bytes[:n]...)
	}
	return b
}

// Chunks are what the bytes of a fuzz test stand for. Two bits of each side say how much was lost before.
func Chunks(b []byte) []Chunk {
	var chunks []Chunk
	for len(b) > 2 {
		n := min(int(b[1]), len(b)-2)
		chunks = append(chunks, Chunk{Dir: wire.Dir(b[0] & 1), Lost: int(b[0]>>6) * 7, Bytes: b[2 : 2+n]})
		b = b[2+n:]
	}
	return chunks
}

// FuzzChunks fuzzes a conversation and its probe, beginning with what seeds hold.
func FuzzChunks[H any](f *testing.F, seeds [][]Chunk, probe func([]byte) (wire.Match, wire.Dir), fresh func() (Conversation[H], H, func() string)) {
	for _, s := range seeds {
		f.Add(Seed(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		chunks := Chunks(b)
		Splits(t, chunks, fresh)
		Damage(t, chunks, 4, fresh)
		for _, c := range chunks {
			if len(c.Bytes) > 0 {
				probe(c.Bytes)
			}
		}
	})
}

// FuzzSides fuzzes a conversation by all that each side sends, beginning with that of chunks. The client's bytes are cut
// at one place, where some are lost. Both sides are shown to also before.
func FuzzSides[H any](f *testing.F, chunks []Chunk, also func(up, down []byte), fresh func() (Conversation[H], H, func() string)) {
	client, server := Sides(chunks)
	f.Add([]byte(client), []byte(server), uint16(30), uint16(3))
	f.Fuzz(func(t *testing.T, up, down []byte, at, lost uint16) {
		also(up, down)
		cut := min(int(at), len(up))
		c, h, _ := fresh()
		feed := Feed[H]{T: t, Conversation: c, Handler: h, Scribble: true}
		_ = feed.Play([]Chunk{{Bytes: up[:cut]}, {Dir: wire.ToClient, Bytes: down}, {Lost: int(lost), Bytes: up[cut:]}})
	})
}

// Sides are all that client and server send in chunks.
func Sides(chunks []Chunk) (client, server string) {
	var sides [2][]byte
	for _, c := range chunks {
		sides[c.Dir] = append(sides[c.Dir], c.Bytes...)
	}
	return string(sides[wire.ToServer]), string(sides[wire.ToClient])
}

// FuzzTurns fuzzes a conversation by all that client and server send, two strings of which f has been given seeds. Each side
// says it in that many turns; first is the direction of the first turn, and its bytes are shown to probe.
func FuzzTurns[H any](f *testing.F, turns int, first wire.Dir, probe func([]byte) (wire.Match, wire.Dir), fresh func() (Conversation[H], H, func() string)) {
	f.Fuzz(func(t *testing.T, client, server string) {
		sides := [2]string{}
		sides[wire.ToServer], sides[wire.ToClient] = client, server
		probe([]byte(sides[first]))
		var chunks []Chunk
		for left := turns; left > 0; left-- {
			for _, dir := range [...]wire.Dir{first, first ^ 1} {
				n := len(sides[dir]) / left
				chunks = append(chunks, Chunk{Dir: dir, Bytes: []byte(sides[dir][:n])})
				sides[dir] = sides[dir][n:]
			}
		}
		Splits(t, chunks, fresh)
	})
}
