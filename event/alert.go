package event

// Alert is a rule that matched: one about traffic, or where Rule is said one about events.
type Alert struct {
	Title      string   // what the rule says of it
	GID        uint64   // generator of the rule's number; 1: a rule
	SID        uint64   // the rule's number
	Rev        uint64   // its revision
	Action     string   // allowed; blocked where the rule would drop or reject, which a watcher does not
	Category   string   // class of the rule, in words
	Severity   uint64   // priority of the rule: 1 is the highest
	Metadata   []string // what the rule says of itself: "key value"
	References []string // where more is said: "system,id"
	App        string   // protocol of the flow as far as it was known
	TxID       uint64   // place of the request in the conversation, from 1; 0: the rule looked at none
	FromServer bool     // what matched went to the side that began the conversation
	Target     string   // end that the rule says is attacked: src or dest of what matched; "": it does not say
	Start      uint64   // first packet of the flow, unix nanoseconds
	Context    string   // what datasets say of the values that were found in them: an object of JSON
	Source     string   // what the packet that matched came from: vxlan encapsulation...; "": the wire, or a capture
	PacketsOut uint64   // packets of the flow so far, from who began it
	PacketsIn  uint64   // packets to it
	BytesOut   uint64   // bytes on the wire from who began the flow
	BytesIn    uint64   // bytes to it
	Passed     bool     // another rule lets the flow pass; when EVE is written
	Record     string   // what the rule matched in, as EVE has it: an object of JSON; "": nothing more is known
	Rule       string   // identifier of a rule about events; "": it is a traffic rule, which GID and SID name
	Host       string   // machine whose log it is, by its own word
	User       string   // account that the log names
	Evidence   []string // ids of the events that it matched
}

func (*Alert) Kind() Kind { return KindAlert }
func (p *Alert) fields(c *coder) {
	c.str(1, "finding_info.title", &p.Title)
	c.num(2, "alert.gid", &p.GID)
	c.num(3, "alert.sid", &p.SID)
	c.num(4, "alert.rev", &p.Rev)
	c.str(5, "alert.action", &p.Action)
	c.str(6, "finding_info.analytic.category", &p.Category)
	c.num(7, "alert.severity", &p.Severity)
	c.strs(8, "alert.metadata", &p.Metadata)
	c.strs(9, "alert.references", &p.References)
	c.str(10, "app_name", &p.App)
	c.num(11, "alert.tx_id", &p.TxID)
	c.truth(12, "alert.from_server", &p.FromServer)
	c.str(13, "alert.target", &p.Target)
	c.num(14, "alert.flow_start", &p.Start)
	c.num(15, "traffic.packets_out", &p.PacketsOut)
	c.num(16, "traffic.packets_in", &p.PacketsIn)
	c.num(17, "traffic.bytes_out", &p.BytesOut)
	c.num(18, "traffic.bytes_in", &p.BytesIn)
	c.str(19, "alert.record", &p.Record)
	c.str(21, "alert.context", &p.Context)
	c.truth(22, "alert.is_passed", &p.Passed)
	c.str(20, "alert.packet_source", &p.Source)
	c.str(23, "finding_info.analytic.uid", &p.Rule)
	c.str(24, "device.hostname", &p.Host)
	c.str(25, "actor.user.name", &p.User)
	c.strs(26, "evidences.uid", &p.Evidence)
}
