package event

// MDNS is one message of multicast DNS (RFC 6762): devices ask each other for names and services, and tell theirs
// (RFC 6763). Names are the octets sent with dots between the labels.
type MDNS struct {
	Activity        string   // Query or Response
	ID              uint64   // transaction id; mostly 0
	Names           []string // names asked for
	Types           []string // types of the questions, in the same order: PTR, SRV, A...
	Rcode           uint64   // response code; 0: no error
	Flags           []string // flags that are set: of multicast DNS aa tc rd ra z ad cd, of LLMNR c (conflict) tc t (tentative)
	Opcode          uint64   // 0 query; others are told as sent
	Answers         []string // data of the answers in presentation form; of a query the answers that the asker knows
	AnswerNames     []string // owner names of the answers, in the same order
	AnswerTypes     []string // types of the answers
	TTLs            []string // seconds to live of the answers; 0: no longer there
	Authorities     []string // data of the authority section: what a device claims before it announces it
	AuthorityNames  []string // its owner names
	AuthorityTypes  []string // its types
	AuthorityTTLs   []string // its seconds to live
	Additionals     []string // data of the additional section
	AdditionalNames []string // its owner names
	AdditionalTypes []string // its types
	AdditionalTTLs  []string // its seconds to live
}

func (*MDNS) Kind() Kind { return KindMDNS }
func (p *MDNS) fields(c *coder) {
	c.str(1, "activity_name", &p.Activity)
	c.num(2, "query.packet_uid", &p.ID)
	c.strs(3, "queries.hostname", &p.Names)
	c.strs(4, "queries.type", &p.Types)
	c.num(5, "rcode_id", &p.Rcode)
	c.strs(6, "query.flags", &p.Flags)
	c.num(7, "query.opcode_id", &p.Opcode)
	c.strs(8, "answers.rdata", &p.Answers)
	c.strs(9, "answers.name", &p.AnswerNames)
	c.strs(10, "answers.type", &p.AnswerTypes)
	c.strs(11, "answers.ttl", &p.TTLs)
	c.strs(12, "authorities.rdata", &p.Authorities)
	c.strs(13, "authorities.name", &p.AuthorityNames)
	c.strs(14, "authorities.type", &p.AuthorityTypes)
	c.strs(15, "authorities.ttl", &p.AuthorityTTLs)
	c.strs(16, "additionals.rdata", &p.Additionals)
	c.strs(17, "additionals.name", &p.AdditionalNames)
	c.strs(18, "additionals.type", &p.AdditionalTypes)
	c.strs(19, "additionals.ttl", &p.AdditionalTTLs)
}

// LLMNR is one message of Link-Local Multicast Name Resolution (RFC 4795), by which Windows asks its neighbours for a
// name that DNS does not know; whoever answers is believed.
type LLMNR MDNS

func (*LLMNR) Kind() Kind        { return KindLLMNR }
func (p *LLMNR) fields(c *coder) { (*MDNS)(p).fields(c) }
