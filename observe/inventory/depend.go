package inventory

import (
	"cmp"
	"fmt"
	"slices"

	"bulwark/observe/inventory/internal/links"
	"bulwark/observe/inventory/internal/register"
)

// Dependents are the devices that would miss something if one stopped.
type Dependents struct {
	Serves   []string    `json:"serves"`   // protocols that others use of it, the most used first
	Direct   []Dependent `json:"direct"`   // who uses it
	Indirect []Dependent `json:"indirect"` // who uses those that use it, and not the device itself
	Outside  bool        `json:"outside"`  // somebody outside the hospital uses it too
	Cut      int         `json:"cut"`      // indirect ones that are left out because there are too many
	Rhythm   Rhythm      `json:"rhythm"`   // of what others use of it
	When     *When       `json:"when,omitempty"`
}

// Dependent is a device that needs another.
type Dependent struct {
	ID            uint64   `json:"id"`
	Name          string   `json:"name"`
	Class         string   `json:"class,omitempty"`
	Tier          TierView `json:"tier"`
	Ward          string   `json:"ward,omitempty"`
	Apps          []string `json:"apps"` // that it uses, the most used first
	Via           []uint64 `json:"via,omitempty"`
	Conversations uint64   `json:"conversations"`
}

// mostIndirect is how many of those one step further away are told.
const mostIndirect = 500

// needs counts what is used of a device, by the protocol.
type needs struct {
	apps map[string]uint64
	all  uint64
	via  map[register.DeviceID]bool
}

func (n *needs) add(app string, conversations uint64) {
	if n.apps == nil {
		n.apps = map[string]uint64{}
	}
	n.apps[app] += conversations
	n.all += conversations
}

// byUse are the protocols, the most used first.
func (n *needs) byUse() []string {
	all := []string{}
	for app := range n.apps {
		all = append(all, app)
	}
	slices.SortFunc(all, func(a, b string) int { return cmp.Or(cmp.Compare(n.apps[b], n.apps[a]), cmp.Compare(a, b)) })
	return all
}

// Dependents are who would miss something if a device stopped: who uses it, and who uses those; those on which most care
// depends first.
func (i *Inventory) Dependents(id uint64) (Dependents, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lean()
	self := register.DeviceID(id)
	if id == 0 || len(i.book.register.Traces(self)) == 0 {
		return Dependents{}, fmt.Errorf("%w: %d", ErrNoDevice, id)
	}
	traces := i.book.register.Traces(self)
	out := Dependents{Rhythm: i.rhythm(traces, true)}
	out.When = out.Rhythm.when(known(traces))
	var served needs
	direct := map[register.DeviceID]*needs{}
	i.eachUse(func(from, to register.DeviceID, app string, u *links.Use) {
		switch {
		case to != self:
		case from == 0:
			out.Outside = true
		default:
			count(direct, from, app, u)
			served.add(app, u.Conversations)
		}
	})
	indirect := map[register.DeviceID]*needs{}
	i.eachUse(func(from, to register.DeviceID, app string, u *links.Use) {
		if direct[to] == nil || direct[from] != nil || from == self || from == 0 {
			return
		}
		n := count(indirect, from, app, u)
		if n.via == nil {
			n.via = map[register.DeviceID]bool{}
		}
		n.via[to] = true
	})
	out.Serves, out.Direct, out.Indirect = served.byUse(), i.dependents(direct), i.dependents(indirect)
	out.Cut = max(0, len(out.Indirect)-mostIndirect)
	out.Indirect = out.Indirect[:len(out.Indirect)-out.Cut]
	return out, nil
}

func count(all map[register.DeviceID]*needs, d register.DeviceID, app string, u *links.Use) *needs {
	n := all[d]
	if n == nil {
		n = &needs{}
		all[d] = n
	}
	n.add(app, u.Conversations)
	return n
}

// signal reports whether a protocol serves nobody: whoever answers it gives no service.
func signal(app string) bool { return app == "icmp" || app == "ipv6-icmp" || app == "igmp" }

// eachUse calls fn with each use between two devices of which neither is forgotten. A lock is held.
func (i *Inventory) eachUse(fn func(from, to register.DeviceID, app string, u *links.Use)) {
	i.book.links.All(func(k links.Key, u *links.Use) {
		from, to := i.deviceAt(k.From), i.deviceAt(k.To)
		if from.ok && to.ok && from.device != to.device && !signal(k.App) {
			fn(from.device, to.device, k.App, u)
		}
	})
}

// dependents are the devices of all as people see them. The lock for writing is held.
func (i *Inventory) dependents(all map[register.DeviceID]*needs) []Dependent {
	out := []Dependent{}
	for d, n := range all {
		v := i.device(d)
		x := Dependent{ID: v.ID, Name: v.Name, Class: v.Class.Name, Tier: v.Tier, Ward: v.Word.Ward, Apps: n.byUse(), Conversations: n.all}
		for via := range n.via {
			x.Via = append(x.Via, uint64(via))
		}
		slices.Sort(x.Via)
		out = append(out, x)
	}
	slices.SortFunc(out, func(a, b Dependent) int {
		return cmp.Or(cmp.Compare(a.Tier.weight(), b.Tier.weight()), cmp.Compare(b.Conversations, a.Conversations), cmp.Compare(a.ID, b.ID))
	})
	return out
}
