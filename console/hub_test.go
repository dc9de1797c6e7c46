package console

import (
	"bufio"
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/clock"
)

func testHub() *Hub { return NewHub(clock.NewManual(time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC))) }

func topics(messages []message) string {
	var all []string
	for _, m := range messages {
		all = append(all, m.topic)
	}
	return strings.Join(all, " ")
}

func TestHubGivesAPageThatComesBackWhatItMissed(t *testing.T) {
	h := testHub()
	h.Send("a", 1)
	last := h.id(h.past[0])
	h.Send("b", 2)
	h.Send("c", 3)
	if _, missed, gap, _ := h.join(last); topics(missed) != "b c" || gap {
		t.Errorf("missed %q, gap %v; want b c, none", topics(missed), gap)
	}
	if _, missed, gap, _ := h.join(h.id(h.past[2])); len(missed) > 0 || gap {
		t.Errorf("missed %q, gap %v; want nothing", topics(missed), gap)
	}
	for range kept + 1 {
		h.Send("d", 4)
	}
	if _, missed, gap, _ := h.join(last); len(missed) != kept || !gap {
		t.Errorf("missed %d, gap %v; want %d and a gap", len(missed), gap, kept)
	}
	for _, foreign := range []string{"other-1", "x", h.epoch + "-zzzz"} {
		if _, missed, gap, _ := h.join(foreign); len(missed) > 0 || !gap {
			t.Errorf("%q: missed %d, gap %v; want a gap", foreign, len(missed), gap)
		}
	}
}

func TestHubNeverWaitsForASlowPage(t *testing.T) {
	h := testHub()
	slow, _, _, _ := h.join("")
	for range clientRoom + 5 {
		h.Send("x", 1)
	}
	if got := slow.dropped.Load(); got != 5 || h.Load().Dropped != 5 {
		t.Errorf("dropped %d, in all %d; want 5", got, h.Load().Dropped)
	}
}

func TestHubRefusesMorePagesThanItsBound(t *testing.T) {
	h := testHub()
	var last *client
	for range maxClients {
		last, _, _, _ = h.join("")
	}
	if _, _, _, ok := h.join(""); ok {
		t.Error("one page too many was let in")
	}
	h.leave(last)
	if _, _, _, ok := h.join(""); !ok {
		t.Error("no page was let in after one left")
	}
}

// reports sends reports of one interface, each covering interval, at the present time of the hub.
func reports(t *testing.T, h *Hub, interval time.Duration, each ...*event.Stats) {
	t.Helper()
	var b event.Batch
	b.Reset("s1", "", 1)
	head := event.Header{Time: 1}
	for _, s := range each {
		s.Interval = uint64(interval)
		b.Add(&head, s)
	}
	b.Add(&head, &event.Anomaly{Event: "x"})
	if err := h.Batch(b.Bytes()); err != nil {
		t.Fatal(err)
	}
}

func TestHubAddsUpTheWorkersOfAllInterfaces(t *testing.T) {
	h := testHub()
	page, _, _, _ := h.join("")
	reports(t, h, time.Second,
		&event.Stats{Interface: "eth1", Bytes: 1000, Packets: 10, Active: 3, DroppedKernel: 1},
		&event.Stats{Interface: "eth1", Bytes: 3000, Packets: 10, Active: 1},
		&event.Stats{Interface: "eth1", App: "dns", Bytes: 500},
		&event.Stats{Interface: "eth1", VLAN: 12, OneSided: 9},
		&event.Stats{Interface: "eth1", TwoSided: 9})
	reports(t, h, 2*time.Second, &event.Stats{Interface: "eth2", Bytes: 4000, Packets: 10, Active: 4})
	h.flush()
	want := `{"time":"2026-03-04T12:00:00Z","apps":{"dns":{"bits":4000,"packets":0,"messages":0}},` +
		`"total":{"bits":48000,"packets":25,"messages":0},"active_flows":8,"dropped":1}`
	if got := string((<-page.out).data); got != want {
		t.Errorf("stats = %s\nwant    %s", got, want)
	}
	if got := string((<-page.out).data); !strings.HasPrefix(got, `{"seen":2,"events":[{"id":"s1-1.5","time":`) {
		t.Errorf("events = %s, want the two anomalies", got)
	}
	h.flush()
	if len(page.out) > 0 {
		t.Error("a silent second was sent")
	}
}

func TestHubDoesNotTakeTwoReportsOfAWorkerForTwoWorkers(t *testing.T) {
	h := testHub()
	c := h.clock.(*clock.Manual)
	page, _, _, _ := h.join("")
	for i := range 100 {
		c.Add(time.Second)
		reports(t, h, time.Second, &event.Stats{Interface: "eth1", Bytes: 1000}, &event.Stats{Interface: "eth1", Bytes: 1000})
		if i%3 == 1 {
			continue // the next message has the reports of two seconds
		}
		h.flush()
		if got := string((<-page.out).data); !strings.Contains(got, `"total":{"bits":16000,`) {
			t.Fatalf("second %d: stats = %s, want two workers of 8000 bits", i, got)
		}
		<-page.out
	}
}

func TestHubSaysHowManyEventsItsSampleStandsFor(t *testing.T) {
	h := testHub()
	page, _, _, _ := h.join("")
	var b event.Batch
	b.Reset("s1", "", 1)
	head := event.Header{Time: 1}
	for range 30 {
		b.Add(&head, &event.DNS{})
		b.Add(&head, &event.Anomaly{Event: "x"})
	}
	if err := h.Batch(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	h.flush()
	got := string((<-page.out).data)
	if !strings.HasPrefix(got, `{"seen":60,`) || strings.Count(got, `"kind":"anomaly"`) != maxOfKind || strings.Count(got, `"kind":`) != 2*maxOfKind {
		t.Errorf("sample = %s, want 4 of each kind, of 60", got)
	}
}

func TestHubRefusesAMalformedBatch(t *testing.T) {
	if err := testHub().Batch([]byte("x")); !errors.Is(err, event.ErrBatch) {
		t.Errorf("err = %v, want %v", err, event.ErrBatch)
	}
}

func TestStreamEndsWhenTheRequestDoes(t *testing.T) {
	r := newRig(t)
	server := httptest.NewServer(r.mux)
	defer server.Close()
	ctx, end := context.WithCancel(t.Context())
	defer end()
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, server.URL+"/api/live", nil)
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Last-Event-ID", "of-another-run")
	answer, err := http.DefaultClient.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	if !lines.Scan() || lines.Text() != "event: gap" {
		t.Errorf("first line = %q, want the gap", lines.Text())
	}
	r.Live.Send("health", struct{}{})
	for lines.Scan() && lines.Text() != "event: health" {
		continue
	}
	if got := r.Live.Load().Clients; got != 1 {
		t.Errorf("clients = %d, want 1", got)
	}
	end()
	for r.Live.Load().Clients > 0 {
		select {
		case <-t.Context().Done():
			t.Fatal("the stream did not end")
		default:
		}
	}
}
