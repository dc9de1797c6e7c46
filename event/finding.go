package event

// Finding is a suspicion (OCSF 2004).
type Finding struct {
	Title      string   // what it is
	UID        string   // its identifier
	Severity   string   // informational, low, medium, high, critical
	Confidence uint64   // 0-100
	Rule       string   // rule that raised it
	Source     string   // what raised it
	Techniques []string // MITRE ATT&CK
	Reason     string   // why, as a sentence
	Evidence   []string // ids of events
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
}
