package engine

import (
	"slices"

	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// settleExchange is for a rule over both directions of a request (=>): it is asked when the response has come, each buffer
// in the direction that it is of.
func (c *compiled) settleExchange() error {
	c.about, c.dirs = aboutHTTP, 1<<wire.ToClient
	if len(c.looks) == 0 {
		return unsupported("=> without fields")
	}
	if src := c.looks[0].src; src != nil && src.record != event.KindNone && !ofBodies(src) {
		return c.settleRecords(src.record)
	}
	for i := range c.looks {
		l := &c.looks[i]
		if l.src != nil && ofBodies(l.src) {
			c.stage = inspect.Whole
			if l.dir == wire.Either && c.FileDir == "to_client" {
				l.dir = wire.ToClient
			}
			if l.dir == wire.Either && c.FileDir == "to_server" {
				l.dir = wire.ToServer
			}
			if l.dir == wire.Either {
				return unsupported("=> with a file of which direction is not said")
			}
			continue
		}
		if l.src == nil || l.src.http == nil && l.src.many == nil && !l.src.body {
			return unsupported("=> with fields that are not of HTTP")
		}
		if l.src.dir != wire.Either {
			l.dir = l.src.dir
		}
		if l.dir == wire.Either {
			return unsupported("=> with a field of which direction is not said")
		}
		if l.dir == wire.ToClient {
			c.stage = max(c.stage, l.src.stage)
		}
	}
	if c.stage < inspect.Head {
		c.stage = inspect.Head
	}
	return nil
}

// settleRecords is the same of a protocol whose messages are told of as records.
func (c *compiled) settleRecords(kind event.Kind) error {
	c.about, c.kind = aboutRecord, kind
	for i := range c.looks {
		l := &c.looks[i]
		if l.src == nil || l.src.record != kind {
			return unsupported("=> with fields of several protocols together")
		}
		if l.src.dir != wire.Either {
			l.dir = l.src.dir
		}
		if l.dir == wire.Either {
			return unsupported("=> with a field of which direction is not said")
		}
	}
	return nil
}

// half is a rule over both directions of which the request held.
type half struct {
	rule int32
	tx   uint64
}

// maxHalves is how many of them are remembered of a flow.
const maxHalves = 32

// askExchange asks a rule over both directions about a record: of one that a side has said, the fields of that side.
func (w *Watcher) askExchange(n int32) {
	v := &w.view
	dir, both := said(v.record)
	if v.more.Turn {
		dir, both = v.f.Dir, false
	}
	v.dir = wire.ToClient
	if both || dir == wire.Either {
		w.ask(n)
		return
	}
	st, h := v.st, half{n, v.more.Tx}
	v.turn, v.dir = true, dir
	if i := slices.Index(st.halves, h); dir == wire.ToClient && i >= 0 && w.ask(n) {
		st.halves = slices.Delete(st.halves, i, i+1)
	} else if dir == wire.ToServer && i < 0 && len(st.halves) < maxHalves && w.looks(&w.set.rules[n]) {
		st.halves = append(st.halves, h)
	}
	v.turn = false
}

// mixesBodies reports whether a rule about fields of HTTP asks for the name or the size of a file too.
func (c *compiled) mixesBodies() bool {
	http, files := false, false
	for i := range c.looks {
		s := c.looks[i].src
		if s == nil {
			continue
		}
		http = http || s.http != nil || s.many != nil
		files = files || ofBodies(s)
	}
	return http && files
}

// exchanged reports whether what a rule over both directions says of buffers holds.
func (w *Watcher) exchanged(c *compiled) bool {
	dir := w.view.dir
	defer func() {
		w.view.dir = dir
		clear(w.cache)
	}()
	for i := range c.looks {
		if l := &c.looks[i]; l.dir != w.view.dir {
			if w.view.turn {
				continue
			}
			w.view.dir = l.dir
			clear(w.cache)
		}
		if !w.look(&c.looks[i]) {
			return false
		}
	}
	return true
}

// weakCiphers are the types of encryption of Kerberos that are not AES or Camellia (RFC 3962, RFC 8009, RFC 6803).
func weakCiphers() []rule.Number {
	return []rule.Number{{Op: rule.Within, A: 0, B: 16}, {Op: rule.Within, A: 21, B: 24}, {Op: rule.Within, A: 27, B: 1<<31 - 1}}
}

// loose asks the rules about packets that belong to no flow.
func (w *Watcher) loose(p *packet.Packet) {
	w.current()
	w.view = view{dir: wire.ToServer, p: p}
	for _, n := range w.set.linked {
		w.ask(n)
	}
}
