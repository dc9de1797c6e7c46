package intake

import (
	"net"
	"net/netip"
	"testing"
)

// from is a listener to which addresses connect in turn.
type from struct {
	net.Listener
	all []string
}

func (l *from) Accept() (net.Conn, error) {
	if len(l.all) == 0 {
		return nil, net.ErrClosed
	}
	at := netip.MustParseAddrPort(l.all[0] + ":4711")
	l.all = l.all[1:]
	return &conn{at: net.TCPAddrFromAddrPort(at)}, nil
}

type conn struct {
	net.Conn
	at     net.Addr
	closed bool
}

func (c *conn) RemoteAddr() net.Addr { return c.at }
func (c *conn) Close() error         { c.closed = true; return nil }

func TestNobodyTakesThePlacesOfOthers(t *testing.T) {
	const a, b = "192.0.2.1", "192.0.2.2"
	var count Tally
	l := &from{all: []string{a, a, a, b, b}}
	f := NewFair(l, 8, &count)
	var open []net.Conn
	accept := func() {
		for {
			c, err := f.Accept()
			if err != nil {
				return
			}
			open = append(open, c)
		}
	}
	accept()
	if got := count.Refused()[reasonGreed]; len(open) != 4 || got != 1 {
		t.Fatalf("got %d connections, %d refused; want 2 of each, and one refused", len(open), got)
	}
	for range 2 { // closed twice, it gives its place back once
		_ = open[0].Close()
	}
	l.all = []string{a, a}
	accept()
	if got := count.Refused()[reasonGreed]; len(open) != 5 || got != 2 {
		t.Errorf("after one was closed: got %d connections, %d refused", len(open), got)
	}
	l.all = []string{"192.0.2.3", "192.0.2.3", "192.0.2.4", "192.0.2.4", "192.0.2.5"}
	accept()
	if got := count.Refused()[reasonFull]; len(open) != 9 || got != 1 {
		t.Errorf("got %d connections, %d refused because all places are taken", len(open), got)
	}
	for _, c := range open {
		_ = c.Close()
	}
	if f.all != 0 || len(f.of) != 0 {
		t.Errorf("%d places are taken when all are closed, %v", f.all, f.of)
	}
}
