package event

// Device is something that happened to a device of the inventory: it is new, it fell silent, it changed. Src is where it
// is. The inventory tells it; no other program has such an event.
type Device struct {
	Activity  string // what happened: New, Vanished, Returned, Moved, Added Address, Joined (with another), Split, Changed Owner (of an address), Duplicated (identifier), Several (behind one address), Changed, Serves or Uses (a protocol that it did not), Summary (of what is not told one by one)
	Number    uint64 // of the device in the inventory
	Name      string // what it is called
	Class     string // what it is taken for; empty: unknown
	Tier      string // how much care depends on it, 0 to 3: confirmed, or what is proposed; empty: not known
	Confirmed bool   // a person has confirmed the tier
	Attribute string // what is another than before: address, software, model, os, class, tier, last seen; or the identifier that it rests on
	Before    string // its value before, of a new device none; of a split the device that was one, of a join the one that is no more, of an identifier the device that had it, of several the name of what seemed one
	After     string // its value now, of a new device what it is; of a split the device that is new, of a join the one that stays, of an identifier the other device that shows it, of several what they show
	Other     uint64 // the other device, where two are concerned
	Reason    string // by what it is known, in words
	Count     uint64 // of a summary how many; 0 otherwise
	Value     string // of the identifier that it rests on
}

func (*Device) Kind() Kind { return KindDevice }
func (p *Device) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.num(2, "device.number", &p.Number)
	c.str(3, "device.name", &p.Name)
	c.str(4, "device.type", &p.Class)
	c.str(5, "device.tier", &p.Tier)
	c.truth(6, "device.is_tier_confirmed", &p.Confirmed)
	c.str(7, "change.attribute", &p.Attribute)
	c.str(8, "change.before", &p.Before)
	c.str(9, "change.after", &p.After)
	c.num(10, "device.other_number", &p.Other)
	c.str(11, "message", &p.Reason)
	c.num(12, "count", &p.Count)
	c.str(13, "change.identifier", &p.Value)
}
