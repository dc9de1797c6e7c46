package safety

import (
	"net/netip"
	"slices"
	"time"
)

// What is said is told a minute after it began at the latest, what is short a little after its end: the newest minute of a device
// cannot be seen. What it gave care by for weeks stands for it.

// LinkView is what a device gave care by for weeks, and that would stop without any conversation of it having been seen to.
type LinkView struct {
	Device   uint64    `json:"device"`
	App      string    `json:"app"`
	Peer     uint64    `json:"peer_device,omitempty"` // 0: outside
	PeerName string    `json:"peer_name,omitempty"`
	Asked    bool      `json:"asked"` // the device asks, the peer answers
	Last     time.Time `json:"last"`
}

// remember finds what the device at which an act is aimed gave care by for weeks, of what would stop.
func (w *weighing) remember() {
	if w.s.needs.Links == nil || w.person || len(w.addresses) == 0 {
		return
	}
	self, known := w.device(w.addresses[0])
	if !known {
		return
	}
	links, err := w.s.needs.Links.Links(self.ID)
	if err != nil {
		w.fail(err)
		return
	}
	for i := range links {
		l := &links[i]
		peer, _ := w.devices.Device(l.Peer)
		depends := essential(self) || peer.ID != 0 && essential(peer)
		care := w.care(l.App, func() bool { return depends }) || depends && (l.App == "http" || l.App == "http2") // what HTTP carried is not learnt
		if !care || w.now.Sub(l.Last) > month || l.First.After(w.now) || w.goesOn(l, &peer) {
			continue
		}
		w.touch(w.addresses[0], true).Learnt++
		w.links = append(w.links, LinkView{Device: self.ID, App: l.App, Peer: l.Peer, PeerName: peer.Name, Asked: !l.Gives, Last: l.Last.UTC()})
	}
}

// goesOn reports whether an act lets what a link is for go on.
func (w *weighing) goesOn(l *Link, peer *Device) bool {
	at := func(a netip.Addr) bool { return slices.Contains(peer.Addresses, a) }
	switch w.act.Act {
	case "block":
		return !at(w.peer)
	case "isolate":
		return slices.ContainsFunc(w.keep, func(k Kept) bool {
			far := k.Server
			if l.Gives {
				far = k.Client
			}
			return at(far) || l.Peer == 0 && !w.devices.Ours(far)
		})
	}
	return false
}
