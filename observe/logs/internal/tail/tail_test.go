package tail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"bulwark/observe/logs/internal/intake"
	"bulwark/platform/clock"
)

// desk keeps places, and is a sink.
type desk struct {
	places map[string]Place
	lines  []string
	full   bool
}

func (d *desk) Load(context.Context) (map[string]Place, error) { return maps.Clone(d.places), nil }

func (d *desk) Save(_ context.Context, path string, p Place) error {
	d.places[path] = p
	return nil
}

func (d *desk) Take(_ context.Context, records []intake.Record) error {
	if d.full {
		return errors.New("full")
	}
	for _, r := range records {
		text := string(r.Text)
		if r.Size > 0 {
			text = fmt.Sprintf("%d of %d", len(text), r.Size)
		}
		d.lines = append(d.lines, text)
	}
	return nil
}

// took is what was taken since it was asked last.
func (d *desk) took() []string {
	all := d.lines
	d.lines = nil
	return all
}

// bench is a folder with files that are read.
type bench struct {
	t   *testing.T
	dir string
	d   *desk
	in  *Intake
}

func newBench(t *testing.T, pattern string) *bench {
	b := &bench{t: t, dir: t.TempDir(), d: &desk{places: map[string]Place{}}}
	b.start(pattern)
	return b
}

// start begins to read, as after a restart.
func (b *bench) start(pattern string) {
	b.in = New(Options{Files: []Pattern{{Path: filepath.Join(b.dir, pattern)}}, Places: b.d, Clock: clock.System{}, Log: slog.New(slog.DiscardHandler)})
	b.in.past = maps.Clone(b.d.places)
}

func (b *bench) write(name, text string) {
	b.t.Helper()
	f, err := os.OpenFile(filepath.Join(b.dir, name), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) rename(from, to string) {
	b.t.Helper()
	if err := os.Rename(filepath.Join(b.dir, from), filepath.Join(b.dir, to)); err != nil {
		b.t.Fatal(err)
	}
}

// want looks n times, and says what should have come.
func (b *bench) want(n int, want ...string) {
	b.t.Helper()
	for range n {
		b.in.look(b.t.Context())
		if err := b.in.read(b.t.Context(), b.d); err != nil {
			b.t.Fatal(err)
		}
	}
	got := b.d.took()
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		b.t.Fatalf("got %.300q, want %.300q", got, want)
	}
}

// long is a line that files are known by.
func long(s string) string { return s + strings.Repeat("-", 100) }

func TestAFileIsReadAsItGrows(t *testing.T) {
	b := newBench(t, "a.log")
	b.write("a.log", "one\ntwo\r\nhal")
	b.want(1, "one", "two")
	b.write("a.log", "f\n")
	b.want(1, "half")
	b.start("a.log")
	b.want(1)
	b.write("a.log", "four\n")
	b.want(2, "four")
}

func TestAFileThatIsRenamedIsReadToItsEnd(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*"} {
		b := newBench(t, pattern)
		b.write("a.log", long("one")+"\n")
		b.want(1, long("one"))
		b.rename("a.log", "a.log.1")
		b.write("a.log.1", "late\n")
		b.write("a.log", "new\n")
		b.want(1, "late", "new")
		b.write("a.log.1", "without end")
		if pattern == "a.log" {
			b.want(5, "without end")
		}
		b.write("a.log.2.gz", "packed\n")
		b.want(3)
	}
}

func TestAFileThatWasRenamedWhileNobodyReadIsReadToItsEnd(t *testing.T) {
	b := newBench(t, "a.log")
	b.write("a.log", long("one")+"\n")
	b.want(1, long("one"))
	b.write("a.log", "two\n")
	b.rename("a.log", "a.log.1")
	b.write("a.log", "three\n")
	b.start("a.log")
	b.want(5, "three", "two")
}

func TestAFileThatIsCopiedAndTruncatedIsBegunAnew(t *testing.T) {
	for _, pattern := range []string{"a.log", "a.log*"} {
		b := newBench(t, pattern)
		b.write("a.log", long("one")+"\n")
		b.want(1, long("one"))
		b.write("a.log", "two\n")
		whole, err := os.ReadFile(filepath.Join(b.dir, "a.log"))
		if err != nil {
			t.Fatal(err)
		}
		b.write("a.log.1", string(whole))
		if err := os.Truncate(filepath.Join(b.dir, "a.log"), 0); err != nil {
			t.Fatal(err)
		}
		b.write("a.log", "x\n")
		b.in.look(t.Context())
		for range 5 {
			if err := b.in.read(t.Context(), b.d); err != nil {
				t.Fatal(err)
			}
			b.in.look(t.Context())
		}
		got := b.d.took()
		slices.Sort(got)
		if !slices.Equal(got, []string{"two", "x"}) {
			t.Errorf("%s: got %q, want each line once", pattern, got)
		}
	}
}

func TestWhatIsNotSafeIsReadAgain(t *testing.T) {
	b := newBench(t, "a.log")
	b.write("a.log", "one\n")
	b.d.full = true
	b.want(2)
	b.d.full = false
	b.want(2, "one")
}

func TestAGiganticLineIsCut(t *testing.T) {
	b := newBench(t, "a.log")
	b.write("a.log", strings.Repeat("x", 3<<20)+"\nnext\n")
	b.in.look(t.Context())
	if err := b.in.read(t.Context(), b.d); err != nil {
		t.Fatal(err)
	}
	got := b.d.took()
	if len(got) != 2 || !strings.HasPrefix(got[0], "1048576 of ") || got[1] != "next" {
		t.Errorf("got %.80q", got)
	}
}
