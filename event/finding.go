package event

// Finding is a suspicion (OCSF 2004): told when one is new, comes back, changes its severity, fires anew
// after half an hour, fires for the 10th, 100th... time, or is judged.
type Finding struct {
	Title      string   // what it is
	UID        string   // its identifier
	Severity   string   // informational, low, medium, high, critical
	Confidence uint64   // 0-100; 0: the rule does not say
	Rule       string   // rule that raised it: gid:sid
	Source     string   // what raised it: signature
	Techniques []string // MITRE ATT&CK
	Reason     string   // why, as a sentence
	Evidence   []string // ids of events
	Activity   string   // Create, Update or Close (OCSF 2004 activity_name)
	Status     string   // open, snoozed or closed
	Verdict    string   // of a person: true, false, benign or suppress; empty: none
	Category   string   // class of the rule, in words
	Attack     string   // version of ATT&CK
	Tactics    []string // of the techniques
	Entities   []string // whom it is about: device:12, address:10.0.0.1, domain:bad.example
	Count      uint64   // how often it was seen
	First      uint64   // when first, unix nanoseconds
	Last       uint64   // when last, unix nanoseconds
	App        string   // protocol of the last conversation
}

func (*Finding) Kind() Kind { return KindFinding }
func (p *Finding) fields(c *coder) {
	c.str(1, "finding_info.title", &p.Title)
	c.str(2, "finding_info.uid", &p.UID)
	c.str(3, "severity", &p.Severity)
	c.num(4, "confidence_score", &p.Confidence)
	c.str(5, "finding_info.analytic.uid", &p.Rule)
	c.str(6, "finding_info.analytic.name", &p.Source)
	c.strs(7, "finding_info.attacks.technique.uid", &p.Techniques)
	c.str(8, "message", &p.Reason)
	c.strs(9, "evidences.uid", &p.Evidence)
	c.str(10, "activity_name", &p.Activity)
	c.str(11, "status", &p.Status)
	c.str(12, "verdict", &p.Verdict)
	c.str(13, "finding_info.analytic.category", &p.Category)
	c.str(14, "finding_info.attacks.version", &p.Attack)
	c.strs(15, "finding_info.attacks.tactic.uid", &p.Tactics)
	c.strs(16, "observables", &p.Entities)
	c.num(17, "count", &p.Count)
	c.num(18, "finding_info.first_seen_time", &p.First)
	c.num(19, "finding_info.last_seen_time", &p.Last)
	c.str(20, "app_name", &p.App)
}
