package intake

import (
	"net"
	"net/netip"
	"sync"
)

// Why connections are refused.
const (
	reasonFull  = "too many connections"
	reasonGreed = "too many connections of one sender"
)

// Fair is a listener that takes a number of connections at a time, and of one address at most a quarter of them, so that whoever opens
// connections and says nothing keeps no place from the others. What is beyond is closed at once, and counted.
type Fair struct {
	net.Listener
	count *Tally
	most  int

	mu  sync.Mutex
	all int
	of  map[netip.Addr]int
}

// NewFair bounds the connections of a listener.
func NewFair(l net.Listener, most int, count *Tally) *Fair {
	return &Fair{Listener: l, count: count, most: most, of: map[netip.Addr]int{}}
}

// Accept waits for a connection that there is a place for.
func (f *Fair) Accept() (net.Conn, error) {
	for {
		c, err := f.Listener.Accept()
		if err != nil {
			return nil, err
		}
		at, _ := netip.ParseAddrPort(c.RemoteAddr().String())
		from := at.Addr().Unmap().WithZone("")
		if reason := f.enter(from); reason != "" {
			f.count.Add(reason, 1)
			_ = c.Close()
			continue
		}
		return &placed{Conn: c, leave: sync.OnceFunc(func() { f.leave(from) })}, nil
	}
}

// enter takes a place, or says why there is none.
func (f *Fair) enter(from netip.Addr) (reason string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.all >= f.most:
		return reasonFull
	case f.of[from] >= max(1, f.most/4):
		return reasonGreed
	}
	f.all++
	f.of[from]++
	return ""
}

func (f *Fair) leave(from netip.Addr) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.all--
	if f.of[from]--; f.of[from] == 0 {
		delete(f.of, from)
	}
}

// placed is a connection that gives its place back when it is closed.
type placed struct {
	net.Conn
	leave func()
}

func (p *placed) Close() error {
	p.leave()
	return p.Conn.Close()
}
