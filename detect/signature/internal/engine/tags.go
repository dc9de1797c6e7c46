package engine

import (
	"net/netip"
	"sync"
	"sync/atomic"

	"bulwark/detect/signature/internal/rule"
	"bulwark/event"
	"bulwark/wire"
	"bulwark/wire/inspect"
	"bulwark/wire/packet"
)

// Bounds of tags (Suricata: DETECT_TAG_MAX_TAGS, DETECT_TAG_MATCH_LIMIT, TAG_MAX_LAST_TIME_SEEN).
const (
	maxTags    = 50      // of a flow, or of a host
	tagRenewed = 10      // times that a rule that matches again begins its tag anew
	tagIdle    = 600     // seconds without a packet after which the tag of a host is forgotten
	maxTagged  = 1 << 16 // hosts
)

// tag asks for packets since a rule has matched.
type tag struct {
	rule     *rule.Tag
	gid, sid uint32
	first    int64 // seconds of the packet that matched
	last     int64
	count    uint64 // packets or bytes since, that packet among them
	matched  uint32 // times that the rule matched again
	behind   bool   // the packet that matched is past
}

// tagged are the hosts that have tags, for all watchers.
type tagged struct {
	some  atomic.Bool // there are any
	mu    sync.Mutex
	hosts map[netip.Addr][]tag
}

// tag asks for the packets that follow what a rule has found.
func (w *Watcher) tag(c *compiled) {
	v := &w.view
	if v.f == nil || v.st == nil {
		return
	}
	for i := range c.Tags {
		t := tag{rule: &c.Tags[i], gid: c.GID, sid: c.SID, first: v.f.Time / 1e9}
		if !t.rule.Host {
			v.st.tags = addTag(v.st.tags, t)
			*v.f.Own &= ownNumber // its packets without payload count, too
			continue
		}
		host := packet.Addr(&v.f.Src, v.f.V6)
		if t.rule.ToDest == (v.dir == wire.ToServer) {
			host = packet.Addr(&v.f.Dst, v.f.V6)
		}
		w.shared.tagged.add(host, t)
	}
}

// addTag adds t, or begins it anew where the rule has asked before.
func addTag(all []tag, t tag) []tag {
	for i := range all {
		x := &all[i]
		if x.sid != t.sid || x.gid != t.gid {
			continue
		}
		if x.matched++; x.matched < tagRenewed {
			x.first, x.last, x.count = t.first, t.first, 0
		}
		return all
	}
	if len(all) < maxTags {
		all = append(all, t)
	}
	return all
}

func (h *tagged) add(host netip.Addr, t tag) {
	h.mu.Lock()
	defer h.mu.Unlock()
	all, known := h.hosts[host]
	if !known && len(h.hosts) >= maxTagged {
		for other := range h.hosts { // in an order that is random
			delete(h.hosts, other)
			break
		}
	}
	if h.hosts == nil {
		h.hosts = map[netip.Addr][]tag{}
	}
	h.hosts[host] = addTag(all, t)
	h.some.Store(true)
}

// wants counts a packet of a host, and reports whether one of its tags asks for it.
func (h *tagged) wants(host netip.Addr, now int64, size int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	all, ok := h.hosts[host]
	if !ok {
		return false
	}
	all, wanted := wantedBy(all, now, size)
	if len(all) == 0 {
		delete(h.hosts, host)
		h.some.Store(len(h.hosts) > 0)
	} else {
		h.hosts[host] = all
	}
	return wanted
}

// wantedBy counts a packet, drops the tags that are over, and reports whether one of the others asks for it. The packet that
// matched is told of by the alert.
func wantedBy(all []tag, now int64, size int) (left []tag, wanted bool) {
	left = all[:0]
	for _, t := range all {
		idle := t.last != 0 && now-t.last > tagIdle
		t.last = now
		spent := uint64(now - t.first)
		if t.rule.Unit == "packets" {
			t.count++
			spent = t.count
		} else if t.rule.Unit == "bytes" {
			t.count += uint64(size)
			spent = t.count
		}
		if !t.behind {
			t.behind = true
		} else if idle || spent > uint64(t.rule.Count) {
			continue
		} else {
			wanted = true
		}
		left = append(left, t)
	}
	return left, wanted
}

// follow tells of the packet in hand where a tag asks for it, or a rule has noted something of it.
func (w *Watcher) follow(f *inspect.Flow) {
	if f == nil {
		return
	}
	now, size, wanted := f.Time/1e9, f.Size, false
	if st := w.kept(f); st != nil {
		if len(st.tags) > 0 {
			st.tags, wanted = wantedBy(st.tags, now, size)
		}
		if len(st.notes.ofPacket) > 0 && st.notes.at == w.serial {
			w.tell.Tell(f, &event.Packet{Noted: true})
		}
	}
	if w.shared.tagged.some.Load() {
		for _, host := range [2]netip.Addr{packet.Addr(&f.Src, f.V6), packet.Addr(&f.Dst, f.V6)} {
			wanted = w.shared.tagged.wants(host, now, size) || wanted
		}
	}
	if wanted {
		w.tell.Tell(f, &event.Packet{})
	}
}
