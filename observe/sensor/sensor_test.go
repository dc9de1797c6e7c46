package sensor

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"bulwark/event"
	"bulwark/observe/sensor/internal/child"
	"bulwark/platform/clock"
	"bulwark/platform/health"
)

// inside runs the child in this process: the same code and the same bytes, without the cage.
type inside struct {
	orders chan inOrder
	out    *io.PipeReader
	ended  chan error
}

type inOrder struct {
	message []byte
	file    *os.File
}

func startInside(context.Context) (Child, error) {
	r, w := io.Pipe()
	c := &inside{orders: make(chan inOrder, 16), out: r, ended: make(chan error, 1)}
	go func() {
		err := child.Run(c, w, nil)
		w.CloseWithError(err)
		c.ended <- err
	}()
	return c, nil
}

func (c *inside) Send(message []byte, f *os.File) error {
	if f != nil { // the real cage duplicates the descriptor
		var err error
		if f, err = os.Open(f.Name()); err != nil {
			return err
		}
	}
	c.orders <- inOrder{message, f}
	return nil
}

func (c *inside) Receive() ([]byte, *os.File, error) {
	o, ok := <-c.orders
	if !ok {
		return nil, nil, io.EOF
	}
	return o.message, o.file, nil
}
func (c *inside) Out() io.Reader { return c.out }
func (c *inside) Wait() error    { return <-c.ended }
func (c *inside) Kill()          { c.out.Close() }
func (c *inside) Walls() (held, missing []string) {
	return nil, []string{"none: the test runs without a cage"}
}

// lines is a publisher that keeps events as decoded JSON.
type lines struct {
	t      *testing.T
	events []map[string]any
	p      event.Printer
}

func (l *lines) Publish(_ context.Context, _ event.Kind, batch []byte) error {
	var r event.Reader
	if err := r.Open(batch); err != nil {
		return err
	}
	var e event.Event
	for r.Next(&e) {
		var m map[string]any
		if err := json.Unmarshal(l.p.AppendJSON(nil, "", &e), &m); err != nil {
			l.t.Fatal(err)
		}
		l.events = append(l.events, m)
	}
	return r.Err()
}

func readAll(t *testing.T, files ...string) (*lines, []FileReport) {
	t.Helper()
	l := &lines{t: t}
	var reports []FileReport
	s := New(Options{Config: Defaults(), Name: "test", Start: startInside, Publisher: l, Files: files, Ordered: true,
		Health: health.NewTracker(clock.System{}), Log: slog.New(slog.DiscardHandler), Clock: clock.System{},
		Done: func(r FileReport) { reports = append(reports, r) }})
	if err := s.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	return l, reports
}

// data is a file of the test data, or skips the test.
func data(t *testing.T, path string) string {
	t.Helper()
	root := os.Getenv("BULWARK_DATA")
	if root == "" {
		t.Skip("BULWARK_DATA is not set: the outside captures are not there")
	}
	return filepath.Join(root, path)
}

func count(l *lines, match map[string]any) int {
	n := 0
	for _, e := range l.events {
		all := true
		for k, v := range match {
			all = all && e[k] == v
		}
		if all {
			n++
		}
	}
	return n
}

func TestTheHL7OfAHospital(t *testing.T) {
	l, _ := readAll(t, data(t, "sensor/generated-hospital/hl7.pcap"))
	for _, c := range []struct {
		what  string
		match map[string]any
		want  int
	}{
		{"results of the laboratory", map[string]any{"kind": "hl7", "hl7.type": "ORU", "hl7.sending_app": "LAB", "hl7.version": "2.4", "hl7.ack": "AA"}, 17},
		{"admissions", map[string]any{"kind": "hl7", "hl7.type": "ADT", "hl7.trigger": "A01", "hl7.receiving_app": "LABADT", "hl7.ack": "AA"}, 16},
		{"results of the pump", map[string]any{"kind": "hl7", "hl7.type": "ORU", "hl7.sending_app": "PUMP", "hl7.version": "2.6"}, 14},
		{"messages in all", map[string]any{"kind": "hl7"}, 47},
	} {
		got := count(l, c.match)
		if got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, got, c.want)
		}
	}
	if got := count(l, map[string]any{"kind": "asset", "device.uid": "0003B1FFFEB5B648^EUI-64"}); got == 0 || got > 3 {
		t.Errorf("the pump was named %d times, want once for each of at most 3 clients, not with each message", got)
	}
}

func TestADamagedCaptureIsReadAsFarAsItGoesAndSaidSo(t *testing.T) {
	dir := t.TempDir()
	cut := filepath.Join(dir, "cut.pcap")
	whole, err := os.ReadFile(data(t, "sensor/generated-hospital/hl7.pcap"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(cut, whole[:len(whole)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	junk := filepath.Join(dir, "junk.pcap")
	if err := os.WriteFile(junk, []byte("this is no capture"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, reports := readAll(t, cut, junk, filepath.Join(dir, "absent.pcap"))
	if len(reports) != 3 {
		t.Fatalf("got %d reports, want 3", len(reports))
	}
	byName := map[string]FileReport{}
	for _, r := range reports {
		if r.Err == nil {
			t.Errorf("%s: got no error", r.Name)
		}
		byName[r.Name] = r
	}
	if r := byName[cut]; r.Packets == 0 || !strings.Contains(r.Err.Error(), "offset") {
		t.Errorf("got %+v, want packets and an error that names the offset", r)
	}
	if count(l, map[string]any{"kind": "hl7"}) == 0 {
		t.Error("nothing was kept of the cut capture")
	}
}
