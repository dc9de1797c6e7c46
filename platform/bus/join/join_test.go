package join

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"bulwark/event"
	"bulwark/platform/bus"
)

// proxy is a link that can be cut.
type proxy struct {
	l      net.Listener
	target string
	mu     sync.Mutex
	cut    bool
	conns  map[net.Conn]bool
}

func startProxy(t *testing.T, target string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, target: target, conns: map[net.Conn]bool{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			p.carry(c)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); p.set(true) })
	return p
}

func (p *proxy) carry(c net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	out, err := net.Dial("tcp", p.target)
	if err != nil || p.cut {
		_ = c.Close()
		return
	}
	p.conns[c], p.conns[out] = true, true
	go func() { _, _ = io.Copy(out, c); _ = out.Close() }()
	go func() { _, _ = io.Copy(c, out); _ = c.Close() }()
}

// set cuts the link, or mends it.
func (p *proxy) set(cut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cut = cut; cut {
		for c := range p.conns {
			_ = c.Close()
		}
		clear(p.conns)
	}
}

// free is an address on which nothing listens.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// upper is a site with its authority and its bus.
type upper struct {
	a    *Authority
	b    *bus.Bus
	link *proxy
}

func startUpper(t *testing.T) *upper {
	t.Helper()
	listen := free(t)
	link := startProxy(t, listen)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelInfo}))
	a, err := OpenAuthority(Options{Dir: t.TempDir(), Role: Site, Address: l.Addr().String(), Leaf: link.l.Addr().String(), Log: log})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), Listen: a.Listen(listen), Log: log, SyncEvery: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var wait sync.WaitGroup
	wait.Go(func() { _ = a.Serve(ctx, l) })
	wait.Go(func() { _ = a.Link(ctx, b) })
	t.Cleanup(func() { stop(); wait.Wait(); b.Close() })
	return &upper{a, b, link}
}

// lower enrols a sensor and opens its bus.
func (u *upper) lower(t *testing.T, name string) (*Identity, *bus.Bus) {
	t.Helper()
	text, err := u.a.NewToken(name, Sensor, 0)
	if err != nil {
		t.Fatal(err)
	}
	id, err := Enrol(t.Context(), text, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b, err := bus.Open(t.Context(), bus.Options{Dir: t.TempDir(), Domain: id.Name, Name: id.Name, Upstream: id.Upstream(), SyncEvery: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return id, b
}

func publish(t *testing.T, b *bus.Bus, sensor string, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		var e event.Batch
		e.Reset(sensor, "", uint64(i+1))
		e.Add(&event.Header{Time: int64(i)}, &event.DNS{ID: uint64(i)})
		if err := b.Publish(t.Context(), "ev.dns", e.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
}

// expect reads n batches of the node from the upper bus and checks that they are the first n, in order.
func (u *upper) expect(t *testing.T, node string, n int) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	next := uint64(1)
	err := u.b.Follow(ctx, []string{"ev.dns"}, bus.FromFirst, func(_ context.Context, m *bus.Message) error {
		var r event.Reader
		if err := r.Open(m.Batch); err != nil {
			t.Error(err)
		}
		if m.Node != node {
			return nil
		}
		if r.ID != next {
			t.Errorf("got batch %d of %s, want %d", r.ID, node, next)
		}
		if next = r.ID + 1; r.ID == uint64(n) {
			stop()
		}
		return nil
	})
	if err != nil || next != uint64(n+1) {
		t.Fatalf("got %d batches of %s, %v, want %d", next-1, node, err, n)
	}
}

func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("after 20 seconds: %s", what)
		}
	}
}

func TestWhatIsWrittenWhileTheLinkIsCutArrivesOnceAndInOrder(t *testing.T) {
	u := startUpper(t)
	_, low := u.lower(t, "sensor-1")
	publish(t, low, "sensor-1", 0, 300)
	u.expect(t, "sensor-1", 300)

	u.link.set(true)
	publish(t, low, "sensor-1", 300, 1300)
	publish(t, u.b, "here", 0, 5) // the site goes on meanwhile
	u.link.set(false)
	began := time.Now()
	u.expect(t, "sensor-1", 1300)
	t.Logf("caught up %v after the link was mended", time.Since(began).Round(time.Millisecond))

	if _, last, _, err := u.b.Extent(t.Context()); err != nil || last != 1305 {
		t.Errorf("got %d batches, %v, want 1305: each once", last, err)
	}
	// The sensor learns what it need not keep any more.
	await(t, "the sensor does not know what arrived", func() bool {
		seq, err := low.Position(t.Context(), "upstream")
		return err == nil && seq == 1300
	})
}

func TestNothingButTheStreamCrossesALink(t *testing.T) {
	u := startUpper(t)
	_, one := u.lower(t, "sensor-1")
	_, two := u.lower(t, "sensor-2")
	publish(t, one, "sensor-1", 0, 10)
	publish(t, two, "sensor-2", 0, 20)
	u.expect(t, "sensor-1", 10)
	u.expect(t, "sensor-2", 20)
	publish(t, u.b, "here", 0, 30)
	for _, c := range []struct {
		what string
		b    *bus.Bus
		want uint64
	}{{"the first sensor", one, 10}, {"the second sensor", two, 20}, {"the site", u.b, 60}} {
		if _, last, _, err := c.b.Extent(t.Context()); err != nil || last != c.want {
			t.Errorf("%s: got %d batches, %v, want %d", c.what, last, err, c.want)
		}
	}
	// A sensor can write into nobody's inbox, and ask for nothing at the site or at another sensor.
	for _, subject := range []string{"_INBOX_sensor-2.x", "$JS.API.STREAM.PURGE.EVENTS", "$JS.TOP.API.STREAM.PURGE.EVENTS",
		"$JS.sensor-2.API.STREAM.PURGE.EVENTS", "bulwark.sensor-2.relayed"} {
		got := make(chan string, 1)
		sub, err := u.b.Conn().Subscribe(subject, func(m *nats.Msg) { got <- m.Subject })
		if err != nil {
			t.Fatal(err)
		}
		_, err = one.Conn().Request(subject, []byte("x"), 300*time.Millisecond)
		_ = sub.Unsubscribe()
		select {
		case s := <-got:
			t.Errorf("%s of a sensor reached the site (%v)", s, err)
		default:
		}
	}
	if _, last, _, err := u.b.Extent(t.Context()); err != nil || last != 60 {
		t.Errorf("got %d batches, %v, want 60", last, err)
	}
}

func TestARevokedNodeIsCutOffAtOnceAndForGood(t *testing.T) {
	u := startUpper(t)
	id, low := u.lower(t, "sensor-1")
	publish(t, low, "sensor-1", 0, 3)
	u.expect(t, "sensor-1", 3)
	if err := u.a.Revoke("sensor-1"); err != nil {
		t.Fatal(err)
	}
	await(t, "the link is still up", func() bool { return !low.Upstreamed() })
	if err := id.Renew(t.Context()); !errors.Is(err, ErrRevoked) {
		t.Errorf("got %v, want %v", err, ErrRevoked)
	}
	publish(t, low, "sensor-1", 3, 6)
	if _, last, _, err := u.b.Extent(t.Context()); err != nil || last != 3 || low.Upstreamed() {
		t.Errorf("got %d batches, %v, want 3", last, err)
	}
	if got := u.a.Nodes(); len(got) != 1 || got[0].Revoked.IsZero() {
		t.Errorf("got %+v, want one revoked node", got)
	}
}

func TestACertificateIsRenewedAndTheOldOneEnds(t *testing.T) {
	u := startUpper(t)
	id, low := u.lower(t, "sensor-1")
	old := id.cert.Leaf
	if err := id.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := u.a.Admit(old); !ok {
		t.Error("the certificate before is refused although the new one may have been lost on the way")
	}
	if err := id.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, ok := u.a.Admit(old); ok {
		t.Error("a certificate that was renewed twice is still good")
	}
	again, err := LoadIdentity(id.dir)
	if err != nil || again.cert.Leaf.SerialNumber.Cmp(id.cert.Leaf.SerialNumber) != 0 {
		t.Errorf("got another identity from the disk, %v", err)
	}
	publish(t, low, "sensor-1", 0, 3)
	u.expect(t, "sensor-1", 3)
}

func TestTokens(t *testing.T) {
	u := startUpper(t)
	good := func(t *testing.T) string {
		text, err := u.a.NewToken("ward-3", Sensor, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	other := startUpper(t)
	for _, c := range []struct {
		what string
		text func(t *testing.T) string
		want error
	}{
		{"a fresh token is taken", good, nil},
		{"a token is taken once", func(t *testing.T) string {
			text := good(t)
			if _, err := Enrol(t.Context(), text, t.TempDir()); err != nil {
				t.Fatal(err)
			}
			return text
		}, ErrToken},
		{"a newer token of the name makes the older void", func(t *testing.T) string {
			text := good(t)
			good(t)
			return text
		}, ErrToken},
		{"a cut token is none", func(t *testing.T) string { return good(t)[:40] }, ErrToken},
		{"another word is none", func(*testing.T) string { return "bearer x" }, ErrToken},
		{"a token of one site is nothing at another", func(t *testing.T) string {
			tok, err := parseToken(good(t))
			if err != nil {
				t.Fatal(err)
			}
			tok.Address, tok.CA = other.a.opts.Address, other.a.Fingerprint()
			return tok.String()
		}, ErrToken},
		{"an authority that is not the token's is not trusted", func(t *testing.T) string {
			tok, err := parseToken(good(t))
			if err != nil {
				t.Fatal(err)
			}
			tok.Address = other.a.opts.Address
			return tok.String()
		}, errAny},
		{"an old token is refused", func(t *testing.T) string {
			text := good(t)
			if err := u.a.change(func(s *state) error { s.Tokens[len(s.Tokens)-1].Expires = time.Now(); return nil }); err != nil {
				t.Fatal(err)
			}
			return text
		}, ErrToken},
	} {
		t.Run(c.what, func(t *testing.T) {
			_, err := Enrol(t.Context(), c.text(t), t.TempDir())
			if c.want == errAny && err != nil && !errors.Is(err, ErrToken) {
				return
			}
			if !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
	for _, c := range []struct {
		name string
		role Role
	}{{"Ward", Sensor}, {"a.b", Sensor}, {"", Sensor}, {"-a", Sensor}, {"north", Site}, {"north", Centre}, {"x", "admin"}} {
		if _, err := u.a.NewToken(c.name, c.role, 0); err == nil {
			t.Errorf("a site made a token for %q, a %s", c.name, c.role)
		}
	}
	if b, err := os.ReadFile(u.a.path("nodes.json")); err != nil || len(b) == 0 {
		t.Errorf("the list of nodes is not kept: %v", err)
	}
}

var errAny = fmt.Errorf("any error but a refused token")

func FuzzToken(f *testing.F) {
	f.Add(token{"site:8444", make([]byte, 32), make([]byte, 32)}.String())
	f.Add("bw1.e30")
	f.Fuzz(func(t *testing.T, text string) {
		tok, err := parseToken(text)
		if err == nil {
			if again, err := parseToken(tok.String()); err != nil || again.Address != tok.Address {
				t.Errorf("got %v, %v from what was written", again, err)
			}
		}
	})
}
