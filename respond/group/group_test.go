package group

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"bulwark/platform/clock"
	"bulwark/platform/db/dbtest"
	"bulwark/platform/health"
	"bulwark/platform/ledger"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// place is a site as its centre may touch it, and the way there.
type place struct {
	did   []string
	fails error
	away  bool
	below *Below
}

func (p *place) Propose(_ context.Context, by string, o Order) (any, error) {
	p.did = append(p.did, by+" propose "+o.Act+" "+o.Target)
	return map[string]any{"id": 1}, p.fails
}

func (p *place) Tighten(_ context.Context, by string, o Order) (any, error) {
	p.did = append(p.did, fmt.Sprint(by, " ", o.Do, " ", o.Lease))
	return nil, p.fails
}

func (p *place) Look() any { return []string{} }

func (p *place) Sites() []SiteView { return []SiteView{{Name: "north"}} }

func (p *place) Ask(ctx context.Context, _ string, question []byte) ([]byte, error) {
	if p.away {
		return nil, errors.New("no link")
	}
	return p.below.Take(ctx, question), nil
}

func (p *place) Sign(text []byte) ([]byte, error) { return append([]byte("signed "), text...), nil }

// verify takes what Sign made.
func verify(text, signature []byte) error {
	if string(signature) != "signed "+string(text) {
		return errors.New("not signed")
	}
	return nil
}

func both(t *testing.T) (*Above, *place, *ledger.Ledger, *clock.Manual) {
	t.Helper()
	c := clock.NewManual(noon)
	l, err := ledger.Open(t.Context(), ledger.Needs{DB: dbtest.SQLite(t), Clock: c, Origin: "test/ledger", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Health: health.NewTracker(c)})
	if err != nil {
		t.Fatal(err)
	}
	p, quiet := &place{}, slog.New(slog.DiscardHandler)
	p.below = NewBelow(BelowNeeds{Name: "north", Ledger: l, Clock: c, Log: quiet, Verify: verify, Site: p})
	return NewAbove(AboveNeeds{Ledger: l, Clock: c, Log: quiet, Sites: p}), p, l, c
}

// What can be asked of a site, what cannot, and what stands in the ledgers of both sides after.
func TestOrders(t *testing.T) {
	for _, c := range []struct {
		what  string
		order Order
		edit  func(*place)
		did   string
		err   error
		acts  string // in the ledger, which both sides share here
	}{
		{"a proposal", Order{Do: Propose, Act: "ban", Target: "address:192.0.2.66", Minutes: 60, Reason: "seen"}, nil, "centre:ana propose ban address:192.0.2.66", nil, "group.order done, group.answer done"},
		{"a device has another number at the site", Order{Do: Propose, Act: "isolate", Target: "device:12", Reason: "seen"}, nil, "", ErrWrong, ""},
		{"a containment ends", Order{Do: Lift, Lease: 7, Reason: "x"}, nil, "centre:ana lift 7", nil, "group.order done, group.answer done"},
		{"without a reason it does not", Order{Do: Lift, Lease: 7, Reason: " "}, nil, "", ErrWrong, ""},
		{"nothing loosens", Order{Do: "thaw", Reason: "x"}, nil, "", ErrWrong, ""},
		{"not even by another name", Order{Do: "Freeze", Reason: "x"}, nil, "", ErrWrong, ""},
		{"a text that hides lines", Order{Do: Propose, Act: "ban", Target: "address:1\n2", Reason: "x"}, nil, "", ErrWrong, ""},
		{"another site", Order{Node: "south", Do: Freeze, Reason: "x"}, nil, "", ErrNoSite, ""},
		{"the site is away", Order{Do: Freeze, Reason: "x"}, func(p *place) { p.away = true }, "", ErrAway, "group.order done, group.answer failed"},
		{"the site refuses", Order{Do: Lift, Lease: 9, Reason: "x"}, func(p *place) { p.fails = errors.New("there is no lease 9") }, "centre:ana lift 9", ErrRefused, "group.order done, group.order refused, group.answer failed"},
	} {
		t.Run(c.what, func(t *testing.T) {
			a, p, l, _ := both(t)
			if c.edit != nil {
				c.edit(p)
			}
			c.order.By = "ana"
			if c.order.Node == "" {
				c.order.Node = "north"
			}
			_, err := a.Send(t.Context(), "person:1", c.order)
			if !errors.Is(err, c.err) || strings.Join(p.did, ", ") != c.did {
				t.Errorf("%v, done %q; want %v, %q", err, p.did, c.err, c.did)
			}
			page, err := l.List(t.Context(), ledger.Query{Limit: 10})
			if err != nil {
				t.Fatal(err)
			}
			var acts []string
			for _, e := range page.Entries {
				acts = append([]string{e.Act + " " + string(e.Outcome)}, acts...)
			}
			if strings.Join(acts, ", ") != c.acts {
				t.Errorf("the ledger has %q, want %q", acts, c.acts)
			}
		})
	}
}

// Whatever a centre signs: nothing is done but what is in the list, and there is always an answer.
func FuzzOrder(f *testing.F) {
	good, err := json.Marshal(Order{ID: strings.Repeat("a", 26), Node: "north", At: noon, By: "ana", Do: Propose, Act: "ban", Target: "address:192.0.2.66", Minutes: 5, Reason: "x"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(strings.Replace(string(good), "propose", "thaw", 1)))
	f.Add([]byte(`{"id":{}}`))
	quiet := slog.New(slog.DiscardHandler)
	l, err := ledger.Open(f.Context(), ledger.Needs{DB: dbtest.SQLite(f), Clock: clock.NewManual(noon), Origin: "test/ledger", Key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)), Health: health.NewTracker(clock.NewManual(noon))})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, order []byte) {
		p := &place{}
		b := NewBelow(BelowNeeds{Name: "north", Ledger: l, Clock: clock.NewManual(noon), Log: quiet, Verify: verify, Site: p})
		q, err := json.Marshal(signed{Order: order, Signature: []byte("signed " + string(order))})
		if err != nil {
			t.Fatal(err)
		}
		var a Answer
		if err := json.Unmarshal(b.Take(t.Context(), q), &a); err != nil || a.Error == "" && len(p.did) == 0 && a.Leases == nil {
			t.Errorf("%s: %+v %v", order, a, err)
		}
		for _, d := range p.did {
			if words := strings.Fields(d); !strings.HasPrefix(d, "centre:") || len(words) < 2 {
				t.Errorf("%s did %q", order, d)
			}
		}
	})
}

// Whatever comes to a site: only what its centre signed for it, lately and once, is taken, and of that no more than so much.
func TestWhatIsNotTaken(t *testing.T) {
	_, p, _, c := both(t)
	take := func(o Order, signature string) string {
		t.Helper()
		text, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		q, err := json.Marshal(signed{Order: text, Signature: []byte(signature + string(text))})
		if err != nil {
			t.Fatal(err)
		}
		return string(p.below.Take(t.Context(), q))
	}
	good := Order{ID: strings.Repeat("a", 26), Node: "north", At: noon, By: "ana", Do: Freeze, Reason: "x"}
	edit := func(fn func(*Order)) Order { o := good; fn(&o); return o }
	for what, got := range map[string]string{
		"not signed":      take(good, "nobody "),
		"for another":     take(edit(func(o *Order) { o.Node = "south" }), "signed "),
		"old":             take(edit(func(o *Order) { o.At = noon.Add(-6 * time.Minute) }), "signed "),
		"of tomorrow":     take(edit(func(o *Order) { o.At = noon.Add(24 * time.Hour) }), "signed "),
		"without number":  take(edit(func(o *Order) { o.ID = "" }), "signed "),
		"no order":        string(p.below.Take(t.Context(), []byte("x"))),
		"nothing":         string(p.below.Take(t.Context(), nil)),
		"a word too much": take(edit(func(o *Order) { o.ID, o.Do = strings.Repeat("b", 26), "approve" }), "signed "),
	} {
		if !strings.Contains(got, `"error"`) || len(p.did) > 0 {
			t.Errorf("%s: %s, done %q", what, got, p.did)
		}
	}
	if got := take(good, "signed "); got != "{}" || len(p.did) != 1 {
		t.Errorf("a good one: %s, done %q", got, p.did)
	}
	if got := take(good, "signed "); !strings.Contains(got, "taken before") || len(p.did) != 1 {
		t.Errorf("twice: %s, done %q", got, p.did)
	}
	for n := range mostOrders + 10 {
		take(edit(func(o *Order) { o.ID = fmt.Sprintf("%026d", n) }), "signed ")
	}
	if len(p.did) > mostOrders {
		t.Errorf("%d orders were taken, want %d at most", len(p.did), mostOrders)
	}
	c.Add(2*goodFor + time.Second)
	if take(edit(func(o *Order) { o.ID, o.At = strings.Repeat("c", 26), c.Now() }), "signed "); !strings.HasPrefix(p.did[len(p.did)-1], "centre:ana") || len(p.below.seen) != 1 {
		t.Errorf("after a while there is no room: %d", len(p.below.seen))
	}
}
