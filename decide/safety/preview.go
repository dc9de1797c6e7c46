package safety

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	content "bulwark/content/safety"
)

// Preview is what an act would stop, as people see it.
type Preview struct {
	Seen    bool         `json:"seen"`
	Why     string       `json:"why,omitempty"`
	At      time.Time    `json:"at"`
	Windows []Window     `json:"windows"`
	Flows   []FlowView   `json:"flows"`
	More    int          `json:"more"`  // flows and devices that are left out
	Links   []LinkView   `json:"links"` // by which care was given for weeks: whether one is open now is not known
	Devices []DeviceView `json:"devices"`
	Wards   []WardView   `json:"wards"`
	People  []string     `json:"people"`
}

// Window is a time that was looked at, with what would stop.
type Window struct {
	Name          string    `json:"name"` // now, last_week
	From          time.Time `json:"from"`
	To            time.Time `json:"to"`
	Conversations uint64    `json:"conversations"`
	Clinical      uint64    `json:"clinical"`
	More          bool      `json:"capped"`
}

// FlowView are conversations that would stop, or go on although the device is isolated.
type FlowView struct {
	Device        uint64    `json:"device"` // at which the act is aimed, or that talks with the address outside; 0: unknown
	Peer          string    `json:"peer"`
	PeerDevice    uint64    `json:"peer_device,omitempty"`
	PeerName      string    `json:"peer_name,omitempty"`
	App           string    `json:"app"`
	Proto         string    `json:"proto"`
	Port          uint16    `json:"port"`
	Asked         bool      `json:"asked"` // the device asks, the peer answers
	Inside        bool      `json:"inside"`
	Clinical      bool      `json:"clinical"`
	Kept          bool      `json:"kept"`
	Conversations uint64    `json:"conversations"`
	Bytes         uint64    `json:"bytes"`
	Last          time.Time `json:"last"`
	Windows       []string  `json:"windows"`
}

// DeviceView is a device of which something would stop.
type DeviceView struct {
	ID        uint64 `json:"id"`
	Name      string `json:"name"`
	Class     string `json:"class,omitempty"`
	Tier      int    `json:"tier"`
	Confirmed bool   `json:"confirmed"`
	Ward      string `json:"ward,omitempty"`
	Aimed     bool   `json:"aimed"`
	Inside    int    `json:"inside"`
	Outside   int    `json:"outside"`
	Asked     int    `json:"asked"`
	Clinical  int    `json:"clinical"`
	Serves    bool   `json:"serves"` // care depends on it, and may be given by what it only answered
}

// WardView is a ward and how many of its devices would lose something.
type WardView struct {
	Ward    string `json:"ward"`
	Devices int    `json:"devices"`
}

// show adds a conversation to what is told; one of both windows is one line.
func (w *weighing) show(x *Window, f *Flow, stops, clinical bool) {
	self, peer, asked := f.Client, f.Server, true
	if !w.devices.Ours(self) || slices.Contains(w.addresses, f.Server) && w.act.Act != "ban" {
		self, peer, asked = f.Server, f.Client, false
	}
	d, _ := w.device(self)
	other, _ := w.device(peer)
	v := FlowView{Device: d.ID, Peer: peer.String(), PeerDevice: other.ID, PeerName: other.Name, App: f.App, Proto: protoName(f.Proto), Port: f.Port, Asked: asked,
		Inside: w.devices.Ours(peer), Clinical: clinical, Kept: !stops, Conversations: f.Conversations, Bytes: f.Bytes, Last: f.Last.UTC(), Windows: []string{x.Name}}
	for i := range w.flows {
		if o := &w.flows[i]; o.Device == v.Device && o.Peer == v.Peer && o.App == v.App && o.Proto == v.Proto && o.Port == v.Port && o.Asked == v.Asked {
			o.Conversations += v.Conversations
			o.Bytes += v.Bytes
			if v.Last.After(o.Last) {
				o.Last = v.Last
			}
			o.Windows = append(o.Windows, x.Name)
			return
		}
	}
	w.flows = append(w.flows, v)
}

func protoName(p uint8) string {
	switch p {
	case 6:
		return "tcp"
	case 17:
		return "udp"
	}
	return strconv.Itoa(int(p))
}

// preview is what was found out, the clinical first.
func (w *weighing) preview() Preview {
	p := Preview{Seen: w.why == "", Why: w.why, At: w.now.UTC(), Windows: w.windows, Flows: w.flows, People: w.people, Links: w.links, Devices: []DeviceView{}, Wards: []WardView{}}
	if p.Windows == nil {
		p.Windows = []Window{}
	}
	if p.Links == nil {
		p.Links = []LinkView{}
	}
	if p.People == nil {
		p.People = []string{}
	}
	slices.SortStableFunc(p.Flows, func(a, b FlowView) int {
		return cmp.Or(rank(b.Clinical, a.Clinical), rank(b.Inside, a.Inside), cmp.Compare(b.Conversations, a.Conversations))
	})
	p.More = max(0, len(p.Flows)-mostShown)
	p.Flows = append([]FlowView{}, p.Flows[:min(len(p.Flows), mostShown)]...)
	if cut := len(p.Links) - mostShown; cut > 0 {
		p.More += cut
		p.Links = p.Links[:mostShown]
	}
	wards := map[string]int{}
	for _, d := range w.touched {
		p.Devices = append(p.Devices, DeviceView{ID: d.ID, Name: d.name, Class: d.Class, Tier: int(d.Tier), Confirmed: d.Confirmed, Ward: d.Ward, Aimed: d.Aimed,
			Inside: d.Inside, Outside: d.Outside, Asked: d.Asked, Clinical: d.Clinical, Serves: !d.Aimed && d.Served > 0 && d.Tier <= content.ClinicalEssential})
		if d.Ward != "" {
			wards[d.Ward]++
		}
	}
	slices.SortStableFunc(p.Devices, func(a, b DeviceView) int {
		return cmp.Or(rank(b.Aimed, a.Aimed), cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.ID, b.ID))
	})
	if cut := len(p.Devices) - mostShown; cut > 0 {
		p.More += cut
		p.Devices = p.Devices[:mostShown]
	}
	for ward, n := range wards {
		p.Wards = append(p.Wards, WardView{ward, n})
	}
	slices.SortFunc(p.Wards, func(a, b WardView) int {
		return cmp.Or(cmp.Compare(b.Devices, a.Devices), strings.Compare(a.Ward, b.Ward))
	})
	return p
}

// rank orders truth after its absence.
func rank(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// JSON is the preview as it is kept with a lease.
func (p *Preview) JSON() (json.RawMessage, error) { return json.Marshal(p) }
