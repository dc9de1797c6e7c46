package store

import (
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"

	"bulwark/event"
)

func TestEveryAttributeOfEveryKindCanBeARow(t *testing.T) {
	w := newRenderer()
	for _, k := range event.Kinds() {
		var b event.Batch
		b.Reset("s1", "north", 1)
		b.Add(&event.Header{Time: 5, Flow: 1, Proto: 6, VLAN: 3}, event.New(k))
		var r event.Reader
		var e event.Event
		if err := r.Open(b.Bytes()); err != nil || !r.Next(&e) {
			t.Fatal(err)
		}
		row := w.render(&r, &e, 9, 6)
		if !slices.IsSortedFunc(row.Fields, func(a, b logstorage.Field) int { return strings.Compare(a.Name, b.Name) }) {
			t.Errorf("%v: the fields are not in order: %v", k, row.Fields)
		}
		for _, want := range []logstorage.Field{{Name: "kind", Value: k.String()}, {Name: "seq", Value: "9"}, {Name: "id", Value: "s1-1.0"},
			{Name: attrOriginal, Value: "5"}, {Name: event.AttrVLAN, Value: "3"}} {
			if !slices.Contains(row.Fields, want) {
				t.Errorf("%v: got %v, want %v in it", k, row.Fields, want)
			}
		}
		l := newLayout(k)
		if len(l.names) > maxFields || len(slices.Compact(slices.Clone(l.sorted))) != len(l.names) {
			t.Errorf("%v has %d names, at most %d, each once", k, len(l.names), maxFields)
		}
		for _, n := range l.names {
			if len(n) > 128 {
				t.Errorf("%v: the library drops rows with a name as long as %s", k, n)
			}
		}
	}
}

func TestALongValueIsCutAndSaysSo(t *testing.T) {
	s := testStore(t)
	var b event.Batch
	b.Reset("s1", "", 1)
	long := strings.Repeat("é", maxValue)
	list := make([]string, 1000)
	for i := range list {
		list[i] = strings.Repeat("x", 1000)
	}
	b.Add(&event.Header{Time: noon.UnixNano()}, &event.HTTP{URL: "x" + long, Host: "a.example"})
	b.Add(&event.Header{Time: noon.UnixNano()}, &event.DNS{Hostname: "a.example", Answers: list})
	if err := s.Add(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	s.Flush()
	rows, err := s.Latest(t.Context(), Query{Text: "domain:a.example metadata.is_truncated:true"}, 5)
	if err != nil || len(rows) != 2 {
		t.Fatalf("got %d rows, %v, want 2", len(rows), err)
	}
	for _, r := range rows {
		if v := r.Value("http_request.url.path") + r.Value("answers.rdata"); len(v) > maxValue || len(v) < maxValue-4 || strings.ContainsRune(v, '\ufffd') {
			t.Errorf("%s: got a value of %d bytes that ends in %q", r.Kind, len(v), v[len(v)-5:])
		}
	}
}

func TestRenderingAllocatesNothing(t *testing.T) {
	w := newRenderer()
	var b event.Batch
	b.Reset("s1", "north", 1)
	b.Add(&event.Header{Time: 5, Flow: 1 << 60, Proto: 6}, &event.DNS{Hostname: "a.example", Answers: []string{"10.0.0.1", "b"}, ID: 7})
	var r event.Reader
	var e event.Event
	if err := r.Open(b.Bytes()); err != nil || !r.Next(&e) {
		t.Fatal(err)
	}
	if got := testing.AllocsPerRun(100, func() { w.render(&r, &e, 9, 5) }); got != 0 {
		t.Errorf("got %v allocations an event, want 0", got)
	}
}
