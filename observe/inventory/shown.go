package inventory

import (
	"maps"
	"slices"

	"bulwark/observe/inventory/internal/register"
)

// shown is a device as it was last shown, and what that rests on. Lists ask for all devices, and of most nothing but when
// they were last seen has changed since.
type shown struct {
	device *Device // never changed: another takes its place
	text   string  // what a search looks through

	version, worths uint64
	rev             int64
	crowds          int
	last            int64
}

// All are the devices, those that were seen last first.
func (i *Inventory) All() []Device {
	list := i.list()
	all := make([]Device, 0, len(list))
	for n := range list {
		all = append(all, *list[n].device)
	}
	return all
}

// list is like [Inventory.All]; what it hands out must not be changed.
func (i *Inventory) list() []shown {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.lean()
	devices := i.book.register.All()
	list := make([]shown, 0, len(devices))
	for n := range devices {
		list = append(list, i.show(&devices[n]))
	}
	if len(i.shown) > len(list) {
		maps.DeleteFunc(i.shown, func(d register.DeviceID, _ shown) bool { return len(i.book.register.Traces(d)) == 0 })
	}
	slices.SortStableFunc(list, func(a, b shown) int { return b.device.Last.Compare(a.device.Last) })
	return list
}

// device is a device as lists show it; it must not be changed. The lock for writing is held.
func (i *Inventory) device(d register.DeviceID) *Device {
	return i.show(&register.Device{ID: d, Traces: i.book.register.Traces(d)}).device
}

// show is a device as it stands. The lock for writing is held.
func (i *Inventory) show(d *register.Device) shown {
	now := shown{version: i.book.register.Version(d.ID), worths: i.book.register.Worths(), rev: i.words[d.ID].Rev}
	for _, t := range d.Traces {
		now.last = max(now.last, t.Last)
		if t.Crowd != "" {
			now.crowds++
		}
	}
	old, ok := i.shown[d.ID]
	switch same := ok && old.version == now.version && old.worths == now.worths && old.rev == now.rev && old.crowds == now.crowds; {
	case same && old.last == now.last && old.device.Tier == i.tier(old.device, d.ID):
		return old
	case same:
		v := *old.device
		v.seen(d.Traces)
		v.Name, v.Tier = name(&v), i.tier(&v, d.ID)
		now.device, now.text = &v, old.text
	default:
		v := i.view(*d)
		now.device, now.text = &v, v.text()
	}
	i.shown[d.ID] = now
	return now
}
