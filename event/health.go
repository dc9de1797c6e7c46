package event

// Health is a warning about Bulwark itself that began or ended.
type Health struct {
	ID       string // of the warning
	Severity string // notice, degraded or unprotected
	Active   bool   // it began; false: it ended
	Text     string // what it says
}

func (*Health) Kind() Kind { return KindHealth }
func (p *Health) fields(c *coder) {
	c.str(1, "health.uid", &p.ID)
	c.str(2, "severity", &p.Severity)
	c.truth(3, "health.is_active", &p.Active)
	c.str(4, "message", &p.Text)
}
