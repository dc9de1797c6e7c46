package wiretest

import (
	"errors"
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

// Lines plays chunks, and expects that the handler was told the lines of want, wherever the bytes are cut. It returns the
// conversation at its end.
func Lines[H any](t testing.TB, chunks []Chunk, want []string, fresh func() (Conversation[H], H, func() string), lines func(H) []string) Conversation[H] {
	t.Helper()
	c, h, _ := fresh()
	f := Feed[H]{T: t, Conversation: c, Handler: h, Scribble: true}
	if err := f.Play(chunks); err != nil {
		t.Fatal(err)
	}
	got := lines(h)
	at := func(all []string, i int) string {
		if i < len(all) {
			return all[i]
		}
		return ""
	}
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Errorf("got  %s\nwant %s", at(got, i), at(want, i))
		}
	}
	Splits(t, chunks, fresh)
	return c
}

// Odd is a conversation that goes wrong, or nearly. It has no type of its own, so that tables need not name its fields.
type Odd = struct {
	Does   string
	Chunks []Chunk
	Want   string // part of what is told
	Err    error  // that ends the decoding
}

// Odds plays each case, and expects what it says.
func Odds[H any](t *testing.T, cases []Odd, fresh func() (Conversation[H], H, func() string)) {
	t.Helper()
	for _, x := range cases {
		t.Run(x.Does, func(t *testing.T) {
			c, h, outcome := fresh()
			f := Feed[H]{T: t, Conversation: c, Handler: h}
			if err := f.Play(x.Chunks); !errors.Is(err, x.Err) {
				t.Errorf("error: got %v, want %v", err, x.Err)
			}
			if got := outcome(); !strings.Contains(got, x.Want) {
				t.Errorf("got %.400s, want %s", got, x.Want)
			}
		})
	}
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
