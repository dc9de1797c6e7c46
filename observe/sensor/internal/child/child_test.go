package child

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/zstd"

	"bulwark/content/demo"
	"bulwark/event"
	"bulwark/observe/sensor/internal/link"
)

// script is what the parent says, in order.
type script []said

// said is one message, with a file where it has one; before is called first and may be nil.
type said struct {
	text   string
	file   *os.File
	before func()
}

func (s *script) Receive() ([]byte, *os.File, error) {
	if len(*s) == 0 {
		return nil, nil, io.EOF
	}
	next := (*s)[0]
	*s = (*s)[1:]
	if next.before != nil {
		next.before()
	}
	return []byte(next.text), next.file, nil
}

func order(o link.Order) string {
	text, err := json.Marshal(o)
	if err != nil {
		panic(err) // plain structs of ours
	}
	return string(text)
}

// begin is the first order, with one event a batch, so that the pipe fills early.
func begin() string {
	return order(link.Order{Start: &link.Start{Sensor: "test", Pseudonyms: make([]byte, 32), Flows: 10_000, Reassembly: 8 << 20,
		Workers: 1, Ordered: true, Wait: true, MaxEvents: 1}})
}

func file(name string) string { return order(link.Order{Source: &link.Source{Name: name}}) }

// ward is the bundled capture, not compressed, as a file.
func ward(t *testing.T) string {
	t.Helper()
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	text, err := z.DecodeAll(demo.Capture(), nil)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "ward.pcap")
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func open(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	return f // the child closes it
}

// heardOf is what a child wrote: events, and reports by source.
type heardOf struct {
	events  int
	reports map[string]link.Report
}

func listenTo(t *testing.T, out io.Reader) heardOf {
	t.Helper()
	h := heardOf{reports: map[string]link.Report{}}
	var batch event.Reader
	for r := link.NewReader(out); ; {
		kind, _, payload, err := r.Next()
		if errors.Is(err, io.EOF) {
			return h
		}
		if err != nil {
			t.Fatal(err)
		}
		if kind == link.FrameReport {
			report, err := link.Parse(payload)
			if err != nil {
				t.Fatal(err)
			}
			h.reports[report.Source] = report
			continue
		}
		if err := batch.Open(payload); err != nil {
			t.Fatal(err)
		}
		h.events += batch.Len()
	}
}

// life is the whole life of a child in this process.
func life(t *testing.T, s script) (heardOf, error) {
	t.Helper()
	var out bytes.Buffer
	err := Run(&s, &out, nil)
	return listenTo(t, &out), err
}

func TestOrdersThatMakeNoSenseEndTheChild(t *testing.T) {
	start := said{text: begin()}
	for _, c := range []struct {
		name string
		s    script
		want string
	}{
		{"no order at all", nil, "EOF"},
		{"no JSON", script{{text: "start"}}, "reading an order"},
		{"a source before the start", script{{text: file("x"), file: open(t, os.DevNull)}}, "does not start"},
		{"the end before the start", script{{text: order(link.Order{End: true})}}, "does not start"},
		{"a key that is short", script{{text: order(link.Order{Start: &link.Start{Pseudonyms: make([]byte, 31)}})}}, "does not start"},
		{"a start without limits", script{{text: order(link.Order{Start: &link.Start{Pseudonyms: make([]byte, 32)}})}, {text: order(link.Order{End: true})}}, ""},
		{"a second start", script{start, start}, "without a source"},
		{"a source without its file", script{start, {text: file("x")}}, "without a source"},
		{"an order of nothing", script{start, {text: "{}"}}, "without a source"},
		{"noise after the start", script{start, {text: "\x00\xff"}}, "reading an order"},
		{"a type that is wrong", script{start, {text: `{"source":{"name":7}}`}}, "reading an order"},
		{"a parent that goes away", script{start}, ""},
	} {
		_, err := life(t, c.s)
		got := ""
		if err != nil {
			got = err.Error()
		}
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestSourcesThatCannotBeReadAreReportedAndTheNextIsRead(t *testing.T) {
	name := ward(t)
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	closed := open(t, empty)
	if err := closed.Close(); err != nil {
		t.Fatal(err)
	}
	gone := open(t, ward(t))
	if err := os.Remove(gone.Name()); err != nil {
		t.Fatal(err)
	}
	got, err := life(t, script{{text: begin()},
		{text: file("empty"), file: open(t, empty)},
		{text: file("directory"), file: open(t, t.TempDir())},
		{text: file("device"), file: open(t, os.DevNull)},
		{text: file("closed"), file: closed},
		{text: file("unlinked"), file: gone},
		{text: file("ward"), file: open(t, name)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"empty", "directory", "device", "closed"} {
		if r := got.reports[bad]; r.Error == "" || r.Packets != 0 {
			t.Errorf("%s: got %+v, want an error and no packet", bad, r)
		}
	}
	for _, good := range []string{"unlinked", "ward"} {
		if r := got.reports[good]; r.Error != "" || r.Packets != 17051 {
			t.Errorf("%s: got %+v, want 17051 packets", good, r)
		}
	}
}

// sluice lets n bytes through, then waits until it is opened.
type sluice struct {
	io.Writer
	n    int
	full func() // called once, when it closes
	once sync.Once
}

func (s *sluice) Write(p []byte) (int, error) {
	if s.n -= len(p); s.n < 0 {
		s.once.Do(s.full)
	}
	return s.Writer.Write(p)
}

// TestAFileThatIsCutWhileItIsRead maps a capture, cuts it while the child waits for its parent to take events, and
// goes on: what lies behind the cut is a fault of memory, not the end of the child.
func TestAFileThatIsCutWhileItIsRead(t *testing.T) {
	name := ward(t)
	var out bytes.Buffer
	s := script{{text: begin()}, {text: file("cut"), file: open(t, name)}, {text: file("whole"), file: open(t, ward(t))}}
	in := &sluice{Writer: &out, n: 4 << 10, full: func() {
		if err := os.Truncate(name, 0); err != nil {
			t.Error(err)
		}
	}}
	if err := Run(&s, in, nil); err != nil {
		t.Fatal(err)
	}
	got := listenTo(t, &out)
	r := got.reports["cut"]
	if r.Error != errCut.Error() || r.Packets == 0 || r.Packets >= 17051 {
		t.Errorf("got %+v, want some packets and %q", r, errCut)
	}
	if r := got.reports["whole"]; r.Error != "" || r.Packets != 17051 {
		t.Errorf("the next file: got %+v, want 17051 packets", r)
	}
	if got.events == 0 {
		t.Error("what was read before is lost")
	}
}

func TestWhatIsNoCaptureSocketIsGoneAtOnce(t *testing.T) {
	live := order(link.Order{Source: &link.Source{Name: "eth1", Live: true}})
	got, err := life(t, script{{text: begin()}, {text: live, file: open(t, os.DevNull)}})
	if r := got.reports["eth1"]; err != nil || !r.Gone || r.Error == "" {
		t.Errorf("got %+v, %v, want it gone, and why", r, err)
	}
}

func TestAParentThatDoesNotListenIsToldOfNothingMore(t *testing.T) {
	s := script{{text: begin()}, {text: file("ward"), file: open(t, ward(t))}}
	broken := fmt.Errorf("broken pipe")
	if err := Run(&s, writerFunc(func([]byte) (int, error) { return 0, broken }), nil); !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestBatchesOfOneRunHaveIDsOfTheirOwnInOrder(t *testing.T) {
	var out bytes.Buffer
	s := script{{text: begin()}, {text: file("ward"), file: open(t, ward(t))}}
	if err := Run(&s, &out, nil); err != nil {
		t.Fatal(err)
	}
	var ids []uint64
	var batch event.Reader
	for r := link.NewReader(&out); ; {
		kind, _, payload, err := r.Next()
		if err != nil {
			break
		}
		if kind == link.FrameBatch {
			if err := batch.Open(payload); err != nil {
				t.Fatal(err)
			}
			ids = append(ids, batch.ID)
		}
	}
	if len(ids) < 1000 || !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Errorf("got %d ids, want more than a thousand, rising", len(ids))
	}
}

func TestOfAFileWhatMatchesTheFilterIsRead(t *testing.T) {
	name := ward(t)
	read := func(filter string) uint64 {
		start := order(link.Order{Start: &link.Start{Sensor: "test", Pseudonyms: make([]byte, 32), Flows: 10_000, Reassembly: 8 << 20,
			Workers: 1, Ordered: true, Wait: true, MaxEvents: 1, Filter: filter}})
		h, err := life(t, script{{text: start}, {text: file("ward"), file: open(t, name)}, {text: order(link.Order{End: true})}})
		if err != nil {
			t.Fatal(err)
		}
		return h.reports["ward"].Packets
	}
	all, some, others := read(""), read("tcp"), read("not tcp")
	if some == 0 || others == 0 || some+others != all {
		t.Errorf("got %d packets of TCP and %d others, want %d", some, others, all)
	}
}
