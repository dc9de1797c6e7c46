package node

import (
	"context"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"bulwark/event"
	"bulwark/platform/bus"
)

// cable is a link that can be cut.
type cable struct {
	l      net.Listener
	target string

	mu    sync.Mutex
	cut   bool
	conns map[net.Conn]bool
}

// layCable carries what is sent to listen to target.
func layCable(t *testing.T, listen, target string) *cable {
	t.Helper()
	l, err := net.Listen("tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{l: l, target: target, conns: map[net.Conn]bool{}}
	var carrying sync.WaitGroup
	carrying.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.carry(&carrying, conn)
		}
	})
	t.Cleanup(func() { _ = l.Close(); c.set(true); carrying.Wait() })
	return c
}

func (c *cable) carry(carrying *sync.WaitGroup, in net.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out, err := net.Dial("tcp", c.target)
	if err != nil || c.cut {
		_ = in.Close()
		return
	}
	c.conns[in], c.conns[out] = true, true
	carrying.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
	carrying.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
}

// set cuts the link, or mends it.
func (c *cable) set(cut bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cut = cut; cut {
		for conn := range c.conns {
			_ = conn.Close()
		}
		clear(c.conns)
	}
}

// joining is a site and a node that joins it, both real, and the cable between their buses.
type joining struct {
	site, low *running
	cable     *cable
}

// join starts a site, makes a token there, joins with it as a person would, and starts the sensor.
func joinUp(t *testing.T) joining {
	t.Helper()
	needCage(t)
	c := settings()
	c.Site = "north"
	leaf := free(t, "127.0.0.1")
	_, port, _ := net.SplitHostPort(leaf)
	c.Join = Join{Listen: free(t, "127.0.0.2"), Leaf: leaf, Name: "127.0.0.2"}
	j := joining{cable: layCable(t, "127.0.0.2:"+port, leaf)} // tokens name 127.0.0.2
	siteDir, lowDir := t.TempDir(), t.TempDir()

	s := settings()
	s.Site, s.Node = "north", "ward-3"
	s.Sensor.Interfaces = []string{"bulwark-none"} // it is there for its bus
	if _, err := newNode(t.Context(), made{config: s, roles: roles{"sensor"}, dir: lowDir, log: quiet()}); err == nil || !strings.Contains(err.Error(), "bulwark join TOKEN") {
		t.Errorf("a sensor that has joined nobody = %v, want how to join", err)
	}

	j.site = start(t, made{config: c, roles: roles{"site"}, dir: siteDir})
	await(t, "the control socket answers", func() bool {
		code, _, _ := typed(t, "nodes", "list", "--data", siteDir)
		return code == ExitOK
	})
	code, out, errs := typed(t, "nodes", "token", "ward-3", "--data", siteDir)
	if !strings.Contains(out, "On ward-3, once, within 1h:") {
		t.Errorf("nodes token prints %q", out)
	}
	words := regexp.MustCompile(`bulwark join (\S+)`).FindStringSubmatch(out)
	if code != ExitOK || words == nil {
		t.Fatalf("nodes token = %d %q %q", code, out, errs)
	}
	await(t, "the site admits nodes", func() bool {
		code, out, errs = typed(t, "join", words[1], "--data", lowDir)
		return code == ExitOK || !strings.Contains(errs, "connection refused")
	})
	if code != ExitOK || !strings.Contains(out, "bulwark up --roles sensor") {
		t.Fatalf("join = %d %q %q", code, out, errs)
	}
	if code, _, errs := typed(t, "join", words[1], "--data", t.TempDir()); code != ExitFailure || !strings.Contains(errs, "token") {
		t.Errorf("joining again with the token = %d %q, want a refusal", code, errs)
	}
	if code, out, errs := typed(t, "nodes", "list", "--data", siteDir); code != ExitOK || !strings.Contains(out, "ward-3") || !strings.Contains(out, "admitted") {
		t.Errorf("nodes list = %d %q %q", code, out, errs)
	}
	j.low = start(t, made{config: s, roles: roles{"sensor"}, dir: lowDir})
	return j
}

// inOrder reads what the site's bus has of the sensor and checks that it is 1 to n, each once.
func (j joining) inOrder(t *testing.T, n int) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	next := uint64(1)
	err := j.site.bus.Follow(ctx, []string{event.KindDNS.Subject()}, bus.FromFirst, func(_ context.Context, m *bus.Message) error {
		var r event.Reader
		if err := r.Open(m.Batch); err != nil {
			return err
		}
		if m.Node != "ward-3" || r.ID != next {
			t.Errorf("got batch %d of %q, want %d of ward-3", r.ID, m.Node, next)
			return io.ErrUnexpectedEOF
		}
		if next++; next > uint64(n) {
			stop()
		}
		return nil
	})
	if (err != nil && !errors.Is(err, context.Canceled)) || next != uint64(n+1) {
		t.Errorf("got %d batches, %v, want %d", next-1, err, n)
	}
}

func TestWhatASensorSawWhileItsLinkWasCutArrives(t *testing.T) {
	j := joinUp(t)
	if strings.Contains(j.low.greeted, "Console") || !strings.Contains(j.low.greeted, "Joined") {
		t.Errorf("a sensor greets with %q, want no console and whom it joined", j.low.greeted)
	}
	j.low.publish(1, 200)
	await(t, "the sensor's events are found at the site", func() bool { return j.site.found("kind:dns") == 200 })

	j.cable.set(true)
	await(t, "the sensor knows that the link is cut", func() bool { return !j.low.bus.Upstreamed() })
	j.low.publish(201, 800)
	if got := j.site.found("kind:dns"); got != 200 {
		t.Errorf("got %d events over a cut link, want 200", got)
	}
	j.low.stop() // a sensor that restarts meanwhile goes on
	again := start(t, made{config: j.low.config, roles: roles{"sensor"}, dir: j.low.dir})
	again.publish(1001, 200)

	j.cable.set(false)
	begin := time.Now()
	await(t, "all that was seen meanwhile is found at the site", func() bool { return j.site.found("kind:dns") >= 1200 })
	t.Logf("caught up %v after the link was mended", time.Since(begin).Round(time.Millisecond))
	j.inOrder(t, 1200)
	if got := j.site.found("kind:dns"); got != 1200 {
		t.Errorf("got %d events, want 1200, each once", got)
	}

	if code, _, errs := typed(t, "nodes", "revoke", "ward-3", "--data", j.site.dir); code != ExitOK {
		t.Errorf("nodes revoke = %d %q", code, errs)
	}
	await(t, "the barred sensor's link ends", func() bool { return !again.bus.Upstreamed() })
	if code, out, _ := typed(t, "nodes", "list", "--data", j.site.dir); code != ExitOK || !strings.Contains(out, "revoked") {
		t.Errorf("nodes list = %d %q, want it revoked", code, out)
	}
}
