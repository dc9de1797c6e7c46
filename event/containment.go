package event

// Containment is an act against an attack for a time, told at each change of its state. Src is at what it is aimed, where that is one
// address.
type Containment struct {
	UID       string // its identifier
	Effect    string // how deep it cuts: E0 evidence, E1 friction, E2 narrow block, E3 micro-containment, E4 quarantine, E5 isolation
	Act       string // what is done: ban, block, isolate...
	Target    string // at what it is aimed: device:12, address:10.0.0.1
	Scope     string // how narrow it is: the peer and port of a block
	State     string // proposed, approved, applying, in_force, failed, released, reverting, reverted, expired, refused, shadow
	Until     uint64 // when it ends by itself, unix nanoseconds; 0 while it was not applied
	Reason    string // why, as whoever asked for it said
	Incident  string // the incident that it answers
	Point     string // enforcement point
	By        string // who changed it: person:ID, program:ROOM or host
	Automatic bool   // no person asked for it
	Playbook  string // that asked for it
	Enforced  bool   // the enforcement point was asked, and holds it
	Longer    bool   // somebody asked for it to last longer, and a person must say yes
	Problem   string // why it is not in force although it should be, or why it was refused
}

func (*Containment) Kind() Kind { return KindContainment }
func (p *Containment) fields(c *coder) {
	c.str(1, "containment.uid", &p.UID)
	c.str(2, "containment.effect", &p.Effect)
	c.str(3, "containment.act", &p.Act)
	c.str(4, "containment.target", &p.Target)
	c.str(5, "containment.scope", &p.Scope)
	c.str(6, "containment.state", &p.State)
	c.num(7, "containment.until", &p.Until)
	c.str(8, "message", &p.Reason)
	c.str(9, "containment.incident", &p.Incident)
	c.str(10, "containment.point", &p.Point)
	c.str(11, "actor.user.uid", &p.By)
	c.truth(12, "containment.is_automatic", &p.Automatic)
	c.str(13, "containment.playbook", &p.Playbook)
	c.truth(14, "containment.is_enforced", &p.Enforced)
	c.str(15, "status_detail", &p.Problem)
	c.truth(16, "containment.is_longer_asked", &p.Longer)
}
