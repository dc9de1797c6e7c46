package inventory

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"bulwark/observe/inventory/internal/links"
	"bulwark/observe/inventory/internal/register"
)

// Dependents are the devices that would miss something if one device, or a service, stopped.
type Dependents struct {
	Serves   []string       `json:"serves"`   // protocols that others use of it, the most used first
	Direct   []Dependent    `json:"direct"`   // who uses it
	Indirect []Dependent    `json:"indirect"` // who uses those that use it, and who uses those, and so on
	Outside  bool           `json:"outside"`  // somebody outside the hospital uses it too
	All      int            `json:"all"`      // how many are hit
	Clinical int            `json:"clinical"` // of them on how many care depends, as [TierView.handled] has it
	Spared   int            `json:"spared"`   // of the direct ones that use another device for the same too
	Cut      int            `json:"cut"`      // indirect ones that are left out because there are too many
	CutFirst int            `json:"cut_direct"`
	Groups   []StopGroup    `json:"groups"`           // those hit by step and class: what a picture draws
	Tiers    map[string]int `json:"tiers"`            // how many are hit, by tier as facets have it
	Rhythm   *Rhythm        `json:"rhythm,omitempty"` // of what others use of a device
	When     *When          `json:"when,omitempty"`
}

// Dependent is a device that needs another.
type Dependent struct {
	ID            uint64    `json:"id"`
	Name          string    `json:"name"`
	Class         string    `json:"class,omitempty"`
	Tier          TierView  `json:"tier"`
	Ward          string    `json:"ward,omitempty"`
	Step          int       `json:"step"` // 1: it uses what stops; 2: it uses one that does
	Apps          []string  `json:"apps"` // that it uses, the most used first
	Via           []uint64  `json:"via,omitempty"`
	Spared        bool      `json:"spared,omitempty"` // it uses another device for the same too
	Conversations uint64    `json:"conversations"`
	Bytes         uint64    `json:"bytes"` // in both directions
	Last          time.Time `json:"last_seen"`
	Hours         [24]int   `json:"hours"` // conversations by hour of the day, UTC
}

// StopGroup are the devices of one class that are hit at one step.
type StopGroup struct {
	Step     int    `json:"step"` // the last one holds all further ones
	Class    string `json:"class"`
	Count    int    `json:"count"`
	Clinical int    `json:"clinical"`
	Tier     string `json:"tier"`              // of the one on which most care depends, as facets have it
	Through  []int  `json:"through,omitempty"` // groups of the step before, by their place
}

const (
	mostDependents = 500 // of the direct, and of the indirect ones
	lastStep       = 4   // further steps are one group in the picture
)

// edge is what one device uses of another by one protocol.
type edge struct {
	from, to register.DeviceID
	app      string
	use      *links.Use
}

// needs sums what a device uses of those that stop.
type needs struct {
	step int
	apps map[string]uint64
	all  uint64
	size uint64
	last int64
	day  [24]int
	via  map[register.DeviceID]bool
}

func (n *needs) add(e edge) {
	n.apps[e.app] += e.use.Conversations
	n.via[e.to] = true
	n.all += e.use.Conversations
	n.size += e.use.Out + e.use.In
	n.last = max(n.last, e.use.Last)
	for h, c := range e.use.Hours {
		n.day[h] += int(c)
	}
}

// byUse are the protocols, the most used first.
func byUse(apps map[string]uint64) []string {
	return slices.SortedFunc(maps.Keys(apps), func(a, b string) int { return cmp.Or(cmp.Compare(apps[b], apps[a]), cmp.Compare(a, b)) })
}

// Dependents are who would miss something if a device stopped: who uses it, and who uses those, on and on; those on which
// most care depends first.
func (i *Inventory) Dependents(id uint64) (Dependents, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lean()
	self := register.DeviceID(id)
	if id == 0 || len(i.book.register.Traces(self)) == 0 {
		return Dependents{}, fmt.Errorf("%w: %d", ErrNoDevice, id)
	}
	out := i.stop(func(e edge) bool { return e.to == self })
	traces := i.book.register.Traces(self)
	week := i.rhythm(traces, true)
	out.Rhythm, out.When = &week, week.when(known(traces))
	return out, nil
}

// stop finds who is hit when what is used by the edges of which lost is true stops. The lock for writing is held.
func (i *Inventory) stop(lost func(edge) bool) Dependents {
	out := Dependents{Tiers: map[string]int{}}
	var first []edge
	users := map[register.DeviceID][]edge{} // of a device, by protocols that are missed
	other := map[register.DeviceID]map[string]bool{}
	i.eachUse(func(from, to register.DeviceID, app string, u *links.Use) {
		e := edge{from, to, app, u}
		switch {
		case lost(e) && from == 0:
			out.Outside = true
		case from == 0 || to == 0:
		case lost(e):
			first = append(first, e)
		default:
			if !passing(app) {
				users[to] = append(users[to], e)
			}
			if interchangeable(app) {
				if other[from] == nil {
					other[from] = map[string]bool{}
				}
				other[from][app] = true
			}
		}
	})
	hit := spread(first, users)
	served := map[string]uint64{}
	for _, e := range first {
		served[e.app] += e.use.Conversations
	}
	out.Serves = byUse(served)
	i.tellStop(&out, hit, other)
	return out
}

// spread follows who uses whom from the first edges on, a step at a time.
func spread(first []edge, users map[register.DeviceID][]edge) map[register.DeviceID]*needs {
	hit := map[register.DeviceID]*needs{}
	stopped := map[register.DeviceID]bool{}
	for _, e := range first {
		stopped[e.to] = true
	}
	for step := 1; len(first) > 0; step++ {
		var fresh []register.DeviceID
		for _, e := range first {
			n := hit[e.from]
			switch {
			case stopped[e.from]:
				continue
			case n == nil:
				n = &needs{step: step, apps: map[string]uint64{}, via: map[register.DeviceID]bool{}}
				hit[e.from] = n
				fresh = append(fresh, e.from)
			case n.step != step:
				continue
			}
			n.add(e)
		}
		first = first[:0:0]
		for _, d := range fresh {
			first = append(first, users[d]...)
		}
	}
	return hit
}

// tellStop fills in the devices that are hit as people see them. The lock for writing is held.
func (i *Inventory) tellStop(out *Dependents, hit map[register.DeviceID]*needs, other map[register.DeviceID]map[string]bool) {
	all := make([]Dependent, 0, len(hit))
	for d, n := range hit {
		v := i.device(d)
		x := Dependent{ID: v.ID, Name: v.Name, Class: v.Class.Name, Tier: v.Tier, Ward: v.Word.Ward, Step: n.step, Apps: byUse(n.apps),
			Conversations: n.all, Bytes: n.size, Last: at(n.last), Hours: n.day}
		if n.step == 1 {
			x.Spared = !slices.ContainsFunc(x.Apps, func(app string) bool { return !other[d][app] })
		}
		if n.step > 1 {
			for via := range n.via {
				x.Via = append(x.Via, uint64(via))
			}
			slices.Sort(x.Via)
		}
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b Dependent) int {
		return cmp.Or(cmp.Compare(a.Tier.weight(), b.Tier.weight()), cmp.Compare(a.Step, b.Step), cmp.Compare(b.Conversations, a.Conversations), cmp.Compare(a.ID, b.ID))
	})
	out.All, out.Groups = len(all), grouped(all)
	out.Direct, out.Indirect = []Dependent{}, []Dependent{}
	for _, x := range all {
		out.Tiers[tierTick(x.Tier)]++
		if x.Tier.handled() <= ClinicalEssential {
			out.Clinical++
		}
		if x.Spared {
			out.Spared++
		}
		if x.Step == 1 {
			out.Direct = append(out.Direct, x)
		} else {
			out.Indirect = append(out.Indirect, x)
		}
	}
	out.Direct, out.CutFirst = cutAt(out.Direct)
	out.Indirect, out.Cut = cutAt(out.Indirect)
}

func cutAt(all []Dependent) (some []Dependent, cut int) {
	n := min(len(all), mostDependents)
	return all[:n], len(all) - n
}

// grouped are the devices that are hit, by step and class; of a step those on which most care depends first. all is in that
// order already.
func grouped(all []Dependent) []StopGroup {
	type key struct {
		step  int
		class string
	}
	groups := []StopGroup{}
	place := map[key]int{}
	of := map[uint64]int{}
	for step := 1; step <= lastStep; step++ {
		for _, x := range all {
			if min(x.Step, lastStep) != step {
				continue
			}
			k := key{step, x.Class}
			n, ok := place[k]
			if !ok {
				n = len(groups)
				place[k] = n
				groups = append(groups, StopGroup{Step: step, Class: x.Class, Tier: tierTick(x.Tier)})
			}
			g := &groups[n]
			g.Count++
			if x.Tier.handled() <= ClinicalEssential {
				g.Clinical++
			}
			of[x.ID] = n
			for _, via := range x.Via {
				if p, ok := of[via]; ok && groups[p].Step < step && !slices.Contains(g.Through, p) {
					g.Through = append(g.Through, p)
				}
			}
		}
	}
	return groups
}

// handled is the tier as which a device is handled: the confirmed one, else the proposed one, else clinical-essential.
func (t TierView) handled() Tier {
	switch {
	case t.Tier != NotKnown:
		return t.Tier
	case t.Proposed != NotKnown:
		return t.Proposed
	}
	return ClinicalEssential
}

// passing reports whether whoever uses a protocol works on without the other end: somebody looks after a device by it, or
// it is not known what it is for. Those that use what stops are told by any protocol; further ones by others than these.
func passing(app string) bool {
	switch app {
	case "", "tcp", "udp", "ssh", "rdp", "rfb", "telnet", "snmp", "syslog", "mdns", "llmnr", "nbns", "wsd", "stun", "ike":
		return true
	}
	return false
}

// interchangeable reports whether one device that serves a protocol is usually as good as another.
func interchangeable(app string) bool {
	switch app {
	case "dns", "ntp", "ldap", "krb5", "radius", "dhcp", "dhcpv6":
		return true
	}
	return false
}

// signal reports whether a protocol serves nobody: whoever answers it gives no service.
func signal(app string) bool { return app == "icmp" || app == "ipv6-icmp" || app == "igmp" }

// knock reports whether a use is nothing but attempts: no protocol was recognised, and next to nothing came back. Who scans a
// network depends on none of it.
func knock(app string, u *links.Use) bool {
	return (app == "" || app == "tcp" || app == "udp") && u.In < leastAnswer*max(1, u.Conversations)
}

const leastAnswer = 200 // bytes, with the headers of packets

// eachUse calls fn with each use between two devices of which neither is forgotten; attempts are none. A lock is held.
func (i *Inventory) eachUse(fn func(from, to register.DeviceID, app string, u *links.Use)) {
	i.book.links.All(func(k links.Key, u *links.Use) {
		from, to := i.deviceAt(k.From), i.deviceAt(k.To)
		if from.ok && to.ok && from.device != to.device && !signal(k.App) && !knock(k.App, u) {
			fn(from.device, to.device, k.App, u)
		}
	})
}
