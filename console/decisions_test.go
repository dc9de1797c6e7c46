package console

import (
	"net/netip"
	"net/url"
	"testing"
	"time"

	"bulwark/event"
)

func TestWhoeverLooksAtDecisionsSeesNothingElse(t *testing.T) {
	r := newRig(t)
	var b event.Batch
	b.Reset("s1", "north", uint64(r.end.UnixMicro()))
	b.Add(&event.Header{Time: r.end.Add(-time.Second).UnixNano(), Src: netip.MustParseAddr("10.0.0.1")},
		&event.Access{Principal: "Person:1", Action: "use", Resource: "Door:GET /api/people", Status: "deny", Count: 1})
	if err := r.Store.Add(b.Bytes()); err != nil {
		t.Fatal(err)
	}
	r.Store.Flush()
	for _, q := range []struct {
		text string
		want int
	}{{"", 1}, {"status:deny", 1}, {"status:allow", 0}, {"kind:dns", 0}, {"kind:dns or kind:flow or kind:access", 1}, {"-kind:access", 0}, {"stats", 0}} {
		var p page
		r.get(t, "/api/access/decisions", url.Values{"q": {q.text}}, &p)
		for _, e := range p.Events {
			if e.Kind != "access" {
				t.Errorf("%q shows a %s", q.text, e.Kind)
			}
		}
		if len(p.Events) != q.want {
			t.Errorf("%q: %d decisions, want %d", q.text, len(p.Events), q.want)
		}
	}
	if w := r.get(t, "/api/access/decisions", url.Values{"q": {"x) or (kind:dns"}}, nil); w.Code == 200 {
		t.Errorf("a query that leaves its brackets = %d %s", w.Code, w.Body)
	}
}
