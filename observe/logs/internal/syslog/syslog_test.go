package syslog

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/clock"
)

func TestStreamsAreCutIntoMessages(t *testing.T) {
	long := strings.Repeat("x", MaxLine+10)
	for _, c := range []struct {
		name string
		in   string
		want []string
	}{
		{"lines", "<13>one\n<13>two\r\n<13>three", []string{"<13>one", "<13>two", "<13>three"}},
		{"zero bytes end lines too", "<13>one\x00<13>two\x00", []string{"<13>one", "<13>two"}},
		{"a counted message may hold line ends", "9 <13>a\nb\nc9 <13>d\ne\nf", []string{"<13>a\nb\nc", "<13>d\ne\nf"}},
		{"counted ones and lines may stand on one stream", "7 <13>one<13>two\n9 <13>three", []string{"<13>one", "<13>two", "<13>three"}},
		{"a line that begins with a number is no length", "2024 was a year\n", []string{"2024 was a year"}},
		{"objects of JSON", "{\"a\":1}\n{\"a\":2}\n", []string{`{"a":1}`, `{"a":2}`}},
		{"empty lines are nothing", "\n\r\n\n<13>x\n", []string{"<13>x"}},
		{"of a line that is too long the beginning is read", long + "\n<13>x\n", []string{long[:MaxLine], "<13>x"}},
		{"of a counted one likewise", "1048590 <13>" + long[:MaxLine+10] + "7 <13>one", []string{"<13>" + long[:MaxLine-4], "<13>one"}},
		{"what is cut by the end is kept", "30 <13>half", []string{"<13>half"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, step := range []int{1 << 30, 1000, 7} {
				if got := frames(c.in, step); !slices.Equal(got, c.want) {
					t.Fatalf("in steps of %d: got %d messages %.60q, want %d %.60q", step, len(got), got, len(c.want), c.want)
				}
			}
		})
	}
}

// frames feeds a stream in steps.
func frames(in string, step int) (all []string) {
	var f framer
	var b []byte
	for at := 0; ; {
		end := min(len(in), at+step)
		b = append(b, in[at:end]...)
		at = end
		last := at == len(in)
		for len(b) > 0 {
			m := f.next(b, last)
			if m.n == 0 {
				break
			}
			if len(m.text) > 0 {
				all = append(all, string(m.text))
			}
			b = b[m.n:]
		}
		if last {
			return all
		}
	}
}

func FuzzFramer(f *testing.F) {
	f.Add([]byte("9 <13>a\nb\nc<13>x\n\x00"), 3)
	f.Fuzz(func(t *testing.T, in []byte, step int) {
		step = 1 + (step&0xFF)%64
		whole, parts := frames(string(in), len(in)+1), frames(string(in), step)
		if !slices.Equal(whole, parts) {
			t.Fatalf("at once %q, in steps of %d %q", whole, step, parts)
		}
	})
}

// basket takes records.
type basket struct {
	mu    sync.Mutex
	texts []string
	more  chan struct{}
	names []string
}

func (b *basket) Take(_ context.Context, records []intake.Record) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, r := range records {
		b.texts, b.names = append(b.texts, string(bytes.Clone(r.Text))), append(b.names, r.Identity)
	}
	clock.Wake(b.more)
	return nil
}

// await waits for n texts.
func (b *basket) await(t *testing.T, n int) []string {
	t.Helper()
	for {
		b.mu.Lock()
		texts := slices.Clone(b.texts)
		b.mu.Unlock()
		if len(texts) >= n {
			return texts
		}
		select {
		case <-b.more:
		case <-t.Context().Done():
			t.Fatalf("got %q, want %d", texts, n)
		}
	}
}

// running is an intake that runs, and what it takes.
func running(t *testing.T, o Options) (*Intake, *basket) {
	t.Helper()
	o.Clock, o.Log = clock.System{}, slog.New(slog.DiscardHandler)
	i, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	b := &basket{more: make(chan struct{}, 1)}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- i.Run(ctx, b) }()
	t.Cleanup(func() { stop(); <-ended })
	return i, b
}

func TestSyslogComesInDatagramsAndOverTCP(t *testing.T) {
	i, b := running(t, Options{UDP: "127.0.0.1:0", TCP: "127.0.0.1:0"})
	at := i.Addresses()
	for n, way := range at {
		c, err := net.Dial(way[0], way[1])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Write([]byte("<13>Oct 11 22:14:15 host app: by " + way[0] + "\n")); err != nil {
			t.Fatal(err)
		}
		if got := b.await(t, n+1); !strings.HasSuffix(got[n], "by "+way[0]) {
			t.Errorf("got %q by %s", got[n], way[0])
		}
		c.Close()
	}
}
