package event

// Access is what was decided about somebody who asked for something: equal decisions of one session within some seconds are one event,
// with how many they were. Patients appear as pseudonyms only, people by the id that they have in Bulwark.
type Access struct {
	Principal   string   // who asked: Person:ID or Machine:N
	Session     string   // identifier of the session; empty: none
	Action      string   // readRecord, open, use...
	Resource    string   // for what: Record:PSEUDONYM, App:pacs, Door:GET /api/people
	Patient     string   // pseudonym, where it is about one
	Status      string   // allow or deny
	Policies    []string // that decided
	Reason      string   // as a sentence
	Obligations []string // asked besides: record, banner, review 72h...
	Zone        string   // network from which it was asked
	Device      string   // number of the device in the inventory
	Degraded    bool     // directory, centre or database were lost
	Glass       string   // identifier of the break-glass under which it was asked; empty: none
	Count       uint64   // decisions
	First       uint64   // when the first was, unix nanoseconds
	Last        uint64   // when the last was
	Number      uint64   // of this event since the program began: digests go over them in this order
}

func (*Access) Kind() Kind { return KindAccess }
func (p *Access) fields(c *coder) {
	c.str(1, "access.principal", &p.Principal)
	c.str(2, "actor.session.uid", &p.Session)
	c.str(3, "access.action", &p.Action)
	c.str(4, "access.resource", &p.Resource)
	c.str(5, "patient.uid", &p.Patient)
	c.str(6, "status", &p.Status)
	c.strs(7, "access.policies", &p.Policies)
	c.str(8, "message", &p.Reason)
	c.strs(9, "access.obligations", &p.Obligations)
	c.str(10, "access.zone", &p.Zone)
	c.str(11, "device.uid", &p.Device)
	c.truth(12, "access.is_degraded", &p.Degraded)
	c.str(13, "access.break_glass", &p.Glass)
	c.num(14, "count", &p.Count)
	c.num(15, "start_time", &p.First)
	c.num(16, "end_time", &p.Last)
	c.num(17, "access.number", &p.Number)
}
