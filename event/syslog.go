package event

// Syslog is a message in which a machine reports of itself (RFC 5424, RFC 3164). Patients in it are replaced by
// pseudonyms, and what stands behind the word password by a mask.
type Syslog struct {
	Facility string // auth, kern, local4...
	Severity string // emergency, alert, critical, error, warning, notice, informational, debug
	Host     string // who reports, by its own word
	App      string // program that reports
	Process  string // its number
	ID       string // type of the message
	Message  string // the text, at most 1,024 bytes
	Size     uint64 // bytes of the whole text
	Form     string // rfc5424, rfc3164 or bare
}

func (*Syslog) Kind() Kind { return KindSyslog }
func (p *Syslog) fields(c *coder) {
	c.str(1, "syslog.facility", &p.Facility)
	c.str(2, "severity", &p.Severity)
	c.str(3, "device.hostname", &p.Host)
	c.str(4, "app_name", &p.App)
	c.str(5, "process.pid", &p.Process)
	c.str(6, "syslog.message_uid", &p.ID)
	c.str(7, "message", &p.Message)
	c.num(8, "syslog.size", &p.Size)
	c.str(9, "syslog.form", &p.Form)
}
