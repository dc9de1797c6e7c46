package logrule

import (
	"net/netip"
	"slices"
	"strings"
	"time"

	"bulwark/event"
)

// ends says between whom it was. Of a log they are those that it names; where it names none it is the machine that wrote it, and where
// it names who came to it that one and the machine. What a system of records or of access reports is of the machine at which the person
// was, not of the one that carries the report.
func (r *Room) ends(x *Event, e *event.Event) event.Header {
	h := e.Header
	switch p := e.Payload.(type) {
	case *event.ATNA:
		h.Src, h.Dst, h.Ports = r.node(p), h.Src, event.Ports{}
	case *event.RADIUS:
		h.Src, h.Ports = r.addr(p.IP), event.Ports{}
		if !h.Src.IsValid() {
			h.Src = r.wearing(p.MAC)
		}
	case *event.Auth:
		if p.MAC != "" { // a switch or an access point asked for it
			h.Src, h.Ports = r.wearing(p.MAC), event.Ports{}
		}
	case *event.Log:
		if h.Dst.IsValid() {
			break
		}
		if !h.Src.IsValid() {
			h.Src = r.wearing(x.Text("source.mac"))
		}
		host := r.called(p.Host)
		switch {
		case !h.Src.IsValid():
			h.Src = host
		case h.Src.Unmap() != host:
			h.Dst = host
		}
	}
	return h
}

// node is the machine at which the person was of whom a system reports.
func (r *Room) node(a *event.ATNA) netip.Addr {
	for _, name := range a.Nodes {
		if at := r.addr(name); at.IsValid() {
			return at
		}
	}
	for _, name := range a.Nodes {
		if at := r.called(name); at.IsValid() {
			return at
		}
	}
	return netip.Addr{}
}

func (r *Room) addr(text string) netip.Addr {
	a, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Addr{}
	}
	return a.Unmap().WithZone("")
}

func (r *Room) called(name string) netip.Addr {
	if r.needs.Hosts == nil || name == "" {
		return netip.Addr{}
	}
	return r.whereabouts.of(name, r.needs.Clock.Now(), r.needs.Hosts.Called)
}

func (r *Room) wearing(mac string) netip.Addr {
	if r.needs.Hosts == nil || mac == "" {
		return netip.Addr{}
	}
	return r.whereabouts.of(mac, r.needs.Clock.Now(), r.needs.Hosts.Wearing)
}

// Bounds of what is remembered of where machines are.
const (
	whereFor  = 5 * time.Second
	mostWhere = 4096
)

// whereabouts remember for a while where machines are: the inventory looks at all devices for a name.
type whereabouts struct {
	at    map[string]netip.Addr
	since time.Time
}

func (w *whereabouts) of(name string, now time.Time, ask func(string) netip.Addr) netip.Addr {
	if w.at == nil || now.Sub(w.since) >= whereFor || len(w.at) >= mostWhere {
		w.at, w.since = map[string]netip.Addr{}, now
	}
	a, ok := w.at[name]
	if !ok {
		a = ask(name)
		w.at[strings.Clone(name)] = a
	}
	return a
}

// people are the fields in which logs name a person, the more telling first.
var people = [...]string{"user.name", "TargetUserName", "SubjectUserName", "User", "actor.user.name", "user.names"}

// userOf is the person of whom a rule tells: by whom a correlation groups, else whom the log names.
func userOf(c *Correlated, x *Event, e *event.Event) string {
	if c != nil {
		for _, name := range people {
			if who := person(c.Group[name]); who != "" {
				return who
			}
		}
	}
	if l, ok := e.Payload.(*event.Log); ok {
		return person(l.User)
	}
	for _, name := range people {
		if all := x.texts(name); len(all) > 0 {
			return person(all[0])
		}
	}
	return ""
}

// everywhere are accounts that are of the same name on every machine: that two logs name them says nothing.
var everywhere = []string{"-", "system", "local service", "network service", "anonymous logon", "root", "admin", "administrator", "administrateur", "guest",
	"invité", "nobody", "(null)", "(unknown)"}

// person is the name of an account without its domain; empty for those of machines and those that are everywhere.
func person(account string) string {
	if at := strings.LastIndexByte(account, '\\'); at >= 0 {
		account = account[at+1:]
	}
	account, _, _ = strings.Cut(strings.ToLower(strings.TrimSpace(account)), "@")
	if strings.HasSuffix(account, "$") || slices.Contains(everywhere, account) {
		return ""
	}
	return account
}
