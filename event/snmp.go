package event

// SNMP is one message of network management (RFC 1157, RFC 3416, RFC 3412). Values are not told but those that name a
// device, as facts about it. Of a flow that goes on polling only what is not routine is told after the first messages.
type SNMP struct {
	Activity   string   // get_request, get_next_request, get_bulk_request, response, set_request, trap_v1, trap_v2, inform_request, report, encrypted
	Version    uint64   // 1, 2 (for 2c) or 3
	RequestID  uint64   // request id
	OIDs       []string // names of the objects, at most 64
	Count      uint64   // objects in all, where there were more
	Error      string   // why a device refused: noSuchName, notWritable...
	ErrorIndex uint64   // object that the error is about, from 1
	Latency    uint64   // nanoseconds from the request to its response, where both were seen
	Trap       string   // kind of a trap: coldStart, linkDown, authenticationFailure, enterpriseSpecific...
	TrapOID    string   // identifier of the trap; of version 1 the enterprise that defines it
	Agent      string   // device that a trap of version 1 is about
	Cleartext  bool     // a community, which is a password, crossed the wire in clear
	Default    bool     // and it is one that devices are delivered with: public, private...
	Community  string   // the community; only when captures are read as EVE
	User       string   // user of version 3
	Level      string   // security of version 3: noAuthNoPriv, authNoPriv or authPriv
	Engine     string   // engine id of version 3 in hexadecimal
	Enterprise uint64   // IANA number of the maker of the engine
	Context    string   // context of version 3
	Refusal    string   // why an engine of version 3 refused a message: unknown user, wrong digest, not in time window...
}

func (*SNMP) Kind() Kind { return KindSNMP }
func (p *SNMP) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.num(2, "snmp.version", &p.Version)
	c.num(3, "transaction_uid", &p.RequestID)
	c.strs(4, "snmp.oids", &p.OIDs)
	c.num(5, "snmp.oid_count", &p.Count)
	c.str(6, "snmp.error", &p.Error)
	c.num(7, "snmp.error_index", &p.ErrorIndex)
	c.num(8, "response_time", &p.Latency)
	c.str(9, "snmp.trap", &p.Trap)
	c.str(10, "snmp.trap_oid", &p.TrapOID)
	c.str(11, "snmp.agent_ip", &p.Agent)
	c.truth(12, "is_cleartext", &p.Cleartext)
	c.truth(13, "snmp.is_default_community", &p.Default)
	c.str(14, "snmp.community", &p.Community)
	c.str(15, "user.name", &p.User)
	c.str(16, "snmp.security_level", &p.Level)
	c.str(17, "snmp.engine_id", &p.Engine)
	c.num(18, "snmp.enterprise_id", &p.Enterprise)
	c.str(19, "snmp.context", &p.Context)
	c.str(20, "status_detail", &p.Refusal)
}
