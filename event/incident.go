package event

// Incident is a story of findings that belong together (OCSF 2005): told when one opens, grows notably, is merged, split or closed.
type Incident struct {
	UID        string   // its identifier
	Title      string   // what it is, in short
	Activity   string   // Create, Update or Close (OCSF activity_name)
	Status     string   // open, contained or closed
	Severity   string   // of the gravest finding in it: informational, low, medium, high, critical
	Risk       uint64   // what it weighs, in hundredths
	Verdict    string   // of a person: true, false, benign; empty: none
	Stages     []string // tactics of ATT&CK, in the order in which they were seen
	Techniques []string // of ATT&CK
	Entities   []string // whom it is about: device:12, address:10.0.0.1, domain:bad.example
	Findings   uint64   // how many are in it
	First      uint64   // when it began, unix nanoseconds
	Last       uint64   // when something joined last, unix nanoseconds
	Reason     string   // why it opened or grew, as a sentence
	Other      string   // identifier of the one it was merged into, split from, or continues
}

func (*Incident) Kind() Kind { return KindIncident }
func (p *Incident) fields(c *coder) {
	c.str(1, "incident.uid", &p.UID)
	c.str(2, "incident.title", &p.Title)
	c.str(3, "activity_name", &p.Activity)
	c.str(4, "status", &p.Status)
	c.str(5, "severity", &p.Severity)
	c.num(6, "risk_score", &p.Risk)
	c.str(7, "verdict", &p.Verdict)
	c.strs(8, "attacks.tactic.uid", &p.Stages)
	c.strs(9, "attacks.technique.uid", &p.Techniques)
	c.strs(10, "observables", &p.Entities)
	c.num(11, "incident.findings", &p.Findings)
	c.num(12, "start_time", &p.First)
	c.num(13, "end_time", &p.Last)
	c.str(14, "message", &p.Reason)
	c.str(15, "incident.related.uid", &p.Other)
}

// Risk is what an entity weighs, by what was found of it of late: told when it comes into another band.
type Risk struct {
	Entity   string // device:12, address:10.0.0.1, user:x
	Score    uint64 // in hundredths, after fading
	Band     string // none, low, medium, high, critical
	Incident string // identifier of the incident that it is in; empty: none
	Reason   string // as a sentence
}

func (*Risk) Kind() Kind { return KindRisk }
func (p *Risk) fields(c *coder) {
	c.str(1, "risk.entity", &p.Entity)
	c.num(2, "risk.score", &p.Score)
	c.str(3, "risk.level", &p.Band)
	c.str(4, "risk.incident.uid", &p.Incident)
	c.str(5, "message", &p.Reason)
}
