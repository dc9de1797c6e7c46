package event

// Log is what a machine, a program or a service wrote of itself: a line of syslog, an event of Windows, an object of JSON. Its fields
// have the names that Sigma rules use for events of Windows, and those of ECS (https://www.elastic.co/docs/reference/ecs) elsewhere.
// Patients in it are replaced by pseudonyms, secrets by a mask.
type Log struct {
	Intake   string   // way by which it came: syslog, file, bulk, lumberjack, otlp, wef, evtx...
	Source   string   // log source that it is counted under
	Format   string   // parser that understood it; "": none did
	Product  string   // what Sigma calls the product: windows, linux, fortigate...
	Category string   // what Sigma calls the category: process_creation, firewall...
	Service  string   // what Sigma calls the service: security, sshd...
	Host     string   // machine that wrote it, by its own word
	Sender   string   // address that it was received from
	Identity string   // name by which the sender proved who it is; "": it did not
	Code     string   // number of the event: 4624, 106023...
	Action   string   // what was done
	Outcome  string   // success or failure
	User     string   // who did it
	Severity string   // informational, low, medium, high, critical; "": it does not say
	App      string   // program that wrote it
	Process  string   // its number
	Message  string   // the text for people, at most 1,024 bytes
	Sealed   string   // the whole line where none understood it, sealed with the site's key, in base64
	Received uint64   // when it was received, unix nanoseconds
	Size     uint64   // bytes that were received
	Faults   []string // what was wrong with it: clock ahead, clock behind, cut, not utf-8
	Fields   []string // names and values, one after the other: at most 512 of each
}

// FieldPrefix begins the attributes that are fields of a log.
const FieldPrefix = "field."

func (*Log) Kind() Kind { return KindLog }
func (p *Log) fields(c *coder) {
	c.str(1, "log.intake", &p.Intake)
	c.str(2, "log.source", &p.Source)
	c.str(3, "log.format", &p.Format)
	c.str(4, "log.product", &p.Product)
	c.str(5, "log.category", &p.Category)
	c.str(6, "log.service", &p.Service)
	c.str(7, "device.hostname", &p.Host)
	c.str(8, "log.sender_ip", &p.Sender)
	c.str(9, "log.sender_name", &p.Identity)
	c.str(10, "metadata.event_code", &p.Code)
	c.str(11, "activity_name", &p.Action)
	c.str(12, "status", &p.Outcome)
	c.str(13, "actor.user.name", &p.User)
	c.str(14, "severity", &p.Severity)
	c.str(15, "app_name", &p.App)
	c.str(16, "process.pid", &p.Process)
	c.str(17, "message", &p.Message)
	c.str(18, "log.sealed", &p.Sealed)
	c.num(19, "log.received_time", &p.Received)
	c.num(20, "log.size", &p.Size)
	c.strs(21, "log.faults", &p.Faults)
	c.pairs(22, FieldPrefix, &p.Fields)
}

// Field is the value of a field; "" where there is none of that name.
func (p *Log) Field(name string) string {
	for i := 0; i+1 < len(p.Fields); i += 2 {
		if p.Fields[i] == name {
			return p.Fields[i+1]
		}
	}
	return ""
}
