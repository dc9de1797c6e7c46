package event

// DNS is one question with its answer, or one of them where the other was not seen.
type DNS struct {
	Activity        string   // Query or Response (OCSF 4003 activity_name)
	Hostname        string   // the name asked for, in presentation form
	Type            string   // type of the question: A, AAAA, TXT...
	Class           string   // class of the question when it is not IN
	ID              uint64   // transaction id
	Rcode           string   // NOERROR, NXDOMAIN...; empty for a query
	Answers         []string // rdata of the answers, in presentation form
	AnswerTypes     []string // types of the answers, in the same order
	TTLs            []string // seconds to live of the answers, in the same order
	Flags           []string // aa tc rd ra ad cd z, those that are set
	Opcode          uint64   // what is asked for: 0 query, 4 notify, 5 update (RFC 1035 §4.1.1)
	Authorities     []string // rdata of the authority section
	Latency         uint64   // nanoseconds from the query to its response, where both were seen
	AnswerNames     []string // owner names of the answers, in the same order
	RawFlags        uint64   // the 16 flag bits of the header
	TxID            uint64   // place of the message in its conversation, from 1; when captures are read
	AuthorityNames  []string // owner names of the authority section; when captures are read
	AuthorityTypes  []string // its types; when captures are read
	AuthorityTTLs   []string // its seconds to live; when captures are read
	Additionals     []string // rdata of the additional section; when captures are read
	AdditionalNames []string // its owner names; when captures are read
	AdditionalTypes []string // its types; when captures are read
	AdditionalTTLs  []string // its seconds to live; when captures are read
	Carrier         string   // protocol that carried the message, where it is not DNS itself: http, doh2
}

func (*DNS) Kind() Kind { return KindDNS }
func (p *DNS) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.str(2, "query.hostname", &p.Hostname)
	c.str(3, "query.type", &p.Type)
	c.str(4, "query.class", &p.Class)
	c.num(5, "query.packet_uid", &p.ID)
	c.str(6, "rcode", &p.Rcode)
	c.strs(7, "answers.rdata", &p.Answers)
	c.strs(8, "answers.type", &p.AnswerTypes)
	c.strs(9, "answers.ttl", &p.TTLs)
	c.strs(10, "query.flags", &p.Flags)
	c.num(11, "query.opcode_id", &p.Opcode)
	c.strs(12, "authorities.rdata", &p.Authorities)
	c.num(13, "response_time", &p.Latency)
	c.strs(14, "answers.name", &p.AnswerNames)
	c.num(15, "query.raw_flags", &p.RawFlags)
	c.num(16, "query.uid", &p.TxID)
	c.strs(17, "authorities.name", &p.AuthorityNames)
	c.strs(18, "authorities.type", &p.AuthorityTypes)
	c.strs(19, "authorities.ttl", &p.AuthorityTTLs)
	c.strs(20, "additionals.rdata", &p.Additionals)
	c.strs(21, "additionals.name", &p.AdditionalNames)
	c.strs(22, "additionals.type", &p.AdditionalTypes)
	c.strs(23, "additionals.ttl", &p.AdditionalTTLs)
	c.str(24, "query.carrier", &p.Carrier)
}
