package wiretest

import (
	"strings"
	"testing"

	"bulwark/wire"
)

// Dialog turns lines that begin with "C: " or "S: " into what client and server send; "|" ends a line within a packet.
func Dialog(text string) []Chunk {
	var all []Chunk
	for line := range strings.Lines(text) {
		side, said, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if !ok {
			continue
		}
		c := Chunk{Dir: wire.ToServer, Bytes: []byte(strings.ReplaceAll(said, "|", "\r\n") + "\r\n")}
		if side == "S" {
			c.Dir = wire.ToClient
		}
		all = append(all, c)
	}
	return all
}

// Tells plays chunks, and expects that the handler was told want, with "error: " and the error that ended the decoding
// behind it if one did, wherever the bytes are cut.
func Tells[H any](t testing.TB, name string, chunks []Chunk, want string, fresh func() (Conversation[H], H, func() string)) {
	t.Helper()
	c, h, outcome := fresh()
	f := Feed[H]{T: t, Conversation: c, Handler: h}
	err := f.Play(chunks)
	got := outcome()
	if err != nil {
		got += "\nerror: " + err.Error()
	}
	if got != want {
		t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
	}
	Splits(t, chunks, fresh)
}

// AllocatesNothing plays chunks in one conversation again and again, and expects no allocation once it is warm.
func AllocatesNothing[H any](t testing.TB, c Conversation[H], h H, chunks []Chunk) {
	t.Helper()
	play := func() {
		for i := range chunks {
			if _, _, err := c.Decode(chunks[i].Dir, chunks[i].Bytes, h); err != nil {
				t.Fatal(err)
			}
		}
		c.Close(h)
		c.Reset()
	}
	play()
	if n := testing.AllocsPerRun(100, play); n > 0 {
		t.Errorf("got %v allocations a conversation, want 0", n)
	}
}
