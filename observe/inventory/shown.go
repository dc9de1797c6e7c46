package inventory

import (
	"cmp"
	"maps"
	"slices"

	"bulwark/observe/inventory/internal/register"
)

// shown is a device as it was last shown, and what that rests on. It is never changed: another takes its place. Lists ask for
// all devices, and of most nothing but when they were last seen has changed since.
type shown struct {
	device *Device
	text   string // what a search looks through

	version uint64 // of the facts
	rev     int64  // of what people say
	leaning uint64 // of what leans on it
	last    int64
}

// All are the devices, those that were seen last first.
func (i *Inventory) All() []Device {
	list := i.list()
	all := make([]Device, 0, len(list))
	for _, x := range list {
		all = append(all, *x.device)
	}
	return all
}

// list is like [Inventory.All]; the devices in it must not be changed.
func (i *Inventory) list() []*shown {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lean()
	list := make([]*shown, 0, i.book.register.Devices())
	i.book.register.Each(func(d register.DeviceID, traces []*register.Trace) { list = append(list, i.show(d, traces)) })
	if len(i.shown) > len(list) {
		maps.DeleteFunc(i.shown, func(d register.DeviceID, _ *shown) bool { return i.book.register.Version(d) == 0 })
	}
	slices.SortFunc(list, func(a, b *shown) int {
		return cmp.Or(cmp.Compare(b.last, a.last), cmp.Compare(a.device.ID, b.device.ID))
	})
	return list
}

// device is a device as lists show it; it must not be changed. The lock for writing is held.
func (i *Inventory) device(d register.DeviceID) *Device {
	return i.show(d, i.book.register.Traces(d)).device
}

// show is a device as it stands. The lock for writing is held.
func (i *Inventory) show(d register.DeviceID, traces []*register.Trace) *shown {
	now := shown{version: i.book.register.Version(d), rev: i.words[d].Rev, leaning: i.leanings}
	for _, t := range traces {
		now.last = max(now.last, t.Last)
	}
	old := i.shown[d]
	switch same := old != nil && old.version == now.version && old.rev == now.rev; {
	case same && old.last == now.last && old.leaning == now.leaning:
		return old
	case same && old.last == now.last && old.device.Tier == i.tier(old.device, d):
		now.device, now.text = old.device, old.text
	case same:
		v := *old.device
		v.seen(i.book.register.Traces(d))
		v.Name, v.Tier = i.name(&v), i.tier(&v, d)
		now.device, now.text = &v, old.text
	default:
		v := i.view(register.Device{ID: d, Traces: i.book.register.Traces(d)})
		now.device, now.text = &v, v.text()
	}
	i.shown[d] = &now
	return &now
}
