package inventory

import (
	"cmp"
	"slices"

	"bulwark/observe/inventory/internal/links"
	"bulwark/observe/inventory/internal/register"
)

// Grouping is what devices of the map stand together by.
type Grouping string

// The groupings; any other text means [ByClass].
const (
	ByClass   Grouping = "class"
	ByNetwork Grouping = "network"
	ByWard    Grouping = "ward"
)

// Map is who talks to whom. Devices are told once, and meant by their place in Devices afterwards.
type Map struct {
	By      Grouping `json:"by"`
	Groups  []Group  `json:"groups"` // the largest first
	Devices []Node   `json:"devices"`
	Edges   []Edge   `json:"edges"` // the busiest first
	Apps    []string `json:"apps"`
	Cut     int      `json:"cut"` // edges that are left out because there are too many
}

// Group is a class, a network or a ward with the devices of it.
type Group struct {
	Name    string `json:"name"`              // empty: not known
	Outside bool   `json:"outside,omitempty"` // what is outside the hospital, as one
	Count   int    `json:"count"`
}

// Node is a device of the map.
type Node struct {
	ID    uint64 `json:"id"` // 0: outside the hospital
	Name  string `json:"name"`
	Group int    `json:"group"` // place in Groups
	Tier  string `json:"tier"`  // as facets have it: 1, 1? or ?
}

// Edge is what one device uses of another: places in Devices and Apps.
type Edge struct {
	From          int    `json:"f"`
	To            int    `json:"t"`
	Apps          []int  `json:"a"`
	Conversations uint64 `json:"n"`
	Bytes         uint64 `json:"b"`
}

const mostEdges = 60_000

// Map draws up who talks to whom.
func (i *Inventory) Map(by Grouping) Map {
	if by != ByNetwork && by != ByWard {
		by = ByClass
	}
	all := i.list()
	d := drafting{m: Map{By: by, Apps: []string{}, Edges: []Edge{}}, place: map[register.DeviceID]int{}, apps: map[string]int{}, edges: map[[2]int]*Edge{}}
	d.group(all)
	i.mu.RLock()
	defer i.mu.RUnlock()
	i.book.links.All(func(k links.Key, u *links.Use) { d.use(i.deviceAt(k.From), i.deviceAt(k.To), k.App, u) })
	return d.done()
}

// deviceAt is the device of a trace, 0 where it is outside; ok is false where it is forgotten.
func (i *Inventory) deviceAt(t register.TraceID) end {
	d := i.book.register.DeviceOf(t)
	return end{d, t == 0 || d != 0}
}

type end struct {
	device register.DeviceID
	ok     bool
}

// drafting is a map that is being drawn up.
type drafting struct {
	m     Map
	place map[register.DeviceID]int
	apps  map[string]int
	edges map[[2]int]*Edge
}

// group puts the devices into groups, the largest first; what is outside comes last.
func (d *drafting) group(all []*shown) {
	names := map[string]int{}
	for n := range all {
		names[groupOf(all[n].device, d.m.By)]++
	}
	for name, n := range names {
		d.m.Groups = append(d.m.Groups, Group{Name: name, Count: n})
	}
	slices.SortFunc(d.m.Groups, func(a, b Group) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	for n, g := range d.m.Groups {
		names[g.Name] = n
	}
	slices.SortFunc(all, func(x, y *shown) int {
		a, b := x.device, y.device
		return cmp.Or(cmp.Compare(a.Tier.weight(), b.Tier.weight()), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	for n := range all {
		v := all[n].device
		d.place[register.DeviceID(v.ID)] = n
		d.m.Devices = append(d.m.Devices, Node{ID: v.ID, Name: v.Name, Group: names[groupOf(v, d.m.By)], Tier: tierTick(v.Tier)})
	}
	d.place[0] = len(d.m.Devices)
	d.m.Devices = append(d.m.Devices, Node{Group: len(d.m.Groups), Tier: "?"})
	d.m.Groups = append(d.m.Groups, Group{Outside: true, Count: 1})
}

// groupOf is the group of a device: its class or ward, or the network of its address as a /24, or a /64 of IPv6.
func groupOf(v *Device, by Grouping) string {
	switch by {
	case ByWard:
		return v.Word.Ward
	case ByNetwork:
		return networkOf(v)
	}
	return v.Class.Name
}

func networkOf(v *Device) string {
	if len(v.Addresses) == 0 {
		return ""
	}
	a := v.Addresses[0].Addr.Unmap()
	for _, x := range v.Addresses { // one of IPv4 says more to people
		if x.Now && x.Addr.Unmap().Is4() {
			a = x.Addr.Unmap()
			break
		}
	}
	bits := 24
	if a.Is6() {
		bits = 64
	}
	p, err := a.WithZone("").Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}

// use adds what one end uses of the other.
func (d *drafting) use(from, to end, app string, u *links.Use) {
	f, known := d.place[from.device]
	t, too := d.place[to.device]
	if !known || !too || !from.ok || !to.ok || f == t {
		return
	}
	e := d.edges[[2]int{f, t}]
	if e == nil {
		e = &Edge{From: f, To: t}
		d.edges[[2]int{f, t}] = e
	}
	n, ok := d.apps[app]
	if !ok {
		n = len(d.m.Apps)
		d.apps[app] = n
		d.m.Apps = append(d.m.Apps, app)
	}
	if !slices.Contains(e.Apps, n) {
		e.Apps = append(e.Apps, n)
	}
	e.Conversations += u.Conversations
	e.Bytes += u.Out + u.In
}

// done puts the edges in order.
func (d *drafting) done() Map {
	for _, e := range d.edges {
		slices.SortFunc(e.Apps, func(a, b int) int { return cmp.Compare(d.m.Apps[a], d.m.Apps[b]) })
		d.m.Edges = append(d.m.Edges, *e)
	}
	slices.SortFunc(d.m.Edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(b.Conversations, a.Conversations), cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	d.m.Cut = max(0, len(d.m.Edges)-mostEdges)
	d.m.Edges = d.m.Edges[:len(d.m.Edges)-d.m.Cut]
	return d.m
}
