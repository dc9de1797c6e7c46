package event

// SIP is a request to a telephone or its exchange with its final response (RFC 3261); in EVE any message. Names of callers
// and what is said are not kept.
type SIP struct {
	Method     string   // REGISTER, INVITE, BYE...
	URI        string   // whom a request is addressed to
	From       string   // address of the caller
	To         string   // address of the called
	CallID     string   // identifier of the call
	Sequence   uint64   // number of the request in its dialog (CSeq)
	UserAgent  string   // software of the asking side
	Server     string   // software of the answering side
	Code       uint64   // of the response
	Reason     string   // its reason phrase
	Media      []string // what is to be sent where: "audio 30000 RTP/AVP 0 to IN IP4 192.0.2.1"
	Latency    uint64   // from the request to the final response, nanoseconds
	FromServer bool     // the side that was asked first sent it
	Record     string   // the message as EVE's object has it, JSON; when EVE is written
}

func (*SIP) Kind() Kind { return KindSIP }
func (p *SIP) fields(c *coder) {
	c.str(1, "activity_name", &p.Method)
	c.str(2, "url.url_string", &p.URI)
	c.str(3, "sip.from", &p.From)
	c.str(4, "sip.to", &p.To)
	c.str(5, "sip.call_uid", &p.CallID)
	c.num(6, "sip.sequence", &p.Sequence)
	c.str(7, "http_request.user_agent", &p.UserAgent)
	c.str(8, "sip.server", &p.Server)
	c.num(9, "status_code", &p.Code)
	c.str(10, "status_detail", &p.Reason)
	c.strs(11, "sip.media", &p.Media)
	c.num(12, "latency", &p.Latency)
	c.truth(13, "sip.is_from_server", &p.FromServer)
	c.str(14, "sip.record", &p.Record)
}
